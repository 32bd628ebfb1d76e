//! Columns of a frame as plain Rust vectors.

use crate::error::DataError;
use crate::kind::Kind;
use crate::near::near;
use polars::prelude::{Column, DataFrame, DataType, Float64Chunked, IntoLazy, NonExistent, TimeUnit, col, lit};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Columns as vectors, for charts, metrics and code of one's own.
pub trait FrameExt {
    /// A numeric or boolean column as `f64`; null becomes NaN, `true` 1.
    ///
    /// # Errors
    /// [`DataError::UnknownColumn`], [`DataError::NotNumeric`].
    fn floats(&self, name: &str) -> Result<Vec<f64>, DataError>;

    /// A column as text; numbers and dates as they are shown.
    ///
    /// # Errors
    /// [`DataError::UnknownColumn`]; [`DataError::Nulls`] if it has nulls.
    fn strings(&self, name: &str) -> Result<Vec<String>, DataError>;

    /// A boolean column.
    ///
    /// # Errors
    /// [`DataError::UnknownColumn`], [`DataError::NotBoolean`]; [`DataError::Nulls`] if it has nulls.
    fn bools(&self, name: &str) -> Result<Vec<bool>, DataError>;
}

impl FrameExt for DataFrame {
    fn floats(&self, name: &str) -> Result<Vec<f64>, DataError> {
        let mut out = Vec::with_capacity(self.height());
        push_floats(find(self, name)?, &mut out)?;
        Ok(out)
    }

    fn strings(&self, name: &str) -> Result<Vec<String>, DataError> {
        let column = find(self, name)?;
        refuse_nulls(column)?;
        let text = column.cast(&DataType::String)?;
        Ok(text.str()?.iter().flatten().map(str::to_owned).collect())
    }

    fn bools(&self, name: &str) -> Result<Vec<bool>, DataError> {
        let column = find(self, name)?;
        if column.dtype() != &DataType::Boolean {
            return Err(DataError::NotBoolean { name: name.to_owned(), dtype: column.dtype().clone() });
        }
        refuse_nulls(column)?;
        Ok(column.bool()?.iter().flatten().collect())
    }
}

/// The column, or an error with near names.
pub(crate) fn find<'a>(df: &'a DataFrame, name: &str) -> Result<&'a Column, DataError> {
    df.column(name).map_err(|_| {
        let columns: Vec<String> = df.get_column_names().iter().map(ToString::to_string).collect();
        let near = near(name, columns.iter().map(String::as_str));
        DataError::UnknownColumn { name: name.to_owned(), near, columns }
    })
}

fn refuse_nulls(column: &Column) -> Result<(), DataError> {
    match column.null_count() {
        0 => Ok(()),
        count => Err(DataError::Nulls { name: column.name().to_string(), count, rows: column.len() }),
    }
}

/// Appends a column's values as `f64`, whatever they are: text as codes, times as seconds; null becomes NaN.
pub(crate) fn push_values(column: &Column, out: &mut Vec<f64>) -> Result<Kind, DataError> {
    match column.dtype() {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => push_codes(column, out),
        DataType::Date | DataType::Datetime(..) => {
            push_seconds(column, out)?;
            Ok(Kind::Time)
        }
        DataType::Time => {
            let first = out.len();
            push_floats(&column.cast(&DataType::Int64)?, out)?;
            out[first..].iter_mut().for_each(|ns| *ns /= 1e9);
            Ok(Kind::Time)
        }
        _ => push_floats(column, out).map(|()| Kind::Numeric),
    }
}

/// Text as the numbers of its distinct values, which are in alphabetical order.
fn push_codes(column: &Column, out: &mut Vec<f64>) -> Result<Kind, DataError> {
    let cast = column.cast(&DataType::String)?;
    let text = cast.str()?;
    let distinct: BTreeSet<&str> = text.iter().flatten().collect();
    let codes: HashMap<&str, f64> = distinct.iter().zip(0..).map(|(&name, code)| (name, f64::from(code))).collect();
    out.extend(text.iter().map(|value| value.map_or(f64::NAN, |value| codes[value])));
    let names: Arc<[String]> = distinct.into_iter().map(str::to_owned).collect();
    Ok(Kind::Categorical(names))
}

/// Times as seconds since 1970, by the wall clock of the column's time zone.
fn push_seconds(column: &Column, out: &mut Vec<f64>) -> Result<(), DataError> {
    let local = match column.dtype() {
        DataType::Datetime(_, Some(_)) => {
            let wall = col(column.name().clone()).dt().replace_time_zone(None, lit("raise"), NonExistent::Raise);
            column.clone().into_frame().lazy().select([wall]).collect()?.columns()[0].clone()
        }
        _ => column.clone(),
    };
    let first = out.len();
    let times = local.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?.cast(&DataType::Int64)?;
    push_floats(&times, out)?;
    out[first..].iter_mut().for_each(|us| *us /= 1e6);
    Ok(())
}

/// Appends a column's values as `f64`; null becomes NaN.
pub(crate) fn push_floats(column: &Column, out: &mut Vec<f64>) -> Result<(), DataError> {
    let dtype = column.dtype();
    if !(dtype.is_primitive_numeric() || matches!(dtype, DataType::Boolean | DataType::Decimal(..) | DataType::Null)) {
        return Err(DataError::NotNumeric { name: column.name().to_string(), dtype: dtype.clone() });
    }
    let cast = column.cast(&DataType::Float64)?;
    let floats: &Float64Chunked = cast.f64()?;
    for array in floats.downcast_iter() {
        match array.validity().filter(|bits| bits.unset_bits() > 0) {
            None => out.extend_from_slice(array.values().as_slice()),
            Some(bits) => {
                out.extend(array.values().iter().zip(bits.iter()).map(|(&v, valid)| if valid { v } else { f64::NAN }));
            }
        }
    }
    Ok(())
}
