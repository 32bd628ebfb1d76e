//! The categories that a fit saw in a column, and where the values of later data stand among them.

use crate::error::FeatureError;
use crate::working::Column;
use ironbook_data::Kind;
use serde::{Deserialize, Serialize};

/// More distinct numbers than this are no categories.
pub(crate) const MOST: usize = 10_000;

/// The distinct values of a column, in ascending order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Levels {
    /// Names of a text column.
    Text(Vec<String>),
    /// Values of a numeric column.
    Numbers(Vec<f64>),
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the level of this number.
    Level(usize),
    /// It is missing.
    Missing,
    /// The fit did not see it.
    Unknown,
}

impl Levels {
    /// The levels that have rows, and how many each.
    pub(crate) fn of(column: &Column<'_>, step: &'static str) -> Result<(Self, Vec<usize>), FeatureError> {
        if let Kind::Categorical(names) = &column.kind {
            let mut counts = vec![0; names.len()];
            column.values.iter().filter(|value| !value.is_nan()).for_each(|&code| counts[code as usize] += 1);
            let mut seen: Vec<_> = names.iter().cloned().zip(counts).filter(|(_, count)| *count > 0).collect();
            // Names of a matrix that is not made from a frame can stand in any order, and twice.
            seen.sort();
            seen.dedup_by(|later, first| {
                let same = later.0 == first.0;
                first.1 += if same { later.1 } else { 0 };
                same
            });
            let (names, counts) = seen.into_iter().unzip();
            return Ok((Levels::Text(names), counts));
        }
        column.refuse_infinite(step)?;
        let (mut values, mut counts): (Vec<f64>, Vec<usize>) = (Vec::new(), Vec::new());
        for &value in column.values.iter().filter(|value| !value.is_nan()) {
            match place(&values, value) {
                Ok(at) => counts[at] += 1,
                Err(_) if values.len() == MOST => {
                    return Err(FeatureError::ManyLevels { column: column.name.clone(), step, most: MOST });
                }
                Err(at) => {
                    values.insert(at, value + 0.0);
                    counts.insert(at, 1);
                }
            }
        }
        Ok((Levels::Numbers(values), counts))
    }

    /// Number of levels.
    pub(crate) fn len(&self) -> usize {
        match self {
            Levels::Text(names) => names.len(),
            Levels::Numbers(values) => values.len(),
        }
    }

    /// A level in words.
    pub(crate) fn name(&self, level: usize) -> String {
        match self {
            Levels::Text(names) => names[level].clone(),
            Levels::Numbers(values) => values[level].to_string(),
        }
    }

    /// Where each row stands.
    pub(crate) fn places(&self, column: &Column<'_>) -> Vec<Place> {
        let found = |at: Option<usize>| at.map_or(Place::Unknown, Place::Level);
        match (self, &column.kind) {
            (Levels::Text(known), Kind::Categorical(names)) => {
                let place = |name: &String| found(known.binary_search(name).ok());
                // One row of a column of many names looks for its own only.
                let of_code: Vec<Place> =
                    if column.values.len() < names.len() { Vec::new() } else { names.iter().map(place).collect() };
                let of = |&value: &f64| match value {
                    value if value.is_nan() => Place::Missing,
                    value => of_code.get(value as usize).copied().unwrap_or_else(|| place(&names[value as usize])),
                };
                column.values.iter().map(of).collect()
            }
            (Levels::Numbers(known), Kind::Numeric | Kind::Time) => {
                let of = |&v: &f64| if v.is_nan() { Place::Missing } else { found(place(known, v).ok()) };
                column.values.iter().map(of).collect()
            }
            _ => column.values.iter().map(|v| if v.is_nan() { Place::Missing } else { Place::Unknown }).collect(),
        }
    }
}

/// Position of a number, 0 and -0 being one.
fn place(values: &[f64], value: f64) -> Result<usize, usize> {
    values.binary_search_by(|v| v.total_cmp(&(value + 0.0)))
}

/// The value of a row in words.
pub(crate) fn value_of(column: &Column<'_>, row: usize) -> String {
    let value = column.values[row];
    match column.kind.categories() {
        _ if value.is_nan() => "missing".to_owned(),
        Some(names) => format!("\"{}\"", names[value as usize]),
        None => value.to_string(),
    }
}
