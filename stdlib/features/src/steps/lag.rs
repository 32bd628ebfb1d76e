//! Earlier values of a column, per group and in the order of time.

use crate::error::FeatureError;
use crate::select::Select;
use crate::working::{Column, Working};
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const STEP: &str = "lag";

/// In which order rows follow each other, and which of them belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The column of times (or numbers) that orders the rows; rows of one time keep their order.
    pub by: String,
    /// The column that says which rows belong together; all do if `None`.
    pub within: Option<String>,
}

impl Order {
    /// Rows in the order of this column.
    pub fn by(time: impl Into<String>) -> Self {
        Order { by: time.into(), within: None }
    }

    /// Only rows of one value of this column follow each other.
    #[must_use]
    pub fn within(mut self, group: impl Into<String>) -> Self {
        self.within = Some(group.into());
        self
    }
}

/// Adds earlier values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LagStep {
    pub(crate) columns: Select,
    pub(crate) steps: Vec<usize>,
    pub(crate) order: Order,
}

/// What the lags remember: of every group the last rows, as many as the longest lag reaches back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedLag {
    pub(crate) columns: Vec<String>,
    pub(crate) steps: Vec<usize>,
    pub(crate) order: Order,
    pub(crate) history: Vec<(Group, Vec<Past>)>,
}

/// A group of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    /// All rows together.
    All,
    /// Those with this text.
    Text(String),
    /// Those with this number, by its bits.
    Number(u64),
}

/// An earlier row of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) time: f64,
    /// Its values of the lagged columns; `None` where missing.
    pub(crate) values: Vec<Option<f64>>,
}

/// Per group, rows that came before.
pub(crate) type Seen = BTreeMap<Group, Vec<Past>>;

impl LagStep {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<FittedLag, FeatureError> {
        if self.steps.is_empty() || self.steps.contains(&0) {
            let value = format!("{:?}", self.steps);
            let expected = "numbers of rows to reach back, at least 1 each, for instance [1, 2]";
            return Err(FeatureError::Parameter { step: STEP, name: "steps", value, expected });
        }
        let columns = self.columns.resolve(working, STEP)?;
        for &j in &columns {
            working.columns[j].refuse_text(STEP)?;
            working.columns[j].refuse_infinite(STEP)?;
        }
        let columns: Vec<String> = columns.into_iter().map(|j| working.columns[j].name.clone()).collect();
        let mut fitted =
            FittedLag { columns, steps: self.steps.clone(), order: self.order.clone(), history: Vec::new() };
        let mut seen = Seen::new();
        for (group, rows) in fitted.series(working)? {
            let past = rows.iter().map(|row| fitted.past(working, *row)).collect::<Result<Vec<_>, _>>()?;
            seen.insert(group, past);
        }
        fitted.shorten(&mut seen);
        fitted.history = seen.into_iter().collect();
        Ok(fitted)
    }
}

impl FittedLag {
    /// Rows that the longest lag reaches back.
    pub(crate) fn reach(&self) -> usize {
        self.steps.iter().copied().max().unwrap_or(0)
    }

    fn shorten(&self, seen: &mut Seen) {
        for past in seen.values_mut() {
            let surplus = past.len().saturating_sub(self.reach());
            past.drain(..surplus);
        }
    }

