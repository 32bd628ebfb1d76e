//! Progress as events, not text: each front end draws it in its own way.

use crate::{live, sink};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A progress bar at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Identity of the bar within its process.
    pub id: u64,
    /// What is being done.
    pub title: String,
    /// Steps done.
    pub done: u64,
    /// Steps in all, if known.
    pub total: Option<u64>,
    /// What the last step reported (a loss, a file name).
    pub message: String,
    /// Seconds since the start.
    pub elapsed_s: f64,
    /// Whether the work has ended.
    pub finished: bool,
}

/// A running piece of work that reports its progress, at most ten times a second.
#[derive(Debug)]
pub struct Progress {
    state: State,
    started: Instant,
    last: Option<Instant>,
    /// Within something larger that shows its own; see [`Hush`](crate::display::Hush).
    hushed: bool,
}

/// Fastest rate of progress events.
const PERIOD: Duration = Duration::from_millis(100);
/// Work shorter than this shows no bar at all.
const QUIET: Duration = Duration::from_millis(300);

impl Progress {
    /// Starts a bar; `total` is the number of steps, if known.
    pub fn new(title: impl Into<String>, total: Option<u64>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let state = State {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            title: title.into(),
            done: 0,
            total,
            message: String::new(),
            elapsed_s: 0.0,
            finished: false,
        };
        Progress { state, started: Instant::now(), last: None, hushed: live::is_hushed() }
    }

    /// Moves on by `steps`.
    pub fn inc(&mut self, steps: u64) {
        self.state.done += steps;
        self.report();
    }

    /// Sets the number of steps done and a message.
    pub fn set(&mut self, done: u64, message: impl Into<String>) {
        self.state.done = done;
        self.state.message = message.into();
        self.report();
    }

    fn report(&mut self) {
        let due = match self.last {
            None => self.started.elapsed() >= QUIET,
            Some(last) => last.elapsed() >= PERIOD,
        };
        if due && !self.hushed {
            self.emit();
        }
    }

    fn emit(&mut self) {
        self.last = Some(Instant::now());
        self.state.elapsed_s = self.started.elapsed().as_secs_f64();
        sink::emit(sink::Event::Progress(self.state.clone()));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.last.is_some() {
            self.state.finished = true;
            self.emit();
        }
    }
}
