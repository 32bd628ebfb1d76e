//! What was typed in earlier sessions and this one: a file to which each cell is added when it is entered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What was typed, oldest first.
#[derive(Debug, Default)]
pub struct History {
    entries: Vec<String>,
    file: Option<PathBuf>,
    most: usize,
}

impl History {
    /// The history of a file, at most so many entries; a file that cannot be read counts as empty.
    ///
    /// `older` is the file of an earlier version of Ironbook, read if there is no other yet.
    pub fn open(file: &Path, older: &Path, most: usize) -> History {
        let mut history = History { entries: Vec::new(), file: Some(file.to_owned()), most };
        match fs::read(file) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines: Vec<&str> = text.lines().collect();
                history.entries = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
                if lines.len() > most.saturating_add(most / 2) {
                    // The next session tries again.
                    drop(history.shorten());
                }
            }
            Err(_) => {
                let text = fs::read_to_string(older).unwrap_or_default();
                for line in text.lines().filter(|line| !line.starts_with('#')) {
                    history.add(&line.replace("\\n", "\n").replace("\\\\", "\\"));
                }
            }
        }
        history.trim();
        history
    }

    /// A history of these, without a file.
    #[cfg(test)]
    pub fn of(entries: &[&str]) -> History {
        let entries = entries.iter().map(|entry| (*entry).to_owned()).collect();
        History { entries, file: None, most: usize::MAX }
    }

    fn trim(&mut self) {
        let extra = self.entries.len().saturating_sub(self.most);
        self.entries.drain(..extra);
    }

    /// What was typed, oldest first.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Adds a cell, unless it is empty, the same as the one before, or begins with a blank.
    pub fn add(&mut self, text: &str) {
        let text = text.trim_end();
        if text.is_empty() || is_private(text) || self.entries.last().is_some_and(|last| last == text) {
            return;
        }
        self.entries.push(text.to_owned());
        self.trim();
        // The history is a comfort: a session goes on without it.
        drop(self.append(text));
    }

    /// Adds one line to the file at once, so that nothing is lost however the session ends.
    fn append(&self, text: &str) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut line = serde_json::to_string(text)?;
        line.push('\n');
        let _lock = lock(file)?;
        private(OpenOptions::new().create(true).append(true)).open(file)?.write_all(line.as_bytes())
    }

    /// Keeps the newest lines of the file, those of other sessions among them.
    fn shorten(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let _lock = lock(file)?;
        let text = fs::read_to_string(file)?;
        let lines: Vec<&str> = text.lines().collect();
        let newest = &lines[lines.len().saturating_sub(self.most)..];
        let fresh = file.with_extension(format!("{}.new", std::process::id()));
        let mut out = private(OpenOptions::new().create(true).truncate(true).write(true)).open(&fresh)?;
        out.write_all(newest.join("\n").as_bytes())?;
        out.write_all(b"\n")?;
        fs::rename(&fresh, file)
    }

    /// The newest entry before `from` that begins with `prefix`, and is not `but`.
    pub fn older(&self, from: usize, prefix: &str, but: &str) -> Option<usize> {
        (0..from.min(self.entries.len())).rev().find(|at| self.fits(*at, prefix, but))
    }

    /// The oldest entry after `from` that begins with `prefix`, and is not `but`.
    pub fn newer(&self, from: usize, prefix: &str, but: &str) -> Option<usize> {
        (from.saturating_add(1)..self.entries.len()).find(|at| self.fits(*at, prefix, but))
    }

    fn fits(&self, at: usize, prefix: &str, but: &str) -> bool {
        self.entries[at].starts_with(prefix) && self.entries[at] != but
    }

    /// The newest entry at or before `from` that holds `text`, or the oldest at or after it, and where.
    pub fn holding(&self, text: &str, from: usize, back: bool) -> Option<(usize, usize)> {
        // Small letters stand for both.
        let exact = text.chars().any(char::is_uppercase);
        let find = |at: usize| -> Option<(usize, usize)> {
            let entry = &self.entries[at];
            let found = if exact { entry.rfind(text) } else { find_small(entry, text) };
            found.map(|place| (at, place))
        };
        let end = self.entries.len();
        if back { (0..from.saturating_add(1).min(end)).rev().find_map(find) } else { (from..end).find_map(find) }
    }

    /// What an earlier cell went on with after this text, else what an earlier line went on with after its last line.
    pub fn hint(&self, text: &str) -> Option<&str> {
        if text.trim().is_empty() {
            return None;
        }
        let rest = |entry: &'_ String| entry.strip_prefix(text).map(str::len).filter(|length| *length > 0);
        if let Some((entry, length)) = self.entries.iter().rev().find_map(|entry| Some((entry, rest(entry)?))) {
            return Some(&entry[entry.len() - length..]);
        }
        let line = text.rsplit('\n').next().unwrap_or("").trim_start();
        // One letter begins nearly every line.
        line.chars().nth(1)?;
        let entries = self.entries.iter().rev().flat_map(|entry| entry.lines().rev());
        entries.filter_map(|other| other.trim_start().strip_prefix(line)).find(|rest| !rest.is_empty())
    }
}

