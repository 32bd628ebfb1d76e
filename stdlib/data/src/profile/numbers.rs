//! Statistics of numbers, from their distinct values and counts.

use serde::{Deserialize, Serialize};

/// Statistics of the finite values of a numeric column; those that are not defined (of no values, the deviation of one)
/// are `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
    /// The standard deviation (divided by n - 1).
    pub std: Option<f64>,
    /// The skewness: 0 for a symmetric distribution (with the correction for small samples, as pandas has it).
    pub skew: Option<f64>,
    /// The excess kurtosis: 0 for a normal distribution (with the correction for small samples, as pandas has it).
    pub kurtosis: Option<f64>,
    /// The quantiles at [`LEVELS`], interpolated linearly; empty without values.
    pub quantiles: Vec<f64>,
    /// How many are 0.
    pub zeros: usize,
    /// How many are below 0.
    pub negative: usize,
    /// How many values are infinite; they count in nothing else here.
    pub infinite: usize,
    /// Whether all are whole numbers.
    pub whole: bool,
    /// How they are distributed.
    pub histogram: Histogram,
}

/// The levels of [`Numbers::quantiles`].
pub const LEVELS: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

impl Numbers {
    /// The median.
    pub fn median(&self) -> Option<f64> {
        self.quantiles.get(3).copied()
    }
}

/// Counts of values in bins of one width.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub from: f64,
    /// Where the last bin ends, itself included.
    pub to: f64,
    /// Values in each bin.
    pub counts: Vec<usize>,
    /// Values below the first bin: the bins reach from the 1% to the 99% quantile where few values lie far out.
    pub below: usize,
    /// Values above the last bin.
    pub above: usize,
}

/// Bins of a histogram at most.
const BINS: usize = 40;
/// The range is cut to the inner 98% when it is wider than these by this factor.
const FAR: f64 = 3.0;

/// Statistics from distinct values in ascending order and their counts.
pub(crate) fn numbers(values: &[f64], counts: &[usize]) -> Numbers {
    let first = values.iter().take_while(|v| !v.is_finite()).count();
    let last = values.len() - values[first..].iter().rev().take_while(|v| !v.is_finite()).count();
    let infinite = counts[..first].iter().chain(&counts[last..]).sum();
    let (values, counts) = (&values[first..last], &counts[first..last]);
    let sum_where = |test: fn(f64) -> bool| pairs(values, counts).filter(|(v, _)| test(*v)).map(|(_, n)| n).sum();
    let moments = Moments::of(values, counts);
    let quantiles = quantiles(values, counts, &LEVELS);
    Numbers {
        min: values.first().copied(),
        max: values.last().copied(),
        mean: moments.as_ref().map(|m| m.mean),
        std: moments.as_ref().and_then(Moments::std),
        skew: moments.as_ref().and_then(Moments::skew),
        kurtosis: moments.as_ref().and_then(Moments::kurtosis),
        zeros: sum_where(|v| v == 0.0),
        negative: sum_where(|v| v < 0.0),
        infinite,
        whole: values.iter().all(|v| v.fract() == 0.0),
        histogram: Histogram::of(values, counts, &quantiles),
        quantiles,
    }
}

fn pairs<'a>(values: &'a [f64], counts: &'a [usize]) -> impl Iterator<Item = (f64, usize)> + 'a {
    values.iter().copied().zip(counts.iter().copied())
}

/// Central moments.
struct Moments {
    n: f64,
    mean: f64,
    /// Sums of the second to fourth powers of the distances from the mean.
    sums: [f64; 3],
}

impl Moments {
    fn of(values: &[f64], counts: &[usize]) -> Option<Self> {
        let n = counts.iter().sum::<usize>() as f64;
        if n == 0.0 {
            return None;
        }
        // A first guess keeps digits where all values are large and alike; dividing first keeps sums finite.
        let guess = values[values.len() / 2];
        let mean = guess + pairs(values, counts).map(|(v, c)| (v - guess) * (c as f64 / n)).sum::<f64>();
        let mut sums = [0.0; 3];
        for (v, c) in pairs(values, counts) {
            let d = v - mean;
            sums[0] += c as f64 * d * d;
            sums[1] += c as f64 * d * d * d;
            sums[2] += c as f64 * d * d * d * d;
        }
        Some(Moments { n, mean, sums })
    }

    fn std(&self) -> Option<f64> {
        (self.n > 1.0).then(|| (self.sums[0] / (self.n - 1.0)).sqrt())
    }

