//! Metrics by name, each with its value, its interval and which way is better.

use crate::bootstrap::Interval;
use crate::error::EvalError;
use ironbook_core::{Bundle, Display};
use ironbook_learn::table::{Table, number};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};
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

/// `roc_auc 0.72 (0.712 to 0.733), higher is better`.
impl Display for Score {
    fn bundle(&self) -> Bundle {
        let interval = self.interval.map_or_else(String::new, |interval| format!(" ({})", between(&interval)));
        Bundle::text(format!("{} {}{interval}, {} is better", self.name, number(self.value), self.better.word()))
    }
}

/// The metrics of a report; those that are not defined on its rows are left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Scores {
    /// The metrics, the most telling ones first.
    pub list: Vec<Score>,
    /// Names of those that are not defined on the rows.
    #[serde(default)]
    undefined: Vec<String>,
    /// Values on the resamples, for comparisons on the same rows; not in files that people read.
    #[serde(default)]
    draws: Draws,
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (undefined, draws) = (!self.undefined.is_empty(), !serializer.is_human_readable());
        let mut out = serializer.serialize_struct("Scores", 1 + usize::from(undefined) + usize::from(draws))?;
        out.serialize_field("list", &self.list)?;
        if undefined {
            out.serialize_field("undefined", &self.undefined)?;
        }
        if draws {
            out.serialize_field("draws", &self.draws)?;
        }
        out.end()
    }
}

/// Values of metrics on resamples.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
        let (list, undefined): (Vec<Score>, Vec<Score>) =
            values.into_iter().map(score).partition(|score| score.value.is_finite());
        Scores { list, undefined: undefined.into_iter().map(|score| score.name).collect(), draws: Draws::default() }
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
    /// [`EvalError::NoMetric`], with the names that there are; [`EvalError::Undefined`] for one that is not defined on
    /// the rows.
    pub fn named(&self, name: &str) -> Result<&Score, EvalError> {
        self.get(name).ok_or_else(|| match self.undefined.iter().any(|undefined| undefined == name) {
            true => EvalError::Undefined { metric: name.to_owned(), place: "these rows".to_owned() },
            false => EvalError::NoMetric {
                metric: name.to_owned(),
                known: self.list.iter().map(|score| score.name.clone()).collect(),
            },
        })
    }

    /// Names of the metrics that are not defined on the rows: those of the order where all rows are of one class.
    pub fn undefined(&self) -> &[String] {
        &self.undefined
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
    let (low, high) = (interval.low, interval.high);
    let decimals = 1.0 - (high - low).log10().floor();
    // Ends that are one, tiny or huge are written as single values are.
    let wide = decimals < 0.0 && low.abs().max(high.abs()) < 1e6;
    if !(wide || (0.0..=8.0).contains(&decimals)) {
        return format!("{} to {}", number(low), number(high));
    }
    let decimals = decimals.max(0.0) as usize;
    format!("{low:.decimals$} to {high:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_the_digits_that_they_deserve() {
        let shown = |low, high| between(&Interval { low, high, level: 0.95 });
        assert_eq!(shown(0.71234, 0.73345), "0.712 to 0.733");
        assert_eq!(shown(12.3, 456.7), "12 to 457");
        assert_eq!(shown(123.4, 456_789.0), "123 to 456789");
        assert_eq!(shown(0.5, 0.5), "0.5 to 0.5");
        assert_eq!(shown(1.2e-12, 3.4e-12), "1.20000e-12 to 3.40000e-12");
        assert_eq!(shown(1.5e11, 2.5e11), "1.50000e11 to 2.50000e11");
        assert_eq!(shown(0.0, 0.0), "0 to 0");
    }
}
