//! Dropout whose mask is a function of a seed and a value's place: the same on every device and for any number of threads.

use super::kernel::{Real, Result, by_type, fused, on_gpu, slice};
use crate::error::NnError;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};
use rayon::prelude::*;

/// Each value is 0 with chance `rate`, else divided by `1 - rate` (Srivastava et al. 2014).
///
/// # Errors
/// [`NnError::Candle`], [`NnError::OutOfMemory`].
pub(crate) fn dropout(x: &Tensor, rate: f64, seed: u64) -> Result<Tensor, NnError> {
    let mask = Mask { seed, limit: (rate * 4_294_967_296.0) as u32, scale: 1.0 / (1.0 - rate) };
    if fused(x) || on_gpu(x) {
        return Ok(x.contiguous()?.apply_op1(mask)?);
    }
    let values: Vec<f32> = (0..x.elem_count()).map(|i| mask.at(i) as f32).collect();
    let values = Tensor::from_vec(values, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?.to_device(x.device())?;
    Ok((x * values)?)
}

#[derive(Clone, Copy)]
struct Mask {
    seed: u64,
    /// Below it of 32 random bits, a value is dropped.
    limit: u32,
    scale: f64,
}

impl Mask {
    /// What the value at a place is multiplied by. SplitMix64 (Steele et al. 2014) by its counter, half a draw per value.
    #[inline(always)]
    fn at(&self, place: usize) -> f64 {
        let draw = (place as u64 / 2 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed.wrapping_add(draw);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let bits = if place.is_multiple_of(2) { (z >> 32) as u32 } else { z as u32 };
        if bits >= self.limit { self.scale } else { 0.0 }
    }

    fn apply<T: Real>(&self, x: &[T]) -> Vec<T> {
        const BLOCK: usize = 1 << 14;
        let mut out = vec![T::zero(); x.len()];
        let block = |(number, (out, x)): (usize, (&mut [T], &[T]))| {
            let pairs = out.iter_mut().zip(x).enumerate();
            pairs.for_each(|(i, (out, &x))| *out = x * T::from_f64(self.at(number * BLOCK + i)));
        };
        if x.len() < super::kernel::SERIAL {
            out.chunks_mut(BLOCK).zip(x.chunks(BLOCK)).enumerate().for_each(block);
        } else {
            out.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).enumerate().for_each(block);
        }
        out
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = by_type!(storage, T => T::to_cpu_storage_owned(self.apply(slice::<T>(storage, layout)?)));
        Ok((out, layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        crate::cuda::dropout(storage, layout, self.seed, self.limit, self.scale)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(self)?))
    }
}
