//! One run of a study: what its workers and the thread that waits for them agree on.

use super::budget::Budget;
use crate::error::TuneError;
use crate::history::{Counts, History};
use ironbook_core::interrupt::Work;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures that a report names at most.
const NAMED: usize = 10;

/// One run of a study.
#[derive(Debug)]
pub(crate) struct Run {
    state: Mutex<State>,
    changed: Condvar,
    /// No trial is begun any more, and running ones are to end.
    ending: AtomicBool,
    /// Nobody waits for running trials any more.
    over: AtomicBool,
    trials: Option<usize>,
    total: Option<usize>,
    deadline: Option<Instant>,
    /// What the objective does.
    work: Work,
}

/// What changes while it runs.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) begun: usize,
    pub(super) counts: Counts,
    pub(super) failures: Vec<(u32, String)>,
    /// Trials that are running: their threads, and since when.
    pub(super) running: BTreeMap<u32, (String, Instant)>,
    pub(super) workers: usize,
    pub(super) exhausted: bool,
    pub(super) error: Option<TuneError>,
}

impl State {
    pub(super) fn ended(&self) -> usize {
        self.counts.complete + self.counts.pruned + self.counts.failed
    }

    /// Counts a failure.
    pub(super) fn failed(&mut self, number: u32, why: String) {
        self.counts.failed += 1;
        if self.failures.len() < NAMED {
            self.failures.push((number, why));
        }
    }
}

impl Run {
    pub(super) fn new(budget: &Budget<'_>, workers: usize) -> Self {
        Run {
            state: Mutex::new(State { workers, ..State::default() }),
            changed: Condvar::new(),
            ending: AtomicBool::new(false),
            over: AtomicBool::new(false),
            trials: budget.trials,
            total: budget.total,
            // A time that no clock can tell is no limit.
            work: Work::new(),
            deadline: budget.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether running trials are to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed) || self.is_late()
    }

    /// Whether nobody waits for running trials any more.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// What the objective does; it sees an interrupt once nobody waits any more.
    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    pub(super) fn give_up(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.work.end();
    }

    /// Counts one more trial in, unless that would be too many or too late.
    pub(super) fn take_turn(&self) -> bool {
        let mut state = self.state();
        let full = self.trials.is_some_and(|trials| state.begun >= trials);
        if full || state.error.is_some() || state.exhausted || self.is_ending() {
            return false;
        }
        state.begun += 1;
        true
    }

    /// Whether a trial has come to a value, or to a pruner's word.
    pub(super) fn has_values(&self) -> bool {
        let counts = self.state().counts;
        counts.complete + counts.pruned > 0
    }

    /// Whether all trials of the budget were begun.
    pub(super) fn is_full(&self) -> bool {
        self.trials.is_some_and(|trials| self.state().begun >= trials)
    }

    /// Whether the study has all trials that it is to have, or will when those that run here have ended.
    pub(super) fn has_all(&self, history: &History) -> bool {
        let Some(total) = self.total else { return false };
        let counts = history.counts();
        counts.complete + counts.pruned + counts.failed + self.state().running.len() >= total
    }

    /// Ends the run with an error; the first one counts.
    pub(super) fn fail(&self, error: TuneError) {
        self.state().error.get_or_insert(error);
        self.end();
    }

    pub(super) fn changed(&self) {
        self.changed.notify_all();
    }

    /// Waits until something has changed, but not for longer than `most`.
    pub(super) fn wait(&self, most: Duration) {
        let state = self.state();
        if state.workers > 0 {
            drop(self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner));
        }
    }
}
