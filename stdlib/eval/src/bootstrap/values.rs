//! Resamples of a regression's rows.

use super::EXACT;
use super::cells::Cells;
use crate::error::EvalError;

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
    pub(crate) fn new(truth: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Self {
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let error = |i: usize| (truth[i] - predicted[i]).abs();
        let mut order: Vec<(f64, u32)> = (0..truth.len()).map(|i| (error(i), i as u32)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let exact = truth.len() <= EXACT;
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
        let variance = y_square - y * y;
        let r2 = 1.0 - square / variance;
        let explained = 1.0 - (square - off * off) / variance;
        [square.sqrt(), absolute, r2, self.median(weights, 0.5 * all), explained, off]
    }

    /// The error that half of the weight reaches, linear within a cell.
    fn median(&self, weights: &[f64], half: f64) -> f64 {
        let mut before = 0.0;
        for (&(low, high), &weight) in self.errors.iter().zip(weights) {
            if before + weight > half {
                return low + (high - low) * (half - before) / weight;
            }
            before += weight;
        }
        self.errors.last().map_or(f64::NAN, |cell| cell.1)
    }
}
