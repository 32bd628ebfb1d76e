//! The affine layer with what follows it: one product, one pass over the result, gradients without casts between.

use super::launch::{Launch, address, kernel, made, on_gpu, place, room};
use super::norm::column_sums;
use super::product::{Factor, Sizes, product};
use super::rows::{curve_slope, rows_of};
use crate::backward::handed;
use crate::ops::Function;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor, bail};
use std::sync::{Mutex, PoisonError};

/// The numbers of the functions in the kernels; those of `ops::activation`.
const RELU: usize = 0;
const GELU: usize = 4;
const NONE: usize = 99;

/// `f(x w' + b)`: `x` is `.. x in` in f32 or bf16, `w` `out x in` and `b` `out` in f32; the factors of the product are of
/// the type `compute`, the result of the type `output`.
pub(crate) struct Dense {
    function: Function,
    compute: DType,
    output: DType,
    kept: Mutex<Kept>,
}

/// What the backward pass takes from the forward pass.
#[derive(Default)]
struct Kept {
    /// Input and weight in the type of the product, where that is not their own.
    x: Option<Tensor>,
    weight: Option<Tensor>,
    /// The argument of the function, for GELU.
    sum: Option<Tensor>,
}

impl Dense {
    pub(crate) fn new(function: Function, compute: DType, output: DType) -> Self {
        Dense { function, compute, output, kept: Mutex::new(Kept::default()) }
    }
}

impl CustomOp3 for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        bail!("this affine function is for GPUs")
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        xl: &Layout,
        weight: &CudaStorage,
        wl: &Layout,
        bias: &CudaStorage,
        bl: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let ((m, k), (n, inner)) = (rows_of(xl), wl.shape().dims2()?);
        if k != inner || bl.shape().elem_count() != n {
            bail!("linear: x is {:?}, the weight {:?}, the bias {:?}", xl.shape(), wl.shape(), bl.shape());
        }
        let (device, compute, output) = (x.device(), self.compute, self.output);
        let mut kept = Kept { x: cast(x, xl, compute)?, weight: cast(weight, wl, compute)?, sum: None };
        let of = |cast: &Option<Tensor>, own: &CudaStorage, layout: &Layout| match cast {
            Some(tensor) => address(tensor),
            None => place(own, layout.start_offset()),
        };
        let factors = (
            Factor { place: of(&kept.x, x, xl)?, transposed: false },
            Factor { place: of(&kept.weight, weight, wl)?, transposed: true },
        );
        let y = room(device, m * n, output)?;
        let sizes = Sizes { batch: 1, m, n, k, input: compute, output };
        product(device, sizes, factors.0, factors.1, place(&y, 0)?)?;
        let launch = Launch::new(device, kernel!("add_bias", output)).all(&y)?.values(bias, bl)?;
        let out = if self.function == Function::Gelu {
            let out = room(device, m * n, output)?;
            launch.all(&out)?.int(GELU).int(n).count(m * n).each(m * n)?;
            kept.sum = Some(made(y, m * n));
            out
        } else {
            let kind = if self.function == Function::Relu { RELU } else { NONE };
            launch.place(0).int(kind).int(n).count(m * n).each(m * n)?;
            y
        };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        let dims: Vec<usize> = xl.dims()[..xl.dims().len() - 1].iter().copied().chain([n]).collect();
        Ok((out, dims.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let grad = self.through(&grad.contiguous()?, out, kept.sum.as_ref())?;
        let (in_x, in_weight) = (kept.x.as_ref().unwrap_or(x), kept.weight.as_ref().unwrap_or(weight));
        let (n, k) = weight.dims2()?;
        let m = grad.elem_count() / n;
        let full = grad.reshape((m, n))?;
        let grad = if full.dtype() == self.compute { full.clone() } else { full.to_dtype(self.compute)? };
        let device = x.device().as_cuda_device()?;
        let multiply = |(m, n, k): (usize, usize, usize), a: &Tensor, turned: bool, b: &Tensor, output: DType| {
            let out = room(device, m * n, output)?;
            let sizes = Sizes { batch: 1, m, n, k, input: self.compute, output };
            let a = Factor { place: address(a)?, transposed: turned };
            product(device, sizes, a, Factor { place: address(b)?, transposed: false }, place(&out, 0)?)?;
            Ok::<_, candle_core::Error>(made(out, (m, n)))
        };
        let of_x = || multiply((m, k, n), &grad, false, in_weight, x.dtype())?.reshape(x.shape());
        let of_x = x.track_op().then(of_x).transpose()?;
        let of_weight = || handed(weight, multiply((n, k, m), &grad, true, in_x, DType::F32)?);
        let of_weight = weight.track_op().then(of_weight).transpose()?.flatten();
        let of_bias = || handed(bias, column_sums(&full)?);
        Ok((of_x, of_weight, bias.track_op().then(of_bias).transpose()?.flatten()))
    }
}

impl Dense {
    /// The gradient of the sum.
    fn through(&self, grad: &Tensor, out: &Tensor, sum: Option<&Tensor>) -> Result<Tensor> {
        let (kind, at) = match self.function {
            Function::Identity => return Ok(grad.clone()),
            Function::Relu => (RELU, Some(out)),
            Function::Gelu => (GELU, sum),
        };
        let Some(at) = at else { bail!("dense: backward before forward") };
        let ((at, at_layout), (grad, layout)) = (at.storage_and_layout(), grad.storage_and_layout());
        let (slope, shape) = curve_slope(kind, (on_gpu(&at)?, at_layout), (on_gpu(&grad)?, layout))?;
        Ok(made(slope, shape))
    }
}

/// The tensor in another type, unless it is of it already.
fn cast(storage: &CudaStorage, layout: &Layout, dtype: DType) -> Result<Option<Tensor>> {
    if storage.dtype() == dtype {
        return Ok(None);
    }
    Ok(Some(Tensor::from_storage(
        Storage::Cuda(storage.to_dtype(layout, dtype)?),
        layout.shape().clone(),
        candle_core::op::BackpropOp::none(),
        false,
    )))
}
