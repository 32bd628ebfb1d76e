//! What can go wrong with data, in words: first what was wrong, then what to do.

use crate::near::did_you_mean;
use ironbook_core::Interrupted;
use polars::prelude::{DataType, PolarsError};
use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file does not exist.
    #[error("there is no file \"{}\"\n{}", path.display(), missing_hint(path, near))]
    MissingFile {
        /// The path as given.
        path: PathBuf,
        /// Names of files in the same directory that are close to it.
        near: Vec<String>,
    },
    /// The path is a directory.
    #[error("\"{}\" is a directory, not a file\nname a file in it", path.display())]
    IsDirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// The file has no content.
    #[error("\"{}\" is empty\ncheck how it was written; even a table without rows has a header", path.display())]
    EmptyFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused to open or read the file.
    #[error("cannot read \"{}\"\ncheck that it is a file that you may read", path.display())]
    Read {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write \"{}\"\ncheck that its directory exists, may be written and has space left", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the library said.
        source: PolarsError,
    },
    /// A row of a CSV file has a wrong number of fields.
    #[error(
        "\"{}\", line {line}: {found} fields where the header has {expected}\n\
         mend the line, or read with CsvOptions::new().ignore_errors(true): missing fields become null, extra ones are dropped",
        path.display()
    )]
    BrokenRow {
        /// The path as given.
        path: PathBuf,
        /// Number of the line in the file, from 1 (the header included).
        line: u64,
        /// Fields of the header.
        expected: usize,
        /// Fields in the line.
        found: usize,
    },
    /// A value of a CSV file does not have its column's type.
    #[error(
        "\"{}\", line {line}: \"{value}\" in column \"{column}\" is not of type {dtype}\n\
         read with CsvOptions::new().infer_schema_length(None) to look at all rows before choosing types,\n\
         .null_values([\"{value}\"]) if it stands for a missing value, or .ignore_errors(true) to make such values null",
        path.display()
    )]
    BrokenValue {
        /// The path as given.
        path: PathBuf,
        /// Number of the line in the file, from 1 (the header included).
        line: u64,
        /// Its column.
        column: String,
        /// The text that does not fit.
        value: String,
        /// The type chosen for the column, as polars writes it.
        dtype: String,
    },
    /// A quote in a CSV file is never closed.
    #[error("\"{}\", line {line}: a quoted field starts here and is never closed\nclose the quote or remove it", path.display())]
    OpenQuote {
        /// The path as given.
        path: PathBuf,
        /// Number of the line in the file, from 1 (the header included).
        line: u64,
    },
    /// The file is text in another encoding than UTF-8, or no text.
    #[error(
        "\"{}\", line {line}: not UTF-8 text\n\
         convert the file (for instance with iconv), or read with CsvOptions::new().ignore_errors(true) to replace such bytes",
        path.display()
    )]
    NotUtf8 {
        /// The path as given.
        path: PathBuf,
        /// Number of the line in the file, from 1 (the header included).
        line: u64,
    },
    /// The file is no Parquet file.
    #[error("\"{}\" is not a Parquet file: {found}\n{hint}", path.display())]
    NotParquet {
        /// The path as given.
        path: PathBuf,
        /// What it is instead, as far as can be said.
        found: String,
        /// What to do.
        hint: String,
    },
    /// The text is not JSON.
    #[error("\"{}\", line {line}, column {column}: {problem}\nmend it; accepted are an array of objects, or one object per line", path.display())]
    NotJson {
        /// The path as given.
        path: PathBuf,
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
        /// What the parser said.
        problem: String,
    },
    /// The file is of its format, but polars cannot read it.
    #[error("cannot read \"{}\" as {format}\n{}", path.display(), hint_for(format))]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// `CSV`, `Parquet` or `JSON`.
        format: &'static str,
        /// What polars said.
        source: PolarsError,
    },
    /// There is no column of this name.
    #[error("there is no column \"{name}\"\n{}", column_hint(near, columns))]
    UnknownColumn {
        /// The name as given.
        name: String,
        /// Columns with names close to it.
        near: Vec<String>,
        /// All columns.
        columns: Vec<String>,
    },
    /// A column is named twice.
    #[error("column \"{name}\" is named twice\nname each column once")]
    DuplicateColumn {
        /// The column.
        name: String,
    },
    /// The target is also a feature.
    #[error(
        "the target \"{name}\" is also among the features\nremove it there: a model that sees its target learns nothing"
    )]
    TargetIsFeature {
        /// The column.
        name: String,
    },
    /// No columns were named.
    #[error("no columns were named\nname at least one")]
    NoColumns,
    /// A column cannot stand as numbers.
    #[error("column \"{name}\" is of type {dtype}, not numeric\n{}", encode_hint(name, dtype))]
    NotNumeric {
        /// The column.
        name: String,
        /// Its type.
        dtype: DataType,
    },
    /// A column is not boolean.
    #[error(
        "column \"{name}\" is of type {dtype}, not boolean\ncompare it first, for instance col(\"{name}\").gt(lit(0))"
    )]
    NotBoolean {
        /// The column.
        name: String,
        /// Its type.
        dtype: DataType,
    },
    /// A column has nulls where they have no meaning.
    #[error(
        "column \"{name}\" has {count} null values of {rows}\n\
         drop those rows (df.drop_nulls(Some(&[\"{name}\"]))) or fill them (fill_null)"
    )]
    Nulls {
        /// The column.
        name: String,
        /// How many of its values are null.
        count: usize,
        /// How many values it has.
        rows: usize,
    },
    /// The target has nulls.
    #[error(
        "the target \"{name}\" is null in {count} of {rows} rows\n\
         drop those rows before: df.drop_nulls(Some(&[\"{name}\"]))"
    )]
    NullTarget {
        /// The column.
        name: String,
        /// In how many rows it is null.
        count: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// The frame has no rows.
    #[error("the table has no rows\ncheck the filter or join that made it")]
    NoRows,
    /// Columns of different lengths.
    #[error("column \"{name}\" has {found} rows where {expected} are expected\ngive all columns one length")]
    Length {
        /// The column.
        name: String,
        /// Rows expected.
        expected: usize,
        /// Rows found.
        found: usize,
    },
    /// A code of a categorical column that stands for no name.
    #[error(
        "column \"{name}\" holds the code {code}, and there are {categories} categories\ncodes are whole numbers from 0, NaN where missing"
    )]
    Code {
        /// The column.
        name: String,
        /// The code.
        code: f64,
        /// Number of categories.
        categories: usize,
    },
    /// An error of polars.
    #[error(transparent)]
    Polars(#[from] PolarsError),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

fn missing_hint(path: &Path, near: &[String]) -> String {
    did_you_mean(near).unwrap_or_else(|| match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() && !dir.is_dir() => {
            format!("its directory \"{}\" does not exist either", dir.display())
        }
        _ if path.is_relative() => "the path is relative to the working directory (see %cd)".to_owned(),
        _ => "check the path".to_owned(),
    })
}

