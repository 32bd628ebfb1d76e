//! Folds of equal size.

use super::{Fold, Folds, check, partition};
use crate::error::EvalError;
use crate::random::Stream;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// `folds` parts of (nearly) equal size, each judged once by a model of the others.
///
/// As scikit-learn's `KFold`: without [`shuffled`](Self::shuffled) the parts are runs of neighbouring rows, the first
/// ones a row larger where the rows do not divide evenly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KFold {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Seed of a random order of the rows; their own order if `None`.
    pub seed: Option<u64>,
}

impl KFold {
    /// `folds` runs of neighbouring rows.
    pub fn new(folds: usize) -> Self {
        KFold { folds, seed: None }
    }

    /// The rows in a random order first.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    fn of_rows(&self, rows: usize) -> Result<Vec<Fold>, EvalError> {
        check(self.folds, "rows", rows)?;
        let mut order: Vec<usize> = (0..rows).collect();
        if let Some(seed) = self.seed {
            Stream::new(seed).shuffle(&mut order);
        }
        let mut of = vec![0; rows];
        let mut left = order.as_slice();
        for k in 0..self.folds {
            let size = rows / self.folds + usize::from(k < rows % self.folds);
            let (part, rest) = left.split_at(size);
            part.iter().for_each(|&row| of[row] = k);
            left = rest;
        }
        Ok(partition(&of, self.folds))
    }
}

impl Folds for KFold {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        self.of_rows(data.rows())
    }
}

/// [`KFold`] in `repeats` random orders, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatedKFold {
    /// Number of folds of each repetition, at least 2.
    pub folds: usize,
    /// Number of repetitions.
    pub repeats: usize,
    /// Seed of the random orders.
    pub seed: u64,
}

impl RepeatedKFold {
    /// `repeats` times `folds` folds.
    pub fn new(folds: usize, repeats: usize, seed: u64) -> Self {
        RepeatedKFold { folds, repeats, seed }
    }
}

impl Folds for RepeatedKFold {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        repeated(self.repeats, self.seed, |seed| KFold::new(self.folds).shuffled(seed).folds(data))
    }
}

/// The folds of `repeats` seeds derived from one.
pub(super) fn repeated(
    repeats: usize,
    seed: u64,
    folds: impl Fn(u64) -> Result<Vec<Fold>, EvalError>,
) -> Result<Vec<Fold>, EvalError> {
    if repeats == 0 {
        let (value, expected) = ("0".to_owned(), "at least 1");
        return Err(EvalError::Parameter { name: "the number of repetitions", value, expected });
    }
    let all: Result<Vec<_>, _> = (0..repeats).map(|r| folds(Stream::numbered(seed, r as u64).bits())).collect();
    Ok(all?.into_iter().flatten().collect())
}
