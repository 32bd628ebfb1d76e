//! Metrics that look at the order of the scores: the ROC curve, the area under it, and average precision.

use crate::check;
use crate::error::EvalError;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What is predicted 1 when every score of at least `threshold` is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) threshold: f64,
    /// Weight of the rows that are 0 among them.
    pub(crate) false_positives: f64,
    /// Weight of the rows that are 1 among them.
    pub(crate) true_positives: f64,
}

/// One cut per distinct score, highest first.
pub(crate) fn cuts(truth: &[f64], scores: &[f64], weights: Option<&[f64]>) -> Result<Vec<Cut>, EvalError> {
    check::pair(truth, scores, "scores")?;
    check::finite(scores, "scores")?;
    if let Some(weights) = weights {
        check::weights(weights, truth.len())?;
    }
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    Ok(cuts_of((0..truth.len()).map(|i| (scores[i], truth[i], weight(i)))))
}

/// One cut per distinct score of rows given as (score, class, weight), highest first.
pub(crate) fn cuts_of(rows: impl Iterator<Item = (f64, f64, f64)>) -> Vec<Cut> {
    // Triples sort faster than indices that have to be looked up.
    let mut rows: Vec<(f64, f64, f64)> = rows.filter(|row| row.2 > 0.0).collect();
    rows.par_sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut cuts: Vec<Cut> = Vec::new();
    let (mut false_positives, mut true_positives) = (0.0, 0.0);
    for (score, class, weight) in rows {
        true_positives += weight * class;
        false_positives += weight * (1.0 - class);
        let cut = Cut { threshold: score, false_positives, true_positives };
        match cuts.last_mut() {
            Some(last) if last.threshold == score => *last = cut,
            _ => cuts.push(cut),
        }
    }
    cuts
}

/// Weights of class 0 and of class 1, both positive.
pub(crate) fn both_classes(cuts: &[Cut], metric: &'static str) -> Result<(f64, f64), EvalError> {
    let Some(all) = cuts.last() else { return Err(EvalError::Empty) };
    if all.true_positives == 0.0 {
        return Err(EvalError::OneClass { metric, value: 0.0, name: None });
    }
    if all.false_positives == 0.0 {
        return Err(EvalError::OneClass { metric, value: 1.0, name: None });
    }
    Ok((all.false_positives, all.true_positives))
}

/// Area under the ROC curve: the chance that a row of class 1 has a higher score than one of class 0, ties counting half.
///
/// `truth` holds classes 0 and 1, `scores` any finite numbers, higher meaning class 1. 0.5 is guessing, 1 is perfect.
/// As scikit-learn's `roc_auc_score` (Fawcett, An introduction to ROC analysis, 2006).
///
/// # Errors
/// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotBinary`], [`EvalError::NotFinite`], and
/// [`EvalError::OneClass`] where all rows are of one class.
pub fn roc_auc(truth: &[f64], scores: &[f64]) -> Result<f64, EvalError> {
    area(&cuts(truth, scores, None)?)
}

/// [`roc_auc`] with a weight per row.
///
/// # Errors
/// As [`roc_auc`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn roc_auc_weighted(truth: &[f64], scores: &[f64], weights: &[f64]) -> Result<f64, EvalError> {
    area(&cuts(truth, scores, Some(weights))?)
}

pub(crate) fn area(cuts: &[Cut]) -> Result<f64, EvalError> {
    let (negatives, positives) = both_classes(cuts, "the area under the ROC curve")?;
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    for cut in cuts {
        area += (cut.false_positives - x) * (cut.true_positives + y) / 2.0;
        (x, y) = (cut.false_positives, cut.true_positives);
    }
    Ok(area / negatives / positives)
}

/// Mean of the precisions at each threshold, weighted by the recall that it adds; higher is better.
///
/// Guessing has the share of class 1. As scikit-learn's `average_precision_score`, without interpolation.
///
/// # Errors
/// As [`roc_auc`], but rows of class 1 alone are fine.
pub fn average_precision(truth: &[f64], scores: &[f64]) -> Result<f64, EvalError> {
    precision_area(&cuts(truth, scores, None)?)
}

/// [`average_precision`] with a weight per row.
///
/// # Errors
/// As [`average_precision`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn average_precision_weighted(truth: &[f64], scores: &[f64], weights: &[f64]) -> Result<f64, EvalError> {
    precision_area(&cuts(truth, scores, Some(weights))?)
}

pub(crate) fn precision_area(cuts: &[Cut]) -> Result<f64, EvalError> {
    let positives = cuts.last().map_or(0.0, |all| all.true_positives);
    if positives == 0.0 {
        return Err(EvalError::OneClass { metric: "average precision", value: 0.0, name: None });
    }
    let (mut area, mut found) = (0.0, 0.0);
    for cut in cuts {
        let precision = cut.true_positives / (cut.true_positives + cut.false_positives);
        area += (cut.true_positives - found) * precision;
        found = cut.true_positives;
    }
    Ok(area / positives)
}

/// The ROC curve: true against false positive rate while the threshold falls, from (0, 0) to (1, 1).
///
/// As scikit-learn's `roc_curve`: the first threshold is infinite, and points on a straight line between their
/// neighbours are left out.
///
/// # Errors
/// As [`roc_auc`].
pub fn roc_curve(truth: &[f64], scores: &[f64]) -> Result<RocCurve, EvalError> {
    roc_of(&cuts(truth, scores, None)?)
}

