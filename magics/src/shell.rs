//! The shell: what front ends call to run a cell, magics and all.

use crate::context::{CellRecord, Connection, Context, NextInput, State, Stop};
use crate::engine::{Engine, ExecuteOptions, Interrupt, Tier};
use crate::habits;
use crate::history::{self, HistoryFile};
use crate::lexer;
use crate::magic::Magic;
use crate::measure::Meter;
use crate::plan::{self, Step};
use crate::registry::Registry;
use crate::table::seconds;
use ironbook_session::{CellLine, Event, Execution, Failure, FailureKind, Session, Source, Status};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A session with magics.
pub struct Shell<E: Engine = Session> {
    engine: E,
    registry: Registry,
    state: State,
}

/// How a cell is run.
#[derive(Clone, Copy, Default)]
pub struct RunOptions<'a> {
    /// The front end's identity of the cell.
    pub cell: Option<&'a str>,
    /// Whether it gets a number of its own and a place in the history.
    pub keep: Keep,
    /// Whether the user has asked already to stop it; looked at when later presses reach it.
    pub stopped: Option<&'a dyn Fn() -> bool>,
    /// The cell's tags, where the front end tells them.
    pub tags: &'a [String],
    /// Identities of cells that the front end has deleted since it last told.
    pub deleted: &'a [String],
}

/// Whether a cell leaves a trace besides what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// A number, and a place in the history.
    #[default]
    History,
    /// Neither: the next cell gets the same number.
    Nothing,
}

/// What became of a cell.
#[derive(Clone, Debug)]
pub struct CellOutcome {
    /// Its number in the shell, from 1.
    pub number: u64,
    /// How it ended.
    pub status: Status,
    /// The session's executions that it became, in order; none for a cell of magics only.
    pub executions: Vec<Execution>,
    /// Text that a magic (`%load`) wants in the next cell.
    pub next_input: Option<NextInput>,
    /// Seconds in all.
    pub seconds: f64,
}

/// Stops whatever the shell runs, from any thread.
#[derive(Clone)]
pub struct ShellHandle {
    engine: Arc<dyn Interrupt>,
    stop: Arc<Stop>,
}

impl ShellHandle {
    /// Asks the running cell or command to stop. What is left of the cell is not run.
    pub fn interrupt(&self) {
        self.stop.requested.store(true, Ordering::Relaxed);
        match self.command() {
            Some(group) => drop(kill_process_group(group, Signal::INT)),
            None => self.engine.interrupt(),
        }
    }

    /// Ends the running command, or the session's runtime process.
    pub fn kill(&self) {
        self.stop.requested.store(true, Ordering::Relaxed);
        match self.command() {
            Some(group) => drop(kill_process_group(group, Signal::KILL)),
            None => self.engine.kill(),
        }
    }

    /// Answers what the cell asked the user: with a line, or why there is none.
    pub fn answer(&self, text: Result<String, String>) {
        self.engine.answer(text);
    }

    /// One press of the interrupt key: the first interrupts, the second kills.
    pub fn press(&self) {
        if self.stop.requested.load(Ordering::Relaxed) { self.kill() } else { self.interrupt() }
    }

    fn command(&self) -> Option<Pid> {
        let child = *self.stop.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }
}

impl<E: Engine> Shell<E> {
    /// Puts magics over a session.
    pub fn new(engine: E) -> Self {
        Shell { engine, registry: Registry::default(), state: State::default() }
    }

    /// A shell that goes on after these cells.
    pub fn resume(engine: E, cells: Vec<CellRecord>) -> Self {
        let numbers = cells.iter().flat_map(|cell| cell.executions.iter().map(|id| (*id, cell.number))).collect();
        let number = cells.last().map_or(0, |cell| cell.number);
        let state = State { number, numbers, cells, ..State::default() };
        Shell { engine, registry: Registry::default(), state }
    }

    /// Lets `name?` explain names that the session does not have: those of the library.
    pub fn set_explainer(&mut self, explain: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        self.state.explainer = Some(Arc::new(explain));
    }

    /// Adds a magic; it hides an older one of its name.
    pub fn register(&mut self, magic: Box<dyn Magic>) {
        self.registry.add(magic);
    }

