//! Metrics of predicted values.

use crate::check;
use crate::error::EvalError;

/// True and predicted values, checked once for all metrics; free functions such as [`rmse`] do both steps.
#[derive(Clone, Copy, Debug)]
pub struct Residuals<'a> {
    truth: &'a [f64],
    predicted: &'a [f64],
    weights: Option<&'a [f64]>,
}

impl<'a> Residuals<'a> {
    /// True values and predictions, row by row.
    ///
    /// # Errors
    /// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotFinite`].
    pub fn new(truth: &'a [f64], predicted: &'a [f64]) -> Result<Self, EvalError> {
        check::lists(truth, predicted, "predictions", None)?;
        check::finite(truth, "true values")?;
        check::finite(predicted, "predictions")?;
        Ok(Residuals { truth, predicted, weights: None })
    }

    /// The same rows, each counting as much as its weight.
    ///
    /// # Errors
    /// [`EvalError::Length`], [`EvalError::Weight`], [`EvalError::ZeroWeights`].
    pub fn weighted(mut self, weights: &'a [f64]) -> Result<Self, EvalError> {
        check::weights(weights, self.truth.len())?;
        self.weights = Some(weights);
        Ok(self)
    }

    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[i])
    }

    fn off(&self, i: usize) -> f64 {
        self.truth[i] - self.predicted[i]
    }

    fn mean(&self, of: impl Fn(usize) -> f64) -> f64 {
        let (mut sum, mut all) = (0.0, 0.0);
        for i in 0..self.truth.len() {
            sum += self.weight(i) * of(i);
            all += self.weight(i);
        }
        sum / all
    }

    /// Mean squared error.
    pub fn mse(&self) -> f64 {
        self.mean(|i| self.off(i) * self.off(i))
    }

    /// Root of the mean squared error, in units of the target.
    pub fn rmse(&self) -> f64 {
        self.mse().sqrt()
    }

    /// Mean absolute error, in units of the target.
    pub fn mae(&self) -> f64 {
        self.mean(|i| self.off(i).abs())
    }

    /// Mean of truth minus prediction: what the predictions are too low by.
    pub fn bias(&self) -> f64 {
        self.mean(|i| self.off(i))
    }

    /// Median of the absolute errors, weighted as scikit-learn's `median_absolute_error`.
    pub fn median_absolute_error(&self) -> f64 {
        let errors = (0..self.truth.len()).map(|i| (self.off(i).abs(), self.weight(i))).collect();
        weighted_quantile(errors, 0.5)
    }

    /// Largest absolute error of a row that counts.
    pub fn max_error(&self) -> f64 {
        (0..self.truth.len()).filter(|&i| self.weight(i) > 0.0).fold(0.0, |most, i| f64::max(most, self.off(i).abs()))
    }

    /// Share of the variance that is predicted: 1 is perfect, 0 the mean, less is worse than the mean.
    ///
    /// As scikit-learn's `r2_score`: for a constant target 1 if the predictions are exact, otherwise 0; NaN for a single
    /// row.
    pub fn r2(&self) -> f64 {
        if self.truth.len() < 2 {
            return f64::NAN;
        }
        explained(self.mse(), self.variance(|i| self.truth[i]))
    }

    /// Of what does not vary exactly 0, whatever its mean is rounded to.
    fn variance(&self, of: impl Fn(usize) -> f64) -> f64 {
        let mut counted = (0..self.truth.len()).filter(|&i| self.weight(i) > 0.0).map(&of);
        let first = counted.next();
        if counted.all(|value| Some(value) == first) {
            return 0.0;
        }
        let mean = self.mean(&of);
        self.mean(|i| (of(i) - mean).powi(2))
    }

    /// As [`r2`](Self::r2), but predictions that are off by a constant lose nothing.
    pub fn explained_variance(&self) -> f64 {
        explained(self.variance(|i| self.off(i)), self.variance(|i| self.truth[i]))
    }

    /// Mean absolute error as a share of the true value (0.1 is 10%); as scikit-learn, values around 0 are taken as
    /// 2.2e-16, which makes it huge.
    pub fn mape(&self) -> f64 {
        self.mean(|i| self.off(i).abs() / self.truth[i].abs().max(f64::EPSILON))
    }

    /// Mean pinball loss of predictions of the quantile `alpha`.
    ///
    /// # Errors
    /// [`EvalError::Parameter`] for a quantile outside of 0 to 1.
    pub fn pinball(&self, alpha: f64) -> Result<f64, EvalError> {
        if !(0.0..=1.0).contains(&alpha) {
            return Err(EvalError::Parameter { name: "alpha", value: alpha.to_string(), expected: "0 to 1" });
        }
        Ok(self.mean(|i| if self.off(i) >= 0.0 { alpha * self.off(i) } else { (alpha - 1.0) * self.off(i) }))
    }

    /// Share of the absolute error of the constant median that is explained, as scikit-learn's
    /// `d2_absolute_error_score`; NaN for a single row.
    pub fn d2_absolute_error(&self) -> f64 {
        if self.truth.len() < 2 {
            return f64::NAN;
        }
        let values = (0..self.truth.len()).map(|i| (self.truth[i], self.weight(i))).collect();
        let median = weighted_quantile(values, 0.5);
        explained(self.mae(), self.mean(|i| (self.truth[i] - median).abs()))
    }

    /// Mean Poisson deviance: twice the loss of log-likelihood of counts.
    ///
    /// # Errors
    /// [`EvalError::Counts`] for negative true values and predictions that are not above 0.
    pub fn poisson_deviance(&self) -> Result<f64, EvalError> {
        match (0..self.truth.len()).find(|&i| self.truth[i] < 0.0 || self.predicted[i] <= 0.0) {
            Some(row) => Err(EvalError::Counts { row, truth: self.truth[row], predicted: self.predicted[row] }),
            None => Ok(self.mean(|i| {
                let (y, mu) = (self.truth[i], self.predicted[i]);
                2.0 * (if y > 0.0 { y * (y / mu).ln() } else { 0.0 } - y + mu)
            })),
        }
    }
}

