//! Pooling: the largest or the mean value of each window.

use super::conv::Window;
use super::kernel::{Real, Result, by_type, fused, on_gpu, rows, slice};
use crate::error::NnError;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Device, Layout, Shape, Tensor};

/// The largest value of each window of `x` (`batch x channels x height x width`); padding never wins.
///
/// Of several equal ones the first gets the gradient, as in PyTorch.
///
/// # Errors
/// [`NnError::Shape`] for an input smaller than the window; [`NnError::OutOfMemory`], [`NnError::Candle`].
pub fn max_pool2d(x: &Tensor, kernel: (usize, usize), window: Window) -> Result<Tensor, NnError> {
    pool(x, kernel, window, Pick::Max)
}

/// The mean of each window of `x` (`batch x channels x height x width`); padding counts as zeros, as in PyTorch.
///
/// # Errors
/// As [`max_pool2d`].
pub fn avg_pool2d(x: &Tensor, kernel: (usize, usize), window: Window) -> Result<Tensor, NnError> {
    pool(x, kernel, window, Pick::Mean)
}

#[derive(Clone, Copy, PartialEq)]
enum Pick {
    Max,
    Mean,
}

fn pool(x: &Tensor, kernel: (usize, usize), window: Window, pick: Pick) -> Result<Tensor, NnError> {
    let (_, _, height, width) = x.dims4()?;
    let size = window.output((height, width), kernel).ok_or_else(|| too_small(x, kernel))?;
    if fused(x) || on_gpu(x) {
        let op = Pool { kernel, window, size, pick };
        return Ok(x.contiguous()?.apply_op1(op)?);
    }
    composed(x, kernel, window, pick)
}

fn too_small(x: &Tensor, kernel: (usize, usize)) -> NnError {
    NnError::Shape {
        layer: format!("Pool {} x {}", kernel.0, kernel.1),
        expected: "an input at least as large as its window".to_owned(),
        found: x.dims().to_vec(),
        after: None,
    }
}

fn composed(x: &Tensor, kernel: (usize, usize), window: Window, pick: Pick) -> Result<Tensor, NnError> {
    let (batch, channels, ..) = x.dims4()?;
    if pick == Pick::Max && window.padding != (0, 0) {
        // Padding is zeros and must not win: the input is lifted above them first.
        let lift = (x.detach().min_all()?.neg()? + 1.0)?.relu()?;
        let lifted = largest(&x.broadcast_add(&lift)?, kernel, window)?;
        return Ok(lifted.broadcast_sub(&lift)?);
    }
    if pick == Pick::Max {
        return largest(x, kernel, window);
    }
    let (patches, (oh, ow)) = patches(x, kernel, window)?;
    Ok(patches.mean(2)?.reshape((batch, channels, oh, ow))?)
}

fn largest(x: &Tensor, kernel: (usize, usize), window: Window) -> Result<Tensor, NnError> {
    let (batch, channels, ..) = x.dims4()?;
    let (patches, (oh, ow)) = patches(x, kernel, window)?;
    Ok(patches.max(2)?.reshape((batch, channels, oh, ow))?)
}

/// `batch x channels x kernel row x kernel column x output row x output column`, by differentiable indexing.
pub(super) fn patches(x: &Tensor, kernel: (usize, usize), window: Window) -> Result<(Tensor, (usize, usize)), NnError> {
    let (batch, channels, height, width) = x.dims4()?;
    let size = window.output((height, width), kernel).ok_or_else(|| too_small(x, kernel))?;
    let padded = x.pad_with_zeros(2, window.padding.0, window.padding.0)?;
    let padded = padded.pad_with_zeros(3, window.padding.1, window.padding.1)?.contiguous()?;
    let index = |kernel: usize, output: usize, stride: usize, dilation: usize| {
        let at = (0..kernel).flat_map(|k| (0..output).map(move |o| (o * stride + k * dilation) as u32));
        Tensor::from_vec(at.collect::<Vec<u32>>(), kernel * output, &Device::Cpu)?.to_device(x.device())
    };
    let rows = padded.index_select(&index(kernel.0, size.0, window.stride.0, window.dilation.0)?, 2)?;
    let both = rows.index_select(&index(kernel.1, size.1, window.stride.1, window.dilation.1)?, 3)?;
    // Rank 6 is one more than candle's permute is quick at, so channels and batch stay one.
    let split = both.reshape((batch * channels, kernel.0, size.0, kernel.1, size.1))?;
    let ordered = split.permute((0, 1, 3, 2, 4))?.contiguous()?;
    Ok((ordered.reshape((batch, channels, kernel.0 * kernel.1, size.0 * size.1))?, size))
}

