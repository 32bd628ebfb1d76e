//! Adam, with decay of the weights inside the gradient or beside it.

use super::adam_cpu::{self, Step};
use super::fused::applies;
use super::{Optimizer, Slots};
use crate::error::{NnError, in_range};
use crate::module::{Param, Role};
use candle_core::Tensor;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), step by step PyTorch's `AdamW`.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `lr` | learning rate | given |
/// | `betas` | decay of the two moving means | 0.9, 0.999 (PyTorch) |
/// | `eps` | added to the root of the second moment | 1e-8 (PyTorch) |
/// | `decay` | share of each weight lost per step, times `lr` | 0.01 (PyTorch) |
/// | `decay_bias` | whether biases and scales of norms decay too | true (PyTorch) |
#[derive(Debug)]
pub struct AdamW(Moments);

/// Adam (Kingma & Ba 2015), step by step PyTorch's `Adam`: `decay`, 0 unless set, is added to the gradient.
#[derive(Debug)]
pub struct Adam(Moments);

#[derive(Debug)]
struct Moments {
    lr: f64,
    betas: (f64, f64),
    eps: f64,
    decay: f64,
    decay_bias: bool,
    decoupled: bool,
    steps: usize,
    slots: Slots,
    #[cfg(feature = "cuda")]
    plan: Option<crate::cuda::Plan>,
}

impl Moments {
    fn new(lr: f64, decay: f64, decoupled: bool) -> Self {
        let (betas, eps, decay_bias, steps, slots) = ((0.9, 0.999), 1e-8, true, 0, Slots::default());
        Moments {
            lr,
            betas,
            eps,
            decay,
            decay_bias,
            decoupled,
            steps,
            slots,
            #[cfg(feature = "cuda")]
            plan: None,
        }
    }

    fn decay_of(&self, role: Role) -> f64 {
        if role == Role::Weight || self.decay_bias { self.decay } else { 0.0 }
    }

    fn step(&mut self, params: &[Param], grads: &[Tensor], lr: f64) -> Result<(), NnError> {
        self.steps += 1;
        let done = self.moved(params, grads, lr);
        if done.is_err() {
            self.steps -= 1;
        }
        done
    }

    fn moved(&mut self, params: &[Param], grads: &[Tensor], lr: f64) -> Result<(), NnError> {
        let first = self.slots.of("exp_avg", params)?.to_vec();
        let second = self.slots.of("exp_avg_sq", params)?.to_vec();
        #[cfg(feature = "cuda")]
        if self.on_gpu(params, grads, (&first, &second), lr)? {
            return Ok(());
        }
        for (i, param) in params.iter().enumerate() {
            let decay = self.decay_of(param.role);
            if applies(&param.var) && applies(&grads[i]) && grads[i].dtype() == param.var.dtype() {
                self.fused(param, &grads[i], (&first[i], &second[i]), (lr, decay))?;
            } else {
                let moments = self.composed(param, &grads[i], (&first[i], &second[i]), (lr, decay))?;
                self.slots.slots[0].1[i] = moments.0;
                self.slots.slots[1].1[i] = moments.1;
            }
        }
        Ok(())
    }

    /// Moves all parameters in one launch, if all are on one GPU.
    #[cfg(feature = "cuda")]
    fn on_gpu(
        &mut self,
        params: &[Param],
        grads: &[Tensor],
        moments: (&[Tensor], &[Tensor]),
        lr: f64,
    ) -> Result<bool, NnError> {
        let decays: Vec<f64> = params.iter().map(|param| self.decay_of(param.role)).collect();
        let params: Vec<Tensor> = params.iter().map(|param| param.var.as_detached_tensor()).collect();
        let grads = grads.iter().map(Tensor::contiguous).collect::<candle_core::Result<Vec<_>>>()?;
        let fused = params.iter().all(crate::ops::on_gpu);
        if !fused || !crate::cuda::AdamStep::applies(&params, [&grads, moments.0, moments.1]) {
            return Ok(false);
        }
        let (params, grads, decays) = (params.as_slice(), grads.as_slice(), decays.as_slice());
        let (betas, corrections, eps, decoupled) = (self.betas, self.corrections(), self.eps, self.decoupled);
        let step = crate::cuda::AdamStep { params, grads, moments, decays, lr, betas, corrections, eps, decoupled };
        step.run(&mut self.plan)?;
        Ok(true)
    }

    /// What the moments are divided by, since they start at 0.
    fn corrections(&self) -> (f64, f64) {
        let n = self.steps as i32;
        (1.0 - self.betas.0.powi(n), 1.0 - self.betas.1.powi(n))
    }

