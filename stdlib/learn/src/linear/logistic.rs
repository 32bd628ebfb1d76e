//! Logistic regression for two and more classes.

pub(crate) use super::logistic_params::ClassWeight;
use super::logistic_params::LogisticRegressionParams;
use super::newton::Solution;
use super::score::{scores, wrong_length};
use crate::card;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::model::{Importances, Predict, PredictProba, Signature};
use crate::table::{Table, number};
use crate::task::{Classification, Task as _};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist};
use ironbook_data::{Dataset, Matrix};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows turned into probabilities as one unit of parallel work.
const BLOCK: usize = 4096;

/// A fitted logistic regression: the log-odds of the second of two classes are `features . coef + intercept`; of more
/// classes each has a score of that form, and the probabilities are the softmax of the scores.
///
/// Fitted by Newton's method (iteratively reweighted least squares: McCullagh & Nelder, Generalized Linear Models,
/// 1989, 2.5; Hastie, Tibshirani & Friedman 2009, 4.4.1); with more than 95 features the steps are found by conjugate
/// gradients. The coefficients are those of scikit-learn's `LogisticRegression` at its minimum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticRegression {
    params: LogisticRegressionParams,
    signature: Signature,
    /// The classes that had rows, by their numbers in the signature.
    seen: Vec<usize>,
    /// One set of coefficients for two classes, otherwise one per class seen, class after class.
    coef: Vec<f64>,
    intercepts: Vec<f64>,
    feature_std: Vec<f64>,
    n_rows: usize,
    n_iter: usize,
    converged: bool,
    warning: Option<String>,
    loss: f64,
}

impl LogisticRegression {
    /// Parameters with their defaults.
    pub fn params() -> LogisticRegressionParams {
        LogisticRegressionParams::default()
    }

    pub(crate) fn new(
        params: &LogisticRegressionParams,
        (data, classes, seen): (&Dataset, Classes, Vec<usize>),
        (coef, intercepts, feature_std): (Vec<f64>, Vec<f64>, Vec<f64>),
        (solution, warning): (&Solution, Option<String>),
    ) -> Self {
        LogisticRegression {
            params: params.clone(),
            signature: Signature::of(data, Some(classes)),
            seen,
            coef,
            intercepts,
            feature_std,
            n_rows: data.target.len(),
            n_iter: solution.n_iter,
            converged: solution.converged,
            warning,
            loss: solution.loss,
        }
    }

    /// The parameters it was fitted with.
    pub fn fitted_params(&self) -> &LogisticRegressionParams {
        &self.params
    }

    /// One coefficient per feature, in the order of the fit: change of the log-odds per unit of the feature. With more
    /// than two classes those of each class, one class after another.
    pub fn coef(&self) -> &[f64] {
        &self.coef
    }

    /// Log-odds where all features are 0, the first class's of more than two; 0 without an intercept.
    pub fn intercept(&self) -> f64 {
        self.intercepts[0]
    }

    /// The intercept, or with more than two classes one per class; they add up to 0.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }

    /// The coefficients with the names of their features; with more than two classes `feature (class)`.
    pub fn coefficients(&self) -> Vec<(String, f64)> {
        let names = self.class_names();
        let name = |at: usize| {
            let feature = &self.signature.features[at % self.width()].name;
            if self.intercepts.len() == 1 {
                feature.clone()
            } else {
                format!("{feature} ({})", names[at / self.width()])
            }
        };
        self.coef.iter().enumerate().map(|(at, w)| (name(at), *w)).collect()
    }

    /// Names of the classes seen.
    fn class_names(&self) -> Vec<String> {
        let names = self.signature.classes.as_ref().map_or_else(Vec::new, Classes::names);
        self.seen.iter().map(|&class| names[class].clone()).collect()
    }

    /// Number of features.
    fn width(&self) -> usize {
        self.feature_std.len()
    }

