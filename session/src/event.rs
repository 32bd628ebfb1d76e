//! What a session tells its front end: outputs while a cell runs, and how the cell ended.

use crate::flow::Flow;
use crate::map::ExecutionId;
use ironbook_core::Bundle;
use ironbook_core::progress::State;

/// An output of a running cell, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Bytes that the cell wrote to its standard output, decoded; not split at lines.
    Stdout(String),
    /// The same for its standard error.
    Stderr(String),
    /// A value is shown, or replaces the earlier display of the same `id`.
    Display {
        /// The value.
        bundle: Bundle,
        /// Identity for updates.
        id: Option<String>,
        /// Whether an earlier display is replaced.
        update: bool,
    },
    /// The value of the last expression.
    Result(Bundle),
    /// A progress bar moved.
    Progress(State),
    /// The engine remarks something: a variable that ends with the cell, a slow build that begins.
    Note(String),
    /// Text to read beside the outputs, not among them: help.
    Page(String),
    /// The cell asks the user for a line and waits: whoever gets this answers through the handle, be it with a refusal.
    Input {
        /// What is shown before the answer.
        prompt: String,
        /// Whether the answer is a secret.
        password: bool,
    },
    /// Remove the outputs so far (`wait`: only when the next output comes).
    Clear {
        /// Whether to wait for the next output.
        wait: bool,
    },
}

/// A finished execution.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Its number.
    pub id: ExecutionId,
    /// How it ended.
    pub status: Status,
    /// What it cost.
    pub timing: Timing,
    /// What it read, wrote, moved and defined.
    pub flow: Flow,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// To its end.
    Ok,
    /// Not to its end.
    Failed(Failure),
}

impl Status {
    /// Whether it ran to its end.
    pub fn is_ok(&self) -> bool {
        matches!(self, Status::Ok)
    }
}

/// Kinds of failure; their names are stable and tests assert them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum FailureKind {
    /// The cell does not parse.
    Syntax,
    /// It does not compile.
    Compile,
    /// It panicked.
    Panic,
    /// `?` carried an error out.
    Error,
    /// It was interrupted; all variables stay.
    Interrupted,
    /// The runtime process died (segfault, abort, exit, out of memory, kill).
    Died,
    /// A magic was unknown, or its arguments were wrong, or it failed.
    Magic,
    /// The engine could not do its part (no compiler, disk full).
    Environment,
}

/// A failure, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// A short name, as Jupyter's `ename`: `E0308`, `panic`, the error's type.
    pub name: String,
    /// The message, in one line.
    pub message: String,
    /// The whole report for a terminal, with ANSI colours, line by line.
    pub report: Vec<String>,
    /// What the user can do.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure whose report is its message and hints.
    pub fn new(kind: FailureKind, name: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Failure { kind, name: name.into(), report: vec![message.clone()], message, hints: Vec::new() }
    }

    /// Adds a hint, also to the report.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.report.push(format!("help: {hint}"));
        self.hints.push(hint);
        self
    }
}

/// What an execution cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// Seconds in the compiler.
    pub compile_s: f64,
    /// Seconds in the cell.
    pub run_s: f64,
    /// Seconds in all, source in to result out.
    pub total_s: f64,
    /// Times that the compiler was started (0: from the cache, or nothing to compile).
    pub compiles: u32,
    /// Optimisation level of the code that ran.
    pub opt_level: u8,
}
