//! What the numbers of a feature column stand for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What the numbers of a column stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Numbers; booleans are 0 and 1.
    #[default]
    Numeric,
    /// Codes: value `k` stands for the `k`-th of these names, in the order of the names.
    ///
    /// Two columns with the same text can have other codes: models compare names, never codes.
    Categorical(Arc<[String]>),
    /// Seconds since 1970-01-01 00:00, by the clock of the column's own time zone.
    Time,
}

impl Kind {
    /// The names of a categorical column, in the order of its codes.
    pub fn categories(&self) -> Option<&Arc<[String]>> {
        match self {
            Kind::Categorical(names) => Some(names),
            Kind::Numeric | Kind::Time => None,
        }
    }
}

/// `numbers`, `text (EWR, JFK, LGA)`, `time`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Numeric => f.write_str("numbers"),
            Kind::Time => f.write_str("time"),
            Kind::Categorical(names) => {
                let some: Vec<&str> = names.iter().take(4).map(String::as_str).collect();
                let more = if names.len() > 4 { ", .." } else { "" };
                write!(f, "text ({}{more})", some.join(", "))
            }
        }
    }
}
