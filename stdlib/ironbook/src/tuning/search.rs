//! A search as `%%tune` describes it, and how it runs.

use super::error::TuningError;
use super::shown::Shown;
use super::summary::Summary;
use super::tracked::Tracked;
use ironbook_core::display::Hush;
use ironbook_core::{CellError, Interrupted, seed};
use ironbook_tune::{
    Asha, Best, Budget, Code, Direction, Ended, Failure, GridParams, Hyperband, Median, Memory, NoPruner, Pruned,
    Random, Report, Study, Tpe, Trial, TuneError, Unfinished,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Studies of this process, by name: `--resume` goes on with one that is kept in memory only.
static STUDIES: Mutex<BTreeMap<String, Known>> = Mutex::new(BTreeMap::new());

/// A study of this process, and where its trials are if that is memory.
struct Known {
    study: Study,
    memory: Option<Memory>,
}

fn studies() -> MutexGuard<'static, BTreeMap<String, Known>> {
    STUDIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The study of this name that a cell of this session has run.
///
/// # Errors
/// [`TuningError::NoStudy`].
pub fn study(name: &str) -> Result<Study, TuningError> {
    let studies = studies();
    let known = || studies.keys().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let none = || if studies.is_empty() { "none".to_owned() } else { known() };
    studies
        .get(name)
        .map(|known| known.study.clone())
        .ok_or_else(|| TuningError::NoStudy { name: name.to_owned(), known: none() })
}

/// Who chooses parameters.
#[derive(Clone, Debug, Default)]
enum Sampling {
    #[default]
    Tpe,
    Random,
    Grid(GridParams),
}

/// Who ends trials early.
#[derive(Clone, Copy, Debug, Default)]
enum Pruning {
    #[default]
    None,
    Median,
    Asha,
    Hyperband,
}

/// A search for the parameters with which code is best.
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `trials` | trials that the study is to have in all, those of before included | trials | 100, with a timeout no limit |
/// | `timeout` | after this no trial is begun, and running ones are to end | time | no limit |
/// | `jobs` | threads that run trials | threads | 1 |
/// | `seed` | equal seeds, equal studies (with one job) | | derived from the session's |
/// | `storage` | where trials are kept: `sqlite:///late.db` | | memory |
/// | `resume` | goes on with the study if it exists | | a study that exists is refused |
/// | `top` | trials that are listed at the end | trials | 5 |
#[derive(Clone, Debug)]
#[must_use = "nothing happens before run()"]
pub struct Search<'a> {
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) metric: String,
    trials: Option<usize>,
    timeout: Option<Duration>,
    pub(super) jobs: usize,
    sampling: Sampling,
    pruning: Pruning,
    pub(super) seed: Option<u64>,
    storage: Option<String>,
    resume: bool,
    pub(super) top: usize,
    code: Code<'a>,
}

/// Trials of a search without any limit.
const TRIALS: usize = 100;

impl<'a> Search<'a> {
    /// A search of this name for small or large values of what is called `metric`.
    pub fn new(name: &str, direction: Direction, metric: &str) -> Self {
        Search {
            name: name.to_owned(),
            direction,
            metric: metric.to_owned(),
            trials: None,
            timeout: None,
            jobs: 1,
            sampling: Sampling::Tpe,
            pruning: Pruning::None,
            seed: None,
            storage: None,
            resume: false,
            top: 5,
            code: Code::default(),
        }
    }

    /// Trials that the study is to have in all.
    pub fn trials(mut self, trials: usize) -> Self {
        self.trials = Some(trials);
        self
    }

    /// After so many seconds no trial is begun, and running ones are to end.
    pub fn timeout(mut self, seconds: f64) -> Self {
        self.timeout = Some(Duration::from_secs_f64(seconds));
        self
    }

    /// Threads that run trials.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Parameters are drawn at random.
    pub fn random(mut self) -> Self {
        self.sampling = Sampling::Random;
        self
    }

    /// Every combination of these values is tried.
    pub fn grid(mut self, values: GridParams) -> Self {
        self.sampling = Sampling::Grid(values);
        self
    }

    /// Trials end early that are worse than half of those before at the same step.
    pub fn median(mut self) -> Self {
        self.pruning = Pruning::Median;
        self
    }

