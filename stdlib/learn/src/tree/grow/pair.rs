//! Splits for two classes and for numbers: two sums per bin, the weight and the weighted target, are enough.

use super::bins::Column;
use super::block::Row;
use super::search::{Constant, Judge, Occurring, Place, Split};

/// What makes a node good.
pub(crate) trait Measure: Send + Sync + 'static {
    /// The larger, the more alike the targets of rows of weight `w` whose weighted targets add up to `s`.
    fn score(w: f64, s: f64) -> f64;
    /// What a difference of scores is in units of the impurity.
    const UNIT: f64;
}

/// Squared error.
pub(crate) struct Squared;

impl Measure for Squared {
    #[inline(always)]
    fn score(w: f64, s: f64) -> f64 {
        s * s / w
    }
    const UNIT: f64 = 1.0;
}

/// The Gini impurity of two classes: twice the squared error of 0 and 1.
pub(crate) struct Gini;

impl Measure for Gini {
    #[inline(always)]
    fn score(w: f64, s: f64) -> f64 {
        s * s / w
    }
    const UNIT: f64 = 2.0;
}

/// The entropy of two classes, in bits.
pub(crate) struct Entropy;

impl Measure for Entropy {
    #[inline(always)]
    fn score(w: f64, s: f64) -> f64 {
        weighted_log(s) + weighted_log(w - s) - weighted_log(w)
    }
    const UNIT: f64 = 1.0;
}

/// `x * log2(x)`, and 0 where rounding has left next to nothing.
pub(crate) fn weighted_log(x: f64) -> f64 {
    if x > 0.0 { x * x.log2() } else { 0.0 }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    w: f64,
    s: f64,
}

impl Sums {
    #[inline(always)]
    fn plus(self, other: Sums) -> Sums {
        Sums { w: self.w + other.w, s: self.s + other.s }
    }
}

/// Judges splits by two sums per bin.
pub(crate) struct Pair<M: Measure> {
    min_leaf: usize,
    total: Sums,
    /// The target of all rows of the node, if there is one.
    only: Option<f64>,
    cells: Vec<Sums>,
    counts: Vec<u32>,
    occurring: Occurring,
    measure: std::marker::PhantomData<M>,
}

impl<M: Measure> Pair<M> {
    /// `codes`: the largest number of codes of a feature; `min_leaf`: rows that each side needs.
    pub(crate) fn new(codes: usize, min_leaf: usize) -> Self {
        Pair {
            min_leaf,
            total: Sums::default(),
            only: None,
            cells: vec![Sums::default(); codes],
            counts: vec![0; if min_leaf > 1 { codes } else { 0 }],
            occurring: Occurring::new(codes),
            measure: std::marker::PhantomData,
        }
    }

    fn take(&mut self, code: usize) -> (Sums, usize) {
        let count = self.counts.get_mut(code).map_or(0, std::mem::take);
        (std::mem::take(&mut self.cells[code]), count as usize)
    }

    /// The best place in the order of the bins; empties the cells.
    fn place(&mut self, rows: usize, missing: Option<(Sums, usize)>, than: f64) -> Place {
        let mut best = Place { score: than, ..Place::NONE };
        let (mut left, mut n_left) = (Sums::default(), 0);
        let (gone, n_gone) = missing.unwrap_or_default();
        let enough = |n: usize| self.min_leaf <= 1 || (n >= self.min_leaf && rows - n >= self.min_leaf);
        let total = self.total;
        let mut consider = |left: Sums, n: usize, bins: usize, missing_left: bool| {
            let right = Sums { w: total.w - left.w, s: total.s - left.s };
            let score = M::score(left.w, left.s) + M::score(right.w, right.s);
            if score > best.score && enough(n) {
                best = Place { score, bins, missing_left, lighter: left.w < right.w };
            }
        };
        for (bins, &code) in self.occurring.order.iter().enumerate() {
            if bins > 0 {
                consider(left, n_left, bins, false);
                if missing.is_some() {
                    consider(left.plus(gone), n_left + n_gone, bins, true);
                }
            }
            left = left.plus(std::mem::take(&mut self.cells[code as usize]));
            if self.min_leaf > 1 {
                n_left += std::mem::take(&mut self.counts[code as usize]) as usize;
            }
        }
        if missing.is_some() && !self.occurring.order.is_empty() {
            consider(left, n_left, self.occurring.order.len(), false);
        }
        best
    }
}

impl<M: Measure> Judge for Pair<M> {
    fn enter(&mut self, rows: &[Row]) {
        let add = |sum: Sums, row: &Row| sum.plus(Sums { w: row.w, s: row.w * row.y });
        self.total = rows.iter().fold(Sums::default(), add);
        self.only = rows.iter().all(|row| row.y == rows[0].y).then(|| rows[0].y);
    }

    fn value(&self, out: &mut Vec<f64>) {
        out.push(self.only.unwrap_or(self.total.s / self.total.w));
    }

    fn weight(&self) -> f64 {
        self.total.w
    }

    fn pure(&self) -> bool {
        self.only.is_some()
    }

    fn best(
        &mut self,
        feature: usize,
        column: &Column,
        codes: impl Iterator<Item = usize> + Clone,
        rows: &[Row],
        than: f64,
    ) -> Result<Option<Split>, Constant> {
        let cells = &mut self.cells[..=column.bins()];
        let add = |code: usize, row: &Row| {
            let cell = &mut cells[code];
            *cell = Sums { w: cell.w + row.w, s: cell.s + row.w * row.y };
        };
        self.occurring.collect(codes.clone(), rows, column.bins(), add);
        if self.min_leaf > 1 {
            codes.for_each(|code| self.counts[code] += 1);
        }
        let missing = self.occurring.take_missing(column.missing()).then(|| self.take(column.missing()));
        if self.occurring.constant(missing.is_some()) {
            self.occurring.order.first().copied().map(|code| self.take(code as usize));
            return Err(Constant);
        }
        if column.categorical {
            let mean = |code: u32| self.cells[code as usize].s / self.cells[code as usize].w;
            self.occurring.order.sort_unstable_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(a.cmp(&b)));
        }
        let place = self.place(rows.len(), missing, than);
        let found = place.score > than;
        Ok(found.then(|| place.split(feature, column, &self.occurring.order, missing.is_some())))
    }

    fn gain(&self, score: f64) -> f64 {
        M::UNIT * (score - M::score(self.total.w, self.total.s))
    }
}
