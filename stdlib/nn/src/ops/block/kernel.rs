//! The innermost loops of a convolution with ReLU and max pooling: a few images, forward and backward.

use super::super::vector::{Float, Job};
use super::plan::{LANES, NONE, Plan};

/// Output channels that are computed at once; weights and sums are filled up with zeros to a multiple of it.
pub(super) const WIDE: usize = 16;
/// Positions that are computed at once.
const TALL: usize = 4;

/// The positions under a window of the pooling, in order.
pub(super) type Cell = Vec<u32>;

/// What both directions know of the layer.
pub(super) struct Layer {
    pub(super) plan: Plan,
    /// Output channels.
    pub(super) out: usize,
    pub(super) relu: bool,
    /// One per value of an output channel.
    pub(super) cells: Vec<Cell>,
}

impl Layer {
    /// Output channels, filled up.
    pub(super) fn filled(&self) -> usize {
        self.out.next_multiple_of(WIDE)
    }
}

/// Outputs of a few images, and what the way back needs.
pub(super) struct Forward<'a, T> {
    pub(super) layer: &'a Layer,
    /// Blocks of [`WIDE`] output channels, each `depth x WIDE`.
    pub(super) weight: &'a [T],
    /// As many as there are filled channels.
    pub(super) bias: &'a [T],
    /// `images x input`.
    pub(super) x: &'a [T],
    /// `images x rows`.
    pub(super) rows: &'a mut [T],
    /// The position of the largest value: `images x cells x filled`.
    pub(super) winners: &'a mut [u32],
    /// `images x out x cells`.
    pub(super) y: &'a mut [T],
}

impl<T: Float> Job for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (layer, plan, cells) = (self.layer, &self.layer.plan, self.layer.cells.len());
        let filled = layer.filled();
        let input = self.x.len() / (self.rows.len() / plan.image.len());
        let mut sums = vec![T::zero(); plan.positions().next_multiple_of(TALL) * filled];
        let rows = self.rows.chunks_exact_mut(plan.image.len()).zip(self.x.chunks_exact(input));
        let results = self.winners.chunks_exact_mut(cells * filled).zip(self.y.chunks_exact_mut(layer.out * cells));
        for ((rows, x), (winners, y)) in rows.zip(results) {
            rows.iter_mut()
                .zip(&plan.image)
                .for_each(|(row, &at)| *row = if at == NONE { T::zero() } else { x[at as usize] });
            products::<T, FMA>(plan, self.weight, rows, &mut sums);
            pool(layer, self.bias, &sums, winners, y);
        }
    }
}

/// `positions x filled`: the window's values times the weights.
#[inline(always)]
fn products<T: Float, const FMA: bool>(plan: &Plan, weight: &[T], rows: &[T], sums: &mut [T]) {
    let (depth, positions) = (plan.depth(), plan.positions());
    let filled = weight.len() / depth;
    for (block, weight) in weight.chunks_exact(depth * WIDE).enumerate() {
        for first in (0..positions).step_by(TALL) {
            // Beyond the last position, its sums are made once more.
            let starts: [&[u32]; TALL] = std::array::from_fn(|i| {
                let at = (first + i).min(positions - 1) * plan.runs;
                &plan.starts[at..at + plan.runs]
            });
            let tile = tile::<T, FMA>(plan, weight, rows, starts);
            for (i, tile) in tile.iter().enumerate() {
                let at = (first + i) * filled + block * WIDE;
                sums[at..at + WIDE].copy_from_slice(tile);
            }
        }
    }
}

#[inline(always)]
fn tile<T: Float, const FMA: bool>(plan: &Plan, weight: &[T], rows: &[T], starts: [&[u32]; TALL]) -> [[T; WIDE]; TALL] {
    let mut sums = [[T::zero(); WIDE]; TALL];
    let (weight, _) = weight.as_chunks::<WIDE>();
    for (run, weight) in weight.chunks_exact(plan.len).enumerate() {
        let [a, b, c, d] = starts.map(|starts| &rows[starts[run] as usize..][..plan.len]);
        for ((((weight, &a), &b), &c), &d) in weight.iter().zip(a).zip(b).zip(c).zip(d) {
            for (sums, x) in sums.iter_mut().zip([a, b, c, d]) {
                for (sum, &weight) in sums.iter_mut().zip(weight) {
                    *sum = x.madd::<FMA>(weight, *sum);
                }
            }
        }
    }
    sums
}

/// Adds the bias, takes the largest value of each window (the first of equals; NaN wins, as in PyTorch), and ReLU.
#[inline(always)]
fn pool<T: Float>(layer: &Layer, bias: &[T], sums: &[T], winners: &mut [u32], y: &mut [T]) {
    let (filled, cells) = (layer.filled(), layer.cells.len());
    let (bias, _) = bias.as_chunks::<WIDE>();
    for (cell, positions) in layer.cells.iter().enumerate() {
        for (block, bias) in bias.iter().enumerate() {
            let (mut best, mut winner) = ([T::zero(); WIDE], [NONE; WIDE]);
            for &position in positions {
                let sums = &sums[position as usize * filled + block * WIDE..][..WIDE];
                for (k, (&sum, &bias)) in sums.iter().zip(bias).enumerate() {
                    let value = sum + bias;
                    let wins = value > best[k] || value.is_nan() || winner[k] == NONE;
                    best[k] = if wins { value } else { best[k] };
                    winner[k] = if wins { position } else { winner[k] };
                }
            }
            winners[cell * filled + block * WIDE..][..WIDE].copy_from_slice(&winner);
            for (k, &best) in best.iter().enumerate().take(layer.out - block * WIDE) {
                let off = layer.relu && best < T::zero();
                y[(block * WIDE + k) * cells + cell] = if off { T::zero() } else { best };
            }
        }
    }
}

