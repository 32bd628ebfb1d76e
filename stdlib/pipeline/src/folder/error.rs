//! What can go wrong with the directories of versions.

use crate::version::Version;
use std::io;
use std::path::PathBuf;

/// Why a version is not found or not written. The first line says what is wrong, the second what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory cannot be read.
    #[error("cannot read {}: {source}\ncheck the permissions of the directory", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory cannot be written.
    #[error("cannot write {}: {source}\ncheck the free space, and the permissions of the directory", path.display())]
    Write {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name cannot be that of a pipeline.
    #[error("`{name}` cannot be the name of a pipeline\nuse lower-case letters, digits, `-` and `_`, a letter first")]
    Name {
        /// The name.
        name: String,
    },
    /// Versions are never overwritten.
    #[error(
        "{name}@{version} exists already, and versions are never overwritten\npromote again: it becomes the next version"
    )]
    Exists {
        /// Name of the pipeline.
        name: String,
        /// The version.
        version: Version,
    },
    /// There is no such pipeline.
    #[error("there is no pipeline `{name}` in {}\n{}", root.display(), known_names(known))]
    NoPipeline {
        /// The name that was asked for.
        name: String,
        /// The directory with all.
        root: PathBuf,
        /// Names of those that exist.
        known: Vec<String>,
    },
    /// There is no such version.
    #[error("there is no version {wanted} of `{name}`\nthere are {}", list(known))]
    NoVersion {
        /// Name of the pipeline.
        name: String,
        /// The version that was asked for.
        wanted: String,
        /// Versions that exist.
        known: Vec<Version>,
    },
    /// The text names no version.
    #[error(
        "`{text}` names no version of a pipeline\nwrite NAME, NAME@1.3.0, NAME@1.3, NAME@1, NAME@latest, or the path of a version"
    )]
    Form {
        /// What was given.
        text: String,
    },
    /// Its definition is not read.
    #[error(transparent)]
    Definition(#[from] crate::definition::Error),
    /// The directory of a version holds the definition of another.
    #[error("{} is the definition of {found}, not of {expected}\nwas the directory renamed? Give it its old name", path.display())]
    Moved {
        /// The file.
        path: PathBuf,
        /// The version that its place says.
        expected: String,
        /// The version that it says.
        found: String,
    },
}

fn list(versions: &[Version]) -> String {
    versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() {
        "there is none yet: `ironbook promote` makes the first".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    }
}
