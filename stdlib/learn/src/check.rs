//! Checks that the models share.

use crate::error::LearnError;
use crate::model::Signature;
use ironbook_data::{Dataset, Kind, Matrix};
use rayon::prelude::*;
use std::borrow::Cow;

/// What one pass over a column tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    /// Mean, or the value of a constant column, exactly.
    pub(crate) mean: f64,
    /// Standard deviation (denominator n), 0 exactly for a constant column.
    pub(crate) std: f64,
}

/// Refuses what no model can be fitted to: no columns, no rows, lengths that differ, weights that are none.
///
/// # Errors
/// [`LearnError::NoFeatures`], [`LearnError::NoRows`], [`LearnError::Length`], [`LearnError::Weight`],
/// [`LearnError::ZeroWeights`].
pub fn shape(data: &Dataset) -> Result<(), LearnError> {
    if data.features.cols() == 0 {
        return Err(LearnError::NoFeatures { target: data.target_name.clone() });
    }
    if data.features.rows() == 0 {
        return Err(LearnError::NoRows);
    }
    length("target", data.features.rows(), data.target.len())?;
    data.weights.as_deref().map_or(Ok(()), |weights| self::weights(weights, data.features.rows()))
}

pub(crate) fn length(what: &'static str, features: usize, found: usize) -> Result<(), LearnError> {
    if features == found { Ok(()) } else { Err(LearnError::Length { what, features, found }) }
}

/// Refuses targets other than 0 and 1, and with weights also classes that have none.
pub(crate) fn binary(data: &Dataset, weights: Option<&[f64]>) -> Result<(), LearnError> {
    if data.target.iter().any(|&y| y != 0.0 && y != 1.0) {
        return Err(LearnError::NotBinary { target: data.target_name.clone(), found: some_values(&data.target) });
    }
    let counts = |i: usize| weights.is_none_or(|w| w[i] > 0.0);
    let seen = |class: f64| data.target.iter().enumerate().any(|(i, &y)| y == class && counts(i));
    match (seen(0.0), seen(1.0)) {
        (true, true) => Ok(()),
        (false, false) => Err(LearnError::ZeroWeights),
        (_, one) => Err(LearnError::one_class(data, f64::from(u8::from(one)))),
    }
}

/// The first distinct values, in words.
fn some_values(values: &[f64]) -> String {
    let mut distinct: Vec<f64> = Vec::new();
    for &value in values {
        if !distinct.iter().any(|d| d.total_cmp(&value).is_eq()) {
            distinct.push(value);
        }
        if distinct.len() > 6 {
            break;
        }
    }
    let more = distinct.len() > 6;
    distinct.truncate(6);
    distinct.sort_by(f64::total_cmp);
    let words: Vec<String> = distinct.iter().map(f64::to_string).collect();
    words.join(", ") + if more { ", .." } else { "" }
}

/// Refuses targets that are text, NaN or infinite, for models that predict numbers.
///
/// # Errors
/// [`LearnError::TextTarget`], [`LearnError::TargetNotFinite`].
pub fn values(data: &Dataset) -> Result<(), LearnError> {
    let target = || data.target_name.clone();
    if let Some(names) = &data.classes {
        let some = names.iter().take(3).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        return Err(LearnError::TextTarget { target: target(), some });
    }
    match data.target.iter().filter(|y| !y.is_finite()).count() {
        0 => Ok(()),
        count => Err(LearnError::TargetNotFinite { target: target(), count, rows: data.target.len() }),
    }
}

/// Refuses negative, NaN and infinite weights, those that cannot be added up, and weights of another length.
pub(crate) fn weights(weights: &[f64], rows: usize) -> Result<(), LearnError> {
    length("list of sample weights", rows, weights.len())?;
    match weights.iter().position(|w| !w.is_finite() || *w < 0.0) {
        Some(row) => Err(LearnError::Weight { row, value: weights[row] }),
        None if weights.iter().all(|w| *w == 0.0) => Err(LearnError::ZeroWeights),
        None if !weights.iter().sum::<f64>().is_finite() => Err(LearnError::Parameter {
            name: "the sum of the sample weights",
            value: "infinite".to_owned(),
            expected: "a finite number: divide all weights by the same number",
        }),
        None => Ok(()),
    }
}

