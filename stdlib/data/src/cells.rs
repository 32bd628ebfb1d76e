//! Values as text for tables: one format per column, so that numbers line up.

use polars::prelude::{AnyValue, Column, DataType};

/// One value as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Text(String),
}

/// A column's head as shown.
pub(crate) struct Shown {
    pub name: String,
    pub dtype: String,
    /// Whether values stand at the right.
    pub right: bool,
    /// Whether a part of a value would mislead: dates and times.
    pub whole: bool,
    pub cells: Vec<Cell>,
}

/// The given rows of a column as text.
pub(crate) fn shown(column: &Column, rows: &[usize]) -> Shown {
    let values: Vec<AnyValue<'_>> = rows.iter().map(|&i| column.get(i).unwrap_or(AnyValue::Null)).collect();
    let dtype = column.dtype();
    let floats: Option<Vec<Option<f64>>> =
        dtype.is_float().then(|| values.iter().map(|v| v.extract::<f64>()).collect());
    let cells = match floats {
        Some(floats) => float_cells(&floats, matches!(dtype, DataType::Float32)),
        None => values.iter().map(cell).collect(),
    };
    Shown {
        name: column.name().to_string(),
        dtype: dtype.to_string(),
        right: right(dtype),
        whole: dtype.is_temporal(),
        cells,
    }
}

fn right(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric() || matches!(dtype, DataType::Decimal(..) | DataType::Duration(_))
}

fn cell(value: &AnyValue<'_>) -> Cell {
    match value {
        AnyValue::Null => Cell::Null,
        AnyValue::String(text) => Cell::Text((*text).to_owned()),
        AnyValue::StringOwned(text) => Cell::Text(text.to_string()),
        other => Cell::Text(other.to_string()),
    }
}

/// Most digits after the point.
const DECIMALS: usize = 6;

/// Floats with as many decimals as the longest needs, at most six; in exponents where sizes ask for it.
fn float_cells(values: &[Option<f64>], single: bool) -> Vec<Cell> {
    let finite = || values.iter().flatten().copied().filter(|v| v.is_finite() && *v != 0.0);
    let exponents = finite().any(|v| v.abs() >= 1e15) || finite().any(|v| v.abs() < 1e-4);
    let decimals = finite().map(|v| needed(v, single)).max().unwrap_or(1).clamp(1, DECIMALS);
    let write = |v: f64| match () {
        () if v.is_nan() => "NaN".to_owned(),
        () if v.is_infinite() => if v > 0.0 { "inf" } else { "-inf" }.to_owned(),
        () if exponents => format!("{v:.4e}"),
        () => format!("{v:.decimals$}"),
    };
    values.iter().map(|v| v.map_or(Cell::Null, |v| Cell::Text(write(v)))).collect()
}

/// Digits after the point in the shortest text that reads back as the value.
fn needed(value: f64, single: bool) -> usize {
    let text = if single { (value as f32).to_string() } else { value.to_string() };
    text.split_once('.').map_or(0, |(_, digits)| digits.len())
}

/// Rows to show of `height`: all, or the first and the last with a gap after the first.
pub(crate) fn rows_of(height: usize, ends: usize) -> (Vec<usize>, Option<usize>) {
    if height <= 2 * ends {
        ((0..height).collect(), None)
    } else {
        ((0..ends).chain(height - ends..height).collect(), Some(ends))
    }
}

/// `336,776 rows x 19 columns`.
pub(crate) fn extent(rows: usize, columns: usize) -> String {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    format!("{} row{} x {} column{}", grouped(rows), plural(rows), grouped(columns), plural(columns))
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
