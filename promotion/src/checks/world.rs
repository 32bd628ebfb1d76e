//! What makes a value depend on more than its inputs.

use super::Checks;
use crate::refusal::{Place, Reason, Refusal};
use crate::slice::Slice;
use crate::unit::Unit;
use crate::watch::{self, Sighting};
use ironbook_session::explored::Past;
use ironbook_session::items::{Definition, Key, Kind};
use ironbook_session::{ExecutionId, Part};
use std::collections::{BTreeMap, BTreeSet};

impl Checks<'_, '_> {
    /// Lines of needed cells that change what is around the session.
    pub(super) fn surroundings(&mut self, slice: &Slice) {
        let mut seen = BTreeSet::new();
        for id in slice.taken.keys() {
            let Some(unit) = self.history.unit(*id) else { continue };
            if !seen.insert(unit.past.number) {
                continue;
            }
            for (line, text) in unit.past.source.text.lines().enumerate() {
                let trimmed = text.trim_start();
                let word = trimmed.split_whitespace().next().unwrap_or("");
                let (what, remedy) = match word {
                    "%cd" => (
                        "changes the working directory",
                        "put `%cd` into a cell of its own and run both, or write the whole path in quotes",
                    ),
                    "%env" | "%set_env" => {
                        ("sets an environment variable", "make it a parameter (`let name = \"..\"; // param`)")
                    }
                    "%sh" | "%bash" | "%%sh" | "%%bash" | "%system" => {
                        ("runs a shell", "put it into a cell of its own")
                    }
                    _ if trimmed.starts_with('!') && self.is_shell(*id, line) => {
                        ("runs a shell", "put it into a cell of its own")
                    }
                    _ => continue,
                };
                let place = Place { cell: unit.past.number, line: line + 1, text: text.to_owned() };
                let words = format!("cell {} {what}, which no stage does", unit.past.number);
                let remedy = format!("{remedy}, or --allow environment");
                self.refusals.push(Refusal::new(Reason::Environment, words, remedy).at(place));
            }
        }
    }

    /// Whether a line of a cell that begins with `!` is one for the shell, and no Rust.
    pub(super) fn is_shell(&self, id: ExecutionId, line: usize) -> bool {
        let in_rust = |past: &Past| {
            past.source.parts.iter().any(|part| match part {
                Part::User(range) => {
                    let own = &past.source.text[range.clone()];
                    let start = range.start + own.len() - own.trim_start().len();
                    let first = past.source.text[..start].matches('\n').count();
                    let last = past.source.text[..range.end].trim_end().matches('\n').count();
                    (first..=last).contains(&line)
                }
                Part::Lowered { .. } => false,
            })
        };
        !self.history.run_of(id).into_iter().any(in_rust)
    }

    /// What a run may not give again.
    pub(super) fn watched(&mut self, slice: &Slice, items: &BTreeMap<Key, ExecutionId>) {
        let imported: BTreeSet<String> =
            items.keys().filter(|key| key.kind == Kind::Use).map(|key| key.name.clone()).collect();
        for (id, taken) in &slice.taken {
            let Some(unit) = self.history.unit(*id) else { continue };
            for at in &taken.kept {
                let range = unit.statements[*at].range.clone();
                for seen in watch::sightings(&unit.text.text[range.clone()], range.start, &imported) {
                    self.sighted(unit, &seen);
                }
            }
            self.thread_locals(slice, unit, *id);
        }
        for (key, id) in items {
            let Some(unit) = self.history.unit(*id) else { continue };
            self.item(slice, unit, key, &imported);
        }
    }

