//! Confusion of any number of classes, and what follows from it.

use crate::check;
use crate::error::EvalError;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};

/// Different values beyond which they are no classes (the table has the square of this many cells).
const MOST: usize = 1000;

/// Classes in a table that is shown.
pub(crate) const SHOWN: usize = 30;

/// How a metric of one class becomes a metric of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Average {
    /// Each class counts alike.
    Macro,
    /// Each row counts alike: counts of all classes are added up first.
    Micro,
    /// Each class counts as much as it has rows.
    Weighted,
}

/// Rows (or their weight) by true and predicted class.
///
/// Classes that neither occur nor are predicted do not count in averages, as in scikit-learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionTable {
    /// Names of the classes, in ascending order of their values.
    pub classes: Vec<String>,
    /// `counts[t][p]`: rows of class `t` that were predicted `p`; weights where rows have some.
    pub counts: Vec<Vec<f64>>,
}

/// Confusion of classes, which may be any whole numbers; [`confusion_matrix`](crate::confusion_matrix) is the one of 0
/// and 1.
///
/// # Errors
/// [`EvalError::Length`], [`EvalError::Empty`], [`EvalError::NotClass`] for fractions and NaN,
/// [`EvalError::TooManyClasses`] beyond 1,000 of them.
pub fn confusion_table(truth: &[f64], predicted: &[f64]) -> Result<ConfusionTable, EvalError> {
    table(truth, predicted, None)
}

/// [`confusion_table`] with a weight per row.
///
/// # Errors
/// As [`confusion_table`]; [`EvalError::Weight`], [`EvalError::ZeroWeights`].
pub fn confusion_table_weighted(
    truth: &[f64],
    predicted: &[f64],
    weights: &[f64],
) -> Result<ConfusionTable, EvalError> {
    table(truth, predicted, Some(weights))
}

