//! What single trees and forests have in common once they are fitted.

use super::compact;
use super::options::not_infinite;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::model::Signature;
use crate::tree::ensemble::{Ensemble, LEAF, Tree};
use crate::tree::predict::Cached;
use ironbook_data::Matrix;
use serde::{Deserialize, Serialize};

/// Shares that differ by less than this are alike: sums over trees are not exact.
const TIE: f64 = 1e-12;

/// Trees, what they read and what they predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fitted {
    pub(crate) signature: Signature,
    #[serde(with = "compact")]
    pub(crate) ensemble: Ensemble,
    pub(crate) n_rows: usize,
    #[serde(skip)]
    cached: Cached,
}

impl Fitted {
    /// Averages the trees; `width` is the number of numbers per leaf.
    pub(crate) fn new(signature: Signature, mut trees: Vec<Tree>, width: usize, n_rows: usize) -> Self {
        let count = trees.len() as f64;
        for tree in &mut trees {
            tree.value.iter_mut().for_each(|value| *value /= count);
        }
        let ensemble = Ensemble { n_features: signature.features.len(), base: vec![0.0; width], width, trees };
        Fitted { signature, ensemble, n_rows, cached: Cached::default() }
    }

    /// What makes this no model that can predict, in words; the trees by themselves were checked when they were read.
    pub(crate) fn flaw(&self) -> Option<String> {
        let (features, trees) = (self.signature.features.len(), &self.ensemble);
        let outputs = match self.signature.classes.as_ref().map(Classes::len) {
            None | Some(2) => 1,
            Some(classes) => classes,
        };
        if (features, outputs) != (trees.n_features, trees.outputs()) || trees.trees.is_empty() {
            return Some(format!(
                "its {} trees have {} features and {} outputs, its signature {features} and {outputs}",
                trees.trees.len(),
                trees.n_features,
                trees.outputs()
            ));
        }
        self.signature.flaw()
    }

    /// The mean over the trees for each row, a vector per output.
    pub(crate) fn outputs(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        let columns = check::columns(features, &self.signature)?;
        for (name, column) in self.signature.names().zip(&columns) {
            not_infinite(name, column)?;
        }
        Ok(self.cached.of(&self.ensemble).predict(&columns)?)
    }

    /// The share of each class for each row, a vector per class.
    pub(crate) fn shares(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        let mut shares = self.outputs(features)?;
        shares.iter_mut().flatten().for_each(|share| *share = share.clamp(0.0, 1.0));
        if shares.len() == 1 {
            shares.insert(0, shares[0].iter().map(|share| 1.0 - share).collect());
        }
        Ok(shares)
    }

    /// The share of the second of two classes.
    pub(crate) fn second_share(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        if self.ensemble.width > 1 {
            return Err(LearnError::ManyClasses { classes: self.ensemble.width });
        }
        Ok(self.shares(features)?.pop().unwrap_or_default())
    }

    /// The class of the largest share for each row; the first one of several.
    pub(crate) fn classes(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let values = self.signature.classes.as_ref().map_or(&[][..], |classes| &classes.values);
        let shares = self.shares(features)?;
        Ok((0..features.rows()).map(|row| values[largest(shares.iter().map(|share| share[row]))]).collect())
    }

    /// The share of each class as a matrix with columns named after the classes.
    pub(crate) fn share_matrix(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        let names = self.signature.classes.as_ref().map_or_else(Vec::new, Classes::names);
        let columns = names.into_iter().zip(self.shares(features)?).collect();
        Ok(Matrix::from_columns(columns).expect("a column per class, of one length, with different names"))
    }

    /// Mean decrease of impurity: for each feature the sum of what its splits gained, as a share of its tree's sum,
    /// averaged over the trees that have splits; the sum over the features is 1 (or 0 if no tree has a split).
    pub(crate) fn importances(&self) -> Vec<(String, f64)> {
        let mut sums = vec![0.0; self.ensemble.n_features];
        for tree in &self.ensemble.trees {
            let mut gains = vec![0.0; sums.len()];
            let splits = tree.feature.iter().zip(&tree.gain).filter(|(feature, _)| **feature != LEAF);
            splits.for_each(|(&feature, gain)| gains[feature as usize] += gain);
            let total: f64 = gains.iter().sum();
            if total > 0.0 {
                sums.iter_mut().zip(gains).for_each(|(sum, gain)| *sum += gain / total);
            }
        }
        let total: f64 = sums.iter().sum();
        let share = |sum: f64| if total > 0.0 { sum / total } else { 0.0 };
        let mut all: Vec<(String, f64)> =
            self.signature.names().map(str::to_owned).zip(sums.into_iter().map(share)).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }

    /// Number of leaves of all trees.
    pub(crate) fn leaves(&self) -> usize {
        self.ensemble.trees.iter().map(Tree::leaves).sum()
    }

    /// Splits between root and leaf at most.
    pub(crate) fn depth(&self) -> usize {
        self.ensemble.trees.iter().map(depth).max().unwrap_or(0)
    }

    /// The size of a forest in words.
    pub(crate) fn shape(&self) -> String {
        format!("{} trees, {} features", self.ensemble.trees.len(), self.ensemble.n_features)
    }

    /// Bytes on the heap, about, with what was laid out for predictions.
    pub(crate) fn heap_bytes(&self) -> u64 {
        let per_node = 4 * size_of::<u32>() + 1 + (2 + self.ensemble.width) * size_of::<f64>();
        let trees: u64 = self.ensemble.trees.iter().map(|tree| (tree.nodes() * per_node) as u64).sum();
        trees + self.cached.heap_bytes()
    }
}

/// The number of the largest share, the first one of several.
pub(crate) fn largest(shares: impl Iterator<Item = f64>) -> usize {
    let better = |best: (usize, f64), (k, share): (usize, f64)| if share > best.1 + TIE { (k, share) } else { best };
    shares.enumerate().fold((0, f64::NEG_INFINITY), better).0
}

/// Splits between the root and the deepest leaf.
pub(crate) fn depth(tree: &Tree) -> usize {
    let mut depths = vec![0; tree.nodes()];
    for node in (0..tree.nodes()).filter(|&node| tree.feature[node] != LEAF) {
        depths[tree.left[node] as usize] = depths[node] + 1;
        depths[tree.right[node] as usize] = depths[node] + 1;
    }
    depths.into_iter().max().unwrap_or(0)
}
