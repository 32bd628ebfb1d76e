//! Cells that wait for their turn.

use crate::worker::Job;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The cells that were asked for, oldest first.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
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

    /// The next cell, waited for; `None` once the queue is closed.
    pub fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes all waiting cells from their places: they will not run.
    pub fn abort(&self) {
        let mut state = self.lock();
        let State { jobs, aborted, .. } = &mut *state;
        aborted.extend(jobs.drain(..));
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
