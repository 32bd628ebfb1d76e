//! Several files as one table: columns that must agree, and those of the partitions.

use crate::error::DataError;
use crate::files::Source;
use crate::patient::patiently;
use crate::reads::{self, Extent};
use polars::prelude::{Column, DataFrame, DataType, Expr, NamedFrom as _, Schema, Series, col, lit};
use std::path::{Path, PathBuf};

/// Whether types are what the files say, or were guessed from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Types {
    /// Parquet: types must be the same.
    Declared,
    /// CSV and JSON: numbers widen, and a column without values takes the type that it has elsewhere.
    Guessed,
}

/// One table of the tables of several files, each with the columns of its partitions.
pub(crate) fn union(sources: &[Source], frames: Vec<DataFrame>, types: Types) -> Result<DataFrame, DataError> {
    let schemas: Vec<Schema> = frames.iter().map(|df| known(df, types)).collect();
    let target = common(sources, &schemas, types)?;
    let partitions = Partitions::of(sources)?;
    let mut whole: Option<DataFrame> = None;
    for (at, frame) in frames.into_iter().enumerate() {
        let columns = target.iter().map(|(name, dtype)| fitted(frame.column(name)?, dtype));
        let columns = columns.collect::<Result<Vec<Column>, DataError>>()?;
        let mut frame = DataFrame::new(frame.height(), columns)?;
        partitions.add(&mut frame, at)?;
        match &mut whole {
            None => whole = Some(frame),
            Some(whole) => drop(whole.vstack_mut(&frame)?),
        }
    }
    let mut whole = whole.unwrap_or_default();
    if sources.len() > 1 {
        whole.rechunk_mut();
    }
    Ok(whole)
}

/// A column in the type that all files have; values that it cannot hold are an error, not null.
fn fitted(column: &Column, dtype: &DataType) -> Result<Column, DataError> {
    match column.null_count() == column.len() {
        true => Ok(Column::full_null(column.name().clone(), column.len(), dtype)),
        false => Ok(column.strict_cast(dtype)?),
    }
}

/// The types of a frame; guessed ones of columns without values are unknown.
pub(crate) fn known(df: &DataFrame, types: Types) -> Schema {
    let dtype = |column: &Column| match types {
        Types::Guessed if column.null_count() == column.len() => DataType::Null,
        _ => column.dtype().clone(),
    };
    df.columns().iter().map(|column| (column.name().clone(), dtype(column))).collect()
}

/// The columns of all files: those of the first, with types that suit all.
pub(crate) fn common(sources: &[Source], schemas: &[Schema], types: Types) -> Result<Schema, DataError> {
    let Some(first) = schemas.first() else { return Ok(Schema::default()) };
    let differs = |at: usize, column: &str, problem: String| DataError::Schemas {
        first: sources[0].path.clone(),
        path: sources[at].path.clone(),
        column: column.to_owned(),
        problem,
    };
    let mut target = first.clone();
    for (at, schema) in schemas.iter().enumerate().skip(1) {
        if let Some(extra) = schema.iter_names().find(|name| !first.contains(name)) {
            return Err(differs(at, extra, "is not in the first file".to_owned()));
        }
        for (name, wanted) in target.iter_mut() {
            let Some(found) = schema.get(name) else {
                return Err(differs(at, name, "is missing".to_owned()));
            };
            match joined(wanted, found, types) {
                Some(dtype) => *wanted = dtype,
                None => return Err(differs(at, name, format!("is {found} there and {wanted} before"))),
            }
        }
    }
    // A column without values in any file is text, as polars has it.
    target.iter_mut().filter(|(_, dtype)| types == Types::Guessed && **dtype == DataType::Null).for_each(
        |(name, dtype)| {
            if let Some(found) = first.get(name).filter(|found| **found != DataType::Null) {
                *dtype = found.clone();
            } else {
                *dtype = DataType::String;
            }
        },
    );
    Ok(target)
}

fn joined(a: &DataType, b: &DataType, types: Types) -> Option<DataType> {
    match (a, b) {
        _ if a == b => Some(a.clone()),
        _ if types == Types::Declared => None,
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        _ if a.is_primitive_numeric() && b.is_primitive_numeric() => {
            Some(if a.is_integer() && b.is_integer() { DataType::Int64 } else { DataType::Float64 })
        }
        _ => None,
    }
}

