//! Probabilities of several classes against the true ones.

use crate::check;
use crate::confusion::Average;
use crate::error::EvalError;
use crate::ranking::{Cut, area, cuts_of, precision_area};

/// How several classes become pairs of two for a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Each class against all others.
    OneVsRest,
    /// Each class against each other (Hand and Till 2001); much less touched by rare classes.
    OneVsOne,
}

/// Rows with the number of their class and a probability for each, checked once for all metrics.
#[derive(Clone, Copy, Debug)]
pub struct ClassScores<'a> {
    truth: &'a [usize],
    probas: &'a [Vec<f64>],
    weights: Option<&'a [f64]>,
}

impl<'a> ClassScores<'a> {
    /// The numbers of the true classes, from 0, and the probabilities: `probas[k][i]` of class `k` for row `i`.
    ///
    /// # Errors
    /// [`EvalError::Empty`], [`EvalError::Length`], [`EvalError::NoClass`] for numbers without a column,
    /// [`EvalError::NotFinite`], [`EvalError::NotProbability`], [`EvalError::NotDistribution`] for rows that do not add up
    /// to 1 (to 0.001).
    pub fn new(truth: &'a [usize], probas: &'a [Vec<f64>]) -> Result<Self, EvalError> {
        if truth.is_empty() {
            return Err(EvalError::Empty);
        }
        for column in probas {
            if column.len() != truth.len() {
                let (expected, found) = (truth.len(), column.len());
                return Err(EvalError::Length { what: "probabilities", expected, found });
            }
            check::probabilities(column)?;
        }
        if let Some(row) = truth.iter().position(|&k| k >= probas.len()) {
            return Err(EvalError::NoClass { row, class: truth[row], classes: probas.len() });
        }
        let sum = |row: usize| probas.iter().map(|column| column[row]).sum::<f64>();
        match (0..truth.len()).find(|&row| (sum(row) - 1.0).abs() > 1e-3) {
            Some(row) => Err(EvalError::NotDistribution { row, sum: sum(row) }),
            None => Ok(ClassScores { truth, probas, weights: None }),
        }
    }

