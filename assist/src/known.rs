//! What is known of types, functions and modules: from the user's items first, else from the index.

use crate::code::Tok;
use crate::ty::{self, Ty};
use crate::user::{self, UserItem};
use crate::view::View;
use ironbook_session::library::index::{DocRange, Entry, EntryKind, Index, MemberKind};
use std::collections::BTreeSet;

/// Everything that answers are made of.
pub struct Known<'a> {
    /// The session.
    pub view: &'a View,
    /// The Rust before the cursor.
    pub code: &'a str,
    /// Its tokens.
    pub toks: &'a [Tok<'a>],
    /// The user's items.
    pub items: Vec<UserItem<'a>>,
}

/// A method, field or variant, with where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub kind: MemberKind,
    /// Its name.
    pub name: String,
    /// Its declaration.
    pub signature: String,
    /// A line about it.
    pub summary: String,
    /// Its documentation.
    pub doc: Doc,
    /// The type or trait that has it.
    pub owner: String,
    /// How near it is: 0 the type's own, 1 a trait of the library, 2 a trait of std that all types have.
    pub distance: u8,
    /// The user's text of it.
    pub source: Option<String>,
}

/// Documentation: as text, or a piece of the index's.
#[derive(Clone, Debug, PartialEq)]
pub enum Doc {
    /// Text.
    Text(String),
    /// A piece.
    Piece(DocRange),
}

/// Traits whose methods are offered last, since nearly all types have them.
const EVERYWHERE: &[&str] =
    &["AsMut", "AsRef", "Clone", "Default", "From", "Into", "PartialOrd", "ToOwned", "ToString", "TryFrom", "TryInto"];

impl<'a> Known<'a> {
    /// What is known where `code` is the Rust before the cursor, and `toks` its tokens.
    pub fn new(view: &'a View, code: &'a str, toks: &'a [Tok<'a>]) -> Known<'a> {
        Known { view, code, toks, items: user::items(view, code, toks) }
    }

    /// The index, if there is one.
    pub fn index(&self) -> Option<&'a Index> {
        self.view.index.as_deref()
    }

    /// The user's items of a name.
    pub fn items_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s UserItem<'a>> {
        self.items.iter().filter(move |item| item.name == name)
    }

    /// The index's entries of a type's name.
    pub fn types_named(&self, name: &str) -> Vec<&'a Entry> {
        use EntryKind as K;
        let Some(index) = self.index() else { return Vec::new() };
        let of_type =
            |entry: &&Entry| matches!(entry.kind, K::Struct | K::Enum | K::Union | K::Trait | K::Primitive | K::Alias);
        index.named(name).filter(of_type).collect()
    }

    /// A type with aliases of the index resolved.
    pub fn resolved(&self, ty: &Ty) -> Ty {
        let mut ty = ty.clone();
        for _ in 0..4 {
            let entries = self.types_named(&ty.name);
            let user = self.items_named(&ty.name).find(|item| item.kind == "alias");
            let written = match (user, entries.first()) {
                (Some(item), _) => item.text.split_once('=').map(|(_, right)| right.trim_end_matches(';')),
                (None, Some(entry)) if entry.kind == EntryKind::Alias => {
                    entry.declaration.split_once('=').map(|(_, right)| right.trim_end_matches(';'))
                }
                _ => None,
            };
            let Some(target) = written.and_then(Ty::parse).filter(|target| target.name != ty.name) else { break };
            let names =
                entries.first().map(|entry| ty::parameters(&entry.declaration, &entry.name)).unwrap_or_default();
            let map: Vec<(String, Ty)> = names.into_iter().zip(ty.args.iter().cloned()).collect();
            ty = target.with(&map);
        }
        ty
    }

    /// Everything behind `value.` and `Type::`, nearest first; a name is there once for each kind.
    pub fn members(&self, ty: &Ty) -> Vec<Found> {
        let mut out = Members { known: self, found: Vec::new(), seen: BTreeSet::new(), traits: BTreeSet::new() };
        let mut ty = Some(self.resolved(ty));
        for _ in 0..4 {
            let Some(of) = ty else { break };
            out.of_type(&of);
            ty = of.pointee().map(|pointee| self.resolved(pointee));
        }
        out.found
    }

    /// The member of a name.
    pub fn member(&self, ty: &Ty, name: &str) -> Option<Found> {
        // Methods before fields of the same name cannot be told apart here; the first is the nearest.
        self.members(ty).into_iter().find(|found| found.name == name)
    }

    /// The parameters of a type, with what they stand for in `ty`.
    pub fn arguments(&self, ty: &Ty) -> Vec<(String, Ty)> {
        let ty = self.resolved(ty);
        let user = self.items_named(&ty.name).find(|item| item.kind == "type");
        let names = match (user, self.types_named(&ty.name).first()) {
            (Some(item), _) => ty::parameters(&user::signature(item), &ty.name),
            (None, Some(entry)) => ty::parameters(&entry.declaration, &entry.name),
            _ => Vec::new(),
        };
        let mut map: Vec<(String, Ty)> = names.into_iter().zip(ty.args.iter().cloned()).collect();
        map.push(("Self".to_owned(), ty));
        map
    }

    /// The type of a field, or of what a function gives, with the parameters of `ty` replaced.
    pub fn result_of(&self, found: &Found, ty: &Ty) -> Option<Ty> {
        let written = match found.kind {
            MemberKind::Method | MemberKind::Function => ty::returned(&found.signature)?,
            MemberKind::Variant => return Some(ty.clone()),
            _ => found.signature.split_once(':')?.1.split(" = ").next()?,
        };
        let mut owner = ty.clone();
        if self.types_named(&found.owner).first().is_some_and(|entry| entry.kind != EntryKind::Trait)
            && found.owner != ty.name
        {
            // Behind a pointer.
            owner = ty.pointee().cloned().unwrap_or(owner);
        }
        let mut map = self.arguments(&owner);
        if let Some(slf) = map.iter_mut().find(|(name, _)| name == "Self") {
            slf.1 = owner;
        }
        Some(Ty::parse(written)?.with(&map))
    }

    /// A module's path as the index has it: `eval`, `ironbook::data`, `std::fs`.
    pub fn module_path(&self, segments: &[&str]) -> Option<String> {
        let index = self.index()?;
        let is = |path: &str| index.module(path).is_some();
        let joined = segments.join("::");
        let core = segments.first().filter(|first| matches!(**first, "core" | "alloc"));
        let candidates = [
            Some(joined.clone()),
            core.map(|_| [&["std"], &segments[1..]].concat().join("::")),
            Some(format!("ironbook::{joined}")),
            Some(format!("std::{joined}")),
        ];
        candidates.into_iter().flatten().find(|path| is(path))
    }
}

