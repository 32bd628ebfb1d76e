//! Running a compiled cell, and what it did to the session.

use crate::codegen::Placement;
use crate::compile::Goal;
use crate::diagnostics::{self, Style};
use crate::event::{Event, Execution, Failure, FailureKind, Status, Timing};
use crate::execute::{Prepared, Ready, bare_variable};
use crate::flow::{Flow, Record, is_shared};
use crate::items;
use crate::map::ExecutionId;
use crate::parse::{Kind, Loops};
use crate::process::Done;
use crate::session::{ExecuteOptions, Live, Session};
use crate::source::Source;
use crate::tier::Tier;
use ironbook_core::frame::{Outcome, Request};
use ironbook_core::slots::{result_name, result_number};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// A cell that ran longer than this at level 0 is compiled at level 2 in the background, for its next run.
const SLOW_S: f64 = 2.0;
/// How often a cell whose types were refused is compiled with other paths.
const RETYPES: usize = 2;

impl Session {
    /// Executes a cell. Outputs go to `out` as they come; all of them before this returns.
    pub fn execute(&mut self, source: &Source, options: &ExecuteOptions, out: &mut dyn FnMut(Event)) -> Execution {
        let started = Instant::now();
        self.handle().begin();
        self.last += 1;
        let id = self.last;
        self.adopted = None;
        self.has_result = false;
        self.replace_dead_runtime(out);
        self.rebuild_edited(out);
        self.texts.insert(id, source.text.clone());
        self.sources.insert(id, source.clone());
        self.numbers.insert(id, options.number.unwrap_or(id));
        self.note_directory(id, self.directory_now());
        let mut timing = Timing::default();
        let mut flow = Flow::default();
        let status = match self.attempt(source, id, &mut timing, &mut flow, out) {
            Ok(()) => Status::Ok,
            Err(failure) => Status::Failed(failure),
        };
        timing.total_s = started.elapsed().as_secs_f64();
        self.graph.record(id, &flow, &is_shared);
        self.note_types();
        self.note_digests(id, &flow);
        if !options.silent {
            self.history.push(Record {
                id,
                cell: options.cell.clone(),
                text: source.text.clone(),
                ok: status.is_ok(),
                flow: flow.clone(),
                seconds: timing.total_s,
            });
        }
        if self.has_result {
            let number = self.shown(id);
            self.results.retain(|(other, _)| *other != number);
            self.results.push((number, self.live.contains_key(&result_name(number))));
        }
        let execution = Execution { id, status, timing, flow };
        let adopted = self.adopted.take();
        self.write_ran(source, &execution, options, adopted, out);
        execution
    }

    /// A runtime that died since the last cell had nothing to do with this one, which runs in a new one.
    fn replace_dead_runtime(&mut self, out: &mut dyn FnMut(Event)) {
        if let Some(died) = self.died_between(out) {
            out(Event::Note(format!("{} since the last cell; there is a new one", died.words)));
            self.bury(&died, out);
        }
    }

    /// The crate that would be compiled for a cell.
    ///
    /// # Errors
    /// When it does not parse, or mentions a variable that cannot be used.
    pub fn expand(&mut self, source: &Source) -> Result<String, Failure> {
        let id = self.last + 1;
        let prepared = self.prepare(source, id).map_err(|error| self.syntax_failure(source, id, &error))?;
        self.generated_text(&prepared)
    }

    fn attempt(
        &mut self,
        source: &Source,
        id: ExecutionId,
        timing: &mut Timing,
        flow: &mut Flow,
        out: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        let prepared = match self.prepare(source, id) {
            Ok(prepared) => prepared,
            Err(error) => return Err(self.syntax_failure(source, id, &error)),
        };
        if prepared.cell.statements.is_empty() && prepared.own.is_empty() {
            return Ok(());
        }
        if let Some(name) = bare_variable(&prepared).filter(|name| self.live.contains_key(name)) {
            flow.read.insert(name.clone(), self.live[&name].type_name.clone());
            let done = self.request(&Request::Show { execution: id, name }, out)?;
            self.note_keeping(done.keeping.clone(), out);
            timing.run_s = done.seconds;
            return self.outcome(&done.outcome);
        }
        self.compile_and_run(&prepared, &source.text, timing, flow, out)
    }

