//! Resamples of a binary classifier's rows: all metrics of one in a single pass over the sorted cells.

use super::cells::Cells;
use crate::error::EvalError;
use rayon::prelude::*;

/// The metrics of a resample, in order.
pub(crate) const BINARY: [&str; 10] = [
    "roc_auc",
    "log_loss",
    "accuracy",
    "brier",
    "average_precision",
    "precision",
    "recall",
    "f1",
    "balanced_accuracy",
    "mcc",
];

/// Rows of a binary classifier, sorted by falling score and put into cells.
pub(crate) struct Binary {
    cells: Cells<2>,
    /// Whether the rows of each cell are 1.
    ones: Vec<bool>,
    blocks: Vec<Block>,
    /// Blocks that are predicted 1.
    cut: usize,
}

/// Neighbouring cells between which the order of scores is not looked at again.
struct Block {
    /// Number of its cells.
    cells: usize,
    /// Share of its pairs of both classes that are in the right order; a half where all scores are equal.
    ordered: f64,
    /// How much of the block itself counts for the precision at its rows of class 1: all where scores are equal.
    share: f64,
    /// What precision is off by then, on the original rows.
    off: f64,
}

/// A row by score.
#[derive(Clone, Copy)]
struct Row {
    score: f64,
    one: bool,
    weight: f64,
    row: u32,
}

/// Rows at either end of the order that are looked at one by one in large data.
const ENDS: usize = 256;

impl Binary {
    /// Sorts the rows and puts them into cells; `truth` holds 0 and 1, `proba` probabilities; drawn row by row where
    /// `exact`.
    pub(crate) fn new(truth: &[f64], proba: &[f64], weights: Option<&[f64]>, threshold: f64, exact: bool) -> Self {
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let row = |i: usize| Row { score: proba[i], one: truth[i] == 1.0, weight: weight(i), row: i as u32 };
        let mut rows: Vec<Row> = (0..truth.len()).map(row).collect();
        // Ties by class and row, so that cells are runs of rows and the order does not depend on the sort.
        rows.par_sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(b.one.cmp(&a.one)).then(a.row.cmp(&b.row)));
        let mut built = Builder { cell_of: vec![0; rows.len()], ..Builder::default() };
        let (mut start, mut cut) = (0, None);
        while start < rows.len() {
            let end = block_end(&rows, start, exact, threshold);
            if rows[start].score <= threshold {
                cut.get_or_insert(built.blocks.len());
            }
            built.block(&rows[start..end], exact && weights.is_some());
            start = end;
        }
        let cut = cut.unwrap_or(built.blocks.len());
        let part = |i: usize| {
            let right = if truth[i] == 1.0 { proba[i] } else { 1.0 - proba[i] };
            let loss = -right.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
            [loss, (1.0 - right) * (1.0 - right)]
        };
        let cells = Cells::new(built.cell_of, built.classes.len(), exact, weight, part);
        Binary { cells, ones: built.classes, blocks: built.blocks, cut }
    }

    /// [`BINARY`] of each of `n` resamples.
    pub(crate) fn resample(&self, n: usize, seed: u64) -> Result<Vec<[f64; 10]>, EvalError> {
        self.cells.resample(n, seed, |weights, sums| self.metrics(weights, sums))
    }

    fn metrics(&self, weights: &[f64], sums: &[f64; 2]) -> [f64; 10] {
        let (mut ones, mut zeros) = (0.0, 0.0);
        let (mut pairs, mut precisions) = (0.0, 0.0);
        let (mut true_positives, mut false_positives) = (0.0, 0.0);
        let mut at = 0;
        for (b, block) in self.blocks.iter().enumerate() {
            if b == self.cut {
                (true_positives, false_positives) = (ones, zeros);
            }
            let (mut one, mut zero) = (0.0, 0.0);
            let end = at + block.cells;
            for (&weight, &is_one) in weights[at..end].iter().zip(&self.ones[at..end]) {
                if is_one {
                    one += weight;
                } else {
                    zero += weight;
                }
            }
            at = end;
            pairs += zero * (ones + block.ordered * one);
            if one > 0.0 {
                let found = ones + block.share * one;
                precisions += one * (found / (found + zeros + block.share * zero) + block.off);
            }
            ones += one;
            zeros += zero;
        }
        if self.cut == self.blocks.len() {
            (true_positives, false_positives) = (ones, zeros);
        }
        let all = ones + zeros;
        let [accuracy, precision, recall, f1, balanced, mcc] =
            at_threshold(true_positives, false_positives, ones, zeros);
        let (auc, average) = (pairs / (ones * zeros), precisions / ones);
        [auc, sums[0] / all, accuracy, sums[1] / all, average, precision, recall, f1, balanced, mcc]
    }
}

