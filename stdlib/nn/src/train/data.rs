//! Inputs and targets in memory, cut into batches.

use crate::device::moved;
use crate::error::NnError;
use candle_core::{DType, Device, Tensor};
use ironbook_data::Dataset;

/// Inputs and targets, row by row, and how much each row counts.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use ironbook_nn::Data;
///
/// let x = Tensor::new(&[[0.0f32, 1.0], [1.0, 0.0], [1.0, 1.0]], &Device::Cpu)?;
/// let y = Tensor::new(&[1.0f32, 1.0, 0.0], &Device::Cpu)?;
/// assert_eq!(Data::new(x, y)?.rows(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Data {
    pub(crate) x: Tensor,
    pub(crate) y: Tensor,
    pub(crate) weights: Option<Tensor>,
}

/// Data sets up to this size are moved to the GPU whole; larger ones batch by batch.
const WHOLE: usize = 2 << 30;

/// A part of the rows.
pub(crate) struct Batch {
    pub(crate) x: Tensor,
    pub(crate) y: Tensor,
    pub(crate) weights: Option<Tensor>,
}

impl Data {
    /// Inputs and targets; the first dimension of both is the rows.
    ///
    /// # Errors
    /// [`NnError::Rows`] for different numbers of rows, and for none.
    pub fn new(x: Tensor, y: Tensor) -> Result<Self, NnError> {
        let rows = |t: &Tensor| t.dims().first().copied().unwrap_or(0);
        if rows(&x) != rows(&y) || rows(&x) == 0 {
            return Err(NnError::Rows { what: "targets have", inputs: rows(&x), found: rows(&y) });
        }
        let flat = |t: Tensor| if t.is_contiguous() { Ok(t) } else { t.contiguous() };
        Ok(Data { x: flat(x)?, y: flat(y)?, weights: None })
    }

    /// The same rows, each counting as much as its weight says.
    ///
    /// # Errors
    /// [`NnError::Rows`] for another number of weights; [`NnError::Parameter`] for one that is negative or not finite,
    /// and if all are 0.
    pub fn weights(mut self, weights: Tensor) -> Result<Self, NnError> {
        if weights.elem_count() != self.rows() {
            return Err(NnError::Rows { what: "weights have", inputs: self.rows(), found: weights.elem_count() });
        }
        let values = weights.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let wrong = values.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0));
        if wrong.is_some() || values.iter().sum::<f64>() == 0.0 {
            let value = wrong.map_or("0 in all rows".to_owned(), |row| format!("{} in row {row}", values[row]));
            let expected = "finite numbers of at least 0, at least one of them above 0";
            return Err(NnError::Parameter { name: "the weight", value, expected });
        }
        self.weights = Some(if weights.rank() == 1 { weights } else { weights.flatten_all()? });
        Ok(self)
    }

    /// The numbers of a data set as they are, in f32; text targets as class numbers (u32), weights if there are any.
    ///
    /// Networks like standardised inputs: `MlpClassifier` does that, and handles text and missing values.
    ///
    /// # Errors
    /// [`NnError::Rows`] for a data set without rows, [`NnError::OutOfMemory`].
    pub fn of(data: &Dataset) -> Result<Self, NnError> {
        let (rows, cols) = (data.rows(), data.features.cols());
        let all = Tensor::from_slice(data.features.data(), (cols, rows), &Device::Cpu)?;
        let x = all.t()?.contiguous()?.to_dtype(DType::F32)?;
        let y = Tensor::from_slice(&data.target, rows, &Device::Cpu)?;
        let y = y.to_dtype(if data.classes.is_some() { DType::U32 } else { DType::F32 })?;
        let made = Self::new(x, y)?;
        match &data.weights {
            None => Ok(made),
            Some(weights) => made.weights(Tensor::from_slice(weights, rows, &Device::Cpu)?.to_dtype(DType::F32)?),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.x.dims().first().copied().unwrap_or(0)
    }

    /// The inputs.
    pub fn x(&self) -> &Tensor {
        &self.x
    }

    /// The targets.
    pub fn y(&self) -> &Tensor {
        &self.y
    }

    /// The same data on a device, unless it is large: then it stays where it is.
    pub(crate) fn near(&self, device: &Device) -> Result<Self, NnError> {
        let parts = [Some(&self.x), Some(&self.y), self.weights.as_ref()];
        let bytes: usize = parts.into_iter().flatten().map(|t| t.elem_count() * t.dtype().size_in_bytes()).sum();
        if device.is_cpu() || bytes > WHOLE {
            return Ok(self.clone());
        }
        let weights = self.weights.as_ref().map(|weights| moved(weights, device)).transpose()?;
        Ok(Data { x: moved(&self.x, device)?, y: moved(&self.y, device)?, weights })
    }

    /// The rows of these numbers, on a device.
    pub(crate) fn pick(&self, rows: &[u32], device: &Device) -> Result<Batch, NnError> {
        let index = Tensor::from_slice(rows, rows.len(), &Device::Cpu)?.to_device(self.x.device())?;
        let take = |t: &Tensor| -> Result<Tensor, NnError> {
            let index = index.to_device(t.device())?;
            Ok(moved(&t.index_select(&index, 0)?, device)?)
        };
        Ok(Batch { x: take(&self.x)?, y: take(&self.y)?, weights: self.weights.as_ref().map(take).transpose()? })
    }

    /// Neighbouring rows, on a device.
    pub(crate) fn slice(&self, from: usize, count: usize, device: &Device) -> Result<Batch, NnError> {
        let take = |t: &Tensor| -> Result<Tensor, NnError> { Ok(moved(&t.narrow(0, from, count)?, device)?) };
        Ok(Batch { x: take(&self.x)?, y: take(&self.y)?, weights: self.weights.as_ref().map(take).transpose()? })
    }
}

impl Batch {
    /// How much the rows count together.
    pub(crate) fn total(&self) -> Result<f64, NnError> {
        match &self.weights {
            None => Ok(self.x.dims()[0] as f64),
            Some(weights) => Ok(weights.to_dtype(DType::F64)?.sum_all()?.to_scalar::<f64>()?),
        }
    }

    /// Neighbouring rows of the batch.
    pub(crate) fn part(&self, from: usize, count: usize) -> Result<Batch, NnError> {
        let take = |t: &Tensor| t.narrow(0, from, count);
        Ok(Batch { x: take(&self.x)?, y: take(&self.y)?, weights: self.weights.as_ref().map(take).transpose()? })
    }
}