    pub(super) fn item(&mut self, slice: &Slice, unit: &Unit<'_>, key: &Key, imported: &BTreeSet<String>) {
        let definitions = unit.definitions();
        let Some(definition) = definitions.iter().find(|d| d.key == *key) else { return };
        if let Some((of, mutable)) = &definition.static_type
            && (*mutable || holds_state(of))
        {
            let refusal = Refusal::new(
                Reason::Statics,
                format!("the value depends on the static `{}`, which cells change behind the data flow", key.name),
                format!("make `{}` a variable and pass it as an argument, or --allow statics", key.name),
            );
            let own = || unit.place(self.start_of(unit, definition));
            let place = self.reaching(slice, key).filter(|_| !mutable).unwrap_or_else(own);
            self.refusals.push(refusal.at(place));
        }
        if matches!(key.kind, Kind::Function | Kind::Impl | Kind::Trait | Kind::Module | Kind::Const | Kind::Static) {
            let start = self.start_of(unit, definition);
            for seen in watch::sightings(&definition.text, 0, imported) {
                let what = definition.text.get(seen.range.clone()).unwrap_or("");
                let found = unit.text.text[start..].find(what).map_or(start, |at| start + at);
                self.sighted(unit, &Sighting { range: found..found + what.len(), ..seen });
            }
        }
    }

    /// The first statement that reaches an item.
    pub(super) fn reaching(&self, slice: &Slice, key: &Key) -> Option<Place> {
        for (id, taken) in &slice.taken {
            let unit = self.history.unit(*id)?;
            for at in &taken.kept {
                let statement = &unit.statements[*at];
                if self.history.reached(*id, &statement.idents).iter().any(|(other, _)| other == key) {
                    return Some(unit.place(statement.range.start));
                }
            }
        }
        None
    }

    pub(super) fn start_of(&self, unit: &Unit<'_>, definition: &Definition) -> usize {
        let name = definition.key.name.rsplit("::").next().unwrap_or("");
        let own = unit.items.iter().find(|(_, range)| {
            let text = &unit.text.text[range.clone()];
            text.contains(&definition.text) || text.contains(name)
        });
        own.map_or(0, |(_, range)| range.start)
    }

    /// `thread_local!`s that a cell names.
    pub(super) fn thread_locals(&mut self, slice: &Slice, unit: &Unit<'_>, id: ExecutionId) {
        let idents = self.idents(slice, id);
        let Some(items) = self.history.items_at(id) else { return };
        let reached = items.reach(&idents);
        let mut known = idents.clone();
        known.extend(reached.iter().filter(|d| d.key.kind != Kind::Other).flat_map(|d| d.idents.iter().cloned()));
        for definition in reached.iter().filter(|d| d.text.starts_with("thread_local")) {
            let names = definition.text.split("static ").skip(1).filter_map(|rest| rest.split([':', ' ']).next());
            if let Some(name) = names.into_iter().find(|name| known.contains(*name)) {
                self.refusals.push(
                    Refusal::new(
                        Reason::Statics,
                        format!("the value depends on the thread-local `{name}`"),
                        format!("make `{name}` a variable and pass it as an argument, or --allow statics"),
                    )
                    .at(self.mention(slice, unit, name)),
                );
            }
        }
    }

    pub(super) fn sighted(&mut self, unit: &Unit<'_>, seen: &Sighting) {
        if seen.reason == Reason::File && !unit.marks.data.is_empty() {
            return;
        }
        let name = unit.past.flow.wrote.keys().next().map_or("value", String::as_str);
        let words = match seen.reason {
            Reason::Clock => format!("`{}` gives another time at each run", seen.what),
            Reason::Random => format!("`{}` draws without a seed", seen.what),
            Reason::Environment => format!("`{}` depends on where the pipeline runs", seen.what),
            _ => format!("`{}` reads a file that is not declared", seen.what),
        };
        let place = unit.place(seen.range.start);
        let remedy = match place.text.contains("seed") {
            true => format!("give a number as the seed (`let seed = 42;`), or --allow {}", seen.reason.name()),
            false => watch::remedy(seen, name),
        };
        let refusal = Refusal::new(seen.reason, words, remedy).at(place);
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }
}

/// Whether a static of a type can hold what cells have put there.
fn holds_state(type_name: &str) -> bool {
    let words = ["Atomic", "Mutex", "RwLock", "RefCell", "Cell", "OnceLock", "OnceCell", "DashMap"];
    type_name.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| {
        word != "LazyCell" && words.iter().any(|state| word == *state || *state == "Atomic" && word.starts_with(state))
    })
}
