//! Pooling layers.

use super::refuse;
use crate::error::NnError;
use crate::module::{Module, Pass, Visitor};
use crate::ops::{self, Window};
use candle_core::Tensor;

macro_rules! pools { // the two layers differ in one function
    ($($(#[$doc:meta])* $layer:ident => $f:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $layer {
            /// Side of the window.
            pub kernel: usize,
            /// How it moves.
            pub window: Window,
        }

        impl $layer {
            /// A square window that moves by its own side.
            pub fn new(kernel: usize) -> Self {
                let kernel = kernel.max(1);
                $layer { kernel, window: Window { stride: (kernel, kernel), ..Window::default() } }
            }

            /// The same layer with this distance between positions.
            #[must_use]
            pub fn stride(mut self, stride: usize) -> Self {
                self.window.stride = (stride.max(1), stride.max(1));
                self
            }

            /// The same layer with this padding, at most half the window.
            #[must_use]
            pub fn padding(mut self, padding: usize) -> Self {
                let padding = padding.min(self.kernel / 2);
                self.window.padding = (padding, padding);
                self
            }
        }

        impl Module for $layer {
            fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
                let kernel = (self.kernel, self.kernel);
                if !matches!(*x.dims(), [_, _, h, w] if self.window.output((h, w), kernel).is_some()) {
                    let expected = "batch x channels x height x width, at least as large as its window".to_owned();
                    return Err(refuse(self.describe(), expected, x));
                }
                ops::$f(x, kernel, self.window)
            }

            fn visit(&self, _: &mut Visitor<'_>) {}

            fn describe(&self) -> String {
                format!("{} {} x {}", stringify!($layer), self.kernel, self.kernel)
            }
        }
    )+ };
}

pools! {
    /// The largest value of each window.
    MaxPool2d => max_pool2d,
    /// The mean of each window.
    AvgPool2d => avg_pool2d,
}
