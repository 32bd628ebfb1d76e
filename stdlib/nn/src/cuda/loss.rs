//! Mean losses, with the slopes that their gradients are.

use super::launch::{Launch, made, room};
use candle_core::backend::BackendStorage;
use candle_core::{CudaDevice, CudaStorage, DType, Layout, Result, Tensor};

/// The mean cross entropy of logits (f32, `rows x classes`), and its slope at each logit; `classes` are u32, checked.
pub(crate) fn cross_entropy(
    logits: &CudaStorage,
    layout: &Layout,
    classes: &Tensor,
    smoothing: f64,
) -> Result<(CudaStorage, Tensor)> {
    let (rows, width) = layout.shape().dims2()?;
    let device = logits.device();
    let (slopes, losses) = (room(device, rows * width, DType::F32)?, room(device, rows, DType::F32)?);
    let launch = Launch::new(device, "cross_entropy").values(logits, layout)?.tensor(classes)?.all(&slopes)?;
    launch.all(&losses)?.int(width).int(rows).real(smoothing).rows(rows, width)?;
    Ok((mean(device, &losses, rows)?, made(slopes, (rows, width))))
}

/// The mean of a loss of one output and one target (f32), and its slope at each output.
pub(crate) fn pointwise(
    kind: usize,
    delta: f64,
    output: (&CudaStorage, &Layout),
    target: (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Tensor)> {
    let n = output.1.shape().elem_count();
    let device = output.0.device();
    let (slopes, losses) = (room(device, n, DType::F32)?, room(device, n, DType::F32)?);
    let launch = Launch::new(device, "pointwise_loss").values(output.0, output.1)?.values(target.0, target.1)?;
    launch.all(&slopes)?.all(&losses)?.int(kind).real(delta).count(n).each(n)?;
    Ok((mean(device, &losses, n)?, made(slopes, output.1.shape().clone())))
}

fn mean(device: &CudaDevice, losses: &CudaStorage, n: usize) -> Result<CudaStorage> {
    let out = room(device, 1, DType::F32)?;
    Launch::new(device, "mean_of").all(losses)?.all(&out)?.count(n).over((1, 1), (1024, 1))?;
    Ok(out)
}
