//! Where to cut the scores: what each threshold wins and loses, and the best one for a purpose.

use crate::error::EvalError;
use crate::ranking::{Cut, both_classes, cuts};
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};

/// Rows sorted by score, ready to be cut anywhere.
#[derive(Clone, Debug)]
pub struct Thresholds {
    cuts: Vec<Cut>,
    negatives: f64,
    positives: f64,
}

/// What a threshold does: rows with at least this score are predicted 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operating {
    /// The threshold: a score that occurs, or one above all of them.
    pub threshold: f64,
    /// Share of the rows predicted 1.
    pub predicted: f64,
    /// Share of those that are 1.
    pub precision: f64,
    /// Share of the rows that are 1 which are predicted 1 (true positive rate).
    pub recall: f64,
    /// Share of the rows that are 0 which are predicted 1 (false positive rate).
    pub fpr: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Share of rows predicted right.
    pub accuracy: f64,
}

impl Thresholds {
    /// Sorts rows of classes 0 and 1 by their scores, higher meaning class 1.
    ///
    /// # Errors
    /// As [`roc_auc`](crate::roc_auc).
    pub fn new(truth: &[f64], scores: &[f64]) -> Result<Self, EvalError> {
        Self::of(cuts(truth, scores, None)?)
    }

    /// [`new`](Self::new) with a weight per row.
    ///
    /// # Errors
    /// As [`roc_auc_weighted`](crate::roc_auc_weighted).
    pub fn weighted(truth: &[f64], scores: &[f64], weights: &[f64]) -> Result<Self, EvalError> {
        Self::of(cuts(truth, scores, Some(weights))?)
    }

    fn of(cuts: Vec<Cut>) -> Result<Self, EvalError> {
        let (negatives, positives) = both_classes(&cuts, "a threshold")?;
        Ok(Thresholds { cuts, negatives, positives })
    }

    fn operating(&self, cut: &Cut) -> Operating {
        let (found, wrong) = (cut.true_positives, cut.false_positives);
        let all = self.negatives + self.positives;
        Operating {
            threshold: cut.threshold,
            predicted: (found + wrong) / all,
            precision: found / (found + wrong),
            recall: found / self.positives,
            fpr: wrong / self.negatives,
            f1: 2.0 * found / (found + wrong + self.positives),
            accuracy: (found + self.negatives - wrong) / all,
        }
    }

    /// The threshold where `score` is largest, the highest one of equals.
    fn best(&self, score: impl Fn(&Operating) -> f64) -> Operating {
        let mut best = self.operating(&self.cuts[0]);
        for cut in &self.cuts[1..] {
            let next = self.operating(cut);
            if score(&next) > score(&best) {
                best = next;
            }
        }
        best
    }

    /// A threshold above all scores.
    fn nothing(&self, threshold: f64) -> Operating {
        let accuracy = self.negatives / (self.negatives + self.positives);
        Operating { threshold, predicted: 0.0, precision: 0.0, recall: 0.0, fpr: 0.0, f1: 0.0, accuracy }
    }

    /// The highest threshold that rows of this score reach.
    pub fn at(&self, score: f64) -> Operating {
        let at = self.cuts.partition_point(|cut| cut.threshold >= score);
        match at {
            0 => self.nothing(score),
            _ => Operating { threshold: score, ..self.operating(&self.cuts[at - 1]) },
        }
    }

    /// The threshold with the highest F1.
    pub fn best_f1(&self) -> Operating {
        self.best(|o| o.f1)
    }

    /// The threshold with the lowest cost, if a row of class 0 predicted 1 costs `false_positive` and a row of class 1
    /// predicted 0 `false_negative`. Where it is cheapest to predict no row 1 the threshold is above all scores.
    ///
    /// # Errors
    /// [`EvalError::Parameter`] for negative costs and NaN.
    pub fn best_cost(&self, false_positive: f64, false_negative: f64) -> Result<Operating, EvalError> {
        for (name, cost) in [("false_positive", false_positive), ("false_negative", false_negative)] {
            if !(cost.is_finite() && cost >= 0.0) {
                return Err(EvalError::Parameter { name, value: cost.to_string(), expected: "a cost of at least 0" });
            }
        }
        let cost = |o: &Operating| {
            o.fpr * self.negatives * false_positive + (1.0 - o.recall) * self.positives * false_negative
        };
        let best = self.best(|o| -cost(o));
        let nothing = self.nothing(self.cuts[0].threshold.next_up());
        Ok(if cost(&nothing) < cost(&best) { nothing } else { best })
    }

