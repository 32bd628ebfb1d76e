//! Cells that wait for their turn.

use crate::worker::Job;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The cells that were asked for, oldest first.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

/// What waiting brought.
pub enum Next {
    /// A cell.
    Job(Job),
    /// Nothing in the time.
    Nothing,
    /// The end.
    Closed,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    aborted: Vec<Job>,
    closed: bool,
}

impl Queue {
    /// Adds a cell.
    pub fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// The next cell, waited for so long.
    pub fn next(&self, patience: Duration) -> Next {
        let idle = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match state.jobs.pop_front() {
            _ if state.closed => Next::Closed,
            Some(job) => Next::Job(job),
            None => Next::Nothing,
        }
    }

    /// Takes all waiting cells from their places: they will not run. How many there were.
    pub fn abort(&self) -> usize {
        let mut state = self.lock();
        let State { jobs, aborted, .. } = &mut *state;
        let count = jobs.len();
        aborted.extend(jobs.drain(..));
        count
    }

    /// The cells that were aborted since this was last asked.
    pub fn aborted(&self) -> Vec<Job> {
        std::mem::take(&mut self.lock().aborted)
    }

    /// Ends the worker after the cell at hand.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
