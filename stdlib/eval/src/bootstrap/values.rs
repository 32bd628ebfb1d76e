//! Resamples of a regression's rows.

use super::cells::Cells;
use crate::error::EvalError;
use crate::regression::explained;

/// The metrics of a resample, in order.
pub(crate) const VALUES: [&str; 6] = ["rmse", "mae", "r2", "median_absolute_error", "explained_variance", "bias"];

/// Rows of a regression, sorted by absolute error and put into cells.
pub(crate) struct Values {
    cells: Cells<5>,
    /// Smallest and largest absolute error of each cell.
    errors: Vec<(f64, f64)>,
}

/// Rows with the largest errors that are looked at one by one in large data.
const END: usize = 256;

impl Values {
    pub(crate) fn new(truth: &[f64], predicted: &[f64], weights: Option<&[f64]>, exact: bool) -> Self {
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let error = |i: usize| (truth[i] - predicted[i]).abs();
        let mut order: Vec<(f64, u32)> = (0..truth.len()).map(|i| (error(i), i as u32)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut cell_of, mut errors) = (vec![0; truth.len()], Vec::new());
        let mut start = 0;
        while start < order.len() {
            let left = order.len() - start;
            let size = if exact || left <= END { 1 } else { (left / 100).min(order.len() / 1000) };
            let rows = &order[start..(start + size.max(1)).min(order.len())];
            rows.iter().for_each(|row| cell_of[row.1 as usize] = errors.len() as u32);
            errors.push((rows[0].0, rows[rows.len() - 1].0));
            start += rows.len();
        }
        let center = truth.iter().sum::<f64>() / truth.len() as f64;
        let part = |i: usize| {
            let (off, y) = (truth[i] - predicted[i], truth[i] - center);
            [off.abs(), off * off, off, y, y * y]
        };
        Values { cells: Cells::new(cell_of, errors.len(), exact, weight, part), errors }
    }

    /// [`VALUES`] of each of `n` resamples.
    pub(crate) fn resample(&self, n: usize, seed: u64) -> Result<Vec<[f64; 6]>, EvalError> {
        self.cells.resample(n, seed, |weights, sums| self.metrics(weights, sums))
    }

    fn metrics(&self, weights: &[f64], sums: &[f64; 5]) -> [f64; 6] {
        let all: f64 = weights.iter().sum();
        let [absolute, square, off, y, y_square] = sums.map(|sum| sum / all);
        // What rounding leaves of rows that are all alike is no variance.
        let left =
            |square: f64, mean: f64| if square - mean * mean > 1e-12 * square { square - mean * mean } else { 0.0 };
        let variance = left(y_square, y);
        let (r2, explained) = (explained(square, variance), explained(left(square, off), variance));
        [square.sqrt(), absolute, r2, self.median(weights, 0.5 * all), explained, off]
    }

    /// The error that half of the weight reaches, linear within a cell; the mean of two errors between which it lies.
    fn median(&self, weights: &[f64], half: f64) -> f64 {
        let (mut before, mut reached) = (0.0, None);
        for (&(low, high), &weight) in self.errors.iter().zip(weights).filter(|cell| *cell.1 > 0.0) {
            if let Some(reached) = reached {
                return 0.5 * (reached + low);
            }
            if (before + weight - half).abs() <= 1e-12 * half {
                reached = Some(high);
            } else if before + weight > half {
                return low + (high - low) * (half - before) / weight;
            }
            before += weight;
        }
        reached.or(self.errors.last().map(|cell| cell.1)).unwrap_or(f64::NAN)
    }
}
