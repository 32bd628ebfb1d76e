//! Trees laid out for reading: a node in 8 bytes, siblings side by side, subtrees together.
//!
//! A value is compared as a whole number in the order of the `f32` values ([`key`]), so that the way of missing values is
//! part of one comparison: a node whose missing values go left adds 2 to both sides, which makes [`MISSING`] 0.

use super::ensemble::{Ensemble, LEAF, Tree};
use rayon::prelude::*;
use std::fmt::Debug;

/// The key of missing values; no value's is above [`MISSING`] - 3.
pub(super) const MISSING: u32 = u32::MAX - 1;

/// A value as a number in its order: -0.0 is 0.0, missing values come last.
#[inline(always)]
pub(super) fn key(value: f32) -> u32 {
    if value.is_nan() {
        return MISSING;
    }
    let bits = (value + 0.0).to_bits();
    bits ^ (((bits as i32 >> 31) as u32) | 1 << 31)
}

/// The value of a key that is not missing.
#[inline(always)]
fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key ^ 1 << 31 } else { !key })
}

/// What a node says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Parts {
    /// The threshold's key; place of the set of a split by categories; number of a leaf.
    pub(super) key: u32,
    pub(super) missing_left: bool,
    pub(super) categories: bool,
    pub(super) feature: u32,
    /// How many nodes further the left child stands; the right one is behind it. 0 for a leaf.
    pub(super) step: u32,
}

/// How many bits of a node the feature takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    bits: u32,
}

/// A node in memory.
pub(super) trait Node: Copy + Debug + Default + Send + Sync {
    fn new(parts: Parts, shape: Shape) -> Self;
    fn key(self) -> u32;
    /// 2 if missing values go left, else 0.
    fn missing(self) -> u32;
    fn categories(self) -> bool;
    fn feature(self, shape: Shape) -> usize;
    fn step(self, shape: Shape) -> u32;
}

/// From the lowest bit: key (32), categories (1), missing (1), feature ([`Shape::bits`]), step (the rest).
impl Node for u64 {
    #[inline(always)]
    fn new(parts: Parts, shape: Shape) -> Self {
        let flags = u64::from(parts.categories) << 32 | u64::from(parts.missing_left) << 33;
        let step = u64::from(parts.step) << (34 + shape.bits);
        u64::from(parts.key) | flags | u64::from(parts.feature) << 34 | step
    }

    #[inline(always)]
    fn key(self) -> u32 {
        self as u32
    }

    #[inline(always)]
    fn missing(self) -> u32 {
        (self >> 32) as u32 & 2
    }

    #[inline(always)]
    fn categories(self) -> bool {
        self >> 32 & 1 == 1
    }

    #[inline(always)]
    fn feature(self, shape: Shape) -> usize {
        (self >> 34) as usize & ((1 << shape.bits) - 1)
    }

    #[inline(always)]
    fn step(self, shape: Shape) -> u32 {
        (self >> (34 + shape.bits)) as u32
    }
}

/// A node of trees that are too large for 8 bytes: key, feature with the flags on top, step.
impl Node for [u32; 3] {
    fn new(parts: Parts, _: Shape) -> Self {
        let flags = u32::from(parts.categories) << 30 | u32::from(parts.missing_left) << 31;
        [parts.key, parts.feature | flags, parts.step]
    }

    #[inline(always)]
    fn key(self) -> u32 {
        self[0]
    }

    #[inline(always)]
    fn missing(self) -> u32 {
        self[1] >> 30 & 2
    }

    #[inline(always)]
    fn categories(self) -> bool {
        self[1] >> 30 & 1 == 1
    }

    #[inline(always)]
    fn feature(self, _: Shape) -> usize {
        self[1] as usize & ((1 << 30) - 1)
    }

    #[inline(always)]
    fn step(self, _: Shape) -> u32 {
        self[2]
    }
}

impl Shape {
    /// The shape with which all nodes fit 8 bytes.
    pub(super) fn of(ensemble: &Ensemble) -> Option<Self> {
        let bits = usize::BITS - ensemble.n_features.saturating_sub(1).leading_zeros();
        let largest = ensemble.trees.iter().map(Tree::nodes).max().unwrap_or(0);
        (bits <= 29 && largest as u64 <= 1 << (30 - bits)).then_some(Shape { bits })
    }
}

