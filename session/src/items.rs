//! The items of a session: what cells defined, the newest definition of each, and which of them a cell reaches.

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
    tokens(&ty)
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

/// The definitions of one item of a cell: several for a `use` with a group and for an inherent `impl`.
///
/// `includes` are edits of the whole cell, see [`parse::includes`].
pub fn definitions(
    item: &Item,
    range: Range<usize>,
    text: &RustText,
    execution: ExecutionId,
    includes: &[Edit],
) -> Vec<Definition> {
    let mut all = unshaped(item, range, text, execution, includes);
    for definition in &mut all {
        definition.shaping = shaping(definition);
    }
    all
}

fn unshaped(
    item: &Item,
    range: Range<usize>,
    text: &RustText,
    execution: ExecutionId,
    includes: &[Edit],
) -> Vec<Definition> {
    let (mut edits, loops) = parse::item_loops(item);
    edits.extend(visibility_edits(item));
    edits.extend(includes.iter().cloned());
    match item {
        Item::Use(item) => return uses(item, range, text, execution),
        Item::Impl(item) if item.trait_.is_none() => return methods(item, range, text, execution, &edits),
        _ => {}
    }
    let mut idents = BTreeSet::new();
    parse::idents_of(quote::ToTokens::to_token_stream(item), &mut idents);
    let (kind, name) = kind_and_name(item);
    let mut definition = Definition {
        key: Key { kind, name },
        execution,
        text: text.text[range.clone()].to_owned(),
        pieces: text.pieces(range, &edits),
        idents,
        header: BTreeSet::new(),
        methods: BTreeSet::new(),
        of_trait: None,
        shape: None,
        loops,
        static_type: None,
        declared: BTreeSet::new(),
        own_types: false,
        shaping: BTreeSet::new(),
    };
    match item {
        Item::Trait(item) => definition.methods = trait_methods(item),
        Item::Impl(item) => trait_impl(item, &mut definition),
        Item::Fn(item) => definition.own_types = has_types(item),
        Item::Mod(item) => declared(item, &mut definition.declared),
        Item::Enum(item) => definition.declared = item.variants.iter().map(|v| v.ident.to_string()).collect(),
        Item::Static(item) => {
            let mutable = matches!(item.mutability, syn::StaticMutability::Mut(_));
            definition.static_type = Some((lasting(&item.ty), mutable));
        }
        _ => {}
    }
    vec![definition]
}

fn kind_and_name(item: &Item) -> (Kind, String) {
    match item {
        Item::Const(i) => (Kind::Const, i.ident.to_string()),
        Item::Enum(i) => (Kind::Type, i.ident.to_string()),
        Item::Fn(i) => (Kind::Function, i.sig.ident.to_string()),
        Item::Macro(i) => match &i.ident {
            Some(name) => (Kind::Macro, name.to_string()),
            None => (Kind::Other, call_key(&i.mac)),
        },
        Item::Mod(i) => (Kind::Module, i.ident.to_string()),
        Item::Static(i) => (Kind::Static, i.ident.to_string()),
        Item::Struct(i) => (Kind::Type, i.ident.to_string()),
        Item::Trait(i) => (Kind::Trait, i.ident.to_string()),
        Item::TraitAlias(i) => (Kind::Trait, i.ident.to_string()),
        Item::Type(i) => (Kind::Alias, i.ident.to_string()),
        Item::Union(i) => (Kind::Type, i.ident.to_string()),
        Item::Impl(i) => (Kind::Impl, impl_header(i)),
        other => (Kind::Other, tokens(other)),
    }
}

/// Whether a function defines types in its body.
fn has_types(item: &syn::ItemFn) -> bool {
    struct Types(bool);
    impl<'ast> syn::visit::Visit<'ast> for Types {
        fn visit_item(&mut self, item: &'ast Item) {
            self.0 |= matches!(
                item,
                Item::Struct(_) | Item::Enum(_) | Item::Union(_) | Item::Trait(_) | Item::Mod(_) | Item::Macro(_)
            );
            syn::visit::visit_item(self, item);
        }
    }
    let mut types = Types(false);
    syn::visit::Visit::visit_block(&mut types, &item.block);
    types.0
}

/// Names that a glob of a module, or of one inside it, may bring in.
fn declared(module: &syn::ItemMod, names: &mut BTreeSet<String>) {
    for item in module.content.iter().flat_map(|(_, items)| items) {
        match item {
            Item::Mod(inner) => declared(inner, names),
            Item::Use(_) | Item::Macro(_) => parse::idents_of(quote::ToTokens::to_token_stream(item), names),
            _ => {}
        }
        names.insert(kind_and_name(item).1);
    }
}

