//! The block that transformers are made of.

use super::{Dropout, LayerNorm, Linear, MultiHeadAttention};
use crate::error::NnError;
use crate::init::Init;
use crate::module::{Module, Pass, Visitor};
use candle_core::Tensor;

/// Attention and a network of two layers, each with a norm before it and added to what it got.
///
/// Names and shapes as PyTorch's `TransformerEncoderLayer` with `norm_first=True, activation="gelu"`.
#[derive(Clone, Debug)]
pub struct TransformerBlock {
    /// The attention.
    pub self_attn: MultiHeadAttention,
    /// First layer of the inner network.
    pub linear1: Linear,
    /// Its second layer.
    pub linear2: Linear,
    /// Norm before the attention.
    pub norm1: LayerNorm,
    /// Norm before the inner network.
    pub norm2: LayerNorm,
    /// Dropout of both results and inside the network.
    pub dropout: Dropout,
}

impl TransformerBlock {
    /// A block of `width` features, `heads` heads, `hidden` features inside its network, without dropout.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for sizes that do not fit, [`NnError::OutOfMemory`].
    pub fn new(width: usize, heads: usize, hidden: usize, init: &mut Init) -> Result<Self, NnError> {
        Ok(TransformerBlock {
            self_attn: MultiHeadAttention::new(width, heads, init)?,
            linear1: Linear::new(width, hidden, init)?,
            linear2: Linear::new(hidden, width, init)?,
            norm1: LayerNorm::new(width, init)?,
            norm2: LayerNorm::new(width, init)?,
            dropout: Dropout { rate: 0.0 },
        })
    }

    /// The same block, a position seeing no later one.
    #[must_use]
    pub fn causal(mut self) -> Self {
        self.self_attn = self.self_attn.causal();
        self
    }

    /// The same block with rotary position embedding.
    #[must_use]
    pub fn rope(mut self) -> Self {
        self.self_attn = self.self_attn.rope();
        self
    }

    /// The same block with dropout.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a rate outside of `0..1`.
    pub fn dropout(mut self, rate: f64) -> Result<Self, NnError> {
        self.self_attn = self.self_attn.dropout(rate)?;
        self.dropout = Dropout::new(rate)?;
        Ok(self)
    }
}

impl Module for TransformerBlock {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let drop = |t: &Tensor| self.dropout.apply(t, pass);
        let seen = self.self_attn.forward(&self.norm1.forward_in(x, pass)?, pass)?;
        let x = (x + drop(&seen)?.to_dtype(x.dtype())?)?;
        let hidden = self.linear1.forward_gelu(&self.norm2.forward_in(&x, pass)?, pass)?;
        let out = self.linear2.forward_full(&drop(&hidden)?, pass)?;
        Ok((&x + drop(&out)?.to_dtype(x.dtype())?)?)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("self_attn", &self.self_attn);
        visitor.child("linear1", &self.linear1);
        visitor.child("linear2", &self.linear2);
        visitor.child("norm1", &self.norm1);
        visitor.child("norm2", &self.norm2);
    }

    fn describe(&self) -> String {
        format!("TransformerBlock {}", self.norm1.weight.elem_count())
    }
}
