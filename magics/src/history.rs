//! The history of cells over all sessions: one JSON object a line.

use crate::context::{CellRecord, State};
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A file that is longer than this loses its older half when a session begins.
const LONGEST: usize = 8 << 20;

/// A cell of any session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its session's number.
    pub session: u64,
    /// The cell's number in it; 0 where a session began.
    pub number: u64,
    /// Its text.
    pub text: String,
}

/// The file of the history, and this session's number in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFile {
    /// The file.
    pub path: PathBuf,
    /// This session's number, larger than those of earlier ones.
    pub session: u64,
}

impl HistoryFile {
    /// Begins a session; the file is made if there is none. Sessions that begin at once get different numbers.
    ///
    /// # Errors
    /// When the file cannot be read and written.
    pub fn begin(path: &Path) -> io::Result<HistoryFile> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(lock_path(path))?;
        lock.lock()?;
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let session = entries(&text).map(|entry| entry.session).max().unwrap_or(0) + 1;
        if text.len() > LONGEST {
            shorten(path, &text)?;
        }
        append(path, &Entry { session, number: 0, text: String::new() })?;
        Ok(HistoryFile { path: path.to_owned(), session })
    }

    /// All cells of the file, oldest first; lines that cannot be read are left out.
    ///
    /// # Errors
    /// When the file cannot be read; a missing file is an empty history.
    pub fn read(&self) -> io::Result<Vec<Entry>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                Ok(entries(&text).filter(|entry| entry.number > 0).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn entries(text: &str) -> impl Iterator<Item = Entry> + '_ {
    text.lines().filter_map(|line| serde_json::from_str(line).ok())
}

fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// Keeps the newer half, from the start of a line on.
fn shorten(path: &Path, text: &str) -> io::Result<()> {
    let half = text.bytes().skip(text.len() / 2).position(|byte| byte == b'\n').map_or(0, |at| text.len() / 2 + at + 1);
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, &text[half..])?;
    std::fs::rename(fresh, path)
}

/// One write: lines of several sessions do not mix.
fn append(path: &Path, entry: &Entry) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let mut line = Vec::new();
    let length = file.metadata()?.len();
    // What was cut short by a full disk must not take this entry with it.
    let mut last = [b'\n'];
    if length > 0 && file.read_exact_at(&mut last, length - 1).is_ok() && last != [b'\n'] {
        line.push(b'\n');
    }
    serde_json::to_writer(&mut line, entry)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// Adds a cell to the history file, if there is one. A history that cannot be written stops no cell.
pub(crate) fn remember(state: &State, cell: &CellRecord) {
    if let Some(file) = &state.history_file {
        let entry = Entry { session: file.session, number: cell.number, text: cell.text.clone() };
        drop(append(&file.path, &entry));
    }
}

/// All cells of the file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn read(file: &HistoryFile) -> Result<Vec<Entry>, Error> {
    file.read().map_err(|error| Error::file("read", &file.path, error))
}

/// Whether `text` as a whole fits a pattern with `*` and `?`.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_get_rising_numbers_and_all_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/history.jsonl");
        let first = HistoryFile::begin(&path).unwrap();
        append(&path, &Entry { session: first.session, number: 1, text: "let x = 1;\n\"ä\"".into() }).unwrap();
        let second = HistoryFile::begin(&path).unwrap();
        assert_eq!((first.session, second.session), (1, 2));
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"\xff{broken").unwrap();
        assert_eq!(HistoryFile::begin(&path).unwrap().session, 3);
        let entries = second.read().unwrap();
        assert_eq!(entries, [Entry { session: 1, number: 1, text: "let x = 1;\n\"ä\"".into() }]);
    }

    #[test]
    fn a_long_file_keeps_its_newer_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.jsonl");
        let file = HistoryFile::begin(&path).unwrap();
        for number in 1..=20 {
            append(&path, &Entry { session: 1, number, text: "x".repeat(LONGEST / 19) }).unwrap();
        }
        assert_eq!(HistoryFile::begin(&path).unwrap().session, 2);
        let numbers: Vec<u64> = file.read().unwrap().iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, (11..=20).collect::<Vec<u64>>());
    }
}
