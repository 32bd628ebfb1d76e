//! A convolution, ReLU and max pooling in one pass per image, for small kernels on the CPU.
//!
//! Only the largest value of each window has a gradient, so that the way back is a sum over those alone.

mod kernel;
mod plan;

use super::conv::Window;
use super::kernel::{Result, by_type, fused, share, slice};
use super::vector::{self, Float};
use crate::error::NnError;
use candle_core::{CpuStorage, CustomOp3, Device, Layout, Shape, Storage, Tensor, WithDType, bail};
use kernel::{Backward, Cell, Forward, Layer, Sums, WIDE};
use plan::{NONE, Plan, Sizes};
use std::sync::{Arc, Mutex, PoisonError};

/// More weights than this are multiplied quicker by a matrix product over the whole batch.
const WEIGHTS: usize = 1 << 16;
/// Parts of a batch whose gradients are summed one by one; the sum must not depend on the number of threads.
const PARTS: usize = 16;
/// Fewer multiplications than this are not worth a second thread.
const SERIAL: usize = 1 << 18;

/// What comes after a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After {
    /// Whether negative values become 0.
    pub(crate) relu: bool,
    /// Height and width of the pooling's window.
    pub(crate) kernel: (usize, usize),
    /// How it moves.
    pub(crate) window: Window,
}

/// `max_pool2d(relu(conv2d(..)))`; `None` where the three on their own are better, or refuse the shapes.
///
/// # Errors
/// [`NnError::OutOfMemory`], [`NnError::Candle`].
pub(crate) fn conv_pool(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    after: After,
) -> Result<Option<Tensor>, NnError> {
    let (&[batch, channels, height, width], &[out, inner, kh, kw]) = (x.dims(), weight.dims()) else { return Ok(None) };
    let suits = fused(x) && x.dtype() == weight.dtype() && channels == inner && weight.elem_count() <= WEIGHTS;
    let output = window.output((height, width), (kh, kw)).filter(|_| suits && batch > 0);
    let Some(output) = output else { return Ok(None) };
    let sizes = Sizes { channels, input: (height, width), kernel: (kh, kw), output };
    let Some((pooled, cells)) = cells(output, after) else { return Ok(None) };
    let plan = Plan::new(sizes, window);
    if plan.image.len() >= NONE as usize || plan.starts.is_empty() {
        return Ok(None);
    }
    let layer = Layer { plan, out, relu: after.relu, cells };
    let none = || Tensor::zeros(out, weight.dtype(), weight.device());
    let bias = bias.map_or_else(none, |bias| bias.contiguous())?;
    let op = Block { layer: Arc::new(layer), pooled, kept: Mutex::new(None) };
    Ok(Some(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias, op)?))
}

/// Size of the pooled output, and the positions under each window; `None` if a window is empty.
fn cells(input: (usize, usize), after: After) -> Option<((usize, usize), Vec<Cell>)> {
    let (window, kernel) = (after.window, after.kernel);
    let size = window.output(input, kernel)?;
    let along = |at: usize, kernel: usize, input: usize, stride: usize, padding: usize, dilation: usize| {
        let places = (0..kernel).map(move |k| (at * stride + k * dilation).wrapping_sub(padding));
        places.filter(move |place| *place < input)
    };
    let (s, p, d) = (window.stride, window.padding, window.dilation);
    let mut all = Vec::with_capacity(size.0 * size.1);
    for at in 0..size.0 * size.1 {
        let rows = along(at / size.1, kernel.0, input.0, s.0, p.0, d.0);
        let columns =
            |row| along(at % size.1, kernel.1, input.1, s.1, p.1, d.1).map(move |j| (row * input.1 + j) as u32);
        all.push(rows.flat_map(columns).collect::<Cell>());
    }
    all.iter().all(|cell| !cell.is_empty()).then_some((size, all))
}

struct Block {
    layer: Arc<Layer>,
    pooled: (usize, usize),
    kept: Mutex<Option<Arc<Kept>>>,
}

/// What the forward pass leaves for the backward pass.
struct Kept {
    /// `batch x rows`.
    rows: CpuStorage,
    /// `batch x cells x filled`.
    winners: Vec<u32>,
}

impl Block {
    /// Images per part of a batch.
    fn part(&self, batch: usize) -> usize {
        let work = batch * self.layer.plan.positions() * self.layer.plan.depth() * self.layer.out;
        if work < SERIAL { batch } else { batch.div_ceil(PARTS) }
    }

    fn forward<T: Float>(&self, x: &[T], weight: &[T], bias: &[T], batch: usize) -> (Vec<T>, Vec<T>, Vec<u32>) {
        let (layer, cells, filled) = (&*self.layer, self.layer.cells.len(), self.layer.filled());
        let (size, input, each) = (layer.plan.image.len(), x.len() / batch, layer.out * cells);
        let weight = by_output(layer, weight);
        let mut filled_bias = bias.to_vec();
        filled_bias.resize(filled, T::zero());
        let (mut rows, mut y) = (vec![T::zero(); batch * size], vec![T::zero(); batch * each]);
        let mut winners = vec![0; batch * cells * filled];
        let part = self.part(batch);
        let made = rows.chunks_mut(part * size).zip(winners.chunks_mut(part * cells * filled));
        let parts = x.chunks(part * input).zip(made).zip(y.chunks_mut(part * each));
        share(parts, |((x, (rows, winners)), y)| {
            vector::run(Forward { layer, weight: &weight, bias: &filled_bias, x, rows, winners, y });
        });
        (y, rows, winners)
    }