    /// Keeps the history of cells in this file, for `%history -g` in later sessions.
    ///
    /// # Errors
    /// When the file cannot be written; the session then has no such history.
    pub fn set_history_file(&mut self, path: &Path) -> io::Result<()> {
        self.state.history_file = Some(HistoryFile::begin(path)?);
        Ok(())
    }

    /// The same for a session that has begun in the file already.
    pub fn keep_history(&mut self, file: Option<HistoryFile>) {
        self.state.history_file = file;
    }

    /// Lets `%connect_info` tell how other clients reach the session.
    pub fn set_connection(&mut self, connection: Connection) {
        self.state.connection = Some(connection);
    }

    /// The session.
    pub fn engine(&mut self) -> &mut E {
        &mut self.engine
    }

    /// The magics.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The cells so far, oldest first.
    pub fn cells(&self) -> &[CellRecord] {
        &self.state.cells
    }

    /// Stops what runs, from any thread.
    pub fn handle(&self) -> ShellHandle {
        ShellHandle { engine: self.engine.interrupter(), stop: self.state.stop.clone() }
    }

    /// The number that the next cell gets.
    pub fn next_number(&self) -> u64 {
        self.state.number + 1
    }

    /// Runs a cell: its Rust parts and magics in order, until one fails. All outputs go to `out`, in order.
    pub fn run_cell(&mut self, text: &str, cell: Option<&str>, out: &mut dyn FnMut(Event)) -> CellOutcome {
        self.run(text, RunOptions { cell, ..RunOptions::default() }, out)
    }

