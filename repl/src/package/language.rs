//! The language service in an installed copy: its program, and the sources that it reads there.

use crate::Error;
use ironbook_session::library::installed::{Content, Piece};
use ironbook_session::library::{Library, Paths};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Its files. The sources are gathered in `folder`, and have to stay there until they are packed.
pub fn pieces(service: &Path, library: &Library, paths: &Paths, folder: &Path) -> Result<Vec<Piece>, Error> {
    let wrong = |source| Error::Pack { path: service.to_owned(), source };
    let sources = folder.join("language");
    let mut pack = Command::new(service);
    pack.arg("pack").arg("--source").arg(&paths.source).arg("--target").arg(&paths.target);
    pack.arg("--deps").arg(&library.deps).arg("--to").arg(&sources).stdin(Stdio::null());
    let packed = pack.output().map_err(wrong)?;
    if !packed.status.success() {
        return Err(wrong(io::Error::other(String::from_utf8_lossy(&packed.stderr).trim().to_owned())));
    }
    let mut pieces = Vec::new();
    below(&sources, "lib/ironbook/language", &mut pieces).map_err(wrong)?;
    pieces.push(piece("bin/ironbook-language".to_owned(), service, true));
    Ok(pieces)
}

/// All files below a directory.
fn below(folder: &Path, name: &str, pieces: &mut Vec<Piece>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if entry.file_type()?.is_dir() { below(&path, &name, pieces)? } else { pieces.push(piece(name, &path, false)) }
    }
    Ok(())
}

fn piece(name: String, path: &Path, executable: bool) -> Piece {
    Piece { name, content: Content::File(path.to_owned()), executable }
}
