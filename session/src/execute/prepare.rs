//! A cell taken apart, with the items that are in force once it has run.

use crate::items::Definition;
use crate::items::{self, Items, Key, Kind as ItemKind};
use crate::map::ExecutionId;
use crate::parse::{self, Cell, Kind};
use crate::session::Session;
use crate::source::Source;
use crate::text::{Edit, RustText};
use std::collections::BTreeSet;

/// A parsed cell with the items in force once it has run.
pub(crate) struct Prepared {
    pub(crate) execution: ExecutionId,
    pub(crate) text: RustText,
    pub(crate) cell: Cell,
    pub(crate) items: Items,
    pub(crate) own: Vec<Key>,
    /// Whether files or variables that items read at compile time have changed.
    pub(crate) reread: bool,
    /// Live variables whose type is no longer the one of that name.
    pub(crate) outdated: BTreeSet<String>,
    /// Live variables whose name the cell gives to a function, constant or static.
    pub(crate) hidden: BTreeSet<String>,
}

impl Prepared {
    /// Whether an older variable goes with this cell before its statements run.
    pub(crate) fn dropped(&self, name: &str) -> bool {
        self.outdated.contains(name) || self.hidden.contains(name)
    }
}

impl Session {
    pub(crate) fn prepare(&self, source: &Source, execution: ExecutionId) -> Result<Prepared, syn::Error> {
        let text = RustText::new(source, execution);
        // Macros of the cell itself can define items too: parse once for them, if there are any.
        let mut cell = parse::parse(&text.text, &|name| self.items.macro_defines_items(name))?;
        let mut includes = Vec::new();
        if let Ok(tokens) = text.text.parse() {
            parse::includes(tokens, self.directory(), &mut includes);
        }
        let mut defined = definitions(&cell, &text, execution, &includes);
        let mut items = self.items.clone();
        items.define(defined.clone());
        if defined.iter().any(|d| d.key.kind == ItemKind::Macro) {
            cell = parse::parse(&text.text, &|name| items.macro_defines_items(name))?;
            defined = definitions(&cell, &text, execution, &includes);
            items = self.items.clone();
            items.define(defined.clone());
        }
        for statement in &mut cell.statements {
            if let Kind::Let { names, .. } = &mut statement.kind {
                names.retain(|name| !name.starts_with(char::is_uppercase) || !items.in_patterns(name));
            }
            let inside = |edit: &&Edit| statement.range.contains(&edit.at);
            statement.edits.extend(includes.iter().filter(inside).cloned());
        }
        let own: Vec<Key> = defined.iter().map(|d| d.key.clone()).collect();
        let values =
            own.iter().filter(|key| matches!(key.kind, ItemKind::Function | ItemKind::Const | ItemKind::Static));
        let hidden = values.map(|key| key.name.clone()).filter(|name| self.live.contains_key(name)).collect();
        let reread = items.read_again(&|name| self.compiler.variable(name));
        let outdated = if own.is_empty() && !reread { BTreeSet::new() } else { self.outdated(&items) };
        Ok(Prepared { execution, text, cell, items, own, outdated, hidden, reread })
    }

    /// A source without the items of which there are newer ones; nothing if there are none such.
    pub(crate) fn without_outdated(&self, source: &Source, id: ExecutionId) -> Option<Source> {
        let text = RustText::new(source, id);
        let cell = parse::parse(&text.text, &|name| self.items.macro_defines_items(name)).ok()?;
        let newer = |key: &Key| self.items.iter().any(|d| d.key == *key && d.execution > id);
        let outdated = |(item, range): &&(syn::Item, std::ops::Range<usize>)| {
            items::definitions(item, range.clone(), &text, id, &[]).iter().any(|d| newer(&d.key))
        };
        let ranges: Vec<_> = cell.items.iter().filter(outdated).map(|(_, range)| range.clone()).collect();
        let last = ranges.last()?.end;
        let mut rest = String::new();
        let mut at = 0;
        for range in ranges {
            rest.push_str(&text.text[at..range.start]);
            // Lines keep their numbers.
            rest.extend(text.text[range.clone()].chars().filter(|c| *c == '\n'));
            at = range.end;
        }
        rest.push_str(&text.text[last..]);
        Some(Source::plain(rest))
    }

    /// Variables whose type has a home that the new items no longer have.
    pub(crate) fn outdated(&self, items: &Items) -> BTreeSet<String> {
        let now = items.homes();
        let gone: BTreeSet<String> = self.items.homes().difference(&now).cloned().collect();
        let calls_changed = !self.items.calls().is_subset(&items.calls());
        let old = |type_name: &str| {
            gone.iter().any(|home| type_name.contains(&format!("::{home}::")))
                || calls_changed && items::made_by_macro(type_name)
        };
        self.live.iter().filter(|(_, live)| old(&live.type_name)).map(|(name, _)| name.clone()).collect()
    }
}

fn definitions(cell: &Cell, text: &RustText, execution: ExecutionId, includes: &[Edit]) -> Vec<Definition> {
    cell.items
        .iter()
        .flat_map(|(item, range)| items::definitions(item, range.clone(), text, execution, includes))
        .collect()
}

/// The variable that a cell is nothing but (`df` or `&df`), which needs no compiler.
pub(crate) fn bare_variable(prepared: &Prepared) -> Option<String> {
    let [statement] = prepared.cell.statements.as_slice() else { return None };
    let text = prepared.text.text.get(statement.range.clone())?;
    let name = text.strip_prefix('&').unwrap_or(text).trim();
    let single = statement.mentions.len() == 1 && statement.mentions.contains(name);
    (matches!(statement.kind, Kind::Tail { .. }) && single && prepared.own.is_empty()).then(|| name.to_owned())
}
