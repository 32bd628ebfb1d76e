//! The law of `tests/corpus/README.md` over random sessions, whose every value is known.

use super::language::{Function, Key, RunId, State, Statement, Trace, Value};
use crate::session_file::Promoted;
use std::collections::{BTreeMap, BTreeSet};

/// What promotion has to answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A pipeline of these cells.
    Promotes(Promoted),
    /// No pipeline; each of these reasons holds.
    Refuses(BTreeSet<&'static str>),
}

/// A run that compiled, or tried to.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number, from 1.
    pub id: RunId,
    /// Its cell.
    pub cell: String,
    /// Its text.
    pub text: String,
    /// What the text says.
    pub statements: Vec<Statement>,
    /// Whether it came to its end.
    pub ok: bool,
    /// What it read, and which run had left that.
    pub read: BTreeMap<Key, RunId>,
    /// What it made or changed.
    pub wrote: BTreeSet<Key>,
    /// Functions that it called, as they were in force.
    pub called: BTreeMap<String, Function>,
    /// Functions that it defined.
    pub defined: BTreeSet<String>,
    /// What each of its statements read and wrote.
    parts: Vec<(BTreeSet<Key>, BTreeSet<Key>)>,
    /// The variables that it touched as they were in its end, those behind handles with what these point to.
    left: BTreeMap<String, (Value, Option<usize>)>,
    /// Whether it touched shared handles, and which run had done so before.
    shared: Option<RunId>,
}

impl Run {
    /// The variables by which a cell can say what it left.
    fn names_of(&self, key: &Key) -> Vec<String> {
        match key {
            Key::Var(name) => vec![name.clone()],
            Key::Heap(at) => {
                self.left.iter().filter(|(_, left)| left.1 == Some(*at)).map(|(name, _)| name.clone()).collect()
            }
        }
    }
}

/// Everything that has happened, and the page.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Whether entries have no identities: each is a cell of its own, and the record is the page.
    pub terminal: bool,
    /// The memory.
    pub state: State,
    /// All runs.
    pub runs: Vec<Run>,
    /// Which run left what is there now.
    versions: BTreeMap<Key, RunId>,
    /// The last run that touched a shared handle.
    touched: RunId,
    /// The cells as they stand on the page.
    pub page: BTreeMap<String, Vec<Statement>>,
}

impl Session {
    /// Runs a cell as it stands on the page; whether it came to its end.
    pub fn run(&mut self, cell: &str) -> bool {
        let statements = self.page[cell].clone();
        let id = self.runs.len() + 1;
        let trace = self.state.run(&statements, id).ok();
        let ok = trace.as_ref().is_some_and(|trace| !trace.panicked);
        let mut run = Run {
            id,
            cell: cell.to_owned(),
            text: super::language::text(&statements),
            statements,
            ok,
            read: BTreeMap::new(),
            wrote: BTreeSet::new(),
            called: BTreeMap::new(),
            defined: BTreeSet::new(),
            parts: Vec::new(),
            left: BTreeMap::new(),
            shared: None,
        };
        if let Some(trace) = trace {
            self.take_over(&mut run, trace);
        }
        self.runs.push(run);
        ok
    }

    fn take_over(&mut self, run: &mut Run, trace: Trace) {
        let id = run.id;
        run.read = trace.read.iter().filter_map(|key| Some((key.clone(), *self.versions.get(key)?))).collect();
        run.called = trace
            .called
            .iter()
            .filter_map(|name| Some((name.clone(), self.state.functions.get(name)?.clone())))
            .collect();
        run.defined = trace.defined;
        run.parts = trace.statements;
        if trace.shared {
            run.shared = Some(self.touched);
            self.touched = id;
        }
        for key in trace.read.iter().chain(&trace.wrote) {
            let Key::Var(name) = key else { continue };
            if let Some(value) = self.state.values.get(name) {
                let at = if let Value::Shared(at) = value { Some(*at) } else { None };
                let deep = at.map_or_else(|| value.clone(), |at| Value::Int(self.state.heap[at]));
                run.left.insert(name.clone(), (deep, at));
            }
        }
        self.versions.extend(trace.wrote.iter().map(|key| (key.clone(), id)));
        run.wrote = trace.wrote;
    }

    /// Deletes a cell.
    pub fn delete(&mut self, cell: &str) {
        self.page.remove(cell);
    }

    fn at(&self, id: RunId) -> &Run {
        &self.runs[id - 1]
    }

