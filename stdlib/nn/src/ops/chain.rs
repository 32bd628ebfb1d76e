//! Affine layers one after the other on the CPU, whose values and gradients go from layer to layer by hand.
//!
//! candle makes zeros and a sum for the gradient of every tensor of its graph. Between these layers its graph has a
//! single number instead of the activations: it still calls the layers in the right order, and no more.

use super::kernel::{Real, Result, by_type, fused, share, slice};
use super::linear::{Masked, add_bias};
use crate::backward::handed;
use crate::error::NnError;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Device, InplaceOp2, Layout, Shape, Storage, Tensor, bail};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// An affine layer, with or without ReLU.
#[derive(Debug)]
pub(crate) struct Affine {
    /// `out x in`.
    pub(crate) weight: Tensor,
    /// `out`.
    pub(crate) bias: Tensor,
    /// Whether negative values become 0.
    pub(crate) relu: bool,
}

/// The output of all layers for `x` (`.. x in`); `None` where the layers on their own are better, or refuse the shapes.
///
/// # Errors
/// [`NnError::OutOfMemory`], [`NnError::Candle`].
pub(crate) fn chain(x: &Tensor, layers: &[Affine]) -> Result<Option<Tensor>, NnError> {
    let Some((&width, leading)) = x.dims().split_last() else { return Ok(None) };
    let mut input = width;
    let suits = fused(x)
        && layers.len() > 1
        && x.elem_count() > 0
        && layers.iter().all(|layer| {
            let fits = layer.weight.dims() == [layer.bias.elem_count(), input];
            input = layer.bias.elem_count();
            fits && layer.weight.dtype() == x.dtype() && layer.bias.dtype() == x.dtype()
        });
    if !suits {
        return Ok(None);
    }
    let mut last = x.reshape(((), width))?.contiguous()?;
    let mut from: Option<Arc<Flow>> = None;
    for (i, layer) in layers.iter().enumerate() {
        let to = (i + 1 < layers.len()).then(|| Arc::new(Flow::default()));
        let link = Link { relu: layer.relu, from, to: to.clone() };
        last = last.apply_op3(&layer.weight.contiguous()?, &layer.bias.contiguous()?, link)?;
        from = to;
    }
    let dims: Vec<usize> = leading.iter().copied().chain([input]).collect();
    Ok(Some(if leading.len() == 1 { last } else { last.reshape(dims)? }))
}

/// What goes between two layers: the activations, and on the way back their gradient.
#[derive(Default)]
struct Flow {
    value: OnceLock<Tensor>,
    grad: Mutex<Option<Tensor>>,
}

impl Flow {
    fn value(&self) -> Result<&Tensor> {
        self.value.get().ok_or_else(|| candle_core::Error::Msg("a layer ran before the one in front of it".to_owned()))
    }

