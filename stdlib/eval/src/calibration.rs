//! Calibration: whether events that are given a chance of 30% happen in 30 of 100 cases.

use crate::bootstrap::quantile;
use crate::check;
use crate::error::EvalError;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};

/// How probabilities are put into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binning {
    /// Bins of equal width from 0 to 1.
    Uniform,
    /// Bins of (nearly) as many rows each.
    Quantile,
}

/// Observed shares against mean probabilities, bin by bin; bins without rows are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCurve {
    /// Mean probability of each bin.
    pub predicted: Vec<f64>,
    /// Share of class 1 in each bin.
    pub observed: Vec<f64>,
    /// Rows of each bin, or their weight.
    pub weight: Vec<f64>,
}

/// Observed shares of class 1 against the probabilities, in bins, as scikit-learn's `calibration_curve`.
///
/// # Errors
/// As [`log_loss`](crate::log_loss); [`EvalError::Parameter`] for no bins.
pub fn calibration_curve(
    truth: &[f64],
    proba: &[f64],
    bins: usize,
    binning: Binning,
) -> Result<CalibrationCurve, EvalError> {
    curve(truth, proba, bins, binning, None)
}

/// [`calibration_curve`] with a weight per row; the bins' edges do not depend on the weights.
///
/// # Errors
/// As [`calibration_curve`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn calibration_curve_weighted(
    truth: &[f64],
    proba: &[f64],
    bins: usize,
    binning: Binning,
    weights: &[f64],
) -> Result<CalibrationCurve, EvalError> {
    curve(truth, proba, bins, binning, Some(weights))
}

pub(crate) fn curve(
    truth: &[f64],
    proba: &[f64],
    bins: usize,
    binning: Binning,
    weights: Option<&[f64]>,
) -> Result<CalibrationCurve, EvalError> {
    check::pair(truth, proba, "probabilities")?;
    check::probabilities(proba)?;
    if let Some(weights) = weights {
        check::weights(weights, truth.len())?;
    }
    if bins == 0 {
        let (value, expected) = ("0".to_owned(), "at least 1, for instance 10");
        return Err(EvalError::Parameter { name: "the number of bins", value, expected });
    }
    let edges = edges(proba, bins, binning);
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for (i, &p) in proba.iter().enumerate() {
        let bin = &mut sums[edges.partition_point(|&edge| edge < p)];
        let weight = weights.map_or(1.0, |w| w[i]);
        *bin = (bin.0 + weight * p, bin.1 + weight * truth[i], bin.2 + weight);
    }
    sums.retain(|bin| bin.2 > 0.0);
    Ok(CalibrationCurve {
        predicted: sums.iter().map(|bin| bin.0 / bin.2).collect(),
        observed: sums.iter().map(|bin| bin.1 / bin.2).collect(),
        weight: sums.iter().map(|bin| bin.2).collect(),
    })
}

/// The inner edges of the bins.
fn edges(proba: &[f64], bins: usize, binning: Binning) -> Vec<f64> {
    // As numpy's linspace rounds them.
    let shares = (1..bins).map(|k| k as f64 * (1.0 / bins as f64));
    match binning {
        Binning::Uniform => shares.collect(),
        Binning::Quantile => {
            let mut sorted = proba.to_vec();
            sorted.sort_by(f64::total_cmp);
            shares.map(|q| quantile(&sorted, q)).collect()
        }
    }
}

/// The Brier score in parts (Murphy 1973): `reliability - resolution + uncertainty`.
///
/// The sum is the Brier score of the bins' mean probabilities: that of the rows where a bin has one probability only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrierParts {
    /// Mean squared distance of shares and probabilities: what calibration could win; 0 is best.
    pub reliability: f64,
    /// Mean squared distance of the bins' shares from the overall one; higher is better.
    pub resolution: f64,
    /// Variance of the classes, which no model can change.
    pub uncertainty: f64,
}

impl CalibrationCurve {
    fn mean(&self, of: impl Fn(f64, f64) -> f64) -> f64 {
        let bins = self.predicted.iter().zip(&self.observed).zip(&self.weight);
        bins.map(|((&p, &o), w)| w * of(p, o)).sum::<f64>() / self.weight.iter().sum::<f64>()
    }

    /// Expected calibration error: mean distance of shares and probabilities over the bins (Naeini, Cooper and
    /// Hauskrecht 2015); 0 is best.
    pub fn error(&self) -> f64 {
        self.mean(|predicted, observed| (predicted - observed).abs())
    }

    /// The largest distance of share and probability among the bins.
    pub fn max_error(&self) -> f64 {
        self.predicted.iter().zip(&self.observed).fold(0.0, |most, (p, o)| f64::max(most, (p - o).abs()))
    }

    /// The Brier score in parts.
    pub fn brier_parts(&self) -> BrierParts {
        let share = self.mean(|_, observed| observed);
        BrierParts {
            reliability: self.mean(|predicted, observed| (predicted - observed).powi(2)),
            resolution: self.mean(|_, observed| (observed - share).powi(2)),
            uncertainty: share * (1.0 - share),
        }
    }
}

/// Expected calibration error over `bins` bins of equal width; see [`CalibrationCurve::error`].
///
/// # Errors
/// As [`calibration_curve`].
pub fn calibration_error(truth: &[f64], proba: &[f64], bins: usize) -> Result<f64, EvalError> {
    Ok(calibration_curve(truth, proba, bins, Binning::Uniform)?.error())
}

impl Display for CalibrationCurve {
    fn bundle(&self) -> Bundle {
        let mut table = Table::new("Calibration", &["mean probability", "share of class 1", "rows"]);
        for ((&p, &o), &w) in self.predicted.iter().zip(&self.observed).zip(&self.weight) {
            table.row([p, o, w].map(number));
        }
        table.note(format!("expected calibration error {}", number(self.error())));
        table.bundle()
    }
}
