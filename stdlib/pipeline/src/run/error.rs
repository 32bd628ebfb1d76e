//! Why a run cannot begin, or cannot go on.

use std::io;
use std::path::{Path, PathBuf};

/// Result of what a run does itself.
pub type Result<T> = std::result::Result<T, RunError>;

/// Why a run cannot begin, or cannot go on. The failure of a stage is none: it is part of the run's report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The definition cannot be read.
    #[error("the definition (pipeline.toml) cannot be read: {0}")]
    Definition(String),
    /// A stage has no function, or a function no stage.
    #[error(
        "the program does not fit its definition: {0}\npromote the version again; its files are not meant to be changed"
    )]
    Misfit(String),
    /// Stages need each other in a circle.
    #[error("the stages {0} need each other in a circle")]
    Circle(String),
    /// No stage has this name.
    #[error("there is no stage `{name}`; there are {known}")]
    UnknownStage {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// An option of the form `NAME=VALUE` without `=`.
    #[error("`{option} {text}` has no `=`: write {option} NAME={what}")]
    NoPair {
        /// The option.
        option: &'static str,
        /// What it was given.
        text: String,
        /// What belongs behind the `=`.
        what: &'static str,
    },
    /// No parameter has this name.
    #[error("{origin}: there is no parameter `{name}`; {known}")]
    UnknownParam {
        /// Where it was given.
        origin: String,
        /// The name.
        name: String,
        /// Those that there are, in words.
        known: String,
    },
    /// A value that is none of the parameter's type.
    #[error("{origin}: the parameter `{name}` is of type `{type_name}`, and {value} is none{hint}")]
    ParamValue {
        /// Where it was given.
        origin: String,
        /// The parameter.
        name: String,
        /// Its type.
        type_name: String,
        /// The value, quoted.
        value: String,
        /// What may help, or nothing.
        hint: &'static str,
    },
    /// A file of parameters that cannot be read.
    #[error("the file of parameters {path} cannot be read: {why}")]
    ParamsFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// No file has this name.
    #[error("--data: the pipeline reads no file named `{name}`; {known}")]
    UnknownData {
        /// The name.
        name: String,
        /// Those that there are, in words.
        known: String,
    },
    /// `--input` or `--output` without one stage that they are for.
    #[error("--input and --output are for one stage: name it with --only STAGE")]
    FilesOfOneStage,
    /// No value of the stage has this name.
    #[error("{option} {name}: the stage `{stage}` {does} no `{name}`; {known}")]
    UnknownValue {
        /// The option.
        option: &'static str,
        /// What a stage does with such values.
        does: &'static str,
        /// The stage.
        stage: String,
        /// The name that was given.
        name: String,
        /// Those that there are, in words.
        known: String,
    },
    /// Some values were given and others not.
    #[error(
        "--input: the stage `{stage}` also takes {missing}; give all that it takes with --input NAME=FILE, or none"
    )]
    MissingInputs {
        /// The stage.
        stage: String,
        /// Those that are missing, in words.
        missing: String,
    },
    /// A file that is not there.
    #[error("the file `{name}` cannot be read at {path}: {source}\ngive another place with --data {name}=PATH")]
    NoData {
        /// Its name in the definition.
        name: String,
        /// Where it should be.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file that is not what it was when the version was made.
    #[error(
        "the file `{name}` ({path}) has changed since this version was made\n  then {recorded}\n  now  {found}\nto run on other data, give it with --data {name}=PATH; --allow-changed-data accepts the change"
    )]
    Changed {
        /// Its name in the definition.
        name: String,
        /// Where it is.
        path: PathBuf,
        /// The fingerprint in the definition.
        recorded: String,
        /// That of the file.
        found: String,
    },
    /// The file system of the cache is full.
    #[error(
        "there is no room for {what} in {path}: {source}\nfree some, or give another directory with --cache; what was made before is kept"
    )]
    Full {
        /// What was to be written.
        what: String,
        /// Where.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Something cannot be read or written.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The cache is in use.
    #[error("the cache {0} is used by a run; try again when it has ended")]
    Busy(PathBuf),
    /// What the program cannot do.
    #[error("{0}")]
    Cannot(String),
    /// It was told to stop.
    #[error("interrupted; what was finished is kept, and the next run goes on from there")]
    Interrupted,
}

impl RunError {
    /// For what went wrong with a file.
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> RunError {
        let path = path.to_owned();
        if is_full(&source) {
            return RunError::Full { what: "a file of the run".to_owned(), path, source };
        }
        RunError::Io { what, path, source }
    }

    /// The program's exit code: 2 for wrong arguments, 130 when interrupted, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            RunError::UnknownStage { .. }
            | RunError::NoPair { .. }
            | RunError::FilesOfOneStage
            | RunError::UnknownValue { .. }
            | RunError::MissingInputs { .. }
            | RunError::UnknownParam { .. }
            | RunError::ParamValue { .. }
            | RunError::ParamsFile { .. }
            | RunError::UnknownData { .. } => 2,
            RunError::Interrupted => 130,
            _ => 1,
        }
    }
}

/// Whether an error says that there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Names in a sentence: "there are `a`, `b`", or "there is none".
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "there is none".to_owned(),
        [one] => format!("there is {one}"),
        _ => format!("there are {}", names.join(", ")),
    }
}
