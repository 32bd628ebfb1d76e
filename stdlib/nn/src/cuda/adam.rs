//! All parameters of a network in one launch.

use super::launch::{Launch, address, made, room};
use candle_core::{CudaDevice, DType, Device, Result, Tensor};

/// Values that one block takes.
const CHUNK: usize = 4096;

/// Which block takes which part of which tensor; made once for a list of tensors.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    sizes: Vec<usize>,
    lengths: Tensor,
    owners: Tensor,
    starts: Tensor,
    blocks: usize,
}

impl Plan {
    /// A plan for tensors of these lengths.
    fn new(sizes: Vec<usize>, device: &Device) -> Result<Self> {
        let parts = |size: usize| size.div_ceil(CHUNK);
        let owners: Vec<u32> = sizes.iter().zip(0u32..).flat_map(|(&n, i)| (0..parts(n)).map(move |_| i)).collect();
        let starts: Vec<u32> = sizes.iter().flat_map(|&n| 0..parts(n) as u32).collect();
        let lengths: Vec<i64> = sizes.iter().map(|&n| n as i64).collect();
        let blocks = owners.len();
        Ok(Plan {
            lengths: Tensor::from_vec(lengths, sizes.len(), device)?,
            owners: Tensor::from_vec(owners, blocks, device)?,
            starts: Tensor::from_vec(starts, blocks, device)?,
            sizes,
            blocks,
        })
    }

    /// The plan in `slot` if it is for tensors like these, else a new one, kept there.
    fn of<'a>(slot: &'a mut Option<Plan>, tensors: &[Tensor], device: &Device) -> Result<&'a Plan> {
        let fits = |plan: &Plan| {
            plan.lengths.device().same_device(device)
                && plan.sizes.iter().copied().eq(tensors.iter().map(Tensor::elem_count))
        };
        match slot.take().filter(fits) {
            Some(plan) => Ok(slot.insert(plan)),
            None => Ok(slot.insert(Plan::new(tensors.iter().map(Tensor::elem_count).collect(), device)?)),
        }
    }
}

/// The numbers of one step of Adam.
pub(crate) struct AdamStep<'a> {
    pub(crate) params: &'a [Tensor],
    pub(crate) grads: &'a [Tensor],
    /// First and second moments.
    pub(crate) moments: (&'a [Tensor], &'a [Tensor]),
    /// Decay of each parameter.
    pub(crate) decays: &'a [f64],
    pub(crate) lr: f64,
    pub(crate) betas: (f64, f64),
    /// What the moments are divided by.
    pub(crate) corrections: (f64, f64),
    pub(crate) eps: f64,
    /// Whether the weights decay beside the gradient.
    pub(crate) decoupled: bool,
}

impl AdamStep<'_> {
    /// Whether the kernel takes these tensors: all contiguous f32 on one GPU.
    pub(crate) fn applies(params: &[Tensor], others: [&[Tensor]; 3]) -> bool {
        let fits = |t: &Tensor| t.device().is_cuda() && t.dtype() == DType::F32 && t.is_contiguous();
        let first = params.first().map(Tensor::device);
        params
            .iter()
            .chain(others.into_iter().flatten())
            .all(|t| fits(t) && first.is_some_and(|device| device.same_device(t.device())))
    }

    /// Moves all parameters and their moments.
    pub(crate) fn run(&self, slot: &mut Option<Plan>) -> Result<()> {
        let Some(first) = self.params.first() else { return Ok(()) };
        let (device, cuda) = (first.device().clone(), first.device().as_cuda_device()?);
        let plan = Plan::of(slot, self.params, &device)?;
        let mut places = Vec::with_capacity(4 * self.params.len());
        for i in 0..self.params.len() {
            for tensor in [&self.params[i], &self.grads[i], &self.moments.0[i], &self.moments.1[i]] {
                places.push(address(tensor)? as i64);
            }
        }
        let places = Tensor::from_vec(places, 4 * self.params.len(), &device)?;
        let left = |&decay: &f64| if self.decoupled { 1.0 - self.lr * decay } else { decay } as f32;
        let decays: Vec<f32> = self.decays.iter().map(left).collect();
        let decays = Tensor::from_vec(decays, self.decays.len(), &device)?;
        let launch = Launch::new(cuda, "adam").tensor(&places)?.tensor(&plan.lengths)?.tensor(&decays)?;
        let launch = launch.tensor(&plan.owners)?.tensor(&plan.starts)?.int(CHUNK);
        let (b1, b2) = self.betas;
        let launch = launch.real(1.0 - b1).real(b2).real(1.0 - b2).real(self.corrections.1.sqrt());
        let launch = launch.real(self.lr / self.corrections.0).real(self.eps).flag(self.decoupled);
        launch.over((plan.blocks, 1), (256, 1))
    }
}

/// The norm of all gradients as one vector; `None` unless all are contiguous f32 on one GPU.
pub(crate) fn norm_of(grads: &[Tensor]) -> Result<Option<f64>> {
    if grads.is_empty() || !AdamStep::applies(grads, [&[]; 3]) {
        return Ok(None);
    }
    let device = grads[0].device();
    let cuda: &CudaDevice = device.as_cuda_device()?;
    let plan = Plan::new(grads.iter().map(Tensor::elem_count).collect(), device)?;
    let places = grads.iter().map(|grad| Ok(address(grad)? as i64)).collect::<Result<Vec<_>>>()?;
    let places = Tensor::from_vec(places, grads.len(), device)?;
    let (parts, total) = (room(cuda, plan.blocks, DType::F64)?, room(cuda, 1, DType::F64)?);
    let launch = Launch::new(cuda, "squares").tensor(&places)?.tensor(&plan.lengths)?;
    let launch = launch.tensor(&plan.owners)?.tensor(&plan.starts)?.int(CHUNK).all(&parts)?;
    launch.over((plan.blocks, 1), (256, 1))?;
    let launch = Launch::new(cuda, "total_of").all(&parts)?.all(&total)?;
    launch.count(plan.blocks).over((1, 1), (1024, 1))?;
    Ok(Some(made(total, 1).to_vec1::<f64>()?[0].sqrt()))
}
