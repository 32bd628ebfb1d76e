//! Activation functions, each with its slope.

use super::kernel::{Real, Result, by_type, fused, map, map2, on_gpu, slice};
use crate::error::NnError;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Shape, Tensor};

/// A function of one number, with its derivative.
trait Curve: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// Its number in the kernels for GPUs.
    #[cfg(feature = "cuda")]
    const KIND: usize;
    /// Whether [`slope`](Self::slope) takes the function's value instead of its argument.
    const BY_VALUE: bool;
    fn value<T: Real>(x: T) -> T;
    fn slope<T: Real>(at: T) -> T;
}

#[derive(Clone)]
struct Forward<C>(C);
struct Backward<C>(C);

impl<C: Curve> CustomOp1 for Forward<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = by_type!(storage, T => T::to_cpu_storage_owned(map(slice::<T>(storage, layout)?, C::value)));
        Ok((out, layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        crate::cuda::curve(C::KIND, storage, layout)
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let at = if C::BY_VALUE { y } else { x };
        Ok(Some(at.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &Backward(self.0.clone()))?))
    }
}

impl<C: Curve> CustomOp2 for Backward<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = by_type!(s1, T => {
            let (at, grad) = (slice::<T>(s1, l1)?, slice::<T>(s2, l2)?);
            T::to_cpu_storage_owned(map2(at, grad, |at, grad| C::slope(at) * grad))
        });
        Ok((out, l1.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<(CudaStorage, Shape)> {
        crate::cuda::curve_slope(C::KIND, (s1, l1), (s2, l2))
    }
}

fn apply<C: Curve>(x: &Tensor, curve: C) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Forward(curve))
}

fn number<T: Real>(x: f64) -> T {
    T::from_f64(x)
}

#[derive(Clone)]
struct Relu;
impl Curve for Relu {
    const NAME: &'static str = "relu";
    #[cfg(feature = "cuda")]
    const KIND: usize = 0;
    const BY_VALUE: bool = true;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        // NaN stays NaN.
        if x < T::zero() { T::zero() } else { x }
    }
    #[inline(always)]
    fn slope<T: Real>(y: T) -> T {
        if y > T::zero() { T::one() } else { T::zero() }
    }
}

#[derive(Clone)]
struct Sigmoid;
impl Curve for Sigmoid {
    const NAME: &'static str = "sigmoid";
    #[cfg(feature = "cuda")]
    const KIND: usize = 1;
    const BY_VALUE: bool = true;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        T::one() / (T::one() + (T::zero() - x).exp())
    }
    #[inline(always)]
    fn slope<T: Real>(y: T) -> T {
        y * (T::one() - y)
    }
}

#[derive(Clone)]
struct Tanh;
impl Curve for Tanh {
    const NAME: &'static str = "tanh";
    #[cfg(feature = "cuda")]
    const KIND: usize = 2;
    const BY_VALUE: bool = true;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        x.tanh()
    }
    #[inline(always)]
    fn slope<T: Real>(y: T) -> T {
        T::one() - y * y
    }
}

#[derive(Clone)]
struct Silu;
impl Curve for Silu {
    const NAME: &'static str = "silu";
    #[cfg(feature = "cuda")]
    const KIND: usize = 3;
    const BY_VALUE: bool = false;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        x * Sigmoid::value(x)
    }
    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        let s = Sigmoid::value(x);
        s * (T::one() + x * (T::one() - s))
    }
}

#[derive(Clone)]
struct Gelu;
impl Curve for Gelu {
    const NAME: &'static str = "gelu";
    #[cfg(feature = "cuda")]
    const KIND: usize = 4;
    const BY_VALUE: bool = false;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        x * number(0.5) * (T::one() + (x * number(std::f64::consts::FRAC_1_SQRT_2)).erf())
    }
    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        let below = number::<T>(0.5) * (T::one() + (x * number(std::f64::consts::FRAC_1_SQRT_2)).erf());
        // The normal density: its constant is 1 / sqrt(2 pi).
        below + x * (x * x * number(-0.5)).exp() * number(0.398_942_280_401_432_7)
    }
}

