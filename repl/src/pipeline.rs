//! `ironbook pipeline`: the versions of the project's pipelines, what they are, and how two differ.

mod diff;
mod export;
mod list;
mod run;
mod show;
mod table;
mod tree;

use crate::Error;
use crate::terminal::Terminal;
use clap::{Args, Subcommand};
use ironbook_pipeline::folder::{self, Folder};
use ironbook_session::library::Paths;
use serde_json::json;
use std::io;
use std::path::PathBuf;

/// Examples below the help of `ironbook pipeline`.
pub const HELP: &str = "\
Examples:
  ironbook pipeline list
  ironbook pipeline show late-flights                               the highest version
  ironbook pipeline diff late-flights@1.2.0 late-flights@1.3.0 --code
  ironbook pipeline export late-flights dvc airflow
  cd $(ironbook pipeline path late-flights@1)                       the highest 1.x

A version is NAME, NAME@1.3.0, NAME@1.3, NAME@1, NAME@latest, or the path of its directory.";

/// `ironbook pipeline`.
#[derive(Args, Debug)]
pub struct Pipeline {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the project's pipelines
    List(list::List),
    /// Show what a version is: its stages, parameters, data, where it comes from, whether it was verified
    Show(show::Show),
    /// Say what is different between two versions
    #[command(after_long_help = diff::HELP)]
    Diff(diff::Diff),
    /// Write the files by which other tools run a version
    #[command(after_long_help = export::HELP)]
    Export(export::Export),
    /// Run a version
    #[command(after_long_help = run::HELP, disable_help_flag = true)]
    Run(run::Run),
    /// Print the directory of a version
    Path(Path),
}

#[derive(Args, Debug)]
struct Path {
    /// The version: NAME, NAME@1.3.0, NAME@1, NAME@latest
    #[arg(value_name = "NAME[@VERSION]")]
    version: String,

    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Does what the command says.
///
/// # Errors
/// When there is no such version, or it cannot be read or written.
pub fn run(pipeline: &Pipeline, paths: &Paths) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let here = std::env::current_dir().map_err(|source| Error::Read { path: PathBuf::from("."), source })?;
    let folder = Folder::near(&here);
    match &pipeline.command {
        Command::List(list) => list::run(list, &folder, &terminal),
        Command::Show(show) => show::run(show, &folder, &terminal),
        Command::Diff(diff) => diff::run(diff, &folder, &terminal),
        Command::Export(export) => export::run(export, &folder, &terminal),
        Command::Run(run) => run::run(run, &folder, paths, &terminal),
        Command::Path(path) => print_path(path, &folder, &terminal),
    }
}

fn print_path(path: &Path, folder: &Folder, terminal: &Terminal) -> Result<u8, Error> {
    let found = folder.resolve(&path.version)?;
    let directory = found.directory.display();
    if path.json {
        let value = json!({ "name": found.definition.name, "version": found.version, "directory": found.directory });
        terminal.out(&format!("{value:#}\n"));
    } else {
        terminal.out(&format!("{directory}\n"));
    }
    Ok(0)
}

impl From<folder::Error> for Error {
    /// The last line of such an error is the remedy.
    fn from(error: folder::Error) -> Error {
        let text = error.to_string();
        let (words, remedy) = text.rsplit_once('\n').unwrap_or((&text, ""));
        Error::Pipeline { words: words.to_owned(), remedy: remedy.trim().to_owned() }
    }
}

/// An error with the files of a version.
fn with_files(error: &io::Error) -> Error {
    Error::Pipeline {
        words: error.to_string(),
        remedy: "check the path, and the permissions of its directory".to_owned(),
    }
}
