//! The whole of a promotion before anything is written: what is taken, what is left, and what is wrong.

use crate::checks;
use crate::code;
use crate::crates;
use crate::data::DataFile;
use crate::history::History;
use crate::page::Page;
use crate::params::Parameter;
use crate::refusal::{Reason, Refusal};
use crate::slice::{Slice, Slicer};
use crate::stages::{self, Stage};
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use ironbook_session::explored::Explored;
use ironbook_session::library::extra::Package;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::SystemTime;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the pipeline.
    pub name: String,
    /// Variables that it is for; none: what was registered, or else made, last.
    pub targets: Vec<String>,
    /// Reasons that are accepted.
    pub allow: BTreeSet<String>,
    /// Whether statements that only show something stay.
    pub keep_display: bool,
}

/// A model that is registered when the pipeline has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The variable.
    pub model: String,
    /// Name of the registered model.
    pub name: String,
    /// Alias that the version gets.
    pub alias: Option<String>,
}

/// A promotion that can be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the pipeline.
    pub name: String,
    /// The stages, each after those that it needs.
    pub stages: Vec<Stage>,
    /// The targets: position of the stage, and name.
    pub targets: Vec<(usize, String)>,
    /// Parameters.
    pub params: Vec<Parameter>,
    /// Files that are read.
    pub data: Vec<DataFile>,
    /// Crates of `%dep` that the code names.
    pub crates: Vec<Package>,
    /// The model that is registered.
    pub register: Option<Registration>,
    /// What was accepted.
    pub allowed: Vec<Refusal>,
    /// Numbers of the cells that are taken, in order.
    pub cells: Vec<u64>,
    /// Numbers of the cells that ran and are not taken.
    pub left: Vec<u64>,
    /// What is worth a word.
    pub notes: Vec<String>,
    /// The text of `src/stages.rs`.
    pub stages_rs: String,
    /// The text of `src/main.rs`.
    pub main_rs: String,
}

/// Plans a promotion.
///
/// # Errors
/// All that keeps the targets from being made again, each with its place and its remedy.
pub fn plan(explored: &Explored, page: Option<&Page>, options: &Options) -> Result<Plan, Vec<Refusal>> {
    let history = History::new(explored, page);
    let register = registration(&history, &options.targets);
    let targets = targets(&history, options, register.as_ref())?;
    let mut slicer = Slicer::new(&history, options.keep_display);
    for name in &targets {
        slicer.target(name);
    }
    let gates = gates(&history, register.is_some());
    for (id, statements) in &gates {
        slicer.gate(*id, statements);
    }
    slicer.run();
    let (mut slice, mut refusals) = (slicer.slice, slicer.refusals);
    refusals.extend(unkept(&history, &slice));
    refusals.extend(checks::check(&history, &mut slice));
    refusals.extend(returns(&history, &slice));
    let (allowed, mut refused): (Vec<Refusal>, Vec<Refusal>) = refusals
        .into_iter()
        .partition(|refusal| refusal.reason.can_be_allowed() && options.allow.contains(refusal.reason.name()));
    if !refused.is_empty() {
        refused.sort_by(|a, b| (a.reason, &a.place).cmp(&(b.reason, &b.place)));
        refused.dedup();
        return Err(refused);
    }
    let gates: BTreeSet<ExecutionId> = gates.into_keys().collect();
    let plan = finished(&history, &slice, &gates, options, (register, allowed));
    let apart = crates::apart(&history, &slice, &plan.crates);
    if apart.is_empty() { Ok(plan) } else { Err(apart) }
}

fn finished(
    history: &History<'_>,
    slice: &Slice,
    gates: &BTreeSet<ExecutionId>,
    options: &Options,
    (register, allowed): (Option<Registration>, Vec<Refusal>),
) -> Plan {
    let mut stages = stages::stages(history, slice, gates);
    let stages_rs = code::stages_file(history, slice, &mut stages, (&options.name, register.as_ref()));
    let position = |id: ExecutionId| stages.iter().position(|stage| stage.executions.contains(&id));
    let targets = slice.targets.iter().filter_map(|(name, id)| Some((position(*id)?, name.clone()))).collect();
    let mut cells: Vec<u64> = Vec::new();
    let params = slice.params.values().map(|(id, _)| *id);
    let ids: BTreeSet<ExecutionId> = slice
        .taken
        .keys()
        .copied()
        .chain(params)
        .chain(slice.seeds.iter().copied())
        .chain(slice.items.values().copied())
        .collect();
    for id in ids {
        let number = history.number(id);
        if !cells.contains(&number) {
            cells.push(number);
        }
    }
    let ran: BTreeSet<u64> = history.explored.executions.iter().map(|past| past.number).collect();
    let mut notes = slice.notes.clone();
    notes.extend(slice.data.iter().filter_map(|file| written_meanwhile(file, history.explored.since?)));
    let left = ran.into_iter().filter(|number| !cells.contains(number)).collect();
    Plan {
        name: options.name.clone(),
        targets,
        params: slice.params.values().map(|(_, declared)| declared.parameter.clone()).collect(),
        data: slice.data.clone(),
        register,
        allowed,
        cells,
        left,
        notes,
        crates: crates::named(&stages_rs, history.explored),
        stages_rs,
        main_rs: code::main_file(&options.name),
        stages,
    }
}

