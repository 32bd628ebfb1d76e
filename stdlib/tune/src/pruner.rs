//! Pruners end trials that are not going to be good, by what they report on their way.

mod asha;
mod hyperband;
mod median;

pub use asha::{Asha, AshaParams};
pub use hyperband::{Hyperband, HyperbandParams};
pub use median::{Median, MedianParams};

use crate::history::History;
use crate::record::TrialRecord;

/// What a pruner says of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Whether the trial should end now.
    pub prune: bool,
    /// Notes for the trial's system attributes: names and JSON.
    pub notes: Vec<(String, String)>,
}

impl From<bool> for Verdict {
    fn from(prune: bool) -> Self {
        Verdict { prune, notes: Vec::new() }
    }
}

/// Ends trials early.
///
/// Implementations decide exactly as Optuna 5 does on the same history; `tests/main/pruners.rs` compares them.
pub trait Pruner: Send {
    /// Whether a running trial should end, by what it and others have reported.
    fn judge(&mut self, history: &History, trial: &TrialRecord) -> Verdict;
}

/// Ends no trial. The default, unlike Optuna's, which is the median: nothing is cut short unless asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPruner;

impl Pruner for NoPruner {
    fn judge(&mut self, _: &History, _: &TrialRecord) -> Verdict {
        Verdict::default()
    }
}
