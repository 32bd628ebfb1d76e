//! Folds that learn from the past and judge by the future.

use super::{Fold, Folds, check};
use crate::error::EvalError;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// Folds over rows in order of time: each is judged by a model of the rows before it.
///
/// As scikit-learn's `TimeSeriesSplit`. The rows have to be in order of time already: sort the frame first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSeriesSplit {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Rows left out between the part to learn from and the part to judge by.
    pub gap: usize,
    /// Largest number of rows to learn from, the latest ones; all if `None`.
    pub max_train_size: Option<usize>,
    /// Rows to judge by in each fold; `rows / (folds + 1)` if `None`.
    pub test_size: Option<usize>,
}

impl TimeSeriesSplit {
    /// `folds` folds without a gap, each learning from all rows before it.
    pub fn new(folds: usize) -> Self {
        TimeSeriesSplit { folds, gap: 0, max_train_size: None, test_size: None }
    }

    /// Leaves out rows before each part to judge by, for instance where the target looks ahead.
    #[must_use]
    pub fn gap(mut self, rows: usize) -> Self {
        self.gap = rows;
        self
    }

    /// Learns from the latest `rows` rows only.
    #[must_use]
    pub fn max_train_size(mut self, rows: usize) -> Self {
        self.max_train_size = Some(rows);
        self
    }

    /// Judges by `rows` rows in each fold.
    #[must_use]
    pub fn test_size(mut self, rows: usize) -> Self {
        self.test_size = Some(rows);
        self
    }
}

impl Folds for TimeSeriesSplit {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        let rows = data.rows();
        check(self.folds, "rows", rows.saturating_sub(1))?;
        for (name, size) in [("max_train_size", self.max_train_size), ("test_size", self.test_size)] {
            if size == Some(0) {
                return Err(EvalError::Parameter { name, value: "0".to_owned(), expected: "at least 1" });
            }
        }
        let test = self.test_size.unwrap_or(rows / (self.folds + 1));
        let needed = test.saturating_mul(self.folds).saturating_add(self.gap);
        if needed >= rows {
            return Err(EvalError::Folds { folds: self.folds, what: "rows for gap and test parts", found: rows });
        }
        let first = rows - self.folds * test;
        let fold = |k: usize| {
            let start = first + k * test;
            let end = start - self.gap;
            let begin = self.max_train_size.map_or(0, |most| end.saturating_sub(most));
            Fold { train: (begin..end).collect(), test: (start..start + test).collect() }
        };
        Ok((0..self.folds).map(fold).collect())
    }
}
