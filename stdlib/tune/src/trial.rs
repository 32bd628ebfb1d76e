//! A trial as the code that it runs sees it: it answers with parameters and takes reports.

use crate::distribution::{Distribution, FloatRange, IntRange, Whole};
use crate::error::{Result, TuneError};
use crate::outcome::Pruned;
use crate::record::TrialRecord;
use crate::storage::NoteKind;
use crate::study::{Run, Shared};
use crate::value::ParamValue;
use ironbook_core::pruning::{Pruning, Stopped};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One set of parameters that is being tried.
///
/// The code that is tuned asks for parameters by name when it needs them, in loops and branches as it likes:
///
/// ```
/// # use ironbook_tune::{Budget, Study};
/// let study = Study::new("late-gbdt").create()?;
/// study.optimize(Budget::trials(20), |trial| {
///     let booster = trial.categorical("booster", ["gbtree", "dart"]);
///     let depth: usize = trial.int("max_depth", 3..=10);
///     let rate = trial.log_float("learning_rate", 1e-3..0.3);
///     let drop = if booster == "dart" { trial.float("drop", 0.0..=0.5) } else { 0.0 };
///     Ok(rate * depth as f64 + drop)
/// })?;
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
///
/// A name means one parameter of one kind throughout a study. Asked for the same name again, a trial gives the same answer.
/// The ends of a range may differ from trial to trial, as in Optuna.
///
/// # Panics
/// Methods that return a value end the trial with [`TuneError::EmptyRange`], [`TuneError::Incompatible`] and the other
/// errors of [`Trial::suggest`]: in [`Study::optimize`](crate::Study::optimize) the trial is recorded as failed, elsewhere
/// they panic with its text.
#[derive(Debug)]
pub struct Trial {
    number: u32,
    source: Source,
    /// Whether it was told to end early.
    pruned: AtomicBool,
}

#[derive(Debug)]
enum Source {
    /// A study; with the run that it belongs to.
    Study(Arc<Shared>, Option<Arc<Run>>),
    /// Parameters that are known.
    Fixed(BTreeMap<String, ParamValue>),
}

/// Ends a trial from within; carries what to record. No panic: no hook hears of it.
pub(crate) struct Abort(pub(crate) TuneError);

impl Trial {
    pub(crate) fn of_study(number: u32, shared: Arc<Shared>, run: Option<Arc<Run>>) -> Self {
        Trial { number, source: Source::Study(shared, run), pruned: AtomicBool::new(false) }
    }

    /// A trial that answers with given parameters and belongs to no study: runs the code with the best of a study again.
    pub fn fixed<K: Into<String>, V: Into<ParamValue>>(params: impl IntoIterator<Item = (K, V)>) -> Self {
        let params = params.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Trial { number: 0, source: Source::Fixed(params), pruned: AtomicBool::new(false) }
    }

    /// A trial that answers as this one did.
    pub fn again(record: &TrialRecord) -> Self {
        let params = record.params().iter().map(|param| (param.name().to_owned(), param.value()));
        Trial { number: record.number(), source: Source::Fixed(params.collect()), pruned: AtomicBool::new(false) }
    }

    /// Its number in the study, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Name of what the study makes small or large, if it has one; see [`StudyBuilder::metric`](crate::StudyBuilder::metric).
    pub fn metric(&self) -> Option<&str> {
        match &self.source {
            Source::Study(shared, _) => shared.metric(),
            Source::Fixed(_) => None,
        }
    }

    /// A whole number of `range`.
    pub fn int<T: Whole>(&self, name: &str, range: impl IntRange<T>) -> T {
        self.whole(name, Distribution::int(name, range.ends()))
    }

    /// A whole number of `range`, from its start on in steps.
    pub fn int_step<T: Whole>(&self, name: &str, range: impl IntRange<T>, step: T) -> T {
        self.whole(name, Distribution::int_step(name, range.ends(), step.widen()))
    }

    /// A whole number of `range`, which begins at 1 or above, by its order of magnitude.
    #[doc(alias = "int_log")]
    pub fn log_int<T: Whole>(&self, name: &str, range: impl IntRange<T>) -> T {
        self.whole(name, Distribution::log_int(name, range.ends()))
    }

    /// A number of `range`.
    pub fn float(&self, name: &str, range: impl FloatRange) -> f64 {
        self.number_of(name, Distribution::float(name, range.ends()))
    }

    /// A number of `range`, from its start on in steps.
    pub fn float_step(&self, name: &str, range: impl FloatRange, step: f64) -> f64 {
        self.number_of(name, Distribution::float_step(name, range.ends(), step))
    }

    /// A number of `range`, which begins above 0, by its order of magnitude.
    pub fn log_float(&self, name: &str, range: impl FloatRange) -> f64 {
        self.number_of(name, Distribution::log_float(name, range.ends()))
    }

    /// One of `choices`: names, numbers, truths, `None`, or values of a type of yours that turns into a [`ParamValue`].
    pub fn categorical<T: Clone + Into<ParamValue>>(&self, name: &str, choices: impl IntoIterator<Item = T>) -> T {
        let mut choices: Vec<T> = choices.into_iter().collect();
        let values = choices.iter().cloned().map(Into::into).collect();
        let place = self.number_of(name, Distribution::categorical(name, values)) as usize;
        choices.swap_remove(place)
    }

