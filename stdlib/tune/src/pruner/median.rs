//! The median rule, and its like for other percentiles.

use super::{Pruner, Verdict};
use crate::error::{Result, TuneError};
use crate::history::History;
use crate::record::{Direction, TrialRecord};
use serde::{Deserialize, Serialize};

/// Ends a trial whose best report is worse than the median of what completed trials reported at the same step.
///
/// After Golovin et al., Google Vizier (KDD 2017), 3.2.1, as `optuna.pruners.MedianPruner` does it.
///
/// ```
/// # use ironbook_tune::{Median, Study};
/// let study = Study::new("demo").pruner(Median::params().n_startup_trials(10)).create()?;
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Median {
    params: MedianParams,
}

/// Parameters of [`Median`]; the defaults are Optuna's.
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `percentile` | trials better than this percentile go on (25: the best quarter) | percent | 50 |
/// | `n_startup_trials` | nothing is pruned before so many trials are complete | trials | 5 |
/// | `n_warmup_steps` | a trial is not pruned before this step | steps | 0 |
/// | `interval_steps` | distance between checks, from the warm-up on | steps | 1 |
/// | `n_min_trials` | reports at a step that a decision needs | trials | 1 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MedianParams {
    percentile: f64,
    n_startup_trials: usize,
    n_warmup_steps: u64,
    interval_steps: u64,
    n_min_trials: usize,
}

impl Default for MedianParams {
    fn default() -> Self {
        MedianParams { percentile: 50.0, n_startup_trials: 5, n_warmup_steps: 0, interval_steps: 1, n_min_trials: 1 }
    }
}

impl Median {
    /// Parameters with their defaults.
    pub fn params() -> MedianParams {
        MedianParams::default()
    }
}

impl MedianParams {
    /// Trials better than this percentile go on, 0 to 100.
    pub fn percentile(mut self, percentile: f64) -> Self {
        self.percentile = percentile;
        self
    }

    /// Completed trials before anything is pruned.
    pub fn n_startup_trials(mut self, trials: usize) -> Self {
        self.n_startup_trials = trials;
        self
    }

    /// The first step at which a trial may be pruned.
    pub fn n_warmup_steps(mut self, steps: u64) -> Self {
        self.n_warmup_steps = steps;
        self
    }

    /// Steps between checks, at least 1.
    pub fn interval_steps(mut self, steps: u64) -> Self {
        self.interval_steps = steps;
        self
    }

    /// Reports at a step that a decision needs, at least 1.
    pub fn n_min_trials(mut self, trials: usize) -> Self {
        self.n_min_trials = trials;
        self
    }

    /// A pruner with these parameters.
    ///
    /// # Errors
    /// [`TuneError::Parameter`].
    pub fn build(&self) -> Result<Median> {
        let wrong = |name, value: String, expected| Err(TuneError::Parameter { name, value, expected });
        if !(0.0..=100.0).contains(&self.percentile) {
            return wrong("percentile", self.percentile.to_string(), "a number from 0 to 100");
        }
        if self.interval_steps == 0 {
            return wrong("interval_steps", "0".to_owned(), "at least 1");
        }
        if self.n_min_trials == 0 {
            return wrong("n_min_trials", "0".to_owned(), "at least 1");
        }
        Ok(Median { params: self.clone() })
    }
}

impl Pruner for Median {
    fn judge(&mut self, history: &History, trial: &TrialRecord) -> Verdict {
        let MedianParams { percentile, n_startup_trials, n_warmup_steps, n_min_trials, .. } = self.params;
        let complete = history.counts().complete;
        let Some((step, _)) = trial.last_report() else { return false.into() };
        if complete == 0 || complete < n_startup_trials || step < n_warmup_steps || !self.is_due(trial, step) {
            return false.into();
        }
        let direction = history.direction();
        let reported = trial.reports().iter().map(|report| direction.loss(report.1)).filter(|loss| !loss.is_nan());
        let Some(best) = reported.reduce(f64::min) else { return true.into() };
        let others = history.reported_at(step);
        if others.len() < n_min_trials {
            return false.into();
        }
        let rank = if direction == Direction::Maximize { 100.0 - percentile } else { percentile };
        // Without a number nothing is worse than it.
        percentile_of(others, rank).is_some_and(|limit| best > direction.loss(limit)).into()
    }
}

impl Median {
    /// Whether this is the first report since the last check was due.
    fn is_due(&self, trial: &TrialRecord, step: u64) -> bool {
        let MedianParams { n_warmup_steps, interval_steps, .. } = self.params;
        let due = (step - n_warmup_steps) / interval_steps * interval_steps + n_warmup_steps;
        let before = trial.reports().iter().rev().map(|report| report.0).find(|other| *other != step);
        before.is_none_or(|before| before < due)
    }
}

/// NumPy's `nanpercentile`, interpolated between neighbours.
fn percentile_of(values: &[f64], percentile: f64) -> Option<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let last = known.len().checked_sub(1)?;
    let at = last as f64 * (percentile / 100.0);
    let place = (at.floor() as usize).min(last);
    let (_, low, above) = known.select_nth_unstable_by(place, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().reduce(f64::min).unwrap_or(low);
    let share = at - at.floor();
    let difference = high - low;
    let between = if share >= 0.5 { high - difference * (1.0 - share) } else { low + difference * share };
    (!between.is_nan()).then_some(between)
}