    fn fused(&self, param: &Param, grad: &Tensor, m: (&Tensor, &Tensor), rate: (f64, f64)) -> Result<(), NnError> {
        let ((c1, c2), (lr, decay)) = (self.corrections(), rate);
        let (added, kept) = if self.decoupled { (0.0, 1.0 - lr * decay) } else { (decay, 1.0) };
        let step = Step { rate: lr / c1, betas: self.betas, root: c2.sqrt(), eps: self.eps, added, kept };
        Ok(adam_cpu::step(&param.var, grad, m, step)?)
    }

    fn composed(
        &self,
        param: &Param,
        grad: &Tensor,
        m: (&Tensor, &Tensor),
        rate: (f64, f64),
    ) -> Result<(Tensor, Tensor), NnError> {
        let ((b1, b2), (c1, c2), (lr, decay)) = (self.betas, self.corrections(), rate);
        let x = param.var.as_detached_tensor();
        let mut grad = grad.to_dtype(x.dtype())?;
        let mut kept = x.clone();
        if decay != 0.0 && self.decoupled {
            kept = (&x * (1.0 - lr * decay))?;
        } else if decay != 0.0 {
            grad = (grad + (&x * decay)?)?;
        }
        let first = ((m.0 * b1)? + (&grad * (1.0 - b1))?)?;
        let second = ((m.1 * b2)? + (grad.sqr()? * (1.0 - b2))?)?;
        let size = ((second.sqrt()? / c2.sqrt())? + self.eps)?;
        param.var.set(&(kept - ((&first / size)? * (lr / c1))?)?)?;
        Ok((first, second))
    }

    fn check(&self) -> Result<(), NnError> {
        in_range("the learning rate", self.lr, self.lr > 0.0, "a positive number, for instance 1e-3")?;
        for beta in [self.betas.0, self.betas.1] {
            in_range("a beta", beta, (0.0..1.0).contains(&beta), "at least 0 and below 1, for instance 0.9")?;
        }
        in_range("eps", self.eps, self.eps >= 0.0, "at least 0, for instance 1e-8")?;
        in_range("decay", self.decay, self.decay >= 0.0, "at least 0, for instance 0.01")
    }

    fn settings(&self, name: &str) -> Value {
        json!({
            "optimizer": name, "lr": self.lr, "betas": [self.betas.0, self.betas.1], "eps": self.eps,
            "decay": self.decay, "decay_bias": self.decay_bias,
        })
    }
}

macro_rules! adams { // the two differ in a default and a flag
    ($($adam:ident $name:literal $decay:literal $decoupled:literal),+) => { $(
        impl $adam {
            /// An optimiser of this learning rate.
            pub fn new(lr: f64) -> Self {
                $adam(Moments::new(lr, $decay, $decoupled))
            }

            /// Sets the decay of the two moving means.
            #[must_use]
            pub fn betas(mut self, first: f64, second: f64) -> Self {
                self.0.betas = (first, second);
                self
            }

            /// Sets what is added to the root of the second moment.
            #[must_use]
            pub fn eps(mut self, eps: f64) -> Self {
                self.0.eps = eps;
                self
            }

            /// Sets the decay of the weights.
            #[must_use]
            pub fn decay(mut self, decay: f64) -> Self {
                self.0.decay = decay;
                self
            }

            /// Leaves biases and scales of norms without decay.
            #[must_use]
            pub fn decay_weights_only(mut self) -> Self {
                self.0.decay_bias = false;
                self
            }
        }

        impl Optimizer for $adam {
            fn step(&mut self, params: &[Param], grads: &[Tensor], lr: f64) -> Result<(), NnError> {
                self.0.step(params, grads, lr)
            }

            fn lr(&self) -> f64 {
                self.0.lr
            }

            fn state(&self) -> Result<BTreeMap<String, Tensor>, NnError> {
                self.0.slots.state()
            }

            fn steps(&self) -> usize {
                self.0.steps
            }

            fn load(&mut self, params: &[Param], state: &BTreeMap<String, Tensor>, steps: usize) -> Result<(), NnError> {
                if steps > 0 {
                    self.0.slots = Slots::load(params, state, &["exp_avg", "exp_avg_sq"])?;
                }
                self.0.steps = steps;
                Ok(())
            }

            fn check(&self) -> Result<(), NnError> {
                self.0.check()
            }

            fn settings(&self) -> Value {
                self.0.settings($name)
            }
        }
    )+ };
}
adams!(AdamW "AdamW" 0.01 true, Adam "Adam" 0.0 false);