    fn compile_and_run(
        &mut self,
        prepared: &Prepared,
        text: &str,
        timing: &mut Timing,
        flow: &mut Flow,
        out: &mut dyn FnMut(Event),
    ) -> Result<(), Failure> {
        for attempt in 0..=RETYPES {
            let ready = self.build(prepared, out)?;
            timing.compiles += ready.compiles;
            timing.compile_s += ready.compile_s;
            timing.opt_level = ready.opt_level;
            if self.handle().pressed() {
                return Err(interrupted());
            }
            for warning in &ready.findings.warnings {
                out(Event::Note(warning.clone()));
            }
            let request = Request::Run {
                execution: prepared.execution,
                library: ready.object.clone(),
                entry: ready.generated.entry.clone(),
                text: text.to_owned(),
                number: self.shown(prepared.execution),
                unchanged: ready
                    .findings
                    .only_read
                    .iter()
                    .filter(|name| leaves(prepared, &ready, name))
                    .cloned()
                    .collect(),
                in_place: changes_in_place(&ready),
            };
            self.remember_loaded(&ready);
            let done = self.request(&request, out)?;
            timing.run_s = done.seconds;
            if matches!(done.outcome, Outcome::NotLoaded { .. }) && ready.compiles == 0 && attempt < RETYPES {
                // A file of the cache that is damaged, or that another process has removed since: compile it again.
                let _ = std::fs::remove_file(&ready.object);
                continue;
            }
            if let Outcome::Refused { mismatched } = &done.outcome
                && attempt < RETYPES
            {
                for (name, _) in mismatched {
                    self.retype(name)?;
                }
                continue;
            }
            self.settle(prepared, &ready, &done, flow, out);
            self.note_keeping(done.keeping.clone(), out);
            self.teach_types(out);
            self.after(&ready, &done);
            return self.outcome(&done.outcome);
        }
        Err(Failure::new(
            FailureKind::Compile,
            "types",
            "the stored variables are of other types than the engine believes",
        )
        .hint("`%reset` forgets them; please report the cell"))
    }

    pub(crate) fn request(&mut self, request: &Request, out: &mut dyn FnMut(Event)) -> Result<Done, Failure> {
        let handle = self.handle();
        let mut has_result = false;
        // An interrupt while the runtime came up, or in the moment before the cell began, is for this cell.
        let mut runtime = self.lend_runtime()?;
        let ran = runtime.run_unless(request, &|| handle.pressed(), &mut |event| match event {
            Event::Stderr(text) => out(Event::Stderr(self.placed(&text))),
            Event::Result(bundle) => {
                has_result = true;
                out(Event::Result(bundle));
            }
            event => out(event),
        });
        self.return_runtime(runtime);
        self.has_result |= has_result;
        ran.map_err(|died| self.bury(&died, out))
    }

