//! What can go wrong with a magic, and how it is told.

use crate::near;
use ironbook_session::{Failure, FailureKind};
use std::path::PathBuf;

/// Why a magic did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No magic has this name.
    #[error("there is no magic `{name}`")]
    Unknown {
        /// As it was written.
        name: String,
        /// What to do instead.
        advice: Vec<String>,
    },
    /// A line magic was written as a cell magic, or the other way round, or in a place where it cannot work.
    #[error("`{name}` cannot stand here: {reason}")]
    Place {
        /// As it was written.
        name: String,
        /// Why not.
        reason: &'static str,
        /// What to write.
        advice: String,
    },
    /// The arguments do not fit.
    #[error("{message}")]
    Arguments {
        /// The magic.
        magic: String,
        /// What is wrong with them, in one line.
        message: String,
        /// The usage and what else helps.
        advice: Vec<String>,
    },
    /// A quote is not closed.
    #[error("a {quote} in the arguments of `%{magic}` is not closed")]
    Quote {
        /// The magic.
        magic: String,
        /// The quote.
        quote: char,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A notebook file is not one.
    #[error("`{}` is not a notebook: {reason}", path.display())]
    Notebook {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A shell command failed.
    #[error("the command {outcome}: {command}")]
    Command {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
    },
    /// Nothing of this name.
    #[error("there is no {what} `{name}`")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// The name.
        name: String,
        /// What else there is, or what to do.
        advice: Vec<String>,
    },
    /// The magic needs a confirmation, or something that is not there.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The session failed; its own report is the best there is.
    #[error("{}", .0.message)]
    Session(Box<Failure>),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Session(Box::new(failure))
    }
}

impl Error {
    /// A stable name of what went wrong.
    pub fn code(&self) -> &str {
        match self {
            Error::Unknown { .. } => "unknown magic",
            Error::Place { .. } => "misplaced magic",
            Error::Arguments { .. } | Error::Quote { .. } => "wrong arguments",
            Error::File { .. } => "file",
            Error::Notebook { .. } => "not a notebook",
            Error::Start { .. } => "cannot start",
            Error::Command { .. } => "command failed",
            Error::Missing { .. } => "not found",
            Error::Refused { .. } => "refused",
            Error::Interrupted => "interrupted",
            Error::Session(failure) => &failure.name,
        }
    }

    fn advice(&self) -> Vec<String> {
        match self {
            Error::Unknown { advice, .. } | Error::Arguments { advice, .. } | Error::Missing { advice, .. } => {
                advice.clone()
            }
            Error::Place { advice, .. } | Error::Refused { advice, .. } => vec![advice.clone()],
            Error::Quote { quote, .. } => vec![format!("close it with {quote}, or write \\{quote} for the character")],
            Error::File { action, source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                vec![format!("the path to {action} is relative to the session's directory: `%cd` shows it")]
            }
            Error::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                vec!["the disk is full: free some space, or name a place on another".to_owned()]
            }
            Error::Notebook { .. } => vec!["a notebook is JSON with a list of `cells` (nbformat 4)".to_owned()],
            Error::Start { program, .. } => vec![format!("install `{program}`, or put it on the PATH")],
            _ => Vec::new(),
        }
    }

    /// The failure that a front end shows; `place` says where the magic stands ("line 2: %trakc").
    pub fn failure(self, place: &str) -> Failure {
        let name = self.code().to_owned();
        let advice = self.advice();
        let kind = match self {
            Error::Session(failure) => return *failure,
            Error::Interrupted => FailureKind::Interrupted,
            _ => FailureKind::Magic,
        };
        let mut failure = Failure::new(kind, name, self.to_string());
        failure.report = vec![format!("error: {}", failure.message), format!("  --> {place}")];
        advice.into_iter().fold(failure, Failure::hint)
    }

    /// For a file.
    pub(crate) fn file(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Error::File { action, path: path.to_owned(), source }
    }
}

/// "did you mean ...", if anything is near.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    sign: &str,
) -> Option<String> {
    let names: Vec<_> = near::near(name, candidates).into_iter().map(|near| format!("`{sign}{near}`")).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", near::either(&names)))
}
