//! What boosting minimises: derivatives, where it starts from, and the metric that is reported.

mod rank;

use super::booster::TrainingSet;
use super::maths::{LANES, exp, ln, quantile, sigmoid};
use crate::error::LearnError;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows that one thread works on at once; sums are taken block by block, so that they do not depend on the threads.
const BLOCK: usize = 4096;
/// How far a Poisson model may move in one round: its second derivative is raised by `e^0.7` (LightGBM's default).
const POISSON_STEP: f64 = 0.7;

/// What is minimised; scores are sums of leaves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Log loss of two classes; the score is the log-odds of the second. Rows of the second class count `positive` times.
    Logistic {
        /// How much the second class counts.
        positive: f64,
    },
    /// Log loss of several classes, a score each.
    Softmax {
        /// Number of classes.
        classes: usize,
    },
    /// Squared error.
    Squared,
    /// Absolute error.
    Absolute,
    /// Squared error up to `delta`, absolute beyond.
    Huber {
        /// Where one turns into the other.
        delta: f64,
    },
    /// The value below which a share `alpha` of the rows lies.
    Quantile {
        /// The share, between 0 and 1.
        alpha: f64,
    },
    /// Counts; the score is the logarithm of their mean.
    Poisson,
    /// Positive amounts whose deviation grows with their mean; the score is the logarithm of the mean.
    Gamma,
    /// Amounts that are often 0; the score is the logarithm of the mean.
    Tweedie {
        /// Between 1 (Poisson) and 2 (gamma).
        power: f64,
    },
    /// LambdaMART: pairs of rows of a group count by how much swapping them changes the NDCG.
    LambdaRank {
        /// Places from the top that count.
        truncation: usize,
    },
}

/// Sums over all rows that quantising needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) absolute: f64,
    pub(crate) second: f64,
}

impl Objective {
    /// Number of scores per row.
    pub fn outputs(&self) -> usize {
        if let Objective::Softmax { classes } = self { *classes } else { 1 }
    }

