//! Metrics by name, each with its value, its interval and which way is better.

use crate::bootstrap::Interval;
use crate::error::EvalError;
use ironbook_learn::table::{Table, number};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Larger values are better.
    Higher,
    /// Smaller values are better.
    Lower,
    /// Values near 0 are better.
    Zero,
}

impl Better {
    /// Which way the metric of this name is better.
    pub(crate) fn of(metric: &str) -> Self {
        const LOWER: [&str; 6] = ["log_loss", "brier", "rmse", "mae", "median_absolute_error", "calibration_error"];
        match metric {
            "bias" => Better::Zero,
            metric if LOWER.contains(&metric) => Better::Lower,
            _ => Better::Higher,
        }
    }

    /// By how much `value` is better than `other`; negative where it is worse.
    pub fn gain(self, value: f64, other: f64) -> f64 {
        match self {
            Better::Higher => value - other,
            Better::Lower => other - value,
            Better::Zero => other.abs() - value.abs(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Better::Higher => "higher",
            Better::Lower => "lower",
            Better::Zero => "near 0",
        }
    }
}

/// A metric of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Its name.
    pub name: String,
    /// Its value on the rows.
    pub value: f64,
    /// Its bootstrap interval, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Which way it is better.
    pub better: Better,
}

/// The metrics of a report; those that are not defined on its rows are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The metrics, the most telling ones first.
    pub list: Vec<Score>,
    /// Values on the resamples, for comparisons on the same rows; not saved.
    #[serde(skip)]
    draws: Draws,
}

/// Values of metrics on resamples.
#[derive(Clone, Debug, Default)]
struct Draws {
    /// Which rows were drawn: of the data, its size, the seed.
    key: u64,
    /// For each metric (by its place in the list) its values, resample by resample.
    values: Arc<Vec<Vec<f64>>>,
}

/// What was drawn says nothing of what was found.
impl PartialEq for Draws {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Scores {
    /// Metrics without intervals; what is not finite is left out.
    pub(crate) fn new(values: impl IntoIterator<Item = (&'static str, f64)>) -> Self {
        let score = |(name, value): (&'static str, f64)| Score {
            name: name.to_owned(),
            value,
            interval: None,
            better: Better::of(name),
        };
        let list = values.into_iter().filter(|(_, value)| value.is_finite()).map(score).collect();
        Scores { list, draws: Draws::default() }
    }

    /// Adds intervals from the metrics of resamples; `key` says which rows were drawn.
    pub(crate) fn with_draws<const M: usize>(mut self, names: [&str; M], draws: &[[f64; M]], key: u64) -> Self {
        let mut values = Vec::new();
        for score in &mut self.list {
            let of = names.iter().position(|name| *name == score.name);
            let drawn: Vec<f64> = of.map_or_else(Vec::new, |m| draws.iter().map(|draw| draw[m]).collect());
            score.interval = Interval::of(&drawn, 0.95);
            values.push(drawn);
        }
        self.draws = Draws { key, values: Arc::new(values) };
        self
    }

    /// The metric of this name.
    pub fn get(&self, name: &str) -> Option<&Score> {
        self.list.iter().find(|score| score.name == name)
    }

    /// The metric's value, NaN if there is none.
    pub(crate) fn value(&self, name: &str) -> f64 {
        self.get(name).map_or(f64::NAN, |score| score.value)
    }

    /// The metric of this name.
    ///
    /// # Errors
    /// [`EvalError::NoMetric`], with the names that there are.
    pub fn named(&self, name: &str) -> Result<&Score, EvalError> {
        self.get(name).ok_or_else(|| EvalError::NoMetric {
            metric: name.to_owned(),
            known: self.list.iter().map(|score| score.name.clone()).collect(),
        })
    }

    /// How much better a metric is than the baseline's, resample by resample, and whether both were judged on the same
    /// resamples of the same rows; `None` without intervals.
    pub(crate) fn gains(&self, baseline: &Scores, name: &str) -> Option<(Vec<f64>, bool)> {
        let own = self.draws.values.get(self.list.iter().position(|s| s.name == name)?)?;
        let other = baseline.draws.values.get(baseline.list.iter().position(|s| s.name == name)?)?;
        let better = self.get(name)?.better;
        let paired = self.draws.key != 0 && self.draws.key == baseline.draws.key;
        let gains: Vec<f64> =
            own.iter().zip(other).map(|(a, b)| better.gain(*a, *b)).filter(|g| g.is_finite()).collect();
        (gains.len() >= 2).then_some((gains, paired))
    }

    /// Names and values, for a tracking store.
    pub(crate) fn metrics(&self) -> Vec<(String, f64)> {
        self.list.iter().map(|score| (score.name.clone(), score.value)).collect()
    }

    /// The metrics as rows of a table.
    pub(crate) fn table(&self, title: String) -> Table {
        let intervals = self.list.iter().any(|score| score.interval.is_some());
        let header: &[&str] =
            if intervals { &["metric", "value", "95% interval", "better"] } else { &["metric", "value", "better"] };
        let mut table = Table::new(title, header);
        for score in &self.list {
            let mut cells = vec![score.name.clone(), number(score.value)];
            if intervals {
                cells.push(score.interval.map_or_else(String::new, |interval| between(&interval)));
            }
            cells.push(score.better.word().to_owned());
            table.row(cells);
        }
        table
    }
}

/// The interval in words, with as many digits as its width deserves.
pub(crate) fn between(interval: &Interval) -> String {
    let width = interval.high - interval.low;
    let decimals = if width > 0.0 { (1.0 - width.log10().floor()).clamp(0.0, 8.0) as usize } else { 4 };
    format!("{:.decimals$} to {:.decimals$}", interval.low, interval.high)
}
