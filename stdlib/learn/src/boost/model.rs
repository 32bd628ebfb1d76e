//! Fitted boosted trees: predictions, importances, displays.

use super::booster::History;
use super::maths::{exp, sigmoid};
use super::objective::Objective;
use super::params::GbdtParams;
use super::task::Boosting;
use crate::card;
use crate::check;
use crate::error::LearnError;
use crate::model::{Importances, Predict, PredictProba, Signature};
use crate::table::number;
use crate::task::{Classification, Ranking, Regression};
use crate::tree::ensemble::{Ensemble, LEAF};
use crate::tree::predict::{Cached, Predictor};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_data::Matrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Gradient boosted trees that tell classes apart.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{Fit, Gbdt, PredictProba};
///
/// let hour: Vec<f64> = (0..200).map(|i| f64::from(i % 24)).collect();
/// let late = hour.iter().map(|&h| f64::from(u8::from(h > 6.0 && h < 20.0))).collect();
/// let data = Dataset::from_parts(Matrix::from_columns(vec![("hour".into(), hour)])?, late, "late");
/// let model = Gbdt::params().n_estimators(20).fit(&data)?;
/// let chances = model.predict_proba(&data.features)?;
/// assert!(chances[0] < 0.2 && chances[12] > 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Gbdt = Boosted<Classification>;

/// Gradient boosted trees that predict a value.
pub type GbdtRegressor = Boosted<Regression>;

/// Gradient boosted trees that order the rows of groups (LambdaMART).
pub type GbdtRanker = Boosted<Ranking>;

/// Fitted gradient boosted trees (Friedman 2001): [`Gbdt`], [`GbdtRegressor`] and [`GbdtRanker`].
///
/// Features of any kind are taken as they are: missing values go to the better side of each split, text is split by sets
/// of its names, times are numbers. Values are compared as `f32`: two times less than two minutes apart can be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Boosted<T: Boosting> {
    pub(super) meta: Meta<T>,
    pub(super) ensemble: Ensemble,
    #[serde(skip)]
    cached: Cached,
}

/// Everything of a model besides its trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Meta<T: Boosting> {
    pub(super) params: GbdtParams<T>,
    pub(super) objective: Objective,
    pub(super) signature: Signature,
    pub(super) history: History,
    pub(super) best_iteration: Option<usize>,
    pub(super) n_rows: usize,
    pub(super) warning: Option<String>,
}

/// What the importance of a feature counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// By how much its splits decreased the loss, in all.
    Gain,
    /// How many splits it has.
    Split,
    /// The sum of second derivatives (rows, for squared errors) that its splits divided.
    Cover,
}

impl<T: Boosting> Boosted<T> {
    pub(super) fn new(meta: Meta<T>, ensemble: Ensemble) -> Self {
        Boosted { meta, ensemble, cached: Cached::default() }
    }

    /// The parameters it was fitted with.
    pub fn fitted_params(&self) -> &GbdtParams<T> {
        &self.meta.params
    }

    /// What it minimised.
    pub fn objective(&self) -> Objective {
        self.meta.objective
    }

    /// The trees.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// The metric after each round: the learning curve.
    pub fn history(&self) -> &History {
        &self.meta.history
    }

    /// The round, from 0, with the best metric on the validation rows, if there were such.
    pub fn best_iteration(&self) -> Option<usize> {
        self.meta.best_iteration
    }

    /// What is to be said of the fit.
    pub fn warning(&self) -> Option<&str> {
        self.meta.warning.as_deref()
    }

    pub(super) fn classes(&self) -> &[f64] {
        self.meta.signature.classes.as_ref().map_or(&[0.0, 1.0], |classes| &classes.values)
    }

    /// The sums of leaves (log-odds, logarithms of means, values), a vector per output.
    ///
    /// # Errors
    /// [`LearnError::Columns`], [`LearnError::Kind`], [`LearnError::Interrupted`].
    pub fn raw_scores(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        scores(&self.meta.signature, self.cached.of(&self.ensemble), features)
    }

