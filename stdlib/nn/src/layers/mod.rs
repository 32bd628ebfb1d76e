//! The layers.

mod activation;
mod attention;
mod conv;
mod dropout;
mod embedding;
mod linear;
mod norm;
mod pool;
mod sequential;
mod transformer;

pub use activation::{Flatten, Gelu, Relu, Sigmoid, Silu, Tanh};
pub use attention::MultiHeadAttention;
pub use conv::{Conv1d, Conv2d};
pub use dropout::Dropout;
pub use embedding::{Embedding, LearnedPositions, SinePositions};
pub use linear::Linear;
pub use norm::{BatchNorm, GroupNorm, LayerNorm, RmsNorm};
pub use pool::{AvgPool2d, MaxPool2d};
pub use sequential::Sequential;
pub use transformer::TransformerBlock;

use crate::error::NnError;
use candle_core::Tensor;

/// The error of a layer that cannot take `x`.
fn refuse(layer: String, expected: String, x: &Tensor) -> NnError {
    NnError::Shape { layer, expected, found: x.dims().to_vec(), after: None }
}
