//! Convolution layers.

use super::{MaxPool2d, refuse};
use crate::error::NnError;
use crate::init::{Draw, Init};
use crate::module::{Module, Pass, Visitor};
use crate::ops::{self, After, Window};
use candle_core::{Tensor, Var};

/// A convolution over images: `batch x in x height x width`. First weights as PyTorch's.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `out x in / groups x kernel x kernel`.
    pub weight: Var,
    /// `out`.
    pub bias: Option<Var>,
    /// How the kernel moves.
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Conv2d {
    /// A layer from `input` to `output` channels with a square kernel, stride 1 and no padding.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(input: usize, output: usize, kernel: usize, init: &mut Init) -> Result<Self, NnError> {
        Self::grouped(input, output, kernel, 1, init)
    }

    /// A layer whose channels are split into `groups`.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`NnError::Parameter`] if `groups` does not divide the channels.
    pub fn grouped(
        input: usize,
        output: usize,
        kernel: usize,
        groups: usize,
        init: &mut Init,
    ) -> Result<Self, NnError> {
        check_groups(input, output, groups)?;
        let draw = Draw::kaiming(input / groups * kernel * kernel);
        let weight = init.var(&[output, input / groups, kernel, kernel], draw)?;
        Ok(Conv2d { weight, bias: Some(init.var(&[output], draw)?), window: Window::default(), groups })
    }

    /// The same layer with this distance between positions.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.window.stride = (stride.max(1), stride.max(1));
        self
    }

    /// The same layer with this many zeros around the input.
    #[must_use]
    pub fn padding(mut self, padding: usize) -> Self {
        self.window.padding = (padding, padding);
        self
    }

    /// The same layer with this distance between the values of its window.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Self {
        self.window.dilation = (dilation.max(1), dilation.max(1));
        self
    }

    /// The layer, ReLU if `relu`, and pooling in one pass; `None` where that is not possible or no gain.
    pub(super) fn forward_pool(&self, x: &Tensor, relu: bool, pool: &MaxPool2d) -> Result<Option<Tensor>, NnError> {
        if self.groups > 1 {
            return Ok(None);
        }
        let after = After { relu, kernel: (pool.kernel, pool.kernel), window: pool.window };
        ops::conv_pool(x, &self.weight, self.bias.as_deref(), self.window, after)
    }
}

fn check_groups(input: usize, output: usize, groups: usize) -> Result<(), NnError> {
    if groups > 0 && input.is_multiple_of(groups) && output.is_multiple_of(groups) {
        return Ok(());
    }
    let value = format!("{groups} for {input} -> {output} channels");
    Err(NnError::Parameter { name: "groups", value, expected: "a divisor of both numbers of channels" })
}

impl Module for Conv2d {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let input = self.weight.dims()[1] * self.groups;
        let kernel = (self.weight.dims()[2], self.weight.dims()[3]);
        let fits = matches!(*x.dims(), [_, c, h, w] if c == input && self.window.output((h, w), kernel).is_some());
        if !fits {
            let least = |kernel: usize, padding: usize, dilation: usize| {
                (dilation * (kernel - 1) + 1).saturating_sub(2 * padding).max(1)
            };
            let (p, d) = (self.window.padding, self.window.dilation);
            let (h, w) = (least(kernel.0, p.0, d.0), least(kernel.1, p.1, d.1));
            return Err(refuse(self.describe(), format!("batch x {input} x height x width of at least {h} x {w}"), x));
        }
        let bias = self.bias.as_ref().map(|bias| pass.cast(bias)).transpose()?;
        ops::conv2d(&pass.cast(x)?, &pass.cast(&self.weight)?, bias.as_ref(), self.window, self.groups)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.weight("weight", &self.weight);
        if let Some(bias) = &self.bias {
            visitor.bias("bias", bias);
        }
    }

    fn describe(&self) -> String {
        let dims = self.weight.dims();
        format!("Conv2d {} -> {}, {} x {}", dims[1] * self.groups, dims[0], dims[2], dims[3])
    }
}

/// A convolution over sequences: `batch x in x time`. First weights as PyTorch's.
#[derive(Clone, Debug)]
pub struct Conv1d {
    /// `out x in / groups x kernel`.
    pub weight: Var,
    /// `out`.
    pub bias: Option<Var>,
    /// How the kernel moves (the horizontal numbers).
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Conv1d {
    /// A layer from `input` to `output` channels, stride 1 and no padding.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(input: usize, output: usize, kernel: usize, init: &mut Init) -> Result<Self, NnError> {
        Self::grouped(input, output, kernel, 1, init)
    }

    /// A layer whose channels are split into `groups`.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`NnError::Parameter`] if `groups` does not divide the channels.
    pub fn grouped(
        input: usize,
        output: usize,
        kernel: usize,
        groups: usize,
        init: &mut Init,
    ) -> Result<Self, NnError> {
        check_groups(input, output, groups)?;
        let draw = Draw::kaiming(input / groups * kernel);
        let weight = init.var(&[output, input / groups, kernel], draw)?;
        Ok(Conv1d { weight, bias: Some(init.var(&[output], draw)?), window: Window::default(), groups })
    }

    /// The same layer with this distance between positions.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.window.stride.1 = stride.max(1);
        self
    }

    /// The same layer with this many zeros before and after the input.
    #[must_use]
    pub fn padding(mut self, padding: usize) -> Self {
        self.window.padding.1 = padding;
        self
    }

    /// The same layer with this distance between the values of its window.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Self {
        self.window.dilation.1 = dilation.max(1);
        self
    }
}

impl Module for Conv1d {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let (input, kernel) = (self.weight.dims()[1] * self.groups, self.weight.dims()[2]);
        let fits = matches!(*x.dims(), [_, c, t] if c == input && self.window.output((1, t), (1, kernel)).is_some());
        if !fits {
            let least = (self.window.dilation.1 * (kernel - 1) + 1).saturating_sub(2 * self.window.padding.1).max(1);
            return Err(refuse(self.describe(), format!("batch x {input} x time of at least {least}"), x));
        }
        let bias = self.bias.as_ref().map(|bias| pass.cast(bias)).transpose()?;
        ops::conv1d(&pass.cast(x)?, &pass.cast(&self.weight)?, bias.as_ref(), self.window, self.groups)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.weight("weight", &self.weight);
        if let Some(bias) = &self.bias {
            visitor.bias("bias", bias);
        }
    }

    fn describe(&self) -> String {
        let dims = self.weight.dims();
        format!("Conv1d {} -> {}, {}", dims[1] * self.groups, dims[0], dims[2])
    }
}
