//! Features and target together: what supervised models are fitted to.

use crate::error::DataError;
use crate::frame::{find, push_floats};
use crate::matrix::Matrix;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use polars::prelude::DataFrame;
use std::fmt;

/// A feature matrix and its target, row by row.
#[derive(Clone, PartialEq)]
pub struct Dataset {
    /// The features, `rows` x `cols`; NaN where missing.
    pub features: Matrix,
    /// The target, one value per row, never missing; booleans are 0 and 1.
    pub target: Vec<f64>,
    /// Name of the target.
    pub target_name: String,
}

impl Dataset {
    /// Features and target from the columns of a frame.
    ///
    /// # Errors
    /// As [`Matrix::from_frame`] for the features; [`DataError::NoRows`] for a frame without rows;
    /// [`DataError::NotNumeric`] if the target is neither numeric nor boolean; [`DataError::NullTarget`];
    /// [`DataError::TargetIsFeature`].
    pub fn new(df: &DataFrame, features: &[impl AsRef<str>], target: &str) -> Result<Self, DataError> {
        if features.iter().any(|f| f.as_ref() == target) {
            return Err(DataError::TargetIsFeature { name: target.to_owned() });
        }
        Self::from_parts(df, Matrix::from_frame(df, features)?, target)
    }

    fn from_parts(df: &DataFrame, features: Matrix, name: &str) -> Result<Self, DataError> {
        let column = find(df, name)?;
        if df.height() == 0 {
            return Err(DataError::NoRows);
        }
        let mut target = Vec::with_capacity(df.height());
        push_floats(column, &mut target)?;
        match column.null_count() {
            0 => Ok(Dataset { features, target, target_name: name.to_owned() }),
            count => Err(DataError::NullTarget { name: name.to_owned(), count, rows: df.height() }),
        }
    }

    /// Number of rows (samples).
    pub fn rows(&self) -> usize {
        self.target.len()
    }

    /// The rows with these numbers, in this order; a number may be given more than once.
    ///
    /// # Panics
    /// If a number is not below [`rows`](Self::rows).
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        Dataset {
            features: self.features.select_rows(rows),
            target: rows.iter().map(|&i| self.target[i]).collect(),
            target_name: self.target_name.clone(),
        }
    }
}

/// Shape and names only: a dataset can have millions of values.
impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, cols) = (self.rows(), self.features.cols());
        write!(f, "Dataset {rows} x {cols} [{}] -> {}", self.features.names().join(", "), self.target_name)
    }
}

impl Display for Dataset {
    fn bundle(&self) -> Bundle {
        Bundle::text(format!("{self:?}"))
    }
}

impl Inspect for Dataset {
    fn shape(&self) -> Option<String> {
        Some(format!("{} x {}", self.rows(), self.features.cols()))
    }

    fn heap_bytes(&self) -> u64 {
        self.features.heap_bytes() + (self.target.capacity() * size_of::<f64>()) as u64
    }
}
