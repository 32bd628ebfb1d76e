//! Columns of dates and times, which are shown and not tested.

use crate::error::DriftError;
use crate::report::{Both, Detail};
use polars::prelude::{Column, DataType};

/// The first and the last time of both columns.
///
/// # Errors
/// [`DriftError::Polars`], should a cast fail.
pub(crate) fn range(reference: &Column, current: &Column) -> Result<Detail, DriftError> {
    let [reference, current] = [ends(reference)?, ends(current)?];
    let [first_reference, last_reference] = reference;
    let [first_current, last_current] = current;
    Ok(Detail::Times {
        first: Both::new(first_reference, first_current),
        last: Both::new(last_reference, last_current),
    })
}

fn ends(column: &Column) -> Result<[Option<String>; 2], DriftError> {
    let series = column.as_materialized_series();
    let [least, most] = [series.min_reduce()?, series.max_reduce()?];
    let text = |scalar: polars::prelude::Scalar| -> Result<Option<String>, DriftError> {
        let text = scalar.into_series("".into()).cast(&DataType::String)?;
        Ok(text.str()?.get(0).map(|text| text.trim_end_matches(".000000").trim_end_matches(".000").to_owned()))
    };
    Ok([text(least)?, text(most)?])
}
