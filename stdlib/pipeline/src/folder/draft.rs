//! A version that is being written.

use super::Error;
use crate::version::Version;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The directory of a version that has no number yet. It lies beside the versions, is none until it is published, and is
/// removed when it is dropped before.
#[derive(Debug)]
pub struct Draft {
    directory: Option<TempDir>,
    parent: PathBuf,
    name: String,
}

impl Draft {
    pub(super) fn begin(parent: PathBuf, name: &str) -> Result<Draft, Error> {
        let mut tries = 0;
        let directory = loop {
            match Draft::make(&parent) {
                // Another draft took the empty directory with it.
                Err(error) if error.kind() == ErrorKind::NotFound && tries < 3 => tries += 1,
                made => break made.map_err(|source| Error::Write { path: parent.clone(), source })?,
            }
        };
        Ok(Draft { directory: Some(directory), parent, name: name.to_owned() })
    }

    fn make(parent: &Path) -> std::io::Result<TempDir> {
        fs::create_dir_all(parent)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".draft-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        builder.tempdir_in(parent)
    }

    /// The directory to write into.
    ///
    /// # Panics
    /// After the draft was published.
    pub fn path(&self) -> &Path {
        self.directory.as_ref().expect("a draft that was published is not written into").path()
    }

    /// Gives it its number, at once and whole; returns the directory of the version. Its `pipeline.toml` has to say the
    /// same name and version. After an error it can be published under another number.
    ///
    /// # Errors
    /// When the version exists, also when another promotion was faster; when the definition is not read, or is that of
    /// another version.
    ///
    /// # Panics
    /// When it was published before.
    pub fn publish(&mut self, version: Version) -> Result<PathBuf, Error> {
        let to = self.parent.join(version.to_string());
        super::resolve::read(self.path(), &self.name, version)?;
        // A directory that is not empty is never replaced by a rename; one that is empty is no version.
        fs::rename(self.path(), &to).map_err(|source| match source.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                Error::Exists { name: self.name.clone(), version }
            }
            _ => Error::Write { path: to.clone(), source },
        })?;
        if let Some(directory) = self.directory.take() {
            // It is no longer there under this name.
            let _ = directory.keep();
        }
        Ok(to)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        drop(self.directory.take());
        // Only an empty one goes, so that a refused name leaves nothing.
        let _ = fs::remove_dir(&self.parent);
    }
}
