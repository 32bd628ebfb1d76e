//! Trees of up to 64 leaves as tables of leaf sets: a row's leaf without a walk.
//!
//! Each feature is cut at the thresholds of the ensemble. For each tree and bin of a feature a word says which leaves
//! are still possible; the lowest bit of the intersection over the features is the leaf (Lucchese et al. 2015,
//! QuickScorer, with its masks joined per bin). The work per row and tree is one load per feature, in no order.

use super::ensemble::{Ensemble, LEAF, Tree};
use rayon::prelude::*;

/// Bins of a feature, the one of missing values included.
const BINS: usize = 256;
/// Leaves of a tree at most: bits of a word.
const MOST_LEAVES: usize = 64;
/// A tree that reads more features than this is walked.
const MOST_FEATURES: usize = 32;
/// All tables together take at most this many words (128 MiB).
const MOST_WORDS: usize = 1 << 24;

/// How the values of a feature become bins.
#[derive(Clone, Debug)]
enum Cut {
    /// Nothing reads the feature, or it has too many cuts.
    None,
    /// The number of thresholds that are not above the value; missing is one more than all of them.
    Thresholds { padded: Box<[f32; BINS]>, count: usize },
    /// The category itself; one bin for all others, one for missing.
    Categories { most: usize },
}

/// One tree: for each feature that it reads a table of leaf sets.
#[derive(Clone, Debug)]
pub(super) struct Table {
    features: Vec<u32>,
    sets: Vec<[u64; BINS]>,
    /// `width` values per leaf, leaves from left to right.
    values: Vec<f64>,
    /// Number in its [`Tree`] of each leaf.
    numbers: Vec<u32>,
    output: usize,
    width: usize,
}

/// The tables of an ensemble; `None` for trees that have to be walked.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    cuts: Vec<Cut>,
    pub(super) trees: Vec<Option<Table>>,
}

impl Tables {
    pub(super) fn new(ensemble: &Ensemble) -> Self {
        if ensemble.trees.par_iter().all(|tree| tree.leaves() > MOST_LEAVES) {
            return Tables { cuts: Vec::new(), trees: vec![None; ensemble.trees.len()] };
        }
        let cuts = cuts(ensemble);
        let mut left = MOST_WORDS;
        let table = |tree: &Tree| {
            let table = Table::new(tree, &cuts, ensemble.width.max(1), left / BINS)?;
            left -= table.sets.len() * BINS;
            Some(table)
        };
        let trees = ensemble.trees.iter().map(table).collect();
        Tables { cuts, trees }
    }

    /// Whether any tree has a table.
    pub(super) fn any(&self) -> bool {
        self.trees.iter().any(Option::is_some)
    }

    /// Whether all trees have tables.
    pub(super) fn all(&self) -> bool {
        self.trees.iter().all(Option::is_some)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let cuts =
            self.cuts.iter().filter(|cut| matches!(cut, Cut::Thresholds { .. })).count() * BINS * size_of::<f32>();
        let table = |table: &Table| {
            let leaves = size_of_val(table.values.as_slice()) + size_of_val(table.numbers.as_slice());
            leaves + size_of_val(table.sets.as_slice()) + size_of_val(table.features.as_slice())
        };
        cuts + self.trees.iter().flatten().map(table).sum::<usize>()
    }

    /// Bins of a column's values.
    pub(super) fn bins(&self, feature: usize, values: &[f64], out: &mut [u8]) {
        match &self.cuts[feature] {
            Cut::None => {}
            Cut::Thresholds { padded, count } => {
                for (bin, &value) in out.iter_mut().zip(values) {
                    let value = value as f32;
                    let found = below(padded, value);
                    *bin = (if value.is_nan() { count + 1 } else { found }) as u8;
                }
            }
            Cut::Categories { most } => {
                for (bin, &value) in out.iter_mut().zip(values) {
                    let value = value as f32;
                    let known = value >= 0.0 && (value as usize) <= *most;
                    let code = if known { value as usize } else { most + 1 };
                    *bin = (if value.is_nan() { most + 2 } else { code }) as u8;
                }
            }
        }
    }
}

/// How many of the ascending thresholds, padded with NaN, are not above the value.
#[inline(always)]
fn below(padded: &[f32; BINS], value: f32) -> usize {
    let mut found = 0;
    for half in [128, 64, 32, 16, 8, 4, 2, 1] {
        found += half * usize::from(padded[(found + half - 1) % BINS] <= value);
    }
    found
}

fn cuts(ensemble: &Ensemble) -> Vec<Cut> {
    let mut thresholds: Vec<Vec<f32>> = vec![Vec::new(); ensemble.n_features];
    let mut most: Vec<Option<u32>> = vec![None; ensemble.n_features];
    for tree in &ensemble.trees {
        let mut splits = tree.categories.iter().peekable();
        for (node, &feature) in tree.feature.iter().enumerate().filter(|(_, f)| **f != LEAF) {
            match splits.next_if(|(split, _)| *split as usize == node) {
                None => thresholds[feature as usize].push(tree.threshold[node]),
                Some((_, set)) => {
                    let largest = set.iter().max().copied().unwrap_or(0);
                    most[feature as usize] = Some(most[feature as usize].unwrap_or(0).max(largest));
                }
            }
        }
    }
    thresholds.into_iter().zip(most).map(|(thresholds, most)| cut(thresholds, most)).collect()
}

