//! `ironbook track ...`: the commands around the store that do not belong to a notebook.

mod server;
mod ui;

pub use server::ServerArgs;

use clap::{Args, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `ironbook track`.
#[derive(Args, Debug)]
pub struct TrackArgs {
    /// What to do.
    #[command(subcommand)]
    command: TrackCommand,
}

/// What `ironbook track` can do.
#[derive(Subcommand, Debug)]
enum TrackCommand {
    /// Serve a store to MLflow's clients and to browsers.
    Server(Box<ServerArgs>),
    /// Open the page of a store in a browser; Ctrl-C ends it.
    Ui(ui::UiArgs),
}

/// Runs a command of `ironbook track`.
pub fn run(args: TrackArgs) -> ExitCode {
    let done = match args.command {
        TrackCommand::Server(args) => server::run(&args),
        TrackCommand::Ui(args) => ui::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, in words.
#[derive(Debug)]
pub(crate) struct Problem(String);

impl<E: std::error::Error> From<E> for Problem {
    fn from(error: E) -> Problem {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            text.push_str("\ncause: ");
            text.push_str(&next.to_string());
            cause = next.source();
        }
        Problem(text)
    }
}

fn complain(problem: &Problem) {
    tell(&format!("error: {}", problem.0));
}

/// Writes a line for whoever runs the program; one that cannot be written is lost.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
