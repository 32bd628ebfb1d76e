//! Where versions lie: `pipelines/<name>/<version>/` in the project.

mod draft;
mod error;
mod resolve;

pub use draft::Draft;
pub use error::Error;
pub use resolve::Found;

use crate::definition::{FILE, check};
use crate::version::Version;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the directory in a project.
pub const NAME: &str = "pipelines";

/// The project that a place belongs to: the nearest directory upward that has a `pipelines` or `.ironbook` directory or is
/// the root of a git repository; the place itself if there is none.
pub fn project(from: &Path) -> PathBuf {
    marked(from).unwrap_or(from).to_owned()
}

/// The nearest directory upward that is marked as a project.
pub fn marked(from: &Path) -> Option<&Path> {
    let is_project = |directory: &&Path| {
        [NAME, ".ironbook"].iter().any(|mark| directory.join(mark).is_dir()) || directory.join(".git").exists()
    };
    from.ancestors().find(is_project)
}

/// The pipelines of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Those of this project. The directory need not exist.
    pub fn of(project: &Path) -> Folder {
        Folder { root: project.join(NAME) }
    }

    /// Those of the project that a place belongs to ([`project`]).
    pub fn near(from: &Path) -> Folder {
        Folder::of(&project(from))
    }

    /// The directory with one directory per pipeline.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a version, whether it exists or not.
    pub fn directory(&self, name: &str, version: Version) -> PathBuf {
        self.root.join(name).join(version.to_string())
    }

    /// Names of the pipelines that have a version, in order.
    ///
    /// # Errors
    /// When a directory is there and cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> =
            entries(&self.root)?.into_iter().filter(|name| check::is_pipeline_name(name)).collect();
        names.sort();
        let mut out = Vec::new();
        for name in names {
            if !self.versions(&name)?.is_empty() {
                out.push(name);
            }
        }
        Ok(out)
    }

    /// Versions of a pipeline, in order; none if there is no such pipeline.
    ///
    /// # Errors
    /// When a directory is there and cannot be read.
    pub fn versions(&self, name: &str) -> Result<Vec<Version>, Error> {
        let directory = self.root.join(name);
        let is_version = |text: &String| directory.join(text).join(FILE).is_file();
        let texts = entries(&directory)?.into_iter().filter(is_version);
        let mut versions: Vec<Version> = texts.filter_map(|text| text.parse().ok()).collect();
        versions.sort();
        Ok(versions)
    }

    /// The highest version of a pipeline.
    ///
    /// # Errors
    /// When a directory is there and cannot be read.
    pub fn latest(&self, name: &str) -> Result<Option<Version>, Error> {
        Ok(self.versions(name)?.pop())
    }

    /// Begins a version of a pipeline: a directory to write into, which [`Draft::publish`] gives its number. What
    /// promotions have left that were killed is removed.
    ///
    /// # Errors
    /// When the name is none of a pipeline, or the directory cannot be made.
    pub fn begin(&self, name: &str) -> Result<Draft, Error> {
        if !check::is_pipeline_name(name) {
            return Err(Error::Name { name: name.to_owned() });
        }
        for name in entries(&self.root)?.iter().filter(|name| check::is_pipeline_name(name)) {
            draft::sweep(&self.root.join(name));
        }
        Draft::begin(self.root.join(name), name)
    }
}

/// Names in a directory; none if it does not exist.
fn entries(directory: &Path) -> Result<Vec<String>, Error> {
    let at = |source| Error::Read { path: directory.to_owned(), source };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(at)?.file_name().into_string());
    }
    Ok(names)
}
