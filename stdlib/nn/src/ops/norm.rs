//! Normalisation over the last dimension, and a scale and shift per channel.

use super::kernel::{Real, Result, by_type, fused, rows, slice, sum_rows};
use crate::backward::handed;
use crate::error::NnError;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, D, DType, Layout, Shape, Tensor};

/// Layer norm over the last dimension (Ba et al. 2016): `(x - mean) / sqrt(variance + eps) * weight + bias`.
///
/// # Errors
/// [`NnError::Candle`] for shapes that do not fit, [`NnError::OutOfMemory`].
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor, NnError> {
    if let Some(out) = whole(x, weight, bias, (eps, true), x.dtype())? {
        return Ok(out);
    }
    let width = x.dim(D::Minus1)?;
    affine(&normalize(x, eps, true)?, weight, bias, width, 1)
}

/// Root mean square norm over the last dimension (Zhang & Sennrich 2019): `x / sqrt(mean(x^2) + eps) * weight`.
///
/// # Errors
/// As [`layer_norm`].
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor, NnError> {
    let width = x.dim(D::Minus1)?;
    let none = weight.detach().zeros_like()?;
    if let Some(out) = whole(x, weight, &none, (eps, false), x.dtype())? {
        return Ok(out);
    }
    affine(&normalize(x, eps, false)?, weight, &none, width, 1)
}

/// The norm with its scale and shift as one operation, on a GPU; `output` is the type of the input, or bf16.
pub(crate) fn whole(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    (eps, centre): (f64, bool),
    output: DType,
) -> Result<Option<Tensor>, NnError> {
    let f32 = |t: &Tensor| t.dtype() == DType::F32;
    let types = output == x.dtype() || output == DType::BF16;
    if !super::kernel::on_gpu(x) || !f32(weight) || !f32(bias) || !types || x.elem_count() == 0 {
        return Ok(None);
    }
    #[cfg(feature = "cuda")]
    {
        let op = crate::cuda::Norm::new(eps, centre, output);
        Ok(Some(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?))
    }
    #[cfg(not(feature = "cuda"))]
    {
        let _ = (eps, centre, output);
        Ok(None)
    }
}

/// Each row of the last dimension over its deviation (`centre`) or its root mean square.
pub(crate) fn normalize(x: &Tensor, eps: f64, centre: bool) -> Result<Tensor, NnError> {
    if fused(x) {
        return Ok(x.contiguous()?.apply_op1(Normalize { eps, centre })?);
    }
    let x = if centre { x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)? } else { x.clone() };
    let scale = (x.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    Ok(x.broadcast_div(&scale)?)
}

/// `x * weight[c] + bias[c]`, where the `channels` channels are followed by `inner` values each.
pub(crate) fn affine(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    channels: usize,
    inner: usize,
) -> Result<Tensor, NnError> {
    if fused(x) && x.dtype() == weight.dtype() {
        let op = Affine { channels, inner };
        return Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?);
    }
    let shaped = |t: &Tensor| t.reshape((channels, inner.min(1)))?.to_dtype(x.dtype());
    let flat = x.reshape(((), channels, inner))?;
    Ok(flat.broadcast_mul(&shaped(weight)?)?.broadcast_add(&shaped(bias)?)?.reshape(x.shape())?)
}

struct Normalize {
    eps: f64,
    centre: bool,
}

impl Normalize {
    /// The mean (0 unless centred) and the reciprocal scale of a row.
    fn moments<T: Real>(&self, row: &[T]) -> (T, T) {
        let n = row.len() as f64;
        let mean = if self.centre { row.iter().map(|x| x.to_f64()).sum::<f64>() / n } else { 0.0 };
        let square = |x: &T| (x.to_f64() - mean) * (x.to_f64() - mean);
        let variance = row.iter().map(square).sum::<f64>() / n;
        (T::from_f64(mean), T::from_f64(1.0 / (variance + self.eps).sqrt()))
    }
}

