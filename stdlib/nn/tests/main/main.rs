//! Tests of the crate: values of PyTorch, finite differences, training, models.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod edges;
mod gradients;
mod mlp;
mod optimizers;
mod reference;
mod stream;
mod train;
