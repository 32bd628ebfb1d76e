//! After the death of a runtime: its values come back from disk, and what does not is named.

use super::journal::LiveEntry;
use crate::event::Event;
use crate::flow::{self, Slice};
use crate::items::Kind;
use crate::map::ExecutionId;
use crate::session::Session;
use ironbook_core::frame::{self, Kept, Reply, Request, Variable as Described, Wanted};
use ironbook_core::slots::result_number;
use std::collections::{BTreeMap, BTreeSet};

/// A variable that is not back.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// Its name.
    pub name: String,
    /// The execution that wrote it last.
    pub cell: ExecutionId,
    /// Why.
    pub why: String,
}

/// What became of the variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restored {
    /// Those that are back.
    pub back: Vec<String>,
    /// Those that are not.
    pub lost: Vec<Lost>,
    /// The executions that make those anew, in order.
    pub again: Vec<ExecutionId>,
}

impl Session {
    /// Tells a new runtime where to keep values.
    pub(crate) fn begin_keeping(&mut self) {
        let Some(durable) = &mut self.durable else { return };
        durable.taught.clear();
        // What the last runtime had begun.
        let live = &self.live;
        let used = |file: &str, number: u64| {
            let of = |name: &str, kept: &Kept| {
                kept.place().is_some_and(|place| {
                    place.number() == number && place.file(std::path::Path::new(""), name).to_str() == Some(file)
                })
            };
            live.iter().any(|(name, live)| of(name, &live.kept)) || durable.checkpoints.values().any(|c| c.has(&of))
        };
        durable.values.sweep(&used);
        let (directory, next, limits) = (durable.values.directory.clone(), durable.next, durable.limits);
        // A runtime that dies at once is told of by the next execution.
        drop(self.acknowledged(&Request::Keep { directory, next, limits }));
    }

    /// Reads the variables that were live into a runtime that has none; those that do not come back are forgotten.
    pub(crate) fn restore_values(&mut self, out: &mut dyn FnMut(Event)) -> Restored {
        // Results of cells go with their runtime, and nobody misses them by name.
        self.live.retain(|name, _| result_number(name).is_none());
        let mut lost: Vec<Lost> = Vec::new();
        let mut wanted = Vec::new();
        let Some(durable) = &self.durable else { return Restored::default() };
        for (name, live) in &self.live {
            match &live.kept {
                Kept::Here(place) => wanted.push(Wanted {
                    name: name.clone(),
                    place: *place,
                    directory: durable.values.directory.clone(),
                    execution: live.execution,
                }),
                Kept::Never(why) => lost.push(Lost { name: name.clone(), cell: live.execution, why: why.clone() }),
                Kept::Unknown | Kept::Failed => {
                    let why = "it had not been written to disk".to_owned();
                    lost.push(Lost { name: name.clone(), cell: live.execution, why });
                }
            }
        }
        let (back, failed) = self.read_back(wanted, out);
        for variable in &back {
            if let Some(live) = self.live.get_mut(&variable.name) {
                live.shape = variable.shape.clone();
                live.bytes = variable.bytes;
                live.columns = variable.columns.clone();
            }
        }
        for (name, why) in failed {
            let cell = self.live.get(&name).map_or(0, |live| live.execution);
            lost.push(Lost { name, cell, why });
        }
        let again = self.makers(&lost.iter().map(|lost| lost.name.clone()).collect());
        for gone in &lost {
            self.live.remove(&gone.name);
            self.graph.forget(&gone.name);
            self.lost.insert(gone.name.clone(), (gone.cell, "could not be restored"));
        }
        lost.sort_by(|a, b| a.name.cmp(&b.name));
        Restored { back: back.into_iter().map(|variable| variable.name).collect(), lost, again }
    }

    /// Asks the runtime for values; of types that it does not know it is told, and asked again.
    fn read_back(
        &mut self,
        wanted: Vec<Wanted>,
        out: &mut dyn FnMut(Event),
    ) -> (Vec<Described>, Vec<(String, String)>) {
        let (mut back, mut failed) = self.ask_for(wanted.clone());
        let unknown: BTreeSet<String> =
            failed.iter().filter(|(_, why)| why == frame::UNKNOWN_TYPE).map(|(name, _)| name.clone()).collect();
        if unknown.is_empty() {
            return (back, failed);
        }
        let type_of = |name: &String| self.live.get(name).map(|live| (live.type_name.clone(), name.clone()));
        let types: BTreeMap<String, String> = unknown.iter().filter_map(type_of).collect();
        for (type_name, name) in types {
            self.teach(&name, &type_name, out);
        }
        failed.retain(|(name, _)| !unknown.contains(name));
        let more = self.ask_for(wanted.into_iter().filter(|value| unknown.contains(&value.name)).collect());
        back.extend(more.0);
        failed.extend(more.1);
        (back, failed)
    }

