//! What a parameter of a trial is set to, and what its choices are.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value of a parameter: a number, or one of several choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// Nothing: the choice that switches something off.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A name.
    Text(String),
}

impl ParamValue {
    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            ParamValue::Int(value) => Some(*value as f64),
            ParamValue::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        if let ParamValue::Int(value) = self { Some(*value) } else { None }
    }

    /// The name, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let ParamValue::Text(value) = self { Some(value) } else { None }
    }

    /// As Rust writes it: `"gbtree"`, `0.1`, `3`, `true`, `None`.
    ///
    /// ```
    /// # use ironbook_tune::ParamValue;
    /// assert_eq!(ParamValue::from("dart").to_rust(), "\"dart\"");
    /// assert_eq!(ParamValue::from(2.0).to_rust(), "2.0");
    /// ```
    pub fn to_rust(&self) -> String {
        match self {
            ParamValue::Null => "None".to_owned(),
            ParamValue::Bool(value) => value.to_string(),
            ParamValue::Int(value) => value.to_string(),
            ParamValue::Float(value) => format!("{value:?}"),
            ParamValue::Text(value) => format!("{value:?}"),
        }
    }

    /// Equal as Python's `==` says of choices: NaN equals NaN, and 1, 1.0 and true are one.
    pub(crate) fn same(&self, other: &ParamValue) -> bool {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a == b || a.is_nan() && b.is_nan(),
            (None, None) => self == other,
            _ => false,
        }
    }

    fn number(&self) -> Option<f64> {
        if let ParamValue::Bool(value) = self { Some(f64::from(u8::from(*value))) } else { self.as_f64() }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamValue::Null => f.write_str("null"),
            ParamValue::Bool(value) => value.fmt(f),
            ParamValue::Int(value) => value.fmt(f),
            ParamValue::Float(value) => write!(f, "{value:?}"),
            ParamValue::Text(value) => f.write_str(value),
        }
    }
}

impl From<bool> for ParamValue {
    fn from(value: bool) -> Self {
        ParamValue::Bool(value)
    }
}

impl From<f64> for ParamValue {
    fn from(value: f64) -> Self {
        ParamValue::Float(value)
    }
}

impl From<f32> for ParamValue {
    fn from(value: f32) -> Self {
        ParamValue::Float(f64::from(value))
    }
}

impl From<&str> for ParamValue {
    fn from(value: &str) -> Self {
        ParamValue::Text(value.to_owned())
    }
}

impl From<String> for ParamValue {
    fn from(value: String) -> Self {
        ParamValue::Text(value)
    }
}

impl<T: Into<ParamValue>> From<Option<T>> for ParamValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(ParamValue::Null, Into::into)
    }
}

/// One `impl` per whole type: the standard library has no trait over them.
macro_rules! whole {
    ($($type:ty),*) => {$(
        impl From<$type> for ParamValue {
            fn from(value: $type) -> Self {
                // Beyond i64 the nearest float says more than a wrapped number.
                i64::try_from(value).map_or(ParamValue::Float(value as f64), ParamValue::Int)
            }
        }
    )*};
}
whole!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
