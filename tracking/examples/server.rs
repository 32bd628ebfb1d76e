//! `ironbook track` by itself: what tests and benchmarks start without building the notebook.

use clap::Parser;
use ironbook_tracking::cli::{TrackArgs, run};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "ironbook-track")]
struct Cli {
    #[command(flatten)]
    track: TrackArgs,
}

fn main() -> ExitCode {
    run(Cli::parse().track)
}
