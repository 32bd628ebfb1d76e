//! Where the files of runs and models lie: a directory, a bucket of S3 or GCS, or behind a tracking server.

mod files;
mod http;
mod object;
mod open;
mod pipe;
mod scratch;

pub use files::Files;
pub(crate) use files::check;
pub use open::open;
pub(crate) use open::open_for;

use crate::error::{Error, Result};
use crate::model::{ArtifactInfo, ArtifactsOf};
use crate::store::Artifacts;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Files below one root. Paths are relative, with `/`, and never leave the root.
pub trait Repo: Send + Sync {
    /// Writes a file; one that is there is replaced.
    fn write(&self, path: &str, bytes: &mut dyn Read) -> Result<()>;

    /// Opens a file.
    fn read(&self, path: &str) -> Result<Box<dyn Read + Send>>;

    /// What lies directly in a directory (`""`: the root), sorted by path; empty if there is no such directory.
    fn list(&self, directory: &str) -> Result<Vec<ArtifactInfo>>;

    /// Removes a file, or a directory with all in it.
    fn delete(&self, path: &str) -> Result<()>;
}

/// Copies a file, or a directory with all in it, into a store.
pub(crate) fn copy_into<S: Artifacts + ?Sized>(
    store: &S,
    of: ArtifactsOf<'_>,
    local: &Path,
    path: Option<&str>,
) -> Result<()> {
    let path = match (path, local.file_name()) {
        (Some(path), _) => path.to_owned(),
        (None, Some(name)) => name.to_string_lossy().into_owned(),
        (None, None) => {
            let reason = "the local path does not end in a name";
            return Err(Error::ArtifactPath { path: local.display().to_string(), reason });
        }
    };
    check(&path)?;
    let meta = fs::metadata(local).map_err(|e| Error::io("read", local, e))?;
    if !meta.is_dir() {
        let mut file = File::open(local).map_err(|e| Error::io("read", local, e))?;
        return store.write_artifact(of, &path, &mut file);
    }
    let entries = fs::read_dir(local).map_err(|e| Error::io("list", local, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", local, e))?;
        // A linked directory may lead back to its parent, and a store grows by its own copy: both without end.
        let linked_directory = entry.file_type().is_ok_and(|t| t.is_symlink()) && entry.path().is_dir();
        if !linked_directory && entry.file_name() != crate::locate::DIRECTORY {
            let inner = format!("{path}/{}", entry.file_name().to_string_lossy());
            copy_into(store, of, &entry.path(), Some(&inner))?;
        }
    }
    Ok(())
}

/// Copies a file, or a directory with all in it (`""`: everything), out of a repository; how many files.
///
/// # Errors
/// Of the repository and the file system.
pub fn copy_repo(repo: &dyn Repo, path: &str, local: &Path) -> Result<usize> {
    out(&|directory| repo.list(directory), &|file| repo.read(file), path, local)
}

/// Copies an artifact, or a directory with all in it, out of a store; how many files.
pub(crate) fn copy_out<S: Artifacts + ?Sized>(
    store: &S,
    of: ArtifactsOf<'_>,
    path: &str,
    local: &Path,
) -> Result<usize> {
    out(&|directory| store.list_artifacts(of, directory), &|file| store.read_artifact(of, file), path, local)
}

type List<'a> = &'a dyn Fn(&str) -> Result<Vec<ArtifactInfo>>;
type Open<'a> = &'a dyn Fn(&str) -> Result<Box<dyn Read + Send>>;

fn out(list: List<'_>, read: Open<'_>, path: &str, local: &Path) -> Result<usize> {
    let inside = list(path)?;
    if inside.is_empty() && !path.is_empty() {
        let mut from = read(path)?;
        if let Some(parent) = local.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create the directory", parent, e))?;
        }
        let mut file = File::create(local).map_err(|e| Error::io("create", local, e))?;
        io::copy(&mut from, &mut file).map_err(|e| Error::io("write", local, e))?;
        return Ok(1);
    }
    let mut count = 0;
    for entry in inside {
        let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
        count += out(list, read, &entry.path, &local.join(name))?;
    }
    Ok(count)
}