    /// A whole number of the type that the code wants; one that is set from outside can be too large for it.
    fn whole<T: Whole>(&self, name: &str, distribution: Result<Distribution>) -> T {
        let range = distribution.as_ref().ok().cloned();
        let value = self.number_of(name, distribution);
        let narrow = T::narrow(value as i64);
        if narrow.widen() as f64 != value {
            let distribution = range.map_or_else(String::new, |range| range.to_string());
            self.abort(TuneError::Unfit { name: name.to_owned(), value: value.to_string(), distribution });
        }
        narrow
    }

    /// The float that stands for a parameter's value.
    fn number_of(&self, name: &str, distribution: Result<Distribution>) -> f64 {
        match distribution.and_then(|distribution| self.internal(name, distribution)) {
            Ok((value, _)) => value,
            Err(error) => self.abort(error),
        }
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// [`TuneError::Incompatible`] if the parameter is of another kind in this study, [`TuneError::NotRunning`] once the
    /// trial has ended, [`TuneError::NotInGrid`] and [`TuneError::Unfit`] from samplers, [`TuneError::NotFixed`].
    pub fn suggest(&self, name: &str, distribution: Distribution) -> Result<ParamValue> {
        let (internal, distribution) = self.internal(name, distribution)?;
        Ok(distribution.value(internal))
    }

    fn internal(&self, name: &str, distribution: Distribution) -> Result<(f64, Arc<Distribution>)> {
        match &self.source {
            Source::Study(shared, _) => shared.core().suggest(self.number, name, distribution),
            Source::Fixed(params) => {
                let known = || params.keys().cloned().collect::<Vec<_>>().join(", ");
                let missing = || TuneError::NotFixed { name: name.to_owned(), known: known() };
                let value = params.get(name).ok_or_else(missing)?;
                let unfit = || TuneError::Unfit {
                    name: name.to_owned(),
                    value: value.to_rust(),
                    distribution: distribution.to_string(),
                };
                let internal = distribution.internal(value).ok_or_else(unfit)?;
                Ok((internal, Arc::new(distribution)))
            }
        }
    }

    /// Reports a value on the way, for pruners and curves: the step counts what the objective counts (epochs, folds), the
    /// value is in the unit of the objective. A second report at one step is left out; NaN is recorded.
    pub fn report(&self, step: u64, value: f64) {
        if let Source::Study(shared, run) = &self.source {
            let done = shared.core().report(self.number, step, value);
            let ended = run.as_ref().is_some_and(|run| run.is_over());
            if let Err(error) = done {
                self.abort(error);
            } else if ended {
                self.abort(TuneError::NotRunning { number: self.number, state: crate::TrialState::Fail });
            }
        }
    }

    /// Whether the pruner says that this trial is not worth going on.
    pub fn should_prune(&self) -> bool {
        match &self.source {
            Source::Study(shared, _) => {
                let judged = shared.core().judge(self.number);
                let prune = judged.unwrap_or_else(|error| self.abort(error));
                self.pruned.fetch_or(prune, Ordering::Relaxed);
                prune
            }
            Source::Fixed(_) => false,
        }
    }

    /// Reports a value, and is an error if the trial should end: `trial.step(epoch, loss)?`.
    ///
    /// # Errors
    /// [`Pruned`].
    pub fn step(&self, step: u64, value: f64) -> std::result::Result<(), Pruned> {
        self.report(step, value);
        if self.should_prune() { Err(Pruned) } else { Ok(()) }
    }

    /// Whether it was told to end early: whatever error its code then returns, it counts as pruned.
    pub(crate) fn is_pruned(&self) -> bool {
        self.pruned.load(Ordering::Relaxed)
    }

    /// Whether the study is to end: its time is over, or it was stopped. What a trial returns soon is still recorded.
    pub fn should_stop(&self) -> bool {
        matches!(&self.source, Source::Study(_, Some(run)) if run.is_ending())
    }

    /// Keeps a note with the trial.
    pub fn note(&self, name: &str, value: impl Into<ParamValue>) {
        if let Source::Study(shared, _) = &self.source {
            let json = serde_json::to_string(&value.into()).expect("a number or a text");
            shared.core().note(self.number, NoteKind::User, name.to_owned(), json);
        }
    }

    /// What is known of it; nothing of a fixed one.
    pub fn record(&self) -> Option<TrialRecord> {
        match &self.source {
            Source::Study(shared, _) => shared.core().history.trial(self.number).cloned(),
            Source::Fixed(_) => None,
        }
    }

    fn abort(&self, error: TuneError) -> ! {
        match &self.source {
            // Caught by the worker that runs the objective.
            Source::Study(_, Some(_)) => std::panic::resume_unwind(Box::new(Abort(error))),
            _ => panic!("{error}"),
        }
    }
}

/// What code knows of a trial that is told of no search: `eval::cross_validate_pruned` reports fold by fold.
impl Pruning for Trial {
    fn metric(&self) -> Option<&str> {
        Trial::metric(self)
    }

    fn is_searched(&self) -> bool {
        matches!(self.source, Source::Study(..))
    }

    fn report(&self, step: u64, value: f64) {
        Trial::report(self, step, value);
    }

    fn stop_early(&self) -> std::result::Result<(), Stopped> {
        if self.should_prune() { Err(Stopped::new(Pruned)) } else { Ok(()) }
    }
}
