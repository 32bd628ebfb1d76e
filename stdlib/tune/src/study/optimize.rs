//! Runs an objective trial after trial, on several threads if wanted, and keeps budgets whatever the objective does.

use super::budget::{Budget, View};
use super::build::SILENT;
use super::report::{Ended, LeftBehind, Report};
use super::run::Run;
use super::{Shared, Study};
use crate::error::{Result, TuneError};
use crate::history::Counts;
use crate::outcome::{Failure, Outcome, said};
use crate::record::FIXED;
use crate::trial::{Abort, Trial};
use ironbook_core::interrupt::{self, InterruptUnwind};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How often the waiting thread looks at clocks and switches.
const TICK: Duration = Duration::from_millis(50);
/// How often a watcher is shown the study.
const WATCH: Duration = Duration::from_millis(100);
/// How often trials say that they are alive.
const BEAT: Duration = Duration::from_secs(5);
/// How long trials may take after the end, unless the budget says otherwise.
const GRACE: Duration = Duration::from_secs(10);
/// Why a trial failed that was ended when nobody waited for it any more.
const LATE: &str = "it did not end in time";

impl Study {
    /// Runs `objective` trial after trial until the budget is used up.
    ///
    /// A trial that returns an error or NaN, or panics, is recorded as failed, and the study goes on. When time is over or
    /// the study is stopped, running trials have the budget's grace to end by themselves (see [`Trial::should_stop`]); those
    /// that do not are recorded as failed and left behind on their threads, which the report names. For that the objective
    /// has to own what it uses; [`Study::optimize_scoped`] may borrow.
    ///
    /// With one job and a seed the trials are the same each time, also when the study is ended and resumed in between.
    ///
    /// # Errors
    /// [`TuneError::EmptyRange`], [`TuneError::Incompatible`] and the like if the first trials of the run have such a fault and
    /// none has a value; [`TuneError::Unsaved`] and the storage's; [`TuneError::Parameter`]; [`TuneError::Thread`]. What was
    /// done is kept in any case.
    pub fn optimize<F>(&self, budget: Budget<'_>, objective: F) -> Result<Report>
    where
        F: Fn(&Trial) -> std::result::Result<f64, Failure> + Send + Sync + 'static,
    {
        let jobs = budget.checked_jobs()?;
        let run = Arc::new(Run::new(&budget, jobs));
        let objective = Arc::new(objective);
        for job in 0..jobs {
            let (objective, worker) = (Arc::clone(&objective), Worker::new(self, &run, job));
            let spawned = thread::Builder::new().name(worker.thread.clone()).spawn(move || worker.work(&*objective));
            if let Err(source) = spawned {
                // Those that have begun go on; without any there is nothing to wait for.
                run.state().workers -= jobs - job;
                run.fail(TuneError::Thread { source });
                break;
            }
        }
        Waiter::new(self, &run, budget).wait(true)
    }

    /// As [`Study::optimize`] for an objective that borrows. It waits for all trials, however long they take: after the grace
    /// a trial is ended when it next reports or asks for a parameter, and in loops of the library and of cells, and only
    /// then.
    ///
    /// # Errors
    /// Those of [`Study::optimize`].
    pub fn optimize_scoped<F>(&self, budget: Budget<'_>, objective: F) -> Result<Report>
    where
        F: Fn(&Trial) -> std::result::Result<f64, Failure> + Sync,
    {
        let jobs = budget.checked_jobs()?;
        let run = Arc::new(Run::new(&budget, jobs));
        let objective = &objective;
        thread::scope(|scope| {
            for job in 0..jobs {
                let worker = Worker::new(self, &run, job);
                let builder = thread::Builder::new().name(worker.thread.clone());
                if let Err(source) = builder.spawn_scoped(scope, move || worker.work(objective)) {
                    run.state().workers -= jobs - job;
                    run.fail(TuneError::Thread { source });
                    break;
                }
            }
            Waiter::new(self, &run, budget).wait(false)
        })
    }
}

/// A thread that runs trials.
struct Worker {
    shared: Arc<Shared>,
    run: Arc<Run>,
    thread: String,
}

impl Worker {
    fn new(study: &Study, run: &Arc<Run>, job: usize) -> Self {
        Worker { shared: Arc::clone(study.shared()), run: Arc::clone(run), thread: format!("tune-{}", job + 1) }
    }

    fn work(self, objective: &(impl Fn(&Trial) -> std::result::Result<f64, Failure> + Sync)) {
        while self.run.take_turn() {
            // Samplers are anybody's code; a thread that is gone would be waited for.
            match catch_unwind(AssertUnwindSafe(|| self.begin())) {
                Ok(Ok(Some(number))) => self.attempt(number, objective),
                Ok(Ok(None)) => break,
                Ok(Err(error)) => self.run.fail(error),
                Err(payload) => self.run.fail(TuneError::Sampler { why: said(&*payload).to_owned() }),
            }
        }
        self.run.state().workers -= 1;
        self.run.changed();
    }

    /// Begins a trial, if there is anything left to try.
    fn begin(&self) -> Result<Option<u32>> {
        let mut guard = self.shared.core();
        let core = &mut *guard;
        core.sync()?;
        if core.history.waiting().is_none() && core.sampler.is_exhausted(&core.history) {
            let mut state = self.run.state();
            state.exhausted = true;
            state.begun -= 1;
            return Ok(None);
        }
        if self.run.has_all(&core.history) {
            self.run.state().begun -= 1;
            return Ok(None);
        }
        let number = core.begin(true)?;
        self.run.state().running.insert(number, (self.thread.clone(), Instant::now()));
        Ok(Some(number))
    }

    fn attempt(&self, number: u32, objective: &(impl Fn(&Trial) -> std::result::Result<f64, Failure> + Sync)) {
        let trial = Trial::of_study(number, Arc::clone(&self.shared), Some(Arc::clone(&self.run)));
        let returned = catch_unwind(AssertUnwindSafe(|| self.run.work().run(|| objective(&trial))));
        let outcome = match returned {
            Ok(Ok(value)) => Outcome::Complete(value),
            Ok(Err(_)) if trial.is_pruned() => Outcome::Pruned,
            Ok(Err(failure)) => failure.outcome(),
            Err(payload) => self.unwound(number, payload),
        };
        let mut core = self.shared.core();
        // Gone from there, nobody waits for it any more.
        if self.run.state().running.remove(&number).is_none() {
            return;
        }
        if let Err(error) = core.tell(number, outcome) {
            // Another process has given it up; the report says so.
            core.late += usize::from(matches!(error, TuneError::NotRunning { .. }));
        }
        if let Some(error) = core.unsaved() {
            self.run.fail(error);
        }
        let mut state = self.run.state();
        match core.history.trial(number).map(|trial| (trial.state(), trial.failure())) {
            Some((crate::TrialState::Complete, _)) => state.counts.complete += 1,
            Some((crate::TrialState::Pruned, _)) => state.counts.pruned += 1,
            Some((_, why)) => state.failed(number, why.unwrap_or_default()),
            None => {}
        }
        drop(state);
        self.run.changed();
    }

    /// Whether a trial has parameters that it was given.
    fn is_given(&self, number: u32) -> bool {
        self.shared.core().history.trial(number).is_some_and(|trial| trial.system_attributes().contains_key(FIXED))
    }

    /// What an unwind of the objective means.
    fn unwound(&self, number: u32, payload: Box<dyn Any + Send>) -> Outcome {
        let payload = match payload.downcast::<Abort>() {
            Ok(abort) => {
                if self.run.is_over() {
                    return Outcome::Failed(LATE.to_owned());
                }
                let why = abort.0.to_string();
                // A fault of the first trials of a run is a fault of the code; a later one may be that of a rare branch, one
                // of given parameters theirs.
                if is_definition(&abort.0) && !self.run.has_values() && !self.is_given(number) {
                    self.run.fail(abort.0);
                }
                return Outcome::Failed(why);
            }
            Err(payload) => payload,
        };
        if payload.is::<InterruptUnwind>() {
            self.run.end();
            let why = if self.run.is_over() { LATE } else { "interrupted" };
            return Outcome::Failed(why.to_owned());
        }
        Outcome::Failed(format!("panicked: {}", said(&*payload)))
    }
}

/// Whether an error lies in how a parameter is asked for.
fn is_definition(error: &TuneError) -> bool {
    matches!(
        error,
        TuneError::EmptyRange { .. }
            | TuneError::NoChoices { .. }
            | TuneError::LogRange { .. }
            | TuneError::Step { .. }
            | TuneError::NotFinite { .. }
            | TuneError::TooLarge { .. }
            | TuneError::Incompatible { .. }
            | TuneError::NotInGrid { .. }
            | TuneError::Unfit { .. }
            | TuneError::Outside { .. }
    )
}

/// The thread that waits for a run, with an eye on clocks and switches.
struct Waiter<'a, 'w> {
    study: &'a Study,
    run: &'a Arc<Run>,
    budget: Budget<'w>,
    began: Instant,
    /// Since when running trials are to end.
    ending: Option<Instant>,
    stopped: bool,
    beaten: Instant,
    watched: (Option<Instant>, usize),
}

/// A watcher that panics ends the run: threads that borrow are waited for all the same.
impl Drop for Waiter<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.run.end();
            self.run.give_up();
        }
    }
}

