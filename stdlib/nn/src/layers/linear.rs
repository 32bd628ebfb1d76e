//! The affine layer.

use super::refuse;
use crate::error::NnError;
use crate::init::{Draw, Init};
use crate::module::{Module, Pass, Visitor};
use crate::ops::{self, Affine, Function};
use candle_core::{Tensor, Var};

/// `x weight' + bias`, over the last dimension. First weights as PyTorch's: uniform in `1 / sqrt(in)`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `out x in`.
    pub weight: Var,
    /// `out`.
    pub bias: Option<Var>,
}

impl Linear {
    /// A layer from `input` to `output` features.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(input: usize, output: usize, init: &mut Init) -> Result<Self, NnError> {
        let draw = Draw::kaiming(input);
        Ok(Linear { weight: init.var(&[output, input], draw)?, bias: Some(init.var(&[output], draw)?) })
    }

    /// A layer without bias.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn without_bias(input: usize, output: usize, init: &mut Init) -> Result<Self, NnError> {
        Ok(Linear { weight: init.var(&[output, input], Draw::kaiming(input))?, bias: None })
    }

    /// The layer and a ReLU in one pass.
    ///
    /// # Errors
    /// As [`Module::forward`].
    pub fn forward_relu(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.apply(x, pass, Function::Relu)
    }

    /// The layer and a GELU.
    pub(crate) fn forward_gelu(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.apply(x, pass, Function::Gelu)
    }

    /// The layer, its result in the type of the weights whatever the type of products.
    pub(crate) fn forward_full(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.check(x)?;
        ops::linear_full(pass, x, &self.weight, self.bias.as_deref())
    }

    fn check(&self, x: &Tensor) -> Result<(), NnError> {
        let (_, input) = self.sizes();
        if x.dims().last() != Some(&input) {
            return Err(refuse(self.describe(), format!("{input} features in the last dimension"), x));
        }
        Ok(())
    }

    fn apply(&self, x: &Tensor, pass: &Pass, function: Function) -> Result<Tensor, NnError> {
        self.check(x)?;
        ops::linear_in(pass, x, &self.weight, self.bias.as_deref(), function)
    }

    /// The layer as part of a chain; `None` without a bias.
    pub(super) fn affine(&self, relu: bool) -> Option<Affine> {
        let bias = self.bias.as_ref()?.as_tensor().clone();
        Some(Affine { weight: self.weight.as_tensor().clone(), bias, relu })
    }

    fn sizes(&self) -> (usize, usize) {
        (self.weight.dims()[0], self.weight.dims()[1])
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.apply(x, pass, Function::Identity)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.weight("weight", &self.weight);
        if let Some(bias) = &self.bias {
            visitor.bias("bias", bias);
        }
    }

    fn describe(&self) -> String {
        let (output, input) = self.sizes();
        format!("Linear {input} -> {output}")
    }
}