/// The nodes of all trees, tree after tree. In each, siblings stand side by side, and what is below the left one comes
/// before what is below the right one.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout<N> {
    pub(super) nodes: Vec<N>,
    pub(super) shape: Shape,
    /// Place of each root.
    pub(super) roots: Vec<u32>,
    /// The output that each tree adds to, if `width` is 1.
    pub(super) outputs: Vec<u32>,
    /// Categories that go right at a node: the number of words, then a bit per category.
    sets: Vec<u64>,
    /// `width` values per leaf.
    pub(super) values: Vec<f64>,
    /// Number in its [`Tree`] of each leaf.
    pub(super) numbers: Vec<u32>,
    pub(super) width: usize,
}

/// The parts of a layout that belong to one tree.
struct Room<'a, N> {
    tree: &'a Tree,
    nodes: &'a mut [N],
    sets: &'a mut [u64],
    first_set: usize,
    values: &'a mut [f64],
    numbers: &'a mut [u32],
    first_leaf: usize,
}

impl<N: Node> Layout<N> {
    /// Lays out all trees, on all threads.
    pub(super) fn new(ensemble: &Ensemble, shape: Shape) -> Self {
        let width = ensemble.width.max(1);
        let leaves: Vec<usize> = ensemble.trees.par_iter().map(Tree::leaves).collect();
        let words: Vec<usize> = ensemble.trees.par_iter().map(words).collect();
        let (nodes, all_leaves) = (ensemble.trees.iter().map(Tree::nodes).sum(), leaves.iter().sum::<usize>());
        let mut layout = Layout {
            nodes: vec![N::default(); nodes],
            shape,
            roots: Vec::with_capacity(leaves.len()),
            outputs: ensemble.trees.iter().map(|tree| tree.output).collect(),
            sets: vec![0; words.iter().sum()],
            values: vec![0.0; all_leaves * width],
            numbers: vec![0; all_leaves],
            width,
        };
        let (mut nodes, mut sets) = (layout.nodes.as_mut_slice(), layout.sets.as_mut_slice());
        let (mut values, mut numbers) = (layout.values.as_mut_slice(), layout.numbers.as_mut_slice());
        let (mut first_node, mut first_set, mut first_leaf) = (0, 0, 0);
        let mut rooms = Vec::with_capacity(leaves.len());
        for ((tree, leaves), words) in ensemble.trees.iter().zip(leaves).zip(words) {
            rooms.push(Room {
                tree,
                nodes: nodes.split_off_mut(..tree.nodes()).unwrap_or_default(),
                sets: sets.split_off_mut(..words).unwrap_or_default(),
                first_set,
                values: values.split_off_mut(..leaves * width).unwrap_or_default(),
                numbers: numbers.split_off_mut(..leaves).unwrap_or_default(),
                first_leaf,
            });
            layout.roots.push(first_node as u32);
            (first_node, first_set, first_leaf) = (first_node + tree.nodes(), first_set + words, first_leaf + leaves);
        }
        rooms.into_par_iter().for_each(|room| room.fill(shape, width));
        layout
    }

    /// Whether a tree splits by categories.
    pub(super) fn mixed(&self) -> bool {
        !self.sets.is_empty()
    }

    /// Whether a row whose value has this key goes right at the node; `MIXED` if it may split by categories.
    #[inline(always)]
    pub(super) fn right<const MIXED: bool>(&self, node: N, key: u32) -> bool {
        if MIXED && node.categories() {
            return self.set_right(node, key);
        }
        key.wrapping_add(node.missing()) >= node.key()
    }

    /// As [`right`](Self::right) at a split by categories.
    #[inline(always)]
    pub(super) fn set_right(&self, node: N, key: u32) -> bool {
        if key == MISSING {
            return node.missing() == 0;
        }
        let value = value(key);
        // Negative values and those beyond the set are in none; `as` truncates and saturates.
        let (word, bit) = (value as usize / 64, value as usize % 64);
        let start = node.key() as usize;
        value >= 0.0 && (word as u64) < self.sets[start] && self.sets[start + 1 + word] >> bit & 1 == 1
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let lists = size_of_val(self.roots.as_slice()) + size_of_val(self.outputs.as_slice());
        let leaves = size_of_val(self.values.as_slice()) + size_of_val(self.numbers.as_slice());
        lists + leaves + size_of_val(self.nodes.as_slice()) + size_of_val(self.sets.as_slice())
    }
}

/// Words that the sets of a tree take.
fn words(tree: &Tree) -> usize {
    tree.categories.iter().map(|(_, set)| 1 + words_of(set)).sum()
}

fn words_of(set: &[u32]) -> usize {
    set.iter().max().map_or(0, |&most| most as usize / 64 + 1)
}

