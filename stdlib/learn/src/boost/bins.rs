//! Features cut into at most 255 bins, one byte per value.

use rayon::prelude::*;

/// Features side by side in one record of a row.
pub(crate) const WIDTH: usize = 16;
/// Rows that cuts are found from at most (LightGBM's `bin_construct_sample_cnt`).
const SAMPLE: usize = 200_000;
/// The bin of missing values.
pub(crate) const MISSING: u8 = 0;

/// What the numbers of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Numbers in an order.
    Ordered,
    /// Codes of this many categories.
    Codes(usize),
}

/// How a feature's values become bins: bin 0 is for missing values, the others are numbered from 1.
#[derive(Clone, Debug)]
pub(crate) enum Cuts {
    /// Bin `b` holds the values from `thresholds[b - 2]` up to but not including `thresholds[b - 1]`.
    Ordered {
        /// Between the bins, ascending.
        thresholds: Vec<f32>,
        /// Whether there is a threshold above all values seen.
        above: bool,
    },
    /// Bin `b` holds the category `codes[b - 1]`; categories without a bin count as missing.
    Codes {
        /// Categories with a bin of their own.
        codes: Vec<u32>,
        /// Number of categories in all.
        known: usize,
    },
}

impl Cuts {
    /// Number of bins, that of missing values included.
    pub(crate) fn bins(&self) -> usize {
        match self {
            Cuts::Ordered { thresholds, .. } => thresholds.len() + 2,
            Cuts::Codes { codes, .. } => codes.len() + 1,
        }
    }

    /// The categories that go right where `right` says so of their bins; those without a bin go with missing values.
    pub(crate) fn categories(&self, right: &[bool; 256]) -> Vec<u32> {
        let Cuts::Codes { codes, known } = self else { return Vec::new() };
        let mut binned: Vec<Option<bool>> = vec![None; *known];
        for (b, code) in codes.iter().enumerate() {
            binned[*code as usize] = Some(right[b + 1]);
        }
        let goes = |&code: &u32| binned[code as usize].unwrap_or(right[usize::from(MISSING)]);
        (0..*known as u32).filter(goes).collect()
    }

    /// Finds the cuts of a column from the rows of a sample.
    pub(crate) fn find(values: &[f64], form: Form, sample: &[u32], max_bin: usize) -> Self {
        match form {
            Form::Ordered => ordered(values, sample, max_bin),
            Form::Codes(known) => codes(values, known, max_bin),
        }
    }

    /// The bin of each value.
    pub(crate) fn apply(&self, values: &[f64]) -> Vec<u8> {
        match self {
            Cuts::Ordered { thresholds, .. } => apply_ordered(thresholds, values),
            Cuts::Codes { codes, known } => {
                let mut bins = vec![MISSING; *known];
                for (code, bin) in codes.iter().zip(1u8..) {
                    bins[*code as usize] = bin;
                }
                let of = |&x: &f64| if x.is_nan() { MISSING } else { bins.get(x as usize).copied().unwrap_or(MISSING) };
                values.iter().map(of).collect()
            }
        }
    }
}

/// Counts the thresholds that are not above each value, by halving without branches.
fn apply_ordered(thresholds: &[f32], values: &[f64]) -> Vec<u8> {
    // NaN is not below or equal to anything: values never pass the padding.
    let mut table = [f32::NAN; 256];
    table[..thresholds.len()].copy_from_slice(thresholds);
    let first = (thresholds.len() + 1).next_power_of_two() / 2;
    let bin = |&value: &f64| {
        let x = value as f32;
        let (mut below, mut step) = (0u8, first as u8);
        while step > 0 {
            let probe = below.wrapping_add(step);
            below = if table[usize::from(probe.wrapping_sub(1))] <= x { probe } else { below };
            step /= 2;
        }
        if x.is_nan() { MISSING } else { below + 1 }
    };
    values.iter().map(bin).collect()
}

/// A threshold `t` with `low < t <= high`, in the middle where there is a middle.
fn between(low: f32, high: f32) -> f32 {
    let middle = low / 2.0 + high / 2.0;
    if middle.is_finite() && low < middle && middle <= high {
        middle
    } else if high.is_finite() || low == f32::MAX {
        high
    } else {
        f32::MAX
    }
}