/// Means and deviations of all columns; refuses NaN, infinities and sums that overflow.
pub(crate) fn moments(features: &Matrix) -> Result<Vec<Moments>, LearnError> {
    // Each column is summed by one thread in one order: the result does not depend on the number of threads.
    (0..features.cols()).into_par_iter().map(|j| column_moments(&features.names()[j], features.column(j))).collect()
}

fn column_moments(name: &str, values: &[f64]) -> Result<Moments, LearnError> {
    ironbook_core::check()?;
    finite(name, values)?;
    let shift = values[0];
    let n = values.len() as f64;
    // Differences from the first value keep a small spread around a large mean exact enough, and a constant column exact.
    let shifted = lanes(values, |x| x - shift) / n;
    let squares = lanes(values, |x| (x - shift - shifted) * (x - shift - shifted)) / n;
    if !(shift + shifted).is_finite() || !squares.is_finite() {
        let largest = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        return Err(LearnError::TooLarge { column: name.to_owned(), largest });
    }
    Ok(Moments { mean: shift + shifted, std: squares.sqrt() })
}

/// Refuses NaN and infinite values, with their number.
pub(crate) fn finite(name: &str, values: &[f64]) -> Result<(), LearnError> {
    // x * 0 is 0 for finite values and NaN otherwise: one vectorised pass, without overflow.
    if lanes(values, |x| x * 0.0) == 0.0 {
        return Ok(());
    }
    let nan = values.iter().filter(|x| x.is_nan()).count();
    let infinite = values.iter().filter(|x| x.is_infinite()).count();
    Err(LearnError::NotFinite { column: name.to_owned(), nan, infinite, rows: values.len() })
}

/// Sum of `f` over the values in eight lanes, an order that compilers can vectorise and that is always the same.
#[inline(always)]
fn lanes(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += f(x);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f(x)).sum::<f64>()
}

/// Refuses text and times, which `model` cannot compute with.
pub(crate) fn numbers(features: &Matrix, model: &'static str) -> Result<(), LearnError> {
    match features.kinds().iter().position(|kind| *kind != Kind::Numeric) {
        None => Ok(()),
        Some(j) => {
            let (column, found) = (features.names()[j].clone(), features.kinds()[j].to_string());
            Err(LearnError::NeedsNumbers { column, found, model })
        }
    }
}

/// The columns of `features` in the order of the fit, with the codes of the fit; unknown categories become NaN.
///
/// Refuses missing and unexpected columns, and columns of another kind.
pub(crate) fn columns<'a>(features: &'a Matrix, signature: &Signature) -> Result<Vec<Cow<'a, [f64]>>, LearnError> {
    let found: Vec<Option<usize>> = signature.names().map(|name| features.index_of(name)).collect();
    let missing: Vec<String> =
        signature.names().zip(&found).filter(|(_, c)| c.is_none()).map(|(name, _)| name.to_owned()).collect();
    let unexpected: Vec<String> =
        features.names().iter().filter(|name| !signature.names().any(|n| n == *name)).cloned().collect();
    if !missing.is_empty() || !unexpected.is_empty() {
        return Err(LearnError::Columns {
            missing,
            unexpected,
            expected: signature.names().map(str::to_owned).collect(),
        });
    }
    let column = |(feature, j): (&crate::model::Feature, usize)| match (&feature.kind, &features.kinds()[j]) {
        (expected, found) if expected == found => Ok(Cow::Borrowed(features.column(j))),
        (Kind::Categorical(known), Kind::Categorical(names)) => {
            let code = |name: &String| known.binary_search(name).map_or(f64::NAN, |code| code as f64);
            let codes: Vec<f64> = names.iter().map(code).collect();
            let map = |&value: &f64| if value.is_nan() { value } else { codes[value as usize] };
            Ok(Cow::Owned(features.column(j).iter().map(map).collect()))
        }
        (expected, found) => {
            let (found, expected) = (found.to_string(), expected.to_string());
            Err(LearnError::Kind { column: feature.name.clone(), found, expected })
        }
    };
    signature.features.iter().zip(found.into_iter().flatten()).map(column).collect()
}
