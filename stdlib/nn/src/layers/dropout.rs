//! Dropout, seeded.

use crate::error::NnError;
use crate::module::{Module, Pass, Visitor};
use candle_core::{Device, Tensor};

/// While training, sets each value to 0 with this chance and divides the others by the chance to stay
/// (Srivastava et al. 2014). The values are drawn on the CPU from the pass's generator.
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
        let mut rng = pass.rng();
        let kept = 1.0 / (1.0 - self.rate);
        // The top 32 bits decide: half the random numbers of a draw of 64.
        let limit = (self.rate * 4_294_967_296.0) as u32;
        let n = x.elem_count();
        let mut mask = Vec::with_capacity(n + 1);
        while mask.len() < n {
            let bits = rng.next();
            mask.push(if (bits >> 32) as u32 >= limit { kept as f32 } else { 0.0 });
            mask.push(if bits as u32 >= limit { kept as f32 } else { 0.0 });
        }
        mask.truncate(n);
        let mask = Tensor::from_vec(mask, x.shape(), &Device::Cpu)?.to_dtype(x.dtype())?.to_device(x.device())?;
        Ok((x * mask)?)
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
