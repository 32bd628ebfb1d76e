//! Folds that never split a group: all rows of a patient, a user, a query are judged together.

use super::{Fold, Folds, check, groups, partition, strata};
use crate::error::EvalError;
use crate::random::Stream;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// `folds` parts of whole groups (`data.groups`), of sizes as equal as the groups allow.
///
/// As scikit-learn's `GroupKFold`: the largest group first, each into the smallest part so far; with
/// [`shuffled`](Self::shuffled) random parts of (nearly) as many groups each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKFold {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Seed of a random order of the groups; by size if `None`.
    pub seed: Option<u64>,
}

impl GroupKFold {
    /// `folds` parts, groups by size.
    pub fn new(folds: usize) -> Self {
        GroupKFold { folds, seed: None }
    }

    /// Groups in a random order.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl Folds for GroupKFold {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        let (group, count) = groups(data)?;
        check(self.folds, "groups", count)?;
        let fold_of = match self.seed {
            Some(seed) => dealt(count, self.folds, seed),
            None => balanced(&group, count, self.folds),
        };
        let of: Vec<usize> = group.iter().map(|&g| fold_of[g]).collect();
        Ok(partition(&of, self.folds))
    }
}

/// The fold of each group: random runs of groups.
fn dealt(count: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    Stream::new(seed).shuffle(&mut order);
    let mut of = vec![0; count];
    let mut left = order.as_slice();
    for k in 0..folds {
        let (part, rest) = left.split_at(count / folds + usize::from(k < count % folds));
        part.iter().for_each(|&g| of[g] = k);
        left = rest;
    }
    of
}

/// The fold of each group: the largest group first, into the smallest fold.
fn balanced(group: &[usize], count: usize, folds: usize) -> Vec<usize> {
    let mut sizes = vec![0usize; count];
    group.iter().for_each(|&g| sizes[g] += 1);
    let mut order: Vec<usize> = (0..count).collect();
    // Of groups of one size the last comes first, as scikit-learn has it.
    order.sort_by_key(|&g| sizes[g]);
    let (mut of, mut filled) = (vec![0; count], vec![0usize; folds]);
    for &g in order.iter().rev() {
        let k = (0..folds).min_by_key(|&k| filled[k]).unwrap_or_default();
        filled[k] += sizes[g];
        of[g] = k;
    }
    of
}

/// `folds` parts of whole groups in which each class has about its share.
///
/// As scikit-learn's `StratifiedGroupKFold`: groups with the most uneven classes first, each into the fold where it
/// leaves the shares of the classes most alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StratifiedGroupKFold {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Seed of the order of groups that are equally uneven; in ascending order if `None`.
    pub seed: Option<u64>,
}

impl StratifiedGroupKFold {
    /// `folds` parts.
    pub fn new(folds: usize) -> Self {
        StratifiedGroupKFold { folds, seed: None }
    }

    /// Equally uneven groups in a random order.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl Folds for StratifiedGroupKFold {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        let (group, count) = groups(data)?;
        let (class, _) = strata(data)?;
        // Classes in ascending order, so that sums of fractions are the same whatever row comes first.
        let (class, totals) = ascending(data, &class);
        check(self.folds, "groups", count)?;
        check(self.folds, "rows in the largest class", totals.iter().copied().max().unwrap_or(0))?;
        let mut counts = vec![vec![0.0; totals.len()]; count];
        for (&g, &c) in group.iter().zip(&class) {
            counts[g][c] += 1.0;
        }
        let mut order: Vec<usize> = (0..count).collect();
        if let Some(seed) = self.seed {
            Stream::new(seed).shuffle(&mut order);
        }
        order.sort_by(|&a, &b| deviation(&counts[b]).total_cmp(&deviation(&counts[a])));
        let mut filled = vec![vec![0.0; totals.len()]; self.folds];
        let mut fold_of = vec![0; count];
        for g in order {
            ironbook_core::check()?;
            let best = best_fold(&mut filled, &totals, &counts[g]);
            add(&mut filled[best], &counts[g], 1.0);
            fold_of[g] = best;
        }
        let of: Vec<usize> = group.iter().map(|&g| fold_of[g]).collect();
        Ok(partition(&of, self.folds))
    }
}

/// Classes renumbered by their values, and the rows of each.
fn ascending(data: &Dataset, class: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut values: Vec<(f64, usize)> = Vec::new();
    for (&y, &c) in data.target.iter().zip(class) {
        if c == values.len() {
            values.push((y, c));
        }
    }
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rank = vec![0; values.len()];
    values.iter().enumerate().for_each(|(k, &(_, c))| rank[c] = k);
    let mut totals = vec![0; values.len()];
    let renumbered: Vec<usize> = class.iter().map(|&c| rank[c]).collect();
    renumbered.iter().for_each(|&c| totals[c] += 1);
    (renumbered, totals)
}

fn add(to: &mut [f64], counts: &[f64], sign: f64) {
    to.iter_mut().zip(counts).for_each(|(t, c)| *t += sign * c);
}

/// Standard deviation (denominator n).
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

/// The fold in which the group leaves the shares of the classes most alike; of equal ones that with the fewest rows.
fn best_fold(filled: &mut [Vec<f64>], totals: &[usize], group: &[f64]) -> usize {
    let (mut best, mut least, mut fewest) = (0, f64::INFINITY, f64::INFINITY);
    for k in 0..filled.len() {
        add(&mut filled[k], group, 1.0);
        let uneven = |c: usize| {
            let shares: Vec<f64> = filled.iter().map(|fold| fold[c] / totals[c] as f64).collect();
            deviation(&shares)
        };
        let score = (0..totals.len()).map(uneven).sum::<f64>() / totals.len() as f64;
        add(&mut filled[k], group, -1.0);
        let rows: f64 = filled[k].iter().sum();
        let alike = (score - least).abs() <= 1e-8 + 1e-5 * least.abs();
        if score < least || (alike && rows < fewest) {
            (best, least, fewest) = (k, score, rows);
        }
    }
    best
}

/// As many folds as there are groups: each is judged by a model of all others, as scikit-learn's `LeaveOneGroupOut`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveOneGroupOut;

impl Folds for LeaveOneGroupOut {
    fn folds(&self, data: &Dataset) -> Result<Vec<Fold>, EvalError> {
        let (group, count) = groups(data)?;
        check(2, "groups", count)?;
        Ok(partition(&group, count))
    }
}
