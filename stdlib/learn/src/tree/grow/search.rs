//! The search for the best split of a node, as far as it is the same for all criteria.

use super::bins::Column;
use super::block::Row;

/// A split that was found.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) feature: usize,
    pub(crate) cut: Cut,
    /// Where missing values go; `None` if the node has none.
    pub(crate) missing_left: Option<bool>,
    /// What the criterion says of it; the larger, the better.
    pub(crate) score: f64,
}

/// How a split tells left from right.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// Bins up to the first go left, bins from the second on go right; there is none between them in the node.
    Between(usize, usize),
    /// All that is known goes left.
    Known,
    /// These categories go right.
    Categories(Vec<u32>),
}

/// The best split of one feature, as a place in the order of its bins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) score: f64,
    /// Number of bins on the left; all of them where only missing values go right.
    pub(crate) bins: usize,
    pub(crate) missing_left: bool,
    /// Whether the left side weighs less than the right one.
    pub(crate) lighter: bool,
}

impl Place {
    pub(crate) const NONE: Place = Place { score: f64::NEG_INFINITY, bins: 0, missing_left: false, lighter: false };

    /// The split that it stands for.
    pub(crate) fn split(&self, feature: usize, column: &Column, order: &[u32], has_missing: bool) -> Split {
        let mut missing_left = has_missing.then_some(self.missing_left);
        let cut = if self.bins == order.len() {
            Cut::Known
        } else if column.categorical {
            // The lighter side is the one that is named: an unknown category goes with the majority.
            let (a, b) = order.split_at(self.bins);
            missing_left = missing_left.map(|left| left != self.lighter);
            let mut right = if self.lighter { a.to_vec() } else { b.to_vec() };
            right.sort_unstable();
            Cut::Categories(right)
        } else {
            Cut::Between(order[self.bins - 1] as usize, order[self.bins] as usize)
        };
        Split { feature, cut, missing_left, score: self.score }
    }
}

/// A criterion with its working memory: judges splits of a node's rows.
pub(crate) trait Judge: Send {
    /// Starts with a node.
    fn enter(&mut self, rows: &[Row]);

    /// Appends what a leaf of this node predicts.
    fn value(&self, out: &mut Vec<f64>);

    /// Weight of the node's rows.
    fn weight(&self) -> f64;

    /// Whether the node's rows all have one target.
    fn pure(&self) -> bool;

    /// The best split by a feature if it is better than `than`; an error if the feature is constant in the node.
    fn best(
        &mut self,
        feature: usize,
        column: &Column,
        codes: impl Iterator<Item = usize> + Clone,
        rows: &[Row],
        than: f64,
    ) -> Result<Option<Split>, Constant>;

    /// By how much a split of this score decreases the impurity, times the node's weight.
    fn gain(&self, score: f64) -> f64;
}

/// A feature has one value in all rows of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant;

/// The codes that occur in a node, in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occurring {
    bits: Vec<u64>,
    pub(crate) order: Vec<u32>,
}

impl Occurring {
    pub(crate) fn new(codes: usize) -> Self {
        Occurring { bits: vec![0; codes.div_ceil(64)], order: Vec::new() }
    }

    /// Collects the codes; `tally` sees each.
    ///
    /// Few codes are sorted, many are marked in a bit set: neither costs more than the number of rows.
    pub(crate) fn collect(
        &mut self,
        codes: impl Iterator<Item = usize>,
        rows: &[Row],
        bins: usize,
        mut tally: impl FnMut(usize, &Row),
    ) {
        let words = (bins + 1).div_ceil(64);
        self.order.clear();
        if rows.len() < words {
            for (code, row) in codes.zip(rows) {
                tally(code, row);
                self.order.push(code as u32);
            }
            self.order.sort_unstable();
            self.order.dedup();
            return;
        }
        let bits = &mut self.bits[..words];
        for (code, row) in codes.zip(rows) {
            tally(code, row);
            bits[code / 64] |= 1 << (code % 64);
        }
        for (word, bits) in bits.iter_mut().enumerate() {
            while *bits != 0 {
                self.order.push(word as u32 * 64 + bits.trailing_zeros());
                *bits &= *bits - 1;
            }
        }
    }

    /// Takes the missing value out of the order; whether there was one.
    pub(crate) fn take_missing(&mut self, missing: usize) -> bool {
        let has = self.order.last().is_some_and(|&code| code as usize == missing);
        if has {
            self.order.pop();
        }
        has
    }

    /// Whether there is nothing to split.
    pub(crate) fn constant(&self, has_missing: bool) -> bool {
        self.order.len() + usize::from(has_missing) < 2
    }
}
