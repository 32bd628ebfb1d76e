//! Shares of two samples in common bins, bin for bin as Evidently's `get_binned_data` has them.

use crate::values::{Counts, Numbers, spread};

/// Different values of the reference up to which each is a bin.
const EACH: usize = 20;

/// The shares of reference and current in each bin.
pub(super) struct Shares(pub Vec<[f64; 2]>);

impl Shares {
    /// A bin for each value.
    pub(super) fn of(counts: &Counts) -> Shares {
        let totals = counts.totals.map(|n| n as f64);
        Shares(counts.each.iter().map(|&[r, c]| [r as f64 / totals[0], c as f64 / totals[1]]).collect())
    }

    /// Replaces shares of 0, which have no logarithm, as Evidently does: by 0.0001, or a millionth of the least share
    /// where that is no more than 0.0001.
    pub(super) fn fill_zeros(&mut self) {
        for side in [0, 1] {
            let present = self.0.iter().map(|both| both[side]).filter(|share| *share != 0.0);
            let least = present.fold(f64::INFINITY, f64::min);
            let fill = if least <= 0.0001 { least / 1e6 } else { 0.0001 };
            self.0
                .iter_mut()
                .map(|both| &mut both[side])
                .filter(|share| **share == 0.0)
                .for_each(|share| *share = fill);
        }
    }
}

/// Equal bins over both samples where the reference has more than 20 different values, otherwise a bin for each.
pub(super) fn binned(reference: &Numbers, current: &Numbers) -> Shares {
    if reference.distinct() <= EACH {
        return Shares::of(&Counts::of_numbers(reference, current));
    }
    let edges = sturges(reference, current);
    let shares = |numbers: &Numbers| -> Vec<f64> {
        let total = numbers.len() as f64;
        numbers.counted(&edges).into_iter().map(|count| count as f64 / total).collect()
    };
    Shares(shares(reference).into_iter().zip(shares(current)).map(|(r, c)| [r, c]).collect())
}

/// `numpy.histogram_bin_edges(both, bins="sturges")`, in the precision that numpy computes in: single for two columns of
/// single precision. Bins of whole numbers are at least 1 wide.
fn sturges(reference: &Numbers, current: &Numbers) -> Vec<f64> {
    let low = reference.min().min(current.min());
    let high = reference.max().max(current.max());
    let single = reference.is_single() && current.is_single();
    let round = |x: f64| if single { f64::from(x as f32) } else { x };
    let range = round(high - low);
    let size = (reference.len() + current.len()) as f64;
    if range.is_infinite() {
        let bins = (size.log2() + 1.0).ceil() as usize;
        return spread(low, high, bins);
    }
    let mut width = range / (size.log2() + 1.0);
    // With missing values, whole numbers are floats to pandas, and to Evidently.
    let whole = |numbers: &Numbers| numbers.is_whole() && numbers.missing() == 0;
    if whole(reference) && whole(current) && width < 1.0 {
        width = 1.0;
    }
    let bins = (range / width).ceil() as usize;
    let step = round(range / bins as f64);
    let mut edges: Vec<f64> = (0..=bins).map(|i| round(round(i as f64 * step) + low)).collect();
    edges[bins] = high;
    edges
}
