//! What a model predicted beside what was true: the one form that all metrics, slices and reports start from.

use crate::bootstrap::{self, BINARY, Binary, CLASSES, Classes, RANKED, VALUES, Values, at_threshold};
use crate::class_scores::{ClassScores, Pairing};
use crate::confusion::{Average, ConfusionTable};
use crate::error::EvalError;
use crate::queries::Queries;
use crate::ranking::{area, cuts, precision_area};
use crate::regression::Residuals;
use crate::scores::Scores;
use crate::{calibration, check, metrics};
use std::collections::HashSet;

/// Truth and prediction of each row.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) target: String,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) kind: Kind,
}

/// How resamples are drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawing {
    /// How many; 0 for none.
    pub(crate) resamples: usize,
    pub(crate) seed: u64,
    /// So many rows are drawn row by row, more of them in cells.
    pub(crate) row_by_row: usize,
}

/// Truth and prediction, by what was asked.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Two classes: the true one (0 or 1), the probability of 1.
    Binary { truth: Vec<f64>, proba: Vec<f64>, names: Vec<String> },
    /// Many classes: numbers of the true ones, the probabilities class by class.
    Classes { truth: Vec<usize>, probas: Vec<Vec<f64>>, names: Vec<String> },
    /// Values.
    Values { truth: Vec<f64>, predicted: Vec<f64> },
    /// Relevances and scores of the rows of queries.
    Ranked { relevance: Vec<f64>, scores: Vec<f64>, groups: Vec<u32> },
}

/// Bins of equal width for the calibration error.
pub(crate) const BINS: usize = 10;

impl Outcome {
    pub(crate) fn rows(&self) -> usize {
        match &self.kind {
            Kind::Binary { truth, .. } | Kind::Values { truth, .. } => truth.len(),
            Kind::Classes { truth, .. } => truth.len(),
            Kind::Ranked { relevance, .. } => relevance.len(),
        }
    }

    /// The rows with these numbers.
    pub(crate) fn select(&self, rows: &[usize]) -> Outcome {
        let of = |values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let kind = match &self.kind {
            Kind::Binary { truth, proba, names } => {
                Kind::Binary { truth: of(truth), proba: of(proba), names: names.clone() }
            }
            Kind::Classes { truth, probas, names } => Kind::Classes {
                truth: rows.iter().map(|&i| truth[i]).collect(),
                probas: probas.iter().map(|column| of(column)).collect(),
                names: names.clone(),
            },
            Kind::Values { truth, predicted } => Kind::Values { truth: of(truth), predicted: of(predicted) },
            Kind::Ranked { relevance, scores, groups } => Kind::Ranked {
                relevance: of(relevance),
                scores: of(scores),
                groups: rows.iter().map(|&i| groups[i]).collect(),
            },
        };
        let weights = self.weights.as_ref().map(|weights| of(weights));
        Outcome { target: self.target.clone(), weights, kind }
    }

    /// The metric that the outcome is ranked by where one has to be chosen.
    pub(crate) fn main_metric(&self) -> &'static str {
        match &self.kind {
            Kind::Binary { .. } | Kind::Classes { .. } => "log_loss",
            Kind::Values { .. } => "rmse",
            Kind::Ranked { .. } => "ndcg",
        }
    }

    /// All metrics that are defined on the rows, with intervals from resamples.
    pub(crate) fn scores(&self, threshold: f64, drawing: Drawing) -> Result<Scores, EvalError> {
        let Drawing { resamples, seed, row_by_row } = drawing;
        if resamples > 0 {
            bootstrap::resamples_checked(resamples)?;
        }
        if let Some(weights) = &self.weights {
            check::weights(weights, self.rows())?;
        }
        let weights = self.weights.as_deref();
        let exact = self.drawn() <= row_by_row;
        let key = if exact { self.key(seed) } else { 0 };
        match &self.kind {
            Kind::Binary { truth, proba, .. } => {
                let scores = binary(truth, proba, weights, threshold)?;
                if resamples == 0 {
                    return Ok(scores);
                }
                let draws = Binary::new(truth, proba, weights, threshold, exact).resample(resamples, seed)?;
                Ok(scores.with_draws(BINARY, &draws, key))
            }
            Kind::Classes { truth, probas, names } => {
                let checked = class_scores(truth, probas, weights)?;
                let predicted = most_probable(probas, truth.len());
                let scores = classes(&checked, &table_of(truth, &predicted, weights, names));
                if resamples == 0 {
                    return Ok(scores);
                }
                let areas = ["roc_auc", "average_precision"].map(|name| scores.value(name));
                let cells = Classes::new(&checked, truth, &predicted, weights, names.clone(), areas, exact);
                Ok(scores.with_draws(CLASSES, &cells.resample(resamples, seed)?, key))
            }
            Kind::Values { truth, predicted } => {
                let scores = values(truth, predicted, weights)?;
                if resamples == 0 {
                    return Ok(scores);
                }
                let draws = Values::new(truth, predicted, weights, exact).resample(resamples, seed)?;
                Ok(scores.with_draws(VALUES, &draws, key))
            }
            Kind::Ranked { relevance, scores, groups } => {
                let queries = Queries::of(relevance, scores, groups, weights)?;
                let found = ranked(&queries);
                if resamples == 0 {
                    return Ok(found);
                }
                Ok(found.with_draws(RANKED, &bootstrap::queries(&queries, resamples, seed, exact)?, key))
            }
        }
    }

    /// What is drawn: rows, or the queries of a ranking.
    fn drawn(&self) -> usize {
        match &self.kind {
            Kind::Ranked { groups, .. } => groups.iter().collect::<HashSet<_>>().len(),
            _ => self.rows(),
        }
    }

    /// A number that differs where resamples of two outcomes would not draw the same rows.
    fn key(&self, seed: u64) -> u64 {
        let (truth, more): (Vec<u64>, usize) = match &self.kind {
            Kind::Binary { truth, .. } | Kind::Values { truth, .. } => (truth.iter().map(|y| y.to_bits()).collect(), 0),
            Kind::Classes { truth, .. } => (truth.iter().map(|&y| y as u64).collect(), 1),
            Kind::Ranked { relevance, groups, .. } => {
                (relevance.iter().zip(groups).map(|(r, &g)| r.to_bits() ^ u64::from(g)).collect(), 2)
            }
        };
        let weights = self.weights.iter().flatten().map(|w| w.to_bits());
        let mix = |hash: u64, bits: u64| (hash ^ bits).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
        truth.into_iter().chain(weights).fold(mix(mix(0xcbf2_9ce4_8422_2325, seed), more as u64), mix).max(1)
    }
}

