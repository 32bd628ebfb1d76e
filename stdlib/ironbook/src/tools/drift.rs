//! `ironbook drift`: the report on two tables, in files and on standard output.
#![expect(clippy::print_stdout, reason = "a tool is a program, whose result is printed")]

use super::{USAGE, complain};
use crate::drift::{self, DriftError, DriftOptions, DriftReport, FailOn, Tabular};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit status when something has happened that the check fails on.
const FAILED: u8 = 1;

/// What is asked for; the command line writes it as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    reference: PathBuf,
    current: Option<PathBuf>,
    log: Option<PathBuf>,
    since: Option<String>,
    until: Option<String>,
    served: Option<String>,
    served_version: Option<String>,
    labels: Option<PathBuf>,
    model: Option<String>,
    options: DriftOptions,
    fail_on: Vec<FailOn>,
    report: Option<PathBuf>,
    json: Option<PathBuf>,
    quiet: bool,
    width: usize,
}

/// Runs it.
pub(super) fn main(arguments: &[OsString]) -> ExitCode {
    let text = arguments.first().map(|text| text.to_string_lossy()).unwrap_or_default();
    let request: Request = match serde_json::from_str(&text) {
        Ok(request) => request,
        Err(error) => {
            complain(&format!("the request cannot be read: {error}\nrun `ironbook drift --help`"));
            return ExitCode::from(USAGE);
        }
    };
    match run(&request) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            failures.iter().for_each(|failure| complain(failure));
            ExitCode::from(FAILED)
        }
        Err(error) => {
            complain(&error);
            ExitCode::from(USAGE)
        }
    }
}

/// Makes the report; what the check fails on, in words.
fn run(request: &Request) -> Result<Vec<String>, String> {
    let report = compared(request).map_err(|error| in_words(&error))?;
    // First what can be read, whatever becomes of the files.
    if request.json.as_deref() == Some(Path::new("-")) {
        println!("{}", report.to_json());
    } else if !request.quiet {
        println!("{}", report.to_text(request.width));
    }
    if let Some(path) = &request.report {
        report.save_html(path).map_err(|error| in_words(&error))?;
    }
    if let Some(path) = request.json.as_ref().filter(|path| *path != Path::new("-")) {
        report.save_json(path).map_err(|error| in_words(&error))?;
    }
    let failures = request.fail_on.iter().filter_map(|on| report.require(*on).err());
    Ok(failures.map(|error| in_words(&error)).collect())
}

fn compared(request: &Request) -> Result<DriftReport, DriftError> {
    let reference = drift::open(&request.reference)?;
    let current = current(request)?;
    let name = request.current.as_ref().or(request.log.as_ref());
    let options =
        request.options.clone().names(stem(&request.reference), name.map_or_else(String::new, |path| stem(path)));
    match &request.model {
        Some(address) => drift::compare_with_address(options, address, &reference, &current),
        None => options.compare(&reference, &current),
    }
}

/// The data in question.
fn current(request: &Request) -> Result<Box<dyn Tabular>, DriftError> {
    let Some(directory) = &request.log else {
        return drift::open(request.current.as_deref().unwrap_or(Path::new("")));
    };
    let mut log = drift::requests(directory);
    if let Some(name) = &request.served {
        log = log.model(name);
    }
    if let Some(version) = &request.served_version {
        log = log.version(version);
    }
    if let Some(time) = &request.since {
        log = log.since(drift::moment(time)?);
    }
    if let Some(time) = &request.until {
        log = log.until(drift::moment(time)?);
    }
    if let (Some(path), Some(target)) = (&request.labels, request.options.target_name()) {
        log = log.labels(path, target);
    }
    Ok(Box::new(log.read()?))
}

/// What views call a table.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// An error with its causes: first what was wrong, below what to do.
fn in_words(error: &DriftError) -> String {
    ironbook_core::error::chain(error).join("\n")
}
