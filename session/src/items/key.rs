//! The identity of an item, by which a later definition takes an earlier one's place.

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
    /// What it is. Types, traits, aliases and modules share one namespace, see [`Items::define`](super::Items::define).
    pub kind: Kind,
    /// Its name; for an `impl` its header; for a `use` the bound name, or the path of a glob.
    pub name: String,
}

/// Other keys that a definition makes obsolete: same namespace, or a `use` of the same name.
pub(super) fn rivals(key: &Key) -> Vec<Key> {
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

/// Names of the items that a definition adds, for the data flow's record.
pub fn label(key: &Key) -> String {
    format!("{} {}", key.kind.word(), key.name)
}
