//! `ironbook drift`: compares files, and what a server has logged, with a reference; for terminals and for CI.

use crate::{Error, terminal::Terminal, tool};
use clap::Args;
use ironbook_magics::{DriftCheck, DriftChoices};
use ironbook_session::library::Paths;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Shown below the options.
pub const HELP: &str = "\
Examples:
  ironbook drift train.parquet june.parquet                        what has changed, as a table in the terminal
  ironbook drift train.parquet june.csv --report drift.html        and as a page
  ironbook drift train.parquet --log requests/ --since 24h --fail-on drift
  ironbook drift train.parquet --log requests/ --model models:/late@champion --fail-on column,schema --json -

A table is a Parquet, CSV or JSON file, a directory or pattern of such files, or the directory that a server logs its requests
to. Tests and thresholds are Evidently's unless options say otherwise.

Exit status: 0 nothing of what `--fail-on` names has happened; 1 it has; 2 wrong use, or data that cannot be compared.";

/// `ironbook drift`.
#[derive(Args, Clone, Debug)]
pub struct Drift {
    /// The data that others are held against: those that a model was trained on
    #[arg(value_name = "REFERENCE")]
    reference: PathBuf,
    /// The data in question
    #[arg(value_name = "CURRENT", required_unless_present = "log", conflicts_with = "log")]
    current: Option<PathBuf>,
    /// Take the requests that a server has logged into this directory instead
    #[arg(long, value_name = "DIRECTORY")]
    log: Option<PathBuf>,
    /// Of the log, the requests from this time on: 2026-06-01, 2026-06-01T12:00, or 24h (ago)
    #[arg(long, value_name = "TIME", requires = "log")]
    since: Option<String>,
    /// Of the log, the requests before this time
    #[arg(long, value_name = "TIME", requires = "log")]
    until: Option<String>,
    /// Of the log, the requests to the model of this name
    #[arg(long, value_name = "NAME", requires = "log")]
    served: Option<String>,
    /// Of the log, the requests that this version of the model has answered
    #[arg(long, value_name = "VERSION", requires = "log")]
    served_version: Option<String>,
    /// Labels that came later: Parquet files with request_id, row and label, for the column that --target names
    #[arg(long, value_name = "FILE", requires_all = ["log", "target"])]
    labels: Option<PathBuf>,
    /// A model (models:/name@alias, runs:/run/path, or its directory): its columns and its predictions are
    /// compared, ranked by drift times how much it goes by them
    #[arg(short, long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    choices: DriftChoices,
    /// End with status 1 when this has happened
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<DriftCheck>,
    /// Write the report as an HTML page
    #[arg(short, long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Write the report as JSON; `-` prints it instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print nothing but what fails
    #[arg(short, long)]
    quiet: bool,
}

/// Becomes the library's tool, with the options as one argument.
///
/// # Errors
/// When a path is no text, or the library cannot be had.
pub fn run(options: &Drift, paths: &Paths) -> Result<u8, Error> {
    let request = request(options, Terminal::detect().size().0)?;
    tool::run("drift", &[request.to_string().into()], paths)
}

/// What the tool is asked for.
fn request(drift: &Drift, width: usize) -> Result<Value, Error> {
    let path = |path: &Path| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Error::PathText { path: path.to_owned() })
    };
    let optional = |given: &Option<PathBuf>| given.as_deref().map(path).transpose();
    Ok(json!({
        "reference": path(&drift.reference)?,
        "current": optional(&drift.current)?,
        "log": optional(&drift.log)?,
        "since": drift.since,
        "until": drift.until,
        "served": drift.served,
        "served_version": drift.served_version,
        "labels": optional(&drift.labels)?,
        "model": drift.model,
        "options": drift.choices.to_json(),
        "fail_on": drift.fail_on.iter().map(|check| check.name()).collect::<Vec<_>>(),
        "report": optional(&drift.report)?,
        "json": optional(&drift.json)?,
        "quiet": drift.quiet,
        "width": width,
    }))
}
