//! The formats of requests and answers.

mod csv;
pub(crate) mod mlflow;
pub(crate) mod oip;
pub(crate) mod own;
pub(crate) mod scan;
mod table;
pub(crate) mod write;

pub(crate) use csv::read as read_csv;

use crate::contract::{Offence, Rows};
use scan::Malformed;

/// Why a request cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is no JSON.
    Malformed(Malformed),
    /// It is not of the form that was expected, in words.
    Form(String),
    /// Fields of it are not what the model reads.
    Fields(Vec<Offence>),
}

impl From<Malformed> for Unreadable {
    fn from(malformed: Malformed) -> Self {
        Unreadable::Malformed(malformed)
    }
}

pub(crate) type Read<T> = Result<T, Unreadable>;

pub(crate) fn form<T>(message: impl Into<String>) -> Read<T> {
    Err(Unreadable::Form(message.into()))
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Method {
    /// A prediction for each row.
    #[default]
    Predict,
    /// The probability of each class.
    Proba,
}

/// Rows, and what is asked about them.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) rows: Rows,
    pub(crate) method: Method,
}
