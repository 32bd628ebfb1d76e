//! The executions of a session, taken apart, with the items that were in force at each.

use crate::page::Page;
use crate::place;
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use ironbook_session::explored::{Explored, Past};
use ironbook_session::items::{Items, Key};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// All that is known of what ran.
pub(crate) struct History<'a> {
    /// The session.
    pub explored: &'a Explored,
    /// The page, where it is known.
    pub page: Option<&'a Page>,
    /// The project, in which stages run.
    pub project: PathBuf,
    units: BTreeMap<ExecutionId, Unit<'a>>,
    items: BTreeMap<ExecutionId, Items>,
    writers: BTreeMap<&'a str, Vec<ExecutionId>>,
}

impl<'a> History<'a> {
    /// Takes all executions apart.
    pub fn new(explored: &'a Explored, page: Option<&'a Page>) -> History<'a> {
        let (mut units, mut at, mut writers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::<&str, Vec<_>>::new());
        let mut items = Items::default();
        for past in &explored.executions {
            if let Some(unit) = Unit::new(past, &items, page) {
                if !past.flow.defined.is_empty() && !past.void {
                    items.define(unit.definitions());
                }
                at.insert(past.id, items.clone());
                units.insert(past.id, unit);
            }
            if !past.void {
                past.flow.wrote.keys().for_each(|name| writers.entry(name).or_default().push(past.id));
            }
        }
        History { explored, page, project: place::project(explored), units, items: at, writers }
    }

    /// An execution, taken apart.
    pub fn unit(&self, id: ExecutionId) -> Option<&Unit<'a>> {
        self.units.get(&id)
    }

    /// The executions that parse, oldest first.
    pub fn units(&self) -> impl DoubleEndedIterator<Item = &Unit<'a>> {
        self.units.values()
    }

    /// The last execution before another one that wrote a variable.
    pub fn writer(&self, name: &str, before: ExecutionId) -> Option<ExecutionId> {
        let all = self.writers.get(name)?;
        all[..all.partition_point(|id| *id < before)].last().copied()
    }

    /// Items in force while an execution ran.
    pub fn items_at(&self, id: ExecutionId) -> Option<&Items> {
        self.items.get(&id)
    }

    /// Items that identifiers reach at an execution, with the execution that defined each.
    pub fn reached(&self, id: ExecutionId, idents: &BTreeSet<String>) -> Vec<(Key, ExecutionId)> {
        let reached = self.items_at(id).map(|items| items.reach(idents)).unwrap_or_default();
        reached.into_iter().map(|definition| (definition.key.clone(), definition.execution)).collect()
    }

    /// The executions of the run of a cell that an execution belongs to: a cell with magics can be several.
    pub fn run_of(&self, id: ExecutionId) -> Vec<&'a Past> {
        let Some(past) = self.past(id) else { return Vec::new() };
        let same = |other: &&Past| other.number == past.number && other.cell == past.cell && other.void == past.void;
        self.explored.executions.iter().filter(same).collect()
    }

    /// The newest run of a cell all of which went well.
    pub fn newest_run(&self, cell: &str) -> Vec<&'a Past> {
        let of_cell = |past: &&Past| past.cell.as_deref() == Some(cell) && !past.void;
        let mut numbers: Vec<u64> = self.explored.executions.iter().filter(of_cell).map(|past| past.number).collect();
        numbers.dedup();
        let run = |number: u64| self.explored.executions.iter().filter(of_cell).filter(move |p| p.number == number);
        numbers
            .into_iter()
            .rev()
            .find(|number| run(*number).all(|past| past.ok))
            .map(|number| run(number).collect())
            .unwrap_or_default()
    }

    /// The newest run of a cell, however it went.
    pub fn last_run(&self, cell: &str) -> Option<&'a Past> {
        self.explored.executions.iter().rev().find(|past| past.cell.as_deref() == Some(cell) && !past.void)
    }

    /// An execution as it is recorded.
    pub fn past(&self, id: ExecutionId) -> Option<&'a Past> {
        let all = &self.explored.executions;
        all.binary_search_by_key(&id, |past| past.id).ok().map(|at| &all[at])
    }

    /// The session's seed at an execution, where one was set: who set it, and the statement.
    pub fn seed_at(&self, id: ExecutionId) -> Option<(ExecutionId, &str)> {
        let sets = |statement: &&crate::statements::Statement| {
            statement.calls.contains("set") && statement.idents.contains("seed")
        };
        self.units.range(..id).rev().filter(|(_, unit)| unit.past.ok && !unit.past.void).find_map(|(of, unit)| {
            let statement = unit.statements.iter().rev().find(sets)?;
            Some((*of, &unit.text.text[statement.range.clone()]))
        })
    }

    /// The number that the user sees at an execution's cell.
    pub fn number(&self, id: ExecutionId) -> u64 {
        self.past(id).map_or(id, |past| past.number)
    }
}