    fn ask_for(&mut self, values: Vec<Wanted>) -> (Vec<Described>, Vec<(String, String)>) {
        let none = |values: Vec<Wanted>, why: &str| {
            (Vec::new(), values.into_iter().map(|value| (value.name, why.to_owned())).collect())
        };
        match self.runtime().map(|runtime| runtime.call(&Request::Restore { values: values.clone() })) {
            Ok(Ok(Reply::Restored { variables, failed })) => (variables, failed),
            Ok(_) => none(values, "the runtime ended while it read"),
            Err(failure) => none(values, &failure.message),
        }
    }

    /// What has run and was not taken back since.
    fn in_force(&self) -> Vec<flow::Record> {
        self.history.iter().filter(|record| !self.void.contains(&record.id)).cloned().collect()
    }

    /// The executions that make variables anew, as they were last, in order.
    pub(crate) fn makers(&self, names: &BTreeSet<String>) -> Vec<ExecutionId> {
        let current = |name: &str| self.graph.version(name);
        flow::slice(&self.in_force(), names, &current).executions
    }

    /// The executions that bring variables up to date: those named, or all that are out of date.
    pub fn outdated_by(&self, names: Option<&BTreeSet<String>>) -> Slice {
        let stale: BTreeSet<String> =
            self.live.keys().filter(|name| self.graph.stale(name, &|id| id).is_some()).cloned().collect();
        let wanted = match names {
            Some(names) => stale.intersection(names).cloned().collect(),
            None => stale,
        };
        let current = |name: &str| self.graph.version(name);
        let mut slice = flow::refresh(&self.in_force(), &wanted, &current);
        slice.names = wanted;
        slice
    }

    /// The executions that make anew what was lost and is not there since.
    pub fn lost_makers(&self) -> Slice {
        let names: BTreeSet<String> = self.lost.keys().filter(|name| !self.live.contains_key(*name)).cloned().collect();
        let executions = self.makers(&names);
        Slice { names, executions }
    }

    /// Puts in words what was restored after a death.
    pub(crate) fn tell_restored(&self, restored: &Restored, out: &mut dyn FnMut(Event)) {
        let Restored { back, lost, again } = restored;
        if !back.is_empty() {
            let count = back.len();
            let names = if count <= 8 { format!(": {}", quoted(back)) } else { String::new() };
            out(Event::Note(format!(
                "restored from disk: {count} variable{}{names}",
                if count == 1 { "" } else { "s" }
            )));
        }
        let statics = self.items.iter().filter(|item| item.key.kind == Kind::Static);
        let statics: Vec<String> = statics.map(|item| item.key.name.clone()).collect();
        if !statics.is_empty() {
            out(Event::Note(format!("statics start anew: {}", quoted(&statics))));
        }
        if lost.is_empty() {
            return;
        }
        let list: Vec<String> =
            lost.iter().map(|lost| format!("`{}` (cell {}): {}", lost.name, self.shown(lost.cell), lost.why)).collect();
        let cells: BTreeSet<u64> = again.iter().map(|id| self.shown(*id)).collect();
        let cells: Vec<String> = cells.iter().map(u64::to_string).collect();
        let (plural, them) = if lost.len() == 1 { ("", "it") } else { ("s", "them") };
        let remedy = match cells.as_slice() {
            [] => String::new(),
            [one] => format!("\n`%rerun --lost` runs cell {one}, which makes {them} anew"),
            cells => format!("\n`%rerun --lost` runs cells {}, which make {them} anew", cells.join(", ")),
        };
        out(Event::Note(format!("variable{plural} lost with the runtime: {}{remedy}", list.join("; "))));
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The variables of a checkpoint, or of a journal, as live ones.
pub(super) fn live_of(entries: impl IntoIterator<Item = LiveEntry>) -> BTreeMap<String, crate::session::Live> {
    entries.into_iter().map(|entry| (entry.name.clone(), entry.live())).collect()
}
