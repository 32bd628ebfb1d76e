//! Columns of a table as the numbers that a network reads.

use crate::error::NnError;
use candle_core::{Device, Tensor};
use ironbook_data::Kind;
use ironbook_learn::{LearnError, Signature};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How each column is read; numbers first in the network's input, then the codes of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Encoding {
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Column {
    /// `(x - mean) / scale`; `missing` if the fit saw missing values, which then get a column of their own.
    Number { mean: f64, scale: f64, missing: bool },
    /// Codes from 1; 0 for what is missing or was not seen.
    Text { names: usize },
}

impl Encoding {
    /// Learns means and deviations; refuses infinities.
    pub(super) fn fit(signature: &Signature, columns: &[Cow<'_, [f64]>]) -> Result<Self, LearnError> {
        let column = |(feature, values): (&ironbook_learn::Feature, &Cow<'_, [f64]>)| match &feature.kind {
            Kind::Categorical(names) => Ok(Column::Text { names: names.len() }),
            Kind::Numeric | Kind::Time => {
                finite(&feature.name, values)?;
                Ok(number(values))
            }
        };
        let columns = signature.features.iter().zip(columns).map(column).collect::<Result<_, LearnError>>()?;
        Ok(Encoding { columns })
    }

    /// Numbers in the network's input, before the codes.
    pub(super) fn numbers(&self) -> usize {
        let width = |column: &Column| match column {
            Column::Number { missing, .. } => 1 + usize::from(*missing),
            Column::Text { .. } => 0,
        };
        self.columns.iter().map(width).sum()
    }

    /// Rows of the table of vectors of each text column: its names, and one for all others.
    pub(super) fn tables(&self) -> Vec<usize> {
        let rows = |column: &Column| match column {
            Column::Text { names } => Some(names + 1),
            Column::Number { .. } => None,
        };
        self.columns.iter().filter_map(rows).collect()
    }

    /// The network's input: `rows x (numbers + codes)`.
    pub(super) fn encode(&self, signature: &Signature, columns: &[Cow<'_, [f64]>]) -> Result<Tensor, LearnError> {
        let rows = columns.first().map_or(0, |c| c.len());
        let width = self.numbers() + self.tables().len();
        let mut out = vec![0f32; rows * width];
        let (mut at, mut code) = (0, self.numbers());
        for ((column, values), feature) in self.columns.iter().zip(columns).zip(&signature.features) {
            match *column {
                Column::Number { mean, scale, missing } => {
                    finite(&feature.name, values)?;
                    for (row, &x) in out.chunks_mut(width).zip(values.iter()) {
                        row[at] = if x.is_nan() { 0.0 } else { ((x - mean) / scale) as f32 };
                        if missing {
                            row[at + 1] = f32::from(u8::from(x.is_nan()));
                        }
                    }
                    at += 1 + usize::from(missing);
                }
                Column::Text { .. } => {
                    for (row, &x) in out.chunks_mut(width).zip(values.iter()) {
                        row[code] = if x.is_nan() { 0.0 } else { x as f32 + 1.0 };
                    }
                    code += 1;
                }
            }
        }
        Tensor::from_vec(out, (rows, width), &Device::Cpu).map_err(|e| failed(e.into()))
    }
}

/// Refuses infinite values; missing ones are fine.
fn finite(name: &str, values: &[f64]) -> Result<(), LearnError> {
    let infinite = values.iter().filter(|x| x.is_infinite()).count();
    if infinite == 0 {
        return Ok(());
    }
    Err(LearnError::NotFinite { column: name.to_owned(), nan: 0, infinite, rows: values.len() })
}

fn number(values: &[f64]) -> Column {
    let known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let n = known.len().max(1) as f64;
    let mean = known.iter().sum::<f64>() / n;
    let deviation = (known.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    let missing = known.len() < values.len();
    // A constant column, or one whose sums overflow, carries nothing.
    let usable = deviation.is_finite() && deviation > 0.0;
    Column::Number {
        mean: if mean.is_finite() { mean } else { 0.0 },
        scale: if usable { deviation } else { 1.0 },
        missing,
    }
}

/// An error of the network as one of the model.
pub(super) fn failed(error: NnError) -> LearnError {
    match error {
        NnError::Interrupted(interrupted) => LearnError::Interrupted(interrupted),
        error => LearnError::Network(Box::new(error)),
    }
}
