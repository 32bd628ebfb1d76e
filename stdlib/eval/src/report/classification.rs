//! The report of a classifier.

use super::compare::{self, Comparison};
use super::page::{self, Page};
use crate::calibration::{Binning, CalibrationCurve};
use crate::confusion::{ConfusionTable, counted};
use crate::error::EvalError;
use crate::judge::{EvaluateOptions, Report};
use crate::outcome::{BINS, Kind, Outcome, most_probable, table_of};
use crate::ranking::{Cut, both_classes, cuts, cuts_of, pr_of, precision_area, roc_of};
use crate::scores::Scores;
use crate::slices::Slices;
use crate::{calibration, check};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::number;
use ironbook_plot::{Chart, PlotError};
use serde::{Deserialize, Serialize};

/// How a classifier did on a data set, see [`evaluate`](crate::evaluate).
///
/// For more than two classes `roc_auc` is the mean of each class against the rest, `average_precision` that of the
/// classes, and `log_loss` and `brier` are those of all probabilities. The other metrics, and all intervals, are in `scores`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Name of the target.
    pub target: String,
    /// Rows judged.
    pub n: usize,
    /// Share of class 1 among them, for two classes.
    pub positive_rate: Option<f64>,
    /// See [`roc_auc`](crate::roc_auc).
    pub roc_auc: f64,
    /// See [`log_loss`](crate::log_loss).
    pub log_loss: f64,
    /// See [`accuracy`](crate::accuracy), at the threshold.
    pub accuracy: f64,
    /// See [`brier`](crate::brier).
    pub brier: f64,
    /// See [`average_precision`](crate::average_precision).
    pub average_precision: f64,
    /// The probability above which class 1 of two is predicted.
    pub threshold: f64,
    /// Rows (or their weight) by true and predicted class.
    pub confusion: ConfusionTable,
    /// Each class by itself.
    pub classes: Vec<ClassSummary>,
    /// All metrics with their intervals.
    pub scores: Scores,
    /// The curves of class 1 of two, or of each class against the rest.
    pub curves: Vec<ClassCurves>,
    /// Parts of the rows, if any were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Slices>,
}

/// One class of a [`ClassificationReport`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassSummary {
    /// Name of the class.
    pub name: String,
    /// Share of the rows that are of it.
    pub share: f64,
    /// Share of the rows predicted to be of it that are.
    pub precision: f64,
    /// Share of its rows that are predicted so.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Curves of one class, thinned to what a picture shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCurves {
    /// Name of the class.
    pub name: String,
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// False and true positive rates.
    pub roc: Vec<(f64, f64)>,
    /// See [`average_precision`](crate::average_precision).
    pub average_precision: f64,
    /// Recalls and precisions.
    pub pr: Vec<(f64, f64)>,
    /// Shares against probabilities in ten bins of equal width.
    pub calibration: CalibrationCurve,
}

/// Points of a curve in a report.
const POINTS: usize = 200;

impl ClassificationReport {
    pub(crate) fn of(outcome: &Outcome, slices: Option<Slices>, options: &EvaluateOptions) -> Result<Self, EvalError> {
        let weights = outcome.weights.as_deref();
        if let Some(weights) = weights {
            check::weights(weights, outcome.rows())?;
        }
        let (truth, predicted, names) = match &outcome.kind {
            Kind::Binary { truth, proba, names } => {
                check::pair(truth, proba, "probabilities")?;
                check::probabilities(proba)?;
                both_classes(&cuts(truth, proba, weights)?, "the area under the ROC curve")
                    .map_err(|error| named(error, names))?;
                let above: Vec<usize> = proba.iter().map(|p| usize::from(*p > options.cut())).collect();
                (truth.iter().map(|y| *y as usize).collect(), above, names)
            }
            Kind::Classes { truth, probas, names } => (truth.clone(), most_probable(probas, truth.len()), names),
            Kind::Values { .. } | Kind::Ranked { .. } => return Err(EvalError::Empty),
        };
        let scores = options.scores(outcome)?;
        if scores.get("roc_auc").is_none() {
            let value = truth.first().map_or(0.0, |&k| k as f64);
            let error = EvalError::OneClass { metric: "the area under the ROC curve", value, name: None };
            return Err(named(error, names));
        }
        let confusion = table_of(&truth, &predicted, weights, names);
        let curves = curves(outcome)?;
        let average = curves.iter().map(|c| c.average_precision).sum::<f64>() / curves.len() as f64;
        let classes = summaries(&confusion);
        Ok(ClassificationReport {
            target: outcome.target.clone(),
            n: outcome.rows(),
            positive_rate: (classes.len() == 2).then(|| classes[1].share),
            roc_auc: scores.value("roc_auc"),
            log_loss: scores.value("log_loss"),
            accuracy: scores.value("accuracy"),
            brier: scores.value("brier"),
            average_precision: average,
            threshold: options.cut(),
            confusion,
            classes,
            scores,
            curves,
            slices,
        })
    }

