//! The language service in an installed copy: its program, and the sources that it reads there.

use crate::Error;
use ironbook_session::library::installed::{Content, Piece};
use ironbook_session::library::{Library, Paths};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Its files. The sources are gathered in `folder`, and have to stay there until they are packed.
pub fn pieces(service: &Path, library: &Library, paths: &Paths, folder: &Path) -> Result<Vec<Piece>, Error> {
    let sources = match &paths.installed {
        Some(installed) => installed.join("language"),
        None => gathered(service, library, paths, folder)?,
    };
    let mut pieces = Vec::new();
    below(&sources, "lib/ironbook/language", &mut pieces)
        .map_err(|source| Error::Pack { path: sources.clone(), source })?;
    let content = Content::File(service.to_owned());
    pieces.push(Piece { name: "bin/ironbook-language".into(), content, executable: true });
    Ok(pieces)
}

/// Lets the service copy what it reads.
fn gathered(service: &Path, library: &Library, paths: &Paths, folder: &Path) -> Result<PathBuf, Error> {
    let sources = folder.join("language");
    let mut pack = Command::new(service);
    pack.arg("pack").arg("--source").arg(&paths.source).arg("--target").arg(&paths.target);
    pack.arg("--deps").arg(&library.deps).arg("--to").arg(&sources).stdin(Stdio::null());
    let packed = pack.output().map_err(|source| Error::Pack { path: service.to_owned(), source })?;
    if packed.status.success() {
        return Ok(sources);
    }
    let words = String::from_utf8_lossy(&packed.stderr);
    let words = words.trim().trim_start_matches("ironbook-language: ");
    Err(Error::PackSources { words: words.to_owned() })
}

/// All files below a directory.
fn below(folder: &Path, name: &str, pieces: &mut Vec<Piece>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if entry.file_type()?.is_dir() {
            below(&path, &name, pieces)?;
        } else {
            pieces.push(Piece { name, content: Content::File(path), executable: false });
        }
    }
    Ok(())
}
