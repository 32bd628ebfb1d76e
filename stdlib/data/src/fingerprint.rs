//! What identifies the content of a frame.

use crate::error::DataError;
use ironbook_core::{Bundle, Display};
use polars::prelude::{AnyValue, Column, DataFrame, DataType};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A BLAKE3 hash over a frame's content.
///
/// It covers the names, order and types of the columns (the fields of structs and the categories of an enum among them), the number
/// of rows, and every value in order. Equal content gives an equal fingerprint, whatever file it was read from and however polars keeps
/// it in chunks or codes. A null differs from every value; all NaN are one value; 0.0 and -0.0 differ; the same numbers in another type
/// (`i32`, `i64`) differ.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// All 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash as a fingerprint.
    pub(crate) fn of(hash: &blake3::Hash) -> Self {
        Fingerprint(hash.to_hex().to_string())
    }

    /// The first 12 digits, enough to tell the data of one project apart.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(12)]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.0)
    }
}

impl Display for Fingerprint {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.0.clone())
    }
}

/// Changes with the canonical form below, so that fingerprints of different forms cannot agree.
const FORM: &str = "ironbook frame 2";

/// The fingerprint of a frame; time is linear in its bytes, about a gigabyte a second.
///
/// # Errors
/// [`DataError::Polars`], if polars cannot convert a column to its physical form.
pub fn fingerprint(df: &DataFrame) -> Result<Fingerprint, DataError> {
    let mut sink = Sink::default();
    sink.text(FORM);
    sink.number(df.height() as u64);
    sink.number(df.width() as u64);
    for column in df.columns() {
        sink.text(column.name());
        dtype(column.dtype(), &mut sink);
        values(column, &mut sink)?;
    }
    Ok(Fingerprint(sink.finish()))
}

/// A type with all that belongs to it; polars writes structs and enums without their names.
fn dtype(of: &DataType, sink: &mut Sink) {
    match of {
        DataType::List(inner) => {
            sink.text("list");
            dtype(inner, sink);
        }
        DataType::Array(inner, width) => {
            sink.text("array");
            sink.number(*width as u64);
            dtype(inner, sink);
        }
        DataType::Struct(fields) => {
            sink.text("struct");
            sink.number(fields.len() as u64);
            for field in fields {
                sink.text(field.name());
                dtype(field.dtype(), sink);
            }
        }
        DataType::Enum(categories, _) => {
            sink.text("enum");
            let names: Vec<&str> = categories.categories().values_iter().collect();
            sink.number(names.len() as u64);
            names.into_iter().for_each(|name| sink.text(name));
        }
        other => sink.text(&other.to_string()),
    }
}

/// Bytes on their way into the hash.
#[derive(Default)]
struct Sink {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Sink {
    fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= 1 << 16 {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// Length first, so that neighbours cannot run into each other.
    fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes(bytes);
    }

