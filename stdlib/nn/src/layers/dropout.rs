//! Dropout, seeded.

use crate::error::NnError;
use crate::module::{Module, Pass, Visitor};
use crate::ops;
use candle_core::Tensor;

/// While training, sets each value to 0 with this chance and divides the others by the chance to stay
/// (Srivastava et al. 2014). Which values is a function of the pass's generator and their
/// place: the same on every device.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// Chance of a value to be dropped, in `0..1`.
    pub rate: f64,
}

impl Dropout {
    /// A layer of this rate.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a rate outside of `0..1`.
    pub fn new(rate: f64) -> Result<Self, NnError> {
        if (0.0..1.0).contains(&rate) {
            return Ok(Dropout { rate });
        }
        Err(NnError::Parameter { name: "dropout", value: rate.to_string(), expected: "at least 0 and below 1" })
    }

    pub(crate) fn apply(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        if !pass.is_train() || self.rate == 0.0 {
            return Ok(x.clone());
        }
        ops::dropout(x, self.rate, pass.rng().next())
    }
}

impl Module for Dropout {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        self.apply(x, pass)
    }

    fn visit(&self, _: &mut Visitor<'_>) {}

    fn describe(&self) -> String {
        format!("Dropout {}", self.rate)
    }
}
