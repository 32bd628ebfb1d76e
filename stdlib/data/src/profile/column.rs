//! One column of a profile: read from polars, coded, counted.

use super::codes::{Codes, MISSING};
use super::numbers::{Histogram, Numbers, numbers};
use super::texts::{Texts, texts};
use crate::error::DataError;
use crate::fingerprint::value_digest;
use crate::frame::push_floats;
use polars::prelude::{Column, DataType};
use serde::{Deserialize, Serialize};
use std::collections::hash_map::RandomState;
use std::hash::{Hash as _, Hasher as _};

/// What is known of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type, as polars writes it.
    pub dtype: String,
    /// Rows without a value: null, or NaN.
    pub missing: usize,
    /// How many of those are NaN.
    pub nan: usize,
    /// Rows with a value.
    pub present: usize,
    /// Distinct values, exactly; missing ones do not count.
    pub distinct: usize,
    /// The most frequent values and how often they occur, most frequent first; empty if none occurs twice.
    pub top: Vec<(String, usize)>,
    /// What depends on its kind.
    pub detail: Detail,
}

/// What is known of a column of some kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Numbers.
    Number(Numbers),
    /// Booleans.
    Boolean {
        /// How many are true.
        yes: usize,
        /// How many are false.
        no: usize,
    },
    /// Text.
    Text(Texts),
    /// Dates, times, durations.
    Time(Times),
    /// Lists, structs and binary data, or no value at all.
    Other,
}

/// Dates, times or durations; all texts are as polars writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// The earliest.
    pub min: String,
    /// The one in the middle.
    pub median: String,
    /// The latest.
    pub max: String,
    /// How they are distributed, in the units that the column counts in.
    pub histogram: Histogram,
}

/// A column as numbers that can be compared with others.
pub(crate) struct Coded {
    pub codes: Codes,
    /// The value of each code, where the column is numeric, boolean or a time: codes are in the order of the values.
    pub values: Option<Vec<f64>>,
    /// Whether the values are quantities, so that correlations have a meaning.
    pub quantity: bool,
    /// A digest of the distinct values of a column of text, in the order of the codes.
    pub texts: Option<u64>,
    /// The values of a column of text, if they are few; codes are then in their order.
    pub names: Option<Vec<String>>,
}

impl Coded {
    fn without_values(codes: Codes) -> Self {
        Coded { codes, values: None, quantity: false, texts: None, names: None }
    }
}

fn digest(names: &[&str]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    names.hash(&mut hasher);
    hasher.finish()
}

/// Texts that are kept whole at most.
const NAMES: usize = 200;
/// Most frequent values kept.
const TOP: usize = 10;

/// Profiles one column.
pub(crate) fn column(column: &Column) -> Result<(ColumnProfile, Coded), DataError> {
    let read = match column.dtype() {
        DataType::Boolean => boolean(column)?,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => text(column)?,
        dtype if dtype.is_temporal() => time(column)?,
        dtype if dtype.is_primitive_numeric() || matches!(dtype, DataType::Decimal(..)) => number(column)?,
        _ => other(column)?,
    };
    let missing = column.len() - read.coded.codes.present();
    let profile = ColumnProfile {
        name: column.name().to_string(),
        dtype: column.dtype().to_string(),
        missing,
        nan: missing - column.null_count(),
        present: read.coded.codes.present(),
        distinct: read.coded.codes.counts.len(),
        top: read.top,
        detail: read.detail,
    };
    Ok((profile, read.coded))
}

struct Read {
    coded: Coded,
    top: Vec<(String, usize)>,
    detail: Detail,
}

/// The codes of the most frequent values, most frequent first, then by their order.
fn top_codes(counts: &[usize], before: impl Fn(usize, usize) -> std::cmp::Ordering) -> Vec<usize> {
    let mut codes: Vec<usize> = (0..counts.len()).filter(|&code| counts[code] > 1).collect();
    let order = |a: &usize, b: &usize| counts[*b].cmp(&counts[*a]).then_with(|| before(*a, *b));
    if codes.len() > TOP {
        codes.select_nth_unstable_by(TOP, order);
        codes.truncate(TOP);
    }
    codes.sort_unstable_by(order);
    codes
}

fn boolean(column: &Column) -> Result<Read, DataError> {
    let rows: Vec<Option<i64>> = column.bool()?.iter().map(|v| v.map(i64::from)).collect();
    let (codes, values) = Codes::of_integers(&rows);
    let count = |value: i64| values.iter().position(|&v| v == value).map_or(0, |code| codes.counts[code]);
    let (yes, no) = (count(1), count(0));
    let mut top: Vec<(String, usize)> = [("true", yes), ("false", no)].map(|(t, n)| (t.to_owned(), n)).into();
    top.retain(|(_, n)| *n > 0);
    top.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let values = values.into_iter().map(|v| v as f64).collect();
    Ok(Read {
        coded: Coded { codes, values: Some(values), quantity: true, texts: None, names: None },
        top,
        detail: Detail::Boolean { yes, no },
    })
}

