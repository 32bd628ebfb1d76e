//! Values of a set.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value of the set that [`one_of`](crate::Expectations::one_of) takes; texts, numbers and booleans become one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Member {
    /// A text, for columns of text and categories.
    Text(String),
    /// A number.
    Number(f64),
    /// A boolean.
    Bool(bool),
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Text(text) => f.write_str(text),
            Member::Number(number) => write!(f, "{number}"),
            Member::Bool(value) => write!(f, "{value}"),
        }
    }
}

impl From<&str> for Member {
    fn from(text: &str) -> Self {
        Member::Text(text.to_owned())
    }
}

impl From<&&str> for Member {
    fn from(text: &&str) -> Self {
        Member::Text((*text).to_owned())
    }
}

impl From<String> for Member {
    fn from(text: String) -> Self {
        Member::Text(text)
    }
}

impl From<&String> for Member {
    fn from(text: &String) -> Self {
        Member::Text(text.clone())
    }
}

impl From<f64> for Member {
    fn from(number: f64) -> Self {
        Member::Number(number)
    }
}

impl From<i32> for Member {
    fn from(number: i32) -> Self {
        Member::Number(number.into())
    }
}

impl From<u32> for Member {
    fn from(number: u32) -> Self {
        Member::Number(number.into())
    }
}

impl From<bool> for Member {
    fn from(value: bool) -> Self {
        Member::Bool(value)
    }
}