    /// Name of the metric in histories.
    pub fn metric_name(&self) -> &'static str {
        match self {
            Objective::Logistic { .. } | Objective::Softmax { .. } => "log_loss",
            Objective::Squared => "rmse",
            Objective::Absolute => "mae",
            Objective::Huber { .. } => "huber",
            Objective::Quantile { .. } => "pinball",
            Objective::Poisson | Objective::Gamma | Objective::Tweedie { .. } => "deviance",
            Objective::LambdaRank { .. } => "ndcg@10",
        }
    }

    /// Whether a larger metric is better.
    pub fn larger_is_better(&self) -> bool {
        matches!(self, Objective::LambdaRank { .. })
    }

    /// XGBoost's name of it.
    pub fn xgboost_name(&self) -> &'static str {
        match self {
            Objective::Logistic { .. } => "binary:logistic",
            Objective::Softmax { .. } => "multi:softprob",
            Objective::Squared => "reg:squarederror",
            Objective::Absolute => "reg:absoluteerror",
            Objective::Huber { .. } => "reg:pseudohubererror",
            Objective::Quantile { .. } => "reg:quantileerror",
            Objective::Poisson => "count:poisson",
            Objective::Gamma => "reg:gamma",
            Objective::Tweedie { .. } => "reg:tweedie",
            Objective::LambdaRank { .. } => "rank:ndcg",
        }
    }

    /// The prediction that a score stands for, where there is one score.
    pub fn value(&self, score: f64) -> f64 {
        match self {
            Objective::Poisson | Objective::Gamma | Objective::Tweedie { .. } => exp(score),
            Objective::Logistic { .. } => sigmoid(score),
            _ => score,
        }
    }

    /// The share of rows that a leaf's output has below it, if outputs are quantiles of what is left to explain.
    pub(crate) fn leaf_quantile(&self) -> Option<f64> {
        match self {
            Objective::Absolute => Some(0.5),
            Objective::Quantile { alpha } => Some(*alpha),
            _ => None,
        }
    }

    /// Where all rows start: the best constant.
    pub(crate) fn base(&self, set: &TrainingSet<'_>) -> Vec<f64> {
        match self {
            Objective::Softmax { classes } => {
                let mut shares = vec![0.0; *classes];
                (0..set.rows()).for_each(|i| shares[set.target[i] as usize] += set.weight(i));
                let total: f64 = shares.iter().sum();
                shares.iter().map(|share| (share / total).max(1e-15).ln()).collect()
            }
            Objective::Logistic { .. } => {
                // As LightGBM: `positive` counts from the first tree on.
                let p = set.mean();
                let p = p.clamp(1e-15, 1.0 - 1e-15);
                vec![(p / (1.0 - p)).ln()]
            }
            Objective::Absolute | Objective::Quantile { .. } => {
                let mut values: Vec<(f64, f64)> = (0..set.rows()).map(|i| (set.target[i], set.weight(i))).collect();
                vec![quantile(&mut values, self.leaf_quantile().unwrap_or(0.5))]
            }
            Objective::LambdaRank { .. } => vec![0.0],
            Objective::Squared | Objective::Huber { .. } => vec![set.mean()],
            Objective::Poisson | Objective::Gamma | Objective::Tweedie { .. } => vec![set.mean().max(1e-15).ln()],
        }
    }

    /// First and second derivatives of the loss by the scores, for each output.
    pub(crate) fn gradients(
        &self,
        set: &TrainingSet<'_>,
        scores: &[Vec<f64>],
        first: &mut [Vec<f32>],
        second: &mut [Vec<f32>],
    ) -> Vec<Totals> {
        match *self {
            Objective::Softmax { .. } => softmax(set, scores, first, second),
            Objective::LambdaRank { truncation } => {
                vec![rank::gradients(set, &scores[0], truncation, &mut first[0], &mut second[0])]
            }
            _ => vec![self.one(set, &scores[0], &mut first[0], &mut second[0])],
        }
    }

    fn one(&self, set: &TrainingSet<'_>, scores: &[f64], first: &mut [f32], second: &mut [f32]) -> Totals {
        macro_rules! each {
            // a loop per objective, so that each is vectorised by itself
            ($f:expr) => {
                pointwise(set, scores, first, second, $f)
            };
        }
        match *self {
            Objective::Logistic { positive } => each!(|s: f64, y: f64| {
                let p = sigmoid(s);
                let weight = 1.0 + y * (positive - 1.0);
                ((p - y) * weight, p * (1.0 - p) * weight)
            }),
            Objective::Absolute => each!(|s: f64, y: f64| ((s - y).signum() * f64::from(u8::from(s != y)), 1.0)),
            Objective::Huber { delta } => each!(|s: f64, y: f64| ((s - y).clamp(-delta, delta), 1.0)),
            Objective::Quantile { alpha } => each!(|s: f64, y: f64| (if s > y { 1.0 - alpha } else { -alpha }, 1.0)),
            Objective::Poisson => each!(|s: f64, y: f64| (exp(s) - y, exp(s + POISSON_STEP))),
            Objective::Gamma => each!(|s: f64, y: f64| (1.0 - y * exp(-s), y * exp(-s))),
            Objective::Tweedie { power } => each!(|s: f64, y: f64| {
                let (a, b) = (exp((1.0 - power) * s), exp((2.0 - power) * s));
                (b - y * a, (2.0 - power) * b - y * (1.0 - power) * a)
            }),
            Objective::Squared | Objective::Softmax { .. } | Objective::LambdaRank { .. } => {
                each!(|s: f64, y: f64| (s - y, 1.0))
            }
        }
    }

    /// The metric of these scores: the mean loss, its root for squared errors, the mean NDCG for rankings.
    pub(crate) fn metric(&self, set: &TrainingSet<'_>, scores: &[Vec<f64>]) -> f64 {
        let s = &scores[0];
        match *self {
            Objective::Logistic { .. } => log_loss(set, s),
            Objective::Softmax { .. } => set.mean_of(|i| {
                let largest = scores.iter().map(|s| s[i]).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scores.iter().map(|s| exp(s[i] - largest)).sum();
                ln(sum) + largest - scores[set.target[i] as usize][i]
            }),
            Objective::Squared => set.mean_of(|i| (s[i] - set.target[i]).powi(2)).sqrt(),
            Objective::Absolute => set.mean_of(|i| (s[i] - set.target[i]).abs()),
            Objective::Huber { delta } => set.mean_of(|i| {
                let r = (s[i] - set.target[i]).abs();
                if r <= delta { r * r / 2.0 } else { delta * (r - delta / 2.0) }
            }),
            Objective::Quantile { alpha } => set.mean_of(|i| {
                let r = set.target[i] - s[i];
                (alpha * r).max((alpha - 1.0) * r)
            }),
            Objective::Poisson => set.mean_of(|i| {
                let (y, mean) = (set.target[i], exp(s[i]));
                2.0 * (if y > 0.0 { y * (y.ln() - s[i]) } else { 0.0 } - y + mean)
            }),
            Objective::Gamma => set.mean_of(|i| 2.0 * (s[i] - set.target[i].ln() + set.target[i] * exp(-s[i]) - 1.0)),
            Objective::Tweedie { power: p } => set.mean_of(|i| {
                let (y, a, b) = (set.target[i], exp((1.0 - p) * s[i]), exp((2.0 - p) * s[i]));
                2.0 * (y.powf(2.0 - p) / ((1.0 - p) * (2.0 - p)) - y * a / (1.0 - p) + b / (2.0 - p))
            }),
            Objective::LambdaRank { .. } => rank::ndcg(set, s, 10),
        }
    }

    /// Refuses targets that the objective has no meaning for.
    pub(crate) fn check(&self, name: &str, target: &[f64]) -> Result<(), LearnError> {
        let (fits, expected): (fn(f64) -> bool, _) = match self {
            Objective::Poisson | Objective::Tweedie { .. } => (|y| y >= 0.0, "at least 0"),
            Objective::Gamma => (|y| y > 0.0, "above 0"),
            Objective::LambdaRank { .. } => {
                (|y| (0.0..=30.0).contains(&y) && y.fract() == 0.0, "whole grades of relevance from 0 to 30")
            }
            _ => return Ok(()),
        };
        match target.iter().position(|&y| !fits(y)) {
            None => Ok(()),
            Some(row) => Err(LearnError::TargetRange { target: name.to_owned(), row, value: target[row], expected }),
        }
    }
}

