//! The history of cells over all sessions: one JSON object a line.

use crate::context::{CellRecord, State};
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::Path;

/// A cell of any session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Process id of the session's front end, to tell sessions apart.
    pub(crate) session: u32,
    /// The cell's number in it.
    pub(crate) number: u64,
    /// Its text.
    pub(crate) text: String,
}

/// Adds a cell to the history file, if there is one. A history that cannot be written stops no cell.
pub(crate) fn remember(state: &State, cell: &CellRecord) {
    let Some(path) = &state.history_file else { return };
    let entry = Entry { session: std::process::id(), number: cell.number, text: cell.text.clone() };
    let Ok(mut line) = serde_json::to_vec(&entry) else { return };
    line.push(b'\n');
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    // One write: lines of several sessions do not mix.
    let _ = file.and_then(|mut file| file.write_all(&line));
}

/// All cells of the file, oldest first; lines that cannot be read are left out.
///
/// # Errors
/// When the file cannot be read; a missing file is an empty history.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::file("read", path, error)),
    }
}
