//! Splits of a frame into a part to learn from and a part to judge by.

use crate::error::EvalError;
use crate::random::Stream;
use polars::prelude::{BooleanChunked, Column, DataFrame, DataType, NewChunkedArray, SortMultipleOptions};

/// Splits by time: the earliest rows to learn from, the latest to judge by, both sorted by time.
///
/// `train` is the share of rows in the first part, for instance 0.8. Rows of one time are never split: the border moves
/// to the nearest change of the time, so the parts can be a little larger or smaller. Rows of one time keep their order.
///
/// # Errors
/// [`EvalError::Share`], [`EvalError::NoColumn`], [`EvalError::NotTime`] (text, booleans, lists),
/// [`EvalError::MissingTimes`], [`EvalError::TooFewRows`], [`EvalError::OneTime`].
pub fn time_split(df: &DataFrame, time: &str, train: f64) -> Result<(DataFrame, DataFrame), EvalError> {
    share("train", train, 0.8)?;
    let column = df.column(time).map_err(|_| EvalError::NoColumn {
        column: time.to_owned(),
        columns: df.get_column_names().iter().map(|name| name.to_string()).collect(),
    })?;
    check_times(column, time)?;
    let rows = df.height();
    if rows < 2 {
        return Err(EvalError::TooFewRows { rows });
    }
    let sorted = df.sort([time], SortMultipleOptions::default().with_maintain_order(true))?;
    let wanted = ((rows as f64 * train).round() as usize).clamp(1, rows - 1);
    let border = border(sorted.column(time)?, wanted)?;
    let border = border.ok_or_else(|| EvalError::OneTime { column: time.to_owned(), rows })?;
    Ok((sorted.slice(0, border), sorted.slice(border as i64, rows - border)))
}

fn check_times(column: &Column, name: &str) -> Result<(), EvalError> {
    let dtype = column.dtype();
    if !dtype.is_temporal() && !dtype.is_primitive_numeric() {
        return Err(EvalError::NotTime { column: name.to_owned(), dtype: dtype.clone() });
    }
    let nan = match dtype {
        DataType::Float32 | DataType::Float64 => {
            column.cast(&DataType::Float64)?.f64()?.iter().flatten().filter(|t| t.is_nan()).count()
        }
        _ => 0,
    };
    match column.null_count() + nan {
        0 => Ok(()),
        count => Err(EvalError::MissingTimes { column: name.to_owned(), count, rows: column.len() }),
    }
}

/// The row nearest to `wanted` whose time differs from that of the row before it; the earlier one of two.
fn border(times: &Column, wanted: usize) -> Result<Option<usize>, EvalError> {
    let changes = |row: usize| -> Result<bool, EvalError> { Ok(times.get(row)? != times.get(row - 1)?) };
    for distance in 0..times.len() {
        if wanted > distance && changes(wanted - distance)? {
            return Ok(Some(wanted - distance));
        }
        if wanted + distance < times.len() && changes(wanted + distance)? {
            return Ok(Some(wanted + distance));
        }
    }
    Ok(None)
}

/// Splits at random: (rows to learn from, rows to judge by), both in the order of the frame.
///
/// `test` is the share of rows in the second part, for instance 0.2, rounded up as in scikit-learn. The same seed gives
/// the same split for ever. Rows that belong together in time are better split by [`time_split`].
///
/// # Errors
/// [`EvalError::Share`], [`EvalError::TooFewRows`].
pub fn holdout_split(df: &DataFrame, test: f64, seed: u64) -> Result<(DataFrame, DataFrame), EvalError> {
    share("test", test, 0.2)?;
    let rows = df.height();
    if rows < 2 {
        return Err(EvalError::TooFewRows { rows });
    }
    let count = ((rows as f64 * test).ceil() as usize).clamp(1, rows - 1);
    let mut chosen = vec![false; rows];
    for row in sample(rows, count, seed) {
        chosen[row] = true;
    }
    let test: BooleanChunked = BooleanChunked::from_slice("test".into(), &chosen);
    Ok((df.filter(&!&test)?, df.filter(&test)?))
}

/// Refuses what is no share.
pub(crate) fn share(name: &'static str, value: f64, example: f64) -> Result<(), EvalError> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(EvalError::Share { name, value, example }) }
}

/// `count` different numbers below `rows`, each set equally likely (the first steps of a Fisher-Yates shuffle).
fn sample(rows: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rows).collect();
    let mut stream = Stream::new(seed);
    for i in 0..count {
        all.swap(i, i + stream.below((rows - i) as u64) as usize);
    }
    all.truncate(count);
    all
}