/// The columns that stand in the names of directories.
pub(crate) struct Partitions {
    columns: Vec<Series>,
}

impl Partitions {
    /// One value per file: whole numbers, dates or text.
    ///
    /// # Errors
    /// [`DataError::Partitions`] if a file lies in directories of other names than the first.
    pub fn of(sources: &[Source]) -> Result<Self, DataError> {
        let names = |source: &Source| source.partitions.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let first = sources.first().map(names).unwrap_or_default();
        if let Some(other) = sources.iter().find(|source| names(source) != first) {
            let (expected, found) = (first, names(other));
            return Err(DataError::Partitions { path: other.path.clone(), expected, found });
        }
        let column = |(at, name): (usize, &String)| {
            let values: Vec<Option<&str>> = sources.iter().map(|s| s.partitions[at].1.as_deref()).collect();
            typed(name, &values)
        };
        Ok(Partitions { columns: first.iter().enumerate().map(column).collect::<Result<_, _>>()? })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Names and types.
    pub fn schema(&self) -> Schema {
        self.columns.iter().map(|column| (column.name().clone(), column.dtype().clone())).collect()
    }

    /// The values of one file as expressions.
    pub fn expressions(&self, file: usize) -> Result<Vec<Expr>, DataError> {
        let one = |column: &Series| {
            let value = column.slice(file as i64, 1);
            let text = value.cast(&DataType::String)?.str()?.get(0).map(str::to_owned);
            let value = text.map_or_else(|| lit(polars::prelude::NULL), lit);
            Ok(value.cast(column.dtype().clone()).alias(column.name().clone()))
        };
        self.columns.iter().map(one).collect()
    }

    fn add(&self, frame: &mut DataFrame, file: usize) -> Result<(), DataError> {
        let height = frame.height();
        for column in &self.columns {
            frame.with_column(column.slice(file as i64, 1).new_from_index(0, height).into())?;
        }
        Ok(())
    }
}

/// The values of a partition as whole numbers or dates, if all of them are.
fn typed(name: &str, values: &[Option<&str>]) -> Result<Series, DataError> {
    let all =
        |fits: &dyn Fn(&str) -> bool| values.iter().flatten().all(|v| fits(v)) && values.iter().any(Option::is_some);
    let text = Series::new(name.into(), values);
    // Months are written 01; longer numbers with zeros before them are codes.
    let whole = |v: &str| {
        let digits = v.strip_prefix('-').unwrap_or(v);
        v.parse::<i64>().is_ok() && !v.starts_with('+') && !(digits.starts_with('0') && digits.len() > 2)
    };
    if all(&whole) {
        return Ok(text.strict_cast(&DataType::Int64)?);
    }
    if all(&is_date) {
        let date = col(name).str().to_date(Default::default());
        let dates = polars::prelude::IntoLazy::lazy(text.clone().into_frame()).select([date]).collect();
        // 2013-02-30 is no date, and then all are text.
        if let Ok(dates) = dates {
            return Ok(dates.column(name)?.as_materialized_series().clone());
        }
    }
    Ok(text)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let sign = |i: usize| i == 4 || i == 7;
    bytes.len() == 10 && bytes.iter().enumerate().all(|(i, b)| if sign(i) { *b == b'-' } else { b.is_ascii_digit() })
}

/// Reads each source, and notes what was read.
pub(crate) fn each(
    given: &Path,
    sources: &[Source],
    format: &'static str,
    types: Types,
    read: impl Fn(&Path) -> Result<DataFrame, DataError> + Clone + Send + 'static,
) -> Result<DataFrame, DataError> {
    let files: Vec<PathBuf> = sources.iter().map(|source| source.path.clone()).collect();
    let before = Extent::of(&files);
    let mut frames = Vec::with_capacity(sources.len());
    for path in &files {
        let (read, own) = (read.clone(), path.clone());
        let broken = |source| DataError::Unreadable { path: path.clone(), format, source };
        frames.push(patiently(move || read(&own), || ()).map_err(|failed| failed.into_error(broken))??);
    }
    let df = match (frames.len(), sources) {
        (1, [source]) if source.partitions.is_empty() => frames.swap_remove(0),
        _ => union(sources, frames, types)?,
    };
    if let Ok(before) = before {
        reads::note(given, files, format, Some(df.height() as u64), before);
    }
    Ok(df)
}