    fn finish(mut self) -> String {
        self.hasher.update(&self.buffer);
        self.hasher.finalize().to_hex().to_string()
    }
}

/// The positions of the nulls, then the values in little-endian bytes, zero where null.
fn values(column: &Column, sink: &mut Sink) -> Result<(), DataError> {
    nulls(column, sink);
    let physical = match column.dtype() {
        DataType::Decimal(..) | DataType::List(_) | DataType::Array(..) | DataType::Struct(_) => {
            return any_values(column, sink);
        }
        // Their codes depend on what else the process has seen.
        DataType::Categorical(..) | DataType::Enum(..) => column.cast(&DataType::String)?,
        _ => column.to_physical_repr(),
    };
    macro_rules! numbers {
        // chunked arrays of different types share no object-safe trait
        ($method:ident, $canonical:expr) => {
            for array in physical.$method()?.downcast_iter() {
                let valid = array.validity().filter(|bits| bits.unset_bits() > 0);
                match valid {
                    None => array.values().iter().for_each(|v| sink.bytes(&$canonical(*v).to_le_bytes())),
                    Some(bits) => {
                        let with_bits = array.values().iter().zip(bits.iter());
                        with_bits.for_each(|(v, valid)| {
                            sink.bytes(&$canonical(if valid { *v } else { Default::default() }).to_le_bytes())
                        });
                    }
                }
            }
        };
    }
    match physical.dtype() {
        DataType::Int8 => numbers!(i8, std::convert::identity),
        DataType::Int16 => numbers!(i16, std::convert::identity),
        DataType::Int32 => numbers!(i32, std::convert::identity),
        DataType::Int64 => numbers!(i64, std::convert::identity),
        DataType::UInt8 => numbers!(u8, std::convert::identity),
        DataType::UInt16 => numbers!(u16, std::convert::identity),
        DataType::UInt32 => numbers!(u32, std::convert::identity),
        DataType::UInt64 => numbers!(u64, std::convert::identity),
        DataType::Float32 => numbers!(f32, |v: f32| if v.is_nan() { f32::NAN } else { v }),
        DataType::Float64 => numbers!(f64, |v: f64| if v.is_nan() { f64::NAN } else { v }),
        DataType::Boolean => physical.bool()?.iter().for_each(|v| sink.bytes(&[u8::from(v == Some(true))])),
        DataType::String => physical.str()?.iter().for_each(|v| sink.text(v.unwrap_or_default())),
        DataType::Binary => physical.binary()?.iter().for_each(|v| sink.blob(v.unwrap_or_default())),
        DataType::Null => {}
        _ => return any_values(column, sink),
    }
    Ok(())
}

fn nulls(column: &Column, sink: &mut Sink) {
    sink.number(column.null_count() as u64);
    if column.null_count() > 0 && column.dtype() != &DataType::Null {
        let mask = column.is_null();
        mask.iter().enumerate().filter(|(_, null)| *null == Some(true)).for_each(|(i, _)| sink.number(i as u64));
    }
}

/// Nested and rare types, value by value.
fn any_values(column: &Column, sink: &mut Sink) -> Result<(), DataError> {
    for i in 0..column.len() {
        any_value(&column.get(i)?, sink)?;
    }
    Ok(())
}

/// A digest of one value of a nested type, `None` for null.
pub(crate) fn value_digest(value: &AnyValue<'_>) -> Result<Option<String>, DataError> {
    if matches!(value, AnyValue::Null) {
        return Ok(None);
    }
    let mut sink = Sink::default();
    any_value(value, &mut sink)?;
    Ok(Some(sink.finish()))
}

fn any_value(value: &AnyValue<'_>, sink: &mut Sink) -> Result<(), DataError> {
    match value {
        AnyValue::Null => sink.bytes(&[0]),
        AnyValue::List(series) | AnyValue::Array(series, _) => {
            sink.bytes(&[1]);
            sink.number(series.len() as u64);
            values(&Column::from(series.clone()), sink)?;
        }
        AnyValue::Struct(..) => {
            sink.bytes(&[2]);
            for field in value._iter_struct_av() {
                any_value(&field, sink)?;
            }
        }
        // A column of one value for all rows gives this form.
        AnyValue::StructOwned(fields) => {
            sink.bytes(&[2]);
            for field in &fields.0 {
                any_value(field, sink)?;
            }
        }
        AnyValue::Decimal(unscaled, _, scale) => {
            sink.bytes(&[3]);
            sink.bytes(&unscaled.to_le_bytes());
            sink.number(*scale as u64);
        }
        other => scalar(other, sink),
    }
    Ok(())
}

/// A value that is not nested.
fn scalar(value: &AnyValue<'_>, sink: &mut Sink) {
    if let Some(text) = value.get_str() {
        sink.bytes(&[4]);
        return sink.text(text);
    }
    match value {
        AnyValue::Boolean(v) => sink.bytes(&[5, u8::from(*v)]),
        AnyValue::Float32(_) | AnyValue::Float64(_) => {
            let v = value.extract::<f64>().filter(|v| !v.is_nan()).unwrap_or(f64::NAN);
            sink.bytes(&[6]);
            sink.bytes(&v.to_le_bytes());
        }
        AnyValue::Binary(bytes) => {
            sink.bytes(&[7]);
            sink.blob(bytes);
        }
        AnyValue::BinaryOwned(bytes) => {
            sink.bytes(&[7]);
            sink.blob(bytes);
        }
        // Whole numbers, and times in the units that they are counted in.
        other => match other.extract::<i128>() {
            Some(v) => {
                sink.bytes(&[8]);
                sink.bytes(&v.to_le_bytes());
            }
            None => {
                sink.bytes(&[9]);
                sink.text(&format!("{other:?}"));
            }
        },
    }
}
