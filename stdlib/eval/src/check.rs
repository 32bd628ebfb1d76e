//! Checks that the metrics share.

use crate::error::EvalError;

/// Refuses true values that are not 0 or 1, empty lists, and lists of different lengths.
pub(crate) fn pair(truth: &[f64], other: &[f64], what: &'static str) -> Result<(), EvalError> {
    if truth.len() != other.len() {
        return Err(EvalError::Length { what, expected: truth.len(), found: other.len() });
    }
    if truth.is_empty() {
        return Err(EvalError::Empty);
    }
    classes(truth, "true value")
}

/// Refuses empty lists, lists of different lengths, and bad weights.
pub(crate) fn lists(
    truth: &[f64],
    other: &[f64],
    what: &'static str,
    weights: Option<&[f64]>,
) -> Result<(), EvalError> {
    if truth.len() != other.len() {
        return Err(EvalError::Length { what, expected: truth.len(), found: other.len() });
    }
    if truth.is_empty() {
        return Err(EvalError::Empty);
    }
    weights.map_or(Ok(()), |weights| self::weights(weights, truth.len()))
}

/// Refuses what is no class: fractions, NaN, infinities.
pub(crate) fn whole(values: &[f64], what: &'static str) -> Result<(), EvalError> {
    match values.iter().position(|y| !y.is_finite() || y.fract() != 0.0) {
        Some(row) => Err(EvalError::NotClass { what, row, value: values[row] }),
        None => Ok(()),
    }
}

/// Refuses values that are not 0 or 1.
pub(crate) fn classes(values: &[f64], what: &'static str) -> Result<(), EvalError> {
    match values.iter().position(|y| *y != 0.0 && *y != 1.0) {
        Some(row) => Err(EvalError::NotBinary { what, row, value: values[row] }),
        None => Ok(()),
    }
}

/// Refuses NaN and infinite values.
pub(crate) fn finite(values: &[f64], what: &'static str) -> Result<(), EvalError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(row) => {
            let count = values.iter().filter(|x| !x.is_finite()).count();
            Err(EvalError::NotFinite { what, count, rows: values.len(), row })
        }
        None => Ok(()),
    }
}

/// Refuses what is not a probability.
pub(crate) fn probabilities(values: &[f64]) -> Result<(), EvalError> {
    finite(values, "probabilities")?;
    match values.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(EvalError::NotProbability { row, value: values[row] }),
        None => Ok(()),
    }
}

/// Refuses negative, NaN and infinite weights, weights that are all 0, and weights of another length.
pub(crate) fn weights(weights: &[f64], rows: usize) -> Result<(), EvalError> {
    if weights.len() != rows {
        return Err(EvalError::Length { what: "sample weights", expected: rows, found: weights.len() });
    }
    match weights.iter().position(|w| !w.is_finite() || *w < 0.0) {
        Some(row) => Err(EvalError::Weight { row, value: weights[row] }),
        None if weights.iter().all(|w| *w == 0.0) => Err(EvalError::ZeroWeights),
        None => Ok(()),
    }
}
