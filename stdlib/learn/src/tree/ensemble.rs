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
    /// A tree of one leaf.
    pub fn leaf(value: f64, cover: f64, output: u32) -> Self {
        Tree {
            feature: vec![LEAF],
            threshold: vec![0.0],
            left: vec![0],
            right: vec![0],
            default_left: vec![false],
            categories: Vec::new(),
            value: vec![value],
            cover: vec![cover],
            gain: vec![0.0],
            output,
        }
    }

    /// Sets the values of inner nodes to the means of their leaves, weighted by cover; `width` is the ensemble's.
    pub fn fill_means(&mut self, width: usize) {
        for node in (0..self.nodes()).rev() {
            if self.feature[node] == LEAF {
                continue;
            }
            let (left, right) = (self.left[node] as usize, self.right[node] as usize);
            let total = self.cover[left] + self.cover[right];
            let share = if total > 0.0 { self.cover[left] / total } else { 0.5 };
            for k in 0..width {
                let (a, b) = (self.value[left * width + k], self.value[right * width + k]);
                self.value[node * width + k] = share * a + (1.0 - share) * b;
            }
        }
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.feature.len()
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.feature.iter().filter(|&&feature| feature == LEAF).count()
    }

    /// The categories that go right at a node, if it splits by categories.
    pub fn set(&self, node: usize) -> Option<&[u32]> {
        let at = self.categories.binary_search_by_key(&node, |(split, _)| *split as usize).ok()?;
        Some(&self.categories[at].1)
    }

    /// What makes these arrays no tree of `features` features with `width` numbers per node, in words.
    pub(super) fn flaw(&self, features: usize, width: usize) -> Option<String> {
        let nodes = self.nodes();
        let lengths = [self.threshold.len(), self.left.len(), self.right.len(), self.default_left.len()];
        let numbers = [self.cover.len(), self.gain.len()];
        if nodes == 0 || lengths.iter().chain(&numbers).any(|&n| n != nodes) || self.value.len() != nodes * width {
            return Some("its lists differ in length, or it has no node".to_owned());
        }
        let mut parents = vec![0u32; nodes];
        for node in (0..nodes).filter(|&node| self.feature[node] != LEAF) {
            if self.feature[node] as usize >= features {
                return Some(format!("node {node} reads feature {} of {features}", self.feature[node]));
            }
            for child in [self.left[node] as usize, self.right[node] as usize] {
                if child <= node || child >= nodes {
                    return Some(format!(
                        "node {node} has the child {child}; it has {nodes} nodes, children after parents"
                    ));
                }
                parents[child] += 1;
            }
        }
        if let Some(node) = (1..nodes).find(|&node| parents[node] != 1) {
            return Some(format!("node {node} has {} parents", parents[node]));
        }
        let splits = self.categories.iter().map(|(node, _)| *node as usize);
        if !splits.clone().is_sorted() || splits.clone().any(|n| n >= nodes || self.feature[n] == LEAF) {
            return Some("its splits by categories are not in the order of its inner nodes".to_owned());
        }
        None
    }
}

impl Ensemble {
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.base.len()
    }

    /// What makes this no ensemble that can be read safely, in words; for ensembles that come from files.
    pub fn flaw(&self) -> Option<String> {
        if self.width != 1 && self.width != self.outputs() {
            return Some(format!("its leaves have {} numbers for {} outputs", self.width, self.outputs()));
        }
        self.trees.iter().enumerate().find_map(|(t, tree)| {
            let flaw = tree.flaw(self.n_features, self.width);
            let output = tree.output as usize >= self.outputs().max(1);
            flaw.or_else(|| output.then(|| format!("it adds to output {} of {}", tree.output, self.outputs())))
                .map(|flaw| format!("tree {t}: {flaw}"))
        })
    }
}
