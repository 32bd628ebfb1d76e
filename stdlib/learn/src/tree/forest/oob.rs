//! Out-of-bag predictions: each row by the trees that were grown without it.

use super::super::ensemble::{LEAF, Tree};
use super::super::grow::fitted::largest;
use ironbook_core::Interrupted;
use ironbook_data::Matrix;
use rayon::prelude::*;

/// Rows predicted as one unit of parallel work.
const BLOCK: usize = 1024;

/// The rows that a tree has seen, a bit each.
#[derive(Clone, Debug, Default)]
pub(super) struct Bag(Vec<u64>);

impl Bag {
    pub(super) fn new(counts: &[u32]) -> Self {
        let word = |counts: &[u32]| counts.iter().enumerate().fold(0, |bits, (i, &n)| bits | u64::from(n > 0) << i);
        Bag(counts.chunks(64).map(word).collect())
    }

    fn holds(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }
}

/// Predictions of all rows by the trees that have not seen them.
#[derive(Clone, Debug)]
pub(super) struct OutOfBag {
    /// A vector per output; NaN for rows that all trees have seen.
    predictions: Vec<Vec<f64>>,
    without: usize,
}

impl OutOfBag {
    pub(super) fn new(trees: &[Tree], bags: &[Bag], features: &Matrix, width: usize) -> Result<Self, Interrupted> {
        let rows = features.rows();
        let block = |b: usize| {
            ironbook_core::check()?;
            let range = b * BLOCK..(b * BLOCK + BLOCK).min(rows);
            Ok(range.map(|row| mean(trees, bags, features, width, row)).collect())
        };
        let blocks: Result<Vec<Vec<Vec<f64>>>, Interrupted> =
            (0..rows.div_ceil(BLOCK)).into_par_iter().map(block).collect();
        let of_rows: Vec<Vec<f64>> = blocks?.into_iter().flatten().collect();
        let without = of_rows.iter().filter(|means| means[0].is_nan()).count();
        let predictions = (0..width).map(|k| of_rows.iter().map(|means| means[k]).collect()).collect();
        Ok(OutOfBag { predictions, without })
    }

    /// Accuracy, or R²; `None` if all trees have seen all rows.
    pub(super) fn score(&self, targets: &[f64], classes: bool) -> Option<f64> {
        let known = || (0..targets.len()).filter(|&row| !self.predictions[0][row].is_nan());
        let count = known().count() as f64;
        if count == 0.0 {
            return None;
        }
        if classes {
            return Some(known().filter(|&row| self.class(row) as f64 == targets[row]).count() as f64 / count);
        }
        let mean = known().map(|row| targets[row]).sum::<f64>() / count;
        let spread: f64 = known().map(|row| (targets[row] - mean).powi(2)).sum();
        let error: f64 = known().map(|row| (targets[row] - self.predictions[0][row]).powi(2)).sum();
        // scikit-learn's rule for a constant target.
        Some(if spread > 0.0 { 1.0 - error / spread } else { f64::from(u8::from(error == 0.0)) })
    }

    fn class(&self, row: usize) -> usize {
        match self.predictions.as_slice() {
            [second] => largest([1.0 - second[row], second[row]].into_iter()),
            all => largest(all.iter().map(|shares| shares[row])),
        }
    }

    pub(super) fn warning(&self) -> Option<String> {
        (self.without > 0).then(|| {
            format!(
                "{} of {} rows were drawn for every tree and have no out-of-bag prediction\nraise n_estimators",
                self.without,
                self.predictions[0].len()
            )
        })
    }

    pub(super) fn into_predictions(self) -> Vec<Vec<f64>> {
        self.predictions
    }
}

/// The mean of what the trees say that have not seen the row.
fn mean(trees: &[Tree], bags: &[Bag], features: &Matrix, width: usize, row: usize) -> Vec<f64> {
    let (mut sums, mut count) = (vec![0.0; width], 0.0);
    for (tree, _) in trees.iter().zip(bags).filter(|(_, bag)| !bag.holds(row)) {
        let leaf = leaf(tree, |feature| features.column(feature)[row] as f32);
        let values = &tree.value[leaf * width..(leaf + 1) * width];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        count += 1.0;
    }
    sums.iter_mut().for_each(|sum| *sum = if count > 0.0 { *sum / count } else { f64::NAN });
    sums
}

fn leaf(tree: &Tree, value: impl Fn(usize) -> f32) -> usize {
    let mut node = 0;
    while tree.feature[node] != LEAF {
        let x = value(tree.feature[node] as usize);
        let left = match tree.set(node) {
            _ if x.is_nan() => tree.default_left[node],
            Some(set) => set.binary_search(&(x as u32)).is_err(),
            None => x < tree.threshold[node],
        };
        node = if left { tree.left[node] } else { tree.right[node] } as usize;
    }
    node
}
