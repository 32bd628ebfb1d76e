//! The items of a session: what cells defined, the newest definition of each, and which of them a cell reaches.

mod define;
mod identity;
mod key;
mod reach;
mod statics;

pub use define::{caveat, definitions};
pub use identity::made_by_macro;
pub use key::{Key, Kind, label};

use crate::map::{Builder, ExecutionId};
use crate::parse::{self, Loops};
use crate::text::{Edit, Piece, RustText, emit};
use identity::shaping;
use key::rivals;
use statics::lasting;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use syn::spanned::Spanned;
use syn::{Item, UseTree};

/// An item.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its identity.
    pub key: Key,
    /// The execution that defined it.
    pub execution: ExecutionId,
    /// Its text, for identity hashes.
    pub text: String,
    /// Its text as emitted.
    pub pieces: Vec<Piece>,
    /// All identifiers in it.
    pub idents: BTreeSet<String>,
    /// For an `impl`: identifiers of its self type and trait.
    pub header: BTreeSet<String>,
    /// For a trait: its methods. For one item of an inherent `impl`: its name.
    pub methods: BTreeSet<String>,
    /// For an `impl`: the trait, if it is one.
    pub of_trait: Option<String>,
    /// What of an `impl` can change the layout of types that do not contain it: associated types and constants.
    pub shape: Option<String>,
    /// Loops in its bodies.
    pub loops: Loops,
    /// For a `static`: its type, and whether it is `mut`.
    pub static_type: Option<(String, bool)>,
    /// For a module or an enum: the names in it that a glob may bring in.
    pub declared: BTreeSet<String>,
    /// Whether it is a function with types of its own in it, which are named after it.
    pub own_types: bool,
    /// Names in it that can shape a type.
    pub shaping: BTreeSet<String>,
}

/// All items of a session.
#[derive(Clone, Debug, Default)]
pub struct Items {
    all: BTreeMap<Key, Arc<Definition>>,
    salts: BTreeMap<String, u64>,
    exported: BTreeMap<String, String>,
    crates: BTreeMap<String, String>,
    /// Removed `impl`s that shaped types.
    ghosts: Vec<Arc<Definition>>,
    /// State of the files and environment variables that definitions read at compile time.
    inputs: BTreeMap<Key, String>,
    /// Identities of what has one; emptied by whatever may change one.
    identities: OnceLock<BTreeMap<Key, String>>,
}

