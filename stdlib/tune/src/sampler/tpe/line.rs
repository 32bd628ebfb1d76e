//! The density of one smooth parameter by itself: of a thousand kernels on a line only those nearby matter at a point.

use super::axis::{Kernel, Kernels};
use std::f64::consts::FRAC_1_SQRT_2;
use std::ops::Range;

/// Kernels after which a point that has enough is given up.
const BLOCK: usize = 8;
/// Terms below that of the prior by this factor, as a logarithm, change no digit of the sum, even a million of them.
const NEGLIGIBLE: f64 = 50.0;

/// The kernels of one parameter. Most have the smallest width.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Means of those of the smallest width, ascending.
    means: Vec<f64>,
    /// Logarithms of their weights and scales.
    starts: Vec<f64>,
    /// The largest of these.
    highest: f64,
    /// The smallest width.
    sigma: f64,
    /// The others: mean, width, logarithm of weight and scale.
    wide: Vec<[f64; 3]>,
}

impl Line {
    /// Takes all kernels; `start` has the logarithms of weights and scales, by slot.
    pub(super) fn fill(&mut self, kernels: &Kernels, start: &[f64]) {
        self.means.clear();
        self.starts.clear();
        self.wide.clear();
        self.sigma = kernels.narrowest();
        for (slot, Kernel { mu, sigma, .. }) in kernels.in_order() {
            if *sigma == self.sigma {
                self.means.push(*mu);
                self.starts.push(start[slot]);
            } else {
                self.wide.push([*mu, *sigma, start[slot]]);
            }
        }
        self.highest = self.starts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    }

    /// Logarithm of the density at a point, where the prior's term is `prior`; `None` once it is seen to be above `limit`.
    pub(super) fn log_density(&self, x: f64, prior: f64, limit: f64) -> Option<f64> {
        let most = (limit - prior).exp();
        let wide = |[mu, sigma, start]: &[f64; 3]| {
            let z = (x - mu) / sigma;
            let term = start - 0.5 * z * z - prior;
            // Not so for NaN.
            if term > -NEGLIGIBLE { term.exp() } else { 0.0 }
        };
        let mut sum = 1.0 + self.wide.iter().map(wide).sum::<f64>();
        let reach = self.sigma * (2.0 * (self.highest - prior + NEGLIGIBLE)).max(0.0).sqrt();
        let middle = self.means.partition_point(|mean| *mean < x);
        let first = self.means[..middle].partition_point(|mean| *mean < x - reach);
        let last = middle + self.means[middle..].partition_point(|mean| *mean <= x + reach);
        // From the point outwards: those close by say most.
        let (mut left, mut right) = (middle, middle);
        loop {
            if sum > most {
                return None;
            }
            if left == first && right == last {
                return Some(prior + sum.ln());
            }
            let (from, to) = (left.saturating_sub(BLOCK).max(first), (right + BLOCK).min(last));
            sum += self.narrow(x, prior, from..left) + self.narrow(x, prior, right..to);
            (left, right) = (from, to);
        }
    }

    /// What kernels of the smallest width add, in units of the prior's part.
    #[inline]
    fn narrow(&self, x: f64, prior: f64, range: Range<usize>) -> f64 {
        let inverse = FRAC_1_SQRT_2 / self.sigma;
        let kernels = self.means[range.clone()].iter().zip(&self.starts[range]);
        let share = |(mean, start): (&f64, &f64)| {
            let z = (x - mean) * inverse;
            (start - z * z - prior).exp()
        };
        kernels.map(share).sum()
    }
}
