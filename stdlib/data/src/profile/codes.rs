//! Columns as dense codes: every distinct value gets a number, and everything else is counted from these.

/// The code of a missing value.
pub(crate) const MISSING: u32 = u32::MAX;

/// A column as codes into its distinct values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Codes {
    /// Of each row; [`MISSING`] where there is none.
    pub rows: Vec<u32>,
    /// How often each code occurs.
    pub counts: Vec<usize>,
}

impl Codes {
    /// Number of rows that have a value.
    pub fn present(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The codes of text, in order of first appearance, and the texts.
    pub fn of_text<'a, S: std::hash::BuildHasher + Default>(
        values: impl Iterator<Item = Option<&'a str>>,
    ) -> (Codes, Vec<&'a str>) {
        let mut known: std::collections::HashMap<&str, u32, S> = std::collections::HashMap::default();
        let (mut rows, mut counts, mut names) = (Vec::with_capacity(values.size_hint().0), Vec::new(), Vec::new());
        for value in values {
            let Some(text) = value else {
                rows.push(MISSING);
                continue;
            };
            let code = *known.entry(text).or_insert_with(|| {
                names.push(text);
                counts.push(0);
                names.len() as u32 - 1
            });
            counts[code as usize] += 1;
            rows.push(code);
        }
        (Codes { rows, counts }, names)
    }

    /// Numbers the codes anew, in the order of the names.
    pub fn sort(&mut self, names: &mut [&str]) {
        let mut order: Vec<u32> = (0..names.len() as u32).collect();
        order.sort_unstable_by_key(|&code| names[code as usize]);
        let mut new = vec![0; order.len()];
        order.iter().zip(0u32..).for_each(|(&old, code)| new[old as usize] = code);
        self.rows.iter_mut().filter(|code| **code != MISSING).for_each(|code| *code = new[*code as usize]);
        self.counts = order.iter().map(|&old| self.counts[old as usize]).collect();
        names.sort_unstable();
    }

    /// The codes of integers, in ascending order, and the integers.
    pub fn of_integers(values: &[Option<i64>]) -> (Codes, Vec<i64>) {
        let present = || values.iter().flatten().copied();
        let (Some(low), Some(high)) = (present().min(), present().max()) else {
            return (Codes { rows: vec![MISSING; values.len()], counts: Vec::new() }, Vec::new());
        };
        match high.checked_sub(low).and_then(|span| usize::try_from(span).ok()) {
            Some(span) if span < (4 * values.len()).max(1 << 16) => tallied(values, low, span),
            _ => {
                let keys = values.iter().map(|v| v.map(|v| (v as u64) ^ (1 << 63)));
                let (codes, keys) = sorted(keys, values.len());
                (codes, keys.into_iter().map(|key| (key ^ (1 << 63)) as i64).collect())
            }
        }
    }

    /// The codes of integers of any size, in ascending order, and the integers.
    pub fn of_wide(values: &[Option<i128>]) -> (Codes, Vec<i128>) {
        let narrow: Option<Vec<Option<i64>>> =
            values.iter().map(|v| v.map(|v| i64::try_from(v).ok()).map_or(Some(None), |v| v.map(Some))).collect();
        if let Some(narrow) = narrow {
            let (codes, distinct) = Codes::of_integers(&narrow);
            return (codes, distinct.into_iter().map(i128::from).collect());
        }
        let mut distinct: Vec<i128> = values.iter().flatten().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let mut counts = vec![0; distinct.len()];
        let code = |v: &Option<i128>| match v.and_then(|v| distinct.binary_search(&v).ok()) {
            Some(code) => {
                counts[code] += 1;
                code as u32
            }
            None => MISSING,
        };
        let rows = values.iter().map(code).collect();
        (Codes { rows, counts }, distinct)
    }

    /// The codes of floats, in ascending order, and the floats; NaN is missing, -0.0 is 0.0.
    pub fn of_floats(values: &[f64]) -> (Codes, Vec<f64>) {
        let whole = |v: f64| v.is_nan() || (v.trunc() == v && v.abs() < 9e15);
        if values.iter().all(|&v| whole(v)) {
            let integers: Vec<Option<i64>> = values.iter().map(|&v| (!v.is_nan()).then_some(v as i64)).collect();
            let (codes, integers) = Codes::of_integers(&integers);
            return (codes, integers.into_iter().map(|v| v as f64).collect());
        }
        let (codes, keys) = sorted(values.iter().map(|&v| (!v.is_nan()).then(|| key_of(v + 0.0))), values.len());
        (codes, keys.into_iter().map(float_of).collect())
    }
}

/// Bits in the order of the floats.
fn key_of(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn float_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ (1 << 63) } else { !key })
}

/// Codes by a table over the whole range.
fn tallied(values: &[Option<i64>], low: i64, span: usize) -> (Codes, Vec<i64>) {
    let mut table = vec![0usize; span + 1];
    values.iter().flatten().for_each(|v| table[(v - low) as usize] += 1);
    let mut codes = vec![MISSING; span + 1];
    let (mut counts, mut distinct) = (Vec::new(), Vec::new());
    for (at, count) in table.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        codes[at] = distinct.len() as u32;
        distinct.push(low + at as i64);
        counts.push(count);
    }
    let rows = values.iter().map(|v| v.map_or(MISSING, |v| codes[(v - low) as usize])).collect();
    (Codes { rows, counts }, distinct)
}

