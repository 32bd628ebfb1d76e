//! From executions to stages: what has to stay together is joined, the rest is apart.

use crate::history::History;
use crate::slice::{From, Slice};
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use ironbook_session::flow::is_shared;
use std::collections::{BTreeMap, BTreeSet};

/// A value that goes from one stage to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The variable.
    pub name: String,
    /// Position of the stage that makes it.
    pub from: usize,
    /// Its type, as `std::any::type_name` prints it.
    pub type_name: String,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// Its name, which is that of its function.
    pub name: String,
    /// Whether it decides instead of making something.
    pub is_gate: bool,
    /// Numbers of its cells.
    pub cells: Vec<u64>,
    /// Its executions, in order.
    pub executions: Vec<ExecutionId>,
    /// What it takes of other stages.
    pub inputs: Vec<Edge>,
    /// What it makes for other stages, or as a target: names and types.
    pub outputs: Vec<(String, String)>,
    /// Parameters that it reads.
    pub params: Vec<String>,
    /// Files that it reads.
    pub data: Vec<String>,
    /// Hash of its function and of the items that it reaches.
    pub code: String,
    /// Seconds after which it has failed.
    pub timeout_s: Option<f64>,
    /// How often it is tried again.
    pub retries: u32,
    /// Largest memory of its process, in MiB.
    pub memory_mb: Option<u64>,
}

/// Joins what has to stay together, and names what comes out.
pub(crate) fn stages(history: &History<'_>, slice: &Slice, gates: &BTreeSet<ExecutionId>) -> Vec<Stage> {
    let mut joined = Joined { history, slice, of: slice.taken.keys().map(|id| (*id, *id)).collect() };
    joined.join_cells();
    joined.join_edges();
    loop {
        let before = joined.of.clone();
        joined.join_versions();
        joined.join_cycles();
        if joined.of == before {
            break;
        }
    }
    build(history, slice, gates, &joined)
}

struct Joined<'h, 'a> {
    history: &'h History<'a>,
    slice: &'h Slice,
    /// The first execution of the stage that each is in.
    of: BTreeMap<ExecutionId, ExecutionId>,
}

impl Joined<'_, '_> {
    fn join(&mut self, one: ExecutionId, other: ExecutionId) {
        let (Some(a), Some(b)) = (self.of.get(&one).copied(), self.of.get(&other).copied()) else { return };
        let (to, from) = (a.min(b), a.max(b));
        self.of.values_mut().filter(|root| **root == from).for_each(|root| *root = to);
    }

    fn stage(&self, id: ExecutionId) -> ExecutionId {
        self.of.get(&id).copied().unwrap_or(id)
    }

    fn members(&self, root: ExecutionId) -> Vec<ExecutionId> {
        self.of.iter().filter(|(_, of)| **of == root).map(|(id, _)| *id).collect()
    }

    /// Edges between executions: who made what, for whom.
    fn edges(&self) -> Vec<(ExecutionId, String, ExecutionId)> {
        let of = |(id, taken): (&ExecutionId, &crate::slice::Taken)| {
            let id = *id;
            let made = |(name, from): (&String, &From)| match from {
                From::Made(maker) => Some((*maker, name.clone(), id)),
                From::Param => None,
            };
            taken.inputs.iter().filter_map(made).collect::<Vec<_>>()
        };
        self.slice.taken.iter().flat_map(of).collect()
    }

    /// A cell that is several executions is one thing.
    fn join_cells(&mut self) {
        let mut first: BTreeMap<(u64, Option<&str>), ExecutionId> = BTreeMap::new();
        let ids: Vec<ExecutionId> = self.of.keys().copied().collect();
        for id in ids {
            let Some(past) = self.history.past(id) else { continue };
            let other = *first.entry((past.number, past.cell.as_deref())).or_insert(id);
            self.join(other, id);
        }
    }

    /// Values that cannot be written, that share their state, and files on their way.
    fn join_edges(&mut self) {
        for (maker, name, reader) in self.edges() {
            let type_name = self.history.past(maker).and_then(|past| past.flow.wrote.get(&name).cloned());
            if type_name.is_none_or(|of| !self.can_be_written(&of)) {
                self.join(maker, reader);
            }
        }
        let after: Vec<(ExecutionId, ExecutionId)> = self
            .slice
            .taken
            .iter()
            .flat_map(|(id, taken)| taken.after.iter().map(move |other| (*other, *id)))
            .collect();
        after.into_iter().for_each(|(one, other)| self.join(one, other));
    }