    /// All numbers by name, for a tracking store.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all = self.scores.metrics();
        if self.scores.get("average_precision").is_none() {
            all.push(("average_precision".to_owned(), self.average_precision));
        }
        all.extend(self.positive_rate.map(|rate| ("positive_rate".to_owned(), rate)));
        all.push(("n".to_owned(), self.n as f64));
        all
    }

    /// Whether both the order and the probabilities are better than a baseline's: higher ROC AUC and lower log loss.
    ///
    /// Accuracy does not count: where one class is rare, predicting the other one always is hard to beat by it and
    /// useless. [`baseline_gate`](crate::baseline_gate) asks for more than chance, too.
    pub fn beats(&self, baseline: &ClassificationReport) -> bool {
        self.roc_auc > baseline.roc_auc && self.log_loss < baseline.log_loss
    }

    /// This report beside a baseline's, metric by metric.
    pub fn compare(&self, baseline: &ClassificationReport) -> Comparison {
        let beats = self.beats(baseline);
        let rule = if beats { "higher ROC AUC and lower log loss" } else { "a higher ROC AUC and a lower log loss" };
        Comparison {
            target: self.target.clone(),
            n: self.n,
            baseline_n: baseline.n,
            beats,
            rule: rule.to_owned(),
            rows: compare::rows(&self.scores, &baseline.scores),
        }
    }

    /// The ROC curve, or one per class.
    ///
    /// # Errors
    /// [`PlotError`], for a report that was changed by hand.
    pub fn roc_chart(&self) -> Result<Chart, PlotError> {
        page::roc(&self.curves)
    }

    /// Precision against recall.
    ///
    /// # Errors
    /// As [`roc_chart`](Self::roc_chart).
    pub fn pr_chart(&self) -> Result<Chart, PlotError> {
        page::pr(&self.curves)
    }

    /// Observed shares against probabilities.
    ///
    /// # Errors
    /// As [`roc_chart`](Self::roc_chart).
    pub fn calibration_chart(&self) -> Result<Chart, PlotError> {
        page::calibration(&self.curves)
    }

    fn title(&self) -> String {
        let share = match self.positive_rate {
            Some(rate) => format!("{:.1}% of them {}", 100.0 * rate, self.confusion.classes[1]),
            None => format!("{} classes", self.classes.len()),
        };
        format!("Evaluation of \"{}\" on {} rows, {share}", self.target, self.n)
    }
}

/// The error with the name of the only class instead of its number.
fn named(error: EvalError, names: &[String]) -> EvalError {
    match error {
        EvalError::OneClass { metric, value, .. } => {
            EvalError::OneClass { metric, value, name: names.get(value as usize).cloned() }
        }
        other => other,
    }
}

fn summaries(confusion: &ConfusionTable) -> Vec<ClassSummary> {
    let summary = |(k, name): (usize, &String)| ClassSummary {
        name: name.clone(),
        share: confusion.counts[k].iter().sum::<f64>() / confusion.total(),
        precision: confusion.precision_of(k),
        recall: confusion.recall_of(k),
        f1: confusion.f1_of(k),
    };
    confusion.classes.iter().enumerate().map(summary).collect()
}

fn curves(outcome: &Outcome) -> Result<Vec<ClassCurves>, EvalError> {
    let weights = outcome.weights.as_deref();
    match &outcome.kind {
        Kind::Binary { truth, proba, names } => {
            Ok(vec![class_curves(&names[1], &cuts(truth, proba, weights)?, truth, proba, weights)?])
        }
        Kind::Classes { truth, probas, names } => {
            let mut all = Vec::new();
            for (k, proba) in probas.iter().enumerate() {
                let own: Vec<f64> = truth.iter().map(|&t| f64::from(u8::from(t == k))).collect();
                let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
                let cuts = cuts_of((0..own.len()).map(|i| (proba[i], own[i], weight(i))));
                if both_classes(&cuts, "").is_ok() {
                    all.push(class_curves(&names[k], &cuts, &own, proba, weights)?);
                }
            }
            Ok(all)
        }
        Kind::Values { .. } | Kind::Ranked { .. } => Ok(Vec::new()),
    }
}

fn class_curves(
    name: &str,
    cuts: &[Cut],
    truth: &[f64],
    proba: &[f64],
    weights: Option<&[f64]>,
) -> Result<ClassCurves, EvalError> {
    let (roc, pr) = (roc_of(cuts)?, pr_of(cuts)?);
    Ok(ClassCurves {
        name: name.to_owned(),
        roc_auc: roc.auc,
        roc: thinned(&roc.fpr, &roc.tpr),
        average_precision: precision_area(cuts)?,
        pr: thinned(&pr.recall, &pr.precision),
        calibration: calibration::curve(truth, proba, BINS, Binning::Uniform, weights)?,
    })
}

/// Points at least a 200th of the axes apart, with both ends.
fn thinned(x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    let step = 1.0 / POINTS as f64;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (&x, &y) in x.iter().zip(y) {
        if kept.last().is_none_or(|last| (last.0 - x).abs().max((last.1 - y).abs()) >= step) {
            kept.push((x, y));
        }
    }
    if let (Some(&x), Some(&y)) = (x.last(), y.last())
        && kept.last() != Some(&(x, y))
    {
        kept.push((x, y));
    }
    kept
}

impl Report for ClassificationReport {
    fn scores(&self) -> &Scores {
        &self.scores
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn rows(&self) -> usize {
        self.n
    }
}

impl Display for ClassificationReport {
    fn bundle(&self) -> Bundle {
        let mut table = self.scores.table(self.title());
        if self.positive_rate.is_some() {
            let c = &self.confusion.counts;
            table.note(format!(
                "at {}: {} true and {} false positives, {} true and {} false negatives",
                number(self.threshold),
                counted(c[1][1]),
                counted(c[0][1]),
                counted(c[0][0]),
                counted(c[1][0])
            ));
        }
        let mut page = Page::new(&table);
        if self.positive_rate.is_none() {
            page.table(&page::class_table(&self.classes));
        }
        page.matrix(&self.confusion);
        [self.roc_chart(), self.pr_chart(), self.calibration_chart()].into_iter().flatten().for_each(|c| page.chart(c));
        self.slices.iter().for_each(|slices| page.table(&slices.table()));
        page.bundle()
    }
}

impl Inspect for ClassificationReport {
    fn shape(&self) -> Option<String> {
        Some(format!("{} rows", self.n))
    }
}
