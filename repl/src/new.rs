//! `ironbook new`: a project with the layout that people expect, in which everything runs.

mod files;

use crate::Error;
use crate::terminal::{Style, Terminal};
use clap::Args;
use files::FILES;
use ironbook_session::library::find_program;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Examples for `--help`.
pub const HELP: &str = "\
Examples:
  ironbook new late-flights                 in the directory late-flights, which is made
  ironbook new work/flights --name late     in work/flights, with another name
  ironbook new . --no-git                   here, in an empty directory, without a git repository";

/// `ironbook new`.
#[derive(Args, Clone, Debug)]
pub struct New {
    /// Directory of the project; it is made, or has to be empty
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// Name of the project: letters, digits, `-` and `_` [default: that of the directory]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Make no git repository
    #[arg(long)]
    pub no_git: bool,
}

/// Names that the project's crate cannot have, since cells know others by them.
const TAKEN: &[&str] = &[
    "alloc",
    "candle_core",
    "candle_nn",
    "chrono",
    "core",
    "ironbook",
    "plotters",
    "polars",
    "proc_macro",
    "rand",
    "rayon",
    "serde",
    "serde_json",
    "std",
    "test",
    "thiserror",
    "tokio",
];

/// Makes the project.
///
/// # Errors
/// [`Error::ProjectName`]; [`Error::NotEmpty`]; when a file cannot be written.
pub fn run(options: &New) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let directory = &options.directory;
    let name = match &options.name {
        Some(name) => name.clone(),
        None => name_of(directory)?,
    };
    check_name(&name)?;
    check_empty(directory)?;
    write(directory, &name)?;
    let git = if options.no_git { Git::Unwanted } else { begin_git(directory) };
    terminal.say(&format!(
        "{} {name} in {}: {} files{}",
        terminal.paint(Style::Green, "made:"),
        directory.display(),
        FILES.len(),
        git.words()
    ));
    let enter = if directory == Path::new(".") { String::new() } else { format!("cd {} && ", directory.display()) };
    terminal.say(&format!("{enter}ironbook run notebooks/01-explore.ipynb -o reports/01-explore.ipynb"));
    Ok(0)
}

/// The name that a directory gives its project.
fn name_of(directory: &Path) -> Result<String, Error> {
    let unreadable = |source: io::Error| Error::Read { path: directory.to_owned(), source };
    let full = std::path::absolute(directory).map_err(unreadable)?;
    let last = full.components().next_back().map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(last.unwrap_or_default())
}

/// The name of the crate of a project.
fn crate_name(name: &str) -> String {
    name.replace('-', "_")
}

fn check_name(name: &str) -> Result<(), Error> {
    let crate_name = crate_name(name);
    let why = if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        "it has to begin with a letter"
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        "it may have letters, digits, `-` and `_`"
    } else if name.len() > 64 {
        "it is longer than 64 letters"
    } else if syn::parse_str::<syn::Ident>(&crate_name).is_err() {
        "it is a word of Rust's own"
    } else if TAKEN.contains(&crate_name.as_str()) {
        "cells know another crate by it"
    } else {
        return Ok(());
    };
    Err(Error::ProjectName { name: name.to_owned(), why })
}

fn check_empty(directory: &Path) -> Result<(), Error> {
    match fs::read_dir(directory) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::NotEmpty { path: directory.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Write { path: directory.to_owned(), source }),
    }
}

fn write(directory: &Path, name: &str) -> Result<(), Error> {
    for (path, text) in FILES {
        let path = directory.join(path);
        let failed = |source: io::Error| Error::Write { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, filled(text, name)).map_err(failed)?;
    }
    Ok(())
}

/// A template with the names in it.
fn filled(text: &str, name: &str) -> String {
    text.replace("{{name}}", name).replace("{{crate}}", &crate_name(name))
}

/// What became of the git repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Git {
    Made,
    /// The directory lies in one.
    There,
    Missing,
    Failed,
    Unwanted,
}

impl Git {
    fn words(self) -> &'static str {
        match self {
            Git::Made => " and a git repository",
            Git::There => ", in the git repository around it",
            Git::Missing => "; no git repository, since git is not there",
            Git::Failed => "; `git init` failed",
            Git::Unwanted => "",
        }
    }
}

fn begin_git(directory: &Path) -> Git {
    let around = std::path::absolute(directory).is_ok_and(|full| full.ancestors().any(|a| a.join(".git").exists()));
    if around {
        return Git::There;
    }
    let Some(git) = find_program("git") else { return Git::Missing };
    let init = Command::new(git).args(["init", "--quiet"]).current_dir(directory).stdin(Stdio::null()).status();
    if init.is_ok_and(|status| status.success()) { Git::Made } else { Git::Failed }
}

#[cfg(test)]
mod tests;
