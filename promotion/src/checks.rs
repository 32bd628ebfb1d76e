//! Whether what a slice takes is what the session shows: no hidden state.

mod items;
mod repeats;
mod world;

use crate::history::History;
use crate::refusal::{Place, Reason, Refusal};
use crate::slice::{From, Slice};
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use std::collections::{BTreeMap, BTreeSet};

/// Looks at everything that a slice takes; finds the items that it needs.
pub(crate) fn check(history: &History<'_>, slice: &mut Slice) -> Vec<Refusal> {
    let mut checks = Checks { history, refusals: Vec::new(), same: BTreeMap::new() };
    let readers = readers(history, slice);
    let params: Vec<ExecutionId> = slice.params.values().map(|(id, _)| *id).collect();
    let all: BTreeSet<ExecutionId> =
        slice.taken.keys().copied().chain(params).chain(slice.seeds.iter().copied()).collect();
    for id in &all {
        checks.newest(slice, *id, readers.get(id));
    }
    if checks.refusals.is_empty() {
        checks.join_repeats(slice);
    }
    checks.replaced(slice);
    let items = checks.items(slice);
    checks.files_of_items(slice, &items);
    checks.surroundings(slice);
    checks.watched(slice, &items);
    slice.items = items;
    checks.refusals
}

/// Of each execution, one that reads what it made.
fn readers(history: &History<'_>, slice: &Slice) -> BTreeMap<ExecutionId, (ExecutionId, String)> {
    let mut out = BTreeMap::new();
    for (id, taken) in &slice.taken {
        if let Some((setter, _)) = history.seed_at(*id) {
            // The last of them is the likeliest to draw from it.
            out.insert(setter, (*id, "seed".to_owned()));
        }
        for (name, from) in &taken.inputs {
            let maker = match from {
                From::Made(maker) => *maker,
                From::Param => match slice.params.get(name) {
                    Some((maker, _)) => *maker,
                    None => continue,
                },
            };
            out.entry(maker).or_insert((*id, name.clone()));
        }
    }
    out
}

struct Checks<'h, 'a> {
    history: &'h History<'a>,
    refusals: Vec<Refusal>,
    same: BTreeMap<(ExecutionId, ExecutionId), bool>,
}

impl Checks<'_, '_> {
    /// An execution has to be the newest of its cell, or one that the newest has only repeated.
    pub(super) fn newest(&mut self, slice: &Slice, id: ExecutionId, reader: Option<&(ExecutionId, String)>) {
        let history = self.history;
        let (Some(unit), Some(cell)) = (history.unit(id), history.past(id).and_then(|past| past.cell.as_deref()))
        else {
            return;
        };
        if let Some(refusal) = self.on_page(slice, unit, cell, reader) {
            self.refusals.push(refusal);
            return;
        }
        let newest = history.newest_run(cell);
        let number = unit.past.number;
        if let Some(first) = newest.first().filter(|newest| newest.number > number) {
            let at = history.run_of(id).iter().position(|past| past.id == id).unwrap_or(0);
            let twin = newest.get(at).map(|past| past.id);
            let unchanged = first.source.text == unit.past.source.text;
            if unchanged && twin.is_some_and(|twin| self.repeats(slice, id, twin)) {
                return;
            }
            let refusal = self.outdated(slice, unit, cell, (first.number, unchanged), reader);
            self.refusals.push(refusal);
            return;
        }
        // It was edited, run, and failed.
        if let Some(last) = history.last_run(cell).filter(|last| last.number > number && !last.ok)
            && last.source.text != unit.past.source.text
        {
            self.refusals.push(
                Refusal::new(
                    Reason::Edited,
                    format!("cell {number} was edited since, and its newest run ({}) failed", last.number),
                    "mend the cell and run it again, then what depends on it",
                )
                .at(unit.place(0)),
            );
        }
    }

    pub(super) fn outdated(
        &self,
        slice: &Slice,
        unit: &Unit<'_>,
        cell: &str,
        (newest, unchanged): (u64, bool),
        reader: Option<&(ExecutionId, String)>,
    ) -> Refusal {
        let number = unit.past.number;
        let of_cell =
            |id: &&ExecutionId| self.history.past(**id).is_some_and(|past| past.cell.as_deref() == Some(cell));
        let later: Vec<ExecutionId> =
            slice.taken.keys().filter(|id| **id > unit.id()).filter(of_cell).copied().collect();
        let direct = later.iter().find_map(|id| {
            let from = |(_, from): &(&String, &From)| **from == From::Made(unit.id());
            slice.taken.get(id)?.inputs.iter().find(from).map(|(name, _)| (*id, name.clone()))
        });
        if let Some((id, name)) = direct {
            let refusal = Refusal::new(
                Reason::RanTwice,
                format!(
                    "the cell of run {number} ran again as {}, and each run changed `{name}`",
                    self.history.number(id)
                ),
                match self.maker(&name, unit.id()) {
                    Some(maker) => format!(
                        "run cell {} again, which makes `{name}`, then this one once",
                        self.history.number(maker)
                    ),
                    None => format!("make `{name}` in another cell than the one that reads it"),
                },
            );
            return match self.history.unit(id) {
                Some(again) => refusal.at(self.mention(slice, again, &name)),
                None => refusal,
            };
        }
        let (place, what) = match reader.and_then(|(id, name)| Some((self.history.unit(*id)?, name))) {
            Some((reader, name)) => (
                self.mention(slice, reader, name),
                format!("cell {} was run with an older `{name}`", reader.past.number),
            ),
            None => (unit.place(0), format!("the target is from run {number} of a cell")),
        };
        if later.iter().any(|id| self.comes_from(slice, *id, unit.id())) {
            return Refusal::new(
                Reason::Order,
                format!("{what}; the cell of run {number} ran again as {newest} on what had been made of that: no order of the cells gives this"),
                "put what is made in turns into one cell, or give each step a name of its own",
            )
            .at(place);
        }
        let how = if unchanged { "on other values" } else { "with another text" };
        Refusal::new(
            Reason::StaleRead,
            format!("{what}: the cell that made it as run {number} has run again since as {newest}, {how}"),
            match reader {
                Some((_, name)) => {
                    format!(
                        "run cell {} again with the new `{name}`, then what depends on it (`%rerun --stale`)",
                        place.cell
                    )
                }
                None => format!("run cell {} and what depends on it again (`%rerun --stale`)", place.cell),
            },
        )
        .at(place)
    }

