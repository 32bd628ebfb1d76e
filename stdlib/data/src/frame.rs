//! Columns of a frame as plain Rust vectors.

use crate::error::DataError;
use crate::near::near;
use polars::prelude::{Column, DataFrame, DataType, Float64Chunked};

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
