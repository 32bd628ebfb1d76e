//! What the fused functions share: slices of tensors, and loops over them.

use candle_core::{CpuStorage, DType, Layout, Tensor, WithDType, bail};
use std::cell::Cell;
use std::sync::Mutex;

/// The result of a kernel, unless it says otherwise.
pub(super) type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

/// Fewer values than this are not worth a second thread.
pub(super) const SERIAL: usize = 1 << 15;
/// Values per unit of parallel work.
pub(super) const BLOCK: usize = 1 << 14;

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
pub(crate) fn fused(x: &Tensor) -> bool {
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

/// Calls `f` with each item, on this thread and on those of the pool that come in time.
///
/// This thread does not wait for another to wake up, which takes longer than a small kernel.
pub(crate) fn share<I>(items: I, f: impl Fn(I::Item) + Sync)
where
    I: Iterator + Send,
    I::Item: Send,
{
    let others = rayon::current_num_threads().min(items.size_hint().0).saturating_sub(1);
    let items = Mutex::new(items);
    let work = || {
        loop {
            let item = items.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            match item {
                Some(item) => f(item),
                None => break,
            }
        }
    };
    rayon::in_place_scope(|scope| {
        (0..others).for_each(|_| scope.spawn(|_| work()));
        work();
    });
}

/// `f` of each value.
pub(super) fn map<T: Real>(x: &[T], f: impl Fn(T) -> T + Sync) -> Vec<T> {
    if x.len() < SERIAL {
        return x.iter().map(|&x| f(x)).collect();
    }
    let mut out = vec![T::zero(); x.len()];
    share(out.chunks_mut(BLOCK).zip(x.chunks(BLOCK)), |(out, x)| {
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = f(x));
    });
    out
}

/// `f` of each pair of values.
pub(super) fn map2<T: Real>(a: &[T], b: &[T], f: impl Fn(T, T) -> T + Sync) -> Vec<T> {
    if a.len() < SERIAL {
        return a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect();
    }
    let mut out = vec![T::zero(); a.len()];
    share(out.chunks_mut(BLOCK).zip(a.chunks(BLOCK)).zip(b.chunks(BLOCK)), |((out, a), b)| {
        out.iter_mut().zip(a).zip(b).for_each(|((out, &a), &b)| *out = f(a, b));
    });
    out
}

/// `f(out, number of the row)` for each row of `width` values.
pub(super) fn rows<T: Real>(out: &mut [T], width: usize, f: impl Fn(&mut [T], usize) + Sync) {
    if out.len() < SERIAL {
        out.chunks_mut(width).enumerate().for_each(|(i, row)| f(row, i));
    } else {
        let per = (BLOCK / width).max(1);
        share(out.chunks_mut(per * width).enumerate(), |(block, rows)| {
            rows.chunks_mut(width).enumerate().for_each(|(i, row)| f(row, block * per + i));
        });
    }
}

/// The sum over rows of `term(row number, row sums)`: rows are added in blocks of a fixed size, in their order, so that
/// the result does not depend on the number of threads.
pub(super) fn sum_rows<T: Real>(count: usize, width: usize, term: impl Fn(usize, &mut [T]) + Sync) -> Vec<T> {
    const ROWS: usize = 64;
    let partial = |(block, sums): (usize, &mut [T])| {
        (block * ROWS..((block + 1) * ROWS).min(count)).for_each(|row| term(row, sums));
    };
    let mut parts = vec![T::zero(); count.div_ceil(ROWS) * width];
    let each = parts.chunks_mut(width.max(1)).enumerate();
    if count * width < SERIAL {
        each.for_each(partial);
    } else {
        share(each, partial);
    }
    let mut total = vec![T::zero(); width];
    for part in parts.chunks(width.max(1)) {
        total.iter_mut().zip(part).for_each(|(total, &x)| *total += x);
    }
    total
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
