//! Inspection: what stands at the cursor, with its signature and documentation.

use crate::code::{self, Tok};
use crate::complete::boundary;
use crate::infer::Infer;
use crate::known::{Doc, Found, Known};
use crate::render::{Sheet, size};
use crate::ty::Ty;
use crate::user::{self, UserItem};
use crate::view::View;
use ironbook_core::Bundle;
use ironbook_magics::lexer::Token;
use ironbook_magics::split::{Kind, split};
use ironbook_magics::{Magic, registry};
use ironbook_session::Variable;
use ironbook_session::library::index::{Entry, EntryKind};

/// How much an inspection shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Signature and documentation.
    Brief,
    /// Its source text as well, where the session has it.
    Full,
}

/// What stands at the byte `cursor`: `text/plain`, `text/html` and `text/markdown`. `None` when nothing is known of it.
pub fn inspect(view: &View, text: &str, cursor: usize, detail: Detail) -> Option<Bundle> {
    inspect_showing(view, text, cursor, detail, &|_| None)
}

/// As [`inspect`]; of a variable with a peek at its value, as far as `value` has it.
pub fn inspect_showing(
    view: &View,
    text: &str,
    cursor: usize,
    detail: Detail,
    value: &dyn Fn(&str) -> Option<Bundle>,
) -> Option<Bundle> {
    let cursor = boundary(text, cursor);
    let piece = split(text, view).into_iter().find(|piece| piece.range.start <= cursor && cursor <= piece.range.end);
    match piece.as_ref().map(|piece| &piece.kind) {
        Some(Kind::Line { name, args, .. }) if cursor < args.start || args.is_empty() || !view.holds_code(name) => {
            return magic(view, name);
        }
        Some(Kind::Cell { name, body, .. }) if cursor < body.start || !crate::whole::is_code(view, name) => {
            return magic(view, name);
        }
        Some(Kind::Shell { .. } | Kind::Colon { .. }) => return None,
        Some(Kind::Help { subject }) => return named(view, subject, detail),
        _ => {}
    }
    let found = sheet_at(view, &view.rust_of(text), cursor, detail).map(|mut sheet| {
        let shown = sheet.variable.as_deref().and_then(value);
        sheet.value = shown.map(|shown| peek(shown.plain())).unwrap_or_default();
        sheet.bundle()
    });
    match (found, piece.map(|piece| piece.kind)) {
        (None, Some(Kind::Line { name, .. })) => magic(view, &name),
        (found, _) => found,
    }
}

/// The beginning of a value as text.
fn peek(text: &str) -> String {
    const LINES: usize = 16;
    const COLUMNS: usize = 120;
    let line = |line: &str| match line.char_indices().nth(COLUMNS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    };
    let text = text.trim_end();
    let mut lines: Vec<String> = text.lines().take(LINES).map(line).collect();
    if text.lines().nth(LINES).is_some() {
        lines.push("…".to_owned());
    }
    lines.join("\n")
}

fn magic(view: &View, name: &str) -> Option<Bundle> {
    let name = name.trim_start_matches('%');
    let found: &dyn Magic = match view.registry.find(name) {
        Some(found) => found,
        None => {
            let own = format!("magic_{name}");
            return named(view, &own, Detail::Brief);
        }
    };
    Some(Sheet { title: format!("%{name}"), preformatted: registry::help(found), ..Sheet::default() }.bundle())
}

/// What is asked about by `name?`.
fn named(view: &View, subject: &str, detail: Detail) -> Option<Bundle> {
    match subject.strip_prefix('%') {
        Some(name) => magic(view, name),
        None => sheet_at(view, subject, subject.trim_end_matches('!').len(), detail).map(|sheet| sheet.bundle()),
    }
}

