//! `ironbook serve`: a model behind HTTP.

use clap::Parser as _;
use ironbook_serve::Cli;
use std::ffi::OsString;
use std::process::ExitCode;

/// Serves until it is told to stop.
pub(super) fn main(arguments: &[OsString]) -> ExitCode {
    let words = [OsString::from("ironbook serve")].into_iter().chain(arguments.iter().cloned());
    match Cli::try_parse_from(words) {
        Ok(cli) => ironbook_serve::serve(&cli.serve, crate::models::loaders()),
        Err(told) => {
            // Help goes to standard output, what is wrong to standard error.
            let _ = told.print();
            ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(super::USAGE))
        }
    }
}
