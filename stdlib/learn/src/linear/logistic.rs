//! Logistic regression for two classes, with an L2 penalty.

use super::newton::{self, Stop};
use super::objective::{Objective, Shape};
use super::score::scores;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::model::{Fit, Predict, PredictProba, Signature};
use crate::table::{Table, number};
use crate::task::Classification;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist};
use ironbook_data::{Dataset, Matrix};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows predicted as one unit of parallel work.
const BLOCK: usize = 4096;

/// How much the rows of each class count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeight {
    /// All rows alike.
    #[default]
    None,
    /// Rows of a class count in inverse proportion to the class's weight: `total / (2 * weight of the class)`.
    Balanced,
}

/// Parameters of [`LogisticRegression`].
///
/// | name | meaning | default |
/// |---|---|---|
/// | `c` | inverse strength of the L2 penalty; positive, infinite for no penalty | 1 (scikit-learn) |
/// | `fit_intercept` | whether there is an intercept; it is never penalised | true (scikit-learn) |
/// | `class_weight` | none, or balanced | none (scikit-learn) |
/// | `tol` | largest gradient of the mean loss, over standardised features, at the end | 1e-8 (Ironbook: one more Newton step than scikit-learn's 1e-4 would need, for coefficients that are right to six digits) |
/// | `max_iter` | Newton steps at most | 100 (scikit-learn) |
///
/// The objective is scikit-learn's: `1/2 |w|^2 + c * sum_i weight_i * log(1 + exp(-s_i (x_i . w + b)))`, `s_i` being
/// +1 for class 1 and -1 for class 0. The penalty is on the coefficients of the features as given: scaling a feature
/// changes it. Features are standardised inside the solver only, so unscaled features cost no iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogisticRegressionParams {
    /// Inverse strength of the L2 penalty.
    #[serde(with = "maybe_infinite")]
    pub c: f64,
    /// Whether there is an intercept.
    pub fit_intercept: bool,
    /// How much the rows of each class count.
    pub class_weight: ClassWeight,
    /// Largest gradient at the end.
    pub tol: f64,
    /// Newton steps at most.
    pub max_iter: usize,
}

impl Default for LogisticRegressionParams {
    fn default() -> Self {
        Self { c: 1.0, fit_intercept: true, class_weight: ClassWeight::None, tol: 1e-8, max_iter: 100 }
    }
}

impl LogisticRegressionParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the inverse strength of the penalty; `f64::INFINITY` for none.
    #[must_use]
    pub fn c(mut self, c: f64) -> Self {
        self.c = c;
        self
    }

    /// Sets whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// Sets how much the rows of each class count.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// Sets the gradient at which to stop.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Sets the number of Newton steps at most.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    fn check(&self) -> Result<(), LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        if self.c.is_nan() || self.c <= 0.0 {
            return refuse("c", self.c.to_string(), "a positive number (the smaller, the stronger the penalty)");
        }
        if !self.tol.is_finite() || self.tol <= 0.0 {
            return refuse("tol", self.tol.to_string(), "a small positive number, for instance 1e-8");
        }
        if self.max_iter == 0 {
            return refuse("max_iter", "0".to_owned(), "at least 1");
        }
        Ok(())
    }

    fn fit_rows(&self, data: &Dataset) -> Result<LogisticRegression, LearnError> {
        self.check()?;
        check::shape(data)?;
        check::numbers(&data.features, "LogisticRegression")?;
        let weights = data.weights.as_deref();
        check::binary(data, weights)?;
        let moments = check::moments(&data.features)?;
        let columns = (0..data.features.cols()).map(|j| data.features.column(j)).collect();
        let row_weights = self.row_weights(&data.target, weights);
        let shape = Shape { intercept: self.fit_intercept, c: self.c };
        let objective = Objective::new(columns, &data.target, row_weights, &moments, shape);
        let solution = newton::minimise(&objective, Stop { tol: self.tol, max_iter: self.max_iter })?;
        let (coef, intercept) = objective.unstandardise(&solution.theta);
        let warning = (!solution.converged).then(|| self.not_converged(&solution));
        Ok(LogisticRegression {
            params: self.clone(),
            signature: Signature::of(data, Some(Classes::of(data)?)),
            coef,
            intercept,
            feature_std: moments.iter().map(|m| m.std).collect(),
            n_rows: data.target.len(),
            n_iter: solution.n_iter,
            converged: solution.converged,
            warning,
            loss: solution.loss,
        })
    }

    fn not_converged(&self, solution: &newton::Solution) -> String {
        let what = format!(
            "not converged after {} of at most {} steps: the gradient is {:.1e}, tol is {:.1e}",
            solution.n_iter, self.max_iter, solution.gradient, self.tol
        );
        let advice = if solution.n_iter < self.max_iter {
            "no step decreases the loss any more: lower c, or drop columns that repeat others"
        } else {
            "raise max_iter, or lower c if the classes can be separated perfectly"
        };
        format!("{what}\n{advice}")
    }

    /// Sample weights times class weights; `None` where all are 1.
    fn row_weights(&self, target: &[f64], weights: Option<&[f64]>) -> Option<Vec<f64>> {
        if self.class_weight == ClassWeight::None {
            return weights.map(<[f64]>::to_vec);
        }
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let total: f64 = (0..target.len()).map(weight).sum();
        let positive: f64 = target.iter().enumerate().map(|(i, y)| y * weight(i)).sum();
        let of_class = [total / (2.0 * (total - positive)), total / (2.0 * positive)];
        Some(target.iter().enumerate().map(|(i, &y)| weight(i) * of_class[usize::from(y == 1.0)]).collect())
    }
}

