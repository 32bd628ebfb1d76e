//! Walks from the root to a leaf, several rows or trees at a time so that loads overlap.

use super::ensemble::{Ensemble, LEAF, Tree};

/// Walks that are under way together.
const LANES: usize = 8;
/// Bit of [`Node::feature`]: missing values go left.
const MISSING_LEFT: u32 = 1 << 31;
/// Bit of [`Node::feature`]: the node splits by categories, and `threshold` holds the bits of the set's number.
const CATEGORIES: u32 = 1 << 30;
/// [`Node::leaf`] of an inner node.
const INNER: u32 = u32::MAX;

/// A node in 16 bytes; the right child stands behind the left one.
#[derive(Clone, Copy, Debug)]
struct Node {
    threshold: f32,
    feature: u32,
    /// Place of the left child; of a leaf its own place, so that a walk that has ended stays where it is.
    left: u32,
    /// Number of the leaf among all leaves.
    leaf: u32,
}

/// The nodes of all trees of an ensemble, tree after tree, each breadth first.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    nodes: Vec<Node>,
    /// Number in its [`Tree`] of each node.
    numbers: Vec<u32>,
    /// Place of each root, and the end.
    roots: Vec<u32>,
    /// Categories that go right, a bit each, per split by categories.
    sets: Vec<Vec<u64>>,
    /// `width` values per leaf.
    values: Vec<f64>,
    width: usize,
    /// Whether a tree splits by categories.
    mixed: Vec<bool>,
    /// The output that each tree adds to, if `width` is 1.
    outputs: Vec<u32>,
}

/// A place where a row's values are read from, as `f32`.
trait Row: Copy {
    fn value(self, feature: usize) -> f32;
}

impl Row for &[f32] {
    #[inline(always)]
    fn value(self, feature: usize) -> f32 {
        self[feature]
    }
}

impl Row for &[f64] {
    #[inline(always)]
    fn value(self, feature: usize) -> f32 {
        self[feature] as f32
    }
}

impl Walk {
    pub(super) fn new(ensemble: &Ensemble) -> Self {
        let mut walk = Walk { width: ensemble.width.max(1), roots: vec![0], ..Walk::default() };
        for tree in &ensemble.trees {
            walk.push(tree);
        }
        walk
    }

    fn push(&mut self, tree: &Tree) {
        let start = self.nodes.len();
        let mut order: Vec<u32> = vec![0];
        let mut next = 0;
        while next < order.len() {
            let node = order[next] as usize;
            let place = (start + next) as u32;
            if tree.feature[node] == LEAF {
                let leaf = (self.values.len() / self.width) as u32;
                self.values.extend_from_slice(&tree.value[node * self.width..(node + 1) * self.width]);
                self.nodes.push(Node { threshold: 0.0, feature: 0, left: place, leaf });
            } else {
                let left = (start + order.len()) as u32;
                order.extend([tree.left[node], tree.right[node]]);
                let (threshold, categories) = match tree.set(node) {
                    None => (tree.threshold[node], 0),
                    Some(set) => {
                        self.sets.push(bits(set));
                        (f32::from_bits((self.sets.len() - 1) as u32), CATEGORIES)
                    }
                };
                let missing = if tree.default_left[node] { MISSING_LEFT } else { 0 };
                self.nodes.push(Node {
                    threshold,
                    feature: tree.feature[node] | missing | categories,
                    left,
                    leaf: INNER,
                });
            }
            next += 1;
        }
        self.numbers.extend(order);
        self.roots.push(self.nodes.len() as u32);
        self.mixed.push(!tree.categories.is_empty());
        self.outputs.push(tree.output);
    }

    pub(super) fn trees(&self) -> usize {
        self.outputs.len()
    }

    /// Adds the values of `tree` to `sums` (all rows of output 0, then of output 1, ..); `values` is row after row.
    pub(super) fn add(&self, tree: usize, values: &[f32], rows: usize, sums: &mut [f64]) {
        if self.width == 1 {
            let output = self.outputs[tree] as usize;
            let sums = &mut sums[output * rows..(output + 1) * rows];
            self.each(tree, values, rows, |row, place| sums[row] += self.values[self.nodes[place].leaf as usize]);
            return;
        }
        self.each(tree, values, rows, |row, place| {
            let leaf = self.nodes[place].leaf as usize * self.width;
            for (k, value) in self.values[leaf..leaf + self.width].iter().enumerate() {
                sums[k * rows + row] += value;
            }
        });
    }