    fn can_be_written(&self, type_name: &str) -> bool {
        !is_shared(type_name) && self.history.explored.keepable.get(type_name).is_some_and(Result::is_ok)
    }

    /// A stage leaves its variables as they are at its end, and knows one value of each name.
    fn join_versions(&mut self) {
        for (maker, name, reader) in self.edges() {
            let (from, to) = (self.stage(maker), self.stage(reader));
            if from == to {
                continue;
            }
            let changes = |id: &ExecutionId| {
                self.history
                    .past(*id)
                    .is_some_and(|past| past.flow.wrote.contains_key(&name) || past.flow.moved.contains(&name))
                    && self.slice.taken.get(id).is_some_and(|taken| self.uses(*id, taken, &name))
            };
            let overwritten = self.members(from).iter().any(|id| *id > maker && changes(id));
            let bound_before = self.members(to).iter().any(|id| *id < reader && changes(id));
            let other_version = self.members(to).iter().any(|id| {
                let inputs = self.slice.taken.get(id).map(|taken| &taken.inputs);
                let from = inputs.and_then(|inputs| inputs.get(&name));
                matches!(from, Some(From::Made(other)) if *other != maker && self.stage(*other) != to)
            });
            if overwritten || bound_before || other_version {
                self.join(maker, reader);
            }
        }
    }

    /// Whether what is taken of an execution touches a name.
    fn uses(&self, id: ExecutionId, taken: &crate::slice::Taken, name: &str) -> bool {
        let Some(unit) = self.history.unit(id) else { return false };
        taken.kept.iter().map(|at| &unit.statements[*at]).any(|statement| {
            statement.binds.contains(name) || statement.assigns.contains(name) || statement.mentions.contains(name)
        })
    }

    /// Stages that need each other are one.
    fn join_cycles(&mut self) {
        let mut needs: BTreeMap<ExecutionId, BTreeSet<ExecutionId>> = BTreeMap::new();
        for (maker, _, reader) in self.edges() {
            let (from, to) = (self.stage(maker), self.stage(reader));
            if from != to {
                needs.entry(to).or_default().insert(from);
            }
        }
        let reach = |start: ExecutionId| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
            while let Some(next) = open.pop() {
                for other in needs.get(&next).into_iter().flatten() {
                    if seen.insert(*other) {
                        open.push(*other);
                    }
                }
            }
            seen
        };
        let all: Vec<(ExecutionId, BTreeSet<ExecutionId>)> = needs.keys().map(|id| (*id, reach(*id))).collect();
        for (id, reached) in &all {
            for other in reached.iter().filter(|other| *other != id) {
                if all.iter().any(|(one, back)| one == other && back.contains(id)) {
                    self.join(*id, *other);
                }
            }
        }
    }
}

fn build(history: &History<'_>, slice: &Slice, gates: &BTreeSet<ExecutionId>, joined: &Joined<'_, '_>) -> Vec<Stage> {
    let order = order(joined);
    let position: BTreeMap<ExecutionId, usize> = order.iter().enumerate().map(|(at, root)| (*root, at)).collect();
    let mut out: Vec<Stage> = Vec::new();
    let mut names = BTreeSet::new();
    for root in &order {
        let members = joined.members(*root);
        let mut stage = Stage { executions: members.clone(), ..Stage::default() };
        for id in &members {
            let (Some(unit), Some(taken)) = (history.unit(*id), slice.taken.get(id)) else { continue };
            add(&mut stage, unit, taken, joined, &position);
            stage.is_gate |= gates.contains(id);
        }
        stage.outputs = outputs(history, slice, joined, *root);
        stage.inputs.sort();
        stage.inputs.dedup();
        for list in [&mut stage.params, &mut stage.data] {
            list.sort();
            list.dedup();
        }
        stage.cells.dedup();
        stage.name = name(history, &stage, &|name| names.contains(name) || is_taken(history, slice, name));
        names.insert(stage.name.clone());
        out.push(stage);
    }
    out
}

fn add(
    stage: &mut Stage,
    unit: &Unit<'_>,
    taken: &crate::slice::Taken,
    joined: &Joined<'_, '_>,
    position: &BTreeMap<ExecutionId, usize>,
) {
    stage.cells.push(unit.past.number);
    stage.timeout_s = stage.timeout_s.or(unit.marks.timeout_s);
    stage.retries = stage.retries.max(unit.marks.retries);
    stage.memory_mb = stage.memory_mb.max(unit.marks.memory_mb);
    stage.data.extend(taken.files.iter().map(|file| file.name.clone()).chain(taken.declared_files.iter().cloned()));
    stage.params.extend(taken.own_params.iter().map(|declared| declared.parameter.name.clone()));
    for (name, from) in &taken.inputs {
        match from {
            From::Param => stage.params.push(name.clone()),
            From::Made(maker) if joined.stage(*maker) != joined.stage(unit.id()) => {
                let type_name = joined.history.past(*maker).and_then(|past| past.flow.wrote.get(name).cloned());
                stage.inputs.push(Edge {
                    name: name.clone(),
                    from: position.get(&joined.stage(*maker)).copied().unwrap_or(0),
                    type_name: type_name.unwrap_or_default(),
                });
            }
            From::Made(_) => {}
        }
    }
}

