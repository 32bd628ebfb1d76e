//! Data flow: what each execution read, wrote, moved and defined, and which variables are out of date.

use crate::map::ExecutionId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What one execution did to the session's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Older variables it read, with their types.
    pub read: BTreeMap<String, String>,
    /// Variables it made or changed, with their types.
    pub wrote: BTreeMap<String, String>,
    /// Older variables it consumed.
    pub moved: BTreeSet<String>,
    /// Those of them that it may have changed before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub spent: BTreeSet<String>,
    /// Items it defined (`struct Foo`, `fn bar`, `use x::y`).
    pub defined: BTreeSet<String>,
}

/// An execution in the session's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub id: ExecutionId,
    /// The front end's identity of the cell, if it has one (a notebook cell id).
    pub cell: Option<String>,
    /// The cell's text.
    pub text: String,
    /// Whether it ran to its end.
    pub ok: bool,
    /// What it did.
    pub flow: Flow,
    /// Seconds, source in to result out.
    pub seconds: f64,
}

/// Which execution last wrote each variable, and from which versions of others.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    versions: BTreeMap<String, Version>,
}

#[derive(Clone, Debug, Default)]
struct Version {
    execution: ExecutionId,
    inputs: BTreeMap<String, ExecutionId>,
    /// Values with shared interior mutability: touching one counts as writing all of its group.
    group: Option<ExecutionId>,
}

impl Graph {
    /// Names that share mutable state with `name`, itself among them; empty when it has none.
    pub fn aliases(&self, name: &str) -> BTreeSet<String> {
        let group = self.versions.get(name).and_then(|v| v.group);
        let members = self.versions.iter().filter(|(_, v)| group.is_some() && v.group == group);
        members.map(|(name, _)| name.clone()).collect()
    }

    /// Records an execution. `shared` tells of a type whether its values share mutable state.
    pub fn record(&mut self, execution: ExecutionId, flow: &Flow, shared: &dyn Fn(&str) -> bool) {
        let touched: BTreeSet<&String> = flow.read.keys().chain(flow.wrote.keys()).chain(&flow.moved).collect();
        let version_of = |name: &&String| self.versions.get(*name).map(|v| ((*name).clone(), v.execution));
        let inputs: BTreeMap<String, ExecutionId> = touched.iter().filter_map(version_of).collect();
        let groups: BTreeSet<ExecutionId> = touched.iter().filter_map(|n| self.versions.get(*n)?.group).collect();
        for (name, type_name) in &flow.wrote {
            let old = self.versions.remove(name).unwrap_or_default();
            let mut version = Version { execution, inputs: old.inputs, group: None };
            version.inputs.extend(inputs.clone());
            version.inputs.remove(name);
            version.group = shared(type_name).then(|| groups.first().copied().unwrap_or(execution));
            self.versions.insert(name.clone(), version);
        }
        self.join(&groups);
        for name in &flow.moved {
            self.versions.remove(name);
        }
    }

    fn join(&mut self, groups: &BTreeSet<ExecutionId>) {
        let Some(first) = groups.first().copied() else { return };
        for version in self.versions.values_mut().filter(|v| v.group.is_some_and(|g| groups.contains(&g))) {
            version.group = Some(first);
        }
    }

    /// The execution that wrote a variable last.
    pub fn version(&self, name: &str) -> Option<ExecutionId> {
        self.versions.get(name).map(|version| version.execution)
    }

    /// Forgets a variable.
    pub fn forget(&mut self, name: &str) {
        self.versions.remove(name);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.versions.clear();
    }

    /// Why a variable is out of date: it was made from an older value of another one, or of one that is out of date.
    ///
    /// `shown` gives the number that the user sees at an execution's cell.
    pub fn stale(&self, name: &str, shown: &dyn Fn(ExecutionId) -> u64) -> Option<String> {
        self.stale_below(name, shown, &mut BTreeSet::new())
    }