/// Gradients of a few images.
pub(super) struct Backward<'a, T> {
    pub(super) layer: &'a Layer,
    /// `out x depth`.
    pub(super) weight: &'a [T],
    /// `images x rows`.
    pub(super) rows: &'a [T],
    /// `images x cells x filled`.
    pub(super) winners: &'a [u32],
    /// `images x out x cells`.
    pub(super) y: &'a [T],
    /// As `y`.
    pub(super) grad: &'a [T],
    /// `images x input`, or empty if it is not needed.
    pub(super) of_x: &'a mut [T],
}

/// Sums over a few images.
pub(super) struct Sums<T> {
    /// `out x depth`.
    pub(super) weight: Vec<T>,
    /// `out`.
    pub(super) bias: Vec<T>,
}

impl<T: Float> Job for Backward<'_, T> {
    type Output = Sums<T>;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Sums<T> {
        let (layer, plan) = (self.layer, &self.layer.plan);
        let (cells, size) = (layer.cells.len(), plan.image.len());
        let mut sums = Sums { weight: vec![T::zero(); layer.out * plan.depth()], bias: vec![T::zero(); layer.out] };
        let mut of_rows = vec![T::zero(); if self.of_x.is_empty() { 0 } else { size }];
        let input = self.of_x.len() / (self.rows.len() / size);
        let images = self.rows.chunks_exact(size).zip(self.winners.chunks_exact(cells * layer.filled()));
        let values = self.y.chunks_exact(layer.out * cells).zip(self.grad.chunks_exact(layer.out * cells));
        for (image, ((rows, winners), (y, grad))) in images.zip(values).enumerate() {
            of_rows.fill(T::zero());
            for channel in 0..layer.out {
                let weight = &self.weight[channel * plan.depth()..][..plan.depth()];
                let of_weight = &mut sums.weight[channel * plan.depth()..][..plan.depth()];
                let values = y[channel * cells..].iter().zip(&grad[channel * cells..][..cells]);
                for (cell, (&y, &grad)) in values.enumerate() {
                    // What ReLU cut off has no gradient; NaN has one, as in PyTorch.
                    if grad == T::zero() || (layer.relu && y <= T::zero()) {
                        continue;
                    }
                    sums.bias[channel] += grad;
                    let at = winners[cell * layer.filled() + channel] as usize * plan.runs;
                    let starts = &plan.starts[at..at + plan.runs];
                    if of_rows.is_empty() {
                        add::<T, FMA>(starts, plan.len, grad, rows, of_weight);
                    } else {
                        add_both::<T, FMA>(starts, plan.len, grad, (rows, weight), (&mut of_rows, of_weight));
                    }
                }
            }
            if !of_rows.is_empty() {
                let of_x = &mut self.of_x[image * input..][..input];
                let inside = of_rows.iter().zip(&plan.image).filter(|(_, at)| **at != NONE);
                inside.for_each(|(&grad, &at)| of_x[at as usize] += grad);
            }
        }
        sums
    }
}

/// Adds `grad` times the window's values to the gradient of the weight.
#[inline(always)]
fn add<T: Float, const FMA: bool>(starts: &[u32], len: usize, grad: T, rows: &[T], of_weight: &mut [T]) {
    for (&start, of_weight) in starts.iter().zip(of_weight.chunks_exact_mut(len)) {
        let (rows, _) = rows[start as usize..][..len].as_chunks::<LANES>();
        let (of_weight, _) = of_weight.as_chunks_mut::<LANES>();
        for (of_weight, rows) in of_weight.iter_mut().zip(rows) {
            *of_weight = added::<T, FMA>(grad, rows, *of_weight);
        }
    }
}

/// `sums + grad * values`; by value, or the compiler, which cannot know that nothing overlaps, takes one at a time.
#[inline(always)]
fn added<T: Float, const FMA: bool>(grad: T, values: &[T; LANES], mut sums: [T; LANES]) -> [T; LANES] {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum = grad.madd::<FMA>(value, *sum);
    }
    sums
}

/// As [`add`], and `grad` times the weight to the gradient of the window's values.
#[inline(always)]
fn add_both<T: Float, const FMA: bool>(
    starts: &[u32],
    len: usize,
    grad: T,
    (rows, weight): (&[T], &[T]),
    (of_rows, of_weight): (&mut [T], &mut [T]),
) {
    let weights = weight.chunks_exact(len).zip(of_weight.chunks_exact_mut(len));
    for (&start, (weight, of_weight)) in starts.iter().zip(weights) {
        let (rows, _) = rows[start as usize..][..len].as_chunks::<LANES>();
        let (of_rows, _) = of_rows[start as usize..][..len].as_chunks_mut::<LANES>();
        let weights = weight.as_chunks::<LANES>().0.iter().zip(of_weight.as_chunks_mut::<LANES>().0);
        for ((of_rows, rows), (weight, of_weight)) in of_rows.iter_mut().zip(rows).zip(weights) {
            *of_weight = added::<T, FMA>(grad, rows, *of_weight);
            *of_rows = added::<T, FMA>(grad, weight, *of_rows);
        }
    }
}
