//! Normalisation layers; all compute in f32 at least, whatever the products are made in.

use super::refuse;
use crate::error::NnError;
use crate::init::{Draw, Init};
use crate::module::{Module, Pass, Visitor};
use crate::ops;
use candle_core::{DType, Tensor, Var};

/// PyTorch's default, in all its norms.
const EPS: f64 = 1e-5;

/// In the type of the layer's weights.
fn full(x: &Tensor, weight: &Var) -> Result<Tensor, NnError> {
    Ok(if x.dtype() == weight.dtype() { x.clone() } else { x.to_dtype(weight.dtype())? })
}

fn last_is(x: &Tensor, width: usize, layer: &impl Module) -> Result<(), NnError> {
    if x.dims().last() == Some(&width) {
        return Ok(());
    }
    Err(refuse(layer.describe(), format!("{width} features in the last dimension"), x))
}

/// Layer norm over the last dimension (Ba et al. 2016).
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// Scale per feature.
    pub weight: Var,
    /// Shift per feature.
    pub bias: Var,
    /// What is added to the variance.
    pub eps: f64,
}

impl LayerNorm {
    /// A norm over `width` features, eps 1e-5.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(width: usize, init: &mut Init) -> Result<Self, NnError> {
        let (weight, bias) = (init.var(&[width], Draw::Constant(1.0))?, init.var(&[width], Draw::Constant(0.0))?);
        Ok(LayerNorm { weight, bias, eps: EPS })
    }
}

impl LayerNorm {
    /// The norm in the type of the products that follow it, where that is one operation.
    pub(crate) fn forward_in(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        last_is(x, self.weight.elem_count(), self)?;
        let output = pass.compute_type().unwrap_or(x.dtype());
        let whole = ops::whole_norm(x, &self.weight, &self.bias, (self.eps, true), output)?;
        whole.map_or_else(|| self.forward(x, pass), Ok)
    }
}

impl Module for LayerNorm {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        last_is(x, self.weight.elem_count(), self)?;
        ops::layer_norm(&full(x, &self.weight)?, &self.weight, &self.bias, self.eps)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.bias("weight", &self.weight);
        visitor.bias("bias", &self.bias);
    }

    fn describe(&self) -> String {
        format!("LayerNorm {}", self.weight.elem_count())
    }
}

/// Root mean square norm over the last dimension (Zhang & Sennrich 2019).
#[derive(Clone, Debug)]
pub struct RmsNorm {
    /// Scale per feature.
    pub weight: Var,
    /// What is added to the mean square.
    pub eps: f64,
}

impl RmsNorm {
    /// A norm over `width` features, eps 1e-5.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(width: usize, init: &mut Init) -> Result<Self, NnError> {
        Ok(RmsNorm { weight: init.var(&[width], Draw::Constant(1.0))?, eps: EPS })
    }
}

impl Module for RmsNorm {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        last_is(x, self.weight.elem_count(), self)?;
        ops::rms_norm(&full(x, &self.weight)?, &self.weight, self.eps)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.bias("weight", &self.weight);
    }

    fn describe(&self) -> String {
        format!("RmsNorm {}", self.weight.elem_count())
    }
}

/// Norm over groups of channels (Wu & He 2018): `batch x channels x ..`.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    /// Scale per channel.
    pub weight: Var,
    /// Shift per channel.
    pub bias: Var,
    /// Number of groups.
    pub groups: usize,
    /// What is added to the variance.
    pub eps: f64,
}

impl GroupNorm {
    /// A norm of `channels` channels in `groups` groups, eps 1e-5.
    ///
    /// # Errors
    /// [`NnError::Parameter`] if `groups` does not divide `channels`, [`NnError::OutOfMemory`].
    pub fn new(groups: usize, channels: usize, init: &mut Init) -> Result<Self, NnError> {
        if groups == 0 || !channels.is_multiple_of(groups) {
            let value = format!("{groups} for {channels} channels");
            return Err(NnError::Parameter { name: "groups", value, expected: "a divisor of the number of channels" });
        }
        let (weight, bias) = (init.var(&[channels], Draw::Constant(1.0))?, init.var(&[channels], Draw::Constant(0.0))?);
        Ok(GroupNorm { weight, bias, groups, eps: EPS })
    }
}