impl<'a, 'w> Waiter<'a, 'w> {
    fn new(study: &'a Study, run: &'a Arc<Run>, budget: Budget<'w>) -> Self {
        let now = Instant::now();
        let watched = (None, 0);
        Waiter { study, run, budget, began: now, ending: None, stopped: false, beaten: now, watched }
    }

    /// Waits for the end; with `leave` no longer than the grace.
    fn wait(mut self, leave: bool) -> Result<Report> {
        let mut left_behind = Vec::new();
        while self.run.state().workers > 0 {
            self.run.wait(self.pause());
            self.look_at_switches();
            self.show(false);
            self.beat();
            let grace = self.budget.grace.unwrap_or(GRACE);
            if self.ending.is_some_and(|since| since.elapsed() >= grace) && self.run.state().workers > 0 {
                self.run.give_up();
                if leave {
                    left_behind = self.leave_behind();
                    break;
                }
            }
        }
        self.show(true);
        self.report(left_behind)
    }

    fn pause(&self) -> Duration {
        let until = |at: Instant| at.saturating_duration_since(Instant::now());
        let due = self.run.deadline().filter(|_| self.ending.is_none()).map_or(TICK, until);
        due.clamp(Duration::from_millis(1), TICK)
    }

    fn look_at_switches(&mut self) {
        if !self.stopped && (self.budget.stop.is_stopped() || interrupt::requested()) {
            self.stopped = true;
            self.run.end();
        }
        if self.ending.is_none() && self.run.is_ending() {
            self.run.end();
            self.ending = Some(Instant::now());
        }
    }

