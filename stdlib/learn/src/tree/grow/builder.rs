//! The order in which nodes are split, and the tree that comes of it.

use super::Limits;
use super::bins::Column;
use super::block::{Block, Code};
use super::rng::Rng;
use super::search::{Constant, Cut, Judge, Split};
use crate::tree::ensemble::{LEAF, Tree};
use ironbook_core::Interrupted;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Grows one tree.
pub(super) struct Builder<'a, C: Code, J: Judge> {
    block: &'a mut Block<C>,
    columns: &'a [Column],
    limits: &'a Limits,
    rng: &'a mut Rng,
    judge: J,
    /// The features in an order that every node shuffles on.
    features: Vec<usize>,
    /// Weight of all rows.
    weight: f64,
    /// For each category of a split whether it goes right; all false between splits.
    right: Vec<bool>,
    tree: Tree,
}

/// A node to be: its rows, and where it hangs.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: usize,
    end: usize,
    depth: usize,
    /// The parent and whether this is its left child.
    parent: Option<(usize, bool)>,
}

/// A node that can be split.
struct Open {
    node: usize,
    stretch: Stretch,
    gain: f64,
    split: Split,
}

impl<'a, C: Code, J: Judge> Builder<'a, C, J> {
    pub(super) fn new(
        block: &'a mut Block<C>,
        columns: &'a [Column],
        limits: &'a Limits,
        rng: &'a mut Rng,
        judge: J,
    ) -> Self {
        let categories = columns.iter().filter(|c| c.categorical).map(Column::bins).max().map_or(0, |bins| bins + 1);
        let weight = block.rows(0, block.len()).iter().map(|row| row.w).sum();
        Builder {
            features: (0..columns.len()).collect(),
            right: vec![false; categories],
            tree: Tree::default(),
            block,
            columns,
            limits,
            rng,
            judge,
            weight,
        }
    }

    pub(super) fn build(mut self) -> Result<Tree, Interrupted> {
        let root = Stretch { start: 0, end: self.block.len(), depth: 0, parent: None };
        match self.limits.max_leaves {
            None => self.depth_first(root)?,
            Some(leaves) => self.best_first(root, leaves)?,
        }
        // Best first makes the splits in another order than that of the nodes.
        self.tree.categories.sort_by_key(|(node, _)| *node);
        Ok(self.tree)
    }

    fn depth_first(&mut self, root: Stretch) -> Result<(), Interrupted> {
        let mut stack = vec![root];
        while let Some(stretch) = stack.pop() {
            ironbook_core::check()?;
            if let Some(open) = self.node(stretch) {
                let (left, right) = self.split(open);
                stack.push(right);
                stack.push(left);
            }
        }
        Ok(())
    }

    fn best_first(&mut self, root: Stretch, leaves: usize) -> Result<(), Interrupted> {
        let mut open: BinaryHeap<Open> = self.node(root).into_iter().collect();
        for _ in 1..leaves {
            ironbook_core::check()?;
            let Some(best) = open.pop() else { break };
            let (left, right) = self.split(best);
            open.extend(self.node(left));
            open.extend(self.node(right));
        }
        Ok(())
    }

    /// Adds a leaf, and finds the split that would make it an inner node.
    fn node(&mut self, stretch: Stretch) -> Option<Open> {
        let Stretch { start, end, depth, parent } = stretch;
        self.judge.enter(self.block.rows(start, end));
        let node = self.tree.feature.len();
        if let Some((parent, is_left)) = parent {
            let side = if is_left { &mut self.tree.left } else { &mut self.tree.right };
            side[parent] = node as u32;
        }
        self.tree.feature.push(LEAF);
        self.tree.threshold.push(0.0);
        self.tree.left.push(0);
        self.tree.right.push(0);
        self.tree.default_left.push(false);
        self.tree.cover.push(self.judge.weight());
        self.tree.gain.push(0.0);
        self.judge.value(&mut self.tree.value);
        let rows = end - start;
        let limits = self.limits;
        if depth >= limits.max_depth || rows < limits.min_split || rows < 2 * limits.min_leaf || self.judge.pure() {
            return None;
        }
        let split = self.search(start, end)?;
        let gain = self.judge.gain(split.score).max(0.0);
        (gain / self.weight + f64::EPSILON >= limits.min_decrease).then_some(Open { node, stretch, gain, split })
    }

    /// The best split by some features, drawn without replacement; as long as all of them are constant, more are drawn.
    fn search(&mut self, start: usize, end: usize) -> Option<Split> {
        let count = self.features.len();
        let draw = self.limits.max_features < count;
        let mut best: Option<Split> = None;
        let mut constant = 0;
        for visited in 0..count {
            if visited >= self.limits.max_features && visited > constant {
                break;
            }
            if draw {
                let other = visited + self.rng.below(count - visited);
                self.features.swap(visited, other);
            }
            let feature = self.features[visited];
            let column = &self.columns[feature];
            let than = best.as_ref().map_or(f64::NEG_INFINITY, |split| split.score);
            let codes = self.block.codes(feature, start, end);
            match self.judge.best(feature, column, codes, self.block.rows(start, end), than) {
                Ok(None) => {}
                Ok(better) => best = better,
                Err(Constant) => constant += 1,
            }
        }
        best
    }

    /// Makes a leaf an inner node; its two children to be.
    fn split(&mut self, open: Open) -> (Stretch, Stretch) {
        let Open { node, stretch, gain, split } = open;
        let Stretch { start, end, depth, .. } = stretch;
        let column = &self.columns[split.feature];
        let (missing, missing_left) = (column.missing(), split.missing_left.unwrap_or(false));
        let range = (start, end);
        let middle = match &split.cut {
            Cut::Between(_, above) => {
                let known_left = |code| code < *above;
                self.block.part(split.feature, range, |code| known_left(code) | (code == missing && missing_left))
            }
            Cut::Known => self.block.part(split.feature, range, |code| code != missing),
            Cut::Categories(names) => {
                let right = &mut self.right;
                names.iter().for_each(|&code| right[code as usize] = true);
                right[missing] = !missing_left;
                let middle = self.block.part(split.feature, range, |code| !right[code]);
                names.iter().for_each(|&code| right[code as usize] = false);
                right[missing] = false;
                middle
            }
        };
        self.tree.feature[node] = split.feature as u32;
        self.tree.gain[node] = gain;
        // Where the node has no missing value, those to come go with the majority of its rows.
        self.tree.default_left[node] = split.missing_left.unwrap_or(middle - start > end - middle);
        match split.cut {
            Cut::Between(below, above) => self.tree.threshold[node] = column.threshold(below, above),
            // JSON has no infinity.
            Cut::Known => self.tree.threshold[node] = f32::MAX,
            Cut::Categories(names) => self.tree.categories.push((node as u32, names)),
        }
        let child = |start, end, is_left| Stretch { start, end, depth: depth + 1, parent: Some((node, is_left)) };
        (child(start, middle, true), child(middle, end, false))
    }
}

/// The larger gain first, then the older node.
impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}