    /// Trials end early by asynchronous successive halving.
    pub fn asha(mut self) -> Self {
        self.pruning = Pruning::Asha;
        self
    }

    /// Trials end early by several successive halvings, from cautious to bold.
    pub fn hyperband(mut self) -> Self {
        self.pruning = Pruning::Hyperband;
        self
    }

    /// Equal seeds, equal studies.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Where trials are kept.
    pub fn storage(mut self, url: &str) -> Self {
        self.storage = Some(url.to_owned());
        self
    }

    /// Goes on with the study if it exists.
    pub fn resume(mut self) -> Self {
        self.resume = true;
        self
    }

    /// Trials that are listed at the end.
    pub fn top(mut self, trials: usize) -> Self {
        self.top = trials;
        self
    }

    /// The code that is tried, so that the winner can be shown as code.
    pub fn code(mut self, code: Code<'a>) -> Self {
        self.code = code;
        self
    }

    /// Tries the code with one set of parameters after another, shows how it goes, and returns the best.
    ///
    /// Trials that return an error or NaN, or panic, are recorded as failed. While a run is active, the study is a run in it,
    /// and each trial one in the study's. After an interrupt, or where the storage is gone, it returns what was found until
    /// then; [`settled`] tells.
    ///
    /// # Errors
    /// [`TuningError::Exists`] without `resume`, other errors of [`ironbook_tune`] before any trial has a value;
    /// [`TuningError::AllFailed`], [`TuningError::AllPruned`], [`TuningError::NoTime`], [`TuningError::NoGrid`];
    /// [`Interrupted`].
    pub fn run<F>(self, objective: F) -> Result<Best, TuningError>
    where
        F: Fn(&Trial) -> Result<f64, CellError> + Sync,
    {
        self.run_dyn(&objective)
    }

    /// Not generic, so that it is compiled here and not into each cell.
    #[inline(never)]
    fn run_dyn(&self, objective: &(dyn Fn(&Trial) -> Result<f64, CellError> + Sync)) -> Result<Best, TuningError> {
        let (study, memory) = self.study()?;
        let before = study.counts();
        let mut tracked = Tracked::begin(self, &study);
        let mut shown = Shown::new(self, before);
        let budget = self.budget().watch(|view| {
            shown.update(view);
            tracked.take(view.history());
        });
        let hush = Hush::new(); // bars and curves of each fit would be too many
        let done = study.optimize_scoped(budget, |trial| objective(trial).map_err(|error| failure(&error)));
        drop(hush);
        studies().insert(self.name.clone(), Known { study: study.clone(), memory });
        let best = self.best(&study, &done);
        tracked.end(&study, best.as_ref().ok());
        let best = best?;
        shown.end(&Summary::new(self, &study, done.as_ref().ok(), &best));
        Ok(best)
    }

    fn study(&self) -> Result<(Study, Option<Memory>), TuningError> {
        let seed = self.seed.unwrap_or_else(|| seed::derive("tune"));
        let study = Study::new(&self.name).direction(self.direction).metric(&self.metric);
        let study = match &self.sampling {
            Sampling::Tpe => study.sampler(Tpe::params().seed(seed)),
            Sampling::Random => study.sampler(Random::params().seed(seed)),
            Sampling::Grid(values) if values.is_empty() => return Err(TuningError::NoGrid),
            Sampling::Grid(values) => study.sampler(values.clone().seed(seed)),
        };
        let study = match self.pruning {
            Pruning::None => study.pruner(NoPruner),
            Pruning::Median => study.pruner(Median::params()),
            Pruning::Asha => study.pruner(Asha::params()),
            Pruning::Hyperband => study.pruner(Hyperband::params()),
        };
        let memory = match self.storage.as_deref() {
            Some(url) if url != "memory" => None,
            _ => Some(self.memory()),
        };
        let study = match (&memory, self.storage.as_deref()) {
            (Some(memory), _) => study.storage(memory.clone()),
            (None, Some(url)) => study.storage_at(url),
            (None, None) => study,
        };
        let study = if self.resume { study.open() } else { study.create() };
        let study = study.map_err(|error| match error {
            TuneError::Exists { name, place } => TuningError::Exists { name, place },
            other => other.into(),
        })?;
        Ok((study, memory))
    }

