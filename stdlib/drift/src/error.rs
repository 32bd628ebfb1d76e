//! What can go wrong when data are compared, in words: first what was wrong, then what to do.

use crate::stats::{Outcome, Test};
use ironbook_core::Interrupted;
use ironbook_data::DataError;
use polars::prelude::PolarsError;
use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriftError {
    /// One of the tables has no rows: an empty window, a filter that leaves nothing.
    #[error("the {which} data has no rows\nwiden the window, or check the filter or the file that it comes from")]
    NoRows {
        /// `reference` or `current`.
        which: &'static str,
    },
    /// The tables have no column in common.
    #[error(
        "the two tables have no column in common: the reference has {}, the current one {}\n\
         give both the columns that the model takes, under the same names",
        listed(reference),
        listed(current)
    )]
    NothingInCommon {
        /// Columns of the reference.
        reference: Vec<String>,
        /// Columns of the current table.
        current: Vec<String>,
    },
    /// An option names a column that neither table has.
    #[error("no column is called \"{name}\", which {option} names\nthere are: {}", listed(columns))]
    UnknownColumn {
        /// The name.
        name: String,
        /// The option.
        option: &'static str,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A test that is not for such columns.
    #[error("the test {test} is not for {kind} columns like \"{column}\"\ntake {}", fitting(kind))]
    TestKind {
        /// The column, or what the test was asked for.
        column: String,
        /// The test.
        test: Test,
        /// `numeric` or `categorical`.
        kind: &'static str,
    },
    /// A threshold that no score can be compared with.
    #[error("the threshold {value} is none for {test}\n{}", threshold_hint(*test))]
    Threshold {
        /// The test.
        test: Test,
        /// The threshold.
        value: f64,
    },
    /// A share that is none.
    #[error("the share of drifted columns is {value}\ngive one above 0 and up to 1; Evidently's is 0.5")]
    Share {
        /// The value.
        value: f64,
    },
    /// An importance that columns cannot be ranked by.
    #[error(
        "the importance of \"{column}\" is {value}\ngive numbers from 0 on, for instance gains or mean absolute SHAP values"
    )]
    Importance {
        /// The column.
        column: String,
        /// The value.
        value: f64,
    },
    /// There is no such directory of requests.
    #[error("there is no request log in \"{}\"\n{}", path.display(), if *unfinished > 0 { soon(*unfinished) } else { "name the directory that the server was told to log to; it completes a file half a minute after the requests".to_owned() })]
    NoLog {
        /// The path as given.
        path: PathBuf,
        /// Files that a server is writing there.
        unfinished: usize,
    },
    /// There is nothing to read in a directory.
    #[error(
        "there is no Parquet file in \"{}\"\n{}",
        path.display(),
        if *unfinished > 0 { soon(*unfinished) } else { "name another directory".to_owned() }
    )]
    NoFiles {
        /// The path as given.
        path: PathBuf,
        /// Files that a server is writing there.
        unfinished: usize,
    },
    /// A text that names no moment.
    #[error(
        "\"{text}\" is no moment\nwrite 2026-06-01, 2026-06-01T12:00, or how long ago it was: 90s, 15min, 24h, 7d, 4w"
    )]
    Moment {
        /// The text.
        text: String,
    },
    /// The log has no request that was asked for.
    #[error("none of the {seen} requests in \"{}\" is {wanted}\nthe log has {found}{}", path.display(), if *unfinished > 0 { format!("; {}", soon(*unfinished)) } else { String::new() })]
    NoRequests {
        /// The path as given.
        path: PathBuf,
        /// How many the log has.
        seen: usize,
        /// What was asked for, in words.
        wanted: String,
        /// What the log has instead, in words.
        found: String,
        /// Files that a server is writing there.
        unfinished: usize,
    },
    /// The log holds requests of several models.
    #[error("\"{}\" has requests of several models: {}\nsay which: .model(\"{}\")", path.display(), listed(models), models.first().map_or("", String::as_str))]
    SeveralModels {
        /// The path as given.
        path: PathBuf,
        /// Names of the models.
        models: Vec<String>,
    },
    /// A file of the log is no part of one.
    #[error(
        "\"{}\" is no file of a request log: {problem}\nmove it elsewhere, or name the directory that the server logs to",
        path.display()
    )]
    NotLog {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A feature has other types in other files.
    #[error(
        "\"{column}\" is {first} in some requests and {second} in others: models with other features have been served\n\
         read the requests of one version: .version(\"..\")"
    )]
    LogTypes {
        /// The feature.
        column: String,
        /// The type in the first file.
        first: String,
        /// The type in another one.
        second: String,
    },
    /// A file of labels that has not what it needs.
    #[error("\"{}\" is no file of labels: {problem}\nit needs the columns request_id, row and label, one line per row", path.display())]
    NotLabels {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be written.
    #[error("cannot write \"{}\": {source}\ncheck that its directory exists, may be written and has space left", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A check that failed, see [`DriftReport::require`](crate::DriftReport::require).
    #[error("{words}\nsee what has changed, and train the model on newer data if the new data are sound")]
    Failed {
        /// What was found.
        words: String,
    },
    /// A model that has no answer for a table.
    #[error(
        "the model cannot predict the rows of {table}: {source}\nwithout the model, the columns are compared all the same"
    )]
    Model {
        /// What the table is called.
        table: String,
        /// What the model said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An address that leads to no model.
    #[error(
        "there is no model at {address}: {source}\n\
         name one of the registry (models:/NAME@ALIAS), of a run (runs:/RUN/PATH), or the directory of a logged model"
    )]
    ModelAddress {
        /// The address.
        address: String,
        /// What was wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An error of reading or of taking a data set apart.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error of polars.
    #[error(transparent)]
    Polars(#[from] PolarsError),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Where the latest requests are.
pub(crate) fn soon(unfinished: usize) -> String {
    let files = if unfinished == 1 { "a file is" } else { "files are" };
    format!(
        "{files} being written there: the requests in it can be seen once it is complete, half a minute after the first of them (unless the server was told another time)"
    )
}

/// Some names of a list.
fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
    match names.len() {
        0 => "none".to_owned(),
        n if n > shown.len() => format!("{}, and {} more", shown.join(", "), n - shown.len()),
        _ => shown.join(", "),
    }
}

fn fitting(kind: &str) -> String {
    let fits = |test: &Test| if kind == "numeric" { test.is_for_numbers() } else { test.is_for_categories() };
    Test::ALL.iter().filter(|test| fits(test)).map(|test| test.name()).collect::<Vec<_>>().join(", ")
}

fn threshold_hint(test: Test) -> String {
    let range = match test.outcome() {
        Outcome::PValue => "it says p-values: give a level between 0 and 1",
        Outcome::Distance => "it says distances: give a number above 0",
    };
    format!("{range}; Evidently's is {}", test.default_threshold())
}
