//! Rows of a table by their number, and the positions of a sequence.

use super::refuse;
use crate::error::NnError;
use crate::init::{Draw, Init};
use crate::module::{Module, Pass, Visitor};
use crate::ops;
use candle_core::{D, DType, Device, Tensor, Var};

/// The rows of a table by their numbers: indices of any shape become `.. x width`. First values standard normal, as
/// PyTorch's.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// `rows x width`.
    pub weight: Var,
}

impl Embedding {
    /// A table of `rows` rows of `width` values.
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(rows: usize, width: usize, init: &mut Init) -> Result<Self, NnError> {
        Ok(Embedding { weight: init.var(&[rows, width], Draw::Normal(1.0))? })
    }
}

impl Module for Embedding {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        let (rows, width) = self.weight.dims2()?;
        let dims: Vec<usize> = x.dims().iter().copied().chain([width]).collect();
        if let Some(taken) = ops::embedding(&self.weight, x)? {
            return Ok(taken.reshape(dims)?);
        }
        let flat = x.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        if let Some(index) = flat.iter().find(|i| i.fract() != 0.0 || **i < 0.0 || **i >= rows as f64 || i.is_nan()) {
            return Err(NnError::Index { layer: self.describe(), index: index.to_string(), rows });
        }
        let index: Vec<u32> = flat.iter().map(|i| *i as u32).collect();
        let index = Tensor::from_vec(index, flat.len(), &Device::Cpu)?.to_device(self.weight.device())?;
        Ok(self.weight.index_select(&index, 0)?.reshape(dims)?)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.weight("weight", &self.weight);
    }

    fn describe(&self) -> String {
        format!("Embedding {} x {}", self.weight.dims()[0], self.weight.dims()[1])
    }
}

/// Adds a learned vector per position to `batch x time x width`.
#[derive(Clone, Debug)]
pub struct LearnedPositions {
    /// `longest x width`.
    pub weight: Var,
}

impl LearnedPositions {
    /// Vectors for sequences of at most `longest`; first values normal with deviation 0.02 (GPT-2).
    ///
    /// # Errors
    /// [`NnError::Parameter`] for a size of 0, [`NnError::OutOfMemory`].
    pub fn new(longest: usize, width: usize, init: &mut Init) -> Result<Self, NnError> {
        Ok(LearnedPositions { weight: init.var(&[longest, width], Draw::Normal(0.02))? })
    }
}

impl Module for LearnedPositions {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        let (longest, width) = self.weight.dims2()?;
        match *x.dims() {
            [_, time, w] if time <= longest && w == width => {
                Ok(x.broadcast_add(&self.weight.narrow(0, 0, time)?.to_dtype(x.dtype())?)?)
            }
            _ => Err(refuse(self.describe(), format!("batch x time (at most {longest}) x {width}"), x)),
        }
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.weight("weight", &self.weight);
    }
}

/// Adds sines and cosines of the position to `batch x time x width` (Vaswani et al. 2017, 3.5).
#[derive(Clone, Copy, Debug, Default)]
pub struct SinePositions;

impl Module for SinePositions {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        let (time, width) = (x.dim(D::Minus2)?, x.dim(D::Minus1)?);
        let at = |i: usize| {
            let (position, feature) = ((i / width) as f64, i % width);
            let angle = position * 10_000_f64.powf(-((feature - feature % 2) as f64) / width as f64);
            if feature % 2 == 0 { angle.sin() } else { angle.cos() }
        };
        let table: Vec<f64> = (0..time * width).map(at).collect();
        let table = Tensor::from_vec(table, (time, width), &Device::Cpu)?.to_dtype(x.dtype())?;
        Ok(x.broadcast_add(&table.to_device(x.device())?)?)
    }

    fn visit(&self, _: &mut Visitor<'_>) {}
}
