//! Optimisers whose whole state can be saved, clipping, and learning rate schedules.

mod adam;
mod clip;
mod schedule;
mod sgd;

pub use adam::{Adam, AdamW};
pub use clip::{Clip, norm};
pub use schedule::{Plateau, Schedule};
pub use sgd::Sgd;

use crate::error::NnError;
use crate::module::Param;
use candle_core::Tensor;
use serde_json::Value;
use std::collections::BTreeMap;

/// Moves parameters along their gradients.
pub trait Optimizer {
    /// Moves each parameter by one step of learning rate `lr`; `grads` are in the order of `params`.
    ///
    /// The parameters and their order must be the same at every call.
    ///
    /// # Errors
    /// [`NnError::Candle`], [`NnError::OutOfMemory`].
    fn step(&mut self, params: &[Param], grads: &[Tensor], lr: f64) -> Result<(), NnError>;

    /// The learning rate that it was made with.
    fn lr(&self) -> f64;

    /// Everything but the parameters: tensors by the name of the parameter, as `0.weight/exp_avg`.
    fn state(&self) -> BTreeMap<String, Tensor>;

    /// Steps made so far.
    fn steps(&self) -> usize;

    /// Sets what [`state`](Self::state) and [`steps`](Self::steps) gave.
    ///
    /// # Errors
    /// [`NnError::OtherNetwork`] for a state of other parameters.
    fn load(&mut self, params: &[Param], state: &BTreeMap<String, Tensor>, steps: usize) -> Result<(), NnError>;

    /// Its kind and its settings, for checkpoints.
    fn settings(&self) -> Value;
}

/// One tensor per parameter and slot, made when they are first needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    names: Vec<String>,
    slots: Vec<(&'static str, Vec<Tensor>)>,
}

impl Slots {
    /// The tensors of a slot, zeros at first.
    pub(crate) fn of(&mut self, slot: &'static str, params: &[Param]) -> Result<&[Tensor], NnError> {
        if self.names.is_empty() {
            self.names = params.iter().map(|p| p.name.clone()).collect();
        }
        let at = match self.slots.iter().position(|(name, _)| *name == slot) {
            Some(at) => at,
            None => {
                let zeros = params.iter().map(|p| Ok(p.var.zeros_like()?.detach())).collect::<Result<_, NnError>>()?;
                self.slots.push((slot, zeros));
                self.slots.len() - 1
            }
        };
        Ok(&self.slots[at].1)
    }

    pub(crate) fn state(&self) -> BTreeMap<String, Tensor> {
        let of = |(slot, tensors): &(&'static str, Vec<Tensor>)| {
            let slot = *slot;
            self.names
                .iter()
                .zip(tensors.clone())
                .map(move |(name, t)| (format!("{name}/{slot}"), t))
                .collect::<Vec<_>>()
        };
        self.slots.iter().flat_map(of).collect()
    }

    /// Takes `slots` of all parameters from a saved state.
    pub(crate) fn load(
        params: &[Param],
        state: &BTreeMap<String, Tensor>,
        slots: &[&'static str],
    ) -> Result<Self, NnError> {
        let (mut missing, mut shapes) = (Vec::new(), Vec::new());
        let mut all = Slots { names: params.iter().map(|p| p.name.clone()).collect(), slots: Vec::new() };
        for slot in slots {
            let mut tensors = Vec::new();
            for param in params {
                let name = format!("{}/{slot}", param.name);
                match state.get(&name) {
                    Some(t) if t.dims() == param.var.dims() => {
                        tensors.push(t.to_dtype(param.var.dtype())?.to_device(param.var.device())?.copy()?);
                    }
                    Some(t) => shapes.push((name, param.var.dims().to_vec(), t.dims().to_vec())),
                    None => missing.push(name),
                }
            }
            all.slots.push((slot, tensors));
        }
        let known = |name: &&String| {
            name.rsplit_once('/').is_some_and(|(p, s)| slots.contains(&s) && params.iter().any(|q| q.name == p))
        };
        let unexpected: Vec<String> = state.keys().filter(|name| !known(name)).cloned().collect();
        if missing.is_empty() && shapes.is_empty() && unexpected.is_empty() {
            return Ok(all);
        }
        Err(NnError::OtherNetwork { source_name: "the optimiser's state".to_owned(), missing, unexpected, shapes })
    }
}

/// One pass over a variable and two more tensors, on the CPU; `None` where the fused form does not apply.
pub(crate) mod fused {
    use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};

    pub(crate) fn applies(t: &Tensor) -> bool {
        t.device().is_cpu()
            && t.is_contiguous()
            && matches!(t.dtype(), candle_core::DType::F32 | candle_core::DType::F64)
    }

    /// `f(x, a)` written to `x`.
    pub(crate) struct Update2<F>(pub(crate) F);
    /// `f(x, a, b)` written to `x`.
    pub(crate) struct Update3<F>(pub(crate) F);

    fn range(layout: &Layout) -> Result<std::ops::Range<usize>> {
        match layout.contiguous_offsets() {
            Some((start, end)) => Ok(start..end),
            None => bail!("an optimiser's tensor is not contiguous"),
        }
    }

    impl<F: Fn(f64, f64) -> f64> InplaceOp2 for Update2<F> {
        fn name(&self) -> &'static str {
            "update2"
        }

        fn cpu_fwd(&self, x: &mut CpuStorage, xl: &Layout, a: &CpuStorage, al: &Layout) -> Result<()> {
            match (x, a) {
                (CpuStorage::F32(x), CpuStorage::F32(a)) => {
                    let pairs = x[range(xl)?].iter_mut().zip(&a[range(al)?]);
                    pairs.for_each(|(x, &a)| *x = (self.0)(f64::from(*x), f64::from(a)) as f32);
                }
                (CpuStorage::F64(x), CpuStorage::F64(a)) => {
                    x[range(xl)?].iter_mut().zip(&a[range(al)?]).for_each(|(x, &a)| *x = (self.0)(*x, a));
                }
                _ => bail!("an optimiser's tensors differ in type"),
            }
            Ok(())
        }
    }

    impl<F: Fn(f64, f64, f64) -> f64> InplaceOp3 for Update3<F> {
        fn name(&self) -> &'static str {
            "update3"
        }

        fn cpu_fwd(
            &self,
            x: &mut CpuStorage,
            xl: &Layout,
            a: &CpuStorage,
            al: &Layout,
            b: &CpuStorage,
            bl: &Layout,
        ) -> Result<()> {
            match (x, a, b) {
                (CpuStorage::F32(x), CpuStorage::F32(a), CpuStorage::F32(b)) => {
                    let all = x[range(xl)?].iter_mut().zip(&a[range(al)?]).zip(&b[range(bl)?]);
                    all.for_each(|((x, &a), &b)| *x = (self.0)(f64::from(*x), f64::from(a), f64::from(b)) as f32);
                }
                (CpuStorage::F64(x), CpuStorage::F64(a), CpuStorage::F64(b)) => {
                    let all = x[range(xl)?].iter_mut().zip(&a[range(al)?]).zip(&b[range(bl)?]);
                    all.for_each(|((x, &a), &b)| *x = (self.0)(*x, a, b));
                }
                _ => bail!("an optimiser's tensors differ in type"),
            }
            Ok(())
        }
    }
}
