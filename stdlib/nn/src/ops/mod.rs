//! Differentiable functions: fused on the CPU and on NVIDIA GPUs, composed of candle's own differentiable operations
//! elsewhere.
//!
//! candle 0.11's own norms, softmax, rope and attention give no gradient, and say nothing; these do.

mod activation;
mod attention;
mod block;
mod chain;
mod conv;
mod dropout;
mod embedding;
mod kernel;
mod linear;
pub(crate) mod loss;
mod norm;
mod pool;
mod rope;
mod softmax;
pub(crate) mod vector;

pub use activation::{gelu, gelu_tanh, relu, sigmoid, silu, softplus, tanh};
pub use attention::attention;
pub(crate) use attention::self_attention;
pub(crate) use block::{After, conv_pool};
pub(crate) use chain::{Affine, chain};
pub use conv::{Window, conv1d, conv2d};
pub(crate) use dropout::dropout;
pub(crate) use embedding::embedding;
#[doc(hidden)]
pub use kernel::composed;
#[cfg(feature = "cuda")]
pub(crate) use kernel::on_gpu;
pub(crate) use kernel::{fused, share};
pub(crate) use linear::{Function, linear_full, linear_in};
pub use linear::{linear, linear_relu};
pub(crate) use norm::{affine, normalize, whole as whole_norm};
pub use norm::{layer_norm, rms_norm};
pub use pool::{avg_pool2d, max_pool2d};
pub use rope::rope;
pub use softmax::{log_softmax, softmax};