    /// Takes over what the cell did: variables, items, data flow.
    fn settle(&mut self, prepared: &Prepared, ready: &Ready, done: &Done, flow: &mut Flow, out: &mut dyn FnMut(Event)) {
        if matches!(done.outcome, Outcome::NotLoaded { .. } | Outcome::Refused { .. }) {
            return;
        }
        for note in &ready.findings.notes {
            out(Event::Note(note.clone()));
        }
        for caveat in prepared.items.iter().filter(|d| prepared.own.contains(&d.key)).filter_map(items::caveat) {
            out(Event::Note(caveat));
        }
        for load in &ready.loads {
            let type_name = self.live.get(&load.slot).map(|live| live.type_name.clone()).unwrap_or_default();
            flow.read.insert(load.slot.clone(), type_name);
        }
        self.drop_replaced(prepared, done, out);
        for variable in &done.put {
            if result_number(&variable.name).is_some() {
                self.live.insert(variable.name.clone(), Live::result(variable));
                continue;
            }
            let loaded = ready.loads.iter().any(|load| load.name == variable.name);
            let only_read =
                loaded && ready.findings.only_read.contains(&variable.name) && leaves(prepared, ready, &variable.name);
            let touched = self.graph.aliases(&variable.name);
            for alias in touched.iter().filter(|alias| self.live.contains_key(*alias)) {
                flow.wrote.insert(alias.clone(), self.live[alias].type_name.clone());
            }
            let execution = match self.live.get(&variable.name) {
                Some(live) if only_read => live.execution,
                _ => {
                    flow.wrote.insert(variable.name.clone(), variable.type_name.clone());
                    prepared.execution
                }
            };
            let live = Live {
                type_name: variable.type_name.clone(),
                shape: variable.shape.clone(),
                bytes: variable.bytes,
                columns: variable.columns.clone(),
                execution,
                maker: Some(Arc::clone(&ready.generated)),
                kept: variable.kept.clone(),
            };
            self.live.insert(variable.name.clone(), live);
        }
        for name in &done.gone {
            self.live.remove(name);
            self.moved.insert(name.clone(), prepared.execution);
            if !ready.loads.iter().any(|load| load.slot == *name) {
                self.graph.forget(name);
            } else if result_number(name).is_none() {
                flow.moved.insert(name.clone());
                if !ready.findings.only_read.contains(name) {
                    flow.spent.insert(name.clone());
                }
            }
        }
        self.note_lost(ready, done, out);
        self.adopt(prepared, ready, flow);
        for name in self.items.restarted(prepared.execution) {
            out(Event::Note(format!("the static `{name}` starts anew: a definition that its type names has changed")));
        }
    }

    /// A variable that was moved on purpose needs no words; one that an error or panic took with it does.
    fn note_lost(&self, ready: &Ready, done: &Done, out: &mut dyn FnMut(Event)) {
        let failed = done.outcome != Outcome::Ok;
        for name in done.gone.iter().filter(|_| failed) {
            let inside = ready.findings.placements.iter().any(|((placed, level), placement)| {
                placed == name && level.is_none() && matches!(placement, Placement::Inside(_))
            });
            if inside {
                out(Event::Note(format!("`{name}` was consumed before the cell failed, and is gone")));
            }
        }
    }

    /// Drops what the cell's items replace, but for what the cell itself has made anew.
    fn drop_replaced(&mut self, prepared: &Prepared, done: &Done, out: &mut dyn FnMut(Event)) {
        let remains = |name: &&String| !done.put.iter().any(|variable| variable.name == **name);
        let hidden: Vec<String> = prepared.hidden.iter().filter(remains).cloned().collect();
        if !hidden.is_empty() {
            self.forget(&hidden);
        }
        let outdated = prepared.outdated.iter().filter(remains).cloned().collect();
        self.drop_old_types(&outdated, out);
    }

    /// Drops variables of types that are no longer the ones of their names, saying so.
    pub(crate) fn drop_old_types(&mut self, outdated: &BTreeSet<String>, out: &mut dyn FnMut(Event)) {
        if outdated.is_empty() {
            return;
        }
        let names: Vec<String> = outdated.iter().cloned().collect();
        let cells: BTreeSet<u64> =
            names.iter().filter_map(|n| self.live.get(n)).map(|l| self.shown(l.execution)).collect();
        let cells: Vec<String> = cells.iter().map(u64::to_string).collect();
        for (name, live) in self.live.iter().filter(|(name, _)| outdated.contains(*name)) {
            self.lost
                .insert(name.clone(), (live.execution, "was of a type whose definition has changed, and was dropped"));
        }
        self.forget(&names);
        out(Event::Note(format!(
            "dropped {}: of a type whose definition has changed; run cell {} again to make it anew",
            names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "),
            cells.join(", ")
        )));
    }

    /// The cell's items are in force from now on.
    fn adopt(&mut self, prepared: &Prepared, ready: &Ready, flow: &mut Flow) {
        if !prepared.own.is_empty() || prepared.reread {
            self.take_items(prepared, &ready.left_out);
            flow.defined.extend(prepared.own.iter().map(items::label));
            self.adopted = Some(ready.left_out.iter().cloned().collect());
        }
        let reached: Vec<&items::Key> = ready.reached.iter().collect();
        self.items.statics_loaded(&reached);
    }

