//! The seam behind which an engine of gradient boosting stands: what it is given, and what it gives back.

use super::objective::Objective;
use super::settings::Settings;
use crate::error::LearnError;
use crate::tree::ensemble::Ensemble;
use ironbook_data::Kind;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Rows that one thread adds up at once.
const BLOCK: usize = 4096;

/// An engine that grows an ensemble of trees by gradient boosting.
///
/// [`HistogramBooster`](super::HistogramBooster) is Ironbook's own; another can stand behind the same parameters.
pub trait Booster: std::fmt::Debug + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Grows trees that minimise the objective on `train`; with `valid`, measures after each round and may stop early.
    ///
    /// Deterministic: the same input gives the same result, bit for bit, on any number of threads.
    ///
    /// # Errors
    /// [`LearnError::Interrupted`] when the user asked to stop; what the engine cannot do, in words.
    fn grow(&self, plan: &Plan, train: &TrainingSet<'_>, valid: Option<&TrainingSet<'_>>)
    -> Result<Fitted, LearnError>;
}

/// What is to be done, after all checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What the model is called in progress bars.
    pub title: &'static str,
    /// The parameters.
    pub settings: Settings,
    /// What is minimised.
    pub objective: Objective,
    /// Per feature 1 for increasing, -1 for decreasing, 0 for free; empty if all are free.
    pub monotone: Vec<i8>,
    /// Seed of everything random.
    pub seed: u64,
}

/// Rows to learn from or to measure on, checked: no row has the weight 0, targets are what the objective needs.
#[derive(Clone, Debug)]
pub struct TrainingSet<'a> {
    /// The features, column after column; NaN where missing.
    pub features: Vec<Cow<'a, [f64]>>,
    /// What the numbers of each column stand for.
    pub kinds: Vec<Kind>,
    /// The target; for classifiers the number of the class, from 0.
    pub target: Vec<f64>,
    /// How much each row counts; all alike if `None`.
    pub weights: Option<Vec<f64>>,
    /// The rows of each group, for rankings; empty otherwise.
    pub groups: Vec<Vec<u32>>,
}

/// What an engine gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The trees; after early stopping those up to the best round.
    pub ensemble: Ensemble,
    /// The metric after each round.
    pub history: History,
    /// The round, from 0, with the best metric on the validation rows.
    pub best_iteration: Option<usize>,
    /// What is to be said of the fit.
    pub warning: Option<String>,
}

/// The metric after each round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Name of the metric.
    pub metric: String,
    /// On the training rows.
    pub train: Vec<f64>,
    /// On the validation rows; empty without such.
    pub valid: Vec<f64>,
}

impl TrainingSet<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.target.len()
    }

    /// How much a row counts.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// Weighted mean of the target.
    pub fn mean(&self) -> f64 {
        self.mean_of(|i| self.target[i])
    }

    /// Weighted mean of a number per row; the same on any number of threads.
    pub(crate) fn mean_of(&self, of: impl Fn(usize) -> f64 + Sync) -> f64 {
        let rows = self.rows();
        let block = |b: usize| {
            let rows = b * BLOCK..rows.min((b + 1) * BLOCK);
            rows.fold((0.0, 0.0), |(sum, total), i| {
                let weight = self.weight(i);
                (sum + of(i) * weight, total + weight)
            })
        };
        let blocks: Vec<(f64, f64)> = (0..rows.div_ceil(BLOCK)).into_par_iter().map(block).collect();
        let (sum, total) = blocks.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        sum / total
    }
}