fn number(column: &Column) -> Result<Read, DataError> {
    let (codes, values, exact) = match whole(column)? {
        Some((rows, scale)) => {
            let (codes, exact) = Codes::of_wide(&rows);
            let unit = 10f64.powi(scale as i32);
            (codes, exact.iter().map(|&v| v as f64 / unit).collect(), Some((exact, scale)))
        }
        None => {
            let mut rows = Vec::with_capacity(column.len());
            push_floats(column, &mut rows)?;
            let (codes, values) = Codes::of_floats(&rows);
            (codes, values, None)
        }
    };
    let single = matches!(column.dtype(), DataType::Float32);
    let write = |code: usize| match &exact {
        Some((exact, scale)) => decimal(exact[code], *scale),
        None if single => (values[code] as f32).to_string(),
        None => values[code].to_string(),
    };
    let top = top_codes(&codes.counts, |a, b| a.cmp(&b));
    let top = top.into_iter().map(|code| (write(code), codes.counts[code])).collect();
    let detail = Detail::Number(numbers(&values, &codes.counts));
    Ok(Read { coded: Coded { codes, values: Some(values), quantity: true, texts: None, names: None }, top, detail })
}

/// The values of a column of integers or decimals as whole numbers of units, and the decimals of the unit: more digits
/// than a float has.
#[allow(clippy::type_complexity, reason = "one caller")]
fn whole(column: &Column) -> Result<Option<(Vec<Option<i128>>, usize)>, DataError> {
    match column.dtype() {
        DataType::Decimal(_, scale) => {
            let series = column.as_materialized_series();
            Ok(Some((series.decimal()?.physical().iter().collect(), *scale)))
        }
        DataType::UInt64 => Ok(Some((column.u64()?.iter().map(|v| v.map(i128::from)).collect(), 0))),
        dtype if dtype.is_integer() => {
            let cast = column.cast(&DataType::Int64)?;
            let fits = cast.null_count() == column.null_count();
            let rows = fits.then(|| cast.i64().map(|rows| rows.iter().map(|v| v.map(i128::from)).collect()));
            Ok(rows.transpose()?.map(|rows| (rows, 0)))
        }
        _ => Ok(None),
    }
}

/// A whole number of units as text, without zeros at the end of its decimals.
fn decimal(value: i128, scale: usize) -> String {
    if scale == 0 {
        return value.to_string();
    }
    let digits = format!("{:0>1$}", value.unsigned_abs(), scale + 1);
    let (before, behind) = digits.split_at(digits.len() - scale);
    let behind = behind.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    if behind.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{behind}") }
}

fn text(column: &Column) -> Result<Read, DataError> {
    let cast = column.cast(&DataType::String)?;
    let (mut codes, mut names) = Codes::of_text::<RandomState>(cast.str()?.iter());
    if names.len() <= NAMES {
        codes.sort(&mut names);
    }
    let top = top_codes(&codes.counts, |a, b| names[a].cmp(names[b]));
    let top = top.into_iter().map(|code| (names[code].to_owned(), codes.counts[code])).collect();
    let detail = Detail::Text(texts(&names, &codes.counts));
    let kept = (names.len() <= NAMES).then(|| names.iter().map(|&name| name.to_owned()).collect());
    let coded = Coded { texts: Some(digest(&names)), names: kept, ..Coded::without_values(codes) };
    Ok(Read { coded, top, detail })
}

fn time(column: &Column) -> Result<Read, DataError> {
    let physical = column.to_physical_repr().cast(&DataType::Int64)?;
    let rows: Vec<Option<i64>> = physical.i64()?.iter().collect();
    let (codes, values) = Codes::of_integers(&rows);
    let top = top_codes(&codes.counts, |a, b| a.cmp(&b));
    let median = middle(&codes.counts);
    let wanted = [Some(0), median, values.len().checked_sub(1)].into_iter().map(|c| c.unwrap_or(0));
    let texts = written(column, &codes, wanted.chain(top.iter().copied()).collect())?;
    let floats: Vec<f64> = values.iter().map(|&v| v as f64).collect();
    let detail = match (texts.as_slice(), median) {
        ([min, median, max, ..], Some(_)) => Detail::Time(Times {
            min: min.clone(),
            median: median.clone(),
            max: max.clone(),
            histogram: numbers(&floats, &codes.counts).histogram,
        }),
        _ => Detail::Other,
    };
    let top = top.iter().zip(texts.into_iter().skip(3)).map(|(&code, text)| (text, codes.counts[code])).collect();
    let quantity = !matches!(column.dtype(), DataType::Time);
    Ok(Read { coded: Coded { codes, values: Some(floats), quantity, texts: None, names: None }, top, detail })
}

/// The code in the middle of the rows.
fn middle(counts: &[usize]) -> Option<usize> {
    let (half, mut sum) = (counts.iter().sum::<usize>().div_ceil(2), 0);
    counts.iter().position(|count| {
        sum += count;
        sum >= half
    })
}

/// The values of codes as polars writes them, by a row that holds each.
fn written(column: &Column, codes: &Codes, wanted: Vec<usize>) -> Result<Vec<String>, DataError> {
    if codes.counts.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = vec![0; codes.counts.len()];
    for (row, &code) in codes.rows.iter().enumerate().filter(|(_, code)| **code != MISSING) {
        rows[code as usize] = row;
    }
    wanted.into_iter().map(|code| Ok(column.get(rows[code])?.to_string())).collect()
}

fn other(column: &Column) -> Result<Read, DataError> {
    let digests = (0..column.len()).map(|row| value_digest(&column.get(row)?)).collect::<Result<Vec<_>, _>>()?;
    let (codes, names) = Codes::of_text::<RandomState>(digests.iter().map(Option::as_deref));
    let texts = Some(digest(&names));
    Ok(Read { coded: Coded { texts, ..Coded::without_values(codes) }, top: Vec::new(), detail: Detail::Other })
}
