//! Folds: which rows to learn from and which to judge by, several times over one data set.

mod grouped;
mod holdout;
mod plain;
mod stratified;
mod time;

pub use grouped::{GroupKFold, LeaveOneGroupOut, StratifiedGroupKFold};
pub use holdout::{Holdout, ShuffleSplit, train_test_split};
pub use plain::{KFold, RepeatedKFold};
pub use stratified::{RepeatedStratifiedKFold, StratifiedKFold};
pub use time::TimeSeriesSplit;

use crate::error::EvalError;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// Row numbers of one split, both lists in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to judge by.
    pub test: Vec<usize>,
}

impl Fold {
    /// The two parts of the data: (to learn from, to judge by).
    ///
    /// # Panics
    /// If the data has fewer rows than the data that the fold was made for.
    pub fn of(&self, data: &Dataset) -> (Dataset, Dataset) {
        (data.select_rows(&self.train), data.select_rows(&self.test))
    }
}

/// A way to split a data set several times; the same data and seed give the same folds on any machine.
pub trait Folds {
    /// The folds, in order.
    ///
    /// # Errors
    /// [`EvalError::Folds`] where there are fewer rows, groups or rows of a class than folds;
    /// [`EvalError::Parameter`]; [`EvalError::NoGroups`] where groups are needed and the data has none.
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError>;
}

impl<F: Folds + ?Sized> Folds for &F {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        (**self).folds(data)
    }
}

/// Folds made by hand are folds as well.
impl Folds for [Fold] {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        let rows = data.rows();
        match self.iter().flat_map(|fold| fold.train.iter().chain(&fold.test)).find(|row| **row >= rows) {
            Some(&row) => Err(EvalError::Row { row, rows }),
            None => Ok(self.to_vec()),
        }
    }
}

impl Folds for Vec<Fold> {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        self.as_slice().folds(data)
    }
}

/// The folds of rows that are each judged in exactly one: `of[i]` is the fold of row `i`.
fn partition(of: &[usize], count: usize) -> Vec<Fold> {
    let fold = |k: usize| {
        let (test, train) = (0..of.len()).partition(|&i| of[i] == k);
        Fold { train, test }
    };
    (0..count).map(fold).collect()
}

/// Refuses fewer than two folds, and more folds than there is of `what`.
fn check(folds: usize, what: &'static str, found: usize) -> Result<(), EvalError> {
    if folds < 2 {
        let (value, expected) = (folds.to_string(), "at least 2");
        return Err(EvalError::Parameter { name: "the number of folds", value, expected });
    }
    if folds > found { Err(EvalError::Folds { folds, what, found }) } else { Ok(()) }
}

/// The group of each row as a number from 0, in ascending order of the groups, and how many groups there are.
fn groups(data: &Dataset) -> Result<(Vec<usize>, usize), EvalError> {
    let groups = data.groups.as_deref().ok_or(EvalError::NoGroups)?;
    if groups.len() != data.rows() {
        return Err(EvalError::Length { what: "groups", expected: data.rows(), found: groups.len() });
    }
    let mut distinct = groups.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let number = |group: &u32| distinct.binary_search(group).unwrap_or_default();
    Ok((groups.iter().map(number).collect(), distinct.len()))
}

/// The class of each row as a number from 0, in order of first appearance, and the rows of each class.
fn strata(data: &Dataset) -> Result<(Vec<usize>, Vec<usize>), EvalError> {
    let values = ironbook_learn::Classes::of(data)?.values;
    let mut number: Vec<Option<usize>> = vec![None; values.len()];
    let mut counts = Vec::new();
    let mut of = Vec::with_capacity(data.rows());
    for y in &data.target {
        let k = values.binary_search_by(|v| v.total_cmp(y)).unwrap_or_default();
        let class = *number[k].get_or_insert_with(|| {
            counts.push(0);
            counts.len() - 1
        });
        counts[class] += 1;
        of.push(class);
    }
    Ok((of, counts))
}