/// Metrics of two classes; those of the order are left out where there is only one.
fn binary(truth: &[f64], proba: &[f64], weights: Option<&[f64]>, threshold: f64) -> Result<Scores, EvalError> {
    check::probabilities(proba)?;
    let cuts = cuts(truth, proba, weights)?;
    let (mut ones, mut zeros, mut true_positives, mut false_positives) = (0.0, 0.0, 0.0, 0.0);
    for (i, (&y, &p)) in truth.iter().zip(proba).enumerate() {
        let weight = weights.map_or(1.0, |w| w[i]);
        let (all, predicted) =
            if y == 1.0 { (&mut ones, &mut true_positives) } else { (&mut zeros, &mut false_positives) };
        *all += weight;
        *predicted += if p > threshold { weight } else { 0.0 };
    }
    let [accuracy, precision, recall, f1, balanced, mcc] = at_threshold(true_positives, false_positives, ones, zeros);
    let (log_loss, brier) = match weights {
        None => (metrics::log_loss(truth, proba)?, metrics::brier(truth, proba)?),
        Some(w) => (metrics::log_loss_weighted(truth, proba, w)?, metrics::brier_weighted(truth, proba, w)?),
    };
    let error = calibration::curve(truth, proba, BINS, calibration::Binning::Uniform, weights)?.error();
    Ok(Scores::new([
        ("roc_auc", area(&cuts).unwrap_or(f64::NAN)),
        ("log_loss", log_loss),
        ("accuracy", accuracy),
        ("brier", brier),
        ("average_precision", precision_area(&cuts).unwrap_or(f64::NAN)),
        ("precision", precision),
        ("recall", recall),
        ("f1", f1),
        ("balanced_accuracy", balanced),
        ("mcc", mcc),
        ("calibration_error", error),
    ]))
}

/// Checked probabilities of many classes.
pub(crate) fn class_scores<'a>(
    truth: &'a [usize],
    probas: &'a [Vec<f64>],
    weights: Option<&'a [f64]>,
) -> Result<ClassScores<'a>, EvalError> {
    let scores = ClassScores::new(truth, probas)?;
    weights.map_or(Ok(scores), |weights| scores.weighted(weights))
}

fn classes(scores: &ClassScores, table: &ConfusionTable) -> Scores {
    Scores::new([
        ("roc_auc", scores.roc_auc(Pairing::OneVsRest, Average::Macro).unwrap_or(f64::NAN)),
        ("log_loss", scores.log_loss()),
        ("accuracy", table.accuracy()),
        ("brier", scores.brier()),
        ("average_precision", scores.average_precision().unwrap_or(f64::NAN)),
        ("balanced_accuracy", table.balanced_accuracy()),
        ("f1_macro", table.f1(Average::Macro)),
        ("mcc", table.mcc()),
        ("cohen_kappa", table.cohen_kappa()),
    ])
}

fn values(truth: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<Scores, EvalError> {
    let rows = Residuals::new(truth, predicted)?;
    let rows = weights.map_or(Ok(rows), |weights| rows.weighted(weights))?;
    Ok(Scores::new([
        ("rmse", rows.rmse()),
        ("mae", rows.mae()),
        ("r2", rows.r2()),
        ("median_absolute_error", rows.median_absolute_error()),
        ("explained_variance", rows.explained_variance()),
        ("bias", rows.bias()),
    ]))
}

fn ranked(queries: &Queries) -> Scores {
    Scores::new([
        ("ndcg", queries.ndcg()),
        ("ndcg_at_10", queries.ndcg_at(10)),
        ("map", queries.map()),
        ("mrr", queries.mrr()),
        ("precision_at_10", queries.precision_at(10)),
    ])
}

/// The most probable class of each row, the first of equals.
pub(crate) fn most_probable(probas: &[Vec<f64>], rows: usize) -> Vec<usize> {
    let best = |i: usize| (0..probas.len()).fold(0, |best, k| if probas[k][i] > probas[best][i] { k } else { best });
    (0..rows).map(best).collect()
}

/// Rows by true and predicted class.
pub(crate) fn table_of(
    truth: &[usize],
    predicted: &[usize],
    weights: Option<&[f64]>,
    names: &[String],
) -> ConfusionTable {
    let mut table = ConfusionTable::empty(names.to_vec());
    for (i, (&t, &p)) in truth.iter().zip(predicted).enumerate() {
        table.counts[t][p] += weights.map_or(1.0, |w| w[i]);
    }
    table
}
