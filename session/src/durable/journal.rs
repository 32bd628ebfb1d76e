//! The journal: a line of JSON for everything that changes the session, in order.
//!
//! A line is written at once, by one call; what a killed process left of its last line is not read, and cut off before
//! the next.

use crate::flow::{Flow, Record};
use crate::library::extra::Dependency;
use crate::map::ExecutionId;
use crate::session::Live;
use crate::source::Source;
use crate::tier::Tier;
use ironbook_core::frame::Kept;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Its file.
pub(super) const NAME: &str = "journal.jsonl";
/// Raised when the meaning of a line changes.
pub(super) const FORMAT: u32 = 1;

/// A variable, as the journal has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LiveEntry {
    pub(super) name: String,
    pub(super) type_name: String,
    /// A path to its type, where it is known.
    pub(super) path: Option<String>,
    pub(super) shape: Option<String>,
    pub(super) bytes: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) columns: Vec<(String, String)>,
    pub(super) execution: ExecutionId,
    pub(super) kept: Kept,
}

impl LiveEntry {
    pub(super) fn of(name: &str, live: &Live, path: Option<String>) -> LiveEntry {
        LiveEntry {
            name: name.to_owned(),
            type_name: live.type_name.clone(),
            path,
            shape: live.shape.clone(),
            bytes: live.bytes,
            columns: live.columns.clone(),
            execution: live.execution,
            kept: live.kept.clone(),
        }
    }

    pub(super) fn live(&self) -> Live {
        Live {
            type_name: self.type_name.clone(),
            shape: self.shape.clone(),
            bytes: self.bytes,
            columns: self.columns.clone(),
            execution: self.execution,
            maker: None,
            kept: self.kept.clone(),
        }
    }
}

/// An execution, as the journal has it; its text is in the source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ran {
    pub(super) id: ExecutionId,
    pub(super) number: u64,
    pub(super) cell: Option<String>,
    pub(super) ok: bool,
    pub(super) silent: bool,
    pub(super) flow: Flow,
    pub(super) seconds: f64,
    pub(super) source: Source,
    /// Digests of the small values that it wrote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) digests: BTreeMap<String, String>,
    /// The directory that it began in, if that is not the one that the session began in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) directory: Option<PathBuf>,
    /// Whether its items are in force, and which of them, or of older ones, are not.
    pub(super) adopted: Option<Vec<String>>,
}

impl Ran {
    pub(super) fn record(&self) -> Record {
        Record {
            id: self.id,
            cell: self.cell.clone(),
            text: self.source.text.clone(),
            ok: self.ok,
            flow: self.flow.clone(),
            seconds: self.seconds,
        }
    }
}

/// A cell as the front end counts them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellLine {
    /// Its number.
    pub number: u64,
    /// Its text, magics and all.
    pub text: String,
    /// Whether it ran to its end.
    pub ok: bool,
    /// The executions that it became.
    pub executions: Vec<ExecutionId>,
    /// The front end's identity of it, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Its tags, as the front end told them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Identities of the cells that the front end has told to be deleted since the line before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
}

/// A line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// The first one.
    Begin { format: u32, directory: PathBuf, library: String },
    /// An execution, and the variables that are otherwise after it.
    Ran { ran: Box<Ran>, live: Vec<LiveEntry>, gone: Vec<String> },
    /// Variables that are otherwise for another reason, and those that could not be restored: who made them, and why.
    Changed {
        live: Vec<LiveEntry>,
        gone: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<(String, ExecutionId, String)>,
    },
    /// Variables and items were forgotten.
    Reset,
    /// A cell of the front end.
    Cell(CellLine),
    /// An environment variable.
    Env { name: String, value: Option<String> },
    /// The working directory.
    Directory { path: PathBuf },
    /// The optimisation level.
    Tier { tier: Tier },
    /// A crate of `%dep`.
    Dependency { dependency: Box<Dependency> },
    /// The session as it is has a name from now on.
    Checkpoint { name: String },
    /// A checkpoint is no more.
    Forgotten { name: String },
    /// It is again as it was at a checkpoint.
    Restored { name: String },
    /// The session ended because it was asked to.
    End,
    /// A line that makes no sense: of no variable is known any more whether it is still as the lines before say.
    Damaged,
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Whether nothing was done yet.
    fresh: bool,
    /// Lines that could not be written, and go before the next one.
    waiting: Vec<u8>,
}

impl Journal {
    /// Begins a journal.
    pub(super) fn create(folder: &Path, first: &Entry) -> io::Result<Journal> {
        let file = File::options().create_new(true).append(true).open(folder.join(NAME))?;
        let mut journal = Journal { file, fresh: true, waiting: Vec::new() };
        journal.append(first)?;
        journal.fresh = true;
        Ok(journal)
    }

