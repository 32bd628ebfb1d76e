//! `ironbook track export`.

use super::Problem;
use super::import::{between, chosen};
use crate::transfer::Address;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ironbook track export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// What to copy to: `sqlite:///FILE` (a database of MLflow's), a directory `mlruns`, `http://HOST:PORT` (a tracking
    /// server), or the directory of a store. What is not there yet is made.
    dest: String,
    /// Directory of the store to copy from [default: the project's `.ironbook`].
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    store: Option<PathBuf>,
    /// What to copy from, named as DEST is.
    #[arg(long, value_name = "URI")]
    from: Option<String>,
    /// Leave artifacts where they are, and keep their URIs.
    #[arg(long)]
    no_artifacts: bool,
}

/// Copies, and says what was copied. The exit status is 3 if something was left out.
pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Problem> {
    let source = chosen(args.from.as_deref(), args.store.as_deref())?;
    between(&source, &Address::parse(&args.dest)?, !args.no_artifacts)
}
