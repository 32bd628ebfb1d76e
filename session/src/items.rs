//! The items of a session: what cells defined, the newest definition of each, and which of them a cell reaches.

mod define;

pub use define::{caveat, definitions};

use crate::map::{Builder, ExecutionId};
use crate::parse::{self, Loops};
use crate::text::{Edit, Piece, RustText, emit};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use syn::spanned::Spanned;
use syn::{Item, UseTree};

/// Kinds of items, in the order in which they are emitted (macros are textually scoped and come first).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `macro_rules!`.
    Macro,
    /// One name brought in by `use`, or one glob.
    Use,
    /// `struct`, `enum`, `union`.
    Type,
    /// `trait`.
    Trait,
    /// `type`.
    Alias,
    /// `mod`.
    Module,
    /// `const`.
    Const,
    /// `static`.
    Static,
    /// `fn`.
    Function,
    /// One item of an inherent `impl`, or a whole trait `impl`.
    Impl,
    /// A macro call that defines items, `extern` blocks.
    Other,
}

impl Kind {
    /// The kind in words.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Macro => "macro",
            Kind::Use => "use",
            Kind::Type => "type",
            Kind::Trait => "trait",
            Kind::Alias => "alias",
            Kind::Module => "mod",
            Kind::Const => "const",
            Kind::Static => "static",
            Kind::Function => "fn",
            Kind::Impl => "impl",
            Kind::Other => "item",
        }
    }
}