impl Module for GroupNorm {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        let channels = self.weight.elem_count();
        if x.dims().get(1) != Some(&channels) {
            return Err(refuse(self.describe(), format!("batch x {channels} x .."), x));
        }
        let flat = full(x, &self.weight)?.reshape((x.dim(0)?, self.groups, ()))?;
        let normal = ops::normalize(&flat, self.eps, true)?.reshape(x.shape())?;
        let inner = x.dims().iter().skip(2).product();
        ops::affine(&normal, &self.weight, &self.bias, channels, inner)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.bias("weight", &self.weight);
        visitor.bias("bias", &self.bias);
    }

    fn describe(&self) -> String {
        format!("GroupNorm {} in {}", self.weight.elem_count(), self.groups)
    }
}

/// Batch norm per channel (Ioffe & Szegedy 2015): `batch x channels x ..`.
///
/// While training by the batch's moments, which also move the running ones by a tenth; otherwise by the running ones.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Scale per channel.
    pub weight: Var,
    /// Shift per channel.
    pub bias: Var,
    /// Running mean per channel.
    pub running_mean: Var,
    /// Running variance per channel (denominator n - 1, as PyTorch's).
    pub running_var: Var,
    /// Batches seen.
    pub num_batches_tracked: Var,
    /// What is added to the variance.
    pub eps: f64,
    /// How far the running moments move, 0.1.
    pub momentum: f64,
}

impl BatchNorm {
    /// A norm of `channels` channels, eps 1e-5.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(channels: usize, init: &mut Init) -> Result<Self, NnError> {
        let mut all = |value| init.var(&[channels], Draw::Constant(value));
        let (weight, bias, running_mean, running_var) = (all(1.0)?, all(0.0)?, all(0.0)?, all(1.0)?);
        let num_batches_tracked = Var::zeros((), DType::I64, init.device())?;
        Ok(BatchNorm { weight, bias, running_mean, running_var, num_batches_tracked, eps: EPS, momentum: 0.1 })
    }

    fn by_batch(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let channels = self.weight.elem_count();
        let count = x.elem_count() / channels;
        if count < 2 {
            return Err(refuse(self.describe(), "more than one value per channel while training".to_owned(), x));
        }
        // channels x (batch ..), so that each row is normalised on its own.
        let turned = x.transpose(0, 1)?;
        let rows = turned.reshape((channels, count))?;
        self.track(&rows.detach(), count)?;
        Ok(ops::normalize(&rows, self.eps, true)?.reshape(turned.shape())?.transpose(0, 1)?)
    }

    fn track(&self, rows: &Tensor, count: usize) -> Result<(), NnError> {
        let mean = rows.mean(1)?;
        let variance = (rows.broadcast_sub(&mean.unsqueeze(1)?)?.sqr()?.sum(1)? / (count - 1) as f64)?;
        for (running, new) in [(&self.running_mean, mean), (&self.running_var, variance)] {
            let old = running.as_detached_tensor();
            running.set(&((old * (1.0 - self.momentum))? + (new * self.momentum)?)?)?;
        }
        let seen = self.num_batches_tracked.as_detached_tensor();
        Ok(self.num_batches_tracked.set(&(seen.to_dtype(DType::F64)? + 1.0)?.to_dtype(DType::I64)?)?)
    }

    fn by_running(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let shape: Vec<usize> = (0..x.rank()).map(|d| if d == 1 { self.weight.elem_count() } else { 1 }).collect();
        let scale = (self.running_var.as_detached_tensor() + self.eps)?.sqrt()?.recip()?.reshape(shape.as_slice())?;
        let mean = self.running_mean.as_detached_tensor().reshape(shape.as_slice())?;
        Ok(x.broadcast_sub(&mean)?.broadcast_mul(&scale)?)
    }
}

impl Module for BatchNorm {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let channels = self.weight.elem_count();
        if x.dims().get(1) != Some(&channels) {
            return Err(refuse(self.describe(), format!("batch x {channels} x .."), x));
        }
        let x = full(x, &self.weight)?;
        let normal = if pass.is_train() { self.by_batch(&x)? } else { self.by_running(&x)? };
        let inner = x.dims().iter().skip(2).product();
        ops::affine(&normal, &self.weight, &self.bias, channels, inner)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.bias("weight", &self.weight);
        visitor.bias("bias", &self.bias);
        visitor.buffer("running_mean", &self.running_mean);
        visitor.buffer("running_var", &self.running_var);
        visitor.buffer("num_batches_tracked", &self.num_batches_tracked);
    }

    fn describe(&self) -> String {
        format!("BatchNorm {}", self.weight.elem_count())
    }
}
