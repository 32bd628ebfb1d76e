//! Activations as layers, and the flattening between convolutions and linear layers.

use crate::error::NnError;
use crate::module::{Module, Pass, Visitor};
use crate::ops;
use candle_core::Tensor;

macro_rules! activations { // one layer per function, each the same two lines
    ($($(#[$doc:meta])* $layer:ident => $f:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $layer;

        impl Module for $layer {
            fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
                ops::$f(x)
            }

            fn visit(&self, _: &mut Visitor<'_>) {}
        }
    )+ };
}

activations! {
    /// `max(x, 0)`.
    Relu => relu,
    /// `x` times the normal distribution function at `x`.
    Gelu => gelu,
    /// `x * sigmoid(x)`.
    Silu => silu,
    /// The logistic function.
    Sigmoid => sigmoid,
    /// The hyperbolic tangent.
    Tanh => tanh,
}

/// All dimensions but the first as one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flatten;

impl Module for Flatten {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        Ok(x.flatten_from(1)?)
    }

    fn visit(&self, _: &mut Visitor<'_>) {}
}