fn ordered(values: &[f64], sample: &[u32], max_bin: usize) -> Cuts {
    let mut seen: Vec<f32> = sample.iter().map(|&i| values[i as usize] as f32).filter(|x| !x.is_nan()).collect();
    // -0 and 0 compare as equal, so they are one value.
    seen.iter_mut().for_each(|x| *x += 0.0);
    seen.sort_unstable_by(f32::total_cmp);
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    for &x in &seen {
        match distinct.last_mut() {
            Some((last, count)) if *last == x => *count += 1,
            _ => distinct.push((x, 1)),
        }
    }
    let ends = if distinct.len() <= max_bin { (1..distinct.len()).collect() } else { quantiles(&distinct, max_bin) };
    let thresholds = ends.into_iter().map(|end| between(distinct[end - 1].0, distinct[end].0)).collect();
    let above = distinct.last().is_none_or(|(x, _)| *x < f32::MAX);
    Cuts::Ordered { thresholds, above }
}

/// Where bins of about equal weight begin: a value that fills a bin gets one of its own, the others share the rest
/// (as LightGBM does).
fn quantiles(distinct: &[(f32, usize)], max_bin: usize) -> Vec<usize> {
    let total: usize = distinct.iter().map(|(_, count)| count).sum();
    let mean = total as f64 / max_bin as f64;
    let large = |&(_, count): &(f32, usize)| count as f64 >= mean;
    let mut bins_left = max_bin.saturating_sub(distinct.iter().filter(|v| large(v)).count());
    let mut rows_left: usize = distinct.iter().filter(|v| !large(v)).map(|(_, count)| count).sum();
    let mut size = rows_left as f64 / bins_left.max(1) as f64;
    let (mut ends, mut filled) = (Vec::new(), 0usize);
    for i in 0..distinct.len() - 1 {
        let own = large(&distinct[i]);
        if !own {
            rows_left -= distinct[i].1;
        }
        filled += distinct[i].1;
        let next = large(&distinct[i + 1]) && filled as f64 >= (size * 0.5).max(1.0);
        if own || filled as f64 >= size || next {
            ends.push(i + 1);
            if ends.len() + 1 >= max_bin {
                break;
            }
            filled = 0;
            if !own {
                bins_left = bins_left.saturating_sub(1);
                size = rows_left as f64 / bins_left.max(1) as f64;
            }
        }
    }
    ends
}

/// A bin for each of the most frequent categories.
fn codes(values: &[f64], known: usize, max_bin: usize) -> Cuts {
    let mut counts = vec![0usize; known];
    for value in values.iter().filter(|x| !x.is_nan()) {
        if let Some(count) = counts.get_mut(*value as usize) {
            *count += 1;
        }
    }
    let mut codes: Vec<u32> = (0..known as u32).filter(|&c| counts[c as usize] > 0).collect();
    codes.sort_by_key(|&c| (std::cmp::Reverse(counts[c as usize]), c));
    codes.truncate(max_bin);
    Cuts::Codes { codes, known }
}

/// A table of bins, by columns and by rows.
#[derive(Clone, Debug)]
pub(crate) struct Binned {
    /// Number of rows.
    pub(crate) rows: usize,
    /// The bins of each feature, row after row.
    pub(crate) columns: Vec<Vec<u8>>,
    /// The bins of each [`WIDTH`] features, a record per row.
    pub(crate) blocks: Vec<Vec<[u8; WIDTH]>>,
}

/// Cuts of all columns, found from a seeded sample of the rows.
pub(crate) fn cuts(columns: &[&[f64]], forms: &[Form], max_bin: usize, seed: u64) -> Vec<Cuts> {
    let rows = columns.first().map_or(0, |column| column.len());
    let sample = super::random::sample(rows, SAMPLE.min(rows), seed);
    let find = |(column, &form): (&&[f64], &Form)| Cuts::find(column, form, &sample, max_bin);
    columns.par_iter().zip(forms).map(find).collect()
}

impl Binned {
    /// Cuts the columns into bins.
    pub(crate) fn new(columns: &[&[f64]], cuts: &[Cuts]) -> Self {
        let rows = columns.first().map_or(0, |column| column.len());
        let columns: Vec<Vec<u8>> = columns.par_iter().zip(cuts).map(|(values, cuts)| cuts.apply(values)).collect();
        Binned { rows, columns, blocks: Vec::new() }
    }

    /// Adds the records of rows, which histograms are built from.
    pub(crate) fn with_blocks(mut self) -> Self {
        let block = |features: &[Vec<u8>]| {
            let mut records = vec![[MISSING; WIDTH]; self.rows];
            records.par_chunks_mut(4096).enumerate().for_each(|(k, records)| {
                for (f, column) in features.iter().enumerate() {
                    for (record, &bin) in records.iter_mut().zip(&column[k * 4096..]) {
                        record[f] = bin;
                    }
                }
            });
            records
        };
        self.blocks = self.columns.chunks(WIDTH).map(block).collect();
        self
    }
}