    fn show(&mut self, last: bool) {
        let Some(watch) = &mut self.budget.watch else { return };
        let (begun, ended) = {
            let state = self.run.state();
            (state.begun, state.ended())
        };
        let due = self.watched.0.is_none_or(|at| at.elapsed() >= WATCH) && self.watched.1 != ended;
        if due || last {
            let core = self.study.shared().core();
            let (trials, total, timeout) = (self.budget.trials, self.budget.total, self.budget.timeout);
            watch(&View {
                history: &core.history,
                begun,
                ended,
                trials,
                total,
                elapsed: self.began.elapsed(),
                timeout,
            });
            self.watched = (Some(Instant::now()), ended);
        }
    }

    /// Says that trials are alive, and gives up those of dead processes.
    fn beat(&mut self) {
        if self.beaten.elapsed() >= BEAT {
            self.beaten = Instant::now();
            let mut core = self.study.shared().core();
            // What the storage refuses here it refuses to trials as well, where it is told.
            if core.beat().is_ok() {
                _ = core.reap(SILENT);
            }
        }
    }

    /// Ends running trials in the records; their threads run on.
    fn leave_behind(&self) -> Vec<LeftBehind> {
        let mut core = self.study.shared().core();
        let mut state = self.run.state();
        let running = std::mem::take(&mut state.running);
        let left = running.into_iter().map(|(number, (thread, since))| LeftBehind {
            number,
            thread,
            running: since.elapsed(),
        });
        let left: Vec<LeftBehind> = left.collect();
        for each in &left {
            let why = each.to_string();
            state.failed(each.number, why.clone());
            _ = core.tell(each.number, Outcome::Failed(why));
        }
        left
    }

    fn report(self, left_behind: Vec<LeftBehind>) -> Result<Report> {
        let full = self.run.is_full();
        let mut core = self.study.shared().core();
        core.settle();
        let full = full || self.run.has_all(&core.history);
        let mut state = self.run.state();
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if let Some(error) = core.unsaved() {
            return Err(error);
        }
        let ended = if self.stopped || self.ending.is_some() && !self.run.is_late() {
            Ended::Stopped
        } else if state.exhausted {
            Ended::Exhausted
        } else if full && left_behind.is_empty() {
            Ended::Trials
        } else {
            Ended::Time
        };
        Ok(Report {
            counts: Counts { ..state.counts },
            ended,
            best: core.history.best().cloned(),
            left_behind,
            failures: std::mem::take(&mut state.failures),
            late: std::mem::take(&mut core.late),
            elapsed: self.began.elapsed(),
        })
    }
}
