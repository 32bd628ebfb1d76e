//! Hyperband: successive halving from several first rungs at once.

use super::{Asha, AshaParams, Pruner, Verdict};
use crate::error::{Result, TuneError};
use crate::history::History;
use crate::record::{TrialRecord, TrialState};
use serde::{Deserialize, Serialize};

/// Several successive halvings beside each other (brackets), which differ in how early they begin to prune. Each trial
/// belongs to one of them by its number, and competes with the trials of the same.
///
/// Li et al., Hyperband (JMLR 18, 2018), as `optuna.pruners.HyperbandPruner` does it, with the same brackets.
///
/// ```
/// # use ironbook_tune::{Hyperband, Study};
/// let study = Study::new("demo").pruner(Hyperband::params().max_resource(27)).create()?;
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Debug)]
pub struct Hyperband {
    params: HyperbandParams,
    /// Known from the beginning, or once a trial is complete.
    brackets: Option<Brackets>,
}

/// Parameters of [`Hyperband`]; the defaults are Optuna's.
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `min_resource` | step of the first rung of the earliest bracket | steps | 1 |
/// | `max_resource` | steps of a whole trial | steps | one more than the last step of the first completed trials |
/// | `reduction_factor` | one of so many goes on; factor between rungs | | 3 |
/// | `bootstrap_count` | trials that a rung needs before one goes on | trials | 0 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperbandParams {
    min_resource: u64,
    max_resource: Option<u64>,
    reduction_factor: u64,
    bootstrap_count: usize,
}

impl Default for HyperbandParams {
    fn default() -> Self {
        HyperbandParams { min_resource: 1, max_resource: None, reduction_factor: 3, bootstrap_count: 0 }
    }
}

impl Hyperband {
    /// Parameters with their defaults.
    pub fn params() -> HyperbandParams {
        HyperbandParams::default()
    }
}

impl HyperbandParams {
    /// The step of the first rung, at least 1.
    pub fn min_resource(mut self, steps: u64) -> Self {
        self.min_resource = steps;
        self
    }

    /// Steps of a whole trial, at least `min_resource`.
    pub fn max_resource(mut self, steps: u64) -> Self {
        self.max_resource = Some(steps);
        self
    }

    /// One of so many goes on, at least 2.
    pub fn reduction_factor(mut self, factor: u64) -> Self {
        self.reduction_factor = factor;
        self
    }

    /// Trials that a rung needs before one goes on; needs `max_resource`.
    pub fn bootstrap_count(mut self, trials: usize) -> Self {
        self.bootstrap_count = trials;
        self
    }

    /// A pruner with these parameters.
    ///
    /// # Errors
    /// [`TuneError::Parameter`].
    pub fn build(&self) -> Result<Hyperband> {
        let wrong = |name, value: String, expected| Err(TuneError::Parameter { name, value, expected });
        if self.min_resource == 0 {
            return wrong("min_resource", "0".to_owned(), "at least 1");
        }
        if self.max_resource.is_some_and(|most| most < self.min_resource) {
            let value = self.max_resource.unwrap_or_default().to_string();
            return wrong("max_resource", value, "at least min_resource");
        }
        if self.reduction_factor < 2 {
            return wrong("reduction_factor", self.reduction_factor.to_string(), "at least 2");
        }
        if self.bootstrap_count > 0 && self.max_resource.is_none() {
            return wrong("bootstrap_count", self.bootstrap_count.to_string(), "0, or give max_resource as well");
        }
        Ok(Hyperband { params: self.clone(), brackets: None })
    }
}

/// The brackets, and how trials are spread over them: by a hash of the study's name and their number.
#[derive(Debug)]
struct Brackets {
    pruners: Vec<Asha>,
    /// How many of all trials each gets.
    budgets: Vec<u64>,
    /// The bracket of each trial, as far as it was asked for.
    known: Vec<u32>,
}

impl Brackets {
    fn new(params: &HyperbandParams, max_resource: u64) -> Result<Self> {
        let HyperbandParams { min_resource, reduction_factor, bootstrap_count, .. } = *params;
        let ratio = max_resource as f64 / min_resource as f64;
        // Two logarithms, as Python divides them: their rounding decides at whole powers.
        let power = (ratio.ln() / (reduction_factor as f64).ln()).floor();
        let count = if power > 0.0 { power as u32 + 1 } else { 1 };
        let pruner = |bracket| {
            let params = AshaParams::default().min_resource(min_resource).reduction_factor(reduction_factor);
            params.min_early_stopping_rate(bracket).bootstrap_count(bootstrap_count).build()
        };
        let budget = |bracket: u32| {
            let left = count - 1 - bracket;
            let share = f64::from(count) * (reduction_factor as f64).powi(left as i32) / f64::from(left + 1);
            share.ceil() as u64
        };
        Ok(Brackets {
            pruners: (0..count).map(pruner).collect::<Result<_>>()?,
            budgets: (0..count).map(budget).collect(),
            known: Vec::new(),
        })
    }

    /// Finds the brackets of all trials so far.
    fn catch_up(&mut self, history: &History) {
        let new = self.known.len()..history.trials().len();
        let budgets = &self.budgets;
        self.known.extend(new.map(|number| Brackets::of(budgets, history.name(), number as u32) as u32));
    }

    /// The bracket of a trial.
    fn of(budgets: &[u64], study: &str, number: u32) -> usize {
        let total: u64 = budgets.iter().sum();
        let mut left = u64::from(crc32(format!("{study}_{number}").as_bytes())) % total;
        for (bracket, budget) in budgets.iter().enumerate() {
            match left.checked_sub(*budget) {
                Some(rest) => left = rest,
                None => return bracket,
            }
        }
        0
    }
}

impl Hyperband {
    /// The brackets, once the length of a whole trial is known.
    fn brackets(&mut self, history: &History) -> Option<&mut Brackets> {
        if self.brackets.is_none() {
            let complete = history.trials().iter().filter(|trial| trial.state() == TrialState::Complete);
            let last = || complete.filter_map(|trial| Some(trial.last_report()?.0)).max();
            let max_resource = self.params.max_resource.or_else(|| last().map(|step| step + 1))?;
            self.brackets = Brackets::new(&self.params, max_resource).ok();
        }
        self.brackets.as_mut()
    }
}

impl Pruner for Hyperband {
    fn judge(&mut self, history: &History, trial: &TrialRecord) -> Verdict {
        let Some(brackets) = self.brackets(history) else { return false.into() };
        brackets.catch_up(history);
        let Brackets { pruners, known, .. } = brackets;
        let own = known[trial.number() as usize];
        pruners[own as usize].judge_among(history, trial, |other| known[other.number() as usize] == own)
    }
}

/// The checksum of zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_zlibs() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