    /// The newest run of a cell that came to its end.
    fn newest(&self, cell: &str) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.ok && run.cell == cell)
    }

    fn page_text(&self, cell: &str) -> Option<String> {
        self.page.get(cell).map(|statements| super::language::text(statements))
    }

    /// All runs that the targets need, by what they read.
    fn needed(&self, targets: &[String], reads: &dyn Fn(&Run) -> Vec<RunId>) -> BTreeSet<RunId> {
        let mut open: Vec<RunId> =
            targets.iter().filter_map(|name| self.versions.get(&Key::Var(name.clone())).copied()).collect();
        let mut needed = BTreeSet::new();
        while let Some(id) = open.pop() {
            if needed.insert(id) {
                open.extend(reads(self.at(id)));
            }
        }
        needed
    }

    /// What the law says of these targets, which are live variables that can be kept.
    pub fn judge(&self, targets: &[String]) -> Expected {
        let needed = self.needed(targets, &|run| run.read.values().copied().collect());
        let mut reasons: BTreeSet<&'static str> = BTreeSet::new();
        for id in &needed {
            reasons.extend(self.against_run(*id, &needed, targets));
            if !self.terminal {
                reasons.extend(self.against_items(*id));
            }
        }
        let cells: BTreeSet<&String> = needed.iter().map(|id| &self.at(*id).cell).collect();
        reasons.extend(cells.into_iter().filter_map(|cell| self.against_page(cell, &needed)));
        if !reasons.is_empty() {
            return Expected::Refuses(reasons);
        }
        let mut order: Vec<RunId> = Vec::new();
        for id in &needed {
            if !order.iter().any(|other| self.at(*other).cell == self.at(*id).cell) {
                order.push(*id);
            }
        }
        if self.replayed(&order, targets) {
            return Expected::Promotes(self.promoted(&order, targets));
        }
        let shared = needed.iter().any(|id| self.at(*id).shared.is_some());
        assert!(shared, "the law promotes what does not reproduce: {targets:?}\n{}", self.shown());
        Expected::Refuses(BTreeSet::from(["alias"]))
    }

    /// Rule 4, and runs that failed.
    fn against_run(&self, id: RunId, needed: &BTreeSet<RunId>, targets: &[String]) -> Option<&'static str> {
        let run = self.at(id);
        if !run.ok {
            return Some("failed");
        }
        let newest = self.newest(&run.cell)?;
        if newest.id == id || newest.text == run.text && self.left_the_same(run, newest, needed, targets) {
            return None;
        }
        let later = || needed.range(id + 1..).map(|other| self.at(*other)).filter(|other| other.cell == run.cell);
        if later().any(|other| other.read.values().any(|from| *from == id)) {
            return Some("ran-twice");
        }
        Some(if later().any(|other| self.comes_from(other.id, id)) { "order" } else { "stale-read" })
    }

    /// Whether two runs of a cell left the same in all that is needed of any run of the cell.
    fn left_the_same(&self, old: &Run, new: &Run, needed: &BTreeSet<RunId>, targets: &[String]) -> bool {
        let wanted = targets.iter().map(|name| Key::Var(name.clone()));
        let wanted = wanted.filter_map(|key| self.versions.get(&key).map(|from| (key.clone(), *from)));
        let read = needed.iter().flat_map(|id| self.at(*id).read.iter().map(|(key, from)| (key.clone(), *from)));
        read.chain(wanted).filter(|(_, from)| self.at(*from).cell == old.cell).all(|(key, from)| {
            self.at(from).names_of(&key).iter().all(|name| match (old.left.get(name), new.left.get(name)) {
                (Some((old, _)), Some((new, _))) => old == new,
                _ => false,
            })
        })
    }

    /// Whether a run came from what another one left, by any number of steps.
    fn comes_from(&self, id: RunId, older: RunId) -> bool {
        let mut open = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if at == older {
                return true;
            }
            if seen.insert(at) {
                open.extend(self.at(at).read.values());
            }
        }
        false
    }

    /// Rule 5.
    fn against_page(&self, cell: &str, needed: &BTreeSet<RunId>) -> Option<&'static str> {
        let Some(text) = self.page_text(cell) else { return Some("maker-gone") };
        let last = needed.iter().rev().map(|id| self.at(*id)).find(|run| run.cell == cell)?;
        let newest = self.newest(cell).is_some_and(|newest| newest.text == text);
        (text != last.text && !newest).then_some("edited")
    }

    /// The newest run that defined a function.
    fn definer(&self, name: &str) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.defined.contains(name))
    }

    /// Rule 6.
    fn against_items(&self, id: RunId) -> BTreeSet<&'static str> {
        let mut reasons = BTreeSet::new();
        for (name, used) in &self.at(id).called {
            let Some(newest) = self.definer(name) else { continue };
            if newest.text != self.at(used.by).text {
                reasons.insert("stale-read");
            }
            match self.page_text(&newest.cell) {
                None => drop(reasons.insert("maker-gone")),
                Some(text) if text != newest.text => drop(reasons.insert("edited")),
                Some(_) => {}
            }
        }
        reasons
    }

    /// Whether the slice gives the targets: each cell once, plain values along the edges, shared ones as they are.
    fn replayed(&self, order: &[RunId], targets: &[String]) -> bool {
        let mut left: BTreeMap<(String, String), Value> = BTreeMap::new();
        let mut heap: Vec<i64> = Vec::new();
        for id in order {
            let run = self.at(*id);
            let mut state = State { heap, functions: run.called.clone(), ..State::default() };
            for (key, from) in &run.read {
                let Key::Var(name) = key else { continue };
                let Some(value) = left.get(&(self.at(*from).cell.clone(), name.clone())) else { return false };
                state.values.insert(name.clone(), value.clone());
            }
            let kept: Vec<Statement> =
                run.statements.iter().filter(|s| !matches!(s, Statement::Print { .. })).cloned().collect();
            if state.run(&kept, *id).is_err() {
                return false;
            }
            left.extend(state.values.into_iter().map(|(name, value)| ((run.cell.clone(), name), value)));
            heap = state.heap;
        }
        targets.iter().all(|name| {
            let Some(by) = self.versions.get(&Key::Var(name.clone())) else { return false };
            left.get(&(self.at(*by).cell.clone(), name.clone())) == self.state.values.get(name)
        })
    }

    /// The cells that are needed when unneeded statements are left out of needed cells, in the order of their runs.
    fn finest(&self, targets: &[String]) -> Vec<String> {
        // A statement: its run, and its place there.
        let last = |id: RunId, key: &Key, before: usize| {
            let part = self.at(id).parts[..before].iter().rposition(|(_, wrote)| wrote.contains(key))?;
            Some((id, part))
        };
        let left = |id: RunId, key: &Key| last(id, key, self.at(id).parts.len());
        let keys = targets.iter().map(|name| Key::Var(name.clone()));
        let mut open: Vec<(RunId, usize)> = keys.filter_map(|key| left(*self.versions.get(&key)?, &key)).collect();
        let mut needed: BTreeSet<(RunId, usize)> = BTreeSet::new();
        while let Some((id, at)) = open.pop() {
            if needed.insert((id, at)) {
                let run = self.at(id);
                let from = |key: &Key| last(id, key, at).or_else(|| left(*run.read.get(key)?, key));
                open.extend(run.parts[at].0.iter().filter_map(from));
            }
        }
        let mut cells: Vec<String> = Vec::new();
        for (id, _) in needed {
            if !cells.contains(&self.at(id).cell) {
                cells.push(self.at(id).cell.clone());
            }
        }
        cells
    }

    fn promoted(&self, order: &[RunId], targets: &[String]) -> Promoted {
        let stages: Vec<String> = order.iter().map(|id| self.at(*id).cell.clone()).collect();
        let finest = self.finest(targets);
        let mut outside: BTreeSet<String> = BTreeSet::new();
        for run in order.iter().map(|id| self.at(*id)) {
            for (name, used) in &run.called {
                let definer = if self.terminal { Some(self.at(used.by)) } else { self.definer(name) };
                outside.extend(definer.map(|definer| definer.cell.clone()));
            }
            if run.left.values().any(|(value, _)| matches!(value, Value::Point(..))) {
                outside.insert("0".to_owned());
            }
        }
        // Whoever knows no more than that handles share takes every run that touched one for a change.
        let coarse =
            self.needed(targets, &|run| run.read.values().copied().chain(run.shared).filter(|id| *id > 0).collect());
        let may: BTreeSet<&String> =
            coarse.iter().map(|id| &self.at(*id).cell).filter(|c| !stages.contains(*c)).collect();
        let ran: BTreeSet<&String> = self.runs.iter().map(|run| &run.cell).collect();
        let taken = |cell: &String| stages.contains(cell) || outside.contains(cell) || may.contains(cell);
        Promoted {
            dropped: ran.into_iter().filter(|cell| !taken(cell)).cloned().collect(),
            may_stay: may.into_iter().chain(stages.iter().filter(|cell| !finest.contains(cell))).cloned().collect(),
            outside: outside.into_iter().collect(),
            whole: stages,
            stages: finest,
            ..Promoted::default()
        }
    }

    /// All runs, for messages.
    pub fn shown(&self) -> String {
        let line =
            |run: &Run| format!("{} cell {} {}: {}\n", run.id, run.cell, if run.ok { "" } else { "failed" }, run.text);
        self.runs.iter().map(line).collect()
    }
}
