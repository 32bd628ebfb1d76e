//! The items that a slice needs, and the files that the session's functions read.

use super::Checks;
use crate::data::{self, Literal};
use crate::place;
use crate::refusal::{Reason, Refusal};
use crate::slice::Slice;
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use ironbook_session::items::{Definition, Key, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

impl Checks<'_, '_> {
    /// The items that the slice needs; each has to be today's, but in a terminal, where the record is the page.
    pub(super) fn items(&mut self, slice: &mut Slice) -> BTreeMap<Key, ExecutionId> {
        let mut out: BTreeMap<Key, ExecutionId> = BTreeMap::new();
        let mut texts: BTreeMap<Key, String> = BTreeMap::new();
        let (mut told, mut notes) = (BTreeSet::new(), BTreeSet::new());
        for id in slice.taken.keys() {
            let idents = self.idents(slice, *id);
            let terminal = self.history.past(*id).is_some_and(|past| past.cell.is_none());
            for (key, at) in self.history.reached(*id, &idents) {
                let now = self.history.explored.items.iter().find(|d| d.key == key);
                let then = self.history.items_at(*id).and_then(|items| items.iter().find(|d| d.key == key));
                let Some(then) = then else { continue };
                let same = now.is_some_and(|now| now.text == then.text);
                let other = texts.get(&key).is_some_and(|text| *text != then.text);
                if key.kind == Kind::Use || same || terminal && !other {
                    if !same && key.kind != Kind::Use {
                        notes.insert(format!(
                            "cell {} used `{}` as it was then; it was defined anew later",
                            self.history.number(*id),
                            key.name
                        ));
                    }
                    let newest = if same { now.map_or(at, |d| d.execution) } else { at };
                    texts.insert(key.clone(), then.text.clone());
                    if key.kind != Kind::Use && told.insert(key.clone()) {
                        self.refusals.extend(self.item_on_page(slice, *id, &key, newest));
                    }
                    out.insert(key, newest);
                } else if told.insert(key.clone()) {
                    self.refusals.push(self.outdated_item(slice, *id, &key, now));
                }
            }
        }
        slice.notes.extend(notes);
        out
    }

    /// Whether the cell of an item is on the page as it ran.
    pub(super) fn item_on_page(
        &self,
        slice: &Slice,
        reader: ExecutionId,
        key: &Key,
        id: ExecutionId,
    ) -> Option<Refusal> {
        let unit = self.history.unit(id)?;
        let cell = unit.past.cell.as_deref()?;
        self.on_page(slice, unit, cell, Some(&(reader, key.name.clone())))
    }

    pub(super) fn outdated_item(&self, slice: &Slice, id: ExecutionId, key: &Key, now: Option<&Definition>) -> Refusal {
        let (number, word) = (self.history.number(id), key.kind.word());
        let name = key.name.as_str();
        let (words, remedy) = match now {
            Some(now) => (
                format!(
                    "cell {number} ran with an older `{word} {name}`; cell {} has defined it anew since",
                    self.history.number(now.execution)
                ),
                format!("run cell {number} again with the new `{name}`, then what depends on it (`%rerun --stale`)"),
            ),
            None => (
                format!("cell {number} uses `{word} {name}`, which is gone"),
                format!("define `{name}` again, and run cell {number} again"),
            ),
        };
        let refusal = Refusal::new(Reason::StaleRead, words, remedy);
        match self.history.unit(id) {
            Some(unit) => refusal.at(self.mention(slice, unit, name)),
            None => refusal,
        }
    }

    /// Files that the session's functions read.
    pub(super) fn files_of_items(&mut self, slice: &mut Slice, items: &BTreeMap<Key, ExecutionId>) {
        let declared = |id: &ExecutionId| self.history.unit(*id).is_some_and(|unit| !unit.marks.data.is_empty());
        for (key, of) in items.iter().filter(|(key, _)| matches!(key.kind, Kind::Function | Kind::Impl | Kind::Module))
        {
            let Some(unit) = self.history.unit(*of) else { continue };
            let Some((_, range)) = unit.items.iter().find(|(item, range)| {
                let own = ironbook_session::items::definitions(item, range.clone(), &unit.text, *of, &[]);
                own.iter().any(|definition| definition.key == *key)
            }) else {
                continue;
            };
            let (literals, opaque) = data::literals(&unit.text.text, range.clone());
            for call in opaque {
                if slice.taken.keys().any(declared) || declared(of) {
                    continue;
                }
                self.refusals.push(
                    Refusal::new(
                        Reason::File,
                        format!("`{}` in `{}` reads a file whose path is computed", call.reader, key.name),
                        "read it in a cell, by a path in quotes, or declare it (`// data: NAME=PATH` above the statement)",
                    )
                    .at(unit.place(call.range.start)),
                );
            }
            let reach: Vec<ExecutionId> = slice
                .taken
                .keys()
                .filter(|id| self.history.reached(**id, &self.idents(slice, **id)).iter().any(|(k, _)| k == key))
                .copied()
                .collect();
            for literal in literals.into_iter().filter(|literal| literal.read) {
                if let Some(refusal) = self.called_elsewhere(unit, &literal, &reach) {
                    self.refusals.push(refusal);
                    continue;
                }
                // The path stays in the code, and counts from the project.
                let full = self.history.project.join(&literal.path);
                let known = slice.data.iter().find(|file| place::is_same(&file.path, &full));
                let known = known.map(|file| file.name.clone());
                let taken = |name: &str| slice.data.iter().any(|file| file.name == name);
                let name = known.clone().unwrap_or_else(|| data::name_for(&literal.path, &taken));
                if known.is_none() {
                    match data::file(name.clone(), &literal.path, full, &|| unit.place(literal.range.start)) {
                        Ok(file) => slice.data.push(file),
                        Err(refusal) => {
                            self.refusals.push(refusal);
                            continue;
                        }
                    }
                }
                for id in &reach {
                    if let Some(taken) = slice.taken.get_mut(id) {
                        taken.declared_files.insert(name.clone());
                    }
                }
            }
        }
    }

    /// A function's own path counts from where it is called, and a stage calls it in the project.
    fn called_elsewhere(&self, unit: &Unit<'_>, literal: &Literal, callers: &[ExecutionId]) -> Option<Refusal> {
        if Path::new(&literal.path).is_absolute() {
            return None;
        }
        let past = callers.iter().filter_map(|id| self.history.past(*id));
        let away = past.into_iter().find(|past| !place::is_same(&past.directory, &self.history.project))?;
        let refusal = Refusal::new(
            Reason::File,
            format!(
                "cell {} called what reads `{}` in {}, and stages run in {}",
                away.number,
                literal.path,
                away.directory.display(),
                self.history.project.display()
            ),
            "read the file in a cell, by its path in quotes, or call the function in the project's directory (`%cd`)",
        );
        Some(refusal.at(unit.place(literal.range.start)))
    }
}
