//! A model beside a baseline, metric by metric.

use crate::scores::Scores;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};

/// A model beside a baseline, see [`ClassificationReport::compare`](crate::ClassificationReport::compare).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the target.
    pub target: String,
    /// Rows that the model was judged on.
    pub n: usize,
    /// Rows that the baseline was judged on.
    pub baseline_n: usize,
    /// Whether the model is better in the metrics that count.
    pub beats: bool,
    /// What it takes to be better, in words.
    pub rule: String,
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

/// The metrics that both have.
pub(super) fn rows(model: &Scores, baseline: &Scores) -> Vec<ComparisonRow> {
    let row = |score: &crate::scores::Score| {
        let baseline = baseline.get(&score.name)?.value;
        let gain = score.better.gain(score.value, baseline);
        Some(ComparisonRow { metric: score.name.clone(), model: score.value, baseline, gain })
    };
    model.list.iter().filter_map(row).collect()
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
        let rule = &self.rule;
        table.note(match self.beats {
            true => format!("The model beats the baseline: {rule}."),
            false => format!("The model does not beat the baseline: that takes {rule}."),
        });
        table.bundle()
    }
}
