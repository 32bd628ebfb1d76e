//! Resamples of the rows of a classifier of many classes, and of queries.

use super::cells::Cells;
use crate::class_scores::ClassScores;
use crate::confusion::{Average, ConfusionTable};
use crate::error::EvalError;
use crate::queries::Queries;

/// The metrics of a resample of many classes, in order.
pub(crate) const CLASSES: [&str; 9] = [
    "roc_auc",
    "log_loss",
    "accuracy",
    "brier",
    "average_precision",
    "balanced_accuracy",
    "f1_macro",
    "mcc",
    "cohen_kappa",
];

/// The metrics of a resample of queries, in order.
pub(crate) const RANKED: [&str; 5] = ["ndcg", "ndcg_at_10", "map", "mrr", "precision_at_10"];

/// Rows of a classifier, in cells of one true and one predicted class.
///
/// The area under the ROC curve is resampled by the rows' influence on it (DeLong, DeLong and Clarke-Pearson 1988): to
/// first order the same, and linear, so that no resample has to be sorted. So is average precision.
pub(crate) struct Classes {
    cells: Cells<4>,
    /// True and predicted class of each cell.
    pairs: Vec<(usize, usize)>,
    classes: Vec<String>,
    /// The area and the average precision of the original rows.
    areas: [f64; 2],
}

impl Classes {
    pub(crate) fn new(
        scores: &ClassScores,
        truth: &[usize],
        predicted: &[usize],
        weights: Option<&[f64]>,
        classes: Vec<String>,
        areas: [f64; 2],
        exact: bool,
    ) -> Self {
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let influence = [scores.auc_influence(), scores.precision_influence()];
        let k = classes.len();
        let all: Vec<(usize, usize)> = match exact {
            true => truth.iter().copied().zip(predicted.iter().copied()).collect(),
            false => (0..k * k).map(|pair| (pair / k, pair % k)).collect(),
        };
        let cell_of: Vec<u32> = match exact {
            true => (0..truth.len() as u32).collect(),
            false => truth.iter().zip(predicted).map(|(t, p)| (t * k + p) as u32).collect(),
        };
        let part = |i: usize| [scores.loss(i), scores.distance(i), influence[0][i], influence[1][i]];
        Classes { cells: Cells::new(cell_of, all.len(), exact, weight, part), pairs: all, classes, areas }
    }

    /// [`CLASSES`] of each of `n` resamples.
    pub(crate) fn resample(&self, n: usize, seed: u64) -> Result<Vec<[f64; 9]>, EvalError> {
        let empty = ConfusionTable::empty(self.classes.clone());
        self.cells.resample(n, seed, |weights, sums| {
            let mut table = empty.clone();
            for (&(truth, predicted), &weight) in self.pairs.iter().zip(weights) {
                table.counts[truth][predicted] += weight;
            }
            let [loss, distance, area, precision] = sums.map(|sum| sum / table.total());
            let area = (self.areas[0] + area).min(1.0);
            let precision = (self.areas[1] + precision).clamp(0.0, 1.0);
            let (right, f1) = (table.accuracy(), table.f1(Average::Macro));
            let (balanced, mcc, kappa) = (table.balanced_accuracy(), table.mcc(), table.cohen_kappa());
            [area, loss, right, distance, precision, balanced, f1, mcc, kappa]
        })
    }
}

/// [`RANKED`] of each of `n` resamples of whole queries.
pub(crate) fn queries(queries: &Queries, n: usize, seed: u64, exact: bool) -> Result<Vec<[f64; 5]>, EvalError> {
    let cell_of = (0..queries.len() as u32).collect();
    let cells = Cells::<5>::new(cell_of, queries.len(), exact, |q| queries.weight(q), |q| queries.metrics(q));
    cells.resample(n, seed, |weights, sums| {
        let all: f64 = weights.iter().sum();
        sums.map(|sum| sum / all)
    })
}
