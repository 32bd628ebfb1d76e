//! The identity of what shapes values: a hash over all that a type, a trait or a module is made of.

use super::is_housed;
use super::{Definition, Items, Key, Kind};
use crate::parse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Items {
    /// Names of types that a definition gives another layout, though it is no part of theirs.
    pub(super) fn reshaped(&self, definition: &Definition) -> BTreeSet<String> {
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
    pub(super) fn impl_shapes(&self) -> BTreeMap<Key, String> {
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
    pub(super) fn salt_changed(&mut self, mut before: BTreeMap<Key, String>) {
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

    pub(super) fn salt(&mut self, names: BTreeSet<String>) {
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
    pub(super) fn identify(&self, definition: Option<&Definition>, mut known: BTreeSet<String>) -> String {
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
pub(super) fn shaping(definition: &Definition) -> BTreeSet<String> {
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
