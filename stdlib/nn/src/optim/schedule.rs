//! Learning rates that change from step to step.

use crate::error::NnError;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How the learning rate changes; steps are those of the optimiser, and `lr` is the optimiser's.
///
/// Each is PyTorch's of the same name, made once per step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "schedule")]
pub enum Schedule {
    /// Always `lr`.
    #[default]
    Constant,
    /// `lr` times `gamma` for every `every` steps made.
    Step {
        /// Steps between two changes.
        every: usize,
        /// Factor of a change.
        gamma: f64,
    },
    /// Half a cosine from `lr` to `least` over the whole training (Loshchilov & Hutter 2017).
    Cosine {
        /// Last learning rate.
        least: f64,
    },
    /// Evenly from 0 to `lr` over the first steps, then half a cosine to 0.
    WarmupCosine {
        /// Steps until `lr` is reached.
        warmup: usize,
    },
    /// Evenly from 0 to `lr` over the first steps, then evenly to 0.
    WarmupLinear {
        /// Steps until `lr` is reached.
        warmup: usize,
    },
    /// Up from `lr / 25` to `lr` and down to `lr / 250,000`, both by half a cosine (Smith & Topin 2018).
    OneCycle {
        /// Share of the steps that go up; 0.3 in PyTorch.
        rising: f64,
    },
}

impl Schedule {
    /// The learning rate of step `step` (from 0) of `total`.
    pub fn at(&self, lr: f64, step: usize, total: usize) -> f64 {
        let total = total.max(1);
        match *self {
            Schedule::Constant => lr,
            Schedule::Step { every, gamma } => lr * gamma.powi((step / every.max(1)) as i32),
            Schedule::Cosine { least } => half_cosine(lr, least, step as f64 / total as f64),
            Schedule::WarmupCosine { warmup } if step < warmup => lr * step as f64 / warmup as f64,
            Schedule::WarmupCosine { warmup } => half_cosine(lr, 0.0, after(step, warmup, total)),
            Schedule::WarmupLinear { warmup } if step < warmup => lr * step as f64 / warmup as f64,
            Schedule::WarmupLinear { warmup } => lr * (1.0 - after(step, warmup, total)).max(0.0),
            Schedule::OneCycle { rising } => one_cycle(lr, rising, step as f64, total as f64),
        }
    }
}

impl Schedule {
    /// Refuses numbers that would make a learning rate negative or NaN.
    pub(crate) fn check(&self) -> Result<(), NnError> {
        let (name, value, fits, expected) = match *self {
            Schedule::Step { gamma, .. } => {
                ("the schedule's gamma", gamma, gamma.is_finite() && gamma > 0.0, "a number above 0, for instance 0.1")
            }
            Schedule::Cosine { least } => {
                ("the schedule's least", least, least.is_finite() && least >= 0.0, "a learning rate of at least 0")
            }
            Schedule::OneCycle { rising } => {
                ("the schedule's rising", rising, (0.0..=1.0).contains(&rising), "a share between 0 and 1")
            }
            Schedule::Constant | Schedule::WarmupCosine { .. } | Schedule::WarmupLinear { .. } => return Ok(()),
        };
        if fits { Ok(()) } else { Err(NnError::Parameter { name, value: value.to_string(), expected }) }
    }
}

/// How much of the time after the warm-up has passed.
fn after(step: usize, warmup: usize, total: usize) -> f64 {
    (step - warmup) as f64 / total.saturating_sub(warmup).max(1) as f64
}

/// From `start` to `end` by half a cosine, `share` of the way.
fn half_cosine(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) * (1.0 + (PI * share.min(1.0)).cos()) / 2.0
}

fn one_cycle(lr: f64, rising: f64, step: f64, total: f64) -> f64 {
    let (start, end) = (lr / 25.0, lr / 25.0 / 1e4);
    let peak = rising * total - 1.0;
    if step <= peak {
        half_cosine(start, lr, step / peak.max(1.0))
    } else {
        half_cosine(lr, end, (step - peak) / (total - 1.0 - peak).max(1.0))
    }
}

/// Lowers the learning rate when the validation loss stops falling (PyTorch's `ReduceLROnPlateau`, its defaults).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Factor of a change.
    pub factor: f64,
    /// Epochs without a better loss that are borne.
    pub patience: usize,
    scale: f64,
    best: Option<f64>,
    waited: usize,
}

impl Default for Plateau {
    fn default() -> Self {
        Plateau { factor: 0.1, patience: 10, scale: 1.0, best: None, waited: 0 }
    }
}

impl Plateau {
    /// Multiplies by `factor` after more than `patience` epochs without a loss lower by at least 1e-4 of the best.
    pub fn new(factor: f64, patience: usize) -> Self {
        Plateau { factor, patience, ..Self::default() }
    }

    /// Takes the loss of an epoch and gives the factor of the learning rate from now on.
    pub fn epoch(&mut self, loss: f64) -> f64 {
        if loss < self.best.map_or(f64::INFINITY, |best| best * (1.0 - 1e-4)) {
            (self.best, self.waited) = (Some(loss), 0);
        } else {
            self.waited += 1;
        }
        if self.waited > self.patience {
            self.scale *= self.factor;
            self.waited = 0;
        }
        self.scale
    }

    /// Refuses a factor that would not lower the learning rate.
    pub(crate) fn check(&self) -> Result<(), NnError> {
        if self.factor > 0.0 && self.factor < 1.0 {
            return Ok(());
        }
        let (name, value) = ("the plateau's factor", self.factor.to_string());
        Err(NnError::Parameter { name, value, expected: "a number between 0 and 1, for instance 0.1" })
    }

    /// The factor of the learning rate now.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}
