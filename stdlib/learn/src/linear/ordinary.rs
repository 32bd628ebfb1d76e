//! Least squares and ridge regression.

use super::least_squares::Problem;
use super::model::{Linear, LinearParams, sealed};
use crate::card;
use crate::error::LearnError;
use crate::model::Fit;
use crate::told;
use ironbook_core::{Bundle, Display};
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// A linear regression by least squares.
pub type LinearRegression = Linear<LinearRegressionParams>;
/// A linear regression with a penalty on the squares of the coefficients.
pub type Ridge = Linear<RidgeParams>;

/// Parameters of [`LinearRegression`].
///
/// | name | meaning | default |
/// |---|---|---|
/// | `fit_intercept` | whether there is an intercept | true (scikit-learn) |
///
/// Minimises `sum_i weight_i (y_i - x_i . w - b)^2`. Where columns depend on each other, many coefficients fit equally
/// well: these are the smallest of them (least `|w|^2`), as scikit-learn's, and `warning` says so. Columns that others
/// determine to about seven digits count as dependent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinearRegressionParams {
    /// Whether there is an intercept.
    pub fit_intercept: bool,
}

impl Default for LinearRegressionParams {
    fn default() -> Self {
        LinearRegressionParams { fit_intercept: true }
    }
}

impl LinearRegressionParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }
}

impl sealed::Sealed for LinearRegressionParams {}

impl LinearParams for LinearRegressionParams {
    const NAME: &'static str = "LinearRegression";
    const FORMAT: &'static str = "ironbook/linear_regression";

    fn words(&self) -> String {
        if self.fit_intercept { String::new() } else { "no intercept".to_owned() }
    }
}

impl Display for LinearRegressionParams {
    fn bundle(&self) -> Bundle {
        card::unfitted("LinearRegression", self, &Self::default())
    }
}

impl Fit for LinearRegressionParams {
    type Model = LinearRegression;

    /// # Errors
    /// [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`], [`LearnError::Weight`],
    /// [`LearnError::NeedsNumbers`], [`LearnError::NotFinite`], [`LearnError::TargetNotFinite`],
    /// [`LearnError::TooLarge`], [`LearnError::Interrupted`].
    fn fit(&self, data: &Dataset) -> Result<LinearRegression, LearnError> {
        told::fitted("LinearRegression", data, |_| self, told::no_curves, || self.solve(data))
    }
}

impl LinearRegressionParams {
    fn solve(&self, data: &Dataset) -> Result<LinearRegression, LearnError> {
        let problem = Problem::of(data, "LinearRegression", self.fit_intercept)?;
        let solution = problem.solve(0.0)?;
        let warning = dependent(data, &solution.dependent);
        Ok(Linear::new(self, data, &problem, solution, (1, warning)))
    }
}

/// What is to be said of columns that are constant or determined by others.
fn dependent(data: &Dataset, columns: &[usize]) -> Option<String> {
    let mut columns = columns.to_vec();
    columns.sort_unstable();
    let names: Vec<String> = columns.iter().take(4).map(|&j| format!("\"{}\"", data.features.names()[j])).collect();
    let more = if columns.len() > names.len() { ", .." } else { "" };
    (!names.is_empty()).then(|| {
        format!(
            "{} of {} columns are constant or determined by the others: {}{more}\n\
             many coefficients fit equally well and these are the smallest; drop such columns to read the others as effects, or use Ridge",
            columns.len(),
            data.features.cols(),
            names.join(", ")
        )
    })
}

/// Parameters of [`Ridge`].
///
/// | name | meaning | default |
/// |---|---|---|
/// | `alpha` | strength of the penalty; at least 0 | 1 (scikit-learn) |
/// | `fit_intercept` | whether there is an intercept; it is never penalised | true (scikit-learn) |
///
/// Minimises `sum_i weight_i (y_i - x_i . w - b)^2 + alpha |w|^2` (Hoerl & Kennard 1970), which is scikit-learn's
/// objective. The penalty is on the coefficients of the features as given: scaling a feature changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RidgeParams {
    /// Strength of the penalty.
    pub alpha: f64,
    /// Whether there is an intercept.
    pub fit_intercept: bool,
}

impl Default for RidgeParams {
    fn default() -> Self {
        RidgeParams { alpha: 1.0, fit_intercept: true }
    }
}

impl RidgeParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the strength of the penalty.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }
}

impl sealed::Sealed for RidgeParams {}

impl LinearParams for RidgeParams {
    const NAME: &'static str = "Ridge";
    const FORMAT: &'static str = "ironbook/ridge";

    fn words(&self) -> String {
        format!("alpha = {}", self.alpha)
    }
}

impl Display for RidgeParams {
    fn bundle(&self) -> Bundle {
        card::unfitted("Ridge", self, &Self::default())
    }
}

impl Fit for RidgeParams {
    type Model = Ridge;

    /// # Errors
    /// [`LearnError::Parameter`], and as [`LinearRegressionParams::fit`].
    fn fit(&self, data: &Dataset) -> Result<Ridge, LearnError> {
        told::fitted("Ridge", data, |_| self, told::no_curves, || self.solve(data))
    }
}

impl RidgeParams {
    fn solve(&self, data: &Dataset) -> Result<Ridge, LearnError> {
        if !self.alpha.is_finite() || self.alpha < 0.0 {
            let expected = "a number of at least 0 (the larger, the stronger the penalty)";
            return Err(LearnError::Parameter { name: "alpha", value: self.alpha.to_string(), expected });
        }
        let problem = Problem::of(data, "Ridge", self.fit_intercept)?;
        let solution = problem.solve(self.alpha)?;
        let warning = dependent(data, &solution.dependent);
        Ok(Linear::new(self, data, &problem, solution, (1, warning)))
    }
}
