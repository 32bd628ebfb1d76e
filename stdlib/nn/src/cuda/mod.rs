//! The fused functions on NVIDIA GPUs: one file of kernels, compiled at first use, and what launches them.
//!
//! `ops` and `optim` call these functions for tensors that `ops::kernel::on_gpu` says yes to; everything else on a GPU is
//! composed of candle's operations.

mod adam;
mod attention;
mod conv;
mod dense;
mod device;
mod launch;
mod loss;
mod norm;
mod product;
mod rows;

pub(crate) use adam::{AdamStep, Plan, norm_of};
pub(crate) use attention::Attend;
pub(crate) use conv::{Sizes, gather, pool, pool_slope, scatter, turned, with_bias};
pub(crate) use dense::Dense;
pub(crate) use device::{count, open, release};
pub(crate) use launch::made;
pub(crate) use loss::{cross_entropy, pointwise};
pub(crate) use norm::Norm;
pub(crate) use rows::{curve, curve_slope, dropout, embedding_slope, row_numbers, softmax, softmax_slope};
