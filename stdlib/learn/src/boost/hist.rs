//! Histograms of quantised gradients: per feature and bin the sums of first and second derivatives.

use super::bins::{Binned, Cuts, WIDTH};
use rayon::prelude::*;

/// First derivative in the upper half (signed), second derivative in the lower half (unsigned).
///
/// Sums of whole numbers are exact in any order: histograms do not depend on how rows are spread over threads, and the
/// histogram of a child is that of its parent minus that of its sibling, without rounding.
pub(crate) type Cell = u64;

/// Rows from which a histogram is built by several threads.
const SHARED: usize = 16_384;

/// Rows that are fetched together.
const BATCH: usize = 64;

/// The sum of first derivatives.
#[inline(always)]
pub(crate) fn first(cell: Cell) -> i64 {
    cell as i64 >> 32
}

/// The sum of second derivatives.
#[inline(always)]
pub(crate) fn second(cell: Cell) -> i64 {
    (cell & 0xffff_ffff) as i64
}

/// A pair of derivatives as a cell.
#[inline(always)]
pub(crate) fn cell(first: i64, second: i64) -> Cell {
    ((first << 32) as u64).wrapping_add(second as u64)
}

/// Where each feature's bins lie in a histogram.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// First bin of each feature, and the number of cells at the end.
    pub(crate) offsets: Vec<usize>,
}

impl Layout {
    pub(crate) fn new(cuts: &[Cuts]) -> Self {
        let mut offsets = vec![0];
        for cuts in cuts {
            offsets.push(offsets[offsets.len() - 1] + cuts.bins());
        }
        Layout { offsets }
    }

    /// Number of cells.
    pub(crate) fn cells(&self) -> usize {
        self.offsets[self.offsets.len() - 1]
    }
}

/// The histogram of some rows.
pub(crate) fn build(data: &Binned, layout: &Layout, rows: &[u32], gradients: &[Cell]) -> Vec<Cell> {
    if rows.len() < SHARED {
        return build_here(data, layout, rows, gradients);
    }
    let (left, right) = rows.split_at(rows.len() / 2);
    let half = |rows| build(data, layout, rows, gradients);
    let (mut sum, other) = rayon::join(|| half(left), || half(right));
    sum.iter_mut().zip(&other).for_each(|(a, b)| *a = a.wrapping_add(*b));
    sum
}

fn build_here(data: &Binned, layout: &Layout, rows: &[u32], gradients: &[Cell]) -> Vec<Cell> {
    let mut out = Vec::with_capacity(layout.cells());
    let mut scratch = [[0; 256]; WIDTH];
    for (b, block) in data.blocks.iter().enumerate() {
        let features = b * WIDTH..data.columns.len().min((b + 1) * WIDTH);
        let sizes: Vec<usize> = features.map(|f| layout.offsets[f + 1] - layout.offsets[f]).collect();
        for (bins, &size) in scratch.iter_mut().zip(&sizes) {
            bins[..size].fill(0);
        }
        dispatch(sizes.len(), block, rows, gradients, &mut scratch);
        for (bins, &size) in scratch.iter().zip(&sizes) {
            out.extend_from_slice(&bins[..size]);
        }
    }
    out
}

/// The kernel for this many features.
fn dispatch(width: usize, block: &[[u8; WIDTH]], rows: &[u32], gradients: &[Cell], out: &mut [[Cell; 256]; WIDTH]) {
    macro_rules! widths { // a match over constants, which a loop cannot be
        ($($w:literal)+) => { match width { $($w => add::<$w>(block, rows, gradients, out),)+ _ => {} } };
    }
    widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

/// Adds the rows in small batches, copied first: their loads do not wait for each other, as they would among the sums.
fn add<const W: usize>(block: &[[u8; WIDTH]], rows: &[u32], gradients: &[Cell], out: &mut [[Cell; 256]; WIDTH]) {
    let (mut records, mut cells) = ([[0; WIDTH]; BATCH], [0; BATCH]);
    for rows in rows.chunks(BATCH) {
        for ((&row, record), cell) in rows.iter().zip(&mut records).zip(&mut cells) {
            (*record, *cell) = (block[row as usize], gradients[row as usize]);
        }
        for (record, &gradient) in records.iter().zip(&cells).take(rows.len()) {
            for f in 0..W {
                let cell = &mut out[f][usize::from(record[f])];
                *cell = cell.wrapping_add(gradient);
            }
        }
    }
}

/// The sibling's histogram: what is left of the parent's.
pub(crate) fn subtract(parent: &mut [Cell], child: &[Cell]) {
    parent.iter_mut().zip(child).for_each(|(p, c)| *p = p.wrapping_sub(*c));
}

/// The sum over all rows, from any one feature.
pub(crate) fn total(histogram: &[Cell], layout: &Layout) -> Cell {
    histogram[..layout.offsets[1]].iter().fold(0, |sum, c| sum.wrapping_add(*c))
}

/// Quantises derivatives of all rows: exact sums over any of them fit a [`Cell`].
pub(crate) struct Quantiser {
    /// One unit of the first derivative.
    pub(crate) unit_first: f64,
    /// One unit of the second derivative.
    pub(crate) unit_second: f64,
}

impl Quantiser {
    /// From the sums of absolute first and of second derivatives over `rows` rows.
    ///
    /// The unit follows from the sum and not from the largest derivative, so that outliers cost no precision.
    pub(crate) fn new(absolute: f64, second: f64, rows: usize) -> Self {
        // Rounding moves a row by less than 1, and a sum by less than the number of rows.
        let room = |limit: f64| (limit - rows as f64 - 2.0).max(1.0);
        let unit = |sum: f64, limit: f64| if sum > 0.0 { power_of_two(sum / room(limit)) } else { 1.0 };
        Quantiser { unit_first: unit(absolute, 2f64.powi(31)), unit_second: unit(second, 2f64.powi(32)) }
    }

    /// Rounds to a neighbouring whole number, up with a chance equal to the fraction, so that no sum is biased
    /// (Shi et al., Quantized Training of Gradient Boosting Decision Trees, 2022).
    pub(crate) fn apply(&self, first: &[f32], second: &[f32], seed: u64, out: &mut [Cell]) {
        const ROWS: usize = 4096;
        let (a, b) = (1.0 / self.unit_first, 1.0 / self.unit_second);
        out.par_chunks_mut(ROWS).enumerate().for_each(|(k, out)| {
            let at = k * ROWS;
            let key = super::random::mix(seed, k as u64) as u32;
            let rows = first[at..].iter().zip(&second[at..]).zip(0u32..);
            for (cell, ((&g, &h), i)) in out.iter_mut().zip(rows) {
                let bits = scramble(key ^ i);
                *cell = self::cell(round(f64::from(g) * a, bits >> 16), round(f64::from(h) * b, bits & 0xffff));
            }
        });
    }
}

/// The power of two at or above a positive normal number: whole numbers are multiples of such units, or nearly.
fn power_of_two(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    f64::from_bits((x.max(f64::MIN_POSITIVE).to_bits() + MANTISSA) & !MANTISSA)
}

/// A hash of 32 bits in four steps that vector units have (Wellons' "lowbias32" constants).
#[inline(always)]
fn scramble(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// `x` to a whole number; 16 random bits decide the direction.
#[inline(always)]
fn round(x: f64, bits: u32) -> i64 {
    // Adding 1.5 * 2^52 leaves the nearest whole number in the lower bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let shifted = x + f64::from(bits as i32) * (1.0 / 65536.0) - (0.5 - 0.5 / 65536.0);
    (shifted + MAGIC).to_bits() as i64 - MAGIC.to_bits() as i64
}
