//! Functions of single values, softmax of rows, and the rows of tables.

use super::launch::{Launch, kernel, made, on_gpu, room};
use candle_core::backend::BackendStorage;
use candle_core::{CudaStorage, DType, Layout, Result, Shape, Tensor};

/// A function of each value, by its kind's number.
pub(crate) fn curve(kind: usize, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
    let n = layout.shape().elem_count();
    let out = room(x.device(), n, x.dtype())?;
    let launch = Launch::new(x.device(), kernel!("curve", x.dtype()));
    launch.values(x, layout)?.all(&out)?.int(kind).count(n).each(n)?;
    Ok((out, layout.shape().clone()))
}

/// Its slope at each value, times the gradient.
pub(crate) fn curve_slope(
    kind: usize,
    at: (&CudaStorage, &Layout),
    grad: (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let n = at.1.shape().elem_count();
    let out = room(at.0.device(), n, at.0.dtype())?;
    let launch = Launch::new(at.0.device(), kernel!("curve_slope", at.0.dtype()));
    launch.values(at.0, at.1)?.values(grad.0, grad.1)?.all(&out)?.int(kind).count(n).each(n)?;
    Ok((out, at.1.shape().clone()))
}

/// Values by their mask; see `ops::dropout`.
pub(crate) fn dropout(
    x: &CudaStorage,
    layout: &Layout,
    seed: u64,
    limit: u32,
    scale: f64,
) -> Result<(CudaStorage, Shape)> {
    let n = layout.shape().elem_count();
    let out = room(x.device(), n, x.dtype())?;
    let launch = Launch::new(x.device(), kernel!("dropout", x.dtype())).values(x, layout)?.all(&out)?;
    launch.bits(seed).count(limit as usize).real(scale).count(n).each(n)?;
    Ok((out, layout.shape().clone()))
}

/// Softmax of `scale x` over the last dimension, or its logarithm; with `queries`, row `i` is that of query
/// `i % queries`, which sees no later key.
pub(crate) fn softmax(
    x: &CudaStorage,
    layout: &Layout,
    queries: usize,
    scale: f64,
    log: bool,
) -> Result<(CudaStorage, Shape)> {
    let (rows, width) = rows_of(layout);
    let out = room(x.device(), rows * width, x.dtype())?;
    let launch = Launch::new(x.device(), kernel!("softmax_rows", x.dtype()));
    let launch = launch.values(x, layout)?.all(&out)?.int(width).int(queries).real(scale).flag(log);
    launch.rows(rows, width)?;
    Ok((out, layout.shape().clone()))
}

/// The gradient of [`softmax`] from its value and the value's gradient.
pub(crate) fn softmax_slope(
    y: (&CudaStorage, &Layout),
    grad: (&CudaStorage, &Layout),
    scale: f64,
    log: bool,
) -> Result<(CudaStorage, Shape)> {
    let (rows, width) = rows_of(y.1);
    let out = room(y.0.device(), rows * width, y.0.dtype())?;
    let launch = Launch::new(y.0.device(), kernel!("softmax_slope", y.0.dtype()));
    let launch = launch.values(y.0, y.1)?.values(grad.0, grad.1)?.all(&out)?.int(width).real(scale).flag(log);
    launch.rows(rows, width)?;
    Ok((out, y.1.shape().clone()))
}

/// Number and length of the rows along the last dimension.
pub(super) fn rows_of(layout: &Layout) -> (usize, usize) {
    let width = layout.dims().last().copied().unwrap_or(1);
    (layout.shape().elem_count() / width.max(1), width)
}

/// The values as numbers of rows (u32) of a table of `rows`; `None` if one of them is none.
pub(crate) fn row_numbers(x: &Tensor, rows: usize) -> Result<Option<Tensor>> {
    let x = x.contiguous()?;
    let n = x.elem_count();
    let device = x.device().as_cuda_device()?;
    let name = match x.dtype() {
        DType::F32 => "row_numbers_f32",
        DType::U32 => "row_numbers_u32",
        DType::I64 => "row_numbers_i64",
        // The caller looks at them on the CPU.
        _ => return Ok(None),
    };
    let out = room(device, n, DType::U32)?;
    let wrong = Tensor::from_slice(&[u32::MAX], 1, x.device())?;
    let Ok(limit) = u32::try_from(rows) else { candle_core::bail!("a table of {rows} rows is too large for a GPU") };
    let launch = Launch::new(device, name).tensor(&x)?.all(&out)?.tensor(&wrong)?;
    launch.int(limit as usize).count(n).each(n)?;
    let fits = wrong.to_vec1::<u32>()?[0] == u32::MAX;
    Ok(fits.then(|| made(out, x.shape().clone())))
}

/// The gradient of a table of `rows` rows: the sums of the gradients of the rows that were taken.
pub(crate) fn embedding_slope(index: &Tensor, grad: &Tensor, rows: usize) -> Result<Tensor> {
    let width = grad.elem_count() / index.elem_count().max(1);
    let (guard, layout) = grad.storage_and_layout();
    let grad = on_gpu(&guard)?;
    let out = room(grad.device(), rows * width, DType::F32)?;
    let launch = Launch::new(grad.device(), "embedding_slope").tensor(index)?.values(grad, layout)?.all(&out)?;
    launch.int(width).count(index.elem_count()).over((rows, 1), (256, 1))?;
    Ok(made(out, (rows, width)))
}
