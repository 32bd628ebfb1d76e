//! Walks from the root to a leaf: one row through several trees at a time, so that loads overlap.

use super::ensemble::Ensemble;
use super::group::Groups;
use super::layout::{Layout, MISSING, Node, Shape, key};

/// Walks that are under way together.
const LANES: usize = 8;
/// A row of at most as many values is turned into keys once; a longer one wherever a value is read.
const SHORT: usize = 128;

/// The trees of an ensemble as they are walked: in 8 bytes per node, or in 12 where steps and features need them.
#[derive(Clone, Debug)]
pub(super) enum Walk {
    Narrow(Layout<u64>),
    Wide(Layout<[u32; 3]>),
}

/// A block of rows as keys, row after row, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) keys: &'a [u32],
    pub(super) stride: usize,
    pub(super) count: usize,
}

/// A place where the keys of a row's values are read from.
trait Row: Copy {
    fn key(self, feature: usize) -> u32;
}

impl Row for &[u32] {
    #[inline(always)]
    fn key(self, feature: usize) -> u32 {
        self[feature]
    }
}

impl Row for &[f64] {
    #[inline(always)]
    fn key(self, feature: usize) -> u32 {
        key(self[feature] as f32)
    }
}

impl Walk {
    pub(super) fn new(ensemble: &Ensemble) -> Self {
        match Shape::of(ensemble) {
            Some(shape) => Walk::Narrow(Layout::new(ensemble, shape)),
            None => Walk::Wide(Layout::new(ensemble, Shape::default())),
        }
    }

    /// Adds the values of `tree` to `sums` (all rows of output 0, then of output 1, ..).
    pub(super) fn add(&self, tree: usize, rows: Rows<'_>, groups: &mut Groups, sums: &mut [f64]) {
        match self {
            Walk::Narrow(layout) => groups.add(layout, tree, rows, sums),
            Walk::Wide(layout) => groups.add(layout, tree, rows, sums),
        }
    }

    /// Writes the number of the leaf (as in its tree) that each row comes to.
    pub(super) fn leaves(&self, tree: usize, rows: Rows<'_>, groups: &mut Groups, out: &mut [u32]) {
        match self {
            Walk::Narrow(layout) => groups.leaves(layout, tree, rows, out),
            Walk::Wide(layout) => groups.leaves(layout, tree, rows, out),
        }
    }

    /// Adds what all trees say of one row to `sums`, one per output, tree after tree.
    pub(super) fn add_row(&self, row: &[f64], sums: &mut [f64]) {
        match self {
            Walk::Narrow(layout) => add_row(layout, row, sums),
            Walk::Wide(layout) => add_row(layout, row, sums),
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Walk::Narrow(layout) => layout.heap_bytes(),
            Walk::Wide(layout) => layout.heap_bytes(),
        }
    }
}

fn add_row<N: Node>(layout: &Layout<N>, row: &[f64], sums: &mut [f64]) {
    if row.len() > SHORT {
        return add(layout, row, sums);
    }
    // Leaves read the first key, also of a row without values.
    let mut keys = [MISSING; SHORT];
    keys.iter_mut().zip(row).for_each(|(place, &value)| *place = key(value as f32));
    add(layout, &keys[..], sums);
}

fn add<N: Node, R: Row>(layout: &Layout<N>, row: R, sums: &mut [f64]) {
    let trees = layout.roots.len();
    let mut tree = 0;
    while tree < trees {
        let together = LANES.min(trees - tree);
        // Lanes beyond the last tree walk it again; their leaves are not read.
        let starts = std::array::from_fn(|lane| layout.roots[(tree + lane).min(trees - 1)]);
        let leaves = if layout.mixed() {
            run::<true, N, R>(layout, row, starts)
        } else {
            run::<false, N, R>(layout, row, starts)
        };
        for (lane, leaf) in leaves.into_iter().take(together).enumerate() {
            if layout.width == 1 {
                sums[layout.outputs[tree + lane] as usize] += layout.values[leaf];
            } else {
                let values = &layout.values[leaf * layout.width..(leaf + 1) * layout.width];
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
        tree += together;
    }
}

/// The numbers of the leaves that the row comes to from each of the places.
#[inline(always)]
fn run<const MIXED: bool, N: Node, R: Row>(layout: &Layout<N>, row: R, mut places: [u32; LANES]) -> [usize; LANES] {
    loop {
        let mut inner = false;
        for place in &mut places {
            let node = layout.nodes[*place as usize];
            let step = node.step(layout.shape);
            let right = layout.right::<MIXED>(node, row.key(node.feature(layout.shape)));
            inner |= step != 0;
            // A walk that has ended stays where it is.
            *place += step + u32::from((step != 0) & right);
        }
        if !inner {
            return places.map(|place| layout.nodes[place as usize].key() as usize);
        }
    }
}