    fn grad(&self) -> std::sync::MutexGuard<'_, Option<Tensor>> {
        self.grad.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A layer; without `from` its input is candle's tensor, without `to` its output is.
struct Link {
    relu: bool,
    from: Option<Arc<Flow>>,
    to: Option<Arc<Flow>>,
}

impl Link {
    fn forward(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        w: (&CpuStorage, &Layout),
        b: (&CpuStorage, &Layout),
    ) -> Result<(CpuStorage, Shape)> {
        let ((m, k), (n, _)) = (xl.shape().dims2()?, w.1.shape().dims2()?);
        let out = x.matmul(w.0, (1, m, n, k), xl, &w.1.transpose(0, 1)?)?;
        let relu = self.relu;
        by_type!(b.0, T => {
            let bias = slice::<T>(b.0, b.1)?;
            let mut out = T::cpu_storage_data(out)?;
            super::kernel::rows(&mut out, n, |row, _| add_bias(row, bias, relu));
            let Some(to) = &self.to else { return Ok((T::to_cpu_storage_owned(out), (m, n).into())) };
            let _ = to.value.set(Tensor::from_vec(out, (m, n), &Device::Cpu)?);
            Ok((T::to_cpu_storage_owned(vec![T::from_f64(0.0)]), ().into()))
        })
    }
}

impl CustomOp3 for Link {
    fn name(&self) -> &'static str {
        "linear_chain"
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
        let Some(from) = &self.from else { return self.forward(x, xl, (weight, wl), (bias, bl)) };
        let (storage, layout) = from.value()?.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { bail!("activations left the CPU") };
        self.forward(storage, layout, (weight, wl), (bias, bl))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (grad, sums) = match &self.to {
            Some(to) => {
                let Some(grad) = to.grad().take() else { bail!("a layer's gradient did not come") };
                let sums = self.masked(&grad, to.value()?)?;
                (grad, sums)
            }
            // candle's own tensor is not written to.
            None => {
                let grad = grad.contiguous()?;
                let grad = if self.relu { y.apply_op2_no_bwd(&grad, &Masked)? } else { grad };
                let sums = grad.apply_op1_no_bwd(&super::linear::SumRows)?;
                (grad, sums)
            }
        };
        let input = self.from.as_ref().map_or(Ok(x), |from| from.value())?;
        let of_weight = if weight.track_op() { handed(weight, grad.t()?.matmul(input)?)? } else { None };
        let of_input = x.track_op().then(|| grad.matmul(weight)).transpose()?;
        let of_x = match (&self.from, of_input) {
            (Some(from), Some(of_input)) => {
                *from.grad() = Some(of_input);
                Some(x.zeros_like()?)
            }
            (_, of_input) => of_input,
        };
        let of_bias = if bias.track_op() { handed(bias, sums)? } else { None };
        Ok((of_x, of_weight, of_bias))
    }
}

impl Link {
    /// Cuts off the gradient in place where ReLU did, and gives the sums of its rows.
    fn masked(&self, grad: &Tensor, y: &Tensor) -> Result<Tensor> {
        let op = MaskedSums { relu: self.relu, sums: Mutex::new(None) };
        grad.inplace_op2(y, &op)?;
        let sums = op.sums.lock().unwrap_or_else(PoisonError::into_inner).take();
        sums.ok_or_else(|| candle_core::Error::Msg("no sums were made".to_owned()))
    }
}

/// Rows whose gradients are summed one by one: the sum does not depend on the number of threads.
const ROWS: usize = 64;

struct MaskedSums {
    relu: bool,
    sums: Mutex<Option<Tensor>>,
}

impl InplaceOp2 for MaskedSums {
    fn name(&self) -> &'static str {
        "masked_sums"
    }

    fn cpu_fwd(&self, grad: &mut CpuStorage, gl: &Layout, y: &CpuStorage, yl: &Layout) -> Result<()> {
        let (_, width) = gl.shape().dims2()?;
        let Some((start, end)) = gl.contiguous_offsets() else { bail!("a gradient is not contiguous") };
        let sums = match (grad, y) {
            (CpuStorage::F32(grad), CpuStorage::F32(_)) => {
                Tensor::new(masked(&mut grad[start..end], slice::<f32>(y, yl)?, width, self.relu), &Device::Cpu)?
            }
            (CpuStorage::F64(grad), CpuStorage::F64(_)) => {
                Tensor::new(masked(&mut grad[start..end], slice::<f64>(y, yl)?, width, self.relu), &Device::Cpu)?
            }
            _ => bail!("a gradient is not as its activations"),
        };
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) = Some(sums);
        Ok(())
    }
}

fn masked<T: Real>(grad: &mut [T], y: &[T], width: usize, relu: bool) -> Vec<T> {
    let count = y.len().div_ceil(ROWS * width);
    let mut parts = vec![T::zero(); count * width];
    let blocks = grad.chunks_mut(ROWS * width).zip(y.chunks(ROWS * width));
    share(parts.chunks_mut(width).zip(blocks), |(sums, (grad, y))| {
        for (grad, y) in grad.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
            for ((grad, &y), sum) in grad.iter_mut().zip(y).zip(sums.iter_mut()) {
                *grad = if relu && y <= T::zero() { T::zero() } else { *grad };
                *sum += *grad;
            }
        }
    });
    let mut total = vec![T::zero(); width];
    for part in parts.chunks(width) {
        total.iter_mut().zip(part).for_each(|(total, &x)| *total += x);
    }
    total
}
