//! Linear combinations of columns.

use crate::check;
use crate::error::LearnError;
use crate::model::Signature;
use rayon::prelude::*;
use std::borrow::Cow;

/// Rows predicted as one unit of parallel work.
const BLOCK: usize = 4096;

/// `columns . coef + intercept` for each row; refuses values that are not finite, and sums that overflow.
pub(crate) fn scores(
    signature: &Signature,
    columns: &[Cow<'_, [f64]>],
    rows: usize,
    coef: &[f64],
    intercept: f64,
) -> Result<Vec<f64>, LearnError> {
    signature.features.par_iter().zip(columns).try_for_each(|(f, column)| check::finite(&f.name, column))?;
    let mut out = vec![intercept; rows];
    out.par_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| {
        let start = block * BLOCK;
        for (w, column) in coef.iter().zip(columns) {
            for (eta, x) in out.iter_mut().zip(&column[start..]) {
                *eta += w * x;
            }
        }
    });
    if out.iter().all(|eta| eta.is_finite()) {
        return Ok(out);
    }
    let largest = |column: &[f64]| column.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let part = |j: usize| (coef[j] * largest(&columns[j])).abs();
    let j = (0..columns.len()).max_by(|&i, &j| part(i).total_cmp(&part(j))).unwrap_or(0);
    Err(LearnError::TooLarge { column: signature.features[j].name.clone(), largest: largest(&columns[j]) })
}

/// Which of the lists (name, length, what it should be) has another length, in words.
pub(crate) fn wrong_length(lists: &[(&str, usize, usize)]) -> Option<String> {
    let (name, found, expected) = lists.iter().find(|(_, found, expected)| found != expected)?;
    Some(format!("{name} has {found} numbers, not {expected}"))
}