fn sheet_at(view: &View, code: &str, cursor: usize, detail: Detail) -> Option<Sheet> {
    let all = code::tokens(code);
    let at = all.iter().position(|tok| tok.range.start <= cursor && cursor <= tok.range.end && is_name(tok));
    let literal =
        all.iter().position(|tok| tok.range.start < cursor && cursor < tok.range.end && tok.token == Token::Literal);
    if let Some(sheet) = literal.and_then(|at| column(view, code, &all, at)) {
        return Some(sheet);
    }
    let found = at.and_then(|at| at_token(view, code, &all, at, detail));
    found.or_else(|| {
        // Inside the brackets of a call: the function.
        let end = all.iter().position(|tok| tok.range.end > cursor).unwrap_or(all.len());
        let open = code::enclosing(&all, end).filter(|open| all[*open].token == Token::Open('('))?;
        let mut name = open.checked_sub(1)?;
        if all[name].is('!') {
            name = name.checked_sub(1)?;
        }
        is_name(&all[name]).then(|| at_token(view, code, &all, name, detail))?
    })
}

fn is_name(tok: &Tok<'_>) -> bool {
    matches!(tok.token, Token::Word(_))
}

/// What the name at token `at` stands for.
fn at_token(view: &View, code: &str, all: &[Tok<'_>], at: usize, detail: Detail) -> Option<Sheet> {
    let Token::Word(name) = all[at].token else { return None };
    // A closure's parameter is known behind the last of them.
    let bound = Infer::new(&Known::new(view, code, all)).closing_pipe(at).unwrap_or(at);
    let before = &code[..all[bound].range.end];
    let toks = code::tokens(before);
    // Items below the cursor count as well.
    let mut known = Known::new(view, before, &toks);
    let below = user::items(view, code, all);
    known.items = below;
    let call = all.get(at + 1).is_some_and(|next| next.token == Token::Open('('));
    if code::after_dot(&toks, at) {
        let ty = Infer::new(&known).chain(at - 1)?;
        let members = known.members(&ty);
        let of_kind = |found: &&Found| (found.kind == ironbook_session::library::index::MemberKind::Field) != call;
        let named = members.iter().filter(|found| found.name == name);
        let found = named.clone().find(of_kind).or_else(|| named.clone().next())?;
        return Some(of_member(&known, found, detail));
    }
    if code::after_colons(&toks, at) {
        return behind_path(&known, &toks, at, name, detail);
    }
    let bang = all.get(at + 1).is_some_and(|next| next.is('!')) && !all.get(at + 2).is_some_and(|next| next.is('='));
    by_name(&known, name, bound, bang, detail)
}

fn behind_path(known: &Known<'_>, toks: &[Tok<'_>], at: usize, name: &str, detail: Detail) -> Option<Sheet> {
    let segments = code::path_before(toks, at);
    if let Some(path) = known.module_path(&segments)
        && let Some(entry) = known.index()?.module(&path)?.find(|entry| entry.name == name)
    {
        return Some(of_entry(known, entry));
    }
    let owner = match *segments.last()? {
        "Self" => crate::complete::self_type(known, at)?,
        owner => Ty::named(owner),
    };
    if let Some(found) = known.member(&owner, name) {
        return Some(of_member(known, &found, detail));
    }
    let entry = known.index()?.named(name).next()?;
    Some(of_entry(known, entry))
}

fn by_name(known: &Known<'_>, name: &str, at: usize, bang: bool, detail: Detail) -> Option<Sheet> {
    if bang {
        let item = known.items_named(name).find(|item| item.kind == "macro");
        let entry = || known.index()?.named(name).find(|entry| entry.kind == EntryKind::Macro);
        return match item {
            Some(item) => Some(of_item(known, item, detail)),
            None => entry().map(|entry| of_entry(known, entry)),
        };
    }
    let variable = known.view.variable(name);
    let local = crate::complete::is_bound(known, at, name);
    if let (Some(variable), false) = (variable, local) {
        return Some(of_variable(known, variable));
    }
    if local {
        let ty = Infer::new(known).name(name, at + 1);
        let title = ty
            .as_ref()
            .map_or_else(|| format!("let {name}"), |ty| format!("let {name}: {}", crate::complete::written(ty)));
        let about = ty.and_then(|ty| about_type(known, &ty)).unwrap_or_default();
        return Some(Sheet { title, doc: about, ..Sheet::default() });
    }
    let items: Vec<&UserItem<'_>> = known.items_named(name).collect();
    if let Some(item) = items.iter().find(|item| item.kind != "use") {
        return Some(of_item(known, item, detail));
    }
    // Types and functions before macros of the same name.
    let index = known.index()?;
    let entry = index.named(name).find(|entry| entry.kind != EntryKind::Macro).or_else(|| index.named(name).next())?;
    Some(of_entry(known, entry))
}