/// A call that makes items is known by its macro and the first name in it, so that a changed call replaces the old one.
fn call_key(mac: &syn::Macro) -> String {
    let path = tokens(&mac.path);
    let words = ["pub", "crate", "static", "const", "struct", "enum", "fn", "trait", "type", "mod", "mut", "ref"];
    let mut names = mac.tokens.clone().into_iter().filter_map(|tree| match tree {
        proc_macro2::TokenTree::Ident(name) => Some(name.to_string()).filter(|name| !words.contains(&name.as_str())),
        _ => None,
    });
    names.next().map_or_else(|| tokens(mac), |name| format!("{path}! {name}"))
}

fn tokens<T: quote::ToTokens>(item: &T) -> String {
    item.to_token_stream().to_string()
}

fn impl_header(item: &syn::ItemImpl) -> String {
    let of_trait = item.trait_.as_ref().map(|(path, _)| format!("{} for ", tokens(path)));
    format!("{}{}", of_trait.unwrap_or_default(), tokens(&item.self_ty))
}

fn trait_methods(item: &syn::ItemTrait) -> BTreeSet<String> {
    let methods = item.items.iter().filter_map(|item| match item {
        syn::TraitItem::Fn(f) => Some(f.sig.ident.to_string()),
        syn::TraitItem::Const(c) => Some(c.ident.to_string()),
        _ => None,
    });
    methods.collect()
}

fn trait_impl(item: &syn::ItemImpl, definition: &mut Definition) {
    parse::idents_of(quote::ToTokens::to_token_stream(&item.self_ty), &mut definition.header);
    if let Some((path, _)) = &item.trait_ {
        parse::idents_of(quote::ToTokens::to_token_stream(path), &mut definition.header);
        definition.of_trait = path.segments.last().map(|s| s.ident.to_string());
    }
    let shaping = |item: &&syn::ImplItem| {
        matches!(item, syn::ImplItem::Type(_) | syn::ImplItem::Const(_) | syn::ImplItem::Macro(_))
    };
    let shape: Vec<String> = item.items.iter().filter(shaping).map(tokens).collect();
    let generics = tokens(&item.generics.where_clause);
    definition.shape =
        (!shape.is_empty()).then(|| format!("{} {generics} {}", tokens(&item.generics), shape.join(" ")));
}

/// An inherent `impl` becomes one per item, so that a cell that is run again replaces just what it redefines.
fn methods(
    item: &syn::ItemImpl,
    range: Range<usize>,
    text: &RustText,
    execution: ExecutionId,
    edits: &[Edit],
) -> Vec<Definition> {
    let open = item.brace_token.span.open().byte_range().end;
    let mut header = BTreeSet::new();
    parse::idents_of(quote::ToTokens::to_token_stream(&item.self_ty), &mut header);
    let mut header_idents = BTreeSet::new();
    parse::idents_of(quote::ToTokens::to_token_stream(&item.generics), &mut header_idents);
    header_idents.extend(header.iter().cloned());
    let mut out = Vec::new();
    for member in &item.items {
        let name = match member {
            syn::ImplItem::Fn(f) => f.sig.ident.to_string(),
            syn::ImplItem::Const(c) => c.ident.to_string(),
            other => tokens(other),
        };
        let member_range = member.span().byte_range();
        let mut pieces = text.pieces(range.start..open, &[]);
        pieces.push(Piece::glue(" "));
        pieces.extend(text.pieces(member_range.clone(), edits));
        pieces.push(Piece::glue(" }"));
        let mut idents = header_idents.clone();
        parse::idents_of(quote::ToTokens::to_token_stream(member), &mut idents);
        let mut only = item.clone();
        only.items = vec![member.clone()];
        out.push(Definition {
            key: Key { kind: Kind::Impl, name: format!("{}::{name}", tokens(&item.self_ty)) },
            execution,
            text: format!("{} {}", &text.text[range.start..open], &text.text[member_range]),
            pieces,
            idents,
            header: header.clone(),
            methods: BTreeSet::from([name]),
            of_trait: None,
            shape: (!matches!(member, syn::ImplItem::Fn(f) if f.sig.constness.is_none())).then(|| tokens(member)),
            loops: parse::item_loops(&Item::Impl(only)).1,
            static_type: None,
            declared: BTreeSet::new(),
            own_types: false,
            shaping: BTreeSet::new(),
        });
    }
    out
}