/// Whether a cell is kept nowhere: it begins with a blank.
pub fn is_private(text: &str) -> bool {
    text.starts_with([' ', '\t'])
}

/// Finds small letters in any letters.
fn find_small(text: &str, small: &str) -> Option<usize> {
    let starts = |at: usize| {
        let mut letters = text[at..].chars().flat_map(char::to_lowercase);
        small.chars().all(|c| letters.next() == Some(c))
    };
    text.char_indices().map(|(at, _)| at).rev().find(|at| starts(*at))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

/// Keeps other sessions from the file while the result lives.
fn lock(file: &Path) -> io::Result<File> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let lock =
        private(OpenOptions::new().create(true).truncate(false).write(true)).open(file.with_extension("lock"))?;
    lock.lock()?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, most: usize) -> History {
        History::open(&folder.join("typed.jsonl"), &folder.join("lines.txt"), most)
    }

    #[test]
    fn sessions_at_once_keep_each_others_cells() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut one, mut other) = (open(folder.path(), 100), open(folder.path(), 100));
        one.add("let a = 1;");
        other.add("fn f() {\n    1\n}");
        one.add("a + 1");
        assert_eq!(open(folder.path(), 100).entries(), ["let a = 1;", "fn f() {\n    1\n}", "a + 1"]);
    }

    #[test]
    fn private_cells_and_repetitions_are_not_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut history = open(folder.path(), 100);
        for text in ["a", " secret", "a", "  ", "b\n"] {
            history.add(text);
        }
        assert_eq!(open(folder.path(), 100).entries(), ["a", "b"]);
    }

    #[test]
    fn a_long_file_is_shortened_to_its_newest() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut history = open(folder.path(), 1000);
        (0..20).for_each(|i| history.add(&format!("c{i}")));
        assert_eq!(open(folder.path(), 10).entries().len(), 10);
        let text = fs::read_to_string(folder.path().join("typed.jsonl")).expect("a file");
        assert_eq!(text.lines().next(), Some("\"c10\""));
    }

    #[test]
    fn lines_of_an_earlier_version_come_along() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("lines.txt"), "#V2\nlet a = 1;\nfor x in y {\\n}\n").expect("a file");
        assert_eq!(open(folder.path(), 100).entries(), ["let a = 1;", "for x in y {\n}"]);
    }

    #[test]
    fn broken_lines_are_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("typed.jsonl"), b"\"a\"\n\"half\n\xff\xfe\n\"b\"\n").expect("a file");
        assert_eq!(open(folder.path(), 100).entries(), ["a", "b"]);
    }

    #[test]
    fn it_is_searched_by_prefix_and_by_words() {
        let mut history = History { most: 100, ..History::default() };
        ["let a = 1;", "fn f() {\n    go(1);\n}", "let b = Two;"].into_iter().for_each(|text| history.add(text));
        assert_eq!(history.older(3, "let", ""), Some(2));
        assert_eq!(history.older(2, "let", ""), Some(0));
        assert_eq!(history.newer(0, "let", "let b = Two;"), None);
        assert_eq!(history.holding("two", 2, true), Some((2, 8)));
        assert_eq!(history.holding("TWO", 2, true), None);
        assert_eq!(history.holding("go", 2, true), Some((1, 13)));
        assert_eq!(history.hint("let a"), Some(" = 1;"));
        assert_eq!(history.hint("x;\n  go"), Some("(1);"));
        assert_eq!(history.hint(""), None);
    }
}
