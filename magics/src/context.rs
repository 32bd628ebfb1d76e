//! What an action of a magic can reach: the session, the shell's own state, and the outputs.

use crate::engine::Engine;
use crate::error::Error;
use crate::export::Outputs;
use crate::history::HistoryFile;
use crate::page::Told;
use crate::plan::{self, Step};
use crate::registry::Registry;
use crate::shell;
use ironbook_core::Bundle;
use ironbook_session::{Event, ExecutionId, Source, Status};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Explains names that the session itself does not have.
pub type Explainer = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What the shell keeps besides the session.
#[derive(Default)]
pub struct State {
    /// Cells so far, magics and all, oldest first.
    pub cells: Vec<CellRecord>,
    /// Environment variables that `%env` set or removed.
    pub env: BTreeMap<String, Option<String>>,
    /// The directory before the last `%cd`, for `%cd -`.
    pub previous_directory: Option<PathBuf>,
    /// Text that a magic wants in the next cell.
    pub next_input: Option<NextInput>,
    /// File of the history of all sessions.
    pub history_file: Option<HistoryFile>,
    /// Whether a line of times follows each cell (`:timing`).
    pub timing: bool,
    /// How other clients reach this session, if they can.
    pub connection: Option<Connection>,
    /// What was compiled last, for `%expand`.
    pub last: Option<Source>,
    /// The shell's cell of each execution: the number that the user sees.
    pub(crate) numbers: BTreeMap<ExecutionId, u64>,
    /// Who explains names of the library.
    pub(crate) explainer: Option<Explainer>,
    /// Number of the running cell.
    pub(crate) number: u64,
    /// Executions of cells that the running cell has brought in.
    pub(crate) inner: Vec<ExecutionId>,
    /// The page, as far as the front end has told of it.
    pub(crate) page: Told,
    /// Files that are being run, outermost first.
    pub(crate) running: Vec<PathBuf>,
    pub(crate) stop: Arc<Stop>,
    /// What the cells have put out; also written to while a magic reads it.
    pub(crate) outputs: Arc<Mutex<Outputs>>,
}

impl State {
    pub(crate) fn outputs(&self) -> MutexGuard<'_, Outputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How clients reach a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Jupyter's connection file.
    pub file: PathBuf,
    /// The identity under which `ironbook sessions` lists it, if it does.
    pub id: Option<String>,
}

/// A cell that was run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellRecord {
    /// Its number in the shell, from 1.
    pub number: u64,
    /// Its text, magics and all.
    pub text: String,
    /// Whether it ran to its end.
    pub ok: bool,
    /// The session's executions that it became.
    pub executions: Vec<u64>,
    /// The front end's identity of the cell, if it has one.
    pub cell: Option<String>,
}

/// Text for the next cell, or in place of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextInput {
    /// The text.
    pub text: String,
    /// Whether it replaces the cell that asked for it.
    pub replace: bool,
}

/// How an interrupt reaches a magic at work.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    pub(crate) requested: AtomicBool,
    /// Process group of the running shell command.
    pub(crate) child: Mutex<Option<u32>>,
}

impl Stop {
    /// # Errors
    /// [`Error::Interrupted`] once the user asked to stop.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.requested.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// What an action of a magic can reach.
pub struct Context<'a> {
    /// The session.
    pub engine: &'a mut dyn Engine,
    /// The magics.
    pub registry: &'a mut Registry,
    /// The shell's own state.
    pub state: &'a mut State,
    /// Where outputs go.
    pub out: &'a mut dyn FnMut(Event),
}

impl Context<'_> {
    /// Prints a line (or several) to the cell's standard output.
    pub fn say(&mut self, text: impl AsRef<str>) {
        (self.out)(Event::Stdout(format!("{}\n", text.as_ref().trim_end_matches('\n'))));
    }

    /// Shows text to read beside the outputs: help.
    pub fn page(&mut self, text: impl Into<String>) {
        (self.out)(Event::Page(text.into()));
    }

    /// Shows a value.
    pub fn show(&mut self, bundle: Bundle) {
        (self.out)(Event::Display { bundle, id: None, update: false });
    }

    /// The number, in this shell, of the cell that an execution belongs to.
    pub fn cell_number(&self, execution: ExecutionId) -> u64 {
        self.state.numbers.get(&execution).copied().unwrap_or(execution)
    }

    /// Runs the text of a cell, magics and all.
    ///
    /// # Errors
    /// Whatever stopped it.
    pub fn run_cell(&mut self, text: &str) -> Result<(), Error> {
        let mut executions = Vec::new();
        let status = shell::run_text(self, text, None, &mut executions);
        self.state.inner.extend(executions.iter().map(|execution| execution.id));
        match status {
            Status::Ok => Ok(()),
            Status::Failed(failure) => Err(failure.into()),
        }
    }

    /// Runs again what an execution compiled.
    ///
    /// # Errors
    /// Whatever stopped it.
    pub fn run_again(&mut self, source: Source) -> Result<(), Error> {
        let mut executions = Vec::new();
        let status = shell::run_again(self, source, &mut executions);
        self.state.inner.extend(executions.iter().map(|execution| execution.id));
        match status {
            Status::Ok => Ok(()),
            Status::Failed(failure) => Err(failure.into()),
        }
    }

    /// What a cell prints; its other outputs go where outputs go.
    ///
    /// # Errors
    /// Whatever stopped it.
    pub fn printed(&mut self, text: &str) -> Result<String, Error> {
        let (mut printed, out) = (String::new(), &mut *self.out);
        let mut keep = |event: Event| match event {
            Event::Stdout(text) => printed.push_str(&text),
            other => out(other),
        };
        let mut inner = Context {
            engine: &mut *self.engine,
            registry: &mut *self.registry,
            state: &mut *self.state,
            out: &mut keep,
        };
        inner.run_cell(text)?;
        Ok(printed)
    }

    /// What a text becomes, without running it.
    ///
    /// # Errors
    /// Of the magics in it.
    pub fn plan(&self, text: &str) -> Result<Vec<Step>, Error> {
        let session = plan::Session { items: self.engine.items(), variables: Vec::new() };
        plan::plan(text, self.registry, &session).map_err(|fault| fault.error)
    }

    /// A path as the session sees it: relative to its directory, with `~` for the home directory.
    pub fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix('~'), self.env("HOME")) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => PathBuf::from(home + rest),
            _ => self.engine.directory().join(text),
        }
    }

    /// An environment variable as cells and commands see it.
    pub fn env(&self, name: &str) -> Option<String> {
        match self.state.env.get(name) {
            Some(value) => value.clone(),
            None => std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
        }
    }

    /// Names of the magics that the user defined by functions `magic_<name>`.
    pub fn own_magics(&self) -> Vec<String> {
        plan::own_magics(&self.engine.items())
    }
}