    /// Reads a journal, and goes on in it.
    pub(super) fn open(folder: &Path) -> io::Result<(Journal, Vec<Entry>)> {
        let path = folder.join(NAME);
        let (entries, end) = read(&path)?;
        let file = File::options().append(true).open(path)?;
        file.set_len(end)?;
        Ok((Journal { file, fresh: false, waiting: Vec::new() }, entries))
    }

    /// Whether nothing was done yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Adds a line. One that cannot be written goes before the next one.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.fresh &= matches!(entry, Entry::End);
        serde_json::to_writer(&mut self.waiting, entry)?;
        self.waiting.push(b'\n');
        let before = self.file.metadata()?.len();
        // Half a line on a full disk would make the next one unreadable.
        self.file.write_all(&self.waiting).inspect_err(|_| drop(self.file.set_len(before)))?;
        self.waiting.clear();
        Ok(())
    }
}

/// The entries, and where the last whole line ends.
fn read(path: &Path) -> io::Result<(Vec<Entry>, u64)> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut entries, mut end, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let len = reader.read_until(b'\n', &mut line)?;
        if len == 0 || line.last() != Some(&b'\n') {
            return Ok((entries, end));
        }
        match serde_json::from_slice(&line) {
            Ok(entry) => entries.push(entry),
            Err(error) if entries.is_empty() => return Err(error.into()),
            Err(_) => entries.push(Entry::Damaged),
        }
        end += len as u64;
    }
}

/// What a journal says at a glance.
pub(super) struct Glance {
    pub(super) directory: PathBuf,
    pub(super) executions: usize,
    /// Whether its last line says that the session ended.
    pub(super) ended: bool,
}

/// The working directory, and how many executions there were, without reading it all.
pub(super) fn glance(path: &Path) -> Option<Glance> {
    let mut file = File::open(path).ok()?;
    let mut line = Vec::new();
    BufReader::new(&file).read_until(b'\n', &mut line).ok()?;
    let Ok(Entry::Begin { directory, .. }) = serde_json::from_slice(&line) else { return None };
    file.seek(SeekFrom::Start(0)).ok()?;
    let (mut executions, mut block, mut at_start) = (0, vec![0; 1 << 16], true);
    let (mark, end) = (br#"{"Ran""#, b"\"End\"\n");
    let mut ended = false;
    loop {
        let len = file.read(&mut block).ok()?;
        if len == 0 {
            return Some(Glance { directory, executions, ended });
        }
        ended = block[..len].ends_with(end);
        for at in 0..len {
            // A line that is split between two blocks is not counted; nobody computes with this.
            executions += usize::from(at_start && block[at..len].starts_with(mark));
            at_start = block[at] == b'\n';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let first = Entry::Begin { format: FORMAT, directory: "/d".into(), library: "l".into() };
        let mut journal = Journal::create(folder.path(), &first).unwrap();
        journal.append(&Entry::Reset).unwrap();
        journal.file.write_all(br#"{"Ran":{"ran""#).unwrap();
        drop(journal);
        let (mut journal, entries) = Journal::open(folder.path()).unwrap();
        assert_eq!(entries.len(), 2);
        journal.append(&Entry::Tier { tier: Tier::Fixed(2) }).unwrap();
        let (_, entries) = Journal::open(folder.path()).unwrap();
        assert!(matches!(entries[..], [Entry::Begin { .. }, Entry::Reset, Entry::Tier { .. }]));
        let seen = glance(&folder.path().join(NAME)).unwrap();
        assert_eq!((seen.directory, seen.executions, seen.ended), (PathBuf::from("/d"), 0, false));
        journal.append(&Entry::End).unwrap();
        assert!(glance(&folder.path().join(NAME)).unwrap().ended);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn lines_that_found_no_room_are_written_with_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = Entry::Begin { format: FORMAT, directory: "/d".into(), library: "l".into() };
        let mut journal = Journal::create(folder.path(), &first).unwrap();
        let full = File::options().append(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut journal.file, full);
        assert!(journal.append(&Entry::Reset).is_err());
        assert!(journal.append(&Entry::Damaged).is_err());
        journal.file = file;
        journal.append(&Entry::Tier { tier: Tier::Fixed(2) }).unwrap();
        let (_, entries) = Journal::open(folder.path()).unwrap();
        assert!(matches!(entries[..], [Entry::Begin { .. }, Entry::Reset, Entry::Damaged, Entry::Tier { .. }]));
    }
}
