//! Which columns a step works on.

use crate::error::FeatureError;
use crate::working::Working;
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The columns of a step: by name, or all of a kind that there are when the step is fitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// These, which must be there.
    Names(Vec<String>),
    /// All columns of numbers.
    AllNumeric,
    /// All columns of text.
    AllText,
    /// All columns of times.
    AllTime,
    /// All columns.
    All,
}

/// All columns of numbers (booleans among them) that there are at this step.
pub fn all_numeric() -> Select {
    Select::AllNumeric
}

/// All columns of text that there are at this step.
pub fn all_text() -> Select {
    Select::AllText
}

/// All columns of times that there are at this step.
pub fn all_time() -> Select {
    Select::AllTime
}

impl Select {
    /// Numbers of the columns, in the order of their names or of the table.
    pub(crate) fn resolve(&self, working: &Working<'_>, step: &'static str) -> Result<Vec<usize>, FeatureError> {
        let of_kind = |wanted: fn(&Kind) -> bool| {
            (0..working.columns.len()).filter(|&j| wanted(&working.columns[j].kind)).collect()
        };
        match self {
            Select::All => Ok((0..working.columns.len()).collect()),
            Select::AllNumeric => Ok(of_kind(|kind| *kind == Kind::Numeric)),
            Select::AllText => Ok(of_kind(|kind| kind.categories().is_some())),
            Select::AllTime => Ok(of_kind(|kind| *kind == Kind::Time)),
            Select::Names(names) => {
                if let Some((_, name)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
                    return Err(FeatureError::NamedTwice { name: name.clone(), step });
                }
                names.iter().map(|name| working.position(name, step)).collect()
            }
        }
    }
}

/// `temp, wind`, `all numbers`.
impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Select::Names(names) => f.write_str(&names.join(", ")),
            Select::AllNumeric => f.write_str("all numbers"),
            Select::AllText => f.write_str("all text"),
            Select::AllTime => f.write_str("all times"),
            Select::All => f.write_str("all columns"),
        }
    }
}

impl From<&str> for Select {
    fn from(name: &str) -> Self {
        Select::Names(vec![name.to_owned()])
    }
}

impl From<String> for Select {
    fn from(name: String) -> Self {
        Select::Names(vec![name])
    }
}

impl From<Vec<String>> for Select {
    fn from(names: Vec<String>) -> Self {
        Select::Names(names)
    }
}

impl From<&[&str]> for Select {
    fn from(names: &[&str]) -> Self {
        Select::Names(names.iter().map(|&name| name.to_owned()).collect())
    }
}

impl<const N: usize> From<[&str; N]> for Select {
    fn from(names: [&str; N]) -> Self {
        names.as_slice().into()
    }
}

impl<const N: usize> From<&[&str; N]> for Select {
    fn from(names: &[&str; N]) -> Self {
        names.as_slice().into()
    }
}
