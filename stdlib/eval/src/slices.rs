//! Metrics of parts of the rows: where a model is worse than it looks on the whole.

use crate::bootstrap::quantile;
use crate::error::EvalError;
use crate::judge::{EvaluateOptions, Judge, Predictions, predictions};
use crate::outcome::Outcome;
use crate::scores::{Scores, between};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_data::{Dataset, Kind};
use ironbook_learn::Predict;
use ironbook_learn::table::{Table, number};
use ironbook_plot::moment;
use serde::{Deserialize, Serialize};

/// Parts of the rows, worst first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slices {
    /// The metric that the parts are ordered by.
    pub metric: String,
    /// Its value on all rows.
    pub overall: f64,
    /// The parts.
    pub slices: Vec<Slice>,
}

/// A part of the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The feature.
    pub feature: String,
    /// Its value, range of values, or `missing`.
    pub value: String,
    /// Rows of the part.
    pub n: usize,
    /// Metrics of the part; those that are not defined on it are left out.
    pub scores: Scores,
}

/// Bins of a feature with more different values than this.
const BINS: usize = 4;
/// A numeric feature with at most this many different values has a part for each.
const VALUES: usize = 10;
/// Parts in the displays.
const SHOWN: usize = 20;

/// The metrics of the rows of each category of a feature, or of each quarter of its range of values; worst first.
///
/// Text and numbers of at most ten different values have a part for each value, other numbers and times one for each
/// quarter of the rows; missing values are a part. Order is by log loss, RMSE or NDCG.
///
/// # Errors
/// As [`evaluate`](crate::evaluate), but one class is fine; [`EvalError::NoFeature`].
pub fn slices<M>(model: &M, data: &Dataset, by: &[impl AsRef<str>]) -> Result<Slices, EvalError>
where
    M: Predict,
    M::Task: Judge<M>,
{
    let options = EvaluateOptions::new().slices(by);
    let found = sliced(&predictions(model, data)?, data, &options)?;
    found.ok_or_else(|| no_feature("", data))
}

fn no_feature(name: &str, data: &Dataset) -> EvalError {
    EvalError::NoFeature { name: name.to_owned(), known: data.features.names().to_vec() }
}

/// The parts that the options ask for.
pub(crate) fn sliced(
    predictions: &Predictions,
    data: &Dataset,
    options: &EvaluateOptions,
) -> Result<Option<Slices>, EvalError> {
    let (outcome, by) = (&predictions.0, options.sliced_by());
    if by.is_empty() {
        return Ok(None);
    }
    let metric = outcome.main_metric();
    let overall = options.clone().resamples(0).scores(outcome)?.value(metric);
    let mut slices = Vec::new();
    for feature in by {
        for (value, rows) in parts(data, feature)? {
            ironbook_core::check()?;
            slices.extend(slice(outcome, feature, value, &rows, options)?);
        }
    }
    let gain = |slice: &Slice| slice.scores.get(metric).map_or(f64::INFINITY, |s| s.better.gain(s.value, overall));
    slices.sort_by(|a, b| gain(a).total_cmp(&gain(b)));
    Ok(Some(Slices { metric: metric.to_owned(), overall, slices }))
}

/// The part, unless no row of it counts.
fn slice(
    outcome: &Outcome,
    feature: &str,
    value: String,
    rows: &[usize],
    options: &EvaluateOptions,
) -> Result<Option<Slice>, EvalError> {
    let scores = match options.scores(&outcome.select(rows)) {
        Err(EvalError::ZeroWeights) => return Ok(None),
        scores => scores?,
    };
    Ok(Some(Slice { feature: feature.to_owned(), value, n: rows.len(), scores }))
}

/// The rows of each part of a feature, with the part's name.
fn parts(data: &Dataset, feature: &str) -> Result<Vec<(String, Vec<usize>)>, EvalError> {
    let at = data.features.index_of(feature).ok_or_else(|| no_feature(feature, data))?;
    let (column, kind) = (data.features.column(at), &data.features.kinds()[at]);
    let mut sorted: Vec<f64> = column.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let name = |x: f64| match kind {
        Kind::Categorical(names) => names[x as usize].clone(),
        Kind::Time => moment(x),
        Kind::Numeric => number(x),
    };
    let each = kind.categories().is_some() || distinct.len() <= VALUES;
    // Upper ends of the parts; the last is open.
    let mut ends =
        if each { distinct.clone() } else { (1..BINS).map(|k| quantile(&sorted, k as f64 / BINS as f64)).collect() };
    ends.dedup();
    let count = ends.len() + usize::from(!each);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
    for (i, &x) in column.iter().enumerate() {
        let part = if x.is_nan() { count } else { ends.partition_point(|&end| end < x) };
        rows[part].push(i);
    }
    let label = |part: usize| match part {
        _ if part == count => "missing".to_owned(),
        _ if each => name(ends[part]),
        0 => format!("up to {}", name(ends[0])),
        _ if part == ends.len() => format!("above {}", name(ends[part - 1])),
        _ => format!("{} to {}", name(ends[part - 1]), name(ends[part])),
    };
    let found = rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
    Ok(found.map(|(part, rows)| (label(part), rows)).collect())
}

impl Slice {
    /// The part in words: `origin = JFK`, `distance above 1035`.
    pub fn name(&self) -> String {
        let range = ["up to ", "above "].iter().any(|word| self.value.starts_with(word));
        format!("{} {}{}", self.feature, if range { "" } else { "= " }, self.value)
    }
}

impl Slices {
    /// The worst part.
    pub fn worst(&self) -> Option<&Slice> {
        self.slices.first()
    }

    pub(crate) fn table(&self) -> Table {
        let names: Vec<&str> = ["log_loss", "roc_auc", "accuracy", "rmse", "mae", "r2", "bias", "ndcg", "map", "mrr"]
            .into_iter()
            .filter(|name| *name != self.metric && self.slices.iter().any(|s| s.scores.get(name).is_some()))
            .collect();
        let mut header = vec!["slice", "rows", self.metric.as_str(), "95% interval"];
        header.extend(&names);
        let title = format!("Slices, worst first ({} on all rows: {})", self.metric, number(self.overall));
        let mut table = Table::new(title, &header);
        for slice in self.slices.iter().take(SHOWN) {
            let main = slice.scores.get(&self.metric);
            let value = |score: Option<&crate::scores::Score>| score.map_or_else(String::new, |s| number(s.value));
            let interval = main.and_then(|score| score.interval);
            let mut cells = vec![
                slice.name(),
                slice.n.to_string(),
                value(main),
                interval.map_or_else(String::new, |interval| between(&interval)),
            ];
            cells.extend(names.iter().map(|name| value(slice.scores.get(name))));
            table.row(cells);
        }
        if self.slices.len() > SHOWN {
            table.note(format!("{} more slices not shown", self.slices.len() - SHOWN));
        }
        table
    }
}

impl Display for Slices {
    fn bundle(&self) -> Bundle {
        self.table().bundle()
    }
}

impl Inspect for Slices {
    fn shape(&self) -> Option<String> {
        Some(format!("{} slices", self.slices.len()))
    }
}