    /// The same rows, each counting as much as its weight.
    ///
    /// # Errors
    /// [`EvalError::Length`], [`EvalError::Weight`], [`EvalError::ZeroWeights`].
    pub fn weighted(mut self, weights: &'a [f64]) -> Result<Self, EvalError> {
        check::weights(weights, self.truth.len())?;
        self.weights = Some(weights);
        Ok(self)
    }

    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[i])
    }

    fn mean(&self, of: impl Fn(usize) -> f64) -> f64 {
        let (mut sum, mut all) = (0.0, 0.0);
        for i in 0..self.truth.len() {
            sum += self.weight(i) * of(i);
            all += self.weight(i);
        }
        sum / all
    }

    /// Negative log-likelihood of one row.
    pub(crate) fn loss(&self, i: usize) -> f64 {
        -self.probas[self.truth[i]][i].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    }

    /// Squared distance of one row's probabilities from its class.
    pub(crate) fn distance(&self, i: usize) -> f64 {
        let off = |k: usize| self.probas[k][i] - f64::from(u8::from(k == self.truth[i]));
        (0..self.probas.len()).map(|k| off(k) * off(k)).sum()
    }

    /// Mean negative log-likelihood in nats, as scikit-learn's `log_loss`.
    pub fn log_loss(&self) -> f64 {
        self.mean(|i| self.loss(i))
    }

    /// Mean squared distance of the probabilities from the class, in `0..=2`, as scikit-learn's `brier_score_loss` for
    /// more than two classes.
    pub fn brier(&self) -> f64 {
        self.mean(|i| self.distance(i))
    }

    /// Share of rows whose class is among the `k` most probable ones; of equal ones later classes come first, as in
    /// scikit-learn's `top_k_accuracy_score`.
    pub fn top_k_accuracy(&self, k: usize) -> f64 {
        self.mean(|i| {
            let own = self.probas[self.truth[i]][i];
            let before = |c: usize| self.probas[c][i] > own || (self.probas[c][i] == own && c > self.truth[i]);
            if (0..self.probas.len()).filter(|&c| before(c)).count() < k { 1.0 } else { 0.0 }
        })
    }

    /// Area under the ROC curve over pairs of classes, as scikit-learn's `roc_auc_score(multi_class=..)`; classes
    /// without a row do not count. [`Average::Micro`] is that of all probabilities in one list.
    ///
    /// # Errors
    /// [`EvalError::OneClass`] where no two classes occur.
    pub fn roc_auc(&self, pairing: Pairing, average: Average) -> Result<f64, EvalError> {
        let prevalence: Vec<f64> = (0..self.probas.len()).map(|k| self.prevalence(k)).collect();
        let seen = self.seen();
        if seen.len() < 2 {
            return Err(self.one_class("the area under the ROC curve", &seen));
        }
        let mut areas: Vec<(f64, f64)> = Vec::new();
        match (pairing, average) {
            (_, Average::Micro) => return self.micro_auc(),
            (Pairing::OneVsRest, _) => {
                for &k in &seen {
                    areas.push((self.one_vs(k, |_| true)?, prevalence[k]));
                }
            }
            (Pairing::OneVsOne, _) => {
                for (at, &a) in seen.iter().enumerate() {
                    for &b in &seen[at + 1..] {
                        let both = |i: usize| self.truth[i] == a || self.truth[i] == b;
                        let area = 0.5 * (self.one_vs(a, both)? + self.one_vs(b, both)?);
                        areas.push((area, prevalence[a] + prevalence[b]));
                    }
                }
            }
        }
        let weight = |prevalence: f64| if average == Average::Weighted { prevalence } else { 1.0 };
        let all: f64 = areas.iter().map(|&(_, p)| weight(p)).sum();
        Ok(areas.iter().map(|&(area, p)| weight(p) * area).sum::<f64>() / all)
    }

    /// Mean over the classes that occur of the average precision of each against the rest, as scikit-learn's
    /// `average_precision_score(average="macro")` of these classes.
    ///
    /// # Errors
    /// [`EvalError::OneClass`] where no two classes occur.
    pub fn average_precision(&self) -> Result<f64, EvalError> {
        let seen = self.seen();
        if seen.len() < 2 {
            return Err(self.one_class("average precision", &seen));
        }
        let of = |&k: &usize| precision_area(&self.cuts(k));
        Ok(seen.iter().map(of).sum::<Result<f64, _>>()? / seen.len() as f64)
    }

    /// The classes that occur.
    fn seen(&self) -> Vec<usize> {
        (0..self.probas.len()).filter(|&k| self.prevalence(k) > 0.0).collect()
    }

    fn one_class(&self, metric: &'static str, seen: &[usize]) -> EvalError {
        EvalError::OneClass { metric, value: seen.first().map_or(f64::NAN, |&k| k as f64), name: None }
    }

    /// The cuts of class `k` against the rest.
    fn cuts(&self, k: usize) -> Vec<Cut> {
        let rows = 0..self.truth.len();
        cuts_of(rows.map(|i| (self.probas[k][i], f64::from(u8::from(self.truth[i] == k)), self.weight(i))))
    }

    fn prevalence(&self, k: usize) -> f64 {
        self.mean(|i| f64::from(u8::from(self.truth[i] == k)))
    }

    fn one_vs(&self, k: usize, counts: impl Fn(usize) -> bool) -> Result<f64, EvalError> {
        let rows = (0..self.truth.len()).filter(|&i| counts(i));
        area(&cuts_of(rows.map(|i| (self.probas[k][i], f64::from(u8::from(self.truth[i] == k)), self.weight(i)))))
    }

    fn micro_auc(&self) -> Result<f64, EvalError> {
        let rows = (0..self.probas.len()).flat_map(|k| (0..self.truth.len()).map(move |i| (k, i)));
        area(&cuts_of(rows.map(|(k, i)| (self.probas[k][i], f64::from(u8::from(self.truth[i] == k)), self.weight(i)))))
    }

    /// How much each row moves the mean one-vs-rest area if it counts more (DeLong, DeLong and Clarke-Pearson 1988).
    pub(crate) fn auc_influence(&self) -> Vec<f64> {
        let mut influence = vec![0.0; self.truth.len()];
        let seen = self.seen();
        for &k in seen.iter().filter(|_| seen.len() > 1) {
            self.add_influence(k, 1.0 / seen.len() as f64, &mut influence);
        }
        influence
    }

    /// How much each row moves the mean average precision if it counts more: the derivative by its weight.
    pub(crate) fn precision_influence(&self) -> Vec<f64> {
        let mut influence = vec![0.0; self.truth.len()];
        let seen = self.seen();
        for &k in seen.iter().filter(|_| seen.len() > 1) {
            self.add_precision_influence(k, 1.0 / seen.len() as f64, &mut influence);
        }
        influence
    }

    /// A row counts by its own place, and by the precision at all places below it, which it raises or lowers.
    fn add_precision_influence(&self, k: usize, times: f64, influence: &mut [f64]) {
        let cuts = self.cuts(k);
        let Some(last) = cuts.last() else { return };
        let (ones, all) = (last.true_positives, last.true_positives + last.false_positives);
        let found = |at: usize| cuts[at].true_positives - if at > 0 { cuts[at - 1].true_positives } else { 0.0 };
        let rows = |at: usize| cuts[at].true_positives + cuts[at].false_positives;
        let precision = |at: usize| cuts[at].true_positives / rows(at);
        let average = (0..cuts.len()).map(|at| found(at) * precision(at)).sum::<f64>() / ones;
        // From each place down to the last: what a row of the class adds there, and what any row takes away.
        let mut below = vec![(0.0, 0.0); cuts.len() + 1];
        for at in (0..cuts.len()).rev() {
            let (gain, loss) = below[at + 1];
            below[at] = (gain + found(at) / rows(at), loss + found(at) * precision(at) / rows(at));
        }
        for (i, influence) in influence.iter_mut().enumerate() {
            let at = cuts.partition_point(|cut| cut.threshold > self.probas[k][i]);
            let (gain, loss) = below[at];
            let own = match self.truth[i] == k {
                // A row without weight may stand below all cuts.
                true => gain - loss + if at < cuts.len() { precision(at) } else { 0.0 } - average,
                false => -loss,
            };
            *influence += times * own * all / ones;
        }
    }

    fn add_influence(&self, k: usize, times: f64, influence: &mut [f64]) {
        let mut order: Vec<usize> = (0..self.truth.len()).collect();
        let column = &self.probas[k];
        order.sort_by(|&a, &b| column[a].total_cmp(&column[b]));
        let of = |rows: &[usize], own: bool| {
            rows.iter().filter(|&&i| (self.truth[i] == k) == own).map(|&i| self.weight(i)).sum::<f64>()
        };
        let (ones, zeros) = (of(&order, true), of(&order, false));
        let mut placements = vec![0.0; order.len()];
        let (mut lower_ones, mut lower_zeros, mut area) = (0.0, 0.0, 0.0);
        for tie in order.chunk_by(|&a, &b| column[a] == column[b]) {
            let (one, zero) = (of(tie, true), of(tie, false));
            for &i in tie {
                placements[i] = match self.truth[i] == k {
                    true => (lower_zeros + 0.5 * zero) / zeros,
                    false => (ones - lower_ones - 0.5 * one) / ones,
                };
            }
            area += one * (lower_zeros + 0.5 * zero);
            (lower_ones, lower_zeros) = (lower_ones + one, lower_zeros + zero);
        }
        let (area, all) = (area / (ones * zeros), ones + zeros);
        for (i, placement) in placements.iter().enumerate() {
            let own = if self.truth[i] == k { ones } else { zeros };
            influence[i] += times * (placement - area) * all / own;
        }
    }
}
