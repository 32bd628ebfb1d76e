//! What the fused functions share: slices of tensors, and loops over them.

use candle_core::{CpuStorage, DType, Layout, Tensor, WithDType, bail};
use rayon::prelude::*;
use std::cell::Cell;

/// The result of a kernel, unless it says otherwise.
pub(super) type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

/// Fewer values than this are not worth a second thread.
pub(super) const SERIAL: usize = 1 << 15;
/// Values per unit of parallel work.
const BLOCK: usize = 1 << 14;

/// `f32` and `f64`, with the functions that the kernels need.
pub(super) trait Real: WithDType {
    fn exp(self) -> Self;
    fn tanh(self) -> Self;
    fn ln_1p(self) -> Self;
    fn erf(self) -> Self;
    fn abs(self) -> Self;
}

macro_rules! real {
    // the two float types share no trait in std
    ($float:ident, $erf:ident) => {
        impl Real for $float {
            #[inline(always)]
            fn exp(self) -> Self {
                $float::exp(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $float::tanh(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                $float::ln_1p(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                candle_core::cpu::erf::$erf(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }
        }
    };
}
real!(f32, erf_f32);
real!(f64, erf_f64);

thread_local! {
    static COMPOSED: Cell<bool> = const { Cell::new(false) };
}

/// Calls `f` with every function composed of candle's operations, as on a GPU; for tests of those.
#[doc(hidden)]
pub fn composed<T>(f: impl FnOnce() -> T) -> T {
    COMPOSED.set(true);
    let out = f();
    COMPOSED.set(false);
    out
}

/// Whether the fused functions can take this tensor.
pub(super) fn fused(x: &Tensor) -> bool {
    !COMPOSED.get() && x.device().is_cpu() && matches!(x.dtype(), DType::F32 | DType::F64)
}

/// Whether the fused functions for GPUs can take this tensor.
pub(crate) fn on_gpu(x: &Tensor) -> bool {
    #[cfg(feature = "cuda")]
    return !COMPOSED.get() && x.device().is_cuda() && matches!(x.dtype(), DType::F32 | DType::BF16);
    #[cfg(not(feature = "cuda"))]
    {
        let _ = x;
        false
    }
}

/// The values of a contiguous tensor.
pub(super) fn slice<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&T::cpu_storage_as_slice(storage)?[start..end]),
        None => bail!("a fused operation got a tensor that is not contiguous"),
    }
}

/// `f` of each value.
pub(super) fn map<T: Real>(x: &[T], f: impl Fn(T) -> T + Sync) -> Vec<T> {
    if x.len() < SERIAL {
        return x.iter().map(|&x| f(x)).collect();
    }
    let mut out = vec![T::zero(); x.len()];
    let block = |(out, x): (&mut [T], &[T])| out.iter_mut().zip(x).for_each(|(out, &x)| *out = f(x));
    out.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(block);
    out
}

/// `f` of each pair of values.
pub(super) fn map2<T: Real>(a: &[T], b: &[T], f: impl Fn(T, T) -> T + Sync) -> Vec<T> {
    if a.len() < SERIAL {
        return a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect();
    }
    let mut out = vec![T::zero(); a.len()];
    let block = |((out, a), b): ((&mut [T], &[T]), &[T])| {
        out.iter_mut().zip(a).zip(b).for_each(|((out, &a), &b)| *out = f(a, b));
    };
    out.par_chunks_mut(BLOCK).zip(a.par_chunks(BLOCK)).zip(b.par_chunks(BLOCK)).for_each(block);
    out
}

/// `f(out, number of the row)` for each row of `width` values.
pub(super) fn rows<T: Real>(out: &mut [T], width: usize, f: impl Fn(&mut [T], usize) + Sync) {
    if out.len() < SERIAL {
        out.chunks_mut(width).enumerate().for_each(|(i, row)| f(row, i));
    } else {
        let per = (BLOCK / width).max(1);
        out.par_chunks_mut(per * width).enumerate().for_each(|(block, rows)| {
            rows.chunks_mut(width).enumerate().for_each(|(i, row)| f(row, block * per + i));
        });
    }
}

/// The sum over rows of `term(row number, row sums)`: rows are added in blocks of a fixed size, in their order, so that
/// the result does not depend on the number of threads.
pub(super) fn sum_rows<T: Real>(count: usize, width: usize, term: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    const ROWS: usize = 64;
    let partial = |block: usize| {
        let mut sums = vec![T::zero(); width];
        (block * ROWS..((block + 1) * ROWS).min(count)).for_each(|row| term(row, &mut sums));
        sums
    };
    let blocks = count.div_ceil(ROWS);
    let parts: Vec<Vec<T>> = if count * width < SERIAL {
        (0..blocks).map(partial).collect()
    } else {
        (0..blocks).into_par_iter().map(partial).collect()
    };
    let mut total = vec![T::zero(); width];
    for part in parts {
        total.iter_mut().zip(&part).for_each(|(total, &x)| *total += x);
    }
    total
}

/// The sum of `f` over the numbers `0..count` in f64, in blocks of a fixed size.
pub(super) fn sum(count: usize, f: impl Fn(usize) -> f64 + Sync) -> f64 {
    let partial = |block: usize| (block * BLOCK..((block + 1) * BLOCK).min(count)).map(&f).sum::<f64>();
    let blocks = count.div_ceil(BLOCK);
    if blocks < 2 {
        return partial(0);
    }
    let parts: Vec<f64> = (0..blocks).into_par_iter().map(partial).collect();
    parts.iter().sum()
}

/// Evaluates an expression with a type's name standing for the float type of a storage.
macro_rules! by_type {
    ($storage:expr, $float:ident => $body:expr) => {
        match $storage {
            candle_core::CpuStorage::F32(_) => {
                #[allow(unused_imports, reason = "not every expression needs the trait")]
                use candle_core::WithDType as _;
                type $float = f32;
                $body
            }
            candle_core::CpuStorage::F64(_) => {
                #[allow(unused_imports, reason = "not every expression needs the trait")]
                use candle_core::WithDType as _;
                type $float = f64;
                $body
            }
            _ => candle_core::bail!("a fused operation takes f32 and f64 only"),
        }
    };
}
pub(super) use by_type;
