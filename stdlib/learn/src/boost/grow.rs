//! Grows one tree: splits the leaf that gains most, until there are enough leaves.

use super::bins::{Binned, Cuts};
use super::hist::{self, Cell, Layout};
use super::partition::partition;
use super::split::{Bounds, Node, Right, Rules, Search, Split, Units};
use crate::tree::ensemble::{LEAF, Tree};
use ironbook_core::Interrupted;
use rayon::prelude::*;

/// Leaves that are worked on at once; those that gain most are almost sure to be split later.
///
/// A constant, and not the number of threads, although the tree would be the same with any.
const AHEAD: usize = 4;
/// Rows from which both children's searches are worth a second thread.
const WORTH: usize = 256;

/// How large a tree may become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) num_leaves: usize,
    pub(crate) max_depth: usize,
    /// Whether all leaves of a level are split before those of the next.
    pub(crate) depth_wise: bool,
}

/// What stays the same from tree to tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grower<'a> {
    pub(crate) data: &'a Binned,
    pub(crate) cuts: &'a [Cuts],
    pub(crate) layout: &'a Layout,
    pub(crate) rules: &'a Rules,
    pub(crate) shape: Shape,
    pub(crate) learning_rate: f64,
}

/// What a tree is grown from.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// The rows to learn from; reordered, leaf by leaf.
    pub(crate) rows: &'a mut [u32],
    /// As long as `rows`.
    pub(crate) scratch: &'a mut [u32],
    pub(crate) gradients: &'a [Cell],
    pub(crate) units: Units,
    /// The features that may be used.
    pub(crate) features: &'a [u32],
}

/// A grown tree.
#[derive(Debug)]
pub(crate) struct Grown<'a> {
    pub(crate) tree: Tree,
    /// Per node the split in terms of bins.
    pub(crate) splits: Vec<Option<(u32, Right)>>,
    /// The rows of the leaves with the numbers of their nodes; a leaf may come in two parts.
    pub(crate) leaves: Vec<(u32, &'a mut [u32])>,
}

struct Leaf<'a> {
    rows: &'a mut [u32],
    scratch: &'a mut [u32],
    histogram: Vec<Cell>,
    total: Cell,
    bounds: Bounds,
    l2: f64,
    depth: usize,
    split: Option<Split>,
    children: Option<Box<[Leaf<'a>; 2]>>,
}

