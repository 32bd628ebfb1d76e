//! Lasso and elastic net: linear regressions that leave columns out.

use super::descent::{Quadratic, whole};
use super::least_squares::Problem;
use super::model::{Linear, LinearParams, sealed};
use crate::card;
use crate::error::LearnError;
use crate::model::Fit;
use crate::told;
use ironbook_core::{Bundle, Display};
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// A linear regression with a penalty on sizes and squares of the coefficients.
pub type ElasticNet = Linear<ElasticNetParams>;

/// Parameters of [`ElasticNet`]; with `l1_ratio` 1 (see [`ElasticNetParams::lasso`]) it is the lasso.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `alpha` | strength of the penalty; positive | 1 (scikit-learn) |
/// | `l1_ratio` | share of the penalty on `|w|` against that on `w^2`, 0 to 1 | 0.5 (scikit-learn) |
/// | `fit_intercept` | whether there is an intercept; it is never penalised | true (scikit-learn) |
/// | `tol` | largest slope at the end, in units of the target's deviation (of its root mean square without an intercept) | 1e-10 (Ironbook: sweeps cost no pass over the data) |
/// | `max_iter` | sweeps over the coefficients at most | 10,000 |
///
/// Minimises scikit-learn's `1/2 mean((y - x . w - b)^2) + alpha (l1_ratio |w|_1 + (1 - l1_ratio) / 2 |w|^2)` by
/// coordinate descent on the sums of products (Friedman, Hastie & Tibshirani 2010). Weighted means where rows have
/// weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ElasticNetParams {
    /// Strength of the penalty.
    pub alpha: f64,
    /// Share of the penalty on sizes.
    pub l1_ratio: f64,
    /// Whether there is an intercept.
    pub fit_intercept: bool,
    /// Largest slope at the end.
    pub tol: f64,
    /// Sweeps at most.
    pub max_iter: usize,
}

impl Default for ElasticNetParams {
    fn default() -> Self {
        ElasticNetParams { alpha: 1.0, l1_ratio: 0.5, fit_intercept: true, tol: 1e-10, max_iter: 10_000 }
    }
}

impl ElasticNetParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lasso: the whole penalty is on the sizes of the coefficients.
    pub fn lasso() -> Self {
        Self::default().l1_ratio(1.0)
    }

    /// Sets the strength of the penalty.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets the share of the penalty on sizes.
    #[must_use]
    pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
        self.l1_ratio = l1_ratio;
        self
    }

    /// Sets whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// Sets the largest slope at the end, in units of the target's deviation.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Sets the number of sweeps at most.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    fn check(&self) -> Result<(), LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        if !self.alpha.is_finite() || self.alpha <= 0.0 {
            return refuse("alpha", self.alpha.to_string(), "a positive number; for none use LinearRegression");
        }
        if !(0.0..=1.0).contains(&self.l1_ratio) {
            return refuse("l1_ratio", self.l1_ratio.to_string(), "a number from 0 (ridge) to 1 (lasso)");
        }
        if !self.tol.is_finite() || self.tol <= 0.0 {
            return refuse("tol", self.tol.to_string(), "a small positive number, for instance 1e-10");
        }
        if self.max_iter == 0 {
            return refuse("max_iter", "0".to_owned(), "at least 1");
        }
        Ok(())
    }
}

impl sealed::Sealed for ElasticNetParams {}

impl LinearParams for ElasticNetParams {
    const NAME: &'static str = "ElasticNet";
    const FORMAT: &'static str = "ironbook/elastic_net";

    fn words(&self) -> String {
        format!("alpha = {}, l1_ratio = {}", self.alpha, self.l1_ratio)
    }
}

impl Display for ElasticNetParams {
    fn bundle(&self) -> Bundle {
        card::unfitted("ElasticNet", self, &Self::default())
    }
}

impl Fit for ElasticNetParams {
    type Model = ElasticNet;

    /// # Errors
    /// [`LearnError::Parameter`], and as [`LinearRegressionParams::fit`](crate::LinearRegressionParams). A fit that does
    /// not converge is no error: see [`Linear::warning`].
    fn fit(&self, data: &Dataset) -> Result<ElasticNet, LearnError> {
        told::fitted("ElasticNet", data, |_| self, told::no_curves, || self.solve(data))
    }
}

impl ElasticNetParams {
    fn solve(&self, data: &Dataset) -> Result<ElasticNet, LearnError> {
        self.check()?;
        let problem = Problem::of(data, "ElasticNet", self.fit_intercept)?;
        let n = problem.scale.len();
        let mut hessian = whole(&problem.a, n);
        for (j, s) in problem.scale.iter().enumerate() {
            hessian[j * n + j] += self.alpha * (1.0 - self.l1_ratio) / s / s;
        }
        let linear: Vec<f64> = problem.b.iter().map(|b| -b).collect();
        let l1: Vec<f64> = problem.scale.iter().map(|s| self.alpha * self.l1_ratio / s).collect();
        let mut theta = vec![0.0; n];
        let tol = self.tol * problem.unit().max(f64::MIN_POSITIVE);
        let quadratic = Quadratic { hessian: &hessian, linear: &linear, l1: &l1 };
        let (sweeps, left) = quadratic.descend(&mut theta, tol, self.max_iter)?;
        let warning = (left > tol).then(|| {
            format!("not converged after {sweeps} sweeps: the slope is {left:.1e}, {tol:.1e} was asked for\nraise max_iter or alpha")
        });
        let solution = problem.solution(problem.in_units(&theta), Vec::new())?;
        Ok(Linear::new(self, data, &problem, solution, (sweeps, warning)))
    }
}
