//! `ironbook serve` by itself: what tests and benchmarks start without building the notebook.

use clap::Parser;
use ironbook_serve::{Loaders, ServeArgs, serve};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "ironbook-serve")]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> ExitCode {
    serve(&Cli::parse().serve, Loaders::standard())
}