    /// Newton steps made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the gradient fell to `tol`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// What is to be said of the fit: that it did not converge, and what to do.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Mean loss over the training data, penalty included.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Log-odds of the second class for each row; with more than two classes the score of each, class after class.
    ///
    /// # Errors
    /// [`LearnError::Columns`], [`LearnError::NotFinite`].
    pub fn decision_function(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let columns = check::columns(features, &self.signature)?;
        let of =
            |(coef, intercept): (&[f64], &f64)| scores(&self.signature, &columns, features.rows(), coef, *intercept);
        let all = self.coef.chunks(self.width()).zip(&self.intercepts).map(of).collect::<Result<Vec<_>, _>>()?;
        Ok(all.concat())
    }

    /// The value of the target that stands for the `k`-th class seen.
    fn value(&self, k: usize) -> f64 {
        self.signature.classes.as_ref().map_or(k as f64, |classes| classes.values[self.seen[k]])
    }

    /// Probabilities per class seen.
    fn shares(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        let mut scores = self.decision_function(features)?;
        let rows = features.rows();
        if self.seen.len() == 2 {
            scores
                .par_chunks_mut(BLOCK)
                .for_each(|chunk| chunk.iter_mut().for_each(|eta| *eta = 1.0 / (1.0 + (-*eta).exp())));
            return Ok(vec![scores.iter().map(|p| 1.0 - p).collect(), scores]);
        }
        let mut shares: Vec<Vec<f64>> =
            (0..self.seen.len()).map(|k| scores[k * rows..(k + 1) * rows].to_vec()).collect();
        for row in 0..rows {
            let top = shares.iter().map(|share| share[row]).fold(f64::NEG_INFINITY, f64::max);
            shares.iter_mut().for_each(|share| share[row] = (share[row] - top).exp());
            let sum: f64 = shares.iter().map(|share| share[row]).sum();
            shares.iter_mut().for_each(|share| share[row] /= sum);
        }
        Ok(shares)
    }
}

/// `|coef| * std`: the change of the log-odds when the feature moves by its standard deviation in the training data;
/// the mean over the classes, if there are more than two.
impl Importances for LogisticRegression {
    fn importances(&self) -> Vec<(String, f64)> {
        let of_classes = |j: usize| self.coef.iter().skip(j).step_by(self.width()).map(|w| w.abs()).sum::<f64>();
        let size = |j: usize| of_classes(j) / self.intercepts.len() as f64 * self.feature_std[j];
        let mut all: Vec<(String, f64)> = self.signature.names().map(str::to_owned).zip((0..).map(size)).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }
}

impl Predict for LogisticRegression {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let scores = self.decision_function(features)?;
        if self.seen.len() == 2 {
            return Ok(scores.into_iter().map(|eta| self.value(usize::from(eta > 0.0))).collect());
        }
        let rows = features.rows();
        let best = |row: usize| {
            let larger =
                |best: usize, k: usize| if scores[k * rows + row] > scores[best * rows + row] { k } else { best };
            self.value((1..self.seen.len()).fold(0, larger))
        };
        Ok((0..rows).map(best).collect())
    }

    fn signature(&self) -> Signature {
        self.signature.clone()
    }
}

impl PredictProba for LogisticRegression {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let classes = self.signature.classes.as_ref().map_or(2, Classes::len);
        if classes > 2 {
            return Err(LearnError::ManyClasses { classes });
        }
        Ok(self.shares(features)?.swap_remove(1))
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        let mut shares = self.shares(features)?;
        let names = self.signature.classes.as_ref().map_or_else(|| self.class_names(), Classes::names);
        let column = |(number, name): (usize, String)| {
            // A class that the fit had no rows of is impossible to the model.
            let seen = self.seen.binary_search(&number).ok();
            (name, seen.map_or_else(|| vec![0.0; features.rows()], |k| std::mem::take(&mut shares[k])))
        };
        let columns = names.into_iter().enumerate().map(column).collect();
        Ok(Matrix::from_columns(columns).expect("columns of one length, named after different classes"))
    }
}

impl Persist for LogisticRegression {
    const FORMAT: &'static str = "ironbook/logistic_regression";

    ironbook_core::persist_here!();

