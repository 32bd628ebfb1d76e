//! One random part held out to judge by, once or several times.

use super::{Fold, Folds, groups, strata};
use crate::error::EvalError;
use crate::random::Stream;
use crate::split::share;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// Splits at random: (rows to learn from, rows to judge by), both in the order of the data.
///
/// `test` is the share of rows in the second part, for instance 0.2, rounded up as in scikit-learn's
/// `train_test_split`. [`Holdout`] can keep shares of classes, or groups together; rows in time are better split by
/// [`time_split`](crate::time_split).
///
/// # Errors
/// [`EvalError::Share`], [`EvalError::TooFewRows`].
pub fn train_test_split(data: &Dataset, test: f64, seed: u64) -> Result<(Dataset, Dataset), EvalError> {
    Holdout::new(test).seed(seed).split(data)
}

/// What belongs together in a random split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum By {
    #[default]
    Row,
    Class,
    Group,
}

/// One random part held out to judge by.
///
/// | part | default | meaning |
/// |---|---|---|
/// | `test` | | share of the rows (of the groups, if [`grouped`](Self::grouped)) to judge by, rounded up |
/// | `seed` | 0 | the same seed gives the same split for ever |
/// | [`stratified`](Self::stratified) | no | each class has its share in both parts, to within a row |
/// | [`grouped`](Self::grouped) | no | groups stay together |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holdout {
    /// Share of the second part.
    pub test: f64,
    /// Seed of the choice.
    pub seed: u64,
    #[serde(default)]
    by: By,
}

impl Holdout {
    /// A part of this share.
    pub fn new(test: f64) -> Self {
        Holdout { test, seed: 0, by: By::Row }
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Gives each class of the target its share in both parts.
    #[must_use]
    pub fn stratified(mut self) -> Self {
        self.by = By::Class;
        self
    }

    /// Keeps the rows of a group (`data.groups`) together; the share is one of groups, as in `GroupShuffleSplit`.
    #[must_use]
    pub fn grouped(mut self) -> Self {
        self.by = By::Group;
        self
    }

    /// Row numbers of the two parts.
    ///
    /// # Errors
    /// [`EvalError::Share`], [`EvalError::TooFewRows`]; stratified also [`EvalError::Folds`] for a class of one row
    /// and for fewer rows in a part than classes; grouped also [`EvalError::NoGroups`].
    pub fn rows(&self, data: &Dataset) -> Result<Fold, EvalError> {
        self.chosen(data, &mut Stream::new(self.seed))
    }

    /// The two parts: (to learn from, to judge by).
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn split(&self, data: &Dataset) -> Result<(Dataset, Dataset), EvalError> {
        Ok(self.rows(data)?.of(data))
    }

    fn chosen(&self, data: &Dataset, stream: &mut Stream) -> Result<Fold, EvalError> {
        share("test", self.test, 0.2)?;
        let rows = data.rows();
        if rows < 2 {
            return Err(EvalError::TooFewRows { rows });
        }
        let held = match self.by {
            By::Row => picked(rows, self.count(rows), stream),
            By::Class => self.by_class(data, stream)?,
            By::Group => {
                let (group, count) = groups(data)?;
                super::check(2, "groups", count)?;
                let held = picked(count, self.count(count), stream);
                group.iter().map(|&g| held[g]).collect()
            }
        };
        let (test, train) = (0..rows).partition(|&i| held[i]);
        Ok(Fold { train, test })
    }

    fn count(&self, of: usize) -> usize {
        ((of as f64 * self.test).ceil() as usize).clamp(1, of - 1)
    }

    fn by_class(&self, data: &Dataset, stream: &mut Stream) -> Result<Vec<bool>, EvalError> {
        let (class, counts) = strata(data)?;
        let held = self.count(class.len());
        let smallest = counts.iter().copied().min().unwrap_or(0);
        super::check(2, "rows in the smallest class", smallest)?;
        super::check(
            counts.len().max(2),
            "rows in the smaller part (a row for each class)",
            held.min(class.len() - held),
        )?;
        let mut masks = Vec::new();
        for (&count, &take) in counts.iter().zip(&shares(&counts, held)) {
            masks.push(picked(count, take, stream).into_iter());
        }
        Ok(class.iter().map(|&c| masks[c].next().unwrap_or_default()).collect())
    }
}

/// Which `count` of `of` are chosen, each set equally likely.
fn picked(of: usize, count: usize, stream: &mut Stream) -> Vec<bool> {
    let mut all: Vec<usize> = (0..of).collect();
    for i in 0..count {
        all.swap(i, i + stream.below((of - i) as u64) as usize);
    }
    let mut chosen = vec![false; of];
    all[..count].iter().for_each(|&i| chosen[i] = true);
    chosen
}

/// `total` divided in proportion to the counts: rounded down, what is left to the largest remainders, larger and
/// earlier classes first.
fn shares(counts: &[usize], total: usize) -> Vec<usize> {
    let all: usize = counts.iter().sum();
    let exact = |c: usize| counts[c] as f64 * total as f64 / all as f64;
    let mut shares: Vec<usize> = (0..counts.len()).map(|c| exact(c).floor() as usize).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&a, &b| exact(b).fract().total_cmp(&exact(a).fract()).then(counts[b].cmp(&counts[a])));
    let left = total - shares.iter().sum::<usize>();
    order.iter().take(left).for_each(|&c| shares[c] += 1);
    shares
}

/// `repeats` random parts of the share `test`, each independent of the others; as scikit-learn's `ShuffleSplit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShuffleSplit {
    /// Number of folds.
    pub repeats: usize,
    /// How each is split.
    pub holdout: Holdout,
}

impl ShuffleSplit {
    /// `repeats` parts of the share `test`.
    pub fn new(repeats: usize, test: f64, seed: u64) -> Self {
        ShuffleSplit { repeats, holdout: Holdout::new(test).seed(seed) }
    }

    /// Gives each class its share, see [`Holdout::stratified`].
    #[must_use]
    pub fn stratified(mut self) -> Self {
        self.holdout = self.holdout.stratified();
        self
    }

    /// Keeps groups together, see [`Holdout::grouped`].
    #[must_use]
    pub fn grouped(mut self) -> Self {
        self.holdout = self.holdout.grouped();
        self
    }
}

impl Folds for ShuffleSplit {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        super::plain::repeated(self.repeats, self.holdout.seed, |seed| {
            Ok(vec![self.holdout.chosen(data, &mut Stream::new(seed))?])
        })
    }
}