    /// Writes the number of the leaf (as in its [`Tree`]) that each row comes to.
    pub(super) fn leaves(&self, tree: usize, values: &[f32], rows: usize, out: &mut [u32]) {
        self.each(tree, values, rows, |row, place| out[row] = self.numbers[place]);
    }

    /// Calls `found` with each row and the place of its leaf.
    #[inline(always)]
    fn each(&self, tree: usize, values: &[f32], rows: usize, mut found: impl FnMut(usize, usize)) {
        let root = self.roots[tree] as usize;
        let cols = values.len() / rows;
        if cols == 0 {
            // Without features all trees are leaves.
            (0..rows).for_each(|row| found(row, root));
            return;
        }
        let mut chunks = values.chunks_exact(cols * LANES);
        let mut first = 0;
        for chunk in &mut chunks {
            let lanes: [&[f32]; LANES] = std::array::from_fn(|lane| &chunk[lane * cols..(lane + 1) * cols]);
            let places = if self.mixed[tree] {
                self.run::<true, &[f32]>(lanes, [root; LANES])
            } else {
                self.run::<false, &[f32]>(lanes, [root; LANES])
            };
            for (lane, place) in places.into_iter().enumerate() {
                found(first + lane, place);
            }
            first += LANES;
        }
        for (i, row) in chunks.remainder().chunks_exact(cols).enumerate() {
            found(first + i, self.one(row, root));
        }
    }

    /// Adds what all trees say of one row to `sums`, one per output, tree after tree.
    pub(super) fn add_row(&self, row: &[f64], sums: &mut [f64]) {
        let mut tree = 0;
        while tree < self.trees() {
            let together = LANES.min(self.trees() - tree);
            // Lanes beyond the last tree walk it again; their leaves are not read.
            let last = self.trees() - 1;
            let starts = std::array::from_fn(|lane| self.roots[(tree + lane).min(last)] as usize);
            let places = self.run::<true, &[f64]>([row; LANES], starts);
            for (lane, place) in places.into_iter().take(together).enumerate() {
                let leaf = self.nodes[place].leaf as usize;
                if self.width == 1 {
                    sums[self.outputs[tree + lane] as usize] += self.values[leaf];
                } else {
                    let values = &self.values[leaf * self.width..(leaf + 1) * self.width];
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
            }
            tree += together;
        }
    }

    #[inline(always)]
    fn run<const MIXED: bool, R: Row>(&self, rows: [R; LANES], mut places: [usize; LANES]) -> [usize; LANES] {
        loop {
            let mut inner = false;
            for (row, place) in rows.iter().zip(&mut places) {
                let node = self.nodes[*place];
                inner |= node.leaf == INNER;
                *place = self.step::<MIXED, R>(*row, node);
            }
            if !inner {
                return places;
            }
        }
    }

    fn one<R: Row>(&self, row: R, mut place: usize) -> usize {
        loop {
            let node = self.nodes[place];
            if node.leaf != INNER {
                return place;
            }
            place = self.step::<true, R>(row, node);
        }
    }

    #[inline(always)]
    fn step<const MIXED: bool, R: Row>(&self, row: R, node: Node) -> usize {
        let value = row.value((node.feature & !(MISSING_LEFT | CATEGORIES)) as usize);
        let missing_left = node.feature & MISSING_LEFT != 0;
        let left = if MIXED && node.feature & CATEGORIES != 0 {
            let set = &self.sets[node.threshold.to_bits() as usize];
            if value.is_nan() { missing_left } else { !holds(set, value) }
        } else {
            (value < node.threshold) | (value.is_nan() & missing_left)
        };
        node.left as usize + usize::from((node.leaf == INNER) & !left)
    }
}

/// A set of categories as bits.
fn bits(set: &[u32]) -> Vec<u64> {
    let words = set.iter().max().map_or(0, |&most| most as usize / 64 + 1);
    let mut bits = vec![0; words];
    for &category in set {
        bits[category as usize / 64] |= 1 << (category % 64);
    }
    bits
}

#[inline]
fn holds(set: &[u64], value: f32) -> bool {
    // Negative values and those beyond the set are in none; `as` truncates and saturates.
    value >= 0.0 && set.get(value as usize / 64).is_some_and(|word| word >> (value as usize % 64) & 1 == 1)
}