    /// As [`Shell::run_cell`], with options.
    pub fn run(&mut self, text: &str, options: RunOptions<'_>, out: &mut dyn FnMut(Event)) -> CellOutcome {
        let begun = Instant::now();
        self.state.stop.requested.store(false, Ordering::SeqCst);
        if options.stopped.is_some_and(|stopped| stopped()) {
            self.state.stop.requested.store(true, Ordering::SeqCst);
        }
        self.state.next_input = None;
        self.state.page.deleted(options.deleted);
        if let Some(cell) = options.cell {
            self.state.page.ran(cell, text, options.tags);
        }
        self.state.number += 1;
        let mut executions = Vec::new();
        let (outputs, number) = (self.state.outputs.clone(), self.state.number);
        let recorded =
            || (options.keep == Keep::History).then(|| outputs.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(mut outputs) = recorded() {
            outputs.begin(number);
        }
        let mut both = |event: Event| {
            if let Some(mut outputs) = recorded() {
                outputs.event(&event, number);
            }
            out(event);
        };
        let Shell { engine, registry, state, .. } = self;
        let mut cx = Context { engine, registry, state, out: &mut both };
        let status = run_text(&mut cx, text, options.cell, &mut executions);
        if cx.state.timing && options.keep == Keep::History {
            let total = begun.elapsed().as_secs_f64();
            cx.say(timing(&executions, total));
        }
        if let Some(mut outputs) = recorded() {
            outputs.end(number, &status);
        }
        let inner = std::mem::take(&mut self.state.inner);
        // A session that was resumed counts on from its own last cell.
        let number = self.state.number;
        if options.keep == Keep::Nothing {
            self.state.number -= 1;
        } else if !text.trim().is_empty() {
            let record = CellRecord {
                number,
                text: text.to_owned(),
                ok: status.is_ok(),
                executions: executions.iter().map(|execution| execution.id).chain(inner).collect(),
                cell: options.cell.map(str::to_owned),
            };
            history::remember(&self.state, &record);
            self.engine.note_cell(CellLine {
                number,
                text: record.text.clone(),
                ok: record.ok,
                executions: record.executions.clone(),
                cell: record.cell.clone(),
                tags: options.tags.to_vec(),
                deleted: self.state.page.take_unwritten(),
            });
            self.state.cells.push(record);
        }
        CellOutcome {
            number,
            status,
            executions,
            next_input: self.state.next_input.take(),
            seconds: begun.elapsed().as_secs_f64(),
        }
    }
}

fn timing(executions: &[Execution], total: f64) -> String {
    let compile: f64 = executions.iter().map(|execution| execution.timing.compile_s).sum();
    let run: f64 = executions.iter().map(|execution| execution.timing.run_s).sum();
    format!("compile {}, run {}, in all {}", seconds(compile), seconds(run), seconds(total))
}

/// Runs the text of a cell; used for cells that files bring in as well.
pub(crate) fn run_text(
    cx: &mut Context<'_>,
    text: &str,
    cell: Option<&str>,
    executions: &mut Vec<Execution>,
) -> Status {
    // Names are asked for only where a line starts like a magic: `%` may be one of the user's, `!` a negation.
    let starts = |sign: char| text.lines().any(|line| line.trim_start().starts_with(sign));
    let mut session = plan::Session::default();
    if starts('%') || starts('!') {
        session.items = cx.engine.items();
    }
    if starts('!') {
        session.variables = cx.engine.variables();
    }
    let steps = match plan::plan(text, cx.registry, &session) {
        Ok(steps) => steps,
        Err(fault) => return Status::Failed(fault.error.failure(&place(text, &fault.range))),
    };
    for step in steps {
        let status = run_step(cx, step, text, cell, executions);
        if !status.is_ok() {
            return status;
        }
    }
    Status::Ok
}

fn run_step(cx: &mut Context<'_>, step: Step, text: &str, cell: Option<&str>, done: &mut Vec<Execution>) -> Status {
    let whole = 0..text.len();
    let (range, result) = match step {
        Step::Rust { source, opt_level } => match cx.state.stop.check() {
            Err(error) => (whole, Err(error)),
            Ok(()) => return run_rust(cx, source, opt_level, cell, done),
        },
        Step::Action { range, action } => {
            let stopped = cx.state.stop.check();
            (range, stopped.and_then(|()| action(cx)))
        }
    };
    match result {
        Ok(()) => Status::Ok,
        Err(error) => Status::Failed(error.failure(&place(text, &range))),
    }
}

fn run_rust(
    cx: &mut Context<'_>,
    source: Source,
    opt_level: Option<u8>,
    cell: Option<&str>,
    done: &mut Vec<Execution>,
) -> Status {
    let options = ExecuteOptions { cell: cell.map(str::to_owned), silent: false, number: Some(cx.state.number) };
    let tier = cx.engine.tier();
    if let (Some(level), Tier::Auto) = (opt_level, tier) {
        cx.engine.set_tier(Tier::Fixed(level));
    }
    let mut meter = Meter::default();
    let out = &mut *cx.out;
    let execution = cx.engine.execute(&source, &options, &mut |event| meter.pass(event, out));
    cx.engine.set_tier(tier);
    meter.report(&execution, out);
    cx.state.numbers.insert(execution.id, cx.state.number);
    let mut status = execution.status.clone();
    done.push(execution);
    if let Status::Failed(failure) = &mut status {
        explain(failure, &source, cx);
    }
    cx.state.last = Some(source);
    status
}

/// Adds what a compiler cannot know: that a line was meant as a magic.
fn explain(failure: &mut Failure, source: &Source, cx: &Context<'_>) {
    if !matches!(failure.kind, FailureKind::Syntax | FailureKind::Compile) {
        return;
    }
    let rust = source.rust();
    let meant = rust.lines().find_map(|line| {
        let name = line.trim_start().strip_prefix('%')?.split(|c| !lexer::is_word(c)).next()?;
        cx.registry.find(name).map(|magic| magic.name())
    });
    let above = |name| format!("`%{name}` is a magic only where a statement may begin: end the line above it with `;`");
    if let Some(hint) = meant.map(above).or_else(|| habits::hint(&rust, &failure.message, &cx.state.cells)) {
        failure.report.push(format!("help: {hint}"));
        failure.hints.push(hint);
    }
}

/// Runs again what an execution compiled.
pub(crate) fn run_again(cx: &mut Context<'_>, source: Source, executions: &mut Vec<Execution>) -> Status {
    match cx.state.stop.check() {
        Ok(()) => run_rust(cx, source, None, None, executions),
        Err(error) => Status::Failed(error.failure("")),
    }
}

/// Where a magic stands, in words.
fn place(text: &str, range: &Range<usize>) -> String {
    let line = text[..range.start].matches('\n').count() + 1;
    let magic = text[range.clone()].lines().next().unwrap_or("");
    format!("line {line}: {}", magic.trim_end())
}
