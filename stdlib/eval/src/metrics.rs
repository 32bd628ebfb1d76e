//! Metrics that look at each row by itself: probabilities against classes, and classes against classes.

use crate::check;
use crate::error::EvalError;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::Table;
use serde::{Deserialize, Serialize};

/// Mean of `of(row)`, weighted if there are weights.
fn mean(rows: usize, weights: Option<&[f64]>, of: impl Fn(usize) -> f64) -> Result<f64, EvalError> {
    let Some(weights) = weights else {
        return Ok((0..rows).map(of).sum::<f64>() / rows as f64);
    };
    check::weights(weights, rows)?;
    let sum: f64 = (0..rows).map(|i| weights[i] * of(i)).sum();
    Ok(sum / weights.iter().sum::<f64>())
}

/// Mean negative log-likelihood in nats of the true classes; lower is better, a coin has 0.693.
///
/// `truth` holds classes 0 and 1, `proba` the probability of class 1 in each row. As scikit-learn's `log_loss`:
/// probabilities are clipped to `[eps, 1 - eps]`, `eps = 2.2e-16`, so one certain error costs 36 and not infinity.
///
/// # Errors
/// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotBinary`], [`EvalError::NotFinite`],
/// [`EvalError::NotProbability`].
pub fn log_loss(truth: &[f64], proba: &[f64]) -> Result<f64, EvalError> {
    log_loss_of(truth, proba, None)
}

/// [`log_loss`] with a weight per row.
///
/// # Errors
/// As [`log_loss`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn log_loss_weighted(truth: &[f64], proba: &[f64], weights: &[f64]) -> Result<f64, EvalError> {
    log_loss_of(truth, proba, Some(weights))
}

fn log_loss_of(truth: &[f64], proba: &[f64], weights: Option<&[f64]>) -> Result<f64, EvalError> {
    check::pair(truth, proba, "probabilities")?;
    check::probabilities(proba)?;
    mean(truth.len(), weights, |i| {
        let p = if truth[i] == 1.0 { proba[i] } else { 1.0 - proba[i] };
        -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    })
}

/// Mean squared difference of probability and class (Brier 1950), in `0..=1`; lower is better, a coin has 0.25.
///
/// As scikit-learn's `brier_score_loss`.
///
/// # Errors
/// As [`log_loss`].
pub fn brier(truth: &[f64], proba: &[f64]) -> Result<f64, EvalError> {
    brier_of(truth, proba, None)
}

/// [`brier`] with a weight per row.
///
/// # Errors
/// As [`log_loss_weighted`].
pub fn brier_weighted(truth: &[f64], proba: &[f64], weights: &[f64]) -> Result<f64, EvalError> {
    brier_of(truth, proba, Some(weights))
}

fn brier_of(truth: &[f64], proba: &[f64], weights: Option<&[f64]>) -> Result<f64, EvalError> {
    check::pair(truth, proba, "probabilities")?;
    check::probabilities(proba)?;
    mean(truth.len(), weights, |i| (proba[i] - truth[i]) * (proba[i] - truth[i]))
}

/// Share of rows whose predicted class is the true one; classes may be any whole numbers.
///
/// # Errors
/// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotClass`] for fractions (probabilities given as classes).
pub fn accuracy(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    accuracy_of(truth, predicted, None)
}

/// [`accuracy`] with a weight per row.
///
/// # Errors
/// As [`accuracy`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn accuracy_weighted(truth: &[f64], predicted: &[f64], weights: &[f64]) -> Result<f64, EvalError> {
    accuracy_of(truth, predicted, Some(weights))
}

fn accuracy_of(truth: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<f64, EvalError> {
    check::lists(truth, predicted, "predicted classes", None)?;
    check::whole(truth, "true value")?;
    check::whole(predicted, "predicted class")?;
    mean(truth.len(), weights, |i| if truth[i] == predicted[i] { 1.0 } else { 0.0 })
}

/// Share of the rows predicted 1 that are 1; 0 where none is predicted 1, as in scikit-learn.
///
/// # Errors
/// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotBinary`]; [`confusion_table`](crate::confusion_table) is
/// for more classes.
pub fn precision(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(confusion_matrix(truth, predicted)?.precision())
}

/// Share of the rows that are 1 which are predicted 1; 0 where no row is 1, as in scikit-learn.
///
/// # Errors
/// As [`precision`].
pub fn recall(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(confusion_matrix(truth, predicted)?.recall())
}

/// Harmonic mean of [`precision`] and [`recall`]; 0 where class 1 neither occurs nor is predicted, as in scikit-learn.
///
/// # Errors
/// As [`precision`].
pub fn f1(truth: &[f64], predicted: &[f64]) -> Result<f64, EvalError> {
    Ok(confusion_matrix(truth, predicted)?.f1())
}

/// Counts of rows by true and predicted class.
///
/// # Errors
/// As [`precision`].
pub fn confusion_matrix(truth: &[f64], predicted: &[f64]) -> Result<ConfusionMatrix, EvalError> {
    check::pair(truth, predicted, "predicted classes")?;
    check::classes(predicted, "predicted class")?;
    let count = |t: f64, p: f64| truth.iter().zip(predicted).filter(|&(&a, &b)| a == t && b == p).count() as u64;
    Ok(ConfusionMatrix {
        true_negatives: count(0.0, 0.0),
        false_positives: count(0.0, 1.0),
        false_negatives: count(1.0, 0.0),
        true_positives: count(1.0, 1.0),
    })
}

/// Counts of rows by true and predicted class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    /// Rows that are 0 and predicted 0.
    pub true_negatives: u64,
    /// Rows that are 0 and predicted 1.
    pub false_positives: u64,
    /// Rows that are 1 and predicted 0.
    pub false_negatives: u64,
    /// Rows that are 1 and predicted 1.
    pub true_positives: u64,
}

impl ConfusionMatrix {
    /// See [`precision`].
    pub fn precision(&self) -> f64 {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// See [`recall`].
    pub fn recall(&self) -> f64 {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// See [`f1`].
    pub fn f1(&self) -> f64 {
        share(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)
    }

    /// See [`accuracy`].
    pub fn accuracy(&self) -> f64 {
        let right = self.true_negatives + self.true_positives;
        share(right, right + self.false_positives + self.false_negatives)
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

impl Display for ConfusionMatrix {
    fn bundle(&self) -> Bundle {
        let mut table = Table::new("Confusion matrix", &["", "predicted 0", "predicted 1"]);
        table.row(["true 0".to_owned(), self.true_negatives.to_string(), self.false_positives.to_string()]);
        table.row(["true 1".to_owned(), self.false_negatives.to_string(), self.true_positives.to_string()]);
        table.bundle()
    }
}