    /// The threshold with the highest recall among those of at least this precision.
    ///
    /// # Errors
    /// [`EvalError::NoThreshold`], with the highest precision there is.
    pub fn at_precision(&self, precision: f64) -> Result<Operating, EvalError> {
        let best = self.best(|o| if o.precision >= precision { o.recall } else { -1.0 });
        match best.precision >= precision {
            true => Ok(best),
            false => {
                let best = self.best(|o| o.precision).precision;
                Err(EvalError::NoThreshold { what: "a precision of at least", wanted: precision, best })
            }
        }
    }

    /// The highest threshold of at least this recall, which has the fewest false positives of them.
    ///
    /// # Errors
    /// [`EvalError::Parameter`] unless the recall is in `0..=1`.
    pub fn at_recall(&self, recall: f64) -> Result<Operating, EvalError> {
        if !(0.0..=1.0).contains(&recall) {
            return Err(EvalError::Parameter { name: "recall", value: recall.to_string(), expected: "0 to 1" });
        }
        Ok(self.best(|o| if o.recall >= recall { 1.0 - o.predicted } else { -1.0 }))
    }

    /// The lowest threshold of at most this false positive rate, which has the highest recall of them.
    ///
    /// # Errors
    /// [`EvalError::NoThreshold`] where the highest score alone has more.
    pub fn at_fpr(&self, fpr: f64) -> Result<Operating, EvalError> {
        let best = self.best(|o| if o.fpr <= fpr { o.recall } else { -1.0 });
        match best.fpr <= fpr {
            true => Ok(best),
            false => {
                let best = self.operating(&self.cuts[0]).fpr;
                Err(EvalError::NoThreshold { what: "a false positive rate of at most", wanted: fpr, best })
            }
        }
    }

    /// The largest distance of true and false positive rate (Kolmogorov and Smirnov), in `0..=1`.
    pub fn ks(&self) -> f64 {
        let best = self.best(|o| o.recall - o.fpr);
        (best.recall - best.fpr).max(0.0)
    }

    /// Thresholds at which `n` equal shares of the rows are predicted 1, with cumulated gain (`recall`) and lift
    /// (`recall / predicted`); ties move a border to their end.
    pub fn lift(&self, n: usize) -> LiftTable {
        let all = self.negatives + self.positives;
        let mut rows: Vec<Operating> = Vec::new();
        for k in 1..=n.max(1) {
            // Shares carry rounding.
            let wanted = all * k as f64 / n.max(1) as f64 * (1.0 - 1e-12);
            let at = self.cuts.partition_point(|cut| cut.true_positives + cut.false_positives < wanted);
            let row = self.operating(&self.cuts[at.min(self.cuts.len() - 1)]);
            if rows.last().is_none_or(|last| last.threshold > row.threshold) {
                rows.push(row);
            }
        }
        LiftTable { rows }
    }
}

/// What is found in the highest scores, share by share, see [`Thresholds::lift`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiftTable {
    /// From the highest threshold to all rows.
    pub rows: Vec<Operating>,
}

impl LiftTable {
    /// How many times more rows of class 1 than in a random choice of the same size.
    pub fn lifts(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.recall / row.predicted).collect()
    }
}

impl Display for LiftTable {
    fn bundle(&self) -> Bundle {
        let mut table = Table::new("Lift by score", &["from score", "rows", "precision", "gain", "lift"]);
        for (row, lift) in self.rows.iter().zip(self.lifts()) {
            let rows = format!("{:.1}%", 100.0 * row.predicted);
            table.row([number(row.threshold), rows, number(row.precision), number(row.recall), number(lift)]);
        }
        table.bundle()
    }
}

impl Display for Operating {
    fn bundle(&self) -> Bundle {
        let title = match self.predicted > 0.0 {
            true => format!("Predicting 1 from {} on", number(self.threshold)),
            false => format!("Predicting no row 1: all scores are below {}", number(self.threshold)),
        };
        let mut table = Table::new(title, &["", "value"]);
        let rows = [
            ("predicted 1", self.predicted),
            ("precision", self.precision),
            ("recall", self.recall),
            ("false positive rate", self.fpr),
            ("f1", self.f1),
            ("accuracy", self.accuracy),
        ];
        rows.into_iter().for_each(|(name, value)| table.row([name.to_owned(), number(value)]));
        table.bundle()
    }
}