impl Fit for LogisticRegressionParams {
    type Model = LogisticRegression;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::NotBinary`], [`LearnError::OneClass`], [`LearnError::NotFinite`], [`LearnError::TooLarge`],
    /// [`LearnError::Interrupted`]. A fit that does not converge is no error: see [`LogisticRegression::warning`].
    fn fit(&self, data: &Dataset) -> Result<LogisticRegression, LearnError> {
        self.fit_rows(data)
    }
}

/// A fitted logistic regression: the log-odds of class 1 are `features . coef + intercept`.
///
/// Fitted by Newton's method (iteratively reweighted least squares: McCullagh & Nelder, Generalized Linear Models,
/// 1989, 2.5; Hastie, Tibshirani & Friedman 2009, 4.4.1); with more than 95 features the steps are found by conjugate
/// gradients. The coefficients are those of scikit-learn's `LogisticRegression` at its minimum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticRegression {
    params: LogisticRegressionParams,
    signature: Signature,
    coef: Vec<f64>,
    intercept: f64,
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

    /// The parameters it was fitted with.
    pub fn fitted_params(&self) -> &LogisticRegressionParams {
        &self.params
    }

    /// One coefficient per feature, in the order of the fit: change of the log-odds per unit of the feature.
    pub fn coef(&self) -> &[f64] {
        &self.coef
    }

    /// Log-odds where all features are 0; 0 without an intercept.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The coefficients with the names of their features.
    pub fn coefficients(&self) -> Vec<(String, f64)> {
        self.signature.names().map(str::to_owned).zip(self.coef.iter().copied()).collect()
    }

    /// How much each feature matters, largest first: `|coef| * std`, the change of the log-odds when the feature
    /// moves by its standard deviation in the training data.
    pub fn importances(&self) -> Vec<(String, f64)> {
        let sizes = self.coef.iter().zip(&self.feature_std).map(|(w, s)| (w * s).abs());
        let mut all: Vec<(String, f64)> = self.signature.names().map(str::to_owned).zip(sizes).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
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

    /// Log-odds of class 1 for each row.
    ///
    /// # Errors
    /// [`LearnError::Columns`], [`LearnError::NotFinite`].
    pub fn decision_function(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let columns = check::columns(features, &self.signature)?;
        scores(&self.signature, &columns, features.rows(), &self.coef, self.intercept)
    }
}

impl Predict for LogisticRegression {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let log_odds = self.decision_function(features)?;
        Ok(log_odds.into_iter().map(|eta| if eta > 0.0 { 1.0 } else { 0.0 }).collect())
    }

    fn signature(&self) -> Signature {
        self.signature.clone()
    }
}

impl PredictProba for LogisticRegression {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let mut out = self.decision_function(features)?;
        out.par_chunks_mut(BLOCK).for_each(|chunk| chunk.iter_mut().for_each(|eta| *eta = 1.0 / (1.0 + (-*eta).exp())));
        Ok(out)
    }
}

impl Persist for LogisticRegression {
    const FORMAT: &'static str = "ironbook/logistic_regression";
}

impl Display for LogisticRegression {
    fn bundle(&self) -> Bundle {
        let title = format!("LogisticRegression for \"{}\", {} rows", self.signature.target, self.n_rows);
        let mut table = Table::new(title, &["feature", "coef", "coef * std"]);
        for ((name, w), s) in self.signature.names().zip(&self.coef).zip(&self.feature_std) {
            table.row([name.to_owned(), number(*w), number(w * s)]);
        }
        if self.params.fit_intercept {
            table.row(["(intercept)".to_owned(), number(self.intercept), String::new()]);
        }
        let p = &self.params;
        let class_weight = match p.class_weight {
            ClassWeight::None => "none",
            ClassWeight::Balanced => "balanced",
        };
        table.note(format!("c = {}, class_weight = {class_weight}, tol = {:e}, max_iter = {}", p.c, p.tol, p.max_iter));
        let state = if self.converged { "converged" } else { "NOT converged" };
        table.note(format!("{state} in {} steps, loss {}", self.n_iter, number(self.loss)));
        if let Some(warning) = &self.warning {
            table.note(format!("warning: {warning}"));
        }
        table.bundle()
    }
}

impl Inspect for LogisticRegression {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features", self.coef.len()))
    }

    fn heap_bytes(&self) -> u64 {
        let names: usize = self.signature.names().map(|n| n.len() + size_of::<String>()).sum();
        (names + 2 * self.coef.len() * size_of::<f64>()) as u64
    }
}

/// An infinite `c` in JSON, which has no infinity: the text `"inf"`.
mod maybe_infinite {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Finite(f64),
        Text(String),
    }

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_infinite() { to.serialize_str("inf") } else { to.serialize_f64(*value) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        match Number::deserialize(from)? {
            Number::Finite(value) => Ok(value),
            Number::Text(text) if text == "inf" => Ok(f64::INFINITY),
            Number::Text(text) => Err(D::Error::custom(format!("c is \"{text}\", expected a number or \"inf\""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_core::interrupt;

    // Here and not among the integration tests: the flag is the process's, and no other test of this binary fits.
    #[test]
    fn an_interrupt_stops_the_fit() {
        let features = Matrix::from_columns(vec![("x".to_owned(), vec![1.0, 2.0, 3.0])]).unwrap();
        let data = Dataset::from_parts(features, vec![0.0, 1.0, 1.0], "y");
        interrupt::request();
        let stopped = LogisticRegression::params().fit(&data);
        interrupt::clear();
        assert!(matches!(stopped, Err(LearnError::Interrupted(_))));
        assert!(LogisticRegression::params().fit(&data).is_ok());
    }
}