/// A word about a file that something has written since the session began: no stage makes it.
fn written_meanwhile(file: &DataFile, since: SystemTime) -> Option<String> {
    let modified = fs::metadata(&file.path).and_then(|meta| meta.modified()).ok()?;
    (modified > since).then(|| {
        format!(
            "{} was written while the session ran, and nothing in the pipeline writes it; it is data as it is now \
             (what shell lines and other programs do is no part of a pipeline)",
            file.written
        )
    })
}

/// The registration that the session did last, of one of the targets if there are any.
fn registration(history: &History<'_>, targets: &[String]) -> Option<Registration> {
    let of = |unit: &Unit<'_>| {
        let lines = unit.past.source.text.lines().rev();
        lines.filter_map(register_line).next().filter(|_| unit.past.ok && !unit.past.void)
    };
    let found = history.units().rev().find_map(of)?;
    (targets.is_empty() || targets.contains(&found.model)).then_some(found)
}

/// `%track register MODEL --as NAME --alias ALIAS`
fn register_line(line: &str) -> Option<Registration> {
    let rest = line.trim().strip_prefix("%track register")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let after = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).map(|word| word.trim_matches('"').to_owned())
    };
    let model = words.first().filter(|word| !word.starts_with('-'))?;
    let model = model.trim_start_matches('&').to_owned();
    Some(Registration { model, name: after("--as")?, alias: after("--alias") })
}

/// What the pipeline is for: what was named, else registered last, else the variable that a cell returned last.
fn targets(
    history: &History<'_>,
    options: &Options,
    register: Option<&Registration>,
) -> Result<Vec<String>, Vec<Refusal>> {
    if !options.targets.is_empty() {
        return Ok(options.targets.clone());
    }
    if let Some(register) = register {
        return Ok(vec![register.model.clone()]);
    }
    let there = |name: &str| history.explored.variables.contains_key(name);
    for unit in history.units().rev().filter(|unit| unit.past.ok && !unit.past.void) {
        // The value of the cell, if it is a variable.
        let tail =
            unit.statements.last().filter(|s| s.is_tail).map(|s| unit.text.text[s.range.clone()].trim().to_owned());
        if let Some(name) = tail.filter(|name| there(name)) {
            return Ok(vec![name]);
        }
    }
    Err(vec![Refusal::new(
        Reason::NoTarget,
        "nothing says what the pipeline is for: no model was registered, and no cell returned a variable",
        "name the variable (`--target model`)",
    )])
}

/// Cells that decide: marked `// gate: NAME`, or guarding a registration.
fn gates(history: &History<'_>, registers: bool) -> BTreeMap<ExecutionId, BTreeSet<usize>> {
    let mut out = BTreeMap::new();
    for unit in history.units().filter(|unit| unit.past.ok && !unit.past.void) {
        let newest =
            unit.past.cell.as_deref().is_none_or(|cell| {
                history.newest_run(cell).first().is_some_and(|past| past.number == unit.past.number)
            });
        let guards = |at: &usize| unit.statements[*at].methods.contains("require") || unit.statements[*at].has_effect();
        let all = 0..unit.statements.len();
        let marked = unit.marks.gate.is_some();
        let registering = registers && unit.past.source.text.lines().any(|line| register_line(line).is_some());
        let statements: BTreeSet<usize> = match (marked, registering) {
            (true, _) => all.filter(|at| !unit.statements[*at].prints).collect(),
            (_, true) => all.filter(guards).collect(),
            _ => BTreeSet::new(),
        };
        if newest && !statements.is_empty() {
            out.insert(unit.id(), statements);
        }
    }
    out
}

/// Targets whose values cannot be written.
fn unkept(history: &History<'_>, slice: &Slice) -> Vec<Refusal> {
    let mut out = Vec::new();
    for (name, id) in &slice.targets {
        let type_name = history.past(*id).and_then(|past| past.flow.wrote.get(name));
        let Some(type_name) = type_name else { continue };
        let why = match history.explored.keepable.get(type_name) {
            Some(Err(why)) => why.clone(),
            _ if ironbook_session::flow::is_shared(type_name) => "it shares its state with others".to_owned(),
            _ => continue,
        };
        let refusal = Refusal::new(
            Reason::UnkeptTarget,
            format!("`{name}` cannot be written to disk: {why}"),
            "make it a `fn` or a type with serde (`#[derive(Serialize, Deserialize, PartialEq)]`), or promote what is made with it",
        );
        out.push(match history.unit(*id) {
            Some(unit) => {
                let made = unit.statements.iter().rev().find(|s| s.binds.contains(name));
                refusal.at(unit.place(made.map_or(0, |statement| statement.range.start)))
            }
            None => refusal,
        });
    }
    out
}

/// A stage cannot end early: what it makes would be missing.
fn returns(history: &History<'_>, slice: &Slice) -> Vec<Refusal> {
    let mut out = Vec::new();
    for (id, taken) in &slice.taken {
        let Some(unit) = history.unit(*id) else { continue };
        for at in &taken.kept {
            let statement = &unit.statements[*at];
            if statement.returns {
                out.push(
                    Refusal::new(
                        Reason::Returns,
                        "the cell can end before it has made what is needed",
                        "put what comes before `return` into an `if` or a function",
                    )
                    .at(unit.place(statement.range.start)),
                );
            }
        }
    }
    out
}