    /// A place in memory: with `resume` that of the study of this name, so that a cell that is run again begins anew.
    fn memory(&self) -> Memory {
        let known = studies().get(&self.name).and_then(|known| known.memory.clone());
        known.filter(|_| self.resume).unwrap_or_default()
    }

    /// Trials that the study is to have in all, if they are limited.
    pub(super) fn limit(&self) -> Option<usize> {
        let grid = matches!(self.sampling, Sampling::Grid(_));
        self.trials.or_else(|| (self.timeout.is_none() && !grid).then_some(TRIALS))
    }

    fn budget<'w>(&self) -> Budget<'w> {
        let budget = self.limit().map_or_else(Budget::new, Budget::total);
        let budget = budget.jobs(self.jobs);
        match self.timeout {
            Some(timeout) => budget.timeout(timeout),
            None => budget,
        }
    }

    /// The best trial, and why the study has ended early if it has.
    fn best(&self, study: &Study, done: &Result<Report, TuneError>) -> Result<Best, TuningError> {
        let unfinished = match done {
            Err(error) => Some(Unfinished::Failed(error.to_string())),
            Ok(_) if ironbook_core::interrupt::requested() => Some(Unfinished::Interrupted),
            Ok(_) => None,
        };
        match (study.best(), unfinished, done) {
            (Ok(record), unfinished, _) => {
                let best = Best::of(study)?.with_code(&self.code, &record);
                Ok(best.with_unfinished(unfinished))
            }
            (Err(_), Some(Unfinished::Interrupted), _) => Err(Interrupted.into()),
            (Err(_), _, Ok(report)) => Err(no_value(study, report)),
            (Err(_), Some(Unfinished::Failed(why)), Err(_)) => Err(TuningError::Ended(why)),
            (Err(nothing), None, Err(_)) => Err(nothing.into()),
        }
    }

    /// The parameters of the grid, if there is one.
    pub(super) fn grid_names(&self) -> impl Iterator<Item = &str> {
        match &self.sampling {
            Sampling::Grid(values) => Some(values.names()),
            Sampling::Tpe | Sampling::Random => None,
        }
        .into_iter()
        .flatten()
    }

    pub(super) fn sampler_name(&self) -> &'static str {
        match self.sampling {
            Sampling::Tpe => "tpe",
            Sampling::Random => "random",
            Sampling::Grid(_) => "grid",
        }
    }

    pub(super) fn pruner_name(&self) -> &'static str {
        match self.pruning {
            Pruning::None => "none",
            Pruning::Median => "median",
            Pruning::Asha => "asha",
            Pruning::Hyperband => "hyperband",
        }
    }
}

/// Why no trial has a value.
fn no_value(study: &Study, report: &Report) -> TuningError {
    let counts = study.counts();
    let trials = counts.failed + counts.pruned;
    let first = study.look(|history| {
        let failed = history.trials().iter().find(|trial| trial.state() == ironbook_tune::TrialState::Fail);
        failed.map(|trial| (trial.number(), trial.failure().unwrap_or_default()))
    });
    match first {
        Some((number, why)) => {
            TuningError::AllFailed { trials, failed: counts.failed, pruned: counts.pruned, number, why }
        }
        None if trials == 0 && report.ended() == Ended::Time => TuningError::NoTime,
        None => TuningError::AllPruned { trials },
    }
}

/// An error of a cell's code, with its causes, as why a trial failed.
fn failure(error: &CellError) -> Failure {
    // Of its own accord, without a pruner's word.
    if error.chain.last().is_some_and(|last| *last == Pruned.to_string()) {
        return Pruned.into();
    }
    let mut text = String::new();
    for cause in &error.chain {
        if text.is_empty() {
            text.push_str(cause);
        } else if !text.contains(cause.as_str()) {
            text.push_str(": ");
            text.push_str(cause);
        }
    }
    Failure::new(text)
}

/// The best of a search that went to its end; else why it did not, with the best still in its variable.
///
/// # Errors
/// [`Interrupted`], or what has ended the search early.
pub fn settled(best: &Best) -> Result<(), TuningError> {
    match best.unfinished() {
        None => Ok(()),
        Some(Unfinished::Interrupted) => Err(Interrupted.into()),
        Some(Unfinished::Failed(why)) => Err(TuningError::Ended(why.clone())),
    }
}