/// The end of the block that begins at `start`: rows of one score, or in large data more of them.
fn block_end(rows: &[Row], start: usize, exact: bool, threshold: f64) -> usize {
    let edge = start.min(rows.len() - start);
    let size = if exact || edge < ENDS { 1 } else { (edge / 100).min(rows.len() / 1000) };
    let same = |a: usize, b: usize| rows[a].score == rows[b].score;
    let mut end = (start + 1).max((start + size).min(rows.len()));
    let positive = rows[start].score > threshold;
    // Back to where the predicted class changes, then on to the end of a tie.
    while end > start + 1 && (rows[end - 1].score > threshold) != positive {
        end -= 1;
    }
    while end < rows.len() && same(end - 1, end) {
        end += 1;
    }
    end
}

#[derive(Default)]
struct Builder {
    cell_of: Vec<u32>,
    classes: Vec<bool>,
    blocks: Vec<Block>,
    ones: f64,
    zeros: f64,
}

impl Builder {
    fn block(&mut self, rows: &[Row], single: bool) {
        let first = self.classes.len();
        if single {
            for row in rows {
                self.cell_of[row.row as usize] = self.classes.len() as u32;
                self.classes.push(row.one);
            }
        } else {
            for one in [true, false] {
                let mut of_class = rows.iter().filter(|row| row.one == one).peekable();
                if of_class.peek().is_some() {
                    of_class.for_each(|row| self.cell_of[row.row as usize] = self.classes.len() as u32);
                    self.classes.push(one);
                }
            }
        }
        let cells = self.classes.len() - first;
        let block = self.measured(rows, cells);
        self.blocks.push(block);
    }

    /// The block with its own order of the rows, and the sums moved on behind it.
    fn measured(&mut self, rows: &[Row], cells: usize) -> Block {
        let tied = rows[0].score == rows[rows.len() - 1].score;
        let (ones, zeros) = (self.ones, self.zeros);
        let (mut pairs, mut precisions) = (0.0, 0.0);
        for tie in rows.chunk_by(|a, b| a.score == b.score) {
            let weight = |one: bool| tie.iter().filter(|r| r.one == one).map(|r| r.weight).sum::<f64>();
            let (one, zero) = (weight(true), weight(false));
            pairs += zero * (self.ones - ones + 0.5 * one);
            self.ones += one;
            self.zeros += zero;
            if one > 0.0 {
                precisions += one * self.ones / (self.ones + self.zeros);
            }
        }
        let (one, zero) = (self.ones - ones, self.zeros - zeros);
        if tied || one == 0.0 || zero == 0.0 {
            // Where one class is missing the order within does not matter for the area, and for precision only this:
            let share = if tied { 1.0 } else { 0.5 };
            let off = if tied || one == 0.0 { 0.0 } else { precisions / one - middle(ones, zeros, one, zero) };
            return Block { cells, ordered: 0.5, share, off };
        }
        let off = precisions / one - middle(ones, zeros, one, zero);
        Block { cells, ordered: pairs / (one * zero), share: 0.5, off }
    }
}

/// Precision when half of a block is found.
fn middle(ones: f64, zeros: f64, one: f64, zero: f64) -> f64 {
    (ones + 0.5 * one) / (ones + zeros + 0.5 * (one + zero))
}

/// Accuracy, precision, recall, F1, balanced accuracy and Matthews' correlation of a confusion matrix.
pub(crate) fn at_threshold(true_positives: f64, false_positives: f64, ones: f64, zeros: f64) -> [f64; 6] {
    let (misses, rejected) = (ones - true_positives, zeros - false_positives);
    let share = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
    let precision = share(true_positives, true_positives + false_positives);
    let recall = share(true_positives, ones);
    let f1 = share(2.0 * true_positives, 2.0 * true_positives + false_positives + misses);
    let balanced = match (ones > 0.0, zeros > 0.0) {
        (true, true) => 0.5 * (recall + rejected / zeros),
        (true, false) => recall,
        _ => share(rejected, zeros),
    };
    let predicted = true_positives + false_positives;
    let scale = predicted * ones * zeros * (ones + zeros - predicted);
    let mcc = share(true_positives * rejected - false_positives * misses, scale.sqrt());
    [(true_positives + rejected) / (ones + zeros), precision, recall, f1, balanced, mcc]
}