/// One minus the share of the errors that is left; for a target that does not vary 1 or 0.
pub(crate) fn explained(errors: f64, variance: f64) -> f64 {
    match (errors == 0.0, variance == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - errors / variance,
    }
}

/// The quantile of values with weights: the mean of the value at which the share is reached from below and from above.
pub(crate) fn weighted_quantile(mut values: Vec<(f64, f64)>, q: f64) -> f64 {
    values.retain(|v| v.1 > 0.0);
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let target = q * values.iter().map(|v| v.1).sum::<f64>();
    let mut before = 0.0;
    for (at, &(value, weight)) in values.iter().enumerate() {
        before += weight;
        // Sums of weights carry rounding, of which equality knows nothing.
        if (before - target).abs() <= 1e-12 * target {
            return 0.5 * (value + values.get(at + 1).map_or(value, |next| next.0));
        }
        if before > target {
            return value;
        }
    }
    values.last().map_or(f64::NAN, |v| v.0)
}

/// Root of the mean squared error, in units of the target; see [`Residuals::rmse`].
///
/// # Errors
/// As [`Residuals::new`].
pub fn rmse(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(Residuals::new(truth, predicted)?.rmse())
}

/// Mean squared error.
///
/// # Errors
/// As [`Residuals::new`].
pub fn mse(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(Residuals::new(truth, predicted)?.mse())
}

/// Mean absolute error, in units of the target.
///
/// # Errors
/// As [`Residuals::new`].
pub fn mae(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(Residuals::new(truth, predicted)?.mae())
}

/// Share of the variance that is predicted, NaN for a single row; see [`Residuals::r2`].
///
/// # Errors
/// As [`Residuals::new`].
pub fn r2(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(Residuals::new(truth, predicted)?.r2())
}

/// Mean absolute error as a share of the true value; see [`Residuals::mape`].
///
/// # Errors
/// As [`Residuals::new`].
pub fn mape(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(Residuals::new(truth, predicted)?.mape())
}

/// Median of the absolute errors.
///
/// # Errors
/// As [`Residuals::new`].
pub fn median_absolute_error(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(Residuals::new(truth, predicted)?.median_absolute_error())
}
