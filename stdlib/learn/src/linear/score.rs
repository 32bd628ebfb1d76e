//! Linear combinations of columns.

use crate::check;
use crate::error::LearnError;
use crate::model::Signature;
use rayon::prelude::*;
use std::borrow::Cow;

/// Rows predicted as one unit of parallel work.
const BLOCK: usize = 4096;

/// `columns . coef + intercept` for each row; refuses values that are not finite.
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
    Ok(out)
}
