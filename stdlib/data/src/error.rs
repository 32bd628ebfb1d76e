//! What can go wrong with data, in words: first what was wrong, then what to do.

use crate::near::did_you_mean;
use ironbook_core::Interrupted;
use polars::prelude::{DataType, PolarsError};
use std::io::ErrorKind;
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
    /// No file fits the pattern.
    #[error("no file matches \"{}\"\n{}", pattern.display(), match_hint(pattern, near))]
    NoMatch {
        /// The pattern as given.
        pattern: PathBuf,
        /// Files that are close to it.
        near: Vec<String>,
    },
    /// The directory has no files of the format.
    #[error("there are no {format} files in \"{}\"\n{}", path.display(), directory_hint(found))]
    NoFiles {
        /// The directory as given.
        path: PathBuf,
        /// `CSV`, `Parquet` or `JSON`.
        format: &'static str,
        /// Some files that it has.
        found: Vec<String>,
    },
    /// Files of one table have other columns or types.
    #[error(
        "\"{}\" does not fit to \"{}\": column \"{column}\" {problem}\n\
         make the files alike, or read them one by one, cast and select, and join them with concat",
        path.display(), first.display()
    )]
    Schemas {
        /// The first file.
        first: PathBuf,
        /// The file that differs.
        path: PathBuf,
        /// The column that differs.
        column: String,
        /// How it differs.
        problem: String,
    },
    /// Files of one table lie in directories of other names.
    #[error(
        "\"{}\" lies in {}, the files before it in {}\n\
         give all files of a table the same directories, or read them apart",
        path.display(), keys(found), keys(expected)
    )]
    Partitions {
        /// The file that differs.
        path: PathBuf,
        /// Names of the directories of the first file.
        expected: Vec<String>,
        /// Names of its own.
        found: Vec<String>,
    },
    /// A file has another content than when it was scanned.
    #[error("\"{}\" has changed since it was scanned\nscan it again", path.display())]
    Changed {
        /// The path as given.
        path: PathBuf,
    },
    /// A CSV file has one column, and its header another separator.
    #[error(
        "\"{}\" has no commas in its first line, which has {columns} fields with {} between them\n\
         read it with CsvOptions::new().separator(b'{}') (and .decimal_comma(true) if it has numbers like 2,5); \
         with .separator(b',') it is one column",
        path.display(), sign(*separator), separator.escape_ascii()
    )]
    OtherSeparator {
        /// The path as given.
        path: PathBuf,
        /// The separator that it seems to have.
        separator: u8,
        /// The fields that its first line has with it.
        columns: usize,
    },
    /// The file has no content.
    #[error("\"{}\" is empty\ncheck how it was written; even a table without rows has a header", path.display())]
    EmptyFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused to open or read the file.
    #[error("cannot read \"{}\"\n{}", path.display(), read_hint(path, source))]
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
         .types([(\"{column}\", DataType::String)]) to keep the column as text,\n\
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
    #[error("\"{}\", line {line}: a quoted field starts here and is never closed\n\
         close the quote or remove it, or read with CsvOptions::new().quote_char(None) if it is a letter like others", path.display())]
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
    /// A column is not text.
    #[error("column \"{name}\" is of type {dtype}, not text\ncast it first: col(\"{name}\").cast(DataType::String)")]
    NotText {
        /// The column.
        name: String,
        /// Its type.
        dtype: DataType,
    },
    /// Nothing was expected.
    #[error("nothing is expected of the table\nsay what it has to be like, for instance expect(&df).not_null(\"id\")")]
    NoExpectations,
    /// An expectation that no data can be held against.
    #[error("the expectation \"{expected}\" makes no sense\n{problem}")]
    Expectation {
        /// The expectation, in words.
        expected: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A table is not as expected.
    #[error(
        "{} of {expectations} expectations do not hold: {}\nmend the data, or the cell that made it, or change what is expected",
        reasons.len(), reasons.join("; ")
    )]
    Unexpected {
        /// How many expectations there are.
        expectations: usize,
        /// Those that do not hold, with what was found.
        reasons: Vec<String>,
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
    #[error("the table has no rows\ncheck the file, filter or join that made it")]
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
        _ if path.to_string_lossy().contains("://") => {
            "files are read from disks only: fetch it first, for instance with !curl -LO ADDRESS".to_owned()
        }
        Some(dir) if !dir.as_os_str().is_empty() && !dir.is_dir() => {
            format!("its directory \"{}\" does not exist either", dir.display())
        }
        _ if path.is_relative() => "the path is relative to the working directory (see %cd)".to_owned(),
        _ => "check the path".to_owned(),
    })
}

fn read_hint(path: &Path, source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::PermissionDenied if path.is_dir() => {
            "you may not list this directory, and what is in it would be missing"
        }
        ErrorKind::PermissionDenied => "you may not read it: see !ls -l",
        ErrorKind::Unsupported => "a query looks at a file more than once: read a pipe with read_csv",
        _ => "check that it is a file that you may read",
    }
}

fn match_hint(pattern: &Path, near: &[String]) -> String {
    let dir = pattern.parent().filter(|dir| !crate::files::is_pattern(dir) && !dir.as_os_str().is_empty());
    match (near, dir) {
        ([], Some(dir)) if !dir.is_dir() => format!("its directory \"{}\" does not exist", dir.display()),
        ([], _) => {
            "there are no files beside it; * and ? stand for letters of one name, ** for any directories".to_owned()
        }
        (near, _) => format!("there are: {}", near.join(", ")),
    }
}

fn directory_hint(found: &[String]) -> String {
    match found {
        [] => "it has no files; name another directory or a file".to_owned(),
        found => format!("it has: {}; name a file, or a pattern like \"*.txt\"", found.join(", ")),
    }
}

fn keys(names: &[String]) -> String {
    match names {
        [] => "no directory like year=2013".to_owned(),
        names => format!("{}=..", names.join("=../")),
    }
}

fn sign(separator: u8) -> &'static str {
    match separator {
        b';' => "semicolons",
        b'\t' => "tabs",
        _ => "bars",
    }
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
        "CSV" => "check separator, quotes (quote_char(None) takes them for letters) and header with CsvOptions",
        "Parquet" => "the file may be cut off or damaged: write or fetch it again",
        _ => "all objects should have the same fields with values of one type",
    }
}
