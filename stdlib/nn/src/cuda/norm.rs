//! Layer norm and root mean square norm, each with its scale and shift.

use super::launch::{Launch, kernel, made, on_gpu, room};
use super::rows::rows_of;
use crate::backward::handed;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use std::sync::{Mutex, PoisonError};

/// Rows of the last dimension over their deviation (`centre`) or root mean square, times a weight, plus a bias (f32).
pub(crate) struct Norm {
    eps: f64,
    centre: bool,
    /// Type of the result: that of the input, or bf16.
    output: DType,
    /// Mean and reciprocal scale of each row.
    stats: Mutex<Option<Tensor>>,
}

impl Norm {
    pub(crate) fn new(eps: f64, centre: bool, output: DType) -> Self {
        Norm { eps, centre, output, stats: Mutex::new(None) }
    }
}

impl CustomOp3 for Norm {
    fn name(&self) -> &'static str {
        "norm"
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
        bail!("this norm is for GPUs")
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
        let (rows, width) = rows_of(xl);
        if wl.shape().elem_count() != width || bl.shape().elem_count() != width {
            bail!("norm: {width} values in a row, a weight of {:?}", wl.shape());
        }
        let device = x.device();
        let (out, stats) = (room(device, rows * width, self.output)?, room(device, 2 * rows, DType::F32)?);
        let name = named(x.dtype(), self.output, ["norm_rows_f32", "norm_rows_bf16", "norm_rows_mixed"])?;
        let launch = Launch::new(device, name).values(x, xl)?;
        let launch = launch.values(weight, wl)?.values(bias, bl)?.all(&out)?.all(&stats)?;
        launch.int(width).real(self.eps).flag(self.centre).rows(rows, width)?;
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = Some(made(stats, (rows, 2)));
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
        let Some(stats) = self.stats.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            bail!("norm: backward before forward")
        };
        let grad = grad.contiguous()?;
        let of_x = x.track_op().then(|| self.of_x(x, weight, &grad, &stats)).transpose()?;
        if !weight.track_op() && !bias.track_op() {
            return Ok((of_x, None, None));
        }
        let both = of_parameters(x, &grad, &stats)?;
        let of_weight = if weight.track_op() { handed(weight, both.get(0)?)? } else { None };
        let of_bias = if bias.track_op() { handed(bias, both.get(1)?)? } else { None };
        Ok((of_x, of_weight, of_bias))
    }
}

impl Norm {
    fn of_x(&self, x: &Tensor, weight: &Tensor, grad: &Tensor, stats: &Tensor) -> Result<Tensor> {
        let (guard, layout) = x.storage_and_layout();
        let storage = on_gpu(&guard)?;
        let (rows, width) = rows_of(layout);
        let out = room(storage.device(), rows * width, x.dtype())?;
        let name = named(x.dtype(), grad.dtype(), ["norm_slope_f32", "norm_slope_bf16", "norm_slope_mixed"])?;
        let launch = Launch::new(storage.device(), name).values(storage, layout)?;
        let launch = launch.tensor(weight)?.tensor(grad)?.tensor(stats)?.all(&out)?;
        launch.int(width).flag(self.centre).rows(rows, width)?;
        Ok(made(out, x.shape().clone()))
    }
}

/// The kernel for an input and a result of these types, of those for f32, for bf16, and from f32 to bf16.
fn named(x: DType, y: DType, names: [&'static str; 3]) -> Result<&'static str> {
    match (x, y) {
        (DType::F32, DType::F32) => Ok(names[0]),
        (DType::BF16, DType::BF16) => Ok(names[1]),
        (DType::F32, DType::BF16) => Ok(names[2]),
        _ => bail!("no norm from {x:?} to {y:?}"),
    }
}

/// The gradients of weight and bias, one below the other.
fn of_parameters(x: &Tensor, grad: &Tensor, stats: &Tensor) -> Result<Tensor> {
    let (guard, layout) = x.storage_and_layout();
    let storage = on_gpu(&guard)?;
    let (rows, width) = rows_of(layout);
    let (chunks, per) = chunks(rows);
    let parts = room(storage.device(), chunks * 2 * width, DType::F32)?;
    let name = named(x.dtype(), grad.dtype(), ["norm_parts_f32", "norm_parts_bf16", "norm_parts_mixed"])?;
    let launch = Launch::new(storage.device(), name).values(storage, layout)?;
    let launch = launch.tensor(grad)?.tensor(stats)?.all(&parts)?.int(rows).int(width).int(per);
    launch.over((width.div_ceil(32), chunks), (32, 8))?;
    Ok(made(columns_end(&parts, chunks, 2 * width)?, (2, width)))
}

/// The sum of the rows of a matrix, in f32.
pub(super) fn column_sums(x: &Tensor) -> Result<Tensor> {
    let (guard, layout) = x.storage_and_layout();
    let storage = on_gpu(&guard)?;
    let (rows, width) = rows_of(layout);
    let (chunks, per) = chunks(rows);
    let parts = room(storage.device(), chunks * width, DType::F32)?;
    let launch = Launch::new(storage.device(), kernel!("column_parts", x.dtype())).values(storage, layout)?;
    let launch = launch.all(&parts)?.int(rows).int(width).int(per);
    launch.over((width.div_ceil(32), chunks), (32, 8))?;
    if chunks == 1 {
        return Ok(made(parts, width));
    }
    Ok(made(columns_end(&parts, chunks, width)?, width))
}

fn columns_end(parts: &CudaStorage, chunks: usize, width: usize) -> Result<CudaStorage> {
    let out = room(parts.device(), width, DType::F32)?;
    Launch::new(parts.device(), "columns_end").all(parts)?.all(&out)?.int(chunks).int(width).each(width)?;
    Ok(out)
}

/// In how many chunks rows are summed, and of how many rows: by the number of rows alone, so that it is the same always.
fn chunks(rows: usize) -> (usize, usize) {
    let per = rows.div_ceil(64).next_multiple_of(8).max(8);
    (rows.div_ceil(per).max(1), per)
}
