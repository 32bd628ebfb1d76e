//! Jupyter notebooks, with the errors of the command.

use crate::Error;
use ironbook_magics::notebook::NotebookError;
pub use ironbook_magics::notebook::{Cell, Notebook};
pub use ironbook_magics::script::CellKind as Kind;
use std::path::Path;

/// Reads a notebook; `path` is for the messages.
///
/// # Errors
/// When the text is not a notebook of format 4.
pub fn parse(text: &str, path: &Path) -> Result<Notebook, Error> {
    let path = || path.to_owned();
    Notebook::parse(text).map_err(|error| match error {
        NotebookError::Json(source) => Error::NotJson { path: path(), source },
        NotebookError::Version(version) => Error::NotebookVersion { path: path(), version },
        other => Error::NotNotebook { path: path(), lacks: other.to_string() },
    })
}

/// Writes a notebook whole or not at all.
///
/// # Errors
/// When the directory or disk refuses.
pub fn write(notebook: &Notebook, path: &Path) -> Result<(), Error> {
    notebook.write(path).map_err(|source| Error::Write { path: path.to_owned(), source })
}