    fn stale_below(
        &self,
        name: &str,
        shown: &dyn Fn(ExecutionId) -> u64,
        seen: &mut BTreeSet<String>,
    ) -> Option<String> {
        if !seen.insert(name.to_owned()) {
            return None;
        }
        let version = self.versions.get(name)?;
        for (input, at) in &version.inputs {
            match self.versions.get(input) {
                Some(now) if now.execution > *at && now.execution != version.execution => {
                    let shared = now.group.is_some() && now.group == version.group;
                    if !shared {
                        return Some(format!(
                            "made from an older `{input}` (changed by cell {})",
                            shown(now.execution)
                        ));
                    }
                }
                _ => {}
            }
        }
        version.inputs.keys().find_map(|input| {
            self.stale_below(input, shown, seen).map(|_| format!("made from `{input}`, which is out of date"))
        })
    }
}

/// Executions that are to run again, in order, and the variables for which they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// What they are for.
    pub names: BTreeSet<String>,
    /// The executions, oldest first.
    pub executions: Vec<ExecutionId>,
}

/// Who wrote what, in order.
struct Writers<'a> {
    records: BTreeMap<ExecutionId, &'a Record>,
    of: BTreeMap<&'a str, Vec<ExecutionId>>,
}

impl<'a> Writers<'a> {
    fn new(history: &'a [Record]) -> Writers<'a> {
        let mut of: BTreeMap<&str, Vec<ExecutionId>> = BTreeMap::new();
        for record in history {
            record.flow.wrote.keys().for_each(|name| of.entry(name).or_default().push(record.id));
        }
        Writers { records: history.iter().map(|record| (record.id, record)).collect(), of }
    }

    fn all(&self, name: &str) -> &[ExecutionId] {
        self.of.get(name).map_or(&[], Vec::as_slice)
    }

    /// The last execution before another one that wrote a variable.
    fn before(&self, name: &str, id: ExecutionId) -> Option<&'a Record> {
        let all = self.all(name);
        let last = all[..all.partition_point(|writer| *writer < id)].last()?;
        self.record(*last)
    }

    fn record(&self, id: ExecutionId) -> Option<&'a Record> {
        self.records.get(&id).copied()
    }

    /// The later executions that wrote a variable.
    fn after(&self, name: &str, id: ExecutionId) -> &[ExecutionId] {
        let all = self.all(name);
        &all[all.partition_point(|writer| *writer <= id)..]
    }
}

/// The executions that make variables anew as they were last, given the variables that are there (`current`: the
/// execution that wrote a variable last).
///
/// A value that an execution needs and that is there as it was then is used. One that is there but has changed since is
/// made anew too, with everything that changed it: so that no change is made twice, and all end as they were.
pub fn slice(history: &[Record], names: &BTreeSet<String>, current: &dyn Fn(&str) -> Option<ExecutionId>) -> Slice {
    let writers = Writers::new(history);
    let there = |name: &str| current(name).filter(|_| !names.contains(name));
    let last = |name: &String| writers.before(name, ExecutionId::MAX).map(|record| record.id);
    let mut open: Vec<ExecutionId> = names.iter().filter_map(last).collect();
    let mut needed: BTreeSet<ExecutionId> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !needed.insert(id) {
            continue;
        }
        let Some(record) = writers.record(id) else { continue };
        for input in record.flow.read.keys().chain(&record.flow.moved) {
            let Some(maker) = writers.before(input, id) else { continue };
            if there(input) != Some(maker.id) {
                open.push(maker.id);
            }
        }
        // What it changes besides ends as it was only if all that changed it later runs again, too.
        for other in record.flow.wrote.keys().filter(|other| there(other).is_some()) {
            open.extend_from_slice(writers.after(other, id));
        }
    }
    Slice { names: names.clone(), executions: needed.into_iter().collect() }
}