/// A `use` becomes one per name, so that a later import or definition of the name replaces just that.
fn uses(item: &syn::ItemUse, range: Range<usize>, text: &RustText, execution: ExecutionId) -> Vec<Definition> {
    let mut leaves = Vec::new();
    let root = if item.leading_colon.is_some() { "::" } else { "" };
    flatten(&item.tree, root, &mut leaves);
    let origin = text.whole(range);
    let define = |(name, path): (String, String)| {
        let mut idents = BTreeSet::new();
        let first = path.trim_start_matches("::").split("::").next().unwrap_or("").to_owned();
        idents.insert(first);
        let line = format!("#[allow(unused_imports)] use {path};");
        Definition {
            key: Key { kind: Kind::Use, name },
            execution,
            text: line.clone(),
            pieces: vec![Piece { text: line, origin: origin.clone() }],
            idents,
            header: BTreeSet::new(),
            methods: BTreeSet::new(),
            of_trait: None,
            shape: None,
            loops: Loops::default(),
            static_type: None,
            declared: BTreeSet::new(),
            own_types: false,
            shaping: BTreeSet::new(),
        }
    };
    leaves.into_iter().map(define).collect()
}

/// The leaves of a use tree as (bound name, path with renaming).
fn flatten(tree: &UseTree, prefix: &str, leaves: &mut Vec<(String, String)>) {
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &format!("{prefix}{}::", path.ident), leaves),
        UseTree::Name(name) if name.ident == "self" => {
            let path = prefix.trim_end_matches("::").to_owned();
            let bound = path.rsplit("::").next().unwrap_or("").to_owned();
            leaves.push((bound, path));
        }
        UseTree::Name(name) => leaves.push((name.ident.to_string(), format!("{prefix}{}", name.ident))),
        UseTree::Rename(rename) => {
            let path = match rename.ident == "self" {
                true => prefix.trim_end_matches("::").to_owned(),
                false => format!("{prefix}{}", rename.ident),
            };
            let bound = rename.rename.to_string();
            let name = if bound == "_" { format!("_ {path}") } else { bound.clone() };
            leaves.push((name, format!("{path} as {bound}")));
        }
        UseTree::Glob(_) => leaves.push((format!("{prefix}*"), format!("{prefix}*"))),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, leaves);
            }
        }
    }
}

/// An item in a module of its own must stay visible outside of it, and so must its private fields.
fn visibility_edits(item: &Item) -> Vec<Edit> {
    fn inherited(vis: &syn::Visibility, at: usize) -> Option<Edit> {
        matches!(vis, syn::Visibility::Inherited).then(|| Edit::insert(at, "pub(crate) "))
    }
    fn start<T: Spanned>(tokens: &T) -> usize {
        tokens.span().byte_range().start
    }
    fn fields(fields: &syn::Fields) -> Vec<Edit> {
        let edit = |f: &syn::Field| match &f.ident {
            Some(name) => inherited(&f.vis, start(name)),
            None => inherited(&f.vis, start(&f.ty)),
        };
        fields.iter().filter_map(edit).collect()
    }
    match item {
        Item::Struct(i) => {
            let mut edits = fields(&i.fields);
            edits.extend(inherited(&i.vis, start(&i.struct_token)));
            edits
        }
        Item::Enum(i) => inherited(&i.vis, start(&i.enum_token)).into_iter().collect(),
        Item::Union(i) => {
            let mut edits: Vec<Edit> =
                i.fields.named.iter().filter_map(|f| inherited(&f.vis, start(&f.ident))).collect();
            edits.extend(inherited(&i.vis, start(&i.union_token)));
            edits
        }
        Item::Trait(i) => {
            let first = i.unsafety.as_ref().map_or_else(|| start(&i.trait_token), start);
            inherited(&i.vis, first).into_iter().collect()
        }
        Item::Mod(i) => inherited(&i.vis, start(&i.mod_token)).into_iter().collect(),
        Item::Fn(i) if has_types(i) => inherited(&i.vis, start(&i.sig)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What of a definition does not last from cell to cell, in words.
pub fn caveat(definition: &Definition) -> Option<String> {
    let name = &definition.key.name;
    match definition.key.kind {
        Kind::Other if definition.text.starts_with("thread_local") => Some(
            "a thread-local starts anew in every cell; a `static` with a `Mutex` or an atomic keeps its value"
                .to_owned(),
        ),
        Kind::Function | Kind::Impl if has_local_static(&definition.text) => Some(format!(
            "the `static` inside of a function (`{name}`) starts anew in every cell; make it an item of the cell to keep its value"
        )),
        _ => None,
    }
}

fn has_local_static(text: &str) -> bool {
    text.match_indices("static ").any(|(at, word)| {
        let before = text[..at].chars().next_back();
        let rest = text[at + word.len()..].trim_start_matches("mut ");
        before.is_some_and(|c| c.is_whitespace() || matches!(c, '{' | ';')) && rest.starts_with(char::is_uppercase)
    })
}

/// Names of the items that a definition adds, for the data flow's record.
pub fn label(key: &Key) -> String {
    format!("{} {}", key.kind.word(), key.name)
}
