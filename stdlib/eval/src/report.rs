//! One model on one data set, in numbers; and against a baseline.

use crate::error::EvalError;
use crate::metrics::{self, ConfusionMatrix};
use crate::ranking;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_data::Dataset;
use ironbook_learn::PredictProba;
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};

/// Judges a binary classifier on data that it has not seen.
///
/// Classes are predicted where the probability is above 0.5.
///
/// # Errors
/// Those of the model's `predict_proba` ([`EvalError::Model`]), and those of [`roc_auc`](crate::roc_auc) and
/// [`log_loss`](crate::log_loss): both classes must occur.
pub fn evaluate(model: &impl PredictProba, data: &Dataset) -> Result<ClassificationReport, EvalError> {
    let truth = &data.target;
    let proba = model.predict_proba(&data.features)?;
    let predicted: Vec<f64> = proba.iter().map(|p| if *p > 0.5 { 1.0 } else { 0.0 }).collect();
    let confusion = metrics::confusion_matrix(truth, &predicted)?;
    Ok(ClassificationReport {
        target: data.target_name.clone(),
        n: truth.len(),
        positive_rate: truth.iter().sum::<f64>() / truth.len() as f64,
        roc_auc: ranking::roc_auc(truth, &proba)?,
        log_loss: metrics::log_loss(truth, &proba)?,
        accuracy: confusion.accuracy(),
        brier: metrics::brier(truth, &proba)?,
        average_precision: ranking::average_precision(truth, &proba)?,
        confusion,
    })
}

/// How a binary classifier did on a data set, see [`evaluate`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Name of the target.
    pub target: String,
    /// Rows judged.
    pub n: usize,
    /// Share of class 1 among them.
    pub positive_rate: f64,
    /// See [`roc_auc`](crate::roc_auc).
    pub roc_auc: f64,
    /// See [`log_loss`](crate::log_loss).
    pub log_loss: f64,
    /// See [`accuracy`](crate::accuracy), at a threshold of 0.5.
    pub accuracy: f64,
    /// See [`brier`](crate::brier).
    pub brier: f64,
    /// See [`average_precision`](crate::average_precision).
    pub average_precision: f64,
    /// Rows by true and predicted class, at a threshold of 0.5.
    pub confusion: ConfusionMatrix,
}

/// Which way a metric is better.
#[derive(Clone, Copy)]
enum Better {
    Higher,
    Lower,
}

impl ClassificationReport {
    fn judged(&self) -> [(&'static str, f64, Better); 5] {
        [
            ("roc_auc", self.roc_auc, Better::Higher),
            ("log_loss", self.log_loss, Better::Lower),
            ("accuracy", self.accuracy, Better::Higher),
            ("brier", self.brier, Better::Lower),
            ("average_precision", self.average_precision, Better::Higher),
        ]
    }

    /// All numbers by name, for a tracking store.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all: Vec<(String, f64)> =
            self.judged().into_iter().map(|(name, value, _)| (name.to_owned(), value)).collect();
        all.push(("positive_rate".to_owned(), self.positive_rate));
        all.push(("n".to_owned(), self.n as f64));
        all
    }

    /// Whether both the order and the probabilities are better than a baseline's: higher ROC AUC and lower log loss.
    ///
    /// Accuracy does not count: where one class is rare, predicting the other one always is hard to beat by it and useless.
    pub fn beats(&self, baseline: &ClassificationReport) -> bool {
        self.roc_auc > baseline.roc_auc && self.log_loss < baseline.log_loss
    }

    /// This report beside a baseline's, metric by metric.
    pub fn compare(&self, baseline: &ClassificationReport) -> Comparison {
        let rows = self.judged().into_iter().zip(baseline.judged());
        let row = |((name, model, better), (_, baseline, _)): ((&'static str, f64, Better), (&str, f64, Better))| {
            let gain = match better {
                Better::Higher => model - baseline,
                Better::Lower => baseline - model,
            };
            ComparisonRow { metric: name.to_owned(), model, baseline, gain }
        };
        Comparison {
            target: self.target.clone(),
            n: self.n,
            baseline_n: baseline.n,
            beats: self.beats(baseline),
            rows: rows.map(row).collect(),
        }
    }
}

impl Display for ClassificationReport {
    fn bundle(&self) -> Bundle {
        let title = format!(
            "Evaluation of \"{}\" on {} rows, {:.1}% of them 1",
            self.target,
            self.n,
            100.0 * self.positive_rate
        );
        let mut table = Table::new(title, &["metric", "value", "better"]);
        for (name, value, better) in self.judged() {
            let better = match better {
                Better::Higher => "higher",
                Better::Lower => "lower",
            };
            table.row([name.to_owned(), number(value), better.to_owned()]);
        }
        let c = &self.confusion;
        table.note(format!(
            "at 0.5: {} true and {} false positives, {} true and {} false negatives",
            c.true_positives, c.false_positives, c.true_negatives, c.false_negatives
        ));
        table.bundle()
    }
}

impl Inspect for ClassificationReport {
    fn shape(&self) -> Option<String> {
        Some(format!("{} rows", self.n))
    }
}

/// A model beside a baseline, see [`ClassificationReport::compare`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the target.
    pub target: String,
    /// Rows that the model was judged on.
    pub n: usize,
    /// Rows that the baseline was judged on.
    pub baseline_n: usize,
    /// See [`ClassificationReport::beats`].
    pub beats: bool,
    /// One row per metric.
    pub rows: Vec<ComparisonRow>,
}

/// One metric of a [`Comparison`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// Name of the metric.
    pub metric: String,
    /// The model's value.
    pub model: f64,
    /// The baseline's value.
    pub baseline: f64,
    /// By how much the model is better; negative where it is worse.
    pub gain: f64,
}

impl Display for Comparison {
    fn bundle(&self) -> Bundle {
        let title = format!("Model against baseline for \"{}\" on {} rows", self.target, self.n);
        let mut table = Table::new(title, &["metric", "model", "baseline", "gain"]);
        for row in &self.rows {
            let sign = if row.gain > 0.0 { "+" } else { "" };
            let gain = format!("{sign}{}", number(row.gain));
            table.row([row.metric.clone(), number(row.model), number(row.baseline), gain]);
        }
        if self.baseline_n != self.n {
            table.note(format!("The baseline was judged on other data: {} rows.", self.baseline_n));
        }
        table.note(if self.beats {
            "The model beats the baseline: higher ROC AUC and lower log loss."
        } else {
            "The model does not beat the baseline: that takes a higher ROC AUC and a lower log loss."
        });
        table.bundle()
    }
}
