//! Cells that wait for their turn.

use crate::worker::Job;
use ironbook_core::Bundle;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an inspection waits for a peek at a value; nobody looks at one that comes later.
pub const PEEKED_WITHIN: Duration = Duration::from_millis(300);

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
    /// A variable to be shown to somebody who inspects it.
    Peek(String, Sender<Bundle>),
    /// Nothing in the time.
    Nothing,
    /// The end.
    Closed,
}

struct Peek {
    name: String,
    asking: Sender<Bundle>,
    asked: Instant,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    peeks: VecDeque<Peek>,
    aborted: Vec<Job>,
    closed: bool,
}

impl Queue {
    /// Adds a cell.
    pub fn push(&self, job: Job) {
        self.lock().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// Asks for a variable as it is shown; cells come first.
    pub fn peek(&self, name: &str) -> Receiver<Bundle> {
        let (sender, receiver) = channel();
        self.lock().peeks.push_back(Peek { name: name.to_owned(), asking: sender, asked: Instant::now() });
        self.changed.notify_one();
        receiver
    }

    /// The next cell, waited for so long.
    pub fn next(&self, patience: Duration) -> Next {
        let idle = |state: &mut State| state.jobs.is_empty() && state.peeks.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Next::Closed;
        }
        if let Some(job) = state.jobs.pop_front() {
            return Next::Job(job);
        }
        state.peeks.retain(|peek| peek.asked.elapsed() < PEEKED_WITHIN);
        state.peeks.pop_front().map_or(Next::Nothing, |peek| Next::Peek(peek.name, peek.asking))
    }

    /// Takes the waiting cells of a client from their places: they will not run. How many there were.
    ///
    /// Those of other clients have nothing to do with what failed.
    pub fn abort(&self, session: &str) -> usize {
        let mut state = self.lock();
        let (dropped, kept): (VecDeque<Job>, _) =
            state.jobs.drain(..).partition(|job| job.request.header.session == session);
        state.jobs = kept;
        let count = dropped.len();
        state.aborted.extend(dropped);
        count
    }

    /// Takes a cell back that still waits.
    pub fn withdraw(&self, request: &str) -> Option<Job> {
        let mut state = self.lock();
        let at = state.jobs.iter().position(|job| job.request.header.msg_id == request)?;
        state.jobs.remove(at)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peek_that_nobody_waits_for_any_more_is_passed_over() {
        let queue = Queue::default();
        let _gone = queue.peek("old");
        std::thread::sleep(PEEKED_WITHIN);
        let _waiting = queue.peek("new");
        assert!(matches!(queue.next(Duration::ZERO), Next::Peek(name, _) if name == "new"));
        assert!(matches!(queue.next(Duration::ZERO), Next::Nothing));
    }
}
