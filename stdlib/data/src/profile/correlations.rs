//! How the numeric columns go together.

use super::codes::{Codes, MISSING, mix};
use super::column::{Coded, ColumnProfile};
use super::pairs::{Ready, pearson, spearman};
use crate::cells::grouped;
use crate::error::DataError;
use ironbook_core::check;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Correlations of numeric and boolean columns, each over the rows where both have a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlations {
    /// The columns, in the frame's order.
    pub names: Vec<String>,
    /// Pearson's, row by row; `None` where one column is constant.
    pub pearson: Vec<Vec<Option<f64>>>,
    /// Spearman's, row by row; `None` where one column is constant.
    pub spearman: Vec<Vec<Option<f64>>>,
}

/// Pearson's and Spearman's correlation of a pair.
type Both = (Option<f64>, Option<f64>);

/// Columns that are compared at most: pairs grow with the square.
const COLUMNS: usize = 60;
/// Values that are compared at most; beyond, a sample of the rows.
const VALUES: usize = 50_000_000;

pub(crate) fn correlations(
    columns: &[ColumnProfile],
    coded: &[Coded],
    notes: &mut Vec<String>,
) -> Result<Option<Correlations>, DataError> {
    let varies = |at: &usize| coded[*at].quantity && coded[*at].codes.counts.len() > 1;
    let mut chosen: Vec<usize> = (0..columns.len()).filter(|at| varies(at) && !is_time(&columns[*at])).collect();
    if chosen.len() < 2 {
        return Ok(None);
    }
    if chosen.len() > COLUMNS {
        notes.push(format!("correlations of the first {COLUMNS} of {} numeric columns", chosen.len()));
        chosen.truncate(COLUMNS);
    }
    let rows = coded[chosen[0]].codes.rows.len();
    let most = VALUES / chosen.len();
    if rows > most {
        notes.push(format!("correlations from {} of the {} rows, drawn at random", grouped(most), grouped(rows)));
    }
    let sampled: Vec<Option<Codes>> = chosen.par_iter().map(|&at| thinned(&coded[at].codes, most)).collect();
    let ready: Vec<Ready<'_>> = chosen
        .par_iter()
        .zip(&sampled)
        .map(|(&at, sampled)| {
            let values = coded[at].values.as_deref().unwrap_or_default();
            Ready::new(sampled.as_ref().unwrap_or(&coded[at].codes), values)
        })
        .collect();
    let pairs: Vec<(usize, usize)> = (0..ready.len()).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let found: Vec<Both> = pairs
        .par_iter()
        .map(|&(i, j)| {
            check()?;
            Ok((pearson(&ready[i], &ready[j]), spearman(&ready[i], &ready[j])))
        })
        .collect::<Result<_, DataError>>()?;
    let square = |value: fn(&Both) -> Option<f64>| {
        let mut square = vec![vec![Some(1.0); ready.len()]; ready.len()];
        for (&(i, j), both) in pairs.iter().zip(&found) {
            (square[i][j], square[j][i]) = (value(both), value(both));
        }
        square
    };
    let names = chosen.iter().map(|&at| columns[at].name.clone()).collect();
    Ok(Some(Correlations { names, pearson: square(|v| v.0), spearman: square(|v| v.1) }))
}

fn is_time(column: &ColumnProfile) -> bool {
    matches!(column.detail, super::Detail::Time(_))
}

/// About `most` of the rows if there are more: those whose number has a small hash.
fn thinned(codes: &Codes, most: usize) -> Option<Codes> {
    if codes.rows.len() <= most {
        return None;
    }
    let limit = (u64::MAX as f64 * (most as f64 / codes.rows.len() as f64)) as u64;
    let kept = codes.rows.iter().enumerate().filter(|(row, _)| mix(*row as u64) < limit);
    let rows: Vec<u32> = kept.map(|(_, &code)| code).collect();
    let mut counts = vec![0; codes.counts.len()];
    rows.iter().filter(|&&code| code != MISSING).for_each(|&code| counts[code as usize] += 1);
    Some(Codes { rows, counts })
}