/// `sqrt(2 / pi)` and the cubic coefficient of the approximation (Hendrycks & Gimpel 2016).
const GELU: (f64, f64) = (0.797_884_560_802_865_4, 0.044_715);

#[derive(Clone)]
struct GeluTanh;
impl Curve for GeluTanh {
    const NAME: &'static str = "gelu_tanh";
    #[cfg(feature = "cuda")]
    const KIND: usize = 5;
    const BY_VALUE: bool = false;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        let inner = number::<T>(GELU.0) * (x + number::<T>(GELU.1) * x * x * x);
        x * number(0.5) * (T::one() + inner.tanh())
    }
    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        let t = (number::<T>(GELU.0) * (x + number::<T>(GELU.1) * x * x * x)).tanh();
        let inner = number::<T>(GELU.0) * (T::one() + number::<T>(3.0 * GELU.1) * x * x);
        number::<T>(0.5) * (T::one() + t) + number::<T>(0.5) * x * (T::one() - t * t) * inner
    }
}

#[derive(Clone)]
struct Softplus;
impl Curve for Softplus {
    const NAME: &'static str = "softplus";
    #[cfg(feature = "cuda")]
    const KIND: usize = 6;
    const BY_VALUE: bool = false;
    #[inline(always)]
    fn value<T: Real>(x: T) -> T {
        let positive = if x > T::zero() { x } else { T::zero() };
        positive + (T::zero() - x.abs()).exp().ln_1p()
    }
    #[inline(always)]
    fn slope<T: Real>(x: T) -> T {
        Sigmoid::value(x)
    }
}

/// `max(x, 0)`; its slope at 0 is 0, as PyTorch's (candle's own has 1).
///
/// # Errors
/// [`NnError::Candle`], [`NnError::OutOfMemory`].
pub fn relu(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(apply(x, Relu)?);
    }
    Ok((x * x.gt(0.0)?.to_dtype(x.dtype())?)?)
}

/// The logistic function `1 / (1 + exp(-x))`.
///
/// # Errors
/// As [`relu`].
pub fn sigmoid(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(apply(x, Sigmoid)?);
    }
    // By tanh, so that no exponential overflows.
    Ok((((x * 0.5)?.tanh()? * 0.5)? + 0.5)?)
}

/// The hyperbolic tangent.
///
/// # Errors
/// As [`relu`].
pub fn tanh(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) { Ok(apply(x, Tanh)?) } else { Ok(x.tanh()?) }
}

/// `x * sigmoid(x)` (Elfwing et al. 2017).
///
/// # Errors
/// As [`relu`].
pub fn silu(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) { Ok(apply(x, Silu)?) } else { Ok((x * sigmoid(x)?)?) }
}

/// `x` times the normal distribution function at `x` (Hendrycks & Gimpel 2016), as PyTorch's default.
///
/// # Errors
/// As [`relu`].
pub fn gelu(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(apply(x, Gelu)?);
    }
    let below = ((x * std::f64::consts::FRAC_1_SQRT_2)?.erf()? + 1.0)?;
    Ok(((x * 0.5)? * below)?)
}

/// [`gelu`] by its approximation with tanh.
///
/// # Errors
/// As [`relu`].
pub fn gelu_tanh(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(apply(x, GeluTanh)?);
    }
    let inner = ((x + (x.sqr()? * x)?.affine(GELU.1, 0.0)?)? * GELU.0)?;
    Ok(((x * 0.5)? * (inner.tanh()? + 1.0)?)?)
}

/// `log(1 + exp(x))`, without overflow.
///
/// # Errors
/// As [`relu`].
pub fn softplus(x: &Tensor) -> Result<Tensor, NnError> {
    if fused(x) || on_gpu(x) {
        return Ok(apply(x, Softplus)?);
    }
    let positive = relu(x)?;
    // |x| by sign, whose gradient is right on both sides.
    let size = ((&positive * 2.0)? - x)?;
    Ok((positive + (size.neg()?.exp()? + 1.0)?.log()?)?)
}
