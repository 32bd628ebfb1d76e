//! Where the files of runs and models lie: a directory, a bucket of S3 or GCS, or behind a tracking server.

mod files;

pub use files::Files;
pub(crate) use files::check;

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

/// The files below a URI: a local path or `file://` URI. Local files are written in `scratch` before they are moved.
///
/// # Errors
/// [`Error::Uri`] for other URIs, and for what is none.
pub fn open(uri: &str, scratch: &Path) -> Result<Box<dyn Repo>> {
    let refuse = |reason: &str| {
        Err(Error::Uri {
            uri: uri.to_owned(),
            reason: reason.to_owned(),
            todo: "give a local path or a file:// URI".to_owned(),
        })
    };
    if uri.is_empty() {
        return refuse("it is empty");
    }
    // `C:\x` is a path: schemes have more than one letter.
    let root = match uri.split_once(':') {
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => match url::Url::parse(uri) {
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => path,
                Err(()) => return refuse("it names no file of this machine"),
            },
            Ok(_) => return refuse("this kind of place is not known here"),
            Err(_) => return refuse("it is not a URI"),
        },
        _ => Path::new(uri).to_owned(),
    };
    Ok(Box::new(Files::new(root, scratch)))
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

/// Copies an artifact, or a directory with all in it, out of a store; how many files.
pub(crate) fn copy_out<S: Artifacts + ?Sized>(
    store: &S,
    of: ArtifactsOf<'_>,
    path: &str,
    local: &Path,
) -> Result<usize> {
    let inside = store.list_artifacts(of, path)?;
    if inside.is_empty() && !path.is_empty() {
        let mut from = store.read_artifact(of, path)?;
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
        count += copy_out(store, of, &entry.path, &local.join(name))?;
    }
    Ok(count)
}
