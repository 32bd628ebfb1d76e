//! Bootstrap intervals: how far a metric would move if other rows of the same kind had been judged.

mod bca;
mod binary;
mod cells;
mod classes;
mod poisson;
mod values;

pub use bca::bootstrap_bca;
pub(crate) use binary::{BINARY, Binary, at_threshold};
pub(crate) use classes::{CLASSES, Classes, RANKED, queries};
pub(crate) use values::{VALUES, Values};

use crate::error::EvalError;
use crate::random::Stream;
use ironbook_core::{Bundle, Display};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Data of at most this many rows is resampled row by row unless told otherwise; larger data in cells, see [`bootstrap`].
pub(crate) const EXACT: usize = 20_000;

/// Where a metric lies with a certain confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The share of intervals that hold the true value, for instance 0.95.
    pub level: f64,
}

impl Interval {
    /// The percentile interval (Efron 1979) of the resamples' values, interpolated as numpy's `quantile`; values that
    /// are not finite (a resample without one of the classes) are left out.
    pub(crate) fn of(values: &[f64], level: f64) -> Option<Self> {
        let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        finite.sort_by(f64::total_cmp);
        let (low, high) = ((1.0 - level) / 2.0, (1.0 + level) / 2.0);
        (finite.len() >= 2).then(|| Interval { low: quantile(&finite, low), high: quantile(&finite, high), level })
    }

    /// Whether the interval holds the value.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// `0.712 to 0.733 (95% interval)`.
impl Display for Interval {
    fn bundle(&self) -> Bundle {
        let percent = (1000.0 * self.level).round() / 10.0;
        Bundle::text(format!("{} ({percent}% interval)", crate::scores::between(self)))
    }
}

/// The quantile of sorted values, linear between neighbours.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = (at.floor() as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}

/// The interval of any metric over rows: `metric` gets the rows of each resample, drawn with replacement.
///
/// | parameter | meaning |
/// |---|---|
/// | `rows` | number of rows |
/// | `resamples` | number of resamples, at least 100; 1,000 is usual |
/// | `seed` | the same seed gives the same interval, on any number of threads |
/// | `metric` | the metric of rows with these numbers; NaN where it is not defined |
///
/// The interval holds the middle 95% of the values (percentile bootstrap, Efron 1979), as
/// `scipy.stats.bootstrap(method="percentile")`. The reports' own intervals are made in the same way, but faster: rows
/// that a metric cannot tell apart are counted together, and above 20,000 rows each cell of about a thousandth of the
/// rows, neighbours in the order of the scores, is drawn a Poisson number of times (Chamandy,
/// Muralidharan, Najmi and Naidu 2012); what rows of a cell differ in is added as a normal number of that variance.
///
/// # Errors
/// [`EvalError::Empty`], [`EvalError::Parameter`] for fewer than 100 resamples, [`EvalError::NoInterval`] where the
/// metric is not defined on nearly all resamples; [`EvalError::Interrupted`].
pub fn bootstrap(
    rows: usize,
    resamples: usize,
    seed: u64,
    metric: impl Fn(&[usize]) -> f64 + Sync,
) -> Result<Interval, EvalError> {
    if rows == 0 {
        return Err(EvalError::Empty);
    }
    resamples_checked(resamples)?;
    Interval::of(&drawn(rows, resamples, seed, &metric)?, 0.95).ok_or(EvalError::NoInterval)
}

/// The metric of each resample.
fn drawn(
    rows: usize,
    resamples: usize,
    seed: u64,
    metric: &(impl Fn(&[usize]) -> f64 + Sync),
) -> Result<Vec<f64>, EvalError> {
    let one = |r: usize| {
        ironbook_core::check()?;
        let mut stream = Stream::numbered(seed, r as u64);
        let drawn: Vec<usize> = (0..rows).map(|_| stream.below(rows as u64) as usize).collect();
        Ok(metric(&drawn))
    };
    (0..resamples).into_par_iter().map(one).collect()
}

/// Refuses too few resamples for a tail.
pub(crate) fn resamples_checked(resamples: usize) -> Result<(), EvalError> {
    if resamples >= 100 {
        return Ok(());
    }
    let (value, expected) = (resamples.to_string(), "at least 100, for instance 1000; 0 for no intervals");
    Err(EvalError::Parameter { name: "the number of resamples", value, expected })
}
