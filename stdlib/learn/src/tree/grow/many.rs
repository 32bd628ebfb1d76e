//! Splits for more than two classes: rows are sorted by counting and moved from right to left one by one.

use super::bins::Column;
use super::block::Row;
use super::pair::weighted_log;
use super::search::{Constant, Judge, Occurring, Place, Split};

/// What makes a node good: the sum over the classes of a function of their weights, set against the node's weight.
pub(crate) trait Sum: Send + Sync + 'static {
    /// What a class of weight `w` adds.
    fn part(w: f64) -> f64;
    /// The score of a node of weight `w` whose parts add up to `parts`.
    fn score(w: f64, parts: f64) -> f64;
}

/// The Gini impurity.
pub(crate) struct ManyGini;

impl Sum for ManyGini {
    #[inline(always)]
    fn part(w: f64) -> f64 {
        w * w
    }
    #[inline(always)]
    fn score(w: f64, parts: f64) -> f64 {
        parts / w
    }
}

/// The entropy, in bits.
pub(crate) struct ManyEntropy;

impl Sum for ManyEntropy {
    #[inline(always)]
    fn part(w: f64) -> f64 {
        weighted_log(w)
    }
    #[inline(always)]
    fn score(w: f64, parts: f64) -> f64 {
        parts - weighted_log(w)
    }
}

/// Weights of the classes on one side of a split.
#[derive(Clone, Debug, Default)]
struct Side {
    classes: Vec<f64>,
    weight: f64,
    parts: f64,
    rows: usize,
}

impl Side {
    #[inline(always)]
    fn add<S: Sum>(&mut self, row: &Row, sign: f64) {
        let class = &mut self.classes[row.y as usize];
        let before = *class;
        *class += sign * row.w;
        self.parts += S::part(*class) - S::part(before);
        self.weight += sign * row.w;
    }

    fn clear(&mut self) {
        self.classes.fill(0.0);
        (self.weight, self.parts, self.rows) = (0.0, 0.0, 0);
    }

    fn copy(&mut self, from: &Side) {
        self.classes.copy_from_slice(&from.classes);
        (self.weight, self.parts, self.rows) = (from.weight, from.parts, from.rows);
    }
}

/// Judges splits by the weights of the classes on both sides.
pub(crate) struct Many<S: Sum> {
    min_leaf: usize,
    total: Side,
    left: Side,
    right: Side,
    pure: bool,
    /// Rows of each code; then the place after its last row in `sorted`.
    counts: Vec<u32>,
    /// Weight, and weight of the node's main class, of each category.
    shares: Vec<(f64, f64)>,
    sorted: Vec<Row>,
    occurring: Occurring,
    sum: std::marker::PhantomData<S>,
}

impl<S: Sum> Many<S> {
    /// `codes`: the largest number of codes of a feature; `min_leaf`: rows that each side needs.
    pub(crate) fn new(classes: usize, codes: usize, min_leaf: usize) -> Self {
        let side = Side { classes: vec![0.0; classes], ..Side::default() };
        Many {
            min_leaf,
            total: side.clone(),
            left: side.clone(),
            right: side,
            pure: false,
            counts: vec![0; codes],
            shares: Vec::new(),
            sorted: Vec::new(),
            occurring: Occurring::new(codes),
            sum: std::marker::PhantomData,
        }
    }

    /// Orders the categories by the share of the node's main class.
    fn order_categories(&mut self, column: &Column, codes: impl Iterator<Item = usize>, rows: &[Row]) {
        let classes = self.total.classes.iter().enumerate();
        let main = classes.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map_or(0, |(class, _)| class);
        self.shares.clear();
        self.shares.resize(column.bins() + 1, (0.0, 0.0));
        for (code, row) in codes.zip(rows) {
            self.shares[code].0 += row.w;
            self.shares[code].1 += if row.y as usize == main { row.w } else { 0.0 };
        }
        let share = |code: u32| self.shares[code as usize].1 / self.shares[code as usize].0;
        self.occurring.order.sort_unstable_by(|&a, &b| share(a).total_cmp(&share(b)).then(a.cmp(&b)));
    }

