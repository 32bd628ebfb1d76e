//! Features as small whole numbers: each column's values in ascending order, cut into bins.

use ironbook_data::{Kind, Matrix};

/// A feature as codes: bin 0 has its smallest values; the code after the last bin stands for a missing value.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Whether the bins are categories, which have no order.
    pub(crate) categorical: bool,
    /// Smallest value of each bin.
    low: Vec<f32>,
    /// Largest value of each bin.
    high: Vec<f32>,
    /// The bin of each row; as many as there are bins where the value is missing.
    pub(crate) codes: Vec<u32>,
}

impl Column {
    /// Column `j` in at most `max_bins` bins; categories and columns of few distinct values have a bin for each.
    pub(crate) fn new(features: &Matrix, j: usize, max_bins: usize) -> Self {
        let values = features.column(j);
        match &features.kinds()[j] {
            Kind::Categorical(names) => Self::of_categories(values, names.len()),
            Kind::Numeric | Kind::Time => Self::of_numbers(values, max_bins),
        }
    }

    fn of_categories(values: &[f64], count: usize) -> Self {
        let codes = values.iter().map(|v| if v.is_nan() { count as u32 } else { *v as u32 }).collect();
        let low: Vec<f32> = (0..count).map(|code| code as f32).collect();
        Column { categorical: true, high: low.clone(), low, codes }
    }

    fn of_numbers(values: &[f64], max_bins: usize) -> Self {
        // Value and row in one number: sorting brings equal values together, and no search is needed after it.
        let known = values.iter().enumerate().filter(|(_, v)| !v.is_nan());
        let mut sorted: Vec<u64> = known.map(|(i, v)| u64::from(ascending(single(*v))) << 32 | i as u64).collect();
        sorted.sort_unstable();
        let mut groups = sorted.chunk_by(|a, b| a >> 32 == b >> 32).peekable();
        let distinct = sorted.chunk_by(|a, b| a >> 32 == b >> 32).count();
        let mut column = Column { categorical: false, low: Vec::new(), high: Vec::new(), codes: Vec::new() };
        let mut codes = vec![u32::MAX; values.len()];
        let (mut left, mut filled) = (sorted.len(), 0);
        // Bins of many values are filled to the same number of rows; a value is never cut in two.
        let mut wanted = if distinct <= max_bins { 1 } else { left.div_ceil(max_bins) };
        while let Some(group) = groups.next() {
            let value = value_of(group[0]);
            if filled == 0 {
                column.low.push(value);
                column.high.push(value);
            }
            let bin = column.low.len() - 1;
            column.high[bin] = value;
            group.iter().for_each(|key| codes[(key & u64::from(u32::MAX)) as usize] = bin as u32);
            filled += group.len();
            left -= group.len();
            let large_next = groups.peek().is_some_and(|next| next.len() >= wanted);
            if filled >= wanted || (large_next && bin + 2 < max_bins) {
                filled = 0;
                if distinct > max_bins {
                    wanted = left.div_ceil(max_bins.saturating_sub(bin + 1).max(1)).max(1);
                }
            }
        }
        let missing = column.low.len() as u32;
        codes.iter_mut().filter(|code| **code == u32::MAX).for_each(|code| *code = missing);
        column.codes = codes;
        column
    }

    /// Number of bins.
    pub(crate) fn bins(&self) -> usize {
        self.low.len()
    }

    /// The code of a missing value.
    pub(crate) fn missing(&self) -> usize {
        self.bins()
    }

    /// The threshold halfway between two bins: `value < threshold` holds exactly where `value <= midpoint` does.
    pub(crate) fn threshold(&self, below: usize, above: usize) -> f32 {
        let (a, b) = (self.high[below], self.low[above]);
        let midpoint = f64::midpoint(f64::from(a), f64::from(b));
        let rounded = midpoint as f32;
        let rounded = if f64::from(rounded) > midpoint { rounded.next_down() } else { rounded };
        rounded.clamp(a, b.next_down()).next_up()
    }
}

/// The value as trees compare it: finite, and zero without a sign.
fn single(value: f64) -> f32 {
    (value as f32).clamp(f32::MIN, f32::MAX) + 0.0
}

/// Bits in the order of the values.
fn ascending(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn value_of(key: u64) -> f32 {
    let bits = (key >> 32) as u32;
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_few_values_has_a_bin() {
        let column = Column::of_numbers(&[3.0, -0.0, f64::NAN, -1e300, 0.0, 3.0], 255);
        assert_eq!(column.codes, [2, 1, 3, 0, 1, 2]);
        assert_eq!(column.low, [f32::MIN, 0.0, 3.0]);
        assert_eq!(column.threshold(1, 2), 1.5f32.next_up());
    }

    #[test]
    fn many_values_share_bins_evenly_and_in_order() {
        let values: Vec<f64> = (0..10_000).map(|i| f64::from(i * 7919 % 10_000) - 5_000.0).collect();
        let column = Column::of_numbers(&values, 100);
        assert_eq!(column.bins(), 100);
        for (value, &code) in values.iter().zip(&column.codes) {
            assert!(column.low[code as usize] <= *value as f32 && *value as f32 <= column.high[code as usize]);
        }
        let mut sizes = [0; 100];
        column.codes.iter().for_each(|&code| sizes[code as usize] += 1);
        assert!(sizes.iter().all(|n| *n == 100), "{sizes:?}");
    }

    #[test]
    fn a_frequent_value_has_a_bin_of_its_own() {
        let values: Vec<f64> = (0..2_000).map(|i| if i % 2 == 0 { 500.0 } else { f64::from(i) }).collect();
        let column = Column::of_numbers(&values, 10);
        assert!(column.bins() <= 10, "{}", column.bins());
        let own = column.codes[0] as usize;
        assert_eq!((column.low[own], column.high[own]), (500.0, 500.0));
    }

    #[test]
    fn a_threshold_lies_between_neighbours_however_close() {
        let tight = [1.0, 1.0f64 + f64::from(f32::EPSILON)];
        let column = Column::of_numbers(&tight, 255);
        let threshold = column.threshold(0, 1);
        assert!(1.0 < threshold && threshold <= tight[1] as f32);
        let wide = Column::of_numbers(&[f64::MIN, f64::MAX], 255);
        assert!(wide.threshold(0, 1).is_finite());
    }
}
