//! Points that training steps leave behind: written by a thread of their own, many at once, so that no step waits.

use crate::handle::RunHandle;
use ironbook_store::model::{Metric, now_ms};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest that a point waits.
const PATIENCE: Duration = Duration::from_millis(200);
/// Points that are written at once without waiting.
const ENOUGH: usize = 1000;
/// Points that wait at most; a step that finds so many waits for the writer.
const MOST: usize = 100_000;

/// Points on their way.
pub(crate) struct Pending {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    points: Vec<(RunHandle, Metric)>,
    /// Points taken by the writer and not yet written.
    writing: usize,
    started: bool,
    /// Somebody waits until all is written.
    hurry: bool,
}

impl Pending {
    /// Nothing.
    pub const fn new() -> Pending {
        let state = State { points: Vec::new(), writing: 0, started: false, hurry: false };
        Pending { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the metrics of a step.
    pub fn push(&'static self, run: &RunHandle, step: i64, metrics: &[(&str, f64)]) {
        let now = now_ms();
        let mut state = self.lock();
        while state.points.len() >= MOST {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.points.extend(metrics.iter().map(|(key, value)| (run.clone(), Metric::new(*key, *value, now, step))));
        if !state.started {
            // Without a thread the next flush writes.
            let spawned = std::thread::Builder::new().name("track".to_owned()).spawn(|| self.write_on());
            state.started = spawned.is_ok();
        }
        // The writer sleeps while there is nothing, and once more until there is enough.
        if state.points.len() == metrics.len() || state.points.len() >= ENOUGH {
            self.changed.notify_all();
        }
    }

    /// Returns once everything is written that was added before.
    pub fn flush(&self) {
        let mut state = self.lock();
        if !state.started {
            let points = std::mem::take(&mut state.points);
            drop(state);
            write(points);
            return;
        }
        while !state.points.is_empty() || state.writing > 0 {
            state.hurry = true;
            self.changed.notify_all();
            state = self.changed.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry = false;
    }

    fn write_on(&self) {
        loop {
            let state = self.lock();
            let some = self.changed.wait_while(state, |state| state.points.is_empty());
            let some = some.unwrap_or_else(PoisonError::into_inner);
            let more = |state: &mut State| state.points.len() < ENOUGH && !state.hurry;
            let waited = self.changed.wait_timeout_while(some, PATIENCE, more);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let points = std::mem::take(&mut state.points);
            state.writing = points.len();
            drop(state);
            write(points);
            self.lock().writing = 0;
            self.changed.notify_all();
        }
    }
}

/// Writes points, run by run. What a store refuses is not tried again: a training does not end for its record.
fn write(points: Vec<(RunHandle, Metric)>) {
    let mut rest = points;
    while let Some((run, _)) = rest.first() {
        let run = run.clone();
        let (own, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(of, _)| of.id() == run.id());
        let own: Vec<Metric> = own.into_iter().map(|(_, metric)| metric).collect();
        if let Err(error) = run.put_metrics(&own) {
            crate::auto::say(&error);
        }
        rest = others;
    }
}