/// Derivatives that depend on one score and one target.
fn pointwise(
    set: &TrainingSet<'_>,
    scores: &[f64],
    first: &mut [f32],
    second: &mut [f32],
    derivatives: impl Fn(f64, f64) -> (f64, f64) + Sync,
) -> Totals {
    let blocks = first.par_chunks_mut(BLOCK).zip(second.par_chunks_mut(BLOCK)).enumerate();
    let totals: Vec<Totals> = blocks
        .map(|(b, (first, second))| {
            let (at, end) = (b * BLOCK, b * BLOCK + first.len());
            let (scores, scores_left) = scores[at..end].as_chunks::<LANES>();
            let (targets, targets_left) = set.target[at..end].as_chunks::<LANES>();
            let (firsts, firsts_left) = first.as_chunks_mut::<LANES>();
            let (seconds, seconds_left) = second.as_chunks_mut::<LANES>();
            for (((s, y), g), h) in scores.iter().zip(targets).zip(firsts).zip(seconds) {
                let (mut a, mut b) = ([0.0; LANES], [0.0; LANES]);
                for l in 0..LANES {
                    (a[l], b[l]) = derivatives(s[l], y[l]);
                }
                (*g, *h) = (a.map(|a| a as f32), b.map(|b| b as f32));
            }
            let left = scores_left.iter().zip(targets_left).zip(firsts_left.iter_mut().zip(seconds_left));
            for ((&s, &y), (g, h)) in left {
                let (a, b) = derivatives(s, y);
                (*g, *h) = (a as f32, b as f32);
            }
            weigh(set, at, first, second)
        })
        .collect();
    sum(&totals)
}

