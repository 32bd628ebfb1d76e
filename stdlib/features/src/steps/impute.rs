//! Missing values filled.

use crate::error::FeatureError;
use crate::levels::Levels;
use crate::select::Select;
use crate::working::{Column, Working};
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const STEP: &str = "impute";

/// What missing values are filled with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impute {
    /// The median of the values that are there; of an even number the mean of the middle two.
    Median,
    /// Their mean.
    Mean,
    /// The most frequent of them, the smallest (text: the first in alphabetical order) of several; for text too.
    MostFrequent,
    /// This number.
    Constant(f64),
    /// This text, for columns of text.
    Text(String),
}

/// What missing values are filled with, and whether a column says where they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imputation {
    pub(crate) with: Impute,
    pub(crate) indicator: bool,
}

impl Impute {
    /// Adds a column `<name>_missing` (1 where the value was missing, otherwise 0) for each column that had missing
    /// values in the fit; it stands right behind the column.
    #[must_use]
    pub fn with_indicator(self) -> Imputation {
        Imputation { with: self, indicator: true }
    }
}

impl Impute {
    pub(crate) fn words(&self) -> String {
        match self {
            Impute::Median => "median".to_owned(),
            Impute::Mean => "mean".to_owned(),
            Impute::MostFrequent => "most frequent".to_owned(),
            Impute::Constant(value) => value.to_string(),
            Impute::Text(text) => format!("\"{text}\""),
        }
    }
}

impl From<Impute> for Imputation {
    fn from(with: Impute) -> Self {
        Imputation { with, indicator: false }
    }
}

/// Fills missing values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImputeStep {
    pub(crate) columns: Select,
    pub(crate) imputation: Imputation,
}

/// What each column is filled with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedImpute {
    pub(crate) columns: Vec<Filling>,
}

/// What one column is filled with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filling {
    pub(crate) column: String,
    pub(crate) value: Filler,
    pub(crate) indicator: bool,
}

/// A number or a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Filler {
    Number(f64),
    Text(String),
}

impl ImputeStep {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<FittedImpute, FeatureError> {
        let filling = |j: usize| {
            let column = &working.columns[j];
            let missing = column.values.iter().any(|x| x.is_nan());
            let value = self.filler(column)?;
            Ok(Filling { column: column.name.clone(), value, indicator: self.imputation.indicator && missing })
        };
        let columns = self.columns.resolve(working, STEP)?.into_iter().map(filling);
        Ok(FittedImpute { columns: columns.collect::<Result<_, FeatureError>>()? })
    }

    fn filler(&self, column: &Column<'_>) -> Result<Filler, FeatureError> {
        let empty = || FeatureError::AllMissing { column: column.name.clone(), step: STEP, rows: column.values.len() };
        let wrong = |needs| {
            let (column, found) = (column.name.clone(), column.kind.to_string());
            Err(FeatureError::WrongKind { column, found, step: STEP, needs })
        };
        let present = || column.values.iter().copied().filter(|x| !x.is_nan()).collect::<Vec<f64>>();
        column.refuse_infinite(STEP)?;
        let number = match (&self.imputation.with, column.kind.categories().is_some()) {
            (Impute::Text(text), true) => return Ok(Filler::Text(text.clone())),
            (Impute::MostFrequent, true) => {
                let (levels, counts) = Levels::of(column, STEP)?;
                return first_largest(&counts).map(|at| Filler::Text(levels.name(at))).ok_or_else(empty);
            }
            (_, true) => return wrong("fill text with Impute::MostFrequent or Impute::Text(\"none\".into())"),
            (Impute::Text(_), false) => {
                return wrong("fill numbers with Impute::Median, Mean, MostFrequent or Constant");
            }
            (Impute::Constant(value), _) => Some(*value),
            (Impute::Mean, _) => mean(&present()),
            (Impute::Median, _) => median(present()),
            (Impute::MostFrequent, _) => most_frequent(present()),
        };
        let number = number.ok_or_else(empty)?;
        if number.is_finite() { Ok(Filler::Number(number)) } else { Err(self.unusable(column, number)) }
    }

    fn unusable(&self, column: &Column<'_>, value: f64) -> FeatureError {
        match self.imputation.with {
            Impute::Constant(_) => FeatureError::Parameter {
                step: STEP,
                name: "Constant",
                value: value.to_string(),
                expected: "a finite number",
            },
            _ => FeatureError::TooLarge { column: column.name.clone(), step: STEP },
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    let shift = *values.first()?;
    Some(shift + values.iter().map(|x| x - shift).sum::<f64>() / values.len() as f64)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = if odd { upper } else { below.iter().copied().fold(f64::NEG_INFINITY, f64::max) };
    Some(lower + (upper - lower) / 2.0)
}

fn most_frequent(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let runs: Vec<&[f64]> = values.chunk_by(|a, b| a == b).collect();
    let counts: Vec<usize> = runs.iter().map(|run| run.len()).collect();
    first_largest(&counts).map(|at| runs[at][0])
}

fn first_largest(counts: &[usize]) -> Option<usize> {
    let largest = counts.iter().max()?;
    counts.iter().position(|count| count == largest)
}

impl FittedImpute {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        for filling in &self.columns {
            let at = working.position(&filling.column, STEP)?;
            let mut column = working.columns[at].clone();
            column.refuse_infinite(STEP)?;
            let was =
                filling.indicator.then(|| column.values.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect());
            fill(&mut column, &filling.value);
            let indicator = was.map(|was| Column::numbers(format!("{}_missing", filling.column), was));
            working.replace(at, [column].into_iter().chain(indicator).collect(), STEP)?;
        }
        Ok(())
    }
}

fn fill(column: &mut Column<'_>, with: &Filler) {
    if !column.values.iter().any(|x| x.is_nan()) {
        return;
    }
    let value = match (with, &column.kind) {
        (Filler::Number(value), _) => *value,
        (Filler::Text(text), Kind::Categorical(names)) => match names.iter().position(|name| name == text) {
            Some(code) => code as f64,
            None => {
                let code = names.partition_point(|name| name < text);
                let mut more = names.to_vec();
                more.insert(code, text.clone());
                // The names behind it move on by one.
                column.values.to_mut().iter_mut().filter(|x| **x >= code as f64).for_each(|x| *x += 1.0);
                column.kind = Kind::Categorical(Arc::from(more));
                code as f64
            }
        },
        (Filler::Text(_), _) => return,
    };
    column.values.to_mut().iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = value);
}