fn column_hint(near: &[String], columns: &[String]) -> String {
    did_you_mean(near).unwrap_or_else(|| {
        let shown: Vec<&str> = columns.iter().take(20).map(String::as_str).collect();
        let more = if columns.len() > shown.len() { ", ..." } else { "" };
        format!("there are: {}{more}", shown.join(", "))
    })
}

fn encode_hint(name: &str, dtype: &DataType) -> String {
    match dtype {
        DataType::String => format!(
            "encode it: col(\"{name}\").cast(DataType::Float64) if it holds numbers (or read it with CsvOptions::new().null_values([\"NA\"]) if a text for missing values made it text),\n\
             df.columns_to_dummies(vec![\"{name}\"], None, false, false) if it names categories"
        ),
        DataType::Date | DataType::Datetime(..) | DataType::Time | DataType::Duration(_) => {
            format!("take a number from it: for instance col(\"{name}\").dt().month(), or .cast(DataType::Int64)")
        }
        _ => "make numeric columns of it first".to_owned(),
    }
}

fn hint_for(format: &str) -> &'static str {
    match format {
        "CSV" => "check separator, quotes and header with CsvOptions",
        "Parquet" => "the file may be cut off or damaged: write or fetch it again",
        _ => "all objects should have the same fields with values of one type",
    }
}
