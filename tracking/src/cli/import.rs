//! `ironbook track import`.

use super::{Problem, tell};
use crate::transfer::{Address, Options, Report, copy, open_sink, open_source};
use clap::Args;
use ironbook_store::locate;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit status of a copy that left something out.
const SOME_SKIPPED: u8 = 3;

/// Arguments of `ironbook track import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// What to copy from: `sqlite:///FILE` (a database of MLflow's), a directory `mlruns`, `http://HOST:PORT` (a tracking
    /// server), or the directory of a store.
    source: String,
    /// Directory of the store to copy to [default: the project's `.ironbook`].
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    store: Option<PathBuf>,
    /// What to copy to, named as SOURCE is.
    #[arg(long, value_name = "URI")]
    to: Option<String>,
    /// Leave artifacts where they are, and keep their URIs.
    #[arg(long)]
    no_artifacts: bool,
}

/// Copies, and says what was copied. The exit status is 3 if something was left out.
pub(super) fn run(args: &ImportArgs) -> Result<ExitCode, Problem> {
    let source = Address::parse(&args.source)?;
    let target = chosen(args.to.as_deref(), args.store.as_deref())?;
    between(&source, &target, !args.no_artifacts)
}

/// The store that options name, or the project's.
pub(super) fn chosen(uri: Option<&str>, directory: Option<&Path>) -> Result<Address, Problem> {
    Ok(match (uri, directory) {
        (Some(uri), _) => Address::parse(uri)?,
        (None, Some(directory)) => Address::Own(directory.to_owned(), None),
        (None, None) => Address::Own(locate(&std::env::current_dir()?), None),
    })
}

/// Copies from one address to another.
pub(super) fn between(from: &Address, to: &Address, artifacts: bool) -> Result<ExitCode, Problem> {
    if from == to {
        return Err(Problem("source and target are the same store\ngive another one".to_owned()));
    }
    let source = open_source(from)?;
    let mut sink = open_sink(to)?;
    tell(&format!("from {} to {}", source.location(), sink.location()));
    let report = Report::default();
    let done = copy(&*source, &mut *sink, Options { artifacts }, &report, &|line| tell(line));
    // Also after an error: it says how far the copy went.
    let mut out = std::io::stdout();
    let _ = write!(out, "{report}").and_then(|()| out.flush());
    done?;
    Ok(if report.has_skipped() { ExitCode::from(SOME_SKIPPED) } else { ExitCode::SUCCESS })
}
