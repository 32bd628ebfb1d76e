//! Kernels side by side in memory: for each trial its kernels on all parameters, eight trials at a time.

use super::axis::Changed;

/// Trials that are computed side by side.
pub(super) const LANES: usize = 8;
/// Columns after which trials that have fallen behind are given up.
const STRIDE: usize = 4;

/// Means and widths of smooth parameters, and sums of scales.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// How many parameters are smooth.
    columns: usize,
    /// How many parameters have scales.
    width: usize,
    len: usize,
    /// By block, column, mean and inverse width, lane.
    blocks: Vec<f64>,
    /// By slot, then parameter.
    scales: Vec<f64>,
    /// Sum of the scales, by slot.
    sums: Vec<f64>,
    /// Slots whose sum is out of date.
    stale: Vec<u32>,
    is_stale: Vec<bool>,
}

impl Rows {
    pub(super) fn new(columns: usize, width: usize) -> Self {
        let (blocks, scales, sums, stale, is_stale) = Default::default();
        Rows { columns, width, len: 0, blocks, scales, sums, stale, is_stale }
    }

    /// Adds a slot.
    pub(super) fn push(&mut self) {
        self.len += 1;
        self.blocks.resize(self.len.div_ceil(LANES) * self.block_size(), 0.0);
        self.scales.resize(self.len * self.width, 0.0);
        self.sums.push(0.0);
        self.is_stale.push(false);
    }

    /// Takes a slot out; the last one moves into its place.
    pub(super) fn swap_remove(&mut self, slot: usize) {
        let last = self.len - 1;
        for column in 0..self.columns * 2 {
            let size = self.block_size();
            let at = |slot: usize| slot / LANES * size + column * LANES + slot % LANES;
            self.blocks[at(slot)] = self.blocks[at(last)];
        }
        self.scales.copy_within(last * self.width..self.len * self.width, slot * self.width);
        self.len = last;
        self.blocks.truncate(last.div_ceil(LANES) * self.block_size());
        self.scales.truncate(last * self.width);
        self.sums.swap_remove(slot);
        self.is_stale.swap_remove(slot);
    }

    /// Takes a kernel of parameter `i`, into `column` if it is smooth.
    pub(super) fn set(&mut self, i: usize, column: Option<usize>, (slot, kernel, scale): &Changed) {
        let slot = *slot;
        if let Some(column) = column {
            let at = slot / LANES * self.block_size() + column * 2 * LANES + slot % LANES;
            self.blocks[at] = kernel.mu;
            // With the half of the exponent in it.
            self.blocks[at + LANES] = std::f64::consts::FRAC_1_SQRT_2 / kernel.sigma;
        }
        self.scales[slot * self.width + i] = *scale;
        if !std::mem::replace(&mut self.is_stale[slot], true) {
            self.stale.push(slot as u32);
        }
    }

    /// Brings the sums up to date. Each is added up anew: what is added and taken away again would leave its rounding.
    pub(super) fn settle(&mut self) {
        for slot in self.stale.drain(..) {
            let slot = slot as usize;
            self.is_stale[slot] = false;
            self.sums[slot] = self.scales[slot * self.width..(slot + 1) * self.width].iter().sum();
        }
    }

    /// Sum of the scales of a slot.
    pub(super) fn sum(&self, slot: usize) -> f64 {
        self.sums[slot]
    }

    fn block_size(&self) -> usize {
        self.columns * 2 * LANES
    }

    /// Takes from `sums`, of the trials of a block, what they lose at the point `x`; `false` once all are below `limit`.
    #[inline]
    pub(super) fn lose(&self, block: usize, x: &[f64], limit: f64, sums: &mut [f64; LANES]) -> bool {
        let behind = |sums: &[f64; LANES]| sums.iter().all(|sum| *sum < limit);
        if behind(sums) {
            return false;
        }
        let size = self.block_size();
        let columns = self.blocks[block * size..(block + 1) * size].chunks_exact(2 * LANES);
        for (i, (column, x)) in columns.zip(x).enumerate() {
            let (mu, inverse) = column.split_at(LANES);
            for ((sum, mu), inverse) in sums.iter_mut().zip(mu).zip(inverse) {
                let z = (x - mu) * inverse;
                *sum -= z * z;
            }
            if i % STRIDE == STRIDE - 1 && behind(sums) {
                return false;
            }
        }
        true
    }
}
