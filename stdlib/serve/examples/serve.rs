//! `ironbook serve` by itself: what tests and benchmarks start without building the notebook.

use clap::Parser;
use ironbook_serve::{Cli, Loaders, serve};
use std::process::ExitCode;

fn main() -> ExitCode {
    serve(&Cli::parse().serve, Loaders::standard())
}
