//! Stochastic gradient descent, with momentum.

use super::{Optimizer, Slots};
use crate::error::{NnError, in_range};
use crate::module::{Param, Role};
use candle_core::Tensor;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Stochastic gradient descent, step by step PyTorch's `SGD`.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `lr` | learning rate | given |
/// | `momentum` | share of the last step that is made again | 0 (PyTorch) |
/// | `nesterov` | whether the gradient is taken ahead of the momentum (Sutskever et al. 2013) | false (PyTorch) |
/// | `decay` | share of each weight added to its gradient | 0 (PyTorch) |
/// | `decay_bias` | whether biases and scales of norms decay too | true (PyTorch) |
#[derive(Debug)]
pub struct Sgd {
    lr: f64,
    momentum: f64,
    nesterov: bool,
    decay: f64,
    decay_bias: bool,
    steps: usize,
    slots: Slots,
}

impl Sgd {
    /// An optimiser of this learning rate.
    pub fn new(lr: f64) -> Self {
        let (nesterov, decay_bias, steps, slots) = (false, true, 0, Slots::default());
        Sgd { lr, momentum: 0.0, nesterov, decay: 0.0, decay_bias, steps, slots }
    }

    /// Sets the momentum.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Sets Nesterov's momentum.
    #[must_use]
    pub fn nesterov(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self.nesterov = true;
        self
    }

    /// Sets the decay of the weights.
    #[must_use]
    pub fn decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
    }

    /// Leaves biases and scales of norms without decay.
    #[must_use]
    pub fn decay_weights_only(mut self) -> Self {
        self.decay_bias = false;
        self
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, params: &[Param], grads: &[Tensor], lr: f64) -> Result<(), NnError> {
        let momentum = self.momentum != 0.0;
        let slots = if momentum { self.slots.of("momentum_buffer", params)?.to_vec() } else { Vec::new() };
        for (i, param) in params.iter().enumerate() {
            let x = param.var.as_detached_tensor();
            let mut grad = grads[i].to_dtype(x.dtype())?;
            if self.decay != 0.0 && (param.role == Role::Weight || self.decay_bias) {
                grad = (grad + (&x * self.decay)?)?;
            }
            if momentum {
                // The first step is the gradient itself: the buffer starts at 0.
                let buffer = ((&slots[i] * self.momentum)? + &grad)?;
                grad = if self.nesterov { (grad + (&buffer * self.momentum)?)? } else { buffer.clone() };
                self.slots.slots[0].1[i] = buffer;
            }
            param.var.set(&(x - (grad * lr)?)?)?;
        }
        self.steps += 1;
        Ok(())
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn state(&self) -> Result<BTreeMap<String, Tensor>, NnError> {
        self.slots.state()
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn load(&mut self, params: &[Param], state: &BTreeMap<String, Tensor>, steps: usize) -> Result<(), NnError> {
        if steps > 0 && self.momentum != 0.0 {
            self.slots = Slots::load(params, state, &["momentum_buffer"])?;
        }
        self.steps = steps;
        Ok(())
    }

    fn check(&self) -> Result<(), NnError> {
        in_range("the learning rate", self.lr, self.lr > 0.0, "a positive number, for instance 1e-3")?;
        in_range("momentum", self.momentum, self.momentum >= 0.0, "at least 0, for instance 0.9")?;
        in_range("decay", self.decay, self.decay >= 0.0, "at least 0, for instance 0.01")
    }

    fn settings(&self) -> Value {
        json!({
            "optimizer": "Sgd", "lr": self.lr, "momentum": self.momentum, "nesterov": self.nesterov,
            "decay": self.decay, "decay_bias": self.decay_bias,
        })
    }
}