#[derive(Clone, Copy)]
struct Pool {
    kernel: (usize, usize),
    window: Window,
    size: (usize, usize),
    pick: Pick,
}

impl Pool {
    /// The sizes for the kernels for GPUs.
    #[cfg(feature = "cuda")]
    fn on_gpu(&self, x: &Layout) -> Result<crate::cuda::Sizes> {
        let (batch, channels, height, width) = x.shape().dims4()?;
        let (input, kernel, output, window) = ((height, width), self.kernel, self.size, self.window);
        Ok(crate::cuda::Sizes { batch, channels, input, kernel, output, window })
    }

    /// Calls `f` with the place in the input plane of each value of the window at output `at`.
    #[inline(always)]
    fn each(&self, at: usize, input: (usize, usize), mut f: impl FnMut(usize)) {
        let (i, j) = (at / self.size.1, at % self.size.1);
        for ki in 0..self.kernel.0 {
            let y = i * self.window.stride.0 + ki * self.window.dilation.0;
            if y < self.window.padding.0 || y - self.window.padding.0 >= input.0 {
                continue;
            }
            for kj in 0..self.kernel.1 {
                let x = j * self.window.stride.1 + kj * self.window.dilation.1;
                if x >= self.window.padding.1 && x - self.window.padding.1 < input.1 {
                    f((y - self.window.padding.0) * input.1 + x - self.window.padding.1);
                }
            }
        }
    }

    fn forward<T: Real>(&self, plane: &[T], input: (usize, usize), out: &mut [T]) {
        let count = T::from_f64((self.kernel.0 * self.kernel.1) as f64);
        for (at, out) in out.iter_mut().enumerate() {
            *out = match self.pick {
                Pick::Max => plane[self.winner(plane, input, at)],
                Pick::Mean => {
                    let mut sum = T::zero();
                    self.each(at, input, |place| sum += plane[place]);
                    sum / count
                }
            };
        }
    }

    /// The place of the first largest value of a window; NaN wins, as in PyTorch.
    #[inline(always)]
    fn winner<T: Real>(&self, plane: &[T], input: (usize, usize), at: usize) -> usize {
        let mut best: Option<usize> = None;
        self.each(at, input, |place| {
            let x = plane[place];
            if best.is_none_or(|best| x > plane[best] || x.to_f64().is_nan()) {
                best = Some(place);
            }
        });
        best.unwrap_or(0)
    }

    fn backward<T: Real>(&self, plane: &[T], grad: &[T], input: (usize, usize), out: &mut [T]) {
        let count = T::from_f64((self.kernel.0 * self.kernel.1) as f64);
        for (at, &grad) in grad.iter().enumerate() {
            match self.pick {
                Pick::Max => out[self.winner(plane, input, at)] += grad,
                Pick::Mean => self.each(at, input, |place| out[place] += grad / count),
            }
        }
    }
}

impl CustomOp1 for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let (plane, cells) = (height * width, self.size.0 * self.size.1);
        let out = by_type!(storage, T => {
            let x = slice::<T>(storage, layout)?;
            let mut out = vec![T::from_f64(0.0); batch * channels * cells];
            rows(&mut out, cells, |out, i| self.forward(&x[i * plane..(i + 1) * plane], (height, width), out));
            T::to_cpu_storage_owned(out)
        });
        Ok((out, (batch, channels, self.size.0, self.size.1).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let sizes = self.on_gpu(layout)?;
        let out = crate::cuda::pool(storage, layout, self.pick == Pick::Max, sizes)?;
        Ok((out, (sizes.batch, sizes.channels, self.size.0, self.size.1).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(x.apply_op2_no_bwd(&grad.contiguous()?, &PoolSlope(*self))?))
    }
}

struct PoolSlope(Pool);

impl CustomOp2 for PoolSlope {
    fn name(&self) -> &'static str {
        "pool_slope"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, _, height, width) = l1.shape().dims4()?;
        let (plane, cells) = (height * width, self.0.size.0 * self.0.size.1);
        let out = by_type!(s1, T => {
            let (x, grad) = (slice::<T>(s1, l1)?, slice::<T>(s2, l2)?);
            let mut out = vec![T::from_f64(0.0); x.len()];
            rows(&mut out, plane, |out, i| {
                let (x, grad) = (&x[i * plane..(i + 1) * plane], &grad[i * cells..(i + 1) * cells]);
                self.0.backward(x, grad, (height, width), out);
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, l1.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<(CudaStorage, Shape)> {
        let most = self.0.pick == Pick::Max;
        let out = crate::cuda::pool_slope((s1, l1), (s2, l2), most, self.0.on_gpu(l1)?)?;
        Ok((out, l1.shape().clone()))
    }
}