    /// Puts the rows into the order of their codes, missing values last; gives the place where those begin.
    fn sort(&mut self, codes: impl Iterator<Item = usize>, rows: &[Row], missing: usize, has_missing: bool) -> usize {
        let mut start = 0;
        for &code in &self.occurring.order {
            start += std::mem::replace(&mut self.counts[code as usize], start);
        }
        let known = start as usize;
        if has_missing {
            self.counts[missing] = start;
        }
        self.sorted.resize(self.sorted.len().max(rows.len()), Row::default());
        for (code, row) in codes.zip(rows) {
            self.sorted[self.counts[code] as usize] = *row;
            self.counts[code] += 1;
        }
        known
    }

    /// The best place in the order of the bins when missing values go to the side given.
    fn place(&mut self, rows: usize, known: usize, missing_left: bool, mut best: Place) -> Place {
        self.left.clear();
        self.right.copy(&self.total);
        let mut n_left = 0;
        if missing_left {
            n_left = rows - known;
            for row in &self.sorted[known..rows] {
                self.left.add::<S>(row, 1.0);
                self.right.add::<S>(row, -1.0);
            }
        }
        // With missing values on the right, those alone can be the right side.
        let all = self.occurring.order.len();
        let last = if known < rows && !missing_left { all } else { all - 1 };
        let mut start = 0;
        for (i, &code) in self.occurring.order[..last].iter().enumerate() {
            let end = self.counts[code as usize] as usize;
            for row in &self.sorted[start..end] {
                self.left.add::<S>(row, 1.0);
                self.right.add::<S>(row, -1.0);
            }
            n_left += end - start;
            start = end;
            let score = S::score(self.left.weight, self.left.parts) + S::score(self.right.weight, self.right.parts);
            if score > best.score && n_left >= self.min_leaf && rows - n_left >= self.min_leaf {
                best = Place { score, bins: i + 1, missing_left, lighter: self.left.weight < self.right.weight };
            }
        }
        best
    }
}

impl<S: Sum> Judge for Many<S> {
    fn enter(&mut self, rows: &[Row]) {
        self.total.clear();
        for row in rows {
            self.total.classes[row.y as usize] += row.w;
            self.total.weight += row.w;
        }
        self.total.parts = self.total.classes.iter().map(|&w| S::part(w)).sum();
        self.pure = rows.iter().all(|row| row.y == rows[0].y);
    }

    fn value(&self, out: &mut Vec<f64>) {
        out.extend(self.total.classes.iter().map(|w| w / self.total.weight));
    }

    fn weight(&self) -> f64 {
        self.total.weight
    }

    fn pure(&self) -> bool {
        self.pure
    }

    fn best(
        &mut self,
        feature: usize,
        column: &Column,
        codes: impl Iterator<Item = usize> + Clone,
        rows: &[Row],
        than: f64,
    ) -> Result<Option<Split>, Constant> {
        let counts = &mut self.counts;
        self.occurring.collect(codes.clone(), rows, column.bins(), |code, _| counts[code] += 1);
        let has_missing = self.occurring.take_missing(column.missing());
        let constant = self.occurring.constant(has_missing);
        if !constant {
            if column.categorical {
                self.order_categories(column, codes.clone(), rows);
            }
            let known = self.sort(codes, rows, column.missing(), has_missing);
            let mut place = self.place(rows.len(), known, false, Place { score: than, ..Place::NONE });
            if has_missing {
                place = self.place(rows.len(), known, true, place);
            }
            self.occurring.order.iter().for_each(|&code| self.counts[code as usize] = 0);
            self.counts[column.missing()] = 0;
            let found = place.score > than;
            return Ok(found.then(|| place.split(feature, column, &self.occurring.order, has_missing)));
        }
        self.occurring.order.iter().for_each(|&code| self.counts[code as usize] = 0);
        self.counts[column.missing()] = 0;
        Err(Constant)
    }

    fn gain(&self, score: f64) -> f64 {
        score - S::score(self.total.weight, self.total.parts)
    }
}
