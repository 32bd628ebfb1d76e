//! Artifacts as files below a directory: safe relative paths, writes that are whole or absent.

use super::Repo;
use crate::error::{Error, Result};
use crate::model::ArtifactInfo;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory.
pub struct Files {
    root: PathBuf,
    scratch: PathBuf,
}

impl Files {
    /// Artifacts below `root`; files are written in `scratch`, on the same file system, before they are moved there.
    pub fn new(root: impl Into<PathBuf>, scratch: impl Into<PathBuf>) -> Files {
        Files { root: root.into(), scratch: scratch.into() }
    }
}

impl Repo for Files {
    fn write(&self, path: &str, bytes: &mut dyn Read) -> Result<()> {
        write(&self.root, &self.scratch, path, bytes)
    }

    fn read(&self, path: &str) -> Result<Box<dyn Read + Send>> {
        read(&self.root, path)
    }

    fn list(&self, directory: &str) -> Result<Vec<ArtifactInfo>> {
        list(&self.root, directory)
    }

    fn delete(&self, path: &str) -> Result<()> {
        let file = resolve(&self.root, path)?;
        let removed = if file.is_dir() { fs::remove_dir_all(&file) } else { fs::remove_file(&file) };
        removed.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Error::NotFound { what: "artifact", name: path.to_owned() }
            }
            _ => failed("delete the artifact", path, &file, e),
        })
    }
}

/// Checks that a path stays inside of its root: relative, with `/`, no empty, `.` or `..` part, nothing that only
/// some systems would read as a way out.
pub(crate) fn check(path: &str) -> Result<()> {
    let reason = if path.is_empty() {
        "it is empty"
    } else if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        "it is absolute"
    } else if path.contains('\\') || path.chars().any(char::is_control) {
        "it has a backslash or control character"
    } else if path.split('/').any(|part| part == "..") {
        "it has a `..` part"
    } else if path.split('/').any(|part| part.is_empty() || part == ".") {
        "it has an empty or `.` part"
    } else {
        return Ok(());
    };
    Err(Error::ArtifactPath { path: path.to_owned(), reason })
}

/// The file for a checked path, refusing symbolic links on the way (somebody may have put one there).
fn resolve(root: &Path, path: &str) -> Result<PathBuf> {
    check(path)?;
    let mut file = root.to_owned();
    for part in path.split('/') {
        file.push(part);
        if fs::symlink_metadata(&file).is_ok_and(|m| m.file_type().is_symlink()) {
            return Err(Error::ArtifactPath { path: path.to_owned(), reason: "it leads through a symbolic link" });
        }
    }
    Ok(file)
}

/// An error of the file system. What this path can never do here is the fault of the path, so that nobody tries again.
fn failed(doing: &'static str, path: &str, file: &Path, error: io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::NotADirectory => "a part of it is a file",
        io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => "a directory has this path",
        io::ErrorKind::InvalidFilename => "it, or a name in it, is longer than the file system allows",
        _ => return Error::io(doing, file, error),
    };
    Error::ArtifactPath { path: path.to_owned(), reason }
}

/// Writes `bytes` to `root/path` by way of a file in `scratch` (same file system) that is renamed at the end.
fn write(root: &Path, scratch: &Path, path: &str, bytes: &mut dyn Read) -> Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let target = resolve(root, path)?;
    if target.is_dir() {
        return Err(Error::ArtifactPath { path: path.to_owned(), reason: "a directory has this path" });
    }
    let parent = target.parent().unwrap_or(root);
    // First the root, for whose faults the path is not to blame.
    fs::create_dir_all(root).map_err(|e| Error::io("create the directory", root, e))?;
    fs::create_dir_all(parent).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            failed("create the directory", path, parent, io::ErrorKind::NotADirectory.into())
        }
        _ => failed("create the directory", path, parent, e),
    })?;
    fs::create_dir_all(scratch).map_err(|e| Error::io("create the directory", scratch, e))?;
    let temporary = scratch.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let written = File::create(&temporary).and_then(|mut file| {
        io::copy(bytes, &mut file)?;
        file.sync_data()
    });
    let written = written.map_err(|e| Error::io("write the artifact", &target, e));
    let moved = written.and_then(|()| {
        let moved = match fs::rename(&temporary, &target) {
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => across(&temporary, parent, &target),
            done => done,
        };
        moved.map_err(|e| failed("write the artifact", path, &target, e))
    });
    if moved.is_err() {
        // The first error is the one to report; a scratch file left behind is swept later.
        let _ = fs::remove_file(&temporary);
    }
    moved
}

/// Moves a file to another file system: by way of a hidden file beside the target, so that this, too, is whole or absent.
fn across(temporary: &Path, parent: &Path, target: &Path) -> io::Result<()> {
    let name = temporary.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}.part"));
    let moved = fs::copy(temporary, &beside).and_then(|_| File::open(&beside)?.sync_data());
    let moved = moved.and_then(|()| fs::rename(&beside, target)).and_then(|()| fs::remove_file(temporary));
    if moved.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    moved
}

/// Opens `root/path` for reading.
fn read(root: &Path, path: &str) -> Result<Box<dyn Read + Send>> {
    let file = resolve(root, path)?;
    if !file.is_file() {
        return Err(Error::NotFound { what: "artifact", name: path.to_owned() });
    }
    let opened = File::open(&file).map_err(|e| Error::io("open the artifact", &file, e))?;
    Ok(Box::new(opened))
}

/// Whether there is no such directory, or can be none.
fn is_absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename)
}

/// What lies directly in `root/directory`, sorted by path; empty if there is no such directory.
fn list(root: &Path, directory: &str) -> Result<Vec<ArtifactInfo>> {
    let base = if directory.is_empty() { root.to_owned() } else { resolve(root, directory)? };
    let entries = match fs::read_dir(&base) {
        Ok(entries) => entries,
        Err(e) if is_absent(e.kind()) => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", base, e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", &base, e))?;
        let meta = entry.metadata().map_err(|e| Error::io("look at", entry.path(), e))?;
        let (Ok(name), false) = (entry.file_name().into_string(), meta.is_symlink()) else { continue };
        let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        found.push(ArtifactInfo { path, size: meta.is_file().then_some(meta.len()) });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
