//! The parts of convolution and pooling.

use super::launch::{Launch, kernel, room};
use crate::ops::Window;
use candle_core::backend::BackendStorage;
use candle_core::{CudaStorage, Layout, Result};

/// Sizes of one convolution or pooling.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) input: (usize, usize),
    pub(crate) kernel: (usize, usize),
    pub(crate) output: (usize, usize),
    pub(crate) window: Window,
}

impl Sizes {
    fn of<'a>(&self, launch: Launch<'a>) -> Launch<'a> {
        let launch = launch.int(self.batch).int(self.channels);
        let w = self.window;
        [self.input, self.kernel, self.output, w.stride, w.padding, w.dilation]
            .into_iter()
            .fold(launch, |launch, (a, b)| launch.int(a).int(b))
    }

    fn inputs(&self) -> usize {
        self.batch * self.channels * self.input.0 * self.input.1
    }

    fn outputs(&self) -> usize {
        self.batch * self.channels * self.output.0 * self.output.1
    }
}

/// The patches: row `(channel, kernel row, kernel column)`, column `(batch, output row, output column)`.
pub(crate) fn gather(x: &CudaStorage, layout: &Layout, sizes: Sizes) -> Result<CudaStorage> {
    let n = sizes.outputs() * sizes.kernel.0 * sizes.kernel.1;
    let out = room(x.device(), n, x.dtype())?;
    let launch = Launch::new(x.device(), kernel!("gather", x.dtype())).values(x, layout)?.all(&out)?;
    sizes.of(launch).each(n)?;
    Ok(out)
}

/// The gradients of the patches, added up where they came from.
pub(crate) fn scatter(grad: &CudaStorage, layout: &Layout, sizes: Sizes) -> Result<CudaStorage> {
    let out = room(grad.device(), sizes.inputs(), grad.dtype())?;
    let launch = Launch::new(grad.device(), kernel!("scatter", grad.dtype())).values(grad, layout)?.all(&out)?;
    sizes.of(launch).each(sizes.inputs())?;
    Ok(out)
}

/// `channels x (batch positions)` as `batch x channels x positions`, with the bias (f32) added.
pub(crate) fn with_bias(
    y: &CudaStorage,
    bias: (&CudaStorage, &Layout),
    batch: usize,
    positions: usize,
) -> Result<CudaStorage> {
    let channels = bias.1.shape().elem_count();
    let n = batch * channels * positions;
    let out = room(y.device(), n, y.dtype())?;
    let launch = Launch::new(y.device(), kernel!("batch_first", y.dtype())).all(y)?.values(bias.0, bias.1)?;
    launch.all(&out)?.int(batch).int(channels).int(positions).flag(false).each(n)?;
    Ok(out)
}

/// `batch x channels x positions` as `channels x (batch positions)`.
pub(crate) fn turned(x: &CudaStorage, layout: &Layout) -> Result<CudaStorage> {
    let (batch, channels, height, width) = layout.shape().dims4()?;
    let n = layout.shape().elem_count();
    let out = room(x.device(), n, x.dtype())?;
    let launch = Launch::new(x.device(), kernel!("batch_first", x.dtype())).values(x, layout)?.place(0).all(&out)?;
    launch.int(batch).int(channels).int(height * width).flag(true).each(n)?;
    Ok(out)
}

/// The largest (`most`) or the mean value of each window.
pub(crate) fn pool(x: &CudaStorage, layout: &Layout, most: bool, sizes: Sizes) -> Result<CudaStorage> {
    let out = room(x.device(), sizes.outputs(), x.dtype())?;
    let launch = Launch::new(x.device(), kernel!("pool", x.dtype())).values(x, layout)?.all(&out)?.flag(most);
    sizes.of(launch).each(sizes.outputs())?;
    Ok(out)
}

/// The gradient of [`pool`].
pub(crate) fn pool_slope(
    x: (&CudaStorage, &Layout),
    grad: (&CudaStorage, &Layout),
    most: bool,
    sizes: Sizes,
) -> Result<CudaStorage> {
    let device = x.0.device();
    let out = room(device, sizes.inputs(), x.0.dtype())?;
    let launch = Launch::new(device, kernel!("pool_slope", x.0.dtype())).values(x.0, x.1)?.values(grad.0, grad.1)?;
    sizes.of(launch.all(&out)?.flag(most)).each(sizes.inputs())?;
    Ok(out)
}
