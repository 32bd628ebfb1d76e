//! The affine function, with or without ReLU: one product, one pass over the result.

use super::kernel::{Real, Result, by_type, fused, map2, rows, slice, sum_rows};
use crate::backward::handed;
use crate::error::NnError;
use crate::module::Pass;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Shape, Tensor};

/// `x w' + b`: `x` is `.. x in`, `w` is `out x in`, `b` is `out`.
///
/// # Errors
/// [`NnError::Candle`] for shapes that do not fit, [`NnError::OutOfMemory`].
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor, NnError> {
    flattened(x, |rows| product(rows, weight, bias, false))
}

/// `max(x w' + b, 0)` in one pass.
///
/// # Errors
/// As [`linear`].
pub fn linear_relu(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor, NnError> {
    flattened(x, |rows| product(rows, weight, bias, true))
}

/// What is done with the sum of an affine function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// Nothing.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` times the normal distribution function at `x`.
    Gelu,
}

/// `f(x w' + b)`, the product in the type that the pass says: one operation on a GPU, of several elsewhere.
///
/// # Errors
/// As [`linear`].
pub(crate) fn linear_in(
    pass: &Pass,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    function: Function,
) -> Result<Tensor, NnError> {
    #[cfg(feature = "cuda")]
    if let Some(compute) = on_gpu(pass, x, weight, bias) {
        return dense((x, weight, bias), function, compute, compute);
    }
    let (x, weight, bias) = (pass.cast(x)?, pass.cast(weight)?, bias.map(|bias| pass.cast(bias)).transpose()?);
    match function {
        Function::Identity => linear(&x, &weight, bias.as_ref()),
        Function::Relu => linear_relu(&x, &weight, bias.as_ref()),
        Function::Gelu => super::gelu(&linear(&x, &weight, bias.as_ref())?),
    }
}

/// `x w' + b` in the type of the weight, the factors of the product in the type that the pass says.
///
/// # Errors
/// As [`linear`].
pub(crate) fn linear_full(pass: &Pass, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor, NnError> {
    #[cfg(feature = "cuda")]
    if let Some(compute) = on_gpu(pass, x, weight, bias) {
        return dense((x, weight, bias), Function::Identity, compute, DType::F32);
    }
    Ok(linear_in(pass, x, weight, bias, Function::Identity)?.to_dtype(weight.dtype())?)
}

/// The type of the product, where the kernels take the tensors.
#[cfg(feature = "cuda")]
fn on_gpu(pass: &Pass, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Option<DType> {
    let compute = pass.compute_type().unwrap_or(x.dtype());
    let types = compute == DType::BF16 || (compute == DType::F32 && x.dtype() == DType::F32);
    let f32 = [Some(weight), bias].into_iter().flatten().all(|t| t.dtype() == DType::F32);
    (super::kernel::on_gpu(x) && types && f32 && x.elem_count() > 0).then_some(compute)
}

#[cfg(feature = "cuda")]
fn dense(
    (x, weight, bias): (&Tensor, &Tensor, Option<&Tensor>),
    function: Function,
    compute: DType,
    output: DType,
) -> Result<Tensor, NnError> {
    let none = || Tensor::zeros(weight.dim(0)?, DType::F32, weight.device());
    let bias = bias.map_or_else(none, Tensor::contiguous)?;
    let op = crate::cuda::Dense::new(function, compute, output);
    Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias, op)?)
}

/// Calls `f` with all leading dimensions as one.
fn flattened(x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor, NnError>) -> Result<Tensor, NnError> {
    if x.rank() == 2 {
        return f(x);
    }
    let (last, leading) = x.dims().split_last().map_or((1, &[][..]), |(last, leading)| (*last, leading));
    let out = f(&x.reshape((leading.iter().product::<usize>(), last))?)?;
    let dims: Vec<usize> = leading.iter().copied().chain([out.dim(1)?]).collect();
    Ok(out.reshape(dims)?)
}

