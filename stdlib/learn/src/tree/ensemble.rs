//! Fitted trees as plain arrays: what boosting, forests and single trees produce and what prediction, files and
//! explanations read.

use serde::{Deserialize, Serialize};

/// [`Tree::feature`] of a leaf.
pub const LEAF: u32 = u32::MAX;

/// A binary tree in arrays of one length, a place per node; node 0 is the root, children come after their parents.
///
/// A row at a node goes left if its value is below the threshold, or, at a split by categories, if its category is not
/// in the node's set (XGBoost's rule). A missing value goes where `default_left` says. Values are compared as `f32`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// Number of the feature that the node splits by; [`LEAF`] for a leaf.
    pub feature: Vec<u32>,
    /// Threshold; 0 for leaves and splits by categories.
    pub threshold: Vec<f32>,
    /// Number of the left child; 0 for leaves.
    pub left: Vec<u32>,
    /// Number of the right child; 0 for leaves.
    pub right: Vec<u32>,
    /// Whether missing values go left.
    pub default_left: Vec<bool>,
    /// For each split by categories the node and the categories that go right, in ascending order of nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<(u32, Vec<u32>)>,
    /// What the node adds, `width` numbers per node; for inner nodes the mean of their leaves, weighted by cover.
    pub value: Vec<f64>,
    /// Weight (boosting: sum of second derivatives) of the training rows at the node.
    pub cover: Vec<f64>,
    /// By how much the split decreased the loss; 0 for leaves.
    pub gain: Vec<f64>,
    /// The output that the leaves add to, if `width` is 1 and there are several outputs (boosting of many classes).
    pub output: u32,
}

/// Trees whose leaves are summed: output `k` of a row is `base[k]` plus what its leaves add to `k`.
///
/// A forest's mean is a sum whose leaves were divided by the number of trees.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    /// Number of features of a row.
    pub n_features: usize,
    /// Start of each output; its length is the number of outputs.
    pub base: Vec<f64>,
    /// Numbers per leaf: 1, or the number of outputs.
    pub width: usize,
    /// The trees.
    pub trees: Vec<Tree>,
}

impl Tree {
    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.feature.len()
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.feature.iter().filter(|&&feature| feature == LEAF).count()
    }
}

impl Ensemble {
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.base.len()
    }
}
