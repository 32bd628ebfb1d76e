//! Names of files and directories, and what lies in them.

use crate::transfer::error::{Error, Result};
use crate::transfer::report::Report;
use ironbook_store::Tag;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The file that says what a directory is.
pub(super) const META: &str = "meta.yaml";
/// Where deleted experiments lie.
pub(super) const TRASH: &str = ".trash";
/// Logged models of an experiment; registered models of the store.
pub(super) const MODELS: &str = "models";
/// Traces of an experiment.
pub(super) const TRACES: &str = "traces";
/// Datasets of an experiment.
pub(super) const DATASETS: &str = "datasets";
/// Tags of anything.
pub(super) const TAGS: &str = "tags";
/// What a trace is.
pub(super) const TRACE_INFO: &str = "trace_info.yaml";

/// The directories in a directory, by name; none if it is not there.
pub(super) fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = entries(path)?.into_iter().filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let listed = fs::read_dir(path).and_then(|entries| entries.map(|e| Ok(e?.path())).collect());
    listed.map_err(|e| Error::io("list", path, e))
}

/// All files below a directory, with their names: paths with `/`, since names of metrics may have some.
pub(super) fn files(path: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut waiting = vec![path.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in entries(&directory)? {
            if entry.is_dir() {
                waiting.push(entry);
            } else if let Ok(name) = entry.strip_prefix(path) {
                let name = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>();
                found.push((name.join("/"), entry));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Names and values, a file each. One that is no text is reported.
pub(super) fn values(path: &Path, report: &Report) -> Result<Vec<Tag>> {
    let mut found = Vec::new();
    for (key, file) in files(path)? {
        match fs::read_to_string(&file) {
            Ok(value) => found.push(Tag { key, value }),
            Err(e) => report.skip(format!("{}: {e}", file.display())),
        }
    }
    Ok(found)
}

/// The file of a name below a directory; a name that would lead out of it is refused.
pub(super) fn below(directory: &Path, name: &str) -> Result<PathBuf> {
    let is_plain = !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if is_plain {
        return Ok(directory.join(name));
    }
    Err(Error::Content { path: directory.to_owned(), reason: format!("`{name}` cannot be the name of a file") })
}

/// Writes a file with its directories, unless it is there; whether it was written.
pub(super) fn put(path: &Path, content: &str) -> Result<bool> {
    if path.is_file() {
        return Ok(false);
    }
    make(path.parent().unwrap_or(path))?;
    fs::write(path, content).map(|()| true).map_err(|e| taken(path, e))
}

/// Makes a directory with those around it.
pub(super) fn make(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| taken(path, e))
}

/// Where names are files and directories, one cannot be the beginning of another.
fn taken(path: &Path, e: std::io::Error) -> Error {
    use std::io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory};
    match e.kind() {
        AlreadyExists | IsADirectory | NotADirectory => Error::Content {
            path: path.to_owned(),
            reason: "another name is its beginning, and that cannot be both a file and a directory".to_owned(),
        },
        _ => Error::io("write", path, e),
    }
}