/// What a stage makes for others, in the order in which it makes it.
fn outputs(history: &History<'_>, slice: &Slice, joined: &Joined<'_, '_>, root: ExecutionId) -> Vec<(String, String)> {
    let mut found: Vec<(ExecutionId, usize, String)> = Vec::new();
    let at = |maker: ExecutionId, name: &str| {
        let unit = history.unit(maker);
        unit.and_then(|unit| unit.statements.iter().position(|s| s.binds.contains(name))).unwrap_or(usize::MAX)
    };
    for (maker, name, reader) in joined.edges() {
        if joined.stage(maker) == root && joined.stage(reader) != root {
            found.push((maker, at(maker, &name), name));
        }
    }
    for (name, maker) in slice.targets.iter().filter(|(_, maker)| joined.stage(**maker) == root) {
        if slice.taken.contains_key(maker) {
            found.push((*maker, at(*maker, name), name.clone()));
        }
    }
    found.sort();
    let mut out: Vec<(String, String)> = Vec::new();
    for (maker, _, name) in found {
        if !out.iter().any(|(other, _)| *other == name) {
            let type_name = history.past(maker).and_then(|past| past.flow.wrote.get(&name).cloned());
            out.push((name, type_name.unwrap_or_default()));
        }
    }
    out
}

/// Each stage after those that it needs; else as the cells ran.
fn order(joined: &Joined<'_, '_>) -> Vec<ExecutionId> {
    let mut left: BTreeSet<ExecutionId> = joined.of.values().copied().collect();
    let edges = joined.edges();
    let mut out = Vec::new();
    while !left.is_empty() {
        let waits = |root: &ExecutionId| {
            edges.iter().any(|(maker, _, reader)| {
                let (from, to) = (joined.stage(*maker), joined.stage(*reader));
                to == *root && from != to && left.contains(&from)
            })
        };
        let Some(next) = left.iter().copied().find(|root| !waits(root)).or_else(|| left.first().copied()) else {
            break;
        };
        left.remove(&next);
        out.push(next);
    }
    out
}

/// Words that no function may have.
const RESERVED: &[&str] = &[
    "main", "pipeline", "self", "super", "crate", "as", "break", "const", "continue", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "static", "struct", "trait", "true", "type", "unsafe", "use", "where", "while", "async", "await", "dyn", "gen",
    "try",
];

/// Names of the session's own items, and what every program has.
fn is_taken(history: &History<'_>, slice: &Slice, name: &str) -> bool {
    let _ = history;
    RESERVED.contains(&name) || slice.items.keys().any(|key| key.name == name)
}

fn name(history: &History<'_>, stage: &Stage, taken: &dyn Fn(&str) -> bool) -> String {
    let units: Vec<&Unit<'_>> = stage.executions.iter().filter_map(|id| history.unit(*id)).collect();
    let said = units.iter().find_map(|unit| unit.marks.stage.clone().or_else(|| unit.marks.gate.clone()));
    let outputs: Vec<&str> = stage.outputs.iter().map(|(name, _)| name.as_str()).collect();
    let made = match outputs.as_slice() {
        [] if stage.is_gate => "gate".to_owned(),
        [] => format!("cell_{}", stage.cells.first().copied().unwrap_or(0)),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one}_and_{two}"),
        [one, .., last] => format!("{one}_to_{last}"),
    };
    let wanted = identifier(&said.unwrap_or(made));
    let free = (1..).map(|n| if n == 1 { wanted.clone() } else { format!("{wanted}_{n}") });
    free.into_iter().find(|name| !taken(name)).unwrap_or(wanted)
}

/// A name as an identifier in snake case.
pub(crate) fn identifier(name: &str) -> String {
    let mut out: String =
        name.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    while out.contains("__") {
        out = out.replace("__", "_");
    }
    let out = out.trim_matches('_').to_owned();
    if out.starts_with(|c: char| c.is_ascii_alphabetic()) { out } else { format!("stage_{out}") }
}