impl Items {
    /// The items, for listings.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.all.values().map(|definition| &**definition)
    }

    /// Whether calling macro `name` as a statement defines items.
    pub fn macro_defines_items(&self, name: &str) -> bool {
        let key = Key { kind: Kind::Macro, name: name.to_owned() };
        name == "thread_local" || self.all.get(&key).is_some_and(|def| expands_to_items(&def.text))
    }

    /// Whether a capitalised name in a pattern is an item and no binding.
    pub fn in_patterns(&self, name: &str) -> bool {
        let kinds = [Kind::Type, Kind::Const, Kind::Static, Kind::Use];
        kinds.into_iter().any(|kind| self.all.contains_key(&Key { kind, name: name.to_owned() }))
    }

    /// Adds definitions; the newest of each key stays.
    pub fn define(&mut self, definitions: Vec<Definition>) {
        if definitions.is_empty() {
            return;
        }
        if definitions.iter().all(|definition| self.is_plain(definition)) {
            let keyed = definitions.into_iter().map(|definition| (definition.key.clone(), Arc::new(definition)));
            self.all.extend(keyed);
            return;
        }
        let before = self.impl_shapes();
        for definition in definitions {
            self.identities.take();
            let key = &definition.key;
            let reshaped = self.reshaped(&definition);
            self.salt(reshaped);
            for other in rivals(key) {
                self.all.remove(&other);
            }
            self.all.insert(key.clone(), Arc::new(definition));
        }
        self.salt_changed(before);
    }

    /// Whether a definition is a function or method that shapes no type and hides nothing: most of those in a session.
    fn is_plain(&self, definition: &Definition) -> bool {
        let plain = |d: &Definition| match d.key.kind {
            Kind::Function => !d.own_types && !d.text.contains("const fn"),
            Kind::Impl => d.shape.is_none(),
            _ => false,
        };
        let old = self.all.get(&definition.key);
        let hides = rivals(&definition.key).iter().any(|rival| self.all.contains_key(rival));
        plain(definition) && old.is_none_or(|old| plain(old)) && !hides
    }

    /// Forgets a definition. A later one of the same name may give other types to what this one named.
    pub fn remove(&mut self, key: &Key) {
        self.identities.take();
        self.ghosts.extend(self.all.remove(key).filter(|gone| gone.shape.is_some()));
    }

    /// Sets what shapes the types of each crate of `%dep`; what was set before is returned.
    pub fn set_crates(&mut self, crates: BTreeMap<String, String>) -> BTreeMap<String, String> {
        self.identities.take();
        std::mem::replace(&mut self.crates, crates)
    }

    /// Looks again at the files and variables that definitions read at compile time, since they can shape types
    /// (`const N: usize = include_str!("n.txt").len()`); whether any differs from what was seen before.
    pub fn read_again(&mut self, variable: &dyn Fn(&str) -> Option<String>) -> bool {
        let reads = |d: &&Arc<Definition>| d.text.contains("include") || d.text.contains("env!");
        let state = |d: &Arc<Definition>| (d.key.clone(), inputs_of(d, variable));
        let now: BTreeMap<Key, String> = self.all.values().filter(reads).map(state).collect();
        let differs = now != self.inputs;
        if differs {
            self.inputs = now;
            self.identities.take();
        }
        differs
    }

    /// Module that holds a type, trait or module of the session.
    pub fn home(&self, definition: &Definition) -> String {
        format!("t_{}", self.identity(definition))
    }

    /// Type homes (`t_...`) of the current definitions.
    pub fn homes(&self) -> BTreeSet<String> {
        self.all.values().filter(|d| is_housed(d)).map(|d| self.home(d)).collect()
    }

    /// Identities of the macro calls that make items: such items cannot be given a module that names their version.
    pub fn calls(&self) -> BTreeSet<String> {
        let calls = self.all.values().filter(|d| d.key.kind == Kind::Other && !d.text.starts_with("thread_local"));
        calls.map(|d| self.identity(d)).collect()
    }

    /// Emits an item.
    pub fn emit(&self, definition: &Definition, builder: &mut Builder) {
        match definition.key.kind {
            _ if is_housed(definition) => {
                let home = self.home(definition);
                builder.glue(&format!("pub mod {home} {{ #[allow(unused_imports)] use super::*; "));
                emit(builder, &definition.pieces);
                builder
                    .glue(&format!(" }}\n#[allow(unused_imports)] pub(crate) use {home}::{};\n", definition.key.name));
            }
            Kind::Static => self.emit_static(definition, builder),
            _ => {
                emit(builder, &definition.pieces);
                builder.glue("\n");
            }
        }
    }
}

/// Hash of the files, and of the values of the variables, that a definition's string literals name.
fn inputs_of(definition: &Definition, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut hasher = blake3::Hasher::new();
    let emitted: String = definition.pieces.iter().map(|piece| piece.text.as_str()).collect();
    for literal in emitted.split('"').skip(1).step_by(2) {
        if let Ok(bytes) = std::fs::read(literal) {
            hasher.update(&bytes);
        } else if let Some(value) = variable(literal) {
            hasher.update(value.as_bytes());
        }
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex().to_string()
}

fn is_housed(definition: &Definition) -> bool {
    matches!(definition.key.kind, Kind::Type | Kind::Trait | Kind::Module) || definition.own_types
}

fn expands_to_items(macro_text: &str) -> bool {
    let Some(arm) = macro_text.split("=>").nth(1) else { return false };
    let body = arm.trim_start().trim_start_matches(['{', '(', '[']).trim_start();
    let words =
        ["struct ", "enum ", "fn ", "impl ", "impl<", "trait ", "static ", "const ", "mod ", "type ", "pub ", "#["];
    body.starts_with("$(#[") || words.iter().any(|word| body.starts_with(word))
}
