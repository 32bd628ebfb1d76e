//! The report of a regression.

use super::compare::{self, Comparison};
use super::page::Page;
use crate::error::EvalError;
use crate::judge::{EvaluateOptions, Report};
use crate::outcome::{Kind, Outcome};
use crate::scores::Scores;
use crate::slices::Slices;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_plot::{Chart, PlotError};
use serde::{Deserialize, Serialize};

/// How a regression did on a data set, see [`evaluate`](crate::evaluate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionReport {
    /// Name of the target.
    pub target: String,
    /// Rows judged.
    pub n: usize,
    /// See [`rmse`](crate::rmse).
    pub rmse: f64,
    /// See [`mae`](crate::mae).
    pub mae: f64,
    /// See [`r2`](crate::r2).
    pub r2: f64,
    /// All metrics with their intervals.
    pub scores: Scores,
    /// Some rows, evenly chosen: prediction and true value.
    pub points: Vec<(f64, f64)>,
    /// Parts of the rows, if any were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Slices>,
}

/// Points of the picture.
const POINTS: usize = 1000;

impl RegressionReport {
    pub(crate) fn of(outcome: &Outcome, slices: Option<Slices>, options: &EvaluateOptions) -> Result<Self, EvalError> {
        let scores = options.scores(outcome)?;
        let points = match &outcome.kind {
            Kind::Values { truth, predicted } => {
                let step = truth.len().div_ceil(POINTS);
                predicted.iter().copied().zip(truth.iter().copied()).step_by(step.max(1)).collect()
            }
            _ => Vec::new(),
        };
        Ok(RegressionReport {
            target: outcome.target.clone(),
            n: outcome.rows(),
            rmse: scores.value("rmse"),
            mae: scores.value("mae"),
            r2: scores.value("r2"),
            scores,
            points,
            slices,
        })
    }

    /// All numbers by name, for a tracking store.
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all = self.scores.metrics();
        all.push(("n".to_owned(), self.n as f64));
        all
    }

    /// Whether the root mean squared error is lower than a baseline's.
    pub fn beats(&self, baseline: &RegressionReport) -> bool {
        self.rmse < baseline.rmse
    }

    /// This report beside a baseline's, metric by metric.
    pub fn compare(&self, baseline: &RegressionReport) -> Comparison {
        let beats = self.beats(baseline);
        Comparison {
            target: self.target.clone(),
            n: self.n,
            baseline_n: baseline.n,
            beats,
            rule: if beats { "lower RMSE" } else { "a lower RMSE" }.to_owned(),
            rows: compare::rows(&self.scores, &baseline.scores),
        }
    }

    /// True values against predictions.
    ///
    /// # Errors
    /// [`PlotError`], for a report that was changed by hand.
    pub fn chart(&self) -> Result<Chart, PlotError> {
        let (x, y): (Vec<f64>, Vec<f64>) = self.points.iter().copied().unzip();
        Ok(Chart::scatter(&x, &y)?.title("True and predicted").x_label("predicted").y_label(self.target.clone()))
    }

    /// How often what is left (true value minus prediction) occurs.
    ///
    /// # Errors
    /// As [`chart`](Self::chart).
    pub fn histogram(&self) -> Result<Chart, PlotError> {
        let off: Vec<f64> = self.points.iter().map(|(p, y)| y - p).collect();
        let rows = if off.len() < self.n { format!("rows, of {} shown", off.len()) } else { "rows".to_owned() };
        Ok(Chart::histogram(&off)?.title("Errors").x_label("true minus predicted").y_label(rows))
    }

    /// What is left (true value minus prediction) against predictions.
    ///
    /// # Errors
    /// As [`chart`](Self::chart).
    pub fn residual_chart(&self) -> Result<Chart, PlotError> {
        let (x, y): (Vec<f64>, Vec<f64>) = self.points.iter().map(|(p, y)| (*p, y - p)).unzip();
        Ok(Chart::scatter(&x, &y)?.title("Residuals").x_label("predicted").y_label("true minus predicted"))
    }
}

impl Report for RegressionReport {
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

impl Display for RegressionReport {
    fn bundle(&self) -> Bundle {
        let table = self.scores.table(format!("Evaluation of \"{}\" on {} rows", self.target, self.n));
        let mut page = Page::new(&table);
        [self.chart(), self.residual_chart(), self.histogram()]
            .into_iter()
            .flatten()
            .for_each(|chart| page.chart(chart));
        self.slices.iter().for_each(|slices| page.table(&slices.table()));
        page.bundle()
    }
}

impl Inspect for RegressionReport {
    fn shape(&self) -> Option<String> {
        Some(format!("{} rows", self.n))
    }
}
