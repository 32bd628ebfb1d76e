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
const VALUES: usize = 10_000_000;

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
    let values = |at: usize| coded[at].values.as_deref().unwrap_or_default();
    let sampled: Vec<Option<Sample>> =
        chosen.par_iter().map(|&at| thinned(&coded[at].codes, values(at), most)).collect();
    let ready: Vec<Ready<'_>> = chosen
        .par_iter()
        .zip(&sampled)
        .map(|(&at, sampled)| match sampled {
            Some((codes, values)) => Ready::new(codes, values),
            None => Ready::new(&coded[at].codes, values(at)),
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

/// Codes of some rows, and the values that they stand for.
type Sample = (Codes, Vec<f64>);

/// About `most` of the rows if there are more: those whose number has a small hash. Codes that no row has are gone:
/// pairs of columns would go through all of them.
fn thinned(codes: &Codes, values: &[f64], most: usize) -> Option<Sample> {
    if codes.rows.len() <= most {
        return None;
    }
    let limit = (u64::MAX as f64 * (most as f64 / codes.rows.len() as f64)) as u64;
    let kept = codes.rows.iter().enumerate().filter(|(row, _)| mix(*row as u64) < limit);
    let mut rows: Vec<u32> = kept.map(|(_, &code)| code).collect();
    let mut counts = vec![0usize; codes.counts.len()];
    rows.iter().filter(|&&code| code != MISSING).for_each(|&code| counts[code as usize] += 1);
    let (mut new, mut next) = (vec![MISSING; counts.len()], 0);
    for (new, _) in new.iter_mut().zip(&counts).filter(|(_, count)| **count > 0) {
        (*new, next) = (next, next + 1);
    }
    rows.iter_mut().filter(|code| **code != MISSING).for_each(|code| *code = new[*code as usize]);
    let values = values.iter().zip(&counts).filter(|(_, count)| **count > 0).map(|(&value, _)| value).collect();
    counts.retain(|count| *count > 0);
    Some((Codes { rows, counts }, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_rows_keeps_their_values() {
        let rows: Vec<f64> = (0..10_000).map(|i| if i % 7 == 0 { f64::NAN } else { f64::from(i % 3001) }).collect();
        let (codes, values) = Codes::of_floats(&rows);
        let (few, left) = thinned(&codes, &values, 1_000).unwrap();
        assert!((900..1_100).contains(&few.rows.len()) && few.counts.iter().all(|&count| count > 0));
        assert_eq!((few.counts.len(), left.is_sorted()), (left.len(), true));
        let limit = (u64::MAX as f64 * 0.1) as u64;
        let expected: Vec<f64> = (0..10_000).filter(|&i| mix(i) < limit).map(|i| rows[i as usize]).collect();
        let value = |&code: &u32| if code == MISSING { f64::NAN } else { left[code as usize] };
        let same = few.rows.iter().map(value).zip(&expected).all(|(a, b)| a == *b || a.is_nan() && b.is_nan());
        assert!(same && few.rows.len() == expected.len());
        assert!(thinned(&codes, &values, 10_000).is_none());
    }
}
