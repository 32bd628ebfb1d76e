//! Folds in which each class has the same share as in the whole.

use super::plain::repeated;
use super::{Fold, Folds, check, partition, strata};
use crate::error::EvalError;
use crate::random::Stream;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// `folds` parts in which each class of the target has its share, to within a row.
///
/// As scikit-learn's `StratifiedKFold`, the very same folds without [`shuffled`](Self::shuffled). A class with fewer
/// rows than folds is missing from some of them; it is an error only where that is so for all classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StratifiedKFold {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Seed of a random order of the rows within each class; their own order if `None`.
    pub seed: Option<u64>,
}

impl StratifiedKFold {
    /// `folds` parts, the rows of each class in their order.
    pub fn new(folds: usize) -> Self {
        StratifiedKFold { folds, seed: None }
    }

    /// The rows of each class in a random order.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl Folds for StratifiedKFold {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        check(self.folds, "rows", data.rows())?;
        let (classes, counts) = strata(data)?;
        check(self.folds, "rows in the largest class", counts.iter().copied().max().unwrap_or(0))?;
        let mut stream = self.seed.map(Stream::new);
        let mut queues: Vec<std::vec::IntoIter<usize>> = Vec::new();
        let mut before = 0;
        for &count in &counts {
            let mut folds = shares(before, count, self.folds);
            if let Some(stream) = &mut stream {
                stream.shuffle(&mut folds);
            }
            queues.push(folds.into_iter());
            before += count;
        }
        let of: Vec<usize> = classes.iter().map(|&class| queues[class].next().unwrap_or_default()).collect();
        Ok(partition(&of, self.folds))
    }
}

/// The folds of the rows of one class, in order: as many of each fold as there are numbers of its remainder among
/// `before..before + count`, so that what is left over wanders from fold to fold and sizes differ by a row at most.
fn shares(before: usize, count: usize, folds: usize) -> Vec<usize> {
    let below = |limit: usize, k: usize| (limit + folds - 1 - k) / folds;
    let share = |k: usize| below(before + count, k) - below(before, k);
    (0..folds).flat_map(|k| std::iter::repeat_n(k, share(k))).collect()
}

/// [`StratifiedKFold`] in `repeats` random orders, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatedStratifiedKFold {
    /// Number of folds of each repetition, at least 2.
    pub folds: usize,
    /// Number of repetitions.
    pub repeats: usize,
    /// Seed of the random orders.
    pub seed: u64,
}

impl RepeatedStratifiedKFold {
    /// `repeats` times `folds` folds.
    pub fn new(folds: usize, repeats: usize, seed: u64) -> Self {
        RepeatedStratifiedKFold { folds, repeats, seed }
    }
}

impl Folds for RepeatedStratifiedKFold {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        repeated(self.repeats, self.seed, |seed| StratifiedKFold::new(self.folds).shuffled(seed).folds(data))
    }
}