    /// The sum of leaves per row, for models with one output.
    ///
    /// # Errors
    /// As [`raw_scores`](Self::raw_scores); [`LearnError::ManyClasses`].
    pub fn raw_score(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        match self.ensemble.outputs() {
            1 => Ok(self.raw_scores(features)?.swap_remove(0)),
            classes => Err(LearnError::ManyClasses { classes }),
        }
    }

    /// The sums of leaves of one row, without allocating; `scores` has a place per output.
    ///
    /// The values stand in the order of the fit; text as the number of its name in the signature, NaN for missing.
    ///
    /// # Errors
    /// [`LearnError::Length`] if there is not a value per feature or not a place per output.
    pub fn raw_row(&self, row: &[f64], scores: &mut [f64]) -> Result<(), LearnError> {
        check::length("row", self.ensemble.n_features, row.len())?;
        check::length("list of scores", self.ensemble.outputs(), scores.len())?;
        self.cached.of(&self.ensemble).predict_row(row, scores);
        Ok(())
    }

    /// The prediction of one row, whose values stand as in [`raw_row`](Self::raw_row).
    ///
    /// # Errors
    /// As [`raw_row`](Self::raw_row).
    pub fn predict_row(&self, row: &[f64]) -> Result<f64, LearnError> {
        let mut scores = vec![0.0; self.ensemble.outputs()];
        self.raw_row(row, &mut scores)?;
        Ok(T::answer(self, scores.into_iter().map(|score| vec![score]).collect())[0])
    }

    /// The features with their importance of this kind, largest first; gains and covers are sums over all splits.
    pub fn importances_by(&self, kind: Importance) -> Vec<(String, f64)> {
        importances_by(&self.ensemble, &self.meta.signature, kind)
    }
}

fn importances_by(ensemble: &Ensemble, signature: &Signature, kind: Importance) -> Vec<(String, f64)> {
    let mut sums = vec![0.0; ensemble.n_features];
    for tree in &ensemble.trees {
        for node in (0..tree.nodes()).filter(|&node| tree.feature[node] != LEAF) {
            sums[tree.feature[node] as usize] += match kind {
                Importance::Gain => tree.gain[node],
                Importance::Split => 1.0,
                Importance::Cover => tree.cover[node],
            };
        }
    }
    let mut all: Vec<(String, f64)> = signature.names().map(str::to_owned).zip(sums).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// The gains of each feature's splits, as shares.
fn gain_shares(ensemble: &Ensemble, signature: &Signature) -> Vec<(String, f64)> {
    let gains = importances_by(ensemble, signature, Importance::Gain);
    let total: f64 = gains.iter().map(|(_, gain)| gain).sum();
    let share = |gain: f64| if total > 0.0 { gain / total } else { 0.0 };
    gains.into_iter().map(|(name, gain)| (name, share(gain))).collect()
}

/// The sums of leaves; not generic, so that it is compiled here and not where it is called.
#[inline(never)]
fn scores(signature: &Signature, predictor: Predictor<'_>, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
    let columns = check::columns(features, signature)?;
    Ok(predictor.predict(&columns)?)
}

impl Gbdt {
    /// The class of one row, whose values stand as in [`raw_row`](Self::raw_row), and the probability of each class in
    /// `probabilities`: what `predict` and `predict_probas` give for it, without a matrix.
    ///
    /// # Errors
    /// [`LearnError::Length`] if there is not a value per feature or not a place per class.
    pub fn probabilities_of_row(&self, row: &[f64], probabilities: &mut [f64]) -> Result<f64, LearnError> {
        let values = self.classes();
        check::length("list of probabilities", values.len(), probabilities.len())?;
        if self.ensemble.outputs() == 1 {
            let mut score = [0.0];
            self.raw_row(row, &mut score)?;
            let second = sigmoid(score[0]);
            probabilities.copy_from_slice(&[1.0 - second, second]);
            return Ok(values[usize::from(score[0] > 0.0)]);
        }
        self.raw_row(row, probabilities)?;
        let best = (1..values.len()).fold(0, |best, k| if probabilities[k] > probabilities[best] { k } else { best });
        let largest = probabilities.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        probabilities.iter_mut().for_each(|score| *score = exp(*score - largest));
        let sum: f64 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|share| *share /= sum);
        Ok(values[best])
    }
}