fn table(truth: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<ConfusionTable, EvalError> {
    check::lists(truth, predicted, "predicted classes", weights)?;
    check::whole(truth, "true value")?;
    check::whole(predicted, "predicted class")?;
    let mut values: Vec<f64> = Vec::new();
    for y in truth.iter().chain(predicted) {
        if let Err(at) = values.binary_search_by(|v| v.total_cmp(&(y + 0.0))) {
            values.insert(at, y + 0.0);
        }
        if values.len() > MOST {
            return Err(EvalError::TooManyClasses { most: MOST });
        }
    }
    // Adding 0 makes -0 and 0 one class.
    let number = |y: f64| values.binary_search_by(|v| v.total_cmp(&(y + 0.0))).unwrap_or_default();
    let mut found = ConfusionTable::empty(values.iter().map(f64::to_string).collect());
    for (i, (&t, &p)) in truth.iter().zip(predicted).enumerate() {
        found.counts[number(t)][number(p)] += weights.map_or(1.0, |w| w[i]);
    }
    Ok(found)
}

impl ConfusionTable {
    pub(crate) fn empty(classes: Vec<String>) -> Self {
        let k = classes.len();
        ConfusionTable { classes, counts: vec![vec![0.0; k]; k] }
    }

    fn truth(&self, k: usize) -> f64 {
        self.counts[k].iter().sum()
    }

    fn predicted(&self, k: usize) -> f64 {
        self.counts.iter().map(|row| row[k]).sum()
    }

    fn right(&self) -> f64 {
        (0..self.classes.len()).map(|k| self.counts[k][k]).sum()
    }

    /// All rows, or their weight.
    pub fn total(&self) -> f64 {
        self.counts.iter().flatten().sum()
    }

    /// Share of rows whose predicted class is the true one.
    pub fn accuracy(&self) -> f64 {
        share(self.right(), self.total())
    }

    /// Mean of the recalls of the classes that occur, as scikit-learn's `balanced_accuracy_score`.
    pub fn balanced_accuracy(&self) -> f64 {
        let recalls: Vec<f64> = (0..self.classes.len())
            .filter(|&k| self.truth(k) > 0.0)
            .map(|k| self.counts[k][k] / self.truth(k))
            .collect();
        share(recalls.iter().sum(), recalls.len() as f64)
    }

    /// Share of the rows predicted to be of class `k` that are; 0 where none is predicted.
    ///
    /// # Panics
    /// If there is no class of that number.
    pub fn precision_of(&self, k: usize) -> f64 {
        share(self.counts[k][k], self.predicted(k))
    }

    /// Share of the rows of class `k` that are predicted so; 0 where there are none.
    ///
    /// # Panics
    /// If there is no class of that number.
    pub fn recall_of(&self, k: usize) -> f64 {
        share(self.counts[k][k], self.truth(k))
    }

    /// Harmonic mean of precision and recall of class `k`; 0 where it neither occurs nor is predicted.
    ///
    /// # Panics
    /// If there is no class of that number.
    pub fn f1_of(&self, k: usize) -> f64 {
        share(2.0 * self.counts[k][k], self.truth(k) + self.predicted(k))
    }

    /// Precision over all classes.
    pub fn precision(&self, average: Average) -> f64 {
        self.averaged(average, |k| self.precision_of(k))
    }

    /// Recall over all classes.
    pub fn recall(&self, average: Average) -> f64 {
        self.averaged(average, |k| self.recall_of(k))
    }

    /// F1 over all classes.
    pub fn f1(&self, average: Average) -> f64 {
        self.averaged(average, |k| self.f1_of(k))
    }

    fn averaged(&self, average: Average, of: impl Fn(usize) -> f64) -> f64 {
        let seen = (0..self.classes.len()).filter(|&k| self.truth(k) + self.predicted(k) > 0.0);
        match average {
            // Every row has one class and one prediction, so all three are the accuracy.
            Average::Micro => self.accuracy(),
            Average::Macro => {
                let (sum, count) = seen.fold((0.0, 0.0), |(sum, count), k| (sum + of(k), count + 1.0));
                share(sum, count)
            }
            Average::Weighted => share(seen.map(|k| self.truth(k) * of(k)).sum(), self.total()),
        }
    }

    /// Agreement beyond chance (Cohen 1960): 0 for guessing with the same shares, 1 for perfect; 0 where only one class
    /// occurs and is predicted.
    pub fn cohen_kappa(&self) -> f64 {
        let (all, k) = (self.total(), self.classes.len());
        let chance: f64 = (0..k).map(|c| self.truth(c) * self.predicted(c)).sum::<f64>() / all;
        share(self.right() - chance, all - chance)
    }

    /// Matthews' correlation of truth and prediction (Gorodkin 2004 for more than two classes); 0 where either has only
    /// one class.
    pub fn mcc(&self) -> f64 {
        let (all, k) = (self.total(), self.classes.len());
        let sum = |f: &dyn Fn(usize) -> f64| (0..k).map(f).sum::<f64>();
        let together = sum(&|c| self.truth(c) * self.predicted(c));
        let truth = all * all - sum(&|c| self.truth(c).powi(2));
        let predicted = all * all - sum(&|c| self.predicted(c).powi(2));
        share(self.right() * all - together, (truth * predicted).sqrt())
    }
}

/// A number of rows, or a weight: whole numbers have all their digits.
pub(crate) fn counted(rows: f64) -> String {
    if rows.fract() == 0.0 && rows.abs() < 1e15 { format!("{rows}") } else { number(rows) }
}

fn share(part: f64, of: f64) -> f64 {
    if of > 0.0 { part / of } else { 0.0 }
}

impl ConfusionTable {
    /// Where a table would be too large: the most frequent mistakes.
    fn mistakes(&self) -> Table {
        let k = self.classes.len();
        let mut wrong: Vec<(usize, usize)> =
            (0..k * k).map(|i| (i / k, i % k)).filter(|&(t, p)| t != p && self.counts[t][p] > 0.0).collect();
        wrong.sort_by(|a, b| self.counts[b.0][b.1].total_cmp(&self.counts[a.0][a.1]));
        let mut table = Table::new(format!("Most frequent mistakes of {k} classes"), &["true", "predicted", "rows"]);
        for &(t, p) in wrong.iter().take(SHOWN) {
            table.row([self.classes[t].clone(), self.classes[p].clone(), counted(self.counts[t][p])]);
        }
        table.note(format!("accuracy {}; counts has all", number(self.accuracy())));
        table
    }
}

impl Display for ConfusionTable {
    fn bundle(&self) -> Bundle {
        if self.classes.len() > SHOWN {
            return self.mistakes().bundle();
        }
        let header: Vec<String> =
            std::iter::once(String::new()).chain(self.classes.iter().map(|c| format!("predicted {c}"))).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = Table::new("Confusion matrix", &header);
        for (name, counts) in self.classes.iter().zip(&self.counts) {
            let cells = counts.iter().map(|&n| counted(n));
            table.row(std::iter::once(format!("true {name}")).chain(cells));
        }
        table.bundle()
    }
}
