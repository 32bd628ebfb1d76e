//! Columns of polars, counted: one pass and one sort each, no sort where the numbers are whole and close together.

use super::numbers::{Nature, Numbers};
use super::sample::{Texts, Times};
use crate::error::DriftError;
use polars::prelude::{ChunkedArray, Column, DataType, Float64Chunked, PolarsNumericType};
use std::collections::HashMap;

/// What kind of values a column's type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Whole numbers.
    Whole,
    /// Other numbers.
    Number,
    Boolean,
    Text,
    /// Dates and times.
    Time,
    /// No value at all, so that there is no type.
    Null,
    /// Lists, structs, binary data, durations.
    Other,
}

pub(crate) fn class(dtype: &DataType) -> Class {
    match dtype {
        DataType::Float32 | DataType::Float64 | DataType::Decimal(..) => Class::Number,
        dtype if dtype.is_integer() => Class::Whole,
        DataType::Boolean => Class::Boolean,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Class::Text,
        DataType::Date | DataType::Datetime(..) | DataType::Time => Class::Time,
        DataType::Null => Class::Null,
        _ => Class::Other,
    }
}

/// Largest table of counts, whatever the number of rows.
const TABLE: usize = 1 << 16;

/// A column of numbers or booleans, counted.
///
/// # Errors
/// [`DriftError::Polars`], should a cast fail.
pub(super) fn numbers(column: &Column) -> Result<Numbers, DriftError> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        DataType::Int8 => whole(series.i8()?, i64::from),
        DataType::Int16 => whole(series.i16()?, i64::from),
        DataType::Int32 => whole(series.i32()?, i64::from),
        DataType::Int64 => whole(series.i64()?, |v| v),
        DataType::UInt8 => whole(series.u8()?, i64::from),
        DataType::UInt16 => whole(series.u16()?, i64::from),
        DataType::UInt32 => whole(series.u32()?, i64::from),
        DataType::Boolean => whole(series.cast(&DataType::UInt8)?.u8()?, i64::from),
        DataType::Float64 => floats(series.f64()?, Nature::default()),
        DataType::Float32 => {
            floats(series.cast(&DataType::Float64)?.f64()?, Nature { single: true, ..Nature::default() })
        }
        other => {
            let nature = Nature { whole: other.is_integer(), ..Nature::default() };
            floats(series.cast(&DataType::Float64)?.f64()?, nature)
        }
    })
}

/// Calls with each value that is not null.
fn each<T: PolarsNumericType>(column: &ChunkedArray<T>, mut take: impl FnMut(T::Native)) {
    for array in column.downcast_iter() {
        match array.validity().filter(|bits| bits.unset_bits() > 0) {
            None => array.values().iter().for_each(|&value| take(value)),
            Some(bits) => array.values().iter().zip(bits.iter()).for_each(|(&value, valid)| {
                if valid {
                    take(value);
                }
            }),
        }
    }
}

fn whole<T: PolarsNumericType>(column: &ChunkedArray<T>, to: impl Fn(T::Native) -> i64 + Copy) -> Numbers {
    let nature = Nature { missing: column.null_count() as u64, whole: true, ..Nature::default() };
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    each(column, |value| (low, high) = (low.min(to(value)), high.max(to(value))));
    match span(low, high, column.len()) {
        Some(span) => {
            let mut table = vec![0u64; span + 1];
            each(column, |value| table[(to(value) - low) as usize] += 1);
            tabled(low, &table, nature)
        }
        None => {
            let mut keys = Vec::with_capacity(column.len());
            each(column, |value| keys.push(to(value)));
            keys.sort_unstable();
            runs(&keys, |key| key as f64, nature)
        }
    }
}

/// The span of whole numbers, where a table of it is worth more than a sort.
fn span(low: i64, high: i64, rows: usize) -> Option<usize> {
    let span = usize::try_from(high.checked_sub(low)?).ok()?;
    (span < TABLE.max(4 * rows)).then_some(span)
}

fn tabled(low: i64, table: &[u64], nature: Nature) -> Numbers {
    let present = table.iter().zip(low..).filter(|(count, _)| **count > 0);
    merged(present.map(|(&count, value)| (value as f64, count)), nature)
}

fn floats(column: &Float64Chunked, nature: Nature) -> Numbers {
    let mut finite = Vec::with_capacity(column.len());
    let (mut missing, mut infinite) = (column.null_count() as u64, 0);
    let (mut low, mut high, mut all_whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
    each(column, |value| {
        if value.is_finite() {
            all_whole &= value.trunc() == value;
            (low, high) = (low.min(value), high.max(value));
            finite.push(value);
        } else if value.is_nan() {
            missing += 1;
        } else {
            infinite += 1;
        }
    });
    let nature = Nature { missing, infinite, ..nature };
    // Beyond 2^53 not each whole number is a float.
    if all_whole
        && low.abs().max(high.abs()) < 9e15
        && let Some(span) = span(low as i64, high as i64, finite.len())
    {
        let mut table = vec![0u64; span + 1];
        finite.iter().for_each(|value| table[(value - low) as usize] += 1);
        return tabled(low as i64, &table, nature);
    }
    // -0.0 is 0.0.
    let mut keys: Vec<u64> = finite.into_iter().map(|value| float_key(value + 0.0)).collect();
    keys.sort_unstable();
    runs(&keys, key_float, nature)
}

/// Sorted keys as different values and their counts.
fn runs<K: Copy + PartialEq>(keys: &[K], value: impl Fn(K) -> f64, nature: Nature) -> Numbers {
    merged(keys.chunk_by(|a, b| a == b).map(|run| (value(run[0]), run.len() as u64)), nature)
}

/// Values in ascending order with their counts, each once.
fn merged(pairs: impl Iterator<Item = (f64, u64)>, nature: Nature) -> Numbers {
    let (mut values, mut counts): (Vec<f64>, Vec<u64>) = (Vec::new(), Vec::new());
    for (value, count) in pairs {
        // Whole numbers beyond 2^53 can be one float.
        match values.last() {
            Some(last) if *last == value => *counts.last_mut().expect("one count per value") += count,
            _ => {
                values.push(value);
                counts.push(count);
            }
        }
    }
    Numbers::new(values, counts, nature)
}

/// Bits in the order of the floats.
pub(super) fn float_key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The float of such bits.
pub(super) fn key_float(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ (1 << 63) } else { !key })
}

/// A column of text, counted.
///
/// # Errors
/// [`DriftError::Polars`], should a cast fail.
pub(super) fn texts(column: &Column) -> Result<Texts, DriftError> {
    let series = column.as_materialized_series().cast(&DataType::String)?;
    let mut known: HashMap<&str, u64> = HashMap::new();
    series.str()?.iter().flatten().for_each(|text| *known.entry(text).or_default() += 1);
    let mut counts: Vec<(&str, u64)> = known.into_iter().collect();
    counts.sort_unstable();
    let counts = counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect();
    Ok(Texts { counts, missing: series.null_count() as u64, too_many: false })
}

/// The first and the last of a column of times.
///
/// # Errors
/// [`DriftError::Polars`], should a cast fail.
pub(super) fn times(column: &Column) -> Result<Times, DriftError> {
    let physical = column.to_physical_repr().cast(&DataType::Int64)?;
    let mut ends: Option<[i64; 2]> = None;
    each(physical.i64()?, |time| ends = Some(ends.map_or([time; 2], |[low, high]| [low.min(time), high.max(time)])));
    Ok(Times { ends, dtype: column.dtype().clone(), missing: column.null_count() as u64 })
}
