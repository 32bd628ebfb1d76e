//! How each expectation is checked.

use super::bounds::Bounds;
use super::member::Member;
use super::validation::{Offender, Validation, ValidationCheck, share};
use crate::cells::{Cell, grouped, shown};
use crate::error::DataError;
use crate::frame::{find, push_floats};
use polars::prelude::{BooleanChunked, Column, DataFrame, DataType, IntoLazy as _, col, lit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// Offending values that are shown.
const SHOWN: usize = 5;
/// Values of a set that are named.
const NAMED: usize = 8;

/// One expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Expectation {
    pub(super) columns: Vec<String>,
    pub(super) rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Rule {
    Columns,
    OnlyColumns,
    OfType(String),
    RowCount(Bounds),
    NotNull,
    MaxMissing(f64),
    Unique,
    InRange(Bounds),
    OneOf(Vec<Member>),
    Matches(String),
    MeanIn(Bounds),
}

/// What was found.
enum Found {
    /// One thing of the table or the column, and whether it is as expected.
    Whole(String, bool),
    /// Whether each row is against it.
    Rows(Vec<bool>),
}

pub(super) fn check(list: &[Expectation], df: &DataFrame) -> Result<Validation, DataError> {
    if list.is_empty() {
        return Err(DataError::NoExpectations);
    }
    let mut checks = Vec::with_capacity(list.len());
    for expectation in list {
        ironbook_core::check()?;
        checks.push(expectation.check(df)?);
    }
    let passed = checks.iter().all(|check| check.passed);
    Ok(Validation { rows: df.height(), passed, checks })
}

impl Expectation {
    fn check(&self, df: &DataFrame) -> Result<ValidationCheck, DataError> {
        let expected = self.rule.words(&self.columns);
        if let Some(problem) = self.rule.flaw(&self.columns) {
            return Err(DataError::Expectation { expected: self.named(&expected), problem });
        }
        let column = match self.rule {
            Rule::Columns | Rule::OnlyColumns | Rule::RowCount(_) => String::new(),
            _ => self.columns.join(", "),
        };
        let made = |found: String, violations: Option<usize>, offenders: Vec<Offender>, passed: bool| {
            Ok(ValidationCheck {
                column: column.clone(),
                expected: expected.clone(),
                found,
                violations,
                offenders,
                passed,
            })
        };
        match self.found(df) {
            Ok(Found::Whole(found, passed)) => made(found, None, Vec::new(), passed),
            Ok(Found::Rows(against)) => {
                let count = against.iter().filter(|against| **against).count();
                let found = format!("{} of {} rows against it", grouped(count), grouped(df.height()));
                made(found, Some(count), self.offenders(df, &against)?, count == 0)
            }
            // What cannot be looked at does not hold; the others are checked all the same.
            Err(
                error @ (DataError::UnknownColumn { .. } | DataError::NotNumeric { .. } | DataError::NotText { .. }),
            ) => {
                let words = error.to_string();
                let lines: Vec<&str> = match error {
                    DataError::UnknownColumn { .. } => words.lines().collect(),
                    _ => words.lines().take(1).collect(),
                };
                made(lines.join(": "), None, Vec::new(), false)
            }
            Err(DataError::Polars(error)) if matches!(self.rule, Rule::Matches(_)) => {
                Err(DataError::Expectation { expected: self.named(&expected), problem: error.to_string() })
            }
            Err(error) => Err(error),
        }
    }

    fn named(&self, expected: &str) -> String {
        match &self.columns[..] {
            [] => expected.to_owned(),
            columns => format!("{} {expected}", columns.join(", ")),
        }
    }

    fn found(&self, df: &DataFrame) -> Result<Found, DataError> {
        let single = || find(df, &self.columns[0]);
        Ok(match &self.rule {
            Rule::Columns | Rule::OnlyColumns => self.names(df),
            Rule::RowCount(bounds) => Found::Whole(grouped(df.height()), bounds.contains(df.height() as f64)),
            Rule::OfType(dtype) => {
                let found = single()?.dtype().to_string();
                let passed = found == *dtype;
                Found::Whole(found, passed)
            }
            Rule::NotNull => Found::Rows(missing(single()?)?),
            Rule::MaxMissing(most) => max_missing(&missing(single()?)?, *most),
            Rule::Unique => Found::Rows(self.repeated(df)?),
            Rule::InRange(bounds) => {
                Found::Rows(floats(single()?)?.iter().map(|&v| !v.is_nan() && !bounds.contains(v)).collect())
            }
            Rule::OneOf(members) => Found::Rows(outside(single()?, members)?),
            Rule::Matches(pattern) => Found::Rows(unlike(single()?, pattern)?),
            Rule::MeanIn(bounds) => mean_in(&floats(single()?)?, bounds),
        })
    }

    fn names(&self, df: &DataFrame) -> Found {
        let there: BTreeSet<&str> = df.get_column_names().into_iter().map(|name| name.as_str()).collect();
        let wanted: BTreeSet<&str> = self.columns.iter().map(String::as_str).collect();
        let list = |what: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")));
        let missing = list("missing", wanted.difference(&there).copied().collect());
        let more = match self.rule {
            Rule::OnlyColumns => list("not expected", there.difference(&wanted).copied().collect()),
            _ => None,
        };
        let found: Vec<String> = missing.into_iter().chain(more).collect();
        match found.is_empty() {
            true => Found::Whole(format!("{} columns", there.len()), true),
            false => Found::Whole(found.join("; "), false),
        }
    }

    fn repeated(&self, df: &DataFrame) -> Result<Vec<bool>, DataError> {
        let columns = self.columns.iter().map(|name| find(df, name)).collect::<Result<Vec<_>, _>>()?;
        let part = DataFrame::new_infer_height(columns.iter().map(|&column| column.clone()).collect())?;
        let mut repeated = bits(&part.is_duplicated()?);
        let missing = columns.iter().map(|column| missing(column)).collect::<Result<Vec<_>, _>>()?;
        for (row, repeated) in repeated.iter_mut().enumerate() {
            *repeated &= !missing.iter().all(|column| column[row]);
        }
        Ok(repeated)
    }

    /// The first rows that are against it, with their values.
    fn offenders(&self, df: &DataFrame, against: &[bool]) -> Result<Vec<Offender>, DataError> {
        let rows: Vec<usize> = (0..against.len()).filter(|&row| against[row]).take(SHOWN).collect();
        let mut values = vec![String::new(); rows.len()];
        for (at, name) in self.columns.iter().enumerate() {
            for (value, cell) in values.iter_mut().zip(shown(find(df, name)?, &rows).cells) {
                let text = match cell {
                    Cell::Null => "null".to_owned(),
                    Cell::Text(text) => text,
                };
                value.push_str(if at > 0 { ", " } else { "" });
                value.push_str(&text);
            }
        }
        Ok(rows.into_iter().zip(values).map(|(row, value)| Offender { row, value }).collect())
    }
}

impl Rule {
    /// What it asks for, in words.
    fn words(&self, columns: &[String]) -> String {
        match self {
            Rule::Columns => format!("has the columns {}", columns.join(", ")),
            Rule::OnlyColumns => format!("has the columns {} and no others", columns.join(", ")),
            Rule::OfType(dtype) => format!("of type {dtype}"),
            Rule::RowCount(bounds) => format!("number of rows in {bounds}"),
            Rule::NotNull => "not null".to_owned(),
            Rule::MaxMissing(most) => format!("at most {} missing", share(*most)),
            Rule::Unique if columns.len() > 1 => "unique together".to_owned(),
            Rule::Unique => "unique".to_owned(),
            Rule::InRange(bounds) => format!("in {bounds}"),
            Rule::OneOf(members) => {
                let named: Vec<String> = members.iter().take(NAMED).map(ToString::to_string).collect();
                format!("one of {}{}", named.join(", "), if members.len() > NAMED { ", .." } else { "" })
            }
            Rule::Matches(pattern) => format!("matches {pattern}"),
            Rule::MeanIn(bounds) => format!("mean in {bounds}"),
        }
    }

    /// What makes it one that no data can be held against, in words.
    fn flaw(&self, columns: &[String]) -> Option<String> {
        match self {
            Rule::RowCount(bounds) | Rule::InRange(bounds) | Rule::MeanIn(bounds) => bounds.flaw().map(str::to_owned),
            Rule::MaxMissing(most) if !(0.0..=1.0).contains(most) => {
                Some("the share is not between 0 and 1: give for instance 0.05".to_owned())
            }
            Rule::OneOf(members) if members.is_empty() => Some("the set is empty: name its values".to_owned()),
            Rule::OneOf(members) if members.iter().any(|m| matches!(m, Member::Number(n) if n.is_nan())) => {
                Some("NaN equals nothing: missing values are left out anyway".to_owned())
            }
            Rule::Columns | Rule::OnlyColumns | Rule::Unique if columns.is_empty() => {
                Some("no columns were named: name at least one".to_owned())
            }
            _ => None,
        }
    }
}

fn bits(mask: &BooleanChunked) -> Vec<bool> {
    mask.iter().map(|bit| bit == Some(true)).collect()
}

/// Which values are null or NaN.
fn missing(column: &Column) -> Result<Vec<bool>, DataError> {
    let mut missing = bits(&column.is_null());
    if column.dtype().is_float() {
        let nan = bits(&column.is_nan()?);
        missing.iter_mut().zip(nan).for_each(|(missing, nan)| *missing |= nan);
    }
    Ok(missing)
}

fn floats(column: &Column) -> Result<Vec<f64>, DataError> {
    let mut out = Vec::with_capacity(column.len());
    push_floats(column, &mut out)?;
    Ok(out)
}

fn text(column: &Column) -> Result<Column, DataError> {
    match column.dtype() {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Ok(column.cast(&DataType::String)?),
        // A column without any value may be of any type.
        DataType::Null => Ok(column.cast(&DataType::String)?),
        dtype => Err(DataError::NotText { name: column.name().to_string(), dtype: dtype.clone() }),
    }
}

fn max_missing(missing: &[bool], most: f64) -> Found {
    let count = missing.iter().filter(|missing| **missing).count();
    let found = if missing.is_empty() { 0.0 } else { count as f64 / missing.len() as f64 };
    Found::Whole(format!("{} missing ({} of {})", share(found), grouped(count), grouped(missing.len())), found <= most)
}

fn mean_in(values: &[f64], bounds: &Bounds) -> Found {
    let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if present.is_empty() {
        return Found::Whole("there are no values".to_owned(), false);
    }
    let mean = present.iter().sum::<f64>() / present.len() as f64;
    Found::Whole(format!("mean {}", ironbook_core::table::number(mean)), bounds.contains(mean))
}

/// Which values are in no set of these.
fn outside(column: &Column, members: &[Member]) -> Result<Vec<bool>, DataError> {
    if members.iter().any(|member| matches!(member, Member::Text(_))) {
        let set: HashSet<&str> =
            members.iter().filter_map(|m| if let Member::Text(t) = m { Some(&**t) } else { None }).collect();
        let text = text(column)?;
        return Ok(text.str()?.iter().map(|value| value.is_some_and(|value| !set.contains(value))).collect());
    }
    let number = |member: &Member| match member {
        Member::Number(number) => *number,
        Member::Bool(value) => f64::from(u8::from(*value)),
        Member::Text(_) => f64::NAN,
    };
    let mut set: Vec<f64> = members.iter().map(number).collect();
    set.sort_by(f64::total_cmp);
    let known = |value: f64| set.binary_search_by(|member| member.total_cmp(&(value + 0.0))).is_ok();
    Ok(floats(column)?.into_iter().map(|value| !value.is_nan() && !known(value)).collect())
}

/// Which texts have no part that fits the pattern.
fn unlike(column: &Column, pattern: &str) -> Result<Vec<bool>, DataError> {
    let text = text(column)?.with_name("text".into());
    let fits = col("text").str().contains(lit(pattern), true).alias("fits");
    let found = text.into_frame().lazy().select([fits]).collect()?;
    let fits = found.column("fits")?.bool()?;
    Ok(fits.iter().map(|fits| fits == Some(false)).collect())
}