    fn backward<T: Float>(
        &self,
        kept: &Kept,
        (weight, y, grad): (&[T], &[T], &[T]),
        batch: usize,
        of_x: &mut [T],
    ) -> Result<Sums<T>> {
        let (layer, cells, filled) = (&*self.layer, self.layer.cells.len(), self.layer.filled());
        let (size, each, part) = (layer.plan.image.len(), layer.out * cells, self.part(batch));
        let (rows, count) = (T::cpu_storage_as_slice(&kept.rows)?, weight.len());
        let weight = by_depth(layer, weight);
        let input = of_x.len() / batch;
        let mut sums: Vec<Option<Sums<T>>> = (0..batch.div_ceil(part)).map(|_| None).collect();
        // Without a gradient of the input, each part gets an empty one.
        let mut of_x = of_x.chunks_mut((part * input).max(1));
        let parts = sums.iter_mut().enumerate().map(|(i, sums)| (i * part, sums, of_x.next().unwrap_or_default()));
        share(parts, |(from, sums, of_x)| {
            let to = (from + part).min(batch);
            let (rows, y, grad) =
                (&rows[from * size..to * size], &y[from * each..to * each], &grad[from * each..to * each]);
            let winners = &kept.winners[from * cells * filled..to * cells * filled];
            *sums = Some(vector::run(Backward { layer, weight: &weight, rows, winners, y, grad, of_x }));
        });
        let total = sums.into_iter().flatten().reduce(|mut total, part| {
            total.weight.iter_mut().zip(&part.weight).for_each(|(total, &x)| *total += x);
            total.bias.iter_mut().zip(&part.bias).for_each(|(total, &x)| *total += x);
            total
        });
        let Some(total) = total else { bail!("{}: an empty batch", self.name()) };
        Ok(Sums { weight: by_taps(layer, &total.weight, count), bias: total.bias })
    }

    /// Gradients of input, weight and bias, each where it is asked for.
    fn gradients<T: Float>(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        values: (&[T], &[T], &[T]),
    ) -> Result<Gradients> {
        let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            bail!("{}: nothing was kept for the backward pass", self.name())
        };
        let mut of_x = vec![T::zero(); if x.track_op() { x.elem_count() } else { 0 }];
        let sums = self.backward(&kept, values, x.dim(0)?, &mut of_x)?;
        let made = |values: Vec<T>, of: &Tensor| {
            of.track_op().then(|| Tensor::from_vec(values, of.shape(), &Device::Cpu)).transpose()
        };
        Ok((made(of_x, x)?, made(sums.weight, weight)?, made(sums.bias, bias)?))
    }
}

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

impl CustomOp3 for Block {
    fn name(&self) -> &'static str {
        "conv_pool"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        weight: &CpuStorage,
        wl: &Layout,
        bias: &CpuStorage,
        bl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (batch, ..) = xl.shape().dims4()?;
        let (storage, rows, winners) = by_type!(x, T => {
            let (y, rows, winners) = self.forward::<T>(slice(x, xl)?, slice(weight, wl)?, slice(bias, bl)?, batch);
            (T::to_cpu_storage_owned(y), T::to_cpu_storage_owned(rows), winners)
        });
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(Kept { rows, winners }));
        Ok((storage, (batch, self.layer.out, self.pooled.0, self.pooled.1).into()))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, bias: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Gradients> {
        let grad = grad.contiguous()?;
        let ((w, wl), (y, yl), (g, gl)) =
            (weight.storage_and_layout(), y.storage_and_layout(), grad.storage_and_layout());
        let (Storage::Cpu(w), Storage::Cpu(y), Storage::Cpu(g)) = (&*w, &*y, &*g) else {
            bail!("{}: the tensors left the CPU", self.name())
        };
        by_type!(y, T => self.gradients::<T>(x, weight, bias, (slice(w, wl)?, slice(y, yl)?, slice(g, gl)?)))
    }
}

/// The weight (`out x channels x kernel`) in blocks of output channels: `blocks x depth x WIDE`.
fn by_output<T: WithDType>(layer: &Layer, weight: &[T]) -> Vec<T> {
    let (taps, depth) = (&layer.plan.taps, layer.plan.depth());
    let each = weight.len() / layer.out;
    let mut made = vec![T::zero(); layer.filled() * depth];
    for (channel, weight) in weight.chunks_exact(each).enumerate() {
        let block = &mut made[channel / WIDE * depth * WIDE..];
        for (l, &tap) in taps.iter().enumerate().filter(|(_, tap)| **tap != NONE) {
            block[l * WIDE + channel % WIDE] = weight[tap as usize];
        }
    }
    made
}