fn cut(mut thresholds: Vec<f32>, most: Option<u32>) -> Cut {
    if thresholds.iter().any(|t| t.is_nan()) {
        return Cut::None;
    }
    thresholds.sort_by(f32::total_cmp);
    thresholds.dedup_by(|a, b| *a == *b);
    match (thresholds.len(), most) {
        (0, None) => Cut::None,
        (0, Some(most)) if (most as usize) < BINS - 2 => Cut::Categories { most: most as usize },
        (count, None) if count < BINS - 1 => {
            let mut padded = Box::new([f32::NAN; BINS]);
            padded[..count].copy_from_slice(&thresholds);
            Cut::Thresholds { padded, count }
        }
        _ => Cut::None,
    }
}

impl Table {
    /// The table of a tree; `None` if it has too many leaves, features or cuts, or takes more than `most` sets.
    fn new(tree: &Tree, cuts: &[Cut], width: usize, most: usize) -> Option<Self> {
        let mut features: Vec<u32> = tree.feature.iter().copied().filter(|&f| f != LEAF).collect();
        features.sort_unstable();
        features.dedup();
        let cut = |f: &u32| !matches!(cuts[*f as usize], Cut::None);
        if tree.leaves() > MOST_LEAVES || features.len() > MOST_FEATURES.min(most) || !features.iter().all(cut) {
            return None;
        }
        let mut table = Table {
            sets: vec![[u64::MAX; BINS]; features.len()],
            features,
            values: Vec::new(),
            numbers: Vec::new(),
            output: tree.output as usize,
            width,
        };
        table.visit(tree, cuts, 0);
        Some(table)
    }

    /// Enters the splits below a node; leaves are numbered from left to right.
    fn visit(&mut self, tree: &Tree, cuts: &[Cut], node: usize) {
        if tree.feature[node] == LEAF {
            self.values.extend_from_slice(&tree.value[node * self.width..(node + 1) * self.width]);
            self.numbers.push(node as u32);
            return;
        }
        let first = self.numbers.len();
        self.visit(tree, cuts, tree.left[node] as usize);
        let leaves = self.numbers.len() - first;
        // Rows that go right are in none of the left leaves.
        let kept = !((u64::MAX >> (64 - leaves)) << first);
        let feature = tree.feature[node];
        let place = self.features.binary_search(&feature).expect("all features of the tree were listed");
        let sets = &mut self.sets[place];
        match &cuts[feature as usize] {
            Cut::Thresholds { padded, count } => {
                let threshold = tree.threshold[node];
                let at = padded[..*count].partition_point(|t| *t < threshold);
                sets[at + 1..=*count].iter_mut().for_each(|set| *set &= kept);
                sets[count + 1] &= if tree.default_left[node] { u64::MAX } else { kept };
            }
            Cut::Categories { most } => {
                for &category in tree.set(node).unwrap_or_default() {
                    sets[category as usize] &= kept;
                }
                sets[most + 2] &= if tree.default_left[node] { u64::MAX } else { kept };
            }
            Cut::None => {}
        }
        self.visit(tree, cuts, tree.right[node] as usize);
    }

    /// Adds the tree's values to `sums` (all rows of output 0, then of output 1, ..); `bins` is feature after feature,
    /// `stride` apart, `masks` scratch space of a word per row.
    pub(super) fn add(&self, bins: &[u8], stride: usize, masks: &mut [u64], sums: &mut [f64]) {
        self.intersect(bins, stride, masks);
        let rows = masks.len();
        if self.width == 1 {
            let sums = &mut sums[self.output * rows..(self.output + 1) * rows];
            for (sum, mask) in sums.iter_mut().zip(masks) {
                *sum += self.values[mask.trailing_zeros() as usize];
            }
            return;
        }
        for (k, sums) in sums.chunks_exact_mut(rows).enumerate() {
            for (sum, mask) in sums.iter_mut().zip(&*masks) {
                *sum += self.values[mask.trailing_zeros() as usize * self.width + k];
            }
        }
    }

    /// Writes the number of the leaf (as in its [`Tree`]) of each row.
    pub(super) fn leaves(&self, bins: &[u8], stride: usize, masks: &mut [u64], out: &mut [u32]) {
        self.intersect(bins, stride, masks);
        for (leaf, mask) in out.iter_mut().zip(masks) {
            *leaf = self.numbers[mask.trailing_zeros() as usize];
        }
    }

    /// Sets the words of `masks` to the leaves that are still possible; the lowest bit is the leaf.
    fn intersect(&self, bins: &[u8], stride: usize, masks: &mut [u64]) {
        masks.fill(u64::MAX);
        let rows = masks.len();
        let column = |place: usize| {
            let start = self.features[place] as usize * stride;
            &bins[start..start + rows]
        };
        // Four features at a time: fewer loads and stores of the masks.
        let (quads, rest) = self.sets.as_chunks::<4>();
        for (q, [a, b, c, d]) in quads.iter().enumerate() {
            let columns = column(4 * q).iter().zip(column(4 * q + 1)).zip(column(4 * q + 2)).zip(column(4 * q + 3));
            for (mask, (((i, j), k), l)) in masks.iter_mut().zip(columns) {
                *mask &= a[*i as usize] & b[*j as usize] & c[*k as usize] & d[*l as usize];
            }
        }
        for (r, sets) in rest.iter().enumerate() {
            for (mask, bin) in masks.iter_mut().zip(column(4 * quads.len() + r)) {
                *mask &= sets[*bin as usize];
            }
        }
    }
}