    /// The items as they are after a cell, but for those that do not compile with its own.
    pub(crate) fn take_items(&mut self, prepared: &Prepared, left_out: &BTreeSet<String>) {
        self.items = prepared.items.clone();
        for definition in prepared.items.iter().filter(|d| left_out.contains(&items::label(&d.key))) {
            self.items.remove(&definition.key);
        }
    }

    /// What goes on in the background: types that are new, and an optimised build of a slow cell.
    fn after(&mut self, ready: &Ready, done: &Done) {
        let unknown: BTreeMap<String, String> = done
            .put
            .iter()
            .filter(|v| self.types.path(&v.type_name).is_none() && crate::types::unnameable(&v.type_name).is_none())
            .map(|v| (v.name.clone(), v.type_name.clone()))
            .collect();
        if !unknown.is_empty() {
            self.start_probe(&ready.generated, unknown);
        }
        let slow = done.seconds > SLOW_S && ready.opt_level == 0 && self.config.tier == Tier::Auto;
        if slow && ready.loops != Loops::default() && ready.findings.placements.is_empty() {
            self.optimise_later(ready);
        }
    }

    fn optimise_later(&mut self, ready: &Ready) {
        let compiler = self.compiler.clone();
        let generated = Arc::clone(&ready.generated);
        let mut findings = ready.findings.clone();
        let thread = std::thread::spawn(move || {
            let goal = Goal::Object { opt_level: 2, lines: false };
            // Without it the cell runs as before.
            if let Ok(compiled) = compiler.compile(&generated.text, goal)
                && let Some(object) = compiled.object
            {
                findings.set_object(object);
                let _ = compiler.remember(
                    &compiler.key(&generated.text, goal),
                    findings.object(),
                    &compiled.inputs,
                    &findings,
                );
            }
        });
        self.background.retain(|thread| !thread.is_finished());
        self.background.push(thread);
    }

    fn outcome(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Ok => Ok(()),
            Outcome::Interrupted => Err(interrupted()),
            Outcome::Error { type_name, chain } => Err(diagnostics::error_report(type_name, chain, Style::Colour)),
            Outcome::Panic(panic) => Err(self.panicked(panic)),
            Outcome::Refused { mismatched } => {
                let names: Vec<&str> = mismatched.iter().map(|(name, _)| name.as_str()).collect();
                Err(Failure::new(
                    FailureKind::Compile,
                    "types",
                    format!("stored values of other types: {}", names.join(", ")),
                ))
            }
            Outcome::NotLoaded { message } => Err(diagnostics::not_loaded(message)),
        }
    }
}

/// Whether what a cell loads under a name is what it leaves there, if the compiler finds that binding unchanged: not
/// where the cell has a `let` of the name, nor where the variable was moved further in to be assigned again.
fn leaves(prepared: &Prepared, ready: &Ready, name: &String) -> bool {
    let binds = |kind: &Kind| matches!(kind, Kind::Let { names, .. } if names.contains(name));
    let placed = ready.findings.placements.iter().any(|((of, level), _)| of == name && level.is_none());
    !placed && !prepared.cell.statements.iter().any(|statement| binds(&statement.kind))
}

/// Methods that change a tensor through a shared reference.
const IN_PLACE: [&str; 9] = [
    "slice_set",
    "scatter_set",
    "scatter_add_set",
    "inplace_op1",
    "inplace_op2",
    "inplace_op3",
    "const_set",
    "zero_set",
    "copy_",
];

fn changes_in_place(ready: &Ready) -> bool {
    IN_PLACE.iter().any(|name| ready.generated.text.contains(name))
}

pub(crate) fn interrupted() -> Failure {
    Failure::new(
        FailureKind::Interrupted,
        "interrupted",
        "interrupted; all variables that the cell had made or changed stay",
    )
}
