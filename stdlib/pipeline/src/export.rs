//! The files by which other tools run a pipeline.
//!
//! All of them call the version's program, one stage at a time where the tool has stages of its own:
//! `run --only STAGE --input NAME=FILE --output NAME=FILE`. Parameters, gates, retries and time limits stay the program's.

mod airflow;
mod docker;
mod dvc;
mod github;
mod kubeflow;
mod mlproject;
mod params;
mod quote;
mod stage;
mod yaml;

pub use airflow::Airflow;
pub use docker::Docker;
pub use dvc::Dvc;
pub use github::GitHub;
pub use kubeflow::Kubeflow;
pub use mlproject::MlProject;
pub use params::params_yaml;
pub use yaml::Yaml;

use crate::definition::Definition;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Something that writes the files of one tool.
pub trait Exporter: Sync {
    /// What a user calls it: `dvc`.
    fn name(&self) -> &'static str;

    /// What the files are for, with the command that uses them.
    fn about(&self) -> &'static str;

    /// The files, their paths relative to the directory of the version.
    fn files(&self, context: &Context<'_>) -> Vec<File>;
}

/// All exporters.
pub static ALL: &[&dyn Exporter] = &[&Dvc, &MlProject, &Airflow, &Kubeflow, &GitHub, &Docker];

/// The exporter of this name.
pub fn named(name: &str) -> Option<&'static dyn Exporter> {
    ALL.iter().copied().find(|exporter| exporter.name() == name)
}

/// What exporters are told.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The version.
    pub definition: &'a Definition,
    /// The directory of the version as seen from the project, with `/`: `pipelines/late-flights/1.3.0`.
    pub place: String,
    /// Name of the container image.
    pub image: String,
    /// Where the standard library comes from.
    pub library: Library,
}

/// Where the standard library of an exported crate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Its sources lie in `vendor/`.
    Vendored,
    /// `Cargo.toml` names another place.
    Linked,
}

impl<'a> Context<'a> {
    /// For a version that lies where versions do, with vendored sources and an image called `<name>:<version>`.
    pub fn new(definition: &'a Definition) -> Context<'a> {
        Context {
            definition,
            place: format!("{}/{}/{}", crate::folder::NAME, definition.name, definition.version),
            image: format!("{}:{}", definition.name, definition.version),
            library: Library::Vendored,
        }
    }

    /// The same for the version in this directory.
    #[must_use]
    pub fn of(self, directory: &Path) -> Context<'a> {
        let library = if directory.join("vendor").is_dir() { Library::Vendored } else { Library::Linked };
        Context { library, ..self }
    }

    /// A path relative to the project, as seen from the directory of the version.
    fn inside(&self, path: &str) -> String {
        if Path::new(path).is_absolute() {
            return path.to_owned();
        }
        let up = self.place.split('/').filter(|name| !name.is_empty() && *name != ".").count();
        "../".repeat(up) + path.trim_start_matches("./")
    }

    /// `late-flights 1.3.0`.
    fn title(&self) -> String {
        format!("{} {}", self.definition.name, self.definition.version)
    }

    /// Version of the compiler, `1.95.0`, from `rustc 1.95.0 (...)`.
    fn rust(&self) -> &str {
        let mut words = self.definition.toolchain.rustc.split_whitespace();
        words.find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or("stable")
    }
}

/// A file that an exporter writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, with `/`, relative to the directory of the version.
    pub path: String,
    /// Its content.
    pub text: String,
    /// What becomes of a file that is there.
    pub existing: Existing,
}

/// What becomes of a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is written again.
    Replaced,
    /// It stays: it is a part of the version.
    Kept,
}

impl File {
    fn new(path: &str, text: String) -> File {
        File { path: path.to_owned(), text, existing: Existing::Replaced }
    }
}

/// Writes the files of an exporter below a directory; returns the paths of those that were written.
///
/// # Errors
/// When a file cannot be written.
pub fn write(exporter: &dyn Exporter, context: &Context<'_>, directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for file in exporter.files(context) {
        let path = directory.join(&file.path);
        if file.existing == Existing::Kept && path.exists() {
            continue;
        }
        let at = |error: io::Error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(at)?;
        }
        fs::write(&path, &file.text).map_err(at)?;
        written.push(path);
    }
    Ok(written)
}