impl CustomOp1 for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = layout.dims().last().copied().unwrap_or(1);
        let out = by_type!(storage, T => {
            let mut out = slice::<T>(storage, layout)?.to_vec();
            rows(&mut out, width, |row, _| {
                let (mean, scale) = self.moments(row);
                row.iter_mut().for_each(|x| *x = (*x - mean) * scale);
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let op = NormalizeSlope(Normalize { eps: self.eps, centre: self.centre });
        Ok(Some(x.apply_op3_no_bwd(y, &grad.contiguous()?, &op)?))
    }
}

struct NormalizeSlope(Normalize);

impl CustomOp3 for NormalizeSlope {
    fn name(&self) -> &'static str {
        "normalize_slope"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        xl: &Layout,
        y: &CpuStorage,
        yl: &Layout,
        grad: &CpuStorage,
        gl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let width = xl.dims().last().copied().unwrap_or(1);
        let out = by_type!(x, T => {
            let (x, y) = (slice::<T>(x, xl)?, slice::<T>(y, yl)?);
            let mut out = slice::<T>(grad, gl)?.to_vec();
            rows(&mut out, width, |row, i| {
                let at = i * width..(i + 1) * width;
                let (_, scale) = self.0.moments(&x[at.clone()]);
                normalize_slope(row, &y[at], scale, self.0.centre);
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, xl.shape().clone()))
    }
}

/// `scale (g - mean(g) - y mean(g y))`; without the first mean where nothing was centred.
fn normalize_slope<T: Real>(grad: &mut [T], y: &[T], scale: T, centre: bool) {
    let n = grad.len() as f64;
    let mean = if centre { grad.iter().map(|g| g.to_f64()).sum::<f64>() / n } else { 0.0 };
    let dot = grad.iter().zip(y).map(|(g, y)| g.to_f64() * y.to_f64()).sum::<f64>() / n;
    let (mean, dot) = (T::from_f64(mean), T::from_f64(dot));
    grad.iter_mut().zip(y).for_each(|(g, &y)| *g = scale * (*g - mean - y * dot));
}

struct Affine {
    channels: usize,
    inner: usize,
}

impl Affine {
    /// Calls `f(channel, first value, number of values)` for the runs of one channel in row `row`.
    fn runs(&self, mut f: impl FnMut(usize, usize)) {
        (0..self.channels).for_each(|c| f(c, c * self.inner));
    }
}

impl CustomOp3 for Affine {
    fn name(&self) -> &'static str {
        "affine"
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
        let width = self.channels * self.inner;
        if wl.shape().elem_count() != self.channels || bl.shape().elem_count() != self.channels {
            candle_core::bail!("affine: {} channels, a weight of {:?}", self.channels, wl.shape());
        }
        let out = by_type!(x, T => {
            let (weight, bias) = (slice::<T>(weight, wl)?, slice::<T>(bias, bl)?);
            let mut out = slice::<T>(x, xl)?.to_vec();
            rows(&mut out, width, |row, _| {
                if self.inner == 1 {
                    row.iter_mut().zip(weight).zip(bias).for_each(|((x, &w), &b)| *x = *x * w + b);
                } else {
                    self.runs(|c, at| row[at..at + self.inner].iter_mut().for_each(|x| *x = *x * weight[c] + bias[c]));
                }
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, xl.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (channels, inner) = (self.channels, self.inner);
        let none = weight.detach().zeros_like()?;
        let of_x = || grad.apply_op3_no_bwd(weight, &none, &Affine { channels, inner });
        let of_x = x.track_op().then(of_x).transpose()?;
        let sum = |times: bool| {
            let first = if times { x } else { &grad };
            first.apply_op2_no_bwd(&grad, &SumChannels { channels, inner, times })
        };
        let of_weight = if weight.track_op() { handed(weight, sum(true)?)? } else { None };
        let of_bias = if bias.track_op() { handed(bias, sum(false)?)? } else { None };
        Ok((of_x, of_weight, of_bias))
    }
}

/// The sum per channel of the second tensor, or of its product with the first.
struct SumChannels {
    channels: usize,
    inner: usize,
    times: bool,
}

impl CustomOp2 for SumChannels {
    fn name(&self) -> &'static str {
        "sum_channels"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (channels, inner) = (self.channels, self.inner);
        let width = channels * inner;
        let out = by_type!(s2, T => {
            let (x, grad) = (slice::<T>(s1, l1)?, slice::<T>(s2, l2)?);
            let one = T::from_f64(1.0);
            let add = |row: usize, sums: &mut [T]| {
                for (c, sum) in sums.iter_mut().enumerate() {
                    let at = row * width + c * inner;
                    let pairs = x[at..at + inner].iter().zip(&grad[at..at + inner]);
                    *sum += pairs.fold(T::from_f64(0.0), |sum, (&x, &g)| sum + if self.times { x } else { one } * g);
                }
            };
            T::to_cpu_storage_owned(sum_rows(grad.len() / width, channels, add))
        });
        Ok((out, channels.into()))
    }
}