    fn skew(&self) -> Option<f64> {
        let [s2, s3, _] = self.sums;
        let n = self.n;
        let value = n * (n - 1.0).sqrt() / (n - 2.0) * s3 / s2.powf(1.5);
        (n > 2.0 && s2 > 0.0 && value.is_finite()).then_some(value)
    }

    fn kurtosis(&self) -> Option<f64> {
        let [s2, _, s4] = self.sums;
        let n = self.n;
        let lead = n * (n + 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0));
        let value = lead * s4 / (s2 * s2) - 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0));
        (n > 3.0 && s2 > 0.0 && value.is_finite()).then_some(value)
    }
}

/// Quantiles of values in ascending order with counts, interpolated between neighbours.
fn quantiles(values: &[f64], counts: &[usize], levels: &[f64]) -> Vec<f64> {
    let n: usize = counts.iter().sum();
    if n == 0 {
        return Vec::new();
    }
    let mut ends = Vec::with_capacity(counts.len());
    counts.iter().fold(0, |sum, count| {
        ends.push(sum + count);
        sum + count
    });
    let at = |position: usize| values[ends.partition_point(|&end| end <= position)];
    let one = |level: &f64| {
        let position = level * (n - 1) as f64;
        let (low, part) = (position.floor() as usize, position.fract());
        let (a, b) = (at(low), at((low + 1).min(n - 1)));
        if part == 0.0 || a == b { a } else { a + (b - a) * part }
    };
    levels.iter().map(one).collect()
}

impl Histogram {
    fn of(values: &[f64], counts: &[usize], quantiles: &[f64]) -> Self {
        let (Some(&min), Some(&max), [q01, .., q99]) = (values.first(), values.last(), quantiles) else {
            return Histogram::default();
        };
        let far = (max - min) > FAR * (q99 - q01) && q99 > q01;
        let (from, to) = if far { (*q01, *q99) } else { (min, max) };
        // Whole numbers get bins of a whole width around them, so that no bin has more of them than its neighbours.
        let whole = values.iter().all(|v| v.fract() == 0.0) && to - from < 1e15;
        let (from, to, bins) = if whole {
            let step = ((to.floor() - from.ceil() + 1.0) / BINS as f64).ceil().max(1.0);
            let bins = ((to.floor() - from.ceil() + 1.0) / step).ceil();
            (from.ceil() - 0.5, from.ceil() - 0.5 + bins * step, bins as usize)
        } else {
            (from, to, if to > from { BINS.min(values.len().max(5)) } else { 1 })
        };
        let mut histogram = Histogram { from, to, counts: vec![0; bins], below: 0, above: 0 };
        // Halves, so that the width of the whole range of f64 is finite.
        let half = to / 2.0 - from / 2.0;
        for (v, count) in pairs(values, counts) {
            let part = if half > 0.0 { (v / 2.0 - from / 2.0) / half } else { 0.0 };
            match () {
                () if v < from => histogram.below += count,
                () if v > to => histogram.above += count,
                () => histogram.counts[((part * bins as f64) as usize).min(bins - 1)] += count,
            }
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_count_every_finite_value_once() {
        let values: Vec<f64> = (-50..=1300).map(f64::from).collect();
        let counts: Vec<usize> = values.iter().map(|v| if v.abs() < 20.0 { 10_000 } else { 1 }).collect();
        let stats = numbers(&values, &counts);
        let h = &stats.histogram;
        assert_eq!(h.counts.iter().sum::<usize>() + h.below + h.above, counts.iter().sum::<usize>());
        assert!(h.above > 0 && h.to < 1300.0, "few values far out are cut off: {h:?}");
        let months = numbers(&(1..=12).map(f64::from).collect::<Vec<_>>(), &[3; 12]).histogram;
        assert_eq!((months.counts, months.from, months.to), (vec![3; 12], 0.5, 12.5));
    }

    #[test]
    fn nothing_one_and_extremes() {
        assert_eq!(numbers(&[], &[]), Numbers { whole: true, ..Numbers::default() });
        let one = numbers(&[2.5], &[1]);
        assert_eq!((one.mean, one.std, one.skew, one.median()), (Some(2.5), None, None, Some(2.5)));
        assert_eq!(one.histogram.counts, [1]);
        let infinite = numbers(&[f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY], &[2, 1, 3, 4]);
        assert_eq!((infinite.infinite, infinite.zeros, infinite.max, infinite.mean), (6, 1, Some(1.0), Some(0.75)));
        let wide = numbers(&[-f64::MAX, 0.5, f64::MAX], &[1, 1, 1]);
        assert_eq!(wide.histogram.counts.iter().sum::<usize>(), 3);
        assert!(wide.mean.is_some_and(f64::is_finite));
    }
}
