//! Sums of products of all pairs of columns, in one pass over the data.

use super::cholesky::at;
use super::kernel::{CHUNK, products};
use ironbook_core::Interrupted;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of one unit of parallel work at least.
const BLOCK: usize = 4096;
/// Units of parallel work at most, which bounds the memory for their partial sums.
const MAX_BLOCKS: usize = 64;
/// Rows whose mean the columns are moved by before they are multiplied.
const FIRST: usize = 256;

/// Weighted sums over the rows of all products of two columns, moved by their means if so asked.
pub(crate) struct Gram {
    /// Lower triangle, row by row, in the order of the columns.
    pub(crate) sums: Vec<f64>,
    /// Weighted means of the columns.
    pub(crate) mean: Vec<f64>,
    /// Sum of the weights.
    pub(crate) total: f64,
}

/// Whether the means are taken off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Centre {
    /// They are.
    Means,
    /// The columns are taken as they are.
    Zero,
}

impl Gram {
    /// The sums for these columns. Values that are not finite, and squares that overflow, show in the result.
    pub(crate) fn of(columns: &[&[f64]], weights: Option<&[f64]>, centre: Centre) -> Result<Self, Interrupted> {
        // Moving by about the mean keeps the digits that subtracting the means from the finished sums would lose. The
        // mean of the first rows is near enough: it costs a factor of rows / FIRST in rounding at worst.
        let shift: Vec<f64> = match centre {
            Centre::Means => columns.iter().map(|column| mean(&column[..column.len().min(FIRST)])).collect(),
            Centre::Zero => vec![0.0; columns.len()],
        };
        let rows = columns.first().map_or(0, |column| column.len());
        let roots: Option<Vec<f64>> = weights.map(|weights| weights.iter().map(|w| w.sqrt()).collect());
        let partial = |rows| partial(columns, roots.as_deref(), &shift, rows);
        let partials: Vec<Vec<f64>> = blocks(rows).into_par_iter().map(partial).collect::<Result<_, _>>()?;
        let p = columns.len();
        let mut all = vec![0.0; at(p + 1, 0)];
        for partial in partials {
            all.iter_mut().zip(&partial).for_each(|(sum, more)| *sum += more);
        }
        // The last lane holds the roots of the weights: its products are the sums of the columns and of the weights.
        let total = all[at(p, p)];
        let sums_of: Vec<f64> = all[at(p, 0)..at(p, p)].to_vec();
        all.truncate(at(p, 0));
        if centre == Centre::Means {
            for i in 0..p {
                for j in 0..=i {
                    all[at(i, j)] -= sums_of[i] * (sums_of[j] / total);
                }
                all[at(i, i)] = all[at(i, i)].max(0.0);
            }
        }
        let mean = sums_of.iter().zip(&shift).map(|(sum, shift)| shift + sum / total).collect();
        Ok(Gram { sums: all, mean, total })
    }

    /// The sum for columns `i` and `j`.
    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        self.sums[at(i.max(j), i.min(j))]
    }
}

/// Row ranges of the units of parallel work; they depend on nothing but the number of rows.
pub(crate) fn blocks(rows: usize) -> Vec<Range<usize>> {
    let size = rows.div_ceil(MAX_BLOCKS).max(BLOCK).next_multiple_of(CHUNK);
    (0..rows).step_by(size).map(|start| start..(start + size).min(rows)).collect()
}

/// Exact for a constant column.
fn mean(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(0.0);
    first + values.iter().map(|x| x - first).sum::<f64>() / values.len().max(1) as f64
}

fn partial(
    columns: &[&[f64]],
    roots: Option<&[f64]>,
    shift: &[f64],
    rows: Range<usize>,
) -> Result<Vec<f64>, Interrupted> {
    ironbook_core::check()?;
    let lanes = columns.len() + 1;
    let mut sums = vec![0.0; at(lanes, 0)];
    let mut z = vec![0.0; lanes * CHUNK];
    for start in rows.clone().step_by(CHUNK) {
        let chunk = start..(start + CHUNK).min(rows.end);
        for (j, lane) in z.as_chunks_mut::<CHUNK>().0.iter_mut().enumerate() {
            let (used, unused) = lane.split_at_mut(chunk.len());
            unused.fill(0.0);
            match (columns.get(j), roots.map(|roots| &roots[chunk.clone()])) {
                (Some(column), None) => {
                    used.iter_mut().zip(&column[chunk.clone()]).for_each(|(z, x)| *z = x - shift[j]);
                }
                (Some(column), Some(roots)) => {
                    let moved = column[chunk.clone()].iter().zip(roots).map(|(x, root)| (x - shift[j]) * root);
                    used.iter_mut().zip(moved).for_each(|(z, x)| *z = x);
                }
                (None, None) => used.fill(1.0),
                (None, Some(roots)) => used.copy_from_slice(roots),
            }
        }
        products(&z, &mut sums);
    }
    Ok(sums)
}