/// A column's name in a string.
fn column(view: &View, code: &str, toks: &[Tok<'_>], at: usize) -> Option<Sheet> {
    let name = code::string_value(&code[toks[at].range.clone()])?;
    let (table, dtype) = crate::complete::column_named(&Known::new(view, code, toks), at, name)?;
    // A chain makes columns that no variable has.
    let facts = if table.is_empty() { Vec::new() } else { vec![("column of", table)] };
    Some(Sheet { title: format!("{name:?}: {dtype}"), facts, ..Sheet::default() })
}

fn of_variable(known: &Known<'_>, variable: &Variable) -> Sheet {
    let mut facts = Vec::new();
    facts.extend(variable.shape.clone().map(|shape| ("shape", shape)));
    // What a cell would make that has not run has none.
    facts.extend((variable.bytes > 0).then(|| ("size", size(variable.bytes))));
    facts.push(("cell", known.view.number(variable.cell).to_string()));
    facts.extend(variable.stale.clone().map(|why| ("stale", why)));
    let doc = Ty::parse(&variable.type_name).and_then(|ty| about_type(known, &ty)).unwrap_or_default();
    Sheet {
        title: format!("{}: {}", variable.name, variable.type_name),
        variable: Some(variable.name.clone()),
        facts,
        columns: variable.columns.clone(),
        doc,
        ..Sheet::default()
    }
}

/// The first words about a type.
fn about_type(known: &Known<'_>, ty: &Ty) -> Option<String> {
    let item = known.items_named(&ty.name).find(|item| item.kind == "type");
    if let Some(item) = item {
        return Some(user::doc(item));
    }
    let entry = known.types_named(&known.resolved(ty).name).into_iter().next()?;
    let doc = known.index()?.doc(entry.doc);
    let first = doc.split("\n\n").next().unwrap_or("");
    Some(format!("`{}`: {first}", entry.name)).filter(|_| !first.is_empty())
}

fn of_member(known: &Known<'_>, found: &Found, detail: Detail) -> Sheet {
    let doc = match &found.doc {
        Doc::Text(text) => text.clone(),
        Doc::Piece(range) => known.index().map(|index| index.doc(*range)).unwrap_or_default(),
    };
    Sheet {
        title: found.signature.clone(),
        facts: vec![("of", found.owner.clone())],
        doc,
        source: found.source.clone().filter(|_| detail == Detail::Full),
        ..Sheet::default()
    }
}

fn of_item(known: &Known<'_>, item: &UserItem<'_>, detail: Detail) -> Sheet {
    let mut facts = Vec::new();
    facts.extend(item.cell.map(|cell| ("cell", known.view.number(cell).to_string())));
    // A type is its fields.
    let whole = detail == Detail::Full || matches!(item.kind, "type" | "alias" | "const" | "use");
    Sheet {
        title: user::signature(item),
        facts,
        doc: user::doc(item),
        source: whole.then(|| item.text.to_owned()),
        ..Sheet::default()
    }
}

fn of_entry(known: &Known<'_>, entry: &Entry) -> Sheet {
    let title = match entry.kind {
        EntryKind::Module => format!("mod {}", entry.name),
        EntryKind::Primitive => entry.name.clone(),
        EntryKind::Macro if entry.declaration.is_empty() => format!("{}!", entry.name),
        _ => entry.declaration.clone(),
    };
    let doc = known.index().map(|index| index.doc(entry.doc)).unwrap_or_default();
    Sheet { title, doc, ..Sheet::default() }
}

#[cfg(test)]
mod tests;
