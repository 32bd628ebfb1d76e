//! The logarithm of one plus a value.

use crate::error::FeatureError;
use crate::select::Select;
use crate::working::{Column, Working};
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};

const STEP: &str = "log1p";

/// `ln(1 + x)` in the place of `x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log1p {
    pub(crate) columns: Select,
}

/// The columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedLog1p {
    pub(crate) columns: Vec<String>,
}

impl Log1p {
    pub(crate) fn fit(&self, working: &Working<'_>) -> Result<FittedLog1p, FeatureError> {
        let columns = self.columns.resolve(working, STEP)?;
        Ok(FittedLog1p { columns: columns.into_iter().map(|j| working.columns[j].name.clone()).collect() })
    }
}

impl FittedLog1p {
    pub(crate) fn apply(&self, working: &mut Working<'_>) -> Result<(), FeatureError> {
        for name in &self.columns {
            let at = working.position(name, STEP)?;
            let column = &mut working.columns[at];
            defined(column)?;
            column.values.to_mut().iter_mut().for_each(|x| *x = x.ln_1p());
            column.kind = Kind::Numeric;
        }
        Ok(())
    }
}

fn defined(column: &Column<'_>) -> Result<(), FeatureError> {
    column.refuse_text(STEP)?;
    column.refuse_infinite(STEP)?;
    match column.values.iter().position(|x| *x <= -1.0) {
        None => Ok(()),
        Some(row) => Err(FeatureError::OutOfRange {
            column: column.name.clone(),
            step: STEP,
            row,
            value: column.values[row],
            needs: "the logarithm of 1 + x needs x > -1: shift the column, or scale it with standardise instead",
        }),
    }
}
