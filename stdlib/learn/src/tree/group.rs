//! Blocks of rows through one tree: large groups are parted at each node, what is left is walked together.
//!
//! A group of rows reads a node once and in the order of memory, so that it does not matter whether a tree fits the
//! cache; the walks of a part overlap, so that none waits for what another one reads.

use super::layout::{Layout, Node};
use super::walk::Rows;

/// Rows from which on a group is parted.
const GROUP: usize = 32;
/// Rows that are walked together.
const PART: usize = 256;

/// Rows under way, kept from tree to tree.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The rows, those of a group together.
    order: Vec<u32>,
    /// The right ones of the group that is being parted.
    right: Vec<u32>,
    /// Groups that have to be gone on with: place of the node, first row and end in `order`.
    open: Vec<(u32, usize, usize)>,
    /// Rows and places of walks that have not ended.
    walks: Vec<(u32, u32)>,
    /// Rows and leaves of walks that have.
    ended: Vec<(u32, u32)>,
}

impl Groups {
    /// Adds the values of `tree` to `sums` (all rows of output 0, then of output 1, ..).
    pub(super) fn add<N: Node>(&mut self, layout: &Layout<N>, tree: usize, rows: Rows<'_>, sums: &mut [f64]) {
        if layout.width == 1 {
            let output = layout.outputs[tree] as usize;
            let sums = &mut sums[output * rows.count..(output + 1) * rows.count];
            self.each(layout, tree, rows, |row, leaf| sums[row] += layout.values[leaf]);
            return;
        }
        self.each(layout, tree, rows, |row, leaf| {
            let values = &layout.values[leaf * layout.width..(leaf + 1) * layout.width];
            for (k, value) in values.iter().enumerate() {
                sums[k * rows.count + row] += value;
            }
        });
    }

    /// Writes the number of the leaf (as in its tree) that each row comes to.
    pub(super) fn leaves<N: Node>(&mut self, layout: &Layout<N>, tree: usize, rows: Rows<'_>, out: &mut [u32]) {
        self.each(layout, tree, rows, |row, leaf| out[row] = layout.numbers[leaf]);
    }

    /// Calls `found` with each row and the number of its leaf.
    #[inline(always)]
    fn each<N: Node>(&mut self, layout: &Layout<N>, tree: usize, rows: Rows<'_>, found: impl FnMut(usize, usize)) {
        if layout.mixed() {
            self.run::<true, N>(layout, layout.roots[tree], rows, found);
        } else {
            self.run::<false, N>(layout, layout.roots[tree], rows, found);
        }
    }

    #[inline(always)]
    fn run<const MIXED: bool, N: Node>(
        &mut self,
        layout: &Layout<N>,
        root: u32,
        rows: Rows<'_>,
        mut found: impl FnMut(usize, usize),
    ) {
        self.order.clear();
        self.order.extend(0..rows.count as u32);
        self.right.resize(rows.count, 0);
        self.open.push((root, 0, rows.count));
        while let Some((mut place, first, mut end)) = self.open.pop() {
            let mut node = layout.nodes[place as usize];
            let mut step = node.step(layout.shape);
            while step != 0 && end - first >= GROUP {
                let group = &mut self.order[first..end];
                let middle = first + part::<MIXED, N>(layout, node, rows, group, &mut self.right);
                place += step;
                self.open.push((place + 1, middle, end));
                end = middle;
                node = layout.nodes[place as usize];
                step = node.step(layout.shape);
            }
            let group = &self.order[first..end];
            if step == 0 {
                group.iter().for_each(|&row| found(row as usize, node.key() as usize));
                continue;
            }
            self.walks.extend(group.iter().map(|&row| (row, place)));
            if self.walks.len() >= PART {
                self.walk::<MIXED, N>(layout, rows, &mut found);
            }
        }
        self.walk::<MIXED, N>(layout, rows, &mut found);
    }

    /// Walks to their ends, a step of each after the other.
    #[inline(always)]
    fn walk<const MIXED: bool, N: Node>(
        &mut self,
        layout: &Layout<N>,
        rows: Rows<'_>,
        found: &mut impl FnMut(usize, usize),
    ) {
        let mut count = self.walks.len();
        self.ended.resize(count, (0, 0));
        let mut ended = 0;
        while count > 0 {
            let mut kept = 0;
            for at in 0..count {
                let (row, place) = self.walks[at];
                let node = layout.nodes[place as usize];
                let step = node.step(layout.shape);
                let key = rows.keys[row as usize * rows.stride + node.feature(layout.shape)];
                let next = place + step + u32::from(layout.right::<MIXED>(node, key));
                // Without branches, which could not be foreseen: what does not count is written over.
                self.ended[ended] = (row, node.key());
                ended += usize::from(step == 0);
                self.walks[kept] = (row, next);
                kept += usize::from(step != 0);
            }
            count = kept;
        }
        self.walks.clear();
        self.ended[..ended].iter().for_each(|&(row, leaf)| found(row as usize, leaf as usize));
    }
}

/// Puts the rows that go left at the node first, in their order; how many they are.
#[inline(always)]
fn part<const MIXED: bool, N: Node>(
    layout: &Layout<N>,
    node: N,
    rows: Rows<'_>,
    group: &mut [u32],
    right: &mut [u32],
) -> usize {
    let keys = &rows.keys[node.feature(layout.shape)..];
    if MIXED && node.categories() {
        return part_by(group, right, |row| layout.set_right(node, keys[row as usize * rows.stride]));
    }
    part_by(group, right, |row| layout.right::<false>(node, keys[row as usize * rows.stride]))
}

#[inline(always)]
fn part_by(group: &mut [u32], right: &mut [u32], goes_right: impl Fn(u32) -> bool) -> usize {
    let right = &mut right[..group.len()];
    let (mut lefts, mut rights) = (0, 0);
    for at in 0..group.len() {
        let row = group[at];
        let goes_right = goes_right(row);
        group[lefts] = row;
        right[rights] = row;
        lefts += usize::from(!goes_right);
        rights += usize::from(goes_right);
    }
    group[lefts..].copy_from_slice(&right[..rights]);
    lefts
}