impl<'a> Grower<'a> {
    /// Grows a tree.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(crate) fn grow<'r>(&self, input: Input<'r>) -> Result<Grown<'r>, Interrupted> {
        let Input { rows, scratch, gradients, units, features } = input;
        let histogram = hist::build(self.data, self.layout, rows, gradients);
        let total = hist::total(&histogram, self.layout);
        let search = Search { rules: self.rules, cuts: self.cuts, layout: self.layout, units, features };
        let mut root = Leaf {
            rows,
            scratch,
            histogram,
            total,
            bounds: Bounds::NONE,
            l2: 0.0,
            depth: 0,
            split: None,
            children: None,
        };
        self.search(&search, &mut root);
        let mut nodes = Nodes::default();
        nodes.push();
        let mut frontier = vec![(0u32, root)];
        while frontier.len() < self.shape.num_leaves {
            let Some(at) = self.next(&frontier) else { break };
            if frontier[at].1.children.is_none() {
                ironbook_core::check()?;
                self.expand_ahead(&search, gradients, &mut frontier);
            }
            let (node, mut leaf) = frontier.swap_remove(at);
            let (Some(split), Some(children)) = (leaf.split.take(), leaf.children.take()) else { break };
            let [left, right] = *children;
            frontier.extend(nodes.split(node, split).into_iter().zip([left, right]));
        }
        Ok(self.finish(nodes, frontier, units))
    }

    /// The leaf to split next: the first of those that gain most, or of the upper level.
    fn next(&self, frontier: &[(u32, Leaf<'_>)]) -> Option<usize> {
        let open = frontier.iter().enumerate().filter(|(_, (_, leaf))| leaf.split.is_some());
        open.max_by(|(_, a), (_, b)| self.order(a, b)).map(|(at, _)| at)
    }

    fn order(&self, (a, x): &(u32, Leaf<'_>), (b, y): &(u32, Leaf<'_>)) -> std::cmp::Ordering {
        let gain = |leaf: &Leaf<'_>| leaf.split.as_ref().map_or(f64::NEG_INFINITY, |split| split.gain);
        let level = if self.shape.depth_wise { y.depth.cmp(&x.depth) } else { std::cmp::Ordering::Equal };
        level.then_with(|| gain(x).total_cmp(&gain(y))).then_with(|| b.cmp(a))
    }

    /// Works out the children of the leaves that come next.
    fn expand_ahead<'r>(&self, search: &Search<'_>, gradients: &[Cell], frontier: &mut [(u32, Leaf<'r>)]) {
        let count = AHEAD.min(self.shape.num_leaves - frontier.len());
        let mut open: Vec<&mut (u32, Leaf<'r>)> =
            frontier.iter_mut().filter(|(_, leaf)| leaf.split.is_some() && leaf.children.is_none()).collect();
        open.sort_by(|a, b| self.order(b, a));
        open.truncate(count);
        open.into_par_iter().with_max_len(1).for_each(|(_, leaf)| self.expand(search, gradients, leaf));
    }

    /// Divides a leaf's rows and finds the splits of its children.
    fn expand(&self, search: &Search<'_>, gradients: &[Cell], leaf: &mut Leaf<'_>) {
        let Some(split) = leaf.split else { return };
        let rows = std::mem::take(&mut leaf.rows);
        let scratch = std::mem::take(&mut leaf.scratch);
        let count = partition(rows, scratch, &self.data.columns[split.feature as usize], &split.right.table());
        let (left_rows, right_rows) = rows.split_at_mut(count);
        let (left_scratch, right_scratch) = scratch.split_at_mut(count);
        let right_total = leaf.total.wrapping_sub(split.left);
        let bounds = self.bounds(search, leaf, &split, right_total);
        let mut parent = std::mem::take(&mut leaf.histogram);
        let (mut left_histogram, mut right_histogram) = (Vec::new(), Vec::new());
        if self.may_split(leaf.depth + 1) {
            let left_is_smaller = left_rows.len() <= right_rows.len();
            let smaller: &[u32] = if left_is_smaller { left_rows } else { right_rows };
            let histogram = hist::build(self.data, self.layout, smaller, gradients);
            hist::subtract(&mut parent, &histogram);
            (left_histogram, right_histogram) = if left_is_smaller { (histogram, parent) } else { (parent, histogram) };
        }
        let child = |rows, scratch, histogram, total, bounds| Leaf {
            rows,
            scratch,
            histogram,
            total,
            bounds,
            l2: split.l2,
            depth: leaf.depth + 1,
            split: None,
            children: None,
        };
        let mut left = child(left_rows, left_scratch, left_histogram, split.left, bounds[0]);
        let mut right = child(right_rows, right_scratch, right_histogram, right_total, bounds[1]);
        if left.rows.len() + right.rows.len() > WORTH {
            rayon::join(|| self.search(search, &mut left), || self.search(search, &mut right));
        } else {
            self.search(search, &mut left);
            self.search(search, &mut right);
        }
        leaf.children = Some(Box::new([left, right]));
    }

    fn may_split(&self, depth: usize) -> bool {
        depth < self.shape.max_depth
    }

    fn search(&self, search: &Search<'_>, leaf: &mut Leaf<'_>) {
        let enough = leaf.rows.len() as f64 >= 2.0 * self.rules.min_child_samples;
        if self.may_split(leaf.depth) && enough {
            let density = leaf.rows.len() as f64 / search.units.sums(leaf.total).h.max(f64::MIN_POSITIVE);
            let (histogram, total, bounds) = (&leaf.histogram, leaf.total, leaf.bounds);
            leaf.split = search.best(Node { histogram, total, bounds, density });
        }
        if leaf.split.is_none() {
            leaf.histogram = Vec::new();
        }
    }

    /// Bounds of the children: at a constrained split each stays on its side of the middle.
    fn bounds(&self, search: &Search<'_>, leaf: &Leaf<'_>, split: &Split, right: Cell) -> [Bounds; 2] {
        let direction = self.rules.monotone.get(split.feature as usize).copied().unwrap_or(0);
        let output = |cell| self.rules.output(search.units.sums(cell), split.l2, leaf.bounds);
        let middle = (output(split.left) + output(right)) / 2.0;
        let (below, above) = (Bounds { high: middle, ..leaf.bounds }, Bounds { low: middle, ..leaf.bounds });
        match direction {
            1 => [below, above],
            -1 => [above, below],
            _ => [leaf.bounds; 2],
        }
    }

    fn finish<'r>(&self, nodes: Nodes, frontier: Vec<(u32, Leaf<'r>)>, units: Units) -> Grown<'r> {
        let mut tree = nodes.tree(self.cuts);
        let mut leaves = Vec::with_capacity(frontier.len());
        for (node, leaf) in frontier {
            let sums = units.sums(leaf.total);
            let output = self.rules.output(sums, leaf.l2, leaf.bounds) * self.learning_rate;
            // Whatever a file of `f32` can hold, so that saved models predict the same.
            tree.value[node as usize] = f64::from(output as f32);
            tree.cover[node as usize] = sums.h;
            match leaf.children {
                None => leaves.push((node, leaf.rows)),
                Some(children) => leaves.extend(children.map(|child| (node, child.rows))),
            }
        }
        for node in (0..tree.nodes()).rev().filter(|&node| nodes.splits[node].is_some()) {
            tree.cover[node] = tree.cover[tree.left[node] as usize] + tree.cover[tree.right[node] as usize];
        }
        tree.fill_means(1);
        Grown { tree, splits: nodes.splits.into_iter().map(|s| s.map(|s| (s.feature, s.right))).collect(), leaves }
    }
}