impl<T: Boosting> Predict for Boosted<T> {
    type Task = T;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(T::answer(self, self.raw_scores(features)?))
    }

    fn signature(&self) -> Signature {
        self.meta.signature.clone()
    }
}

impl PredictProba for Gbdt {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let mut scores = self.raw_score(features)?;
        scores.par_iter_mut().with_min_len(4096).for_each(|score| *score = sigmoid(*score));
        Ok(scores)
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        let mut scores = self.raw_scores(features)?;
        if let [score] = scores.as_slice() {
            let second: Vec<f64> = score.iter().map(|&score| sigmoid(score)).collect();
            scores = vec![second.iter().map(|p| 1.0 - p).collect(), second];
        } else {
            for i in 0..features.rows() {
                let largest = scores.iter().map(|s| s[i]).fold(f64::NEG_INFINITY, f64::max);
                scores.iter_mut().for_each(|s| s[i] = exp(s[i] - largest));
                let sum: f64 = scores.iter().map(|s| s[i]).sum();
                scores.iter_mut().for_each(|s| s[i] /= sum);
            }
        }
        let classes = self.meta.signature.classes.as_ref();
        let names = classes.map_or_else(|| vec!["0".to_owned(), "1".to_owned()], |classes| classes.names());
        Ok(Matrix::from_columns(names.into_iter().zip(scores).collect()).expect("a column per class, names differ"))
    }
}

impl<T: Boosting> Importances for Boosted<T> {
    /// The gains of each feature's splits, as shares that sum to 1 (0 for a constant model).
    fn importances(&self) -> Vec<(String, f64)> {
        gain_shares(&self.ensemble, &self.meta.signature)
    }
}

impl<T: Boosting> Display for Boosted<T> {
    fn bundle(&self) -> Bundle {
        T::show(self)
    }
}

pub(super) fn show<T: Boosting>(model: &Boosted<T>) -> Bundle {
    let meta = &model.meta;
    let header = ["feature", "share of gain", "splits"];
    let mut table = card::model(T::MODEL, T::NAME, &meta.signature, meta.n_rows, &header);
    let main = ["n_estimators", "learning_rate", "num_leaves", "max_depth"];
    table.field("parameters", card::parameters(&meta.params, &GbdtParams::<T>::default(), &main));
    table.field("objective", format!("{:?}, {} trees", meta.objective, model.ensemble.trees.len()));
    let splits = model.importances_by(Importance::Split);
    let count = |name: &str| splits.iter().find(|(n, _)| n == name).map_or(0.0, |(_, count)| *count);
    card::importances(&mut table, &model.importances(), &|name| vec![count(name).to_string()]);
    let history = &meta.history;
    let at = meta.best_iteration.unwrap_or(history.train.len().saturating_sub(1));
    if let Some(train) = history.train.get(at) {
        let valid = history.valid.get(at).map_or_else(String::new, |v| format!(", validation {}", number(*v)));
        table.note(format!("{} after round {}: training {}{valid}", history.metric, at + 1, number(*train)));
    }
    if let Some(warning) = &meta.warning {
        table.note(format!("warning: {warning}"));
    }
    table.bundle()
}

impl<T: Boosting> Inspect for Boosted<T> {
    fn shape(&self) -> Option<String> {
        Some(format!("{} trees, {} features", self.ensemble.trees.len(), self.ensemble.n_features))
    }

    fn heap_bytes(&self) -> u64 {
        // feature, threshold, two children, side of missing values, value, cover, gain
        const NODE: usize = 4 * 4 + 1 + 3 * 8;
        let nodes: usize = self.ensemble.trees.iter().map(|tree| tree.nodes()).sum();
        (nodes * NODE) as u64 + self.cached.heap_bytes()
    }
}
