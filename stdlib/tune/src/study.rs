//! A study: trials towards one goal, where they are kept, and who chooses them.

mod budget;
mod build;
mod core;
mod optimize;
mod report;
mod run;

pub use budget::{Budget, Stop, View};
pub use build::{IntoPruner, IntoSampler, StudyBuilder};
pub(crate) use core::{Core, LOST_JSON};
pub use report::{Ended, LeftBehind, Report};
pub(crate) use run::Run;

use crate::error::{Result, TuneError};
use crate::history::{Counts, History};
use crate::importance::Importance;
use crate::outcome::Outcome;
use crate::record::{Direction, FIXED, TrialRecord, TrialState};
use crate::storage::Storage;
use crate::trial::Trial;
use crate::value::ParamValue;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A search for the parameters with the best value. Clones are the same study.
///
/// ```
/// use ironbook_tune::{Budget, Study, Tpe};
///
/// let study = Study::new("parabola").minimize().sampler(Tpe::params().seed(1)).create()?;
/// let report = study.optimize(Budget::trials(50), |trial| {
///     let x = trial.float("x", -5.0..=5.0);
///     Ok(x * x)
/// })?;
/// assert_eq!(report.counts().complete, 50);
/// println!("{} at {}", study.best()?.value().unwrap(), study.best()?.param("x").unwrap());
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Study {
    shared: Arc<Shared>,
}

/// What the handles of a study share.
pub(crate) struct Shared {
    name: String,
    direction: Direction,
    /// Name of the value, if it has one.
    metric: Option<String>,
    core: Mutex<Core>,
}

impl Shared {
    pub(crate) fn metric(&self) -> Option<&str> {
        self.metric.as_deref()
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        // A sampler or pruner of a user's may have panicked; trials are changed by whole steps only.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Study").field("name", &self.name).field("direction", &self.direction).finish_non_exhaustive()
    }
}

impl Study {
    /// Begins to describe a study. Its name is what it is resumed by, and decides the brackets of Hyperband.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(name: impl Into<String>) -> StudyBuilder {
        StudyBuilder::new(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What it seeks.
    pub fn direction(&self) -> Direction {
        self.shared.direction
    }

    /// Name of what it makes small or large, if it has one.
    pub fn metric(&self) -> Option<&str> {
        self.shared.metric()
    }

    /// Where its trials are kept, in words: `memory`, or the path of a database.
    pub fn place(&self) -> String {
        self.shared.core().storage.place()
    }

    /// Looks at all that is known. The study stands still meanwhile: keep it short, and call no method of the study in
    /// there, which would wait for its own end.
    pub fn look<T>(&self, call: impl FnOnce(&History) -> T) -> T {
        call(&self.shared.core().history)
    }

    /// Copies of all trials, by number.
    pub fn trials(&self) -> Vec<TrialRecord> {
        self.look(|history| history.trials().to_vec())
    }

    /// How many trials there are in each state.
    pub fn counts(&self) -> Counts {
        self.look(History::counts)
    }

    /// The completed trial with the best value.
    ///
    /// # Errors
    /// [`TuneError::NothingCompleted`].
    pub fn best(&self) -> Result<TrialRecord> {
        let best = self.look(|history| history.best().cloned());
        best.ok_or_else(|| TuneError::NothingCompleted { name: self.name().to_owned() })
    }

    /// How much each parameter matters for being among the best tenth of the trials: shares that add up to 1, the largest
    /// first. See [`Importance`].
    ///
    /// # Errors
    /// [`TuneError::NothingCompleted`].
    pub fn importances(&self) -> Result<Vec<Importance>> {
        let found = self.look(History::importances);
        found.ok_or_else(|| TuneError::NothingCompleted { name: self.name().to_owned() })
    }

    /// Takes over what other processes have added to a shared storage.
    ///
    /// # Errors
    /// The storage's.
    pub fn refresh(&self) -> Result<()> {
        self.shared.core().sync()
    }

    /// Begins a trial, which has to be told how it ended; an enqueued one if there is one.
    ///
    /// # Errors
    /// The storage's.
    pub fn ask(&self) -> Result<Trial> {
        let number = self.shared.core().begin(false)?;
        Ok(Trial::of_study(number, Arc::clone(&self.shared), None))
    }

    /// Ends a trial: with a value, as pruned, or as failed.
    ///
    /// # Errors
    /// [`TuneError::NotRunning`]; [`TuneError::Unsaved`] if the storage did not take it, in which case it is in memory.
    pub fn tell(&self, trial: &Trial, outcome: impl Into<Outcome>) -> Result<()> {
        let mut core = self.shared.core();
        core.tell(trial.number(), outcome.into())?;
        core.unsaved().map_or(Ok(()), Err)
    }

    /// Adds a trial that uses given parameters, and samples those that are missing; it is begun before others are.
    ///
    /// # Errors
    /// The storage's.
    pub fn enqueue<K: Into<String>, V: Into<ParamValue>>(
        &self,
        params: impl IntoIterator<Item = (K, V)>,
    ) -> Result<()> {
        let params: BTreeMap<String, ParamValue> =
            params.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let mut record = TrialRecord::new(-1, 0, TrialState::Waiting);
        record.note(FIXED, serde_json::to_string(&params).expect("names and numbers"));
        self.shared.core().add(record)
    }

    /// How many changes the storage has not taken.
    pub fn unsaved(&self) -> usize {
        self.shared.core().pending.len()
    }

    /// Writes what the storage has not taken, once it is back.
    ///
    /// # Errors
    /// [`TuneError::Unsaved`] if it still does not.
    pub fn save(&self) -> Result<()> {
        self.shared.core().unsaved().map_or(Ok(()), Err)
    }

    /// Writes all trials into another storage, under the same name; goes on in the one it is in.
    ///
    /// # Errors
    /// [`TuneError::Exists`], and the storage's.
    pub fn copy_to(&self, storage: &mut dyn Storage) -> Result<()> {
        let study = storage.create_study(self.name(), self.direction())?;
        self.metric().map_or(Ok(()), |metric| storage.name_metric(study, metric))?;
        self.look(|history| {
            history.trials().iter().try_for_each(|trial| storage.add_trial(study, trial, false).map(drop))
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}