struct Members<'k, 'a> {
    known: &'k Known<'a>,
    found: Vec<Found>,
    seen: BTreeSet<(u8, String)>,
    traits: BTreeSet<String>,
}

impl Members<'_, '_> {
    fn of_type(&mut self, ty: &Ty) {
        let mut traits = Vec::new();
        let mut is_user = false;
        for item in self.known.items_named(&ty.name).filter(|item| item.kind == "type") {
            is_user = true;
            traits.extend(user::derives(item));
            self.user(user::parts(item), &ty.name, 0);
        }
        self.blocks(ty, &mut traits);
        if !is_user {
            for entry in self.known.types_named(&ty.name) {
                if entry.kind == EntryKind::Trait {
                    self.of_trait(&ty.name, 0);
                } else {
                    self.entry(entry, 0);
                    traits.extend(entry.traits.iter().cloned());
                }
            }
        }
        for name in traits {
            let distance = if EVERYWHERE.contains(&name.as_str()) { 2 } else { 1 };
            self.of_trait(&name, distance);
        }
    }

    /// `impl` blocks of the user's for this type.
    fn blocks(&mut self, ty: &Ty, traits: &mut Vec<String>) {
        let known = self.known;
        let candidates = known.items.iter().filter(|item| item.kind == "impl" && item.name.contains(ty.name.as_str()));
        for block in candidates.filter_map(user::block) {
            if Ty::parse(&block.for_type).is_none_or(|of| of.name != ty.name) {
                continue;
            }
            traits.extend(block.of_trait.clone());
            let owner = block.of_trait.unwrap_or_else(|| ty.name.clone());
            self.user(block.members, &owner, 0);
        }
    }

    fn of_trait(&mut self, name: &str, distance: u8) {
        if !self.traits.insert(name.to_owned()) {
            return;
        }
        let known = self.known;
        for item in known.items_named(name).filter(|item| item.kind == "trait") {
            self.user(user::block(item).map(|block| block.members).unwrap_or_default(), name, distance);
        }
        for entry in known.types_named(name).into_iter().filter(|entry| entry.kind == EntryKind::Trait) {
            self.entry(entry, distance);
        }
    }

    fn entry(&mut self, entry: &Entry, distance: u8) {
        for member in &entry.members {
            self.push(Found {
                kind: member.kind,
                name: member.name.clone(),
                signature: member.signature.clone(),
                summary: member.summary.clone(),
                doc: Doc::Piece(member.doc),
                owner: entry.name.clone(),
                distance,
                source: None,
            });
        }
    }

    fn user(&mut self, members: Vec<user::UserMember>, owner: &str, distance: u8) {
        for member in members {
            self.push(Found {
                kind: member.kind,
                name: member.name,
                signature: member.signature,
                summary: member.doc.lines().next().unwrap_or("").to_owned(),
                doc: Doc::Text(member.doc),
                owner: owner.to_owned(),
                distance,
                source: Some(member.text),
            });
        }
    }

    fn push(&mut self, found: Found) {
        let space = u8::from(found.kind == MemberKind::Field);
        if self.seen.insert((space, found.name.clone())) {
            self.found.push(found);
        }
    }
}
