//! Attention with several heads.

use super::{Dropout, Linear, refuse};
use crate::error::NnError;
use crate::init::{Draw, Init};
use crate::module::{Module, Pass, Visitor};
use crate::ops::{self, Function};
use candle_core::{Tensor, Var};

/// Self-attention with several heads (Vaswani et al. 2017): `batch x time x width`. Names, shapes and first weights as
/// PyTorch's `MultiheadAttention`.
#[derive(Clone, Debug)]
pub struct MultiHeadAttention {
    /// Weights of queries, keys and values: `3 width x width`.
    pub in_proj_weight: Var,
    /// Biases of queries, keys and values.
    pub in_proj_bias: Var,
    /// What mixes the heads.
    pub out_proj: Linear,
    /// Number of heads.
    pub heads: usize,
    /// Whether a position sees no later one.
    pub causal: bool,
    /// Base of the rotary position embedding, if there is one.
    pub rope: Option<f64>,
    /// Dropout of the attention weights.
    pub dropout: Dropout,
}

impl MultiHeadAttention {
    /// Attention of `heads` heads over `width` features; every position sees every other.
    ///
    /// # Errors
    /// [`NnError::Parameter`] if `heads` does not divide `width`, [`NnError::OutOfMemory`].
    pub fn new(width: usize, heads: usize, init: &mut Init) -> Result<Self, NnError> {
        if heads == 0 || !width.is_multiple_of(heads) {
            let value = format!("{heads} for {width} features");
            return Err(NnError::Parameter { name: "heads", value, expected: "a divisor of the number of features" });
        }
        let in_proj_weight = init.var(&[3 * width, width], Draw::xavier(width, 3 * width))?;
        let in_proj_bias = init.var(&[3 * width], Draw::Constant(0.0))?;
        let out_proj = Linear {
            weight: init.var(&[width, width], Draw::kaiming(width))?,
            bias: Some(init.var(&[width], Draw::Constant(0.0))?),
        };
        let (causal, rope, dropout) = (false, None, Dropout { rate: 0.0 });
        Ok(MultiHeadAttention { in_proj_weight, in_proj_bias, out_proj, heads, causal, rope, dropout })
    }

    /// The same layer, a position seeing no later one.
    #[must_use]
    pub fn causal(mut self) -> Self {
        self.causal = true;
        self
    }

    /// The same layer with rotary position embedding of base 10,000.
    #[must_use]
    pub fn rope(mut self) -> Self {
        self.rope = Some(10_000.0);
        self
    }

    /// The same layer with dropout of its weights.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a rate outside of `0..1`.
    pub fn dropout(mut self, rate: f64) -> Result<Self, NnError> {
        self.dropout = Dropout::new(rate)?;
        Ok(self)
    }
}

impl Module for MultiHeadAttention {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let width = self.in_proj_weight.dims()[1];
        let [batch, time, w] = *x.dims() else {
            return Err(refuse(self.describe(), format!("batch x time x {width}"), x));
        };
        if w != width {
            return Err(refuse(self.describe(), format!("batch x time x {width}"), x));
        }
        let all = ops::linear_in(pass, x, &self.in_proj_weight, Some(&self.in_proj_bias), Function::Identity)?;
        let plain = self.rope.is_none() && (self.dropout.rate == 0.0 || !pass.is_train());
        if plain && let Some(mixed) = ops::self_attention(&all, self.heads, self.causal)? {
            return self.out_proj.forward_full(&mixed, pass);
        }
        // batch x time x 3 x heads x d -> 3 of batch x heads x time x d
        let split = all.reshape((batch, time, 3, self.heads, width / self.heads))?.permute((2, 0, 3, 1, 4))?;
        let turn = |t: Tensor| self.rope.map_or_else(|| Ok(t.clone()), |base| ops::rope(&t, 0, base));
        let (q, k) = (turn(split.get(0)?.contiguous()?)?, turn(split.get(1)?.contiguous()?)?);
        let drop = |weights: Tensor| self.dropout.apply(&weights, pass);
        let mixed = ops::attention(&q, &k, &split.get(2)?, self.causal, drop)?;
        let joined = mixed.transpose(1, 2)?.contiguous()?.reshape((batch, time, width))?;
        self.out_proj.forward_full(&joined, pass)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.weight("in_proj_weight", &self.in_proj_weight);
        visitor.bias("in_proj_bias", &self.in_proj_bias);
        visitor.child("out_proj", &self.out_proj);
    }

    fn describe(&self) -> String {
        format!("MultiHeadAttention {} in {} heads", self.in_proj_weight.dims()[1], self.heads)
    }
}
