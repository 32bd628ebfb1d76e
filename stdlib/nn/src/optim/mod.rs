//! Optimisers whose whole state can be saved, clipping, and learning rate schedules.

mod adam;
mod adam_cpu;
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
    /// Parameters are told apart by their names.
    ///
    /// # Errors
    /// [`NnError::Candle`], [`NnError::OutOfMemory`].
    fn step(&mut self, params: &[Param], grads: &[Tensor], lr: f64) -> Result<(), NnError>;

    /// The learning rate that it was made with.
    fn lr(&self) -> f64;

    /// Everything but the parameters: tensors by the name of the parameter, as `0.weight/exp_avg`.
    ///
    /// # Errors
    /// [`NnError::OutOfMemory`], [`NnError::Candle`].
    fn state(&self) -> Result<BTreeMap<String, Tensor>, NnError>;

    /// Steps made so far.
    fn steps(&self) -> usize;

    /// Sets what [`state`](Self::state) and [`steps`](Self::steps) gave.
    ///
    /// # Errors
    /// [`NnError::OtherNetwork`] for a state of other parameters.
    fn load(&mut self, params: &[Param], state: &BTreeMap<String, Tensor>, steps: usize) -> Result<(), NnError>;

    /// Refuses settings that no step can be made with.
    ///
    /// # Errors
    /// [`NnError::Parameter`].
    fn check(&self) -> Result<(), NnError> {
        let lr = self.lr();
        crate::error::in_range("the learning rate", lr, lr > 0.0, "a positive number, for instance 1e-3")
    }

    /// Its kind and its settings, for checkpoints.
    fn settings(&self) -> Value;
}

/// One tensor per parameter and slot, made when they are first needed.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    names: Vec<String>,
    slots: Vec<(&'static str, Vec<Tensor>)>,
}

impl Slots {
    /// The tensors of a slot, zeros at first.
    pub(crate) fn of(&mut self, slot: &'static str, params: &[Param]) -> Result<&[Tensor], NnError> {
        if !self.names.iter().eq(params.iter().map(|p| &p.name)) {
            self.align(params)?;
        }
        let other = |t: &Tensor, p: &Param| t.dtype() != p.var.dtype() || !t.device().same_device(p.var.device());
        if self.slots.iter().any(|(_, tensors)| tensors.iter().zip(params).any(|(t, p)| other(t, p))) {
            self.align(params)?;
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

    /// Takes over the tensors of parameters of the same name; others, say some that are no longer frozen, start at 0.
    fn align(&mut self, params: &[Param]) -> Result<(), NnError> {
        for (_, tensors) in &mut self.slots {
            let named: BTreeMap<&String, &Tensor> = self.names.iter().zip(tensors.iter()).collect();
            let kept = |p: &Param| match named.get(&p.name) {
                Some(t) if t.dims() == p.var.dims() => {
                    Ok(crate::device::moved(t, p.var.device())?.to_dtype(p.var.dtype())?)
                }
                _ => Ok(p.var.zeros_like()?.detach()),
            };
            let aligned = params.iter().map(kept).collect::<Result<Vec<_>, NnError>>()?;
            *tensors = aligned;
        }
        self.names = params.iter().map(|p| p.name.clone()).collect();
        Ok(())
    }

    /// Copies: the steps to come are made in place.
    pub(crate) fn state(&self) -> Result<BTreeMap<String, Tensor>, NnError> {
        let mut state = BTreeMap::new();
        for (slot, tensors) in &self.slots {
            for (name, t) in self.names.iter().zip(tensors) {
                state.insert(format!("{name}/{slot}"), t.force_contiguous()?);
            }
        }
        Ok(state)
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

/// Which tensors a pass on the CPU can take.
pub(crate) mod fused {
    use candle_core::Tensor;

    pub(crate) fn applies(t: &Tensor) -> bool {
        t.device().is_cpu()
            && t.is_contiguous()
            && matches!(t.dtype(), candle_core::DType::F32 | candle_core::DType::F64)
    }
}
