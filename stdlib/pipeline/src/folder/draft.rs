//! A version that is being written.

use super::{Error, entries};
use crate::version::Version;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

const PREFIX: &str = ".draft-";
/// What the name of a draft's lock ends with; it lies beside the directory, so that it is no part of the version.
const LOCK: &str = ".lock";
/// How often a draft is begun anew because another one's end has taken an empty directory with it.
const TRIES: u32 = 8;

/// The directory of a version that has no number yet. It lies beside the versions, is none until it is published, and is
/// removed when it is dropped before. A lock beside it is held as long as this lives: by that the next draft tells one
/// that is being written from one whose process was killed.
#[derive(Debug)]
pub struct Draft {
    directory: Option<PathBuf>,
    lock: Option<NamedTempFile>,
    parent: PathBuf,
    name: String,
}

impl Draft {
    pub(super) fn begin(parent: PathBuf, name: &str) -> Result<Draft, Error> {
        let mut tries = 0;
        let (directory, lock) = loop {
            match make(&parent) {
                Err(error) if error.kind() == ErrorKind::NotFound && tries < TRIES => tries += 1,
                made => break made.map_err(|source| Error::Write { path: parent.clone(), source })?,
            }
        };
        Ok(Draft { directory: Some(directory), lock: Some(lock), parent, name: name.to_owned() })
    }

    /// The directory to write into.
    ///
    /// # Panics
    /// After the draft was published.
    pub fn path(&self) -> &Path {
        self.directory.as_ref().expect("a draft that was published is not written into")
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
        // It is no longer there under this name.
        self.directory = None;
        self.lock = None;
        Ok(to)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.take() {
            // What cannot be removed is swept by the next one.
            let _ = fs::remove_dir_all(directory);
        }
        self.lock = None;
        // Only an empty one goes, so that a refused name leaves nothing.
        let _ = fs::remove_dir(&self.parent);
    }
}

/// A directory and its lock, which is there first and goes last.
fn make(parent: &Path) -> io::Result<(PathBuf, NamedTempFile)> {
    fs::create_dir_all(parent)?;
    let lock = tempfile::Builder::new().prefix(PREFIX).suffix(LOCK).tempfile_in(parent)?;
    lock.as_file().lock()?;
    // Whoever swept between the two has taken the file away.
    let there = fs::metadata(lock.path())?;
    let held = lock.as_file().metadata()?;
    if (there.dev(), there.ino()) != (held.dev(), held.ino()) {
        return Err(ErrorKind::NotFound.into());
    }
    let directory = without_lock(lock.path());
    fs::create_dir(&directory)?;
    Ok((directory, lock))
}

fn without_lock(lock: &Path) -> PathBuf {
    let name = lock.file_name().unwrap_or_default().to_string_lossy();
    lock.with_file_name(name.trim_end_matches(LOCK))
}

/// Removes the drafts in the directory of a pipeline that nobody writes any more, and the directory if that empties it.
pub(super) fn sweep(parent: &Path) {
    let names = entries(parent).unwrap_or_default();
    let drafts = names.iter().filter(|name| name.starts_with(PREFIX));
    let mut swept = false;
    for draft in drafts.map(|name| parent.join(name.trim_end_matches(LOCK))) {
        let mut lock = draft.clone().into_os_string();
        lock.push(LOCK);
        // The lock goes after the directory: one without it was never begun, or has lost it to another sweep.
        let held = match File::options().read(true).write(true).open(&lock) {
            Ok(file) => file.try_lock().is_ok().then_some(Some(file)),
            Err(error) => (error.kind() == ErrorKind::NotFound).then_some(None),
        };
        if held.is_some() {
            // What cannot be removed is tried again by the next promotion.
            let gone = fs::remove_dir_all(&draft).is_ok() || !draft.exists();
            swept |= gone && (fs::remove_file(&lock).is_ok() || !Path::new(&lock).exists());
        }
    }
    if swept {
        let _ = fs::remove_dir(parent);
    }
}
