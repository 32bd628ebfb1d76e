//! Tests of the crate: values of PyTorch, finite differences, training.

mod gradients;
mod optimizers;
mod reference;
mod stream;