impl<N: Node> Room<'_, N> {
    fn fill(mut self, shape: Shape, width: usize) {
        let sets = self.fill_sets();
        let (mut leaf, mut free) = (0, 1);
        let mut open: Vec<(u32, u32)> = vec![(0, 0)];
        while let Some((node, place)) = open.pop() {
            let (from, to) = (node as usize, place as usize);
            let mut parts = Parts::default();
            if self.tree.feature[from] == LEAF {
                parts.key = (self.first_leaf + leaf) as u32;
                let values = &self.tree.value[from * width..(from + 1) * width];
                self.values[leaf * width..(leaf + 1) * width].copy_from_slice(values);
                self.numbers[leaf] = node;
                leaf += 1;
            } else {
                let missing_left = self.tree.default_left[from];
                parts = Parts { missing_left, feature: self.tree.feature[from], step: free - place, ..parts };
                match sets.get(from).copied().flatten() {
                    None => parts.key = threshold(self.tree.threshold[from], missing_left),
                    Some(start) => (parts.key, parts.categories) = (start, true),
                }
                open.push((self.tree.right[from], free + 1));
                open.push((self.tree.left[from], free));
                free += 2;
            }
            self.nodes[to] = N::new(parts, shape);
        }
    }

    /// Writes the sets; where that of each node starts, if there are any.
    fn fill_sets(&mut self) -> Vec<Option<u32>> {
        if self.tree.categories.is_empty() {
            return Vec::new();
        }
        let mut starts = vec![None; self.tree.nodes()];
        let mut start = 0;
        for (node, set) in &self.tree.categories {
            let words = words_of(set);
            starts[*node as usize] = Some((self.first_set + start) as u32);
            self.sets[start] = words as u64;
            for &category in set {
                self.sets[start + 1 + category as usize / 64] |= 1 << (category % 64);
            }
            start += 1 + words;
        }
        starts
    }
}

/// What keys are compared with at a threshold; nothing is below NaN.
fn threshold(threshold: f32, missing_left: bool) -> u32 {
    let key = if threshold.is_nan() { 0 } else { key(threshold) };
    key + if missing_left { 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f32; 11] =
        [f32::NEG_INFINITY, f32::MIN, -1.5, -f32::MIN_POSITIVE, -1e-45, 0.0, 1e-45, 0.1, 1.5, f32::MAX, f32::INFINITY];

    #[test]
    fn keys_are_in_the_order_of_the_values_and_lead_back_to_them() {
        for (a, x) in VALUES.iter().enumerate() {
            assert_eq!(value(key(*x)).to_bits(), x.to_bits());
            assert!(key(*x) < MISSING - 2 && key(*x) > 2);
            for (b, y) in VALUES.iter().enumerate() {
                assert_eq!(key(*x).cmp(&key(*y)), a.cmp(&b), "{x} and {y}");
            }
        }
        assert_eq!(key(-0.0), key(0.0));
        assert_eq!((key(f32::NAN), key(-f32::NAN)), (MISSING, MISSING));
    }

    fn goes_as_the_rule_says<N: Node>() {
        let shape = Shape { bits: 5 };
        let layout: Layout<N> = Layout::default();
        for limit in VALUES.into_iter().chain([-0.0, f32::NAN]) {
            for missing_left in [false, true] {
                let key_of_limit = threshold(limit, missing_left);
                let parts = Parts { key: key_of_limit, missing_left, categories: false, feature: 21, step: 33 };
                let node = N::new(parts, shape);
                assert_eq!((node.feature(shape), node.step(shape), node.categories()), (21, 33, false));
                for value in VALUES.into_iter().chain([-0.0]) {
                    let (right, left) = (layout.right::<true>(node, key(value)), value < limit);
                    assert_eq!(right, !left, "{value} at {limit}, {missing_left}");
                }
                assert_eq!(layout.right::<false>(node, MISSING), !missing_left, "missing at {limit}");
            }
        }
    }

    #[test]
    fn nodes_of_both_sizes_send_each_value_where_the_rule_says() {
        goes_as_the_rule_says::<u64>();
        goes_as_the_rule_says::<[u32; 3]>();
    }

    #[test]
    fn nodes_hold_the_largest_numbers_that_their_shape_allows() {
        for bits in [0, 1, 14, 29] {
            let shape = Shape { bits };
            let (feature, step) = ((1u32 << bits) - 1, ((1u64 << (30 - bits)) - 1) as u32);
            let parts = Parts { key: u32::MAX, missing_left: true, categories: true, feature, step };
            let node = u64::new(parts, shape);
            assert_eq!((node.key(), node.missing(), node.categories()), (u32::MAX, 2, true));
            assert_eq!((node.feature(shape), node.step(shape)), (feature as usize, step));
        }
    }
}
