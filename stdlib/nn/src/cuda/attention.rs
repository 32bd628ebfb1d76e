//! Self-attention from the products of queries, keys and values to the mixed values: one node of the graph.

use super::launch::{Launch, address, kernel, made, on_gpu, place, room};
use super::product::{Factor, Sizes, product};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaDevice, CudaStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, bail};
use std::sync::{Mutex, PoisonError};

/// `batch x time x 3 width` to `batch x time x width`, in several heads; the softmax in f32 whatever the type.
pub(crate) struct Attend {
    heads: usize,
    causal: bool,
    kept: Mutex<Option<Kept>>,
}

/// Queries, keys and values by heads, and the weights.
struct Kept {
    parts: Tensor,
    weights: Tensor,
}

/// Sizes of one attention.
#[derive(Clone, Copy)]
struct Shaped {
    batch: usize,
    time: usize,
    heads: usize,
    d: usize,
    dtype: DType,
}

impl Shaped {
    /// Values of the queries, of the keys, of the values.
    fn part(&self) -> usize {
        self.batch * self.time * self.heads * self.d
    }

    /// Number of products.
    fn pairs(&self) -> usize {
        self.batch * self.heads
    }

    /// A product per head of an `m x k` and a `k x n` matrix.
    fn sizes(&self, m: usize, n: usize, k: usize) -> Sizes {
        Sizes { batch: self.pairs(), m, n, k, input: self.dtype, output: self.dtype }
    }

    fn scale(&self) -> f64 {
        1.0 / (self.d as f64).sqrt()
    }
}

impl Attend {
    pub(crate) fn new(heads: usize, causal: bool) -> Self {
        Attend { heads, causal, kept: Mutex::new(None) }
    }

    fn shaped(&self, batch: usize, time: usize, width: usize, dtype: DType) -> Shaped {
        Shaped { batch, time, heads: self.heads, d: width / self.heads, dtype }
    }
}

fn straight(place: u64) -> Factor {
    Factor { place, transposed: false }
}

fn turned(place: u64) -> Factor {
    Factor { place, transposed: true }
}

impl CustomOp1 for Attend {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        bail!("this attention is for GPUs")
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (batch, time, all) = layout.shape().dims3()?;
        let (device, s) = (x.device(), self.shaped(batch, time, all / 3, x.dtype()));
        let parts = room(device, 3 * s.part(), s.dtype)?;
        turn(device, (place(x, layout.start_offset())?, place(&parts, 0)?), s, 3, false)?;
        let part = |i: usize| place(&parts, i * s.part());
        let weights = room(device, s.pairs() * time * time, s.dtype)?;
        let at = place(&weights, 0)?;
        product(device, s.sizes(time, time, s.d), straight(part(0)?), turned(part(1)?), at)?;
        let queries = if self.causal { time } else { 0 };
        let launch = Launch::new(device, kernel!("softmax_rows", s.dtype)).place(at).place(at);
        launch.int(time).int(queries).real(s.scale()).flag(false).rows(s.pairs() * time, time)?;
        let mixed = room(device, s.part(), s.dtype)?;
        product(device, s.sizes(time, s.d, time), straight(at), straight(part(2)?), place(&mixed, 0)?)?;
        let out = room(device, s.part(), s.dtype)?;
        turn(device, (place(&mixed, 0)?, place(&out, 0)?), s, 1, true)?;
        let kept = Kept { parts: made(parts, 3 * s.part()), weights: made(weights, s.pairs() * time * time) };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok((out, (batch, time, all / 3).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.as_ref() else { bail!("attend: backward before forward") };
        let (batch, time, width) = grad.dims3()?;
        let s = self.shaped(batch, time, width, x.dtype());
        let grad = grad.contiguous()?;
        let (guard, layout) = grad.storage_and_layout();
        let storage = on_gpu(&guard)?;
        let out = of_parts(storage.device(), s, kept, (storage, layout))?;
        Ok(Some(made(out, x.shape().clone())))
    }
}

/// The gradient of queries, keys and values where they came from.
fn of_parts(device: &CudaDevice, s: Shaped, kept: &Kept, grad: (&CudaStorage, &Layout)) -> Result<CudaStorage> {
    let (time, d) = (s.time, s.d);
    let by_heads = room(device, s.part(), s.dtype)?;
    turn(device, (place(grad.0, grad.1.start_offset())?, place(&by_heads, 0)?), s, 1, false)?;
    let (grad, weights) = (place(&by_heads, 0)?, address(&kept.weights)?);
    let (first, bytes) = (address(&kept.parts)?, (s.part() * s.dtype.size_in_bytes()) as u64);
    let (q, k, v) = (first, first + bytes, first + 2 * bytes);
    let slopes = room(device, 3 * s.part(), s.dtype)?;
    let slope = |i: usize| place(&slopes, i * s.part());
    product(device, s.sizes(time, d, time), turned(weights), straight(grad), slope(2)?)?;
    let scores = room(device, s.pairs() * time * time, s.dtype)?;
    let at = place(&scores, 0)?;
    product(device, s.sizes(time, time, d), straight(grad), turned(v), at)?;
    let launch = Launch::new(device, kernel!("softmax_slope", s.dtype)).place(weights).place(at).place(at);
    launch.int(time).real(s.scale()).flag(false).rows(s.pairs() * time, time)?;
    product(device, s.sizes(time, d, time), straight(at), straight(k), slope(0)?)?;
    product(device, s.sizes(time, d, time), turned(at), straight(q), slope(1)?)?;
    let out = room(device, 3 * s.part(), s.dtype)?;
    turn(device, (place(&slopes, 0)?, place(&out, 0)?), s, 3, true)?;
    Ok(out)
}

/// Changes `batch x time x parts x heads x d` to `parts x batch x heads x time x d`, or `back`.
fn turn(device: &CudaDevice, (from, to): (u64, u64), s: Shaped, parts: usize, back: bool) -> Result<()> {
    const WIDE: usize = 16;
    let bytes = s.d * s.dtype.size_in_bytes();
    let wide = bytes.is_multiple_of(WIDE) && [from, to].iter().all(|place| place.is_multiple_of(WIDE as u64));
    let (name, d) = if wide { ("turn_heads_wide", bytes / WIDE) } else { (kernel!("turn_heads", s.dtype), s.d) };
    let launch = Launch::new(device, name).place(from).place(to).int(s.batch).int(s.time).int(parts);
    launch.int(s.heads).int(d).flag(back).each(parts * s.batch * s.time * s.heads * d)
}
