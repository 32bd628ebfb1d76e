//! Softmax and its logarithm, with their gradients.

use super::kernel::{Real, Result, by_type, fused, on_gpu, rows, slice};
use crate::error::NnError;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Shape, Tensor};

/// `exp(x) / sum(exp(x))` over the last dimension.
///
/// # Errors
/// [`NnError::Candle`], [`NnError::OutOfMemory`].
pub fn softmax(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(x.contiguous()?.apply_op1(Softmax { log: false, causal: false })?);
    }
    composed(x)
}

fn composed(x: &Tensor) -> Result<Tensor, NnError> {
    let powers = shifted(x)?.exp()?;
    Ok(powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?)
}

/// The logarithm of [`softmax`], without overflow.
///
/// # Errors
/// As [`softmax`].
pub fn log_softmax(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(x.contiguous()?.apply_op1(Softmax { log: true, causal: false })?);
    }
    let shifted = shifted(x)?;
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    Ok(shifted.broadcast_sub(&log_sum)?)
}

/// The softmax of attention scores `.. x queries x keys` in which a query sees no later key.
///
/// The last query is taken to stand at the last key.
pub(super) fn causal_softmax(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(x.contiguous()?.apply_op1(Softmax { log: false, causal: true })?);
    }
    let (queries, keys) = (x.dim(D::Minus2)?, x.dim(D::Minus1)?);
    let hidden = |i: usize| i % keys + queries > i / keys + keys;
    let mask = (0..queries * keys).map(|i| if hidden(i) { f32::NEG_INFINITY } else { 0.0 }).collect::<Vec<_>>();
    let mask = Tensor::from_vec(mask, (queries, keys), x.device())?.to_dtype(x.dtype())?;
    composed(&x.broadcast_add(&mask)?)
}

fn shifted(x: &Tensor) -> Result<Tensor> {
    // The shift cancels out, so it needs no gradient.
    x.broadcast_sub(&x.detach().max_keepdim(D::Minus1)?)
}

struct Softmax {
    log: bool,
    /// Whether the rows are those of attention scores in which a query sees no later key.
    causal: bool,
}

impl Softmax {
    /// Number of values that count in row `i`.
    fn seen(&self, i: usize, dims: &[usize]) -> usize {
        match dims {
            [.., queries, keys] if self.causal => (i % queries + 1 + keys).saturating_sub(*queries),
            _ => dims.last().copied().unwrap_or(1),
        }
    }
}

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = layout.dims().last().copied().unwrap_or(1);
        let out = by_type!(storage, T => {
            let mut out = slice::<T>(storage, layout)?.to_vec();
            rows(&mut out, width, |row, i| {
                let (seen, hidden) = row.split_at_mut(self.seen(i, layout.dims()));
                hidden.fill(T::from_f64(0.0));
                if self.log { log_softmax_row(seen) } else { softmax_row(seen) }
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let queries = match layout.dims() {
            [.., queries, _] if self.causal => *queries,
            _ => 0,
        };
        crate::cuda::softmax(storage, layout, queries, 1.0, self.log)
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(y.apply_op2_no_bwd(&grad.contiguous()?, &Slope { log: self.log })?))
    }
}

/// The gradient from the function's value and the gradient of the value.
struct Slope {
    log: bool,
}

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "softmax_slope"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = l1.dims().last().copied().unwrap_or(1);
        let out = by_type!(s1, T => {
            let y = slice::<T>(s1, l1)?;
            let mut out = slice::<T>(s2, l2)?.to_vec();
            rows(&mut out, width, |row, i| {
                let y = &y[i * width..(i + 1) * width];
                if self.log { log_slope_row(row, y) } else { slope_row(row, y) }
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, l1.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<(CudaStorage, Shape)> {
        crate::cuda::softmax_slope((s1, l1), (s2, l2), 1.0, self.log)
    }
}

pub(super) fn largest<T: Real>(row: &[T]) -> T {
    row.iter().copied().fold(T::from_f64(f64::NEG_INFINITY), |a, b| if b > a { b } else { a })
}

pub(super) fn softmax_row<T: Real>(row: &mut [T]) {
    let shift = largest(row);
    let mut sum = T::zero();
    for x in row.iter_mut() {
        *x = (*x - shift).exp();
        sum += *x;
    }
    row.iter_mut().for_each(|x| *x /= sum);
}

fn log_softmax_row<T: Real>(row: &mut [T]) {
    let shift = largest(row);
    let sum: f64 = row.iter().map(|x| (*x - shift).exp().to_f64()).sum();
    let log = shift + T::from_f64(sum.ln());
    row.iter_mut().for_each(|x| *x -= log);
}

/// `y (g - sum(g y))`.
fn slope_row<T: Real>(grad: &mut [T], y: &[T]) {
    let dot = grad.iter().zip(y).fold(T::zero(), |sum, (&g, &y)| sum + g * y);
    grad.iter_mut().zip(y).for_each(|(g, &y)| *g = y * (*g - dot));
}

/// `g - exp(y) sum(g)`.
fn log_slope_row<T: Real>(grad: &mut [T], y: &[T]) {
    let sum = grad.iter().fold(T::zero(), |sum, &g| sum + g);
    grad.iter_mut().zip(y).for_each(|(g, &y)| *g -= y.exp() * sum);
}
