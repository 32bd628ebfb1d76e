//! Tests of the crate: values of PyTorch, finite differences, training, models.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stdout, reason = "a test that was skipped says so")]

mod edges;
mod gpu;
mod gradients;
mod kernels;
mod mlp;
mod optimizers;
mod reference;
mod stream;
mod train;