/// Codes by sorting.
fn sorted(keys: impl Iterator<Item = Option<u64>>, rows: usize) -> (Codes, Vec<u64>) {
    let mut pairs: Vec<(u64, u32)> = keys.zip(0u32..).filter_map(|(key, row)| Some((key?, row))).collect();
    radix_sort(&mut pairs);
    let mut codes = Codes { rows: vec![MISSING; rows], counts: Vec::new() };
    let mut distinct: Vec<u64> = Vec::new();
    for (key, row) in pairs {
        if distinct.last() != Some(&key) {
            distinct.push(key);
            codes.counts.push(0);
        }
        let code = distinct.len() - 1;
        codes.counts[code] += 1;
        codes.rows[row as usize] = code as u32;
    }
    (codes, distinct)
}

/// Sorts by key, byte after byte from the last; bytes that are all alike cost one look.
fn radix_sort(pairs: &mut Vec<(u64, u32)>) {
    let mut other = vec![(0, 0); pairs.len()];
    for shift in (0..64).step_by(8) {
        let byte = |key: u64| (key >> shift) as usize & 255;
        let mut starts = [0usize; 256];
        pairs.iter().for_each(|(key, _)| starts[byte(*key)] += 1);
        if starts.contains(&pairs.len()) {
            continue;
        }
        let mut at = 0;
        for start in &mut starts {
            at += std::mem::replace(start, at);
        }
        for &pair in pairs.iter() {
            let start = &mut starts[byte(pair.0)];
            other[*start] = pair;
            *start += 1;
        }
        std::mem::swap(pairs, &mut other);
    }
}

/// How many rows repeat an earlier one: 128 bits are kept of each row, so that two that differ agree by chance
/// once in more than 10^20 tables.
pub(crate) fn repeated_rows<'a>(columns: impl Iterator<Item = &'a [u32]>, rows: usize) -> usize {
    let mut hashes = vec![(0u64, 0u64); rows];
    for column in columns {
        for (hash, &code) in hashes.iter_mut().zip(column) {
            *hash = (mix(hash.0 ^ u64::from(code)), mix(hash.1.rotate_left(23).wrapping_add(u64::from(code))));
        }
    }
    rayon::slice::ParallelSliceMut::par_sort_unstable(hashes.as_mut_slice());
    hashes.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit of the result depends on all of the input.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_narrow_and_wide_ranges_get_codes_in_order() {
        for values in [[Some(5), None, Some(-2), Some(5)], [Some(i64::MAX), None, Some(i64::MIN), Some(i64::MAX)]] {
            let (codes, distinct) = Codes::of_integers(&values);
            assert_eq!((codes.rows, codes.counts), (vec![1, MISSING, 0, 1], vec![1, 2]));
            assert_eq!(distinct, [values[2].unwrap(), values[0].unwrap()]);
        }
    }

    #[test]
    fn integers_beyond_64_bits_too() {
        let big = 1i128 << 100;
        for (low, high) in [(-3, 5), (-big, big)] {
            let (codes, distinct) = Codes::of_wide(&[Some(high), None, Some(low), Some(high)]);
            assert_eq!((codes.rows, codes.counts), (vec![1, MISSING, 0, 1], vec![1, 2]));
            assert_eq!(distinct, [low, high]);
        }
    }

    #[test]
    fn floats_keep_order_and_nan_is_missing() {
        let (codes, distinct) = Codes::of_floats(&[0.5, -0.0, f64::NAN, f64::INFINITY, -1.5, 0.0, f64::NEG_INFINITY]);
        assert_eq!(distinct, [f64::NEG_INFINITY, -1.5, 0.0, 0.5, f64::INFINITY]);
        assert_eq!(codes.rows, [3, 2, MISSING, 4, 1, 2, 0]);
        assert_eq!(codes.counts, [1, 1, 2, 1, 1]);
    }

    #[test]
    fn many_floats_sort_as_the_standard_library_sorts_them() {
        let values: Vec<f64> = (0..5000u64).map(|i| (mix(i) as i64 as f64) * 1e-7).collect();
        let (codes, distinct) = Codes::of_floats(&values);
        assert!(distinct.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(values.iter().zip(&codes.rows).all(|(v, &code)| distinct[code as usize] == *v));
    }

    #[test]
    fn repeated_rows_are_those_after_the_first() {
        let (a, b) = ([0, 1, 0, 0, MISSING], [2, 2, 2, 3, 2]);
        assert_eq!(repeated_rows([&a[..], &b[..]].into_iter(), 5), 1);
        assert_eq!(repeated_rows([&a[..]].into_iter(), 5), 2);
        assert_eq!(repeated_rows([&a[..], &a[..], &b[..]].into_iter(), 0), 0);
    }
}
