//! Convolutions as one product of the weight with the patches of the input.

use super::kernel::{Real, Result, by_type, fused, on_gpu, slice};
use crate::backward::handed;
use crate::error::NnError;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Shape, Storage, Tensor};
use std::sync::Mutex;

/// How a window moves over an input: vertical and horizontal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Distance between neighbouring positions of the window.
    pub stride: (usize, usize),
    /// Zeros put before and after the input (for max pooling: nothing).
    pub padding: (usize, usize),
    /// Distance between neighbouring values of the window.
    pub dilation: (usize, usize),
}

impl Default for Window {
    fn default() -> Self {
        Window { stride: (1, 1), padding: (0, 0), dilation: (1, 1) }
    }
}

impl Window {
    /// Height and width of the output, `None` if the window is larger than the padded input.
    pub(crate) fn output(&self, input: (usize, usize), kernel: (usize, usize)) -> Option<(usize, usize)> {
        let along = |input: usize, kernel: usize, stride: usize, padding: usize, dilation: usize| {
            let extent = dilation * (kernel - 1) + 1;
            (input + 2 * padding).checked_sub(extent).map(|room| room / stride + 1)
        };
        let (s, p, d) = (self.stride, self.padding, self.dilation);
        Some((along(input.0, kernel.0, s.0, p.0, d.0)?, along(input.1, kernel.1, s.1, p.1, d.1)?))
    }
}

/// Cross-correlation of `x` (`batch x in x height x width`) with `weight` (`out x in / groups x kernel x kernel`).
///
/// # Errors
/// [`NnError::Shape`] for an input smaller than the window; [`NnError::Candle`] for other shapes that do not fit;
/// [`NnError::OutOfMemory`].
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    groups: usize,
) -> Result<Tensor, NnError> {
    if groups > 1 {
        return grouped(x, weight, bias, window, groups);
    }
    let (_, channels, height, width) = x.dims4()?;
    let (out, inner, kh, kw) = weight.dims4()?;
    let Some(size) = window.output((height, width), (kh, kw)).filter(|_| channels == inner) else {
        return Err(NnError::Shape {
            layer: format!("Conv {inner} -> {out}, {kh} x {kw}"),
            expected: format!("batch x {inner} x height x width, at least as large as the window less its padding"),
            found: x.dims().to_vec(),
            after: None,
        });
    };
    if x.dim(0)? == 0 {
        return Ok(Tensor::zeros((0, out, size.0, size.1), x.dtype(), x.device())?);
    }
    let none = || Tensor::zeros(out, weight.dtype(), weight.device());
    let bias = bias.map_or_else(none, |bias| Ok(bias.clone()))?;
    if (fused(x) || on_gpu(x)) && x.dtype() == weight.dtype() {
        let op = Conv { window, size, patches: Mutex::new(None) };
        return Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?);
    }
    composed(x, weight, &bias, window)
}

/// `conv2d` of a sequence: `x` is `batch x in x time`, `weight` is `out x in / groups x kernel`.
///
/// # Errors
/// As [`conv2d`].
pub fn conv1d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    groups: usize,
) -> Result<Tensor, NnError> {
    Ok(conv2d(&x.unsqueeze(2)?, &weight.unsqueeze(2)?, bias, window, groups)?.squeeze(2)?)
}

fn grouped(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    groups: usize,
) -> Result<Tensor, NnError> {
    let (xs, weights) = (x.chunk(groups, 1)?, weight.chunk(groups, 0)?);
    let biases = bias.map(|bias| bias.chunk(groups, 0)).transpose()?;
    let one = |i: usize| conv2d(&xs[i], &weights[i], biases.as_ref().map(|b| &b[i]), window, 1);
    let parts = (0..groups).map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(Tensor::cat(&parts, 1)?)
}

/// By candle's own convolution, which takes square strides only, or by patches gathered with differentiable indexing.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, window: Window) -> Result<Tensor, NnError> {
    let (out, inner, kh, kw) = weight.dims4()?;
    let (patches, (oh, ow)) = super::pool::patches(x, (kh, kw), window)?;
    let (batch, ..) = x.dims4()?;
    // batch x in x (kernel) x (output) -> batch x (in kernel) x (output)
    let patches = patches.reshape((batch, inner * kh * kw, oh * ow))?;
    let weight = weight.reshape((1, out, inner * kh * kw))?.broadcast_as((batch, out, inner * kh * kw))?;
    let y = super::linear::matmul(&weight.contiguous()?.to_dtype(patches.dtype())?, &patches.contiguous()?)?;
    Ok(y.broadcast_add(&bias.to_dtype(y.dtype())?.reshape((out, 1))?)?.reshape((batch, out, oh, ow))?)
}

struct Conv {
    window: Window,
    size: (usize, usize),
    /// The patches of the forward pass, kept for the backward pass.
    patches: Mutex<Option<Tensor>>,
}