/// [`roc_curve`] with a weight per row.
///
/// # Errors
/// As [`roc_curve`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn roc_curve_weighted(truth: &[f64], scores: &[f64], weights: &[f64]) -> Result<RocCurve, EvalError> {
    roc_of(&cuts(truth, scores, Some(weights))?)
}

pub(crate) fn roc_of(cuts: &[Cut]) -> Result<RocCurve, EvalError> {
    let (negatives, positives) = both_classes(cuts, "the ROC curve")?;
    let auc = area(cuts)?;
    let start = Cut { threshold: f64::INFINITY, false_positives: 0.0, true_positives: 0.0 };
    // Counts are whole numbers, so equal steps are exactly equal.
    let bends = |i: usize| {
        let [a, b, c] = [cuts[i - 1], cuts[i], cuts[i + 1]];
        b.false_positives - a.false_positives != c.false_positives - b.false_positives
            || b.true_positives - a.true_positives != c.true_positives - b.true_positives
    };
    let kept = (0..cuts.len()).filter(|&i| i == 0 || i == cuts.len() - 1 || bends(i)).map(|i| cuts[i]);
    let points: Vec<Cut> = std::iter::once(start).chain(kept).collect();
    Ok(RocCurve {
        fpr: points.iter().map(|cut| cut.false_positives / negatives).collect(),
        tpr: points.iter().map(|cut| cut.true_positives / positives).collect(),
        thresholds: points.iter().map(|cut| cut.threshold).collect(),
        auc,
    })
}

/// Precision against recall while the threshold rises, to the point (recall 0, precision 1).
///
/// As scikit-learn's `precision_recall_curve`: one point per distinct score, the first at recall 1.
///
/// # Errors
/// As [`average_precision`].
pub fn pr_curve(truth: &[f64], scores: &[f64]) -> Result<PrCurve, EvalError> {
    pr_of(&cuts(truth, scores, None)?)
}

/// [`pr_curve`] with a weight per row.
///
/// # Errors
/// As [`pr_curve`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn pr_curve_weighted(truth: &[f64], scores: &[f64], weights: &[f64]) -> Result<PrCurve, EvalError> {
    pr_of(&cuts(truth, scores, Some(weights))?)
}

pub(crate) fn pr_of(cuts: &[Cut]) -> Result<PrCurve, EvalError> {
    let average_precision = precision_area(cuts)?;
    let positives = cuts.last().map_or(0.0, |all| all.true_positives);
    let points = || cuts.iter().rev();
    let precision = points().map(|cut| cut.true_positives / (cut.true_positives + cut.false_positives));
    let recall = points().map(|cut| cut.true_positives / positives);
    Ok(PrCurve {
        precision: precision.chain([1.0]).collect(),
        recall: recall.chain([0.0]).collect(),
        thresholds: points().map(|cut| cut.threshold).collect(),
        average_precision,
    })
}

/// A curve of precision and recall, see [`pr_curve`].
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct PrCurve {
    /// Precisions; the last is 1.
    pub precision: Vec<f64>,
    /// Recalls, falling from 1 to 0.
    pub recall: Vec<f64>,
    /// The scores from which on rows are predicted 1, rising; one fewer than points.
    pub thresholds: Vec<f64>,
    /// See [`average_precision`].
    pub average_precision: f64,
}

/// In a line: a curve can have many thousand points.
impl std::fmt::Debug for PrCurve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrCurve of {} points, average precision {:.5}", self.recall.len(), self.average_precision)
    }
}

impl Display for PrCurve {
    fn bundle(&self) -> Bundle {
        Bundle::text(format!("{self:?}"))
    }
}

impl Inspect for PrCurve {
    fn shape(&self) -> Option<String> {
        Some(format!("{} points", self.recall.len()))
    }

    fn heap_bytes(&self) -> u64 {
        (3 * self.recall.len() * size_of::<f64>()) as u64
    }
}

/// A ROC curve, see [`roc_curve`].
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// False positive rates, rising from 0 to 1.
    pub fpr: Vec<f64>,
    /// True positive rates, rising from 0 to 1.
    pub tpr: Vec<f64>,
    /// The scores from which on rows are predicted 1, falling from infinity.
    #[serde(with = "endless")]
    pub thresholds: Vec<f64>,
    /// Area under the curve, see [`roc_auc`].
    pub auc: f64,
}

/// JSON has no infinity: it is written as null.
mod endless {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|v| v.is_finite().then_some(v)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|v| v.unwrap_or(f64::INFINITY)).collect())
    }
}

/// In a line: a curve can have many thousand points.
impl std::fmt::Debug for RocCurve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RocCurve of {} points, area {:.5}", self.fpr.len(), self.auc)
    }
}

impl Display for RocCurve {
    fn bundle(&self) -> Bundle {
        Bundle::text(format!("{self:?}"))
    }
}

impl Inspect for RocCurve {
    fn shape(&self) -> Option<String> {
        Some(format!("{} points", self.fpr.len()))
    }

    fn heap_bytes(&self) -> u64 {
        (3 * self.fpr.len() * size_of::<f64>()) as u64
    }
}
