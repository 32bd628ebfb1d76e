//! What a request has wrong, field by field.

use serde::Serialize;
use std::fmt;

/// Fields that are named at most; of those beyond only their number is said.
const MOST: usize = 100;
/// Characters of a found value that are repeated.
const SHOWN: usize = 40;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// The model reads it, and it is not there.
    Missing,
    /// The model does not know it.
    Unexpected,
    /// It is there twice.
    Repeated,
    /// Its value is of another kind than the model reads.
    WrongType,
    /// Its value is one that the model, or a step in front of it, refuses.
    Refused,
}

/// A field of a request and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offence {
    /// Name of the column.
    pub field: String,
    /// What is wrong.
    pub problem: Problem,
    /// Number of the first row concerned, from 0; none if it is all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// Number of rows concerned.
    pub rows: usize,
    /// What it should be, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// `"distance" holds "far" in row 3, expected numbers`.
impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ", self.field)?;
        match self.problem {
            Problem::Missing => f.write_str("is missing")?,
            Problem::Unexpected => f.write_str("is no column of the model")?,
            Problem::Repeated => f.write_str("is there twice")?,
            Problem::WrongType => write!(f, "holds {}", self.found.as_deref().unwrap_or("something else"))?,
            Problem::Refused => write!(f, "is refused: {}", self.found.as_deref().unwrap_or("it is not allowed"))?,
        }
        match (self.row, self.rows) {
            (Some(row), 0 | 1) => write!(f, " in row {row}")?,
            (Some(row), rows) => write!(f, " in row {row} and {} more", rows - 1)?,
            (None, _) => {}
        }
        match &self.expected {
            Some(expected) if matches!(self.problem, Problem::Missing | Problem::WrongType) => {
                write!(f, ", expected {expected}")
            }
            _ => Ok(()),
        }
    }
}

/// All that a request has wrong.
#[derive(Debug, Default)]
pub(crate) struct Offences {
    all: Vec<Offence>,
    more: usize,
}

impl Offences {
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Notes one; of the same kind in other rows only the number grows.
    pub(crate) fn add(&mut self, new: Offence) {
        let same = |old: &&mut Offence| old.problem == new.problem && old.field == new.field;
        if let Some(old) = self.all.iter_mut().find(same) {
            old.rows += 1;
        } else if self.all.len() < MOST {
            self.all.push(new);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn into_list(self) -> Vec<Offence> {
        self.all
    }
}

/// A found text for a message: in quotes, its end cut off if it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("\"{}..\"", &text[..at]),
        None => format!("\"{text}\""),
    }
}