/// Sizes of one convolution.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    channels: usize,
    input: (usize, usize),
    kernel: (usize, usize),
    output: (usize, usize),
}

impl Sizes {
    fn new(x: &[usize], weight: &[usize], output: (usize, usize)) -> Self {
        let (batch, channels, input) = (x[0], x[1], (x[2], x[3]));
        Sizes { batch, channels, input, kernel: (weight[2], weight[3]), output }
    }

    /// The same for the kernels for GPUs.
    #[cfg(feature = "cuda")]
    fn on_gpu(&self, window: Window) -> crate::cuda::Sizes {
        let Sizes { batch, channels, input, kernel, output } = *self;
        crate::cuda::Sizes { batch, channels, input, kernel, output, window }
    }

    /// Rows of the patch matrix.
    fn depth(&self) -> usize {
        self.channels * self.kernel.0 * self.kernel.1
    }

    /// Positions of the window in one input.
    fn positions(&self) -> usize {
        self.output.0 * self.output.1
    }
}

impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv"
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
        let sizes = Sizes::new(xl.dims(), wl.dims(), self.size);
        let (out, depth, columns) = (wl.dims()[0], sizes.depth(), sizes.batch * sizes.positions());
        let storage = by_type!(x, T => {
            let patches = Tensor::from_vec(gather(slice::<T>(x, xl)?, sizes, self.window), (depth, columns), &candle_core::Device::Cpu)?;
            let flat = Layout::contiguous_with_offset((out, depth), wl.start_offset());
            let y = {
                let (guard, layout) = patches.storage_and_layout();
                let Storage::Cpu(storage) = &*guard else { candle_core::bail!("patches are made on the CPU") };
                weight.matmul(storage, (1, out, columns, depth), &flat, layout)?
            };
            *self.patches.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(patches);
            let y = T::cpu_storage_data(y)?;
            T::to_cpu_storage_owned(batch_first(&y, slice::<T>(bias, bl)?, sizes.batch, sizes.positions()))
        });
        Ok((storage, (sizes.batch, out, self.size.0, self.size.1).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        xl: &Layout,
        weight: &CudaStorage,
        wl: &Layout,
        bias: &CudaStorage,
        bl: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let sizes = Sizes::new(xl.dims(), wl.dims(), self.size);
        let (out, depth, columns) = (wl.dims()[0], sizes.depth(), sizes.batch * sizes.positions());
        let patches = crate::cuda::gather(x, xl, sizes.on_gpu(self.window))?;
        let flat = Layout::contiguous_with_offset((out, depth), wl.start_offset());
        let y = weight.matmul(&patches, (1, out, columns, depth), &flat, &Layout::contiguous((depth, columns)))?;
        let bias = bias.to_dtype(bl, candle_core::DType::F32)?;
        let storage = crate::cuda::with_bias(&y, (&bias, &Layout::contiguous(out)), sizes.batch, sizes.positions())?;
        let patches = crate::cuda::made(patches, (depth, columns));
        *self.patches.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(patches);
        Ok((storage, (sizes.batch, out, self.size.0, self.size.1).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::new(x.dims(), weight.dims(), self.size);
        // out x (batch positions), as the forward product was.
        let grad = grad.contiguous()?.apply_op1_no_bwd(&ChannelsFirst)?;
        let patches = self.patches.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let of_weight = match patches.filter(|_| weight.track_op()) {
            Some(patches) => handed(weight, grad.matmul(&patches.t()?)?.reshape(weight.shape())?)?,
            None => None,
        };
        let of_bias = if bias.track_op() { handed(bias, grad.sum(1)?)? } else { None };
        let scattered = || {
            let flat = weight.reshape((weight.dim(0)?, sizes.depth()))?;
            flat.t()?.matmul(&grad)?.apply_op1_no_bwd(&Scatter { sizes, window: self.window })
        };
        let of_x = x.track_op().then(scattered).transpose()?;
        Ok((of_x, of_weight, of_bias))
    }
}

/// The part of a row of outputs whose window reads inside the input: `(first, end)`, and the input of the first.
fn inside(output: usize, input: usize, stride: usize, padding: usize, at: usize) -> (usize, usize) {
    let first = padding.saturating_sub(at).div_ceil(stride).min(output);
    let end = (input + padding).saturating_sub(at).div_ceil(stride).min(output);
    (first, end.max(first))
}

/// The patches: row `(channel, kernel row, kernel column)`, column `(batch, output row, output column)`.
fn gather<T: Real>(x: &[T], sizes: Sizes, window: Window) -> Vec<T> {
    let columns = sizes.batch * sizes.positions();
    let mut out = vec![T::zero(); sizes.depth() * columns];
    let fill = |(row, out): (usize, &mut [T])| {
        each_run(row, sizes, window, |batch_channel, to, from, count| {
            let plane = &x[batch_channel * sizes.input.0 * sizes.input.1..];
            let stride = window.stride.1;
            if stride == 1 {
                out[to..to + count].copy_from_slice(&plane[from..from + count]);
            } else {
                (0..count).for_each(|i| out[to + i] = plane[from + i * stride]);
            }
        });
    };
    if out.len() < super::kernel::SERIAL {
        out.chunks_mut(columns).enumerate().for_each(fill);
    } else {
        super::kernel::share(out.chunks_mut(columns).enumerate(), fill);
    }
    out
}

/// Calls `f(batch * channels + channel, place in the row, place in the plane, count)` for each run of row `row`.
fn each_run(row: usize, sizes: Sizes, window: Window, mut f: impl FnMut(usize, usize, usize, usize)) {
    let (kh, kw) = sizes.kernel;
    let (channel, ki, kj) = (row / (kh * kw), row / kw % kh, row % kw);
    let (oh, ow) = sizes.output;
    let (top, left) = (ki * window.dilation.0, kj * window.dilation.1);
    let rows = inside(oh, sizes.input.0, window.stride.0, window.padding.0, top);
    let cols = inside(ow, sizes.input.1, window.stride.1, window.padding.1, left);
    for b in 0..sizes.batch {
        for i in rows.0..rows.1 {
            let y = i * window.stride.0 + top - window.padding.0;
            let x = cols.0 * window.stride.1 + left;
            if cols.1 > cols.0 {
                let from = y * sizes.input.1 + x - window.padding.1;
                f(b * sizes.channels + channel, (b * oh + i) * ow + cols.0, from, cols.1 - cols.0);
            }
        }
    }
}

/// `out x batch x positions` as `batch x out x positions`, with the bias added.
fn batch_first<T: Real>(y: &[T], bias: &[T], batch: usize, positions: usize) -> Vec<T> {
    let channels = bias.len();
    let mut out = vec![T::zero(); y.len()];
    super::kernel::rows(&mut out, positions, |row, i| {
        let (b, c) = (i / channels, i % channels);
        let from = &y[(c * batch + b) * positions..];
        row.iter_mut().zip(from).for_each(|(out, &y)| *out = y + bias[c]);
    });
    out
}

/// `batch x channels x height x width` as `channels x (batch height width)`.
struct ChannelsFirst;

impl CustomOp1 for ChannelsFirst {
    fn name(&self) -> &'static str {
        "channels_first"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let positions = height * width;
        let out = by_type!(storage, T => {
            let x = slice::<T>(storage, layout)?;
            let mut out = vec![T::from_f64(0.0); x.len()];
            super::kernel::rows(&mut out, positions, |row, i| {
                let (c, b) = (i / batch, i % batch);
                row.copy_from_slice(&x[(b * channels + c) * positions..][..positions]);
            });
            T::to_cpu_storage_owned(out)
        });
        Ok((out, (channels, batch * positions).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        Ok((crate::cuda::turned(storage, layout)?, (channels, batch * height * width).into()))
    }
}

/// Adds the gradients of the patches up where they came from.
struct Scatter {
    sizes: Sizes,
    window: Window,
}

impl CustomOp1 for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let sizes = self.sizes;
        let out = by_type!(storage, T => {
            T::to_cpu_storage_owned(scatter(slice::<T>(storage, layout)?, sizes, self.window))
        });
        Ok((out, (sizes.batch, sizes.channels, sizes.input.0, sizes.input.1).into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let sizes = self.sizes;
        let out = crate::cuda::scatter(storage, layout, sizes.on_gpu(self.window))?;
        Ok((out, (sizes.batch, sizes.channels, sizes.input.0, sizes.input.1).into()))
    }
}

fn scatter<T: Real>(grad: &[T], sizes: Sizes, window: Window) -> Vec<T> {
    let (plane, columns) = (sizes.input.0 * sizes.input.1, sizes.batch * sizes.positions());
    let taps = sizes.kernel.0 * sizes.kernel.1;
    // One channel over all batches per unit of work: its rows of the patches are added in their order.
    let one = |(channel, sums): (usize, &mut [T])| {
        for row in channel * taps..(channel + 1) * taps {
            let grad = &grad[row * columns..(row + 1) * columns];
            each_run(row, sizes, window, |batch_channel, from, to, count| {
                let to = batch_channel / sizes.channels * plane + to;
                (0..count).for_each(|i| sums[to + i * window.stride.1] += grad[from + i]);
            });
        }
    };
    let mut parts = vec![T::zero(); sizes.channels * sizes.batch * plane];
    super::kernel::share(parts.chunks_mut(sizes.batch * plane).enumerate(), one);
    let mut out = Vec::with_capacity(sizes.batch * sizes.channels * plane);
    for b in 0..sizes.batch {
        let parts = parts.chunks(sizes.batch * plane);
        parts.for_each(|part| out.extend_from_slice(&part[b * plane..(b + 1) * plane]));
    }
    out
}