    fn flaw(&self) -> Option<String> {
        let features = self.signature.features.len();
        let classes = self.signature.classes.as_ref().map_or(0, Classes::len);
        let sets = if self.seen.len() == 2 { 1 } else { self.seen.len() };
        let lists = [
            ("intercepts", self.intercepts.len(), sets),
            ("coef", self.coef.len(), sets * features),
            ("feature_std", self.feature_std.len(), features),
        ];
        if self.seen.len() < 2 || !self.seen.is_sorted_by(|a, b| a < b) || self.seen.iter().any(|k| *k >= classes) {
            return Some(format!("seen is {:?}, with {classes} classes", self.seen));
        }
        self.signature.flaw().or_else(|| wrong_length(&lists))
    }
}

impl Display for LogisticRegression {
    fn bundle(&self) -> Bundle {
        let mut table = if self.intercepts.len() == 1 { self.two() } else { self.many() };
        let p = &self.params;
        let class_weight = match p.class_weight {
            ClassWeight::None => "none",
            ClassWeight::Balanced => "balanced",
        };
        let l1 = if p.l1_ratio > 0.0 { format!(", l1_ratio = {}", p.l1_ratio) } else { String::new() };
        table.field(
            "parameters",
            format!("c = {}{}, class_weight = {class_weight}, tol = {:e}, max_iter = {}", p.c, l1, p.tol, p.max_iter),
        );
        let state = if self.converged { "converged" } else { "NOT converged" };
        table.note(format!("{state} in {} steps, loss {}", self.n_iter, number(self.loss)));
        if let Some(warning) = &self.warning {
            table.note(format!("warning: {warning}"));
        }
        table.bundle()
    }
}

impl LogisticRegression {
    fn card(&self, header: &[&str]) -> Table {
        card::model("LogisticRegression", Classification::NAME, &self.signature, self.n_rows, header)
    }

    /// A line per feature with its coefficient.
    fn two(&self) -> Table {
        let mut table = self.card(&["feature", "coef", "coef * std"]);
        card::coefficients(&mut table, &self.signature.names().collect::<Vec<_>>(), &self.coef, &self.feature_std);
        if self.params.fit_intercept {
            table.row(["(intercept)".to_owned(), number(self.intercepts[0]), String::new()]);
        }
        table
    }

    /// A line per feature with the coefficients of all classes.
    fn many(&self) -> Table {
        let names = self.class_names();
        let header: Vec<&str> = ["feature"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let mut table = self.card(&header);
        let features: Vec<&str> = self.signature.names().collect();
        let of = |j: usize| self.coef.iter().skip(j).step_by(self.width());
        let size = |j: usize| of(j).fold(0.0f64, |most, w| most.max((w * self.feature_std[j]).abs()));
        for j in card::strongest(&(0..features.len()).map(size).collect::<Vec<_>>()) {
            table.row([features[j].to_owned()].into_iter().chain(of(j).map(|w| number(*w))));
        }
        card::rest(&mut table, features.len());
        if self.params.fit_intercept {
            table.row(["(intercept)".to_owned()].into_iter().chain(self.intercepts.iter().map(|b| number(*b))));
        }
        table
    }
}

impl Inspect for LogisticRegression {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features", self.width()))
    }

    fn heap_bytes(&self) -> u64 {
        let names: usize = self.signature.names().map(|n| n.len() + size_of::<String>()).sum();
        (names + (self.coef.len() + self.width()) * size_of::<f64>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fit;
    use crate::{DecisionTree, RandomForest};
    use ironbook_core::interrupt;

    fn three_rows() -> Dataset {
        let features = Matrix::from_columns(vec![("x".to_owned(), vec![1.0, 2.0, 3.0])]).unwrap();
        Dataset::from_parts(features, vec![0.0, 1.0, 1.0], "y")
    }

    /// Fits once while an interrupt is requested, and once after it was cleared.
    fn stops<P: Fit>(params: &P) {
        let data = three_rows();
        interrupt::request();
        let stopped = params.fit(&data);
        interrupt::clear();
        assert!(matches!(stopped, Err(LearnError::Interrupted(_))));
        assert!(params.fit(&data).is_ok());
    }

    // Here and not among the integration tests: the flag is the process's, and no other test of this binary fits.
    #[test]
    fn an_interrupt_stops_the_fit() {
        stops(&LogisticRegression::params());
        stops(&DecisionTree::params().seed(1));
        stops(&RandomForest::params().n_estimators(3).seed(1));
    }
}
