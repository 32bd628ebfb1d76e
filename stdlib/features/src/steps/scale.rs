//! Columns brought to one scale.

use crate::error::FeatureError;
use crate::select::Select;
use crate::working::{Column, Working};
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};

/// Which scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum To {
    /// Mean 0 and standard deviation 1.
    Standard,
    /// 0 to 1.
    Unit,
}

/// `(x - from) / by` in the place of `x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    pub(crate) columns: Select,
    pub(crate) to: To,
}

/// Means and deviations, or minima and ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedScale {
    pub(crate) to: To,
    pub(crate) columns: Vec<Line>,
}

/// What one column is moved and divided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) column: String,
    pub(crate) from: f64,
    /// 1 for a constant column, which becomes 0.
    pub(crate) by: f64,
}

impl To {
    pub(crate) fn step(self) -> &'static str {
        match self {
            To::Standard => "standardise",
            To::Unit => "min_max",
        }
    }
}

impl Scale {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<FittedScale, FeatureError> {
        let step = self.to.step();
        let line = |j: usize| {
            let column = &working.columns[j];
            column.refuse_text(step)?;
            column.refuse_infinite(step)?;
            let present: Vec<f64> = column.values.iter().copied().filter(|x| !x.is_nan()).collect();
            if present.is_empty() {
                return Err(FeatureError::AllMissing { column: column.name.clone(), step, rows: working.rows });
            }
            let (from, by) = match self.to {
                To::Standard => standard(&present),
                To::Unit => unit(&present),
            };
            if !from.is_finite() || !by.is_finite() {
                return Err(FeatureError::TooLarge { column: column.name.clone(), step });
            }
            Ok(Line { column: column.name.clone(), from, by })
        };
        let columns = self.columns.resolve(working, step)?.into_iter().map(line).collect::<Result<_, _>>()?;
        Ok(FittedScale { to: self.to, columns })
    }
}

/// Mean and deviation (denominator n) of at least one value.
fn standard(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    // Differences from the first value keep a small spread around a large mean, and make a constant column exact.
    let shift = values[0];
    let off = values.iter().map(|x| x - shift).sum::<f64>() / n;
    let squares = values.iter().map(|x| (x - shift - off) * (x - shift - off)).sum::<f64>() / n;
    let mean = shift + off;
    // A spread within the rounding of the mean is none (the bound of scikit-learn's StandardScaler).
    let rounding = n * f64::EPSILON * squares + (n * mean * f64::EPSILON).powi(2);
    (mean, if squares <= rounding { 1.0 } else { squares.sqrt() })
}

/// Minimum and range of at least one value.
fn unit(values: &[f64]) -> (f64, f64) {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = max - min;
    (min, if range < 10.0 * f64::EPSILON { 1.0 } else { range })
}

impl FittedScale {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        let step = self.to.step();
        for Line { column, from, by } in &self.columns {
            let at = working.position(column, step)?;
            let column: &mut Column<'_> = &mut working.columns[at];
            column.refuse_text(step)?;
            column.refuse_infinite(step)?;
            column.values.to_mut().iter_mut().for_each(|x| *x = (*x - from) / by);
            column.kind = Kind::Numeric;
        }
        Ok(())
    }
}
