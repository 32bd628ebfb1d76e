//! How long a study runs, with how many hands, and who watches.

use crate::error::{Result, TuneError};
use crate::history::History;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long [`Study::optimize`](crate::Study::optimize) goes on, and how.
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `trials` | trials that are begun, failed ones included | trials | no limit |
/// | `total` | trials that the study is to have ended in all, those of other processes included | trials | no limit |
/// | `timeout` | after this no trial is begun, and running ones are to end | time | no limit |
/// | `jobs` | threads that run trials | threads | 1 |
/// | `grace` | how long running trials may take after timeout or stop, before they are left behind | time | 10 s |
/// | `stop` | ends the study from elsewhere, as the interrupt of a cell does | | |
/// | `watch` | is shown the study as it goes, ten times a second at most | | |
#[derive(Default)]
pub struct Budget<'w> {
    pub(super) trials: Option<usize>,
    pub(super) total: Option<usize>,
    pub(super) timeout: Option<Duration>,
    pub(super) jobs: Option<usize>,
    pub(super) grace: Option<Duration>,
    pub(super) stop: Stop,
    pub(super) watch: Option<Watch<'w>>,
}

/// Is shown a study as it goes.
type Watch<'w> = Box<dyn FnMut(&View<'_>) + 'w>;

impl<'w> Budget<'w> {
    /// No limit: until it is stopped, or a grid is done.
    pub fn new() -> Self {
        Budget::default()
    }

    /// So many trials.
    pub fn trials(trials: usize) -> Self {
        Budget { trials: Some(trials), ..Budget::default() }
    }

    /// Until the study has ended so many trials in all. Other processes that work on it count: together they begin more than
    /// that by the trials that run beside the last one, at most.
    pub fn total(total: usize) -> Self {
        Budget { total: Some(total), ..Budget::default() }
    }

    /// So much time.
    pub fn time(timeout: Duration) -> Self {
        Budget::new().timeout(timeout)
    }

    /// After this no trial is begun, and running ones are to end.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Threads that run trials, at least 1.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// How long running trials may take after timeout or stop, before they are left behind.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Ends the study from elsewhere.
    pub fn stop(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Is shown the study as it goes, on the thread that waits for it.
    pub fn watch(mut self, watch: impl FnMut(&View<'_>) + 'w) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    pub(super) fn checked_jobs(&self) -> Result<usize> {
        match self.jobs {
            Some(0) => Err(TuneError::Parameter { name: "jobs", value: "0".to_owned(), expected: "at least 1" }),
            jobs => Ok(jobs.unwrap_or(1)),
        }
    }
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Budget");
        debug
            .field("trials", &self.trials)
            .field("total", &self.total)
            .field("timeout", &self.timeout)
            .field("jobs", &self.jobs);
        debug.field("grace", &self.grace).finish_non_exhaustive()
    }
}

/// A switch that ends studies. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A switch that is not pressed.
    pub fn new() -> Self {
        Stop::default()
    }

    /// Ends the studies that have it.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was pressed.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A study while it runs.
#[derive(Debug)]
pub struct View<'a> {
    pub(super) history: &'a History,
    pub(super) begun: usize,
    pub(super) ended: usize,
    pub(super) trials: Option<usize>,
    pub(super) total: Option<usize>,
    pub(super) elapsed: Duration,
    pub(super) timeout: Option<Duration>,
}

impl View<'_> {
    /// All trials so far. The study stands still meanwhile: keep it short, and call no method of the study in there, which
    /// would wait for its own end.
    pub fn history(&self) -> &History {
        self.history
    }

    /// Trials that this run has begun.
    pub fn begun(&self) -> usize {
        self.begun
    }

    /// Trials that this run has ended.
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// How many this run may begin: what the budget says, less what the study has ended without it.
    pub fn trials(&self) -> Option<usize> {
        let counts = self.history.counts();
        let others = (counts.complete + counts.pruned + counts.failed).saturating_sub(self.ended);
        let of_total = self.total.map(|total| total.saturating_sub(others));
        self.trials.into_iter().chain(of_total).min()
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How long it is going to run, by the pace so far and its limits; `None` before a trial has ended, if no time is set.
    pub fn left(&self) -> Option<Duration> {
        let by_time = self.timeout.map(|timeout| timeout.saturating_sub(self.elapsed));
        let by_pace = self.trials().filter(|_| self.ended > 0).map(|trials| {
            let left = trials.saturating_sub(self.ended) as f64;
            self.elapsed.mul_f64(left / self.ended as f64)
        });
        match (by_time, by_pace) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}