/// Identity of an item: a later definition with the same key replaces it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is. Types, traits, aliases and modules share one namespace, see [`Items::define`].
    pub kind: Kind,
    /// Its name; for an `impl` its header; for a `use` the bound name, or the path of a glob.
    pub name: String,
}

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

    /// Names of types that a definition gives another layout, though it is no part of theirs.
    fn reshaped(&self, definition: &Definition) -> BTreeSet<String> {
        let old = self.all.get(&definition.key).map(|old| &**old);
        let ghost = |gone: &Arc<Definition>| {
            gone.of_trait == definition.of_trait
                && gone.shape != definition.shape
                && !gone.header.is_disjoint(&definition.header)
        };
        match definition.key.kind {
            Kind::Impl if self.outranks(definition) || self.ghosts.iter().any(ghost) => definition.header.clone(),
            Kind::Trait if old.is_some_and(|old| old.text != definition.text) => {
                self.implementors(&definition.key, [old, Some(definition)].into_iter().flatten())
            }
            _ => BTreeSet::new(),
        }
    }

    /// What the associated types and constants of each `impl` come to.
    fn impl_shapes(&self) -> BTreeMap<Key, String> {
        let shape = |d: &Definition| {
            let shape = d.shape.as_ref()?;
            let mut known = BTreeSet::new();
            parse::idents_of(shape.parse().ok()?, &mut known);
            known.retain(|name| !d.header.contains(name));
            Some((d.key.clone(), format!("{shape}#{}", self.identify(None, known))))
        };
        self.iter().filter_map(shape).collect()
    }

    /// An `impl` whose associated types have become others changes the types that it is for, and these others' in turn.
    fn salt_changed(&mut self, mut before: BTreeMap<Key, String>) {
        loop {
            let now = self.impl_shapes();
            let changed: Vec<Key> = before
                .iter()
                .filter(|(key, shape)| now.get(*key) != Some(*shape))
                .map(|(key, _)| key.clone())
                .collect();
            if changed.is_empty() {
                return;
            }
            for key in changed {
                before.remove(&key);
                if let Some(header) = self.all.get(&key).map(|d| d.header.clone()) {
                    self.salt(header);
                }
            }
        }
    }

    /// Forgets a definition. A later one of the same name may give other types to what this one named.
    pub fn remove(&mut self, key: &Key) {
        self.identities.take();
        self.ghosts.extend(self.all.remove(key).filter(|gone| gone.shape.is_some()));
    }

    fn salt(&mut self, names: BTreeSet<String>) {
        self.identities.take();
        for name in names {
            *self.salts.entry(name).or_default() += 1;
        }
    }

    /// Whether a new constant of a type stands before a trait's of the same name (`[u8; Foo::N]` then means another).
    fn outranks(&self, definition: &Definition) -> bool {
        let own = definition.key.kind == Kind::Impl && definition.of_trait.is_none() && definition.shape.is_some();
        let fresh = own && !self.all.contains_key(&definition.key);
        fresh && self.all.values().any(|d| d.key.kind == Kind::Trait && !d.methods.is_disjoint(&definition.methods))
    }

    /// Names of the types that inherit constants from a trait whose definition changes.
    fn implementors<'a>(&self, key: &Key, mut versions: impl Iterator<Item = &'a Definition>) -> BTreeSet<String> {
        if !versions.any(|version| version.idents.contains("const")) {
            return BTreeSet::new();
        }
        let impls = self.all.values().filter(|d| d.of_trait.as_ref() == Some(&key.name));
        impls.flat_map(|d| d.header.iter().cloned()).collect()
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

    /// Forgets which statics live in the runtime (it was restarted).
    pub fn runtime_restarted(&mut self) {
        self.exported.clear();
    }

    /// Remembers that the statics among `keys` now live in the runtime.
    pub fn statics_loaded(&mut self, reached: &[&Key]) {
        for key in reached.iter().filter(|key| key.kind == Kind::Static) {
            if let Some(definition) = self.all.get(key) {
                let symbol = self.static_symbol(definition);
                self.exported.insert(key.name.clone(), symbol);
            }
        }
    }

    /// Statics that live in the runtime with a type that has changed since; they start anew.
    pub fn restarted(&mut self, execution: ExecutionId) -> Vec<String> {
        let changed = |name: &&String| {
            let definition = self.all.get(&Key { kind: Kind::Static, name: (*name).clone() });
            let older = definition.filter(|d| d.execution != execution);
            older.is_some_and(|d| self.exported.get(*name) != Some(&self.static_symbol(d)))
        };
        let gone: Vec<String> = self.exported.keys().filter(changed).cloned().collect();
        gone.iter().for_each(|name| drop(self.exported.remove(name)));
        gone
    }

    /// The keys that `idents` reach, through items, impls and `use`s; in emission order.
    pub fn reach(&self, idents: &BTreeSet<String>) -> Vec<&Definition> {
        let mut known = idents.clone();
        // What is shown may have it.
        known.insert(crate::codegen::EVCXR.to_owned());
        let mut reached: BTreeSet<&Key> = BTreeSet::new();
        loop {
            let before = reached.len();
            for (key, definition) in &self.all {
                if !reached.contains(key) && self.reaches(definition, &known) {
                    reached.insert(key);
                    known.extend(definition.idents.iter().cloned());
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let mut out: Vec<&Definition> = self.iter().filter(|d| reached.contains(&d.key)).collect();
        out.sort_by_key(|d| (d.key.kind != Kind::Macro, d.execution));
        out
    }

    fn reaches(&self, definition: &Definition, known: &BTreeSet<String>) -> bool {
        match definition.key.kind {
            // A trait is also used through its methods, and a glob or a trait import through anything.
            Kind::Use | Kind::Other => true,
            Kind::Trait => known.contains(&definition.key.name) || !definition.methods.is_disjoint(known),
            Kind::Impl => self.reaches_impl(definition, known),
            _ => known.contains(&definition.key.name),
        }
    }

    fn reaches_impl(&self, definition: &Definition, known: &BTreeSet<String>) -> bool {
        let user_types = definition.header.iter().filter(|name| self.is_user_type(name));
        let types_reached = user_types.clone().all(|name| known.contains(name));
        if definition.of_trait.is_none() {
            return types_reached && !definition.methods.is_disjoint(known);
        }
        types_reached && user_types.count() > 0
    }

    fn is_user_type(&self, name: &str) -> bool {
        [Kind::Type, Kind::Trait, Kind::Alias, Kind::Module]
            .into_iter()
            .any(|kind| self.all.contains_key(&Key { kind, name: name.to_owned() }))
    }

    /// Hash over everything that shapes a type, trait or module: a part of its path, so that a changed definition is
    /// another type (an old value would be read with a new layout).
    pub fn identity(&self, definition: &Definition) -> String {
        let ready = self.identities.get_or_init(|| {
            let identified = self.all.iter().filter(|(_, d)| is_housed(d) || d.key.kind == Kind::Other);
            let identify =
                |(key, d): (&Key, &Arc<Definition>)| (key.clone(), self.identify(Some(d), d.shaping.clone()));
            identified.map(identify).collect()
        });
        ready
            .get(&definition.key)
            .cloned()
            .unwrap_or_else(|| self.identify(Some(definition), definition.shaping.clone()))
    }

    /// Hash over a definition and all that `known` names, directly or through other items.
    fn identify(&self, definition: Option<&Definition>, mut known: BTreeSet<String>) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut seen: BTreeSet<&Key> = definition.iter().map(|d| &d.key).collect();
        // What is imported from the definition itself does not shape it.
        let own = |other: &Definition| {
            definition.is_some_and(|d| other.key.kind == Kind::Use && other.idents.contains(&d.key.name))
        };
        loop {
            let before = seen.len();
            for (key, other) in &self.all {
                if !seen.contains(key) && !own(other) && self.shapes(key, other, &known) {
                    seen.insert(key);
                    known.extend(other.shaping.iter().cloned());
                }
            }
            if seen.len() == before {
                break;
            }
        }
        for (_, identity) in self.crates.iter().filter(|(name, _)| known.contains(*name)) {
            hasher.update(identity.as_bytes());
        }
        for key in seen {
            let text = self.all.get(key).map_or_else(|| definition.map_or("", |d| &d.text), |d| &d.text);
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
            hasher.update(&self.salts.get(&key.name).copied().unwrap_or(0).to_le_bytes());
            hasher.update(self.inputs.get(key).map_or("", String::as_str).as_bytes());
        }
        hasher.finalize().to_hex()[..12].to_owned()
    }

    /// Whether `other` takes part in the layout of a type that mentions `known`.
    fn shapes(&self, key: &Key, other: &Definition, known: &BTreeSet<String>) -> bool {
        match key.kind {
            Kind::Impl => false,
            Kind::Function => other.text.contains("const fn") && known.contains(&key.name),
            Kind::Other => {
                !other.text.starts_with("thread_local") && other.idents.iter().any(|name| known.contains(name))
            }
            Kind::Use if key.name.ends_with('*') => match self.globbed(&key.name) {
                Some(names) => !names.is_disjoint(known),
                None => {
                    other.idents.iter().any(|first| self.crates.contains_key(first)) || glob_shapes(&key.name, known)
                }
            },
            _ => known.contains(&key.name),
        }
    }

    /// What a glob of one of the session's own modules or enums can mean.
    fn globbed(&self, path: &str) -> Option<&BTreeSet<String>> {
        let mut segments = path.split("::").skip_while(|segment| ["", "crate", "self", "super"].contains(segment));
        let first = segments.next()?;
        let kinds = [Kind::Module, Kind::Type];
        kinds.into_iter().find_map(|kind| self.all.get(&Key { kind, name: first.to_owned() })).map(|d| &d.declared)
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

    /// A static of a type that has changed is another one: what was stored would be read with another layout.
    fn static_symbol(&self, definition: &Definition) -> String {
        let mut known = BTreeSet::new();
        if let Some(tokens) = definition.static_type.as_ref().and_then(|(ty, _)| ty.parse().ok()) {
            parse::idents_of(tokens, &mut known);
        }
        let shape = self.identify(None, known);
        let hash = blake3::hash(format!("{}#{}#{shape}", definition.text, definition.execution).as_bytes()).to_hex();
        format!("__ironbook_static_{}_{}", definition.key.name, &hash[..12])
    }

    fn emit_static(&self, definition: &Definition, builder: &mut Builder) {
        let symbol = self.static_symbol(definition);
        let name = &definition.key.name;
        match (&definition.static_type, self.exported.get(name) == Some(&symbol)) {
            (Some((ty, mutable)), true) => {
                let form = if *mutable { "static mut" } else { "safe static" };
                builder.glue(&format!(
                    "unsafe extern \"Rust\" {{ #[link_name = \"{symbol}\"] pub(crate) {form} {name}: {ty}; }}\n"
                ));
            }
            _ => {
                builder.glue(&format!("#[unsafe(export_name = \"{symbol}\")] "));
                emit(builder, &definition.pieces);
                builder.glue("\n");
            }
        }
    }
}

/// A glob of the libraries can only change what a name of std's prelude means: any other double meaning is an error.
fn glob_shapes(path: &str, known: &BTreeSet<String>) -> bool {
    let first = path.trim_start_matches(':').split("::").next().unwrap_or("");
    let tame = ["std", "core", "alloc", "ironbook", "polars", "candle_core", "candle_nn"].contains(&first);
    let names: &[&str] =
        if tame { &["Result"] } else { &["Result", "Option", "Vec", "String", "Box", "Some", "None", "Ok", "Err"] };
    names.iter().any(|name| known.contains(*name))
}

/// Names that can shape a definition: all that are in it but those of fields, parameters and functions.
fn shaping(definition: &Definition) -> BTreeSet<String> {
    fn collect(tokens: proc_macro2::TokenStream, out: &mut BTreeSet<String>) {
        use proc_macro2::{Spacing, TokenTree};
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (i, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Group(group) => collect(group.stream(), out),
                TokenTree::Ident(name) => {
                    let field = matches!(trees.get(i + 1), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Alone);
                    let function = matches!(i.checked_sub(1).and_then(|at| trees.get(at)), Some(TokenTree::Ident(word)) if word == "fn");
                    if !field && !function {
                        out.insert(name.to_string());
                    }
                }
                _ => {}
            }
        }
    }
    let mut out = BTreeSet::new();
    match (definition.key.kind, definition.text.parse()) {
        (Kind::Type | Kind::Trait, Ok(tokens)) => collect(tokens, &mut out),
        _ => out.extend(definition.idents.iter().cloned()),
    }
    out
}

/// Whether a type's name contains one that a user's macro made: it stands at the root of the cell's crate.
pub fn made_by_macro(type_name: &str) -> bool {
    let starts = type_name.match_indices("cell::");
    let whole = |at: usize| !type_name[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    starts.into_iter().any(|(at, _)| {
        let rest = &type_name[at + 6..];
        whole(at) && !rest.starts_with("t_") && rest.starts_with(char::is_uppercase)
    })
}

/// A static's type with the lifetimes that it leaves out written down, as a foreign static needs them.
fn lasting(ty: &syn::Type) -> String {
    struct Lasting;
    impl syn::visit_mut::VisitMut for Lasting {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            reference.lifetime.get_or_insert_with(|| syn::Lifetime::new("'static", proc_macro2::Span::call_site()));
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }
        fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
            if lifetime.ident == "_" {
                *lifetime = syn::Lifetime::new("'static", lifetime.apostrophe);
            }
        }
        // In signatures they have a meaning of their own.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let mut ty = ty.clone();
    syn::visit_mut::VisitMut::visit_type_mut(&mut Lasting, &mut ty);
    quote::ToTokens::to_token_stream(&ty).to_string()
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

/// Other keys that a definition makes obsolete: same namespace, or a `use` of the same name.
fn rivals(key: &Key) -> Vec<Key> {
    let types = [Kind::Type, Kind::Trait, Kind::Alias, Kind::Module];
    let values = [Kind::Function, Kind::Const, Kind::Static];
    let with = |kinds: &[Kind]| {
        let others = kinds.iter().filter(|kind| **kind != key.kind);
        others.map(|kind| Key { kind: *kind, name: key.name.clone() }).collect::<Vec<_>>()
    };
    match key.kind {
        kind if types.contains(&kind) => with(&[types.as_slice(), &[Kind::Use]].concat()),
        kind if values.contains(&kind) => with(&[values.as_slice(), &[Kind::Use]].concat()),
        Kind::Use if !key.name.ends_with('*') => with(&[types.as_slice(), &values].concat()),
        _ => Vec::new(),
    }
}

fn expands_to_items(macro_text: &str) -> bool {
    let Some(arm) = macro_text.split("=>").nth(1) else { return false };
    let body = arm.trim_start().trim_start_matches(['{', '(', '[']).trim_start();
    let words =
        ["struct ", "enum ", "fn ", "impl ", "impl<", "trait ", "static ", "const ", "mod ", "type ", "pub ", "#["];
    body.starts_with("$(#[") || words.iter().any(|word| body.starts_with(word))
}

/// Names of the items that a definition adds, for the data flow's record.
pub fn label(key: &Key) -> String {
    format!("{} {}", key.kind.word(), key.name)
}
