//! Growing trees from the root: the splits of all nodes, for single trees and forests.

mod bins;
mod block;
mod builder;
mod compact;
pub(crate) mod fitted;
mod many;
pub(crate) mod options;
mod pair;
mod prune;
mod rng;
mod search;

pub(crate) use bins::Column;
pub(crate) use block::{Block, Code, Row};
pub(crate) use prune::prune;
pub(crate) use rng::{Rng, bootstrap};

use crate::tree::ensemble::Tree;
use builder::Builder;
use ironbook_core::Interrupted;
use many::{Many, ManyEntropy, ManyGini};
use pair::{Entropy, Gini, Pair, Squared};
use search::Judge;

/// When nodes are split and what counts as a good split.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// What is to be predicted.
    pub(crate) goal: Goal,
    /// Splits between root and leaf at most.
    pub(crate) max_depth: usize,
    /// Rows that a node needs to be split.
    pub(crate) min_split: usize,
    /// Rows that each side of a split needs.
    pub(crate) min_leaf: usize,
    /// Leaves at most; the best splits come first then.
    pub(crate) max_leaves: Option<usize>,
    /// Decrease of impurity that a split needs, as a share of all rows.
    pub(crate) min_decrease: f64,
    /// Features looked at per node.
    pub(crate) max_features: usize,
}

/// What is to be predicted, and how splits are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Numbers, by squared error.
    Value,
    /// Classes, by the Gini impurity.
    Gini { classes: usize },
    /// Classes, by entropy.
    Entropy { classes: usize },
}

impl Goal {
    /// Numbers per leaf: the share of the second of two classes, or of each of several.
    pub(crate) fn width(self) -> usize {
        match self {
            Goal::Gini { classes } | Goal::Entropy { classes } if classes > 2 => classes,
            _ => 1,
        }
    }
}

/// Grows a tree over the rows of the block, which are moved on the way.
///
/// # Errors
/// [`Interrupted`].
pub(crate) fn grow<C: Code>(
    block: &mut Block<C>,
    columns: &[Column],
    limits: &Limits,
    rng: &mut Rng,
) -> Result<Tree, Interrupted> {
    let codes = columns.iter().map(Column::bins).max().unwrap_or(0) + 1;
    let min_leaf = limits.min_leaf;
    match limits.goal {
        Goal::Value => run(block, columns, limits, rng, Pair::<Squared>::new(codes, min_leaf)),
        Goal::Gini { classes } if classes > 2 => {
            run(block, columns, limits, rng, Many::<ManyGini>::new(classes, codes, min_leaf))
        }
        Goal::Gini { .. } => run(block, columns, limits, rng, Pair::<Gini>::new(codes, min_leaf)),
        Goal::Entropy { classes } if classes > 2 => {
            run(block, columns, limits, rng, Many::<ManyEntropy>::new(classes, codes, min_leaf))
        }
        Goal::Entropy { .. } => run(block, columns, limits, rng, Pair::<Entropy>::new(codes, min_leaf)),
    }
}

fn run<C: Code, J: Judge>(
    block: &mut Block<C>,
    columns: &[Column],
    limits: &Limits,
    rng: &mut Rng,
    judge: J,
) -> Result<Tree, Interrupted> {
    Builder::new(block, columns, limits, rng, judge).build()
}