    /// The execution that made a variable from other things alone, before another one.
    pub(super) fn maker(&self, name: &str, before: ExecutionId) -> Option<ExecutionId> {
        let mut found = self.history.writer(name, before)?;
        while self.history.past(found).is_some_and(|past| past.flow.read.contains_key(name)) {
            found = self.history.writer(name, found)?;
        }
        Some(found)
    }

    /// Whether an execution needs another one, directly or through others.
    pub(super) fn comes_from(&self, slice: &Slice, id: ExecutionId, other: ExecutionId) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(next) = open.pop() {
            for from in slice.taken.get(&next).into_iter().flat_map(|taken| taken.inputs.values()) {
                if let From::Made(maker) = from
                    && seen.insert(*maker)
                {
                    open.push(*maker);
                }
            }
        }
        seen.contains(&other)
    }

    /// The place where a name is read.
    pub(super) fn mention(&self, slice: &Slice, reader: &Unit<'_>, name: &str) -> Place {
        let kept = slice.taken.get(&reader.id()).map(|taken| taken.kept.as_slice()).unwrap_or_default();
        let statement = kept.iter().map(|at| &reader.statements[*at]).find(|s| s.mentions.contains(name));
        let first = kept.first().map_or(0, |at| reader.statements[*at].range.start);
        let at = statement.map_or(first, |statement| {
            let own = &reader.text.text[statement.range.clone()];
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let alone = |at: &usize| !own[..*at].ends_with(word) && !own[at + name.len()..].starts_with(word);
            let found = own.match_indices(name).map(|(at, _)| at).find(alone).unwrap_or(0);
            statement.range.start + found
        });
        reader.place(at)
    }

    /// Whether the page still has the cell as it ran.
    pub(super) fn on_page(
        &self,
        slice: &Slice,
        unit: &Unit<'_>,
        cell: &str,
        reader: Option<&(ExecutionId, String)>,
    ) -> Option<Refusal> {
        let page = self.history.page?;
        let number = unit.past.number;
        let words = match page.cell(cell) {
            None => {
                let made = unit.past.flow.wrote.keys().map(|name| format!("`{name}`"));
                let names: Vec<String> = match reader {
                    Some((_, name)) => vec![format!("`{name}`")],
                    None => made.collect(),
                };
                let names = names.join(", ");
                let place = match reader.and_then(|(id, name)| Some((self.history.unit(*id)?, name))) {
                    Some((reader, name)) => self.mention(slice, reader, name),
                    None => unit.place(0),
                };
                return Some(
                    Refusal::new(
                        Reason::MakerGone,
                        format!("the cell that made {names} (run {number}) is no longer on the page"),
                        format!(
                            "put the cell that makes {names} back and run it, or make it in another one and run what depends on it"
                        ),
                    )
                    .at(place),
                );
            }
            // A run with this text may be a newer one.
            Some(on_page) if on_page.text.trim_end() == unit.past.source.text.trim_end() => return None,
            Some(on_page) => {
                let ran = self.history.newest_run(cell);
                if ran.first().is_some_and(|past| past.source.text.trim_end() == on_page.text.trim_end()) {
                    return None;
                }
                format!("cell {number} has been edited since it ran")
            }
        };
        let remedy = format!("run cell {number} and what depends on it again, or undo the edit");
        Some(Refusal::new(Reason::Edited, words, remedy).at(unit.place(0)))
    }

    /// In a session without pages the record is the page; a word tells that a value was replaced afterwards.
    pub(super) fn replaced(&self, slice: &mut Slice) {
        let mut notes = Vec::new();
        for (id, taken) in &slice.taken {
            let Some(past) = self.history.past(*id).filter(|past| past.cell.is_none()) else { continue };
            for name in taken.inputs.keys() {
                let Some(writer) = self.history.writer(name, *id) else { continue };
                let later = self.history.writer(name, ExecutionId::MAX).filter(|last| *last > *id);
                let Some(last) = later.and_then(|last| self.history.past(last)) else { continue };
                if !last.flow.read.contains_key(name) && !slice.taken.contains_key(&last.id) {
                    notes.push(format!(
                        "cell {} used `{name}` of cell {}; cell {} replaced it later",
                        past.number,
                        self.history.number(writer),
                        last.number
                    ));
                }
            }
        }
        slice.notes.extend(notes);
    }

    pub(super) fn idents(&self, slice: &Slice, id: ExecutionId) -> BTreeSet<String> {
        let (Some(unit), Some(taken)) = (self.history.unit(id), slice.taken.get(&id)) else { return BTreeSet::new() };
        let mut idents: BTreeSet<String> =
            taken.kept.iter().flat_map(|at| unit.statements[*at].idents.iter().cloned()).collect();
        // The types of what goes in and out stand in the stage's signature.
        let types = unit.past.flow.read.iter().filter(|(name, _)| taken.inputs.contains_key(*name));
        let types = types.chain(unit.past.flow.wrote.iter().filter(|(name, _)| taken.outputs.contains(*name)));
        for (_, type_name) in types {
            idents.extend(type_name.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned));
        }
        idents
    }
}