fn product(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, relu: bool) -> Result<Tensor, NnError> {
    if x.dim(0)? == 0 && weight.rank() == 2 {
        return Ok(Tensor::zeros((0, weight.dim(0)?), x.dtype(), x.device())?);
    }
    if let Some(bias) = bias
        && fused(x)
        && x.dtype() == weight.dtype()
        && x.dtype() == bias.dtype()
    {
        return Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, Linear { relu })?);
    }
    let out = matmul(x, &weight.t()?)?;
    let out = bias.map_or_else(|| Ok(out.clone()), |bias| out.broadcast_add(&bias.to_dtype(out.dtype())?))?;
    if relu { super::relu(&out) } else { Ok(out) }
}

/// The product, also of bf16 on the CPU, where candle has none: in f32, rounded to bf16.
pub(super) fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.device().is_cpu() && a.dtype() == DType::BF16 {
        return a.to_dtype(DType::F32)?.matmul(&b.to_dtype(DType::F32)?)?.to_dtype(DType::BF16);
    }
    a.matmul(b)
}

struct Linear {
    relu: bool,
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        let (m, k) = xl.shape().dims2()?;
        let (n, inner) = wl.shape().dims2()?;
        if k != inner || bl.shape().elem_count() != n {
            candle_core::bail!("linear: x is {:?}, the weight {:?}, the bias {:?}", xl.shape(), wl.shape(), bl.shape());
        }
        let out = x.matmul(weight, (1, m, n, k), xl, &wl.transpose(0, 1)?)?;
        let relu = self.relu;
        let out = by_type!(bias, T => {
            let bias = slice::<T>(bias, bl)?;
            let mut out = T::cpu_storage_data(out)?;
            rows(&mut out, n, |row, _| add_bias(row, bias, relu));
            T::to_cpu_storage_owned(out)
        });
        Ok((out, (m, n).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let grad = if self.relu { out.apply_op2_no_bwd(&grad, &Masked)? } else { grad };
        let of_x = x.track_op().then(|| grad.matmul(weight)).transpose()?;
        let of_weight = if weight.track_op() { handed(weight, grad.t()?.matmul(x)?)? } else { None };
        let of_bias = if bias.track_op() { handed(bias, grad.apply_op1_no_bwd(&SumRows)?)? } else { None };
        Ok((of_x, of_weight, of_bias))
    }
}

#[inline(always)]
pub(super) fn add_bias<T: Real>(row: &mut [T], bias: &[T], relu: bool) {
    for (out, &b) in row.iter_mut().zip(bias) {
        let sum = *out + b;
        *out = if relu && sum < T::zero() { T::zero() } else { sum };
    }
}

/// The gradient where the output is not cut off; NaN is not, as in PyTorch.
pub(super) struct Masked;

impl CustomOp2 for Masked {
    fn name(&self) -> &'static str {
        "masked"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let out = by_type!(s1, T => {
            let zero = T::from_f64(0.0);
            let mask = |y: T, grad: T| if y <= zero { zero } else { grad };
            T::to_cpu_storage_owned(map2(slice::<T>(s1, l1)?, slice::<T>(s2, l2)?, mask))
        });
        Ok((out, l1.shape().clone()))
    }
}

/// The sum of the rows of a matrix.
pub(super) struct SumRows;

impl CustomOp1 for SumRows {
    fn name(&self) -> &'static str {
        "sum_rows"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (m, n) = layout.shape().dims2()?;
        let out = by_type!(storage, T => {
            let x = slice::<T>(storage, layout)?;
            let add = |row: usize, sums: &mut [T]| {
                sums.iter_mut().zip(&x[row * n..(row + 1) * n]).for_each(|(sum, &x)| *sum += x);
            };
            T::to_cpu_storage_owned(sum_rows(m, n, add))
        });
        Ok((out, n.into()))
    }
}
