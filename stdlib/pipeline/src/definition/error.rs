//! What is wrong with a `pipeline.toml`, where, and what to do.

use super::SCHEMA;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a definition is not read. The first line says what is wrong, the last what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}: {source}\ncheck the path: a version is a directory with a pipeline.toml", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text is no TOML, or has a field that is unknown, missing or of another type.
    #[error("{}{message}\n{}", place(*line), remedy_of_syntax(message))]
    Syntax {
        /// Line, from 1, where it is known.
        line: Option<usize>,
        /// What the reader said.
        message: String,
    },
    /// A newer release wrote it.
    #[error(
        "{}written by a newer Ironbook (schema {schema}; this one reads schema {SCHEMA})\nupdate Ironbook to read it",
        place(*line)
    )]
    Newer {
        /// Line, from 1, where it is known.
        line: Option<usize>,
        /// Its schema.
        schema: i64,
    },
    /// It can be read, but does not fit together.
    #[error("{}", Problem::list(.0))]
    Invalid(Vec<Problem>),
    /// It is in a file; the rest is as in the error below.
    #[error("{}: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Error>,
    },
}

/// Something in a definition that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `stages[2].inputs[0].from`.
    pub field: String,
    /// Line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    fn list(problems: &[Problem]) -> String {
        problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}\n  {}", place(self.line), self.field, self.message, self.remedy)
    }
}

fn place(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}

fn remedy_of_syntax(message: &str) -> &'static str {
    if message.starts_with("unknown field") {
        "remove the field, or correct its name; the fields are described in schema/pipeline-1.json"
    } else if message.starts_with("missing field") {
        "add the field; the fields are described in schema/pipeline-1.json"
    } else {
        "correct the line; versions are not meant to be edited: `ironbook promote` writes a new one"
    }
}
