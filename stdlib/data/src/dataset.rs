//! Features and target together: what supervised models are fitted to.

use crate::cells::extent;
use crate::error::DataError;
use crate::frame::{find, push_floats, push_values};
use crate::html;
use crate::kind::Kind;
use crate::matrix::{HEAD, Matrix, first};
use ironbook_core::inspect::Inspect;
use ironbook_core::table::visible;
use ironbook_core::{Bundle, Display};
use polars::prelude::{Column, DataFrame};
use std::fmt;

/// A feature matrix and its target, row by row.
#[derive(Clone, PartialEq)]
pub struct Dataset {
    /// The features, `rows` x `cols`; NaN where missing.
    pub features: Matrix,
    /// The target, one value per row, never missing; booleans are 0 and 1, text is the number of its class.
    pub target: Vec<f64>,
    /// Name of the target.
    pub target_name: String,
    /// Names of the classes of a text target, in alphabetical order; `target` holds their numbers from 0.
    pub classes: Option<Vec<String>>,
    /// How much each row counts, at least 0; all alike if `None`.
    pub weights: Option<Vec<f64>>,
    /// The group (query, patient, user) of each row; rows of a group need not be neighbours.
    pub groups: Option<Vec<u32>>,
}

impl Dataset {
    /// Features and target from the columns of a frame.
    ///
    /// # Errors
    /// As [`Matrix::from_frame`] for the features; [`DataError::NoRows`] for a frame without rows;
    /// [`DataError::NotNumeric`] if the target is neither numeric, boolean nor text; [`DataError::NullTarget`];
    /// [`DataError::TargetIsFeature`].
    pub fn new(df: &DataFrame, features: &[impl AsRef<str>], target: &str) -> Result<Self, DataError> {
        if features.iter().any(|f| f.as_ref() == target) {
            return Err(DataError::TargetIsFeature { name: target.to_owned() });
        }
        Self::from_frame(df, Matrix::from_frame(df, features)?, target)
    }

    fn from_frame(df: &DataFrame, features: Matrix, name: &str) -> Result<Self, DataError> {
        let column = find(df, name)?;
        if df.height() == 0 {
            return Err(DataError::NoRows);
        }
        let mut target = Vec::with_capacity(df.height());
        let kind = push_values(column, &mut target)?;
        if kind == Kind::Time {
            return Err(DataError::NotNumeric { name: name.to_owned(), dtype: column.dtype().clone() });
        }
        match column.null_count() {
            0 => {
                let classes = kind.categories().map(|names| names.to_vec());
                Ok(Dataset { classes, ..Self::from_parts(features, target, name) })
            }
            count => Err(DataError::NullTarget { name: name.to_owned(), count, rows: df.height() }),
        }
    }

    /// Features and a numeric target from memory; lengths are checked by the models' `fit`.
    pub fn from_parts(features: Matrix, target: Vec<f64>, target_name: impl Into<String>) -> Self {
        Dataset { features, target, target_name: target_name.into(), classes: None, weights: None, groups: None }
    }

    /// The same rows, each counting as much as its weight says.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<f64>) -> Self {
        self.weights = Some(weights);
        self
    }

    /// The same rows, each in its group (the query of a ranking, the patient of a measurement).
    #[must_use]
    pub fn with_groups(mut self, groups: Vec<u32>) -> Self {
        self.groups = Some(groups);
        self
    }

    /// The weights of the rows from a numeric column of the frame that the dataset was made from.
    ///
    /// # Errors
    /// [`DataError::UnknownColumn`], [`DataError::NotNumeric`], [`DataError::Nulls`].
    pub fn with_weights_of(self, df: &DataFrame, column: &str) -> Result<Self, DataError> {
        let mut weights = Vec::with_capacity(df.height());
        let found = find(df, column)?;
        push_floats(found, &mut weights)?;
        match found.null_count() {
            0 => Ok(self.with_weights(weights)),
            count => Err(DataError::Nulls { name: column.to_owned(), count, rows: df.height() }),
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
            classes: self.classes.clone(),
            weights: self.weights.as_ref().map(|weights| rows.iter().map(|&i| weights[i]).collect()),
            groups: self.groups.as_ref().map(|groups| rows.iter().map(|&i| groups[i]).collect()),
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
        let text = Bundle::text(visible(&format!("{self:?}")));
        let head = self.select_rows(&(0..self.rows().min(HEAD)).collect::<Vec<_>>());
        let Ok(mut df) = head.features.to_frame() else { return text };
        let target = match &head.classes {
            Some(names) => {
                let name = |y: &f64| names.get(*y as usize).map(String::as_str);
                Column::new(self.target_name.as_str().into(), head.target.iter().map(name).collect::<Vec<_>>())
            }
            None => Column::new(self.target_name.as_str().into(), head.target.as_slice()),
        };
        let weights = head.weights.as_ref().map(|weights| Column::new("(weight)".into(), weights.as_slice()));
        let groups = head.groups.as_ref().map(|groups| Column::new("(group)".into(), groups.as_slice()));
        for column in [Some(target), weights, groups].into_iter().flatten() {
            // A feature of the same name keeps its place.
            if df.column(column.name()).is_err() && df.with_column(column).is_err() {
                return text;
            }
        }
        let caption = format!(
            "Dataset of {} and the target {}{}",
            extent(self.rows(), self.features.cols()),
            self.target_name,
            first(self.rows())
        );
        text.html(html::table(&df, Some(&caption)))
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