/// The executions that bring variables up to date with what they were made from, in an order in which each comes after
/// those that change what it reads.
pub fn refresh(history: &[Record], names: &BTreeSet<String>, current: &dyn Fn(&str) -> Option<ExecutionId>) -> Slice {
    let writers = Writers::new(history);
    let mut open: Vec<ExecutionId> = Vec::new();
    for name in names {
        let mut before = ExecutionId::MAX;
        // From its last change back to the execution that made it from other things alone.
        while let Some(maker) = writers.before(name, before) {
            open.push(maker.id);
            before = maker.id;
            if !maker.flow.read.contains_key(name) {
                break;
            }
        }
    }
    let mut needed: BTreeSet<ExecutionId> = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !needed.insert(id) {
            continue;
        }
        let Some(record) = writers.record(id) else { continue };
        // What is not there any more is made anew before.
        for input in record.flow.read.keys().chain(&record.flow.moved).filter(|input| current(input).is_none()) {
            open.extend(slice(history, &BTreeSet::from([input.clone()]), current).executions);
        }
        // What it changes besides is changed again as it was changed later.
        for other in record.flow.wrote.keys().filter(|other| current(other).is_some()) {
            open.extend_from_slice(writers.after(other, id));
        }
    }
    Slice { names: names.clone(), executions: in_order(&writers, needed) }
}

/// Each execution after those that write what it reads; those that write one variable as they did before.
fn in_order(writers: &Writers<'_>, needed: BTreeSet<ExecutionId>) -> Vec<ExecutionId> {
    // Those that write a variable stand in a row; whoever only reads it comes after the last of them.
    let mut rows: BTreeMap<&str, Vec<ExecutionId>> = BTreeMap::new();
    for record in needed.iter().filter_map(|id| writers.record(*id)) {
        record.flow.wrote.keys().for_each(|name| rows.entry(name).or_default().push(record.id));
    }
    let mut waits: BTreeMap<ExecutionId, BTreeSet<ExecutionId>> = BTreeMap::new();
    for pair in rows.values().flat_map(|row| row.windows(2)) {
        waits.entry(pair[1]).or_default().insert(pair[0]);
    }
    for record in needed.iter().filter_map(|id| writers.record(*id)) {
        let only_read = record.flow.read.keys().filter(|name| !record.flow.wrote.contains_key(*name));
        for last in only_read.filter_map(|name| rows.get(name.as_str())?.last()) {
            waits.entry(record.id).or_default().insert(*last);
        }
    }
    let mut feeds: BTreeMap<ExecutionId, Vec<ExecutionId>> = BTreeMap::new();
    for (id, on) in &waits {
        on.iter().for_each(|other| feeds.entry(*other).or_default().push(*id));
    }
    let (mut left, mut order) = (needed, Vec::new());
    let mut ready: BTreeSet<ExecutionId> = left.iter().copied().filter(|id| !waits.contains_key(id)).collect();
    // Two that feed each other run as they did.
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        if !left.remove(&next) {
            continue;
        }
        order.push(next);
        for fed in feeds.get(&next).into_iter().flatten() {
            if let Some(on) = waits.get_mut(fed) {
                on.remove(&next);
                if on.is_empty() {
                    ready.insert(*fed);
                }
            }
        }
    }
    order
}

