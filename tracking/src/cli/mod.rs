//! `ironbook track ...`: the commands around the store that do not belong to a notebook.

mod export;
mod import;
mod server;
mod sync;
mod ui;

pub use export::ExportArgs;
pub use import::ImportArgs;
pub use server::ServerArgs;
pub use sync::SyncArgs;

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
    /// Copy everything from MLflow, from a tracking server or from another store into a store.
    Import(ImportArgs),
    /// Copy everything from a store to MLflow, to a tracking server or to another store.
    Export(ExportArgs),
    /// Send what was logged while a tracking server did not answer.
    Sync(SyncArgs),
    /// Say what waits to be sent to tracking servers.
    Status,
}

/// Runs a command of `ironbook track`.
pub fn run(args: TrackArgs) -> ExitCode {
    let done = match args.command {
        TrackCommand::Server(args) => server::run(&args).map(|()| ExitCode::SUCCESS),
        TrackCommand::Ui(args) => ui::run(&args).map(|()| ExitCode::SUCCESS),
        TrackCommand::Import(args) => import::run(&args),
        TrackCommand::Export(args) => export::run(&args),
        TrackCommand::Sync(args) => sync::sync(&args),
        TrackCommand::Status => sync::status(),
    };
    done.unwrap_or_else(|problem| {
        complain(&problem);
        ExitCode::FAILURE
    })
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