/// The weight in the order of the runs: `out x depth`.
fn by_depth<T: WithDType>(layer: &Layer, weight: &[T]) -> Vec<T> {
    let each = weight.len() / layer.out;
    let ordered = |weight: &[T]| {
        let at = |&tap: &u32| if tap == NONE { T::zero() } else { weight[tap as usize] };
        layer.plan.taps.iter().map(at).collect::<Vec<T>>()
    };
    weight.chunks_exact(each).flat_map(ordered).collect()
}

/// The inverse of [`by_depth`].
fn by_taps<T: WithDType>(layer: &Layer, ordered: &[T], count: usize) -> Vec<T> {
    let mut weight = vec![T::zero(); count];
    let each = count / layer.out;
    for (weight, ordered) in weight.chunks_exact_mut(each).zip(ordered.chunks_exact(layer.plan.depth())) {
        for (&tap, &x) in layer.plan.taps.iter().zip(ordered).filter(|(tap, _)| **tap != NONE) {
            weight[tap as usize] = x;
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::vector::{Job, plain};
    use crate::{Draw, Init, ops};

    #[test]
    fn every_instruction_set_gives_the_same_but_for_rounding() {
        let (window, pool) =
            (Window { padding: (1, 1), ..Window::default() }, Window { stride: (2, 2), ..Window::default() });
        for (channels, out) in [(1, 5), (16, 20)] {
            let mut init = Init::seed(1);
            let mut draw = |count: usize| init.tensor(&[count], Draw::Normal(1.0)).unwrap().to_vec1::<f32>().unwrap();
            let sizes = Sizes { channels, input: (7, 6), kernel: (3, 3), output: (7, 6) };
            let (_, cells) = cells((7, 6), After { relu: true, kernel: (2, 2), window: pool }).unwrap();
            let layer = Layer { plan: Plan::new(sizes, window), out, relu: true, cells };
            let weight = draw(out * channels * 9);
            let (x, bias, grad) = (draw(2 * channels * 42), draw(layer.filled()), draw(2 * out * 9));
            let run = |fast: bool| {
                let blocks = by_output(&layer, &weight);
                let mut rows = vec![0.0; 2 * layer.plan.image.len()];
                let (mut winners, mut y) = (vec![0; 2 * 9 * layer.filled()], vec![0.0; 2 * out * 9]);
                let (r, w) = (rows.as_mut_slice(), winners.as_mut_slice());
                let job =
                    Forward { layer: &layer, weight: &blocks, bias: &bias, x: &x, rows: r, winners: w, y: &mut y };
                go(fast, job);
                let ordered = by_depth(&layer, &weight);
                let mut of_x = vec![0.0; x.len()];
                let job = Backward {
                    layer: &layer,
                    weight: &ordered,
                    rows: &rows,
                    winners: &winners,
                    y: &y,
                    grad: &grad,
                    of_x: &mut of_x,
                };
                let sums = go(fast, job);
                [y, of_x, by_taps(&layer, &sums.weight, weight.len()), sums.bias].concat()
            };
            for (a, b) in run(true).iter().zip(run(false)) {
                assert!((a - b).abs() < 1e-4, "{a} {b}");
            }
        }
    }

    fn go<J: Job>(fast: bool, job: J) -> J::Output {
        if fast { vector::run(job) } else { plain(job) }
    }

    /// The one pass is taken, and gives what the three operations give: also a NaN, and the first of equal values.
    #[test]
    fn one_pass_is_the_three_operations() {
        let (window, pool) =
            (Window { padding: (1, 1), ..Window::default() }, Window { stride: (2, 2), ..Window::default() });
        let mut init = Init::seed(2);
        let weight = init.var(&[4, 2, 3, 3], Draw::Normal(1.0)).unwrap();
        let mut values =
            init.tensor(&[3, 2, 6, 6], Draw::Normal(1.0)).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values[100] = f32::NAN;
        values[..72].fill(0.5);
        let x = candle_core::Var::from_vec(values, (3, 2, 6, 6), &Device::Cpu).unwrap();
        let after = After { relu: true, kernel: (2, 2), window: pool };
        let one = conv_pool(&x, &weight, None, window, after).unwrap().unwrap();
        let three = ops::relu(&ops::conv2d(&x, &weight, None, window, 1).unwrap()).unwrap();
        let three = ops::max_pool2d(&three, (2, 2), pool).unwrap();
        let all = |y: &Tensor| {
            let grads = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let (of_x, of_weight) = (grads.get(&x).unwrap(), grads.get(&weight).unwrap());
            let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            [flat(y), flat(&of_x.narrow(0, 0, 1).unwrap()), flat(of_weight)]
        };
        for (a, b) in all(&one).iter().flatten().zip(all(&three).iter().flatten()) {
            assert!((a - b).abs() < 1e-4 || (a.is_nan() && b.is_nan()), "{a} {b}");
        }
        assert!(all(&one)[0].iter().any(|y| y.is_nan()));
    }
}