/// Whether values of a type share mutable state with their clones or with what was built from them.
///
/// Interior mutability behind a reference count, and candle's variables and what is built over them.
pub fn is_shared(type_name: &str) -> bool {
    let counted = ["alloc::rc::Rc<", "alloc::sync::Arc<"].iter().any(|rc| type_name.contains(rc));
    let inner = ["cell::RefCell<", "cell::Cell<", "Mutex<", "RwLock<", "sync::atomic::", "OnceCell<", "OnceLock<"];
    let candle = ["candle_core::variable::Var", "candle_nn::"];
    counted && inner.iter().any(|cell| type_name.contains(cell)) || candle.iter().any(|owner| type_name.contains(owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(read: &[&str], wrote: &[&str]) -> Flow {
        let typed = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), "i32".to_owned())).collect();
        Flow { read: typed(read), wrote: typed(wrote), ..Flow::default() }
    }

    #[test]
    fn what_was_made_from_an_older_value_is_stale() {
        let mut graph = Graph::default();
        graph.record(1, &flow(&[], &["df"]), &|_| false);
        graph.record(2, &flow(&["df"], &["model"]), &|_| false);
        graph.record(3, &flow(&["model"], &["score"]), &|_| false);
        assert_eq!(graph.stale("score", &|id| id), None);
        graph.record(4, &flow(&[], &["df"]), &|_| false);
        assert!(graph.stale("model", &|id| id).is_some_and(|why| why.contains("older `df`")));
        assert!(graph.stale("score", &|id| id).is_some_and(|why| why.contains("`model`")));
        assert_eq!(graph.stale("df", &|id| id), None);
        graph.record(5, &flow(&["df"], &["model"]), &|_| false);
        assert_eq!(graph.stale("model", &|id| id), None);
        assert!(graph.stale("score", &|id| id).is_some());
    }

    fn record(id: ExecutionId, read: &[&str], wrote: &[&str]) -> Record {
        Record { id, cell: None, text: String::new(), ok: true, flow: flow(read, wrote), seconds: 0.0 }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_lost_is_made_anew_and_all_else_ends_as_it_was() {
        // 1: a; 2: n from a; 3: a again; 4: w; 5: n2 from w; 6: w is changed.
        let history = [
            record(1, &[], &["a"]),
            record(2, &["a"], &["n"]),
            record(3, &[], &["a"]),
            record(4, &[], &["w"]),
            record(5, &["w"], &["n2"]),
            record(6, &["w"], &["w"]),
        ];
        let current = |name: &str| match name {
            "a" => Some(3),
            "w" => Some(6),
            _ => None,
        };
        assert_eq!(slice(&history, &set(&["n", "n2"]), &current).executions, [1, 2, 3, 4, 5, 6]);
        let unchanged = |name: &str| if name == "a" { Some(1) } else { None };
        assert_eq!(slice(&history[..2], &set(&["n"]), &unchanged).executions, [2], "the input is there as it was");
    }

    #[test]
    fn what_is_out_of_date_is_made_from_what_is_there_now() {
        // 1: a, log; 2: b from a, changes log; 3: c from b, changes log; 4: a again.
        let history = [
            record(1, &[], &["a", "log"]),
            record(2, &["a", "log"], &["b", "log"]),
            record(3, &["b", "log"], &["c", "log"]),
            record(4, &[], &["a"]),
        ];
        let current = |name: &str| match name {
            "a" => Some(4),
            "b" => Some(2),
            _ => Some(3),
        };
        assert_eq!(refresh(&history, &set(&["b", "c", "log"]), &current).executions, [1, 4, 2, 3]);
        // 1: p from base, and acc; 2: acc is changed.
        let history = [record(1, &["base"], &["p", "acc"]), record(2, &["acc"], &["acc"])];
        let current = |name: &str| if name == "acc" { Some(2) } else { Some(1) };
        assert_eq!(refresh(&history, &set(&["p"]), &current).executions, [1, 2]);
    }

    #[test]
    fn what_shares_state_forms_a_group() {
        let mut graph = Graph::default();
        let shared = |_: &str| true;
        graph.record(1, &flow(&[], &["vars"]), &shared);
        graph.record(2, &flow(&["vars"], &["layer"]), &shared);
        graph.record(3, &flow(&[], &["other"]), &shared);
        assert_eq!(graph.aliases("layer"), BTreeSet::from(["layer".to_owned(), "vars".to_owned()]));
        assert_eq!(graph.aliases("other"), BTreeSet::from(["other".to_owned()]));
        assert!(is_shared("alloc::rc::Rc<core::cell::RefCell<i32>>"));
        assert!(!is_shared("alloc::rc::Rc<alloc::string::String>"));
    }
}
