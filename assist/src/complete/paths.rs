//! Behind `path::`: associated functions, variants, constants, and the names of modules.

use super::names::entry_candidate;
use super::{Candidate, members};
use crate::code;
use crate::known::Known;
use crate::rank::Ranked;
use crate::ty::Ty;
use crate::user;
use ironbook_magics::lexer::Token;
use ironbook_session::library::index::MemberKind;

/// Adds what can stand behind the `::` before token `end`.
pub fn add(known: &Known<'_>, end: usize, ranked: &mut Ranked<Candidate>) {
    let segments = code::path_before(known.toks, end);
    let Some(last) = segments.last() else { return };
    if segments == ["crate"] || segments == ["self"] {
        return super::names::add_items(known, ranked);
    }
    if let Some(path) = known.module_path(&segments) {
        let entries = known.index().and_then(|index| index.module(&path));
        for entry in entries.into_iter().flatten() {
            ranked.add(&entry.name, 1, || entry_candidate(entry));
        }
    }
    for item in known.items_named(last).filter(|item| item.kind == "mod") {
        let inner = item.text.split_once('{').map_or("", |(_, inner)| inner);
        let toks = code::tokens(inner);
        let inner = Known::new(known.view, inner, &toks);
        for item in inner.items.iter().filter(|item| item.cell.is_none() && item.kind != "impl") {
            ranked.add(&item.name, 0, || super::names::item_candidate(item));
        }
    }
    let owner = if *last == "Self" { self_type(known, end) } else { Some(Ty::named(last)) };
    for found in owner.map(|ty| known.members(&ty)).unwrap_or_default() {
        // Methods as well: `map(String::len)`; but a field is none of a path.
        let class = match found.kind {
            MemberKind::Variant => 0,
            MemberKind::Function | MemberKind::Constant => 1 + found.distance,
            MemberKind::Method | MemberKind::Type => 5 + found.distance,
            MemberKind::Field => continue,
        };
        ranked.add(&found.name.clone(), class, || members::candidate(found));
    }
}

/// The type of the `impl` that the cursor is in.
pub fn self_type(known: &Known<'_>, end: usize) -> Option<Ty> {
    let at = (0..end).rev().find(|at| known.toks[*at].token == Token::Word("impl"))?;
    let open = (at..end).find(|at| known.toks[*at].token == Token::Open('{'))?;
    let header = known.code.get(known.toks[at].range.start..known.toks[open].range.start)?;
    let text = format!("{header} {{}}");
    let item = user::UserItem { kind: "impl", name: header.into(), text: &text, cell: None };
    Ty::parse(&user::block(&item)?.for_type)
}
