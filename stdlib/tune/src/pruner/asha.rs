//! Successive halving without waiting for each other.

use super::{Pruner, Verdict};
use crate::error::{Result, TuneError};
use crate::history::History;
use crate::record::{Direction, RUNG, TrialRecord, TrialState, float_json};
use serde::{Deserialize, Serialize};

/// Asynchronous successive halving: at each rung (a step, each a fixed factor later than the one before) the best share
/// of all trials that have reached it goes on.
///
/// Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020), as
/// `optuna.pruners.SuccessiveHalvingPruner` does it; both read each other's rungs in a shared database.
///
/// ```
/// # use ironbook_tune::{Asha, Study};
/// let study = Study::new("demo").pruner(Asha::params().min_resource(5)).create()?;
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Asha {
    params: AshaParams,
    /// As given, or as found once a trial is complete.
    min_resource: Option<u64>,
}

/// Parameters of [`Asha`]; the defaults are Optuna's.
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `min_resource` | step of the first rung | steps | a hundredth of the last step of the first completed trials |
/// | `reduction_factor` | one of so many goes on; factor between rungs | | 4 |
/// | `min_early_stopping_rate` | rungs left out at the beginning | rungs | 0 |
/// | `bootstrap_count` | trials that a rung needs before one goes on | trials | 0 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AshaParams {
    min_resource: Option<u64>,
    reduction_factor: u64,
    min_early_stopping_rate: u32,
    bootstrap_count: usize,
}

impl Default for AshaParams {
    fn default() -> Self {
        AshaParams { min_resource: None, reduction_factor: 4, min_early_stopping_rate: 0, bootstrap_count: 0 }
    }
}

impl Asha {
    /// Parameters with their defaults.
    pub fn params() -> AshaParams {
        AshaParams::default()
    }
}

impl AshaParams {
    /// The step of the first rung, at least 1.
    pub fn min_resource(mut self, step: u64) -> Self {
        self.min_resource = Some(step);
        self
    }

    /// One of so many goes on, at least 2.
    pub fn reduction_factor(mut self, factor: u64) -> Self {
        self.reduction_factor = factor;
        self
    }

    /// Rungs left out at the beginning.
    pub fn min_early_stopping_rate(mut self, rungs: u32) -> Self {
        self.min_early_stopping_rate = rungs;
        self
    }

    /// Trials that a rung needs before one goes on; needs `min_resource`.
    pub fn bootstrap_count(mut self, trials: usize) -> Self {
        self.bootstrap_count = trials;
        self
    }

    /// A pruner with these parameters.
    ///
    /// # Errors
    /// [`TuneError::Parameter`].
    pub fn build(&self) -> Result<Asha> {
        let wrong = |name, value: String, expected| Err(TuneError::Parameter { name, value, expected });
        if self.min_resource == Some(0) {
            return wrong("min_resource", "0".to_owned(), "at least 1");
        }
        if self.reduction_factor < 2 {
            return wrong("reduction_factor", self.reduction_factor.to_string(), "at least 2");
        }
        if self.bootstrap_count > 0 && self.min_resource.is_none() {
            return wrong("bootstrap_count", self.bootstrap_count.to_string(), "0, or give min_resource as well");
        }
        Ok(Asha { params: self.clone(), min_resource: self.min_resource })
    }
}

impl Pruner for Asha {
    fn judge(&mut self, history: &History, trial: &TrialRecord) -> Verdict {
        self.judge_among(history, trial, |_| true)
    }
}

impl Asha {
    /// As [`Pruner::judge`] where only some of the other trials compete.
    pub(super) fn judge_among(
        &mut self,
        history: &History,
        trial: &TrialRecord,
        competes: impl Fn(&TrialRecord) -> bool,
    ) -> Verdict {
        let Some((step, value)) = trial.last_report() else { return false.into() };
        let mut verdict = Verdict::default();
        let mut rung = trial.rungs.len();
        loop {
            let Some(first) = self.first_rung(history) else { return verdict };
            let power = u32::try_from(rung).unwrap_or(u32::MAX).saturating_add(self.params.min_early_stopping_rate);
            if step < first.saturating_mul(self.params.reduction_factor.saturating_pow(power)) {
                return verdict;
            }
            if value.is_nan() {
                verdict.prune = true;
                return verdict;
            }
            verdict.notes.push((format!("{RUNG}{rung}"), float_json(value)));
            let others = history.trials().iter().filter(|other| other.number() != trial.number());
            let reached = others.filter_map(|other| other.rungs.get(rung).filter(|_| competes(other)));
            let competing: Vec<f64> = reached.copied().chain([value]).collect();
            if competing.len() <= self.params.bootstrap_count || !self.goes_on(history.direction(), value, competing) {
                verdict.prune = true;
                return verdict;
            }
            rung += 1;
        }
    }

    fn goes_on(&self, direction: Direction, value: f64, mut competing: Vec<f64>) -> bool {
        let promoted = usize::try_from(self.params.reduction_factor).map_or(0, |factor| competing.len() / factor);
        // Before there are enough for one to go on, the best so far does: trials cannot be taken up again later.
        let place = promoted.saturating_sub(1);
        competing.iter_mut().for_each(|each| *each = direction.loss(*each));
        let (_, limit, _) = competing.select_nth_unstable_by(place, f64::total_cmp);
        direction.loss(value) <= *limit
    }

    /// The step of the first rung; the first completed trials say so if nobody else does.
    fn first_rung(&mut self, history: &History) -> Option<u64> {
        if self.min_resource.is_none() {
            let complete = history.trials().iter().filter(|trial| trial.state() == TrialState::Complete);
            let last = complete.filter_map(|trial| Some(trial.last_report()?.0)).max();
            self.min_resource = last.map(|step| (step / 100).max(1));
        }
        self.min_resource
    }
}
