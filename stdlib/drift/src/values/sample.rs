//! What is known of one column of one table.

use super::categories::Categories;
use super::numbers::Numbers;
use super::read::{Class, class, numbers, texts, times};
use crate::error::DriftError;
use polars::prelude::{Column, DataType, IntoSeries as _, NewChunkedArray as _, TimeUnit};
use std::cmp::Ordering;

/// One column of one table.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    Numbers(Numbers),
    Text(Texts),
    Times(Times),
    /// Values that are only counted.
    Other {
        missing: u64,
    },
}

/// The different texts of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// Each text and how often it occurs, in the order of the texts.
    pub counts: Vec<(String, u64)>,
    pub missing: u64,
    /// Whether there are more than could be counted, so that `counts` says nothing.
    pub too_many: bool,
}

/// The times of a column.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    /// The first and the last, as its type has them in memory; none without values.
    pub ends: Option<[i64; 2]>,
    pub dtype: DataType,
    pub missing: u64,
}

/// Looks at a column.
///
/// # Errors
/// [`DriftError::Polars`], should a cast fail.
pub(crate) fn sample(column: &Column) -> Result<Sample, DriftError> {
    Ok(match class(column.dtype()) {
        Class::Whole | Class::Number | Class::Boolean => Sample::Numbers(numbers(column)?),
        Class::Text => Sample::Text(texts(column)?),
        Class::Time => Sample::Times(times(column)?),
        Class::Null | Class::Other => Sample::Other { missing: column.null_count() as u64 },
    })
}

impl Sample {
    /// Values that are null or NaN.
    pub fn missing(&self) -> u64 {
        match self {
            Sample::Numbers(numbers) => numbers.missing(),
            Sample::Text(texts) => texts.missing,
            Sample::Times(times) => times.missing,
            Sample::Other { missing } => *missing,
        }
    }
}

impl Times {
    /// The first and the last as text.
    ///
    /// # Errors
    /// [`DriftError::Polars`], should a cast fail.
    pub fn shown(&self) -> Result<[Option<String>; 2], DriftError> {
        let Some(ends) = self.ends else { return Ok([None, None]) };
        if !ends.iter().all(|end| has_calendar(*end, &self.dtype)) {
            return Ok(ends.map(|end| Some(format!("{end} as {}", self.dtype))));
        }
        let physical = polars::prelude::Int64Chunked::from_slice("".into(), &ends).into_series();
        let text = physical.cast(&self.dtype.to_physical())?.cast(&self.dtype)?.cast(&DataType::String)?;
        let text = text.str()?;
        // Whole seconds need no point.
        let short =
            |at| text.get(at).map(|t| t.trim_end_matches('0').strip_suffix('.').unwrap_or(t).replace(".000000", ""));
        Ok([short(0), short(1)])
    }
}

/// Days from 1970 on that calendars know; polars cannot write others.
const DAYS: i64 = 95_000_000;

/// Whether there is a date or time for what a type has in memory.
fn has_calendar(value: i64, dtype: &DataType) -> bool {
    let day = 86_400;
    match dtype {
        DataType::Date => value.abs() < DAYS,
        DataType::Datetime(TimeUnit::Milliseconds, _) => (value / (day * 1000)).abs() < DAYS,
        DataType::Datetime(TimeUnit::Microseconds, _) => (value / (day * 1_000_000)).abs() < DAYS,
        DataType::Time => (0..day * 1_000_000_000).contains(&value),
        _ => true,
    }
}

/// The texts of both tables as categories.
pub(crate) fn together(reference: &Texts, current: &Texts) -> Categories {
    let (mut left, mut right) = (reference.counts.iter().peekable(), current.counts.iter().peekable());
    let next = || {
        let order = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        let a = if order.is_le() { left.next() } else { None };
        let b = if order.is_ge() { right.next() } else { None };
        let name = a.or(b).map(|(name, _)| name.clone())?;
        Some((name, [a.map_or(0, |(_, count)| *count), b.map_or(0, |(_, count)| *count)]))
    };
    Categories::new(std::iter::from_fn(next))
}