/// Mean of `ln(1 + e^-z)`, `z` being the score towards the right class.
fn log_loss(set: &TrainingSet<'_>, scores: &[f64]) -> f64 {
    let block = |(b, scores): (usize, &[f64])| {
        let rows = b * BLOCK..b * BLOCK + scores.len();
        let targets = &set.target[rows.clone()];
        match &set.weights {
            None => (plain_log_loss(scores, targets), scores.len() as f64),
            Some(weights) => {
                let one = |((s, y), w)| w * plain_log_loss(&[s], &[y]);
                let rows = scores.iter().copied().zip(targets.iter().copied()).zip(weights[rows].iter().copied());
                rows.fold((0.0, 0.0), |(sum, total), row| (sum + one(row), total + row.1))
            }
        }
    };
    let blocks: Vec<(f64, f64)> = scores.par_chunks(BLOCK).enumerate().map(block).collect();
    let (sum, total) = blocks.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    sum / total
}

fn plain_log_loss(scores: &[f64], targets: &[f64]) -> f64 {
    // ln(1 + e^-z) is -z, if that is positive, plus the logarithm of a number between 1 and 2.
    let parts = |s: f64, y: f64| {
        let z = (2.0 * y - 1.0) * s;
        ((-z).max(0.0), 1.0 + exp(-z.abs()))
    };
    let (chunks, left) = scores.as_chunks::<LANES>();
    let (target_chunks, targets_left) = targets.as_chunks::<LANES>();
    let (mut sums, mut logarithms) = ([0.0; LANES], 0.0);
    for (s, y) in chunks.iter().zip(target_chunks) {
        let mut factors = [0.0; LANES];
        for l in 0..LANES {
            let (linear, factor) = parts(s[l], y[l]);
            sums[l] += linear;
            factors[l] = factor;
        }
        // One logarithm for all lanes: the product is at most 256.
        logarithms += ln(factors.iter().product());
    }
    let rest = left.iter().zip(targets_left).map(|(&s, &y)| {
        let (linear, factor) = parts(s, y);
        linear + ln(factor)
    });
    sums.iter().sum::<f64>() + logarithms + rest.sum::<f64>()
}

fn softmax(set: &TrainingSet<'_>, scores: &[Vec<f64>], first: &mut [Vec<f32>], second: &mut [Vec<f32>]) -> Vec<Totals> {
    let largest: Vec<f64> = (0..set.rows())
        .into_par_iter()
        .map(|i| scores.iter().map(|s| s[i]).fold(f64::NEG_INFINITY, f64::max))
        .collect();
    let sums: Vec<f64> =
        (0..set.rows()).into_par_iter().map(|i| scores.iter().map(|s| exp(s[i] - largest[i])).sum()).collect();
    // The scores of the classes can all be shifted by the same number: one of them is not free.
    let factor = scores.len() as f64 / (scores.len() as f64 - 1.0);
    let classes = first.iter_mut().zip(second.iter_mut()).zip(scores).enumerate();
    classes
        .map(|(k, ((first, second), scores))| {
            let blocks = first.par_chunks_mut(BLOCK).zip(second.par_chunks_mut(BLOCK)).enumerate();
            let totals: Vec<Totals> = blocks
                .map(|(b, (first, second))| {
                    let at = b * BLOCK;
                    for (i, (g, h)) in first.iter_mut().zip(second.iter_mut()).enumerate() {
                        let row = at + i;
                        let p = exp(scores[row] - largest[row]) / sums[row];
                        let y = f64::from(u8::from(set.target[row] as usize == k));
                        (*g, *h) = ((p - y) as f32, (factor * p * (1.0 - p)) as f32);
                    }
                    weigh(set, at, first, second)
                })
                .collect();
            sum(&totals)
        })
        .collect()
}

/// Multiplies by the weights and adds up.
fn weigh(set: &TrainingSet<'_>, at: usize, first: &mut [f32], second: &mut [f32]) -> Totals {
    if let Some(weights) = &set.weights {
        for ((g, h), &w) in first.iter_mut().zip(second.iter_mut()).zip(&weights[at..]) {
            *g *= w as f32;
            *h *= w as f32;
        }
    }
    Totals { absolute: lanes(first), second: lanes(second) }
}

/// The sum of magnitudes in eight lanes.
fn lanes(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0f64; 8];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, &x)| *sum += f64::from(x.abs()));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f64::from(x.abs())).sum::<f64>()
}

fn sum(totals: &[Totals]) -> Totals {
    let add = |a: Totals, b: &Totals| Totals { absolute: a.absolute + b.absolute, second: a.second + b.second };
    totals.iter().fold(Totals::default(), add)
}