/// The nodes of a growing tree; children come after their parents.
#[derive(Default)]
struct Nodes {
    splits: Vec<Option<Split>>,
    children: Vec<[u32; 2]>,
}

impl Nodes {
    fn push(&mut self) -> u32 {
        self.splits.push(None);
        self.children.push([0, 0]);
        self.splits.len() as u32 - 1
    }

    fn split(&mut self, node: u32, split: Split) -> [u32; 2] {
        let children = [self.push(), self.push()];
        self.splits[node as usize] = Some(split);
        self.children[node as usize] = children;
        children
    }

    fn tree(&self, cuts: &[Cuts]) -> Tree {
        let n = self.splits.len();
        let mut tree = Tree {
            feature: vec![LEAF; n],
            threshold: vec![0.0; n],
            left: self.children.iter().map(|c| c[0]).collect(),
            right: self.children.iter().map(|c| c[1]).collect(),
            default_left: vec![false; n],
            value: vec![0.0; n],
            cover: vec![0.0; n],
            gain: vec![0.0; n],
            ..Tree::default()
        };
        for (node, split) in self.splits.iter().enumerate() {
            let Some(split) = split else { continue };
            tree.feature[node] = split.feature;
            tree.gain[node] = split.gain;
            match (&cuts[split.feature as usize], split.right) {
                (Cuts::Ordered { thresholds, .. }, Right::Above { bin, missing }) => {
                    tree.threshold[node] = thresholds.get(usize::from(bin) - 1).copied().unwrap_or(f32::MAX);
                    tree.default_left[node] = !missing;
                }
                (cuts, right) => {
                    let table = right.table();
                    tree.default_left[node] = !table[0];
                    tree.categories.push((node as u32, cuts.categories(&table)));
                }
            }
        }
        tree
    }
}
