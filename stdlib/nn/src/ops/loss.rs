//! Mean losses whose gradient is made in the forward pass.

use super::kernel::{BLOCK, Real, Result, by_type, fused, on_gpu, share, slice};
use super::softmax::largest;
use crate::error::NnError;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Shape, Tensor};
use std::sync::Mutex;

/// A loss of one output and one target.
pub(crate) trait Pointwise: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// Its number in the kernels for GPUs.
    #[cfg(feature = "cuda")]
    const KIND: usize;
    /// Refuses numbers of the loss that make no sense.
    fn check(&self) -> std::result::Result<(), NnError> {
        Ok(())
    }

    /// The loss and its slope at the output.
    fn at(&self, output: f64, target: f64) -> (f64, f64);

    /// Where it becomes linear, if it does.
    #[cfg(feature = "cuda")]
    fn delta(&self) -> f64 {
        1.0
    }
}

/// The mean loss, if the fused function can make it.
pub(crate) fn mean<P: Pointwise>(output: &Tensor, target: &Tensor, loss: P) -> Result<Option<Tensor>> {
    let takes = fused(output) || (on_gpu(output) && output.dtype() == DType::F32);
    if !takes || target.track_op() || output.dtype() != target.dtype() {
        return Ok(None);
    }
    let op = Mean { loss, slope: Mutex::new(None) };
    Ok(Some(output.contiguous()?.apply_op2(&target.contiguous()?, op)?))
}

struct Mean<P> {
    loss: P,
    slope: Mutex<Option<Tensor>>,
}

impl<P: Pointwise> Mean<P> {
    /// The sum of the losses, by blocks of a fixed size, and the slopes of their mean.
    fn losses<T: Real>(&self, output: &[T], target: &[T]) -> (f64, Vec<T>) {
        let n = output.len() as f64;
        let mut slopes = vec![T::zero(); output.len()];
        let mut sums = vec![0.0; output.len().div_ceil(BLOCK)];
        let values = output.chunks(BLOCK).zip(target.chunks(BLOCK));
        share(sums.iter_mut().zip(slopes.chunks_mut(BLOCK)).zip(values), |((sum, slopes), (output, target))| {
            for ((slope, x), t) in slopes.iter_mut().zip(output).zip(target) {
                let (loss, of_x) = self.loss.at(x.to_f64(), t.to_f64());
                *sum += loss;
                *slope = T::from_f64(of_x / n);
            }
        });
        (sums.iter().sum(), slopes)
    }
}

impl<P: Pointwise> CustomOp2 for Mean<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = by_type!(s1, T => {
            let (output, target) = (slice::<T>(s1, l1)?, slice::<T>(s2, l2)?);
            let n = output.len() as f64;
            let (loss, slopes) = self.losses(output, target);
            let loss = loss / n;
            keep(&self.slope, Tensor::from_vec(slopes, l1.shape().clone(), &candle_core::Device::Cpu)?);
            T::to_cpu_storage_owned(vec![T::from_f64(loss)])
        });
        Ok((out, ().into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<(CudaStorage, Shape)> {
        let (mean, slope) = crate::cuda::pointwise(P::KIND, self.loss.delta(), (s1, l1), (s2, l2))?;
        keep(&self.slope, slope);
        Ok((mean, ().into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((scaled(&self.slope, grad)?, None))
    }
}

fn keep(slot: &Mutex<Option<Tensor>>, slope: Tensor) {
    *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(slope);
}

fn scaled(slot: &Mutex<Option<Tensor>>, grad: &Tensor) -> Result<Option<Tensor>> {
    let slope = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    if !grad.device().is_cpu() {
        // Looking at the value would wait for the device.
        return slope.map(|slope| slope.broadcast_mul(grad)).transpose();
    }
    let grad = grad.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    slope.map(|slope| if grad == 1.0 { Ok(slope) } else { slope.affine(grad, 0.0) }).transpose()
}

/// The mean cross entropy of logits `rows x classes`, if the fused function can make it.
pub(crate) fn cross_entropy(logits: &Tensor, classes: &[u32], smoothing: f64) -> Result<Option<Tensor>> {
    if !fused(logits) {
        return Ok(None);
    }
    let op = CrossEntropy { classes: classes.to_vec(), smoothing, slope: Mutex::new(None) };
    Ok(Some(logits.contiguous()?.apply_op1(op)?))
}

struct CrossEntropy {
    classes: Vec<u32>,
    smoothing: f64,
    slope: Mutex<Option<Tensor>>,
}

impl CrossEntropy {
    /// Turns a row of logits into the slope of its loss over `n` rows; gives the loss.
    fn row<T: Real>(&self, row: &mut [T], class: usize, n: f64) -> f64 {
        let shift = largest(row).to_f64();
        let count = row.len() as f64;
        let total: f64 = row.iter().map(|x| x.to_f64()).sum();
        let of_class = row[class].to_f64();
        let powers: f64 = row.iter().map(|x| (x.to_f64() - shift).exp()).sum();
        let log = powers.ln() + shift;
        let even = self.smoothing / count;
        for x in row.iter_mut() {
            *x = T::from_f64(((x.to_f64() - log).exp() - even) / n);
        }
        row[class] -= T::from_f64((1.0 - self.smoothing) / n);
        log - (1.0 - self.smoothing) * of_class - even * total
    }
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, width) = layout.shape().dims2()?;
        let out = by_type!(storage, T => {
            let mut slopes = slice::<T>(storage, layout)?.to_vec();
            let rows = slopes.chunks_mut(width).zip(&self.classes);
            let loss: f64 = rows.map(|(row, &class)| self.row(row, class as usize, n as f64)).sum();
            keep(&self.slope, Tensor::from_vec(slopes, (n, width), &candle_core::Device::Cpu)?);
            T::to_cpu_storage_owned(vec![T::from_f64(loss / n as f64)])
        });
        Ok((out, ().into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        scaled(&self.slope, grad)
    }
}

/// The mean cross entropy of logits `rows x classes` and targets on one GPU, if the fused function can make it and all
/// targets are classes.
pub(crate) fn cross_entropy_on_gpu(logits: &Tensor, target: &Tensor, smoothing: f64) -> Result<Option<Tensor>> {
    #[cfg(feature = "cuda")]
    if on_gpu(logits)
        && logits.dtype() == DType::F32
        && logits.elem_count() > 0
        && target.device().same_device(logits.device())
    {
        let classes = crate::cuda::row_numbers(&target.flatten_all()?, logits.dim(1)?)?;
        let op = |classes| OnGpu { classes, smoothing, slope: Mutex::new(None) };
        return classes.map(|classes| logits.contiguous()?.apply_op1(op(classes))).transpose();
    }
    let _ = (logits, target, smoothing);
    Ok(None)
}

/// Cross entropy with the classes on the GPU.
#[cfg(feature = "cuda")]
struct OnGpu {
    classes: Tensor,
    smoothing: f64,
    slope: Mutex<Option<Tensor>>,
}

#[cfg(feature = "cuda")]
impl CustomOp1 for OnGpu {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        candle_core::bail!("this cross entropy is for GPUs")
    }

    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (mean, slope) = crate::cuda::cross_entropy(storage, layout, &self.classes, self.smoothing)?;
        keep(&self.slope, slope);
        Ok((mean, ().into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        scaled(&self.slope, grad)
    }
}