    /// Adds the lags to a batch: rows look back on the batch's rows and, before those, on the history of the fit.
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        let history: BTreeMap<&Group, &Vec<Past>> = self.history.iter().map(|(group, past)| (group, past)).collect();
        self.look_back(working, |group| history.get(group).copied())
    }

    /// Adds the lags to the training data, which have nothing before them.
    pub(crate) fn apply_without_history(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        self.look_back(working, |_| None)
    }

    fn look_back<'h>(
        &self,
        working: &mut Working<'_>,
        history: impl Fn(&Group) -> Option<&'h Vec<Past>>,
    ) -> Result<(), FeatureError> {
        let mut lagged = self.empty(working.rows);
        for (group, rows) in self.series(working)? {
            let batch = rows.iter().map(|row| self.past(working, *row)).collect::<Result<Vec<_>, _>>()?;
            let (merged, place) = merge(history(&group).map_or(&[][..], Vec::as_slice), &batch);
            rows.iter().zip(place).for_each(|(row, at)| self.look(&mut lagged, *row, &merged[..at]));
        }
        self.insert(working, lagged)
    }

    /// The columns of lags, all missing: per lagged column one per step.
    pub(crate) fn empty(&self, rows: usize) -> Vec<Vec<f64>> {
        vec![vec![f64::NAN; rows]; self.columns.len() * self.steps.len()]
    }

    /// Sets the lags of a row from the rows before it.
    pub(crate) fn look(&self, lagged: &mut [Vec<f64>], row: usize, before: &[&Past]) {
        for (c, lags) in lagged.chunks_mut(self.steps.len()).enumerate() {
            for (values, &step) in lags.iter_mut().zip(&self.steps) {
                let past = before.len().checked_sub(step).and_then(|at| before[at].values[c]);
                values[row] = past.unwrap_or(f64::NAN);
            }
        }
    }

    /// Puts the lags right behind their columns.
    pub(crate) fn insert(&self, working: &mut Working<'_>, lagged: Vec<Vec<f64>>) -> Result<(), FeatureError> {
        let mut lagged = lagged.into_iter();
        for name in &self.columns {
            let at = working.position(name, STEP)?;
            let mut made = vec![working.columns[at].clone()];
            let lags = self.steps.iter().zip(lagged.by_ref());
            made.extend(lags.map(|(step, values)| Column::numbers(format!("{name}_lag{step}"), values)));
            working.replace(at, made, STEP)?;
        }
        Ok(())
    }

    /// The rows of each group in their order; rows whose group is missing are in none.
    pub(crate) fn series(&self, working: &Working<'_>) -> Result<BTreeMap<Group, Vec<usize>>, FeatureError> {
        let time = &working.columns[working.position(&self.order.by, STEP)?];
        time.refuse_text(STEP)?;
        time.refuse_infinite(STEP)?;
        if let Some(row) = time.values.iter().position(|time| time.is_nan()) {
            return Err(FeatureError::NoOrder { column: time.name.clone(), step: STEP, row });
        }
        let group = match &self.order.within {
            None => None,
            Some(name) => Some(&working.columns[working.position(name, STEP)?]),
        };
        let mut series: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
        match group {
            None => {
                series.insert(Group::All, (0..working.rows).collect());
            }
            Some(column) => {
                let mut by_value: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
                for (row, value) in column.values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                    by_value.entry((value + 0.0).to_bits()).or_default().push(row);
                }
                series.extend(by_value.into_iter().map(|(bits, rows)| (group_of(column, bits), rows)));
            }
        }
        // A stable sort: rows of one time keep their order.
        series.values_mut().for_each(|rows| rows.sort_by(|&a, &b| time.values[a].total_cmp(&time.values[b])));
        Ok(series)
    }

    /// What is to be remembered of a row.
    pub(crate) fn past(&self, working: &Working<'_>, row: usize) -> Result<Past, FeatureError> {
        let value = |name: &String| {
            let column = &working.columns[working.position(name, STEP)?];
            match column.values[row] {
                value if value.is_infinite() => {
                    Err(FeatureError::Infinite { column: name.clone(), step: STEP, row, value })
                }
                value => Ok((!value.is_nan()).then_some(value)),
            }
        };
        let time = working.columns[working.position(&self.order.by, STEP)?].values[row] + 0.0;
        Ok(Past { time, values: self.columns.iter().map(value).collect::<Result<_, _>>()? })
    }
}

fn group_of(column: &Column<'_>, bits: u64) -> Group {
    match &column.kind {
        Kind::Categorical(names) => Group::Text(names[f64::from_bits(bits) as usize].clone()),
        Kind::Numeric | Kind::Time => Group::Number(bits),
    }
}

/// History and batch in one series, and where in it each row of the batch stands.
///
/// A time that both have counts once, with the batch's rows: they are what the history was made from.
fn merge<'p>(history: &'p [Past], batch: &'p [Past]) -> (Vec<&'p Past>, Vec<usize>) {
    let (mut merged, mut place) = (Vec::with_capacity(history.len() + batch.len()), Vec::with_capacity(batch.len()));
    let in_batch = |time: f64| batch.binary_search_by(|row| row.time.total_cmp(&time)).is_ok();
    let mut older = history.iter().filter(|past| !in_batch(past.time)).peekable();
    for row in batch {
        while let Some(past) = older.next_if(|past| past.time < row.time) {
            merged.push(past);
        }
        place.push(merged.len());
        merged.push(row);
    }
    (merged, place)
}
