//! First weights: drawn on the CPU from a seed, so that they are the same on every device.

use crate::error::NnError;
use crate::rng::Rng;
use candle_core::{DType, Device, Tensor, Var};

/// Where new layers get their weights from: a seeded generator, a device, a type.
///
/// ```
/// use ironbook_nn::{Init, Linear};
///
/// let mut init = Init::seed(7);
/// let first = Linear::new(3, 2, &mut init)?;
/// let again = Linear::new(3, 2, &mut Init::seed(7))?;
/// assert_eq!(first.weight.to_vec2::<f32>()?, again.weight.to_vec2::<f32>()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Init {
    rng: Rng,
    device: Device,
    dtype: DType,
}

/// How a weight is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// All alike.
    Constant(f64),
    /// Uniform in `-bound..bound`.
    Uniform(f64),
    /// Normal with mean 0 and this deviation.
    Normal(f64),
}

impl Draw {
    /// Uniform with the bound that PyTorch's linear and convolution layers have: `1 / sqrt(fan_in)` (He et al. 2015,
    /// with a = sqrt 5).
    pub fn kaiming(fan_in: usize) -> Self {
        Draw::Uniform(1.0 / (fan_in.max(1) as f64).sqrt())
    }

    /// Uniform with the bound `sqrt(6 / (fan_in + fan_out))` (Glorot & Bengio 2010).
    pub fn xavier(fan_in: usize, fan_out: usize) -> Self {
        Draw::Uniform((6.0 / (fan_in + fan_out).max(1) as f64).sqrt())
    }
}

impl Init {
    /// Weights from this seed, f32, on the CPU.
    pub fn seed(seed: u64) -> Self {
        Init { rng: Rng::seed(seed), device: Device::Cpu, dtype: DType::F32 }
    }

    /// Weights from the session's seed, f32, on the CPU.
    pub fn session() -> Self {
        Self::seed(ironbook_core::seed::derive("nn"))
    }

    /// The same weights, on this device.
    #[must_use]
    pub fn on(mut self, device: &Device) -> Self {
        self.device = device.clone();
        self
    }

    /// Weights of this type: `DType::F32` or `DType::F64`.
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A new variable.
    ///
    /// # Errors
    /// [`NnError::OutOfMemory`], [`NnError::Parameter`] for a size of 0.
    pub fn var(&mut self, dims: &[usize], draw: Draw) -> Result<Var, NnError> {
        Ok(Var::from_tensor(&self.tensor(dims, draw)?)?)
    }

    /// A new tensor that is no variable.
    ///
    /// # Errors
    /// As [`var`](Self::var).
    pub fn tensor(&mut self, dims: &[usize], draw: Draw) -> Result<Tensor, NnError> {
        if dims.contains(&0) {
            let value = crate::error::dims(dims);
            return Err(NnError::Parameter { name: "the size of a layer", value, expected: "at least 1" });
        }
        let full = || NnError::OutOfMemory {
            what: format!("a weight of {} needs more than there is", crate::error::dims(dims)),
        };
        let count = dims.iter().try_fold(1usize, |all, dim| all.checked_mul(*dim)).ok_or_else(full)?;
        let mut values: Vec<f64> = Vec::new();
        values.try_reserve_exact(count).map_err(|_| full())?;
        let rng = &mut self.rng;
        values.extend((0..count).map(|_| match draw {
            Draw::Constant(value) => value,
            Draw::Uniform(bound) => (2.0 * rng.uniform() - 1.0) * bound,
            Draw::Normal(deviation) => rng.normal() * deviation,
        }));
        Ok(Tensor::from_vec(values, dims, &Device::Cpu)?.to_dtype(self.dtype)?.to_device(&self.device)?)
    }
}
