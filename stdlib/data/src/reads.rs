//! What this process has read: the inputs of an experiment, with the fingerprints of their content.

use crate::error::DataError;
use crate::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// One read of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRecord {
    /// The path or pattern as given.
    pub source: PathBuf,
    /// The files that were read, in their order.
    pub files: Vec<PathBuf>,
    /// `CSV`, `Parquet` or `JSON`.
    pub format: String,
    /// Bytes of all files.
    pub bytes: u64,
    /// Rows of the table; `None` for a lazy scan, which has not read them yet.
    pub rows: Option<u64>,
    /// The content, if it was hashed while it was read: BLAKE3 over the file's bytes (as `b3sum` prints it), over several
    /// files that of their digests in order. A lazy scan is not hashed until [`ReadRecord::content`] is asked.
    pub fingerprint: Option<Fingerprint>,
    /// Seconds since 1970 when it was read last.
    pub at: u64,
    /// Seconds since 1970 when the files were changed last, as the system said before they were read.
    pub modified: Option<u64>,
    /// The same to the nanosecond, as long as this process lasts.
    #[serde(skip)]
    exact: Option<SystemTime>,
}

impl ReadRecord {
    /// The fingerprint of the content; hashes the files now if they were scanned and not read.
    ///
    /// # Errors
    /// [`DataError::Read`] if a file is gone; [`DataError::Changed`] if the files have another size or time than when
    /// they were scanned.
    pub fn content(&self) -> Result<Fingerprint, DataError> {
        match &self.fingerprint {
            Some(found) => Ok(found.clone()),
            None if self.is_unchanged()? => of_files(&self.files),
            None => Err(DataError::Changed { path: self.source.clone() }),
        }
    }

    fn is_unchanged(&self) -> Result<bool, DataError> {
        let now = Extent::of(&self.files)?;
        let same = (now.bytes, now.modified.map(seconds)) == (self.bytes, self.modified);
        Ok(same && (self.exact.is_none() || now.modified == self.exact))
    }
}

/// Reads that are kept; older ones go.
const KEPT: usize = 1000;

static READS: Mutex<VecDeque<ReadRecord>> = Mutex::new(VecDeque::new());

fn list() -> MutexGuard<'static, VecDeque<ReadRecord>> {
    READS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What this process has read, the latest last; the last thousand at most. A file that was read again with the same
/// content is listed once.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("ironbook-reads-{}.csv", std::process::id()));
/// std::fs::write(&path, "a,b\n1,2\n")?;
/// ironbook_data::read_csv(&path)?;
/// let last = ironbook_data::reads().pop().ok_or("nothing was read")?;
/// assert_eq!((last.files, last.bytes, last.rows), (vec![path.clone()], 8, Some(1)));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reads() -> Vec<ReadRecord> {
    list().iter().cloned().collect()
}

/// Notes a read of files that had this extent before it. Without a fingerprint stays what cannot be hashed any more (a
/// pipe), and what has changed meanwhile: its hash would be that of other bytes than those that were read.
pub(crate) fn note(source: &Path, files: Vec<PathBuf>, format: &str, rows: Option<u64>, before: Extent) {
    let hashed = rows.and_then(|_| of_files(&files).ok());
    let unchanged = Extent::of(&files).is_ok_and(|after| after == before);
    let record = ReadRecord {
        source: source.to_owned(),
        files,
        format: format.to_owned(),
        bytes: before.bytes,
        rows,
        fingerprint: hashed.filter(|_| unchanged),
        at: seconds(SystemTime::now()),
        modified: before.modified.map(seconds),
        exact: before.modified,
    };
    push(&mut list(), record);
}

/// Adds a record, takes out the one that it repeats, and the oldest beyond those that are kept.
fn push(list: &mut VecDeque<ReadRecord>, record: ReadRecord) {
    let same = |old: &ReadRecord| {
        ReadRecord { at: record.at, modified: record.modified, exact: record.exact, ..old.clone() } == record
    };
    list.retain(|old| !same(old));
    list.push_back(record);
    let excess = list.len().saturating_sub(KEPT);
    list.drain(..excess);
}

/// Bytes and time of the last change of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Extent {
    pub fn of(files: &[PathBuf]) -> Result<Self, DataError> {
        let mut all = Extent { bytes: 0, modified: None };
        for path in files {
            let meta = std::fs::metadata(path).map_err(|source| DataError::Read { path: path.clone(), source })?;
            all.bytes += meta.len();
            all.modified = all.modified.max(meta.modified().ok());
        }
        Ok(all)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn of_files(files: &[PathBuf]) -> Result<Fingerprint, DataError> {
    match files {
        [one] => Ok(Fingerprint::of(&digest(one)?)),
        several => {
            let mut all = blake3::Hasher::new();
            for path in several {
                all.update(digest(path)?.as_bytes());
            }
            Ok(Fingerprint::of(&all.finalize()))
        }
    }
}

/// The BLAKE3 hash of a regular file's bytes.
fn digest(path: &Path) -> Result<blake3::Hash, DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    // To open a pipe would wait for somebody to write to it once more.
    if !std::fs::metadata(path).map_err(read)?.is_file() {
        return Err(read(std::io::ErrorKind::Unsupported.into()));
    }
    let mut file = File::open(path).map_err(read)?;
    let (mut hasher, mut block) = (blake3::Hasher::new(), vec![0; 1 << 18]);
    loop {
        ironbook_core::check()?;
        match file.read(&mut block).map_err(read)? {
            0 => return Ok(hasher.finalize()),
            n => hasher.update(&block[..n]),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_thousand_stay_and_repeats_are_one() {
        let record = |name: u64, at| ReadRecord {
            source: name.to_string().into(),
            files: vec![name.to_string().into()],
            format: "CSV".to_owned(),
            bytes: 1,
            rows: Some(1),
            fingerprint: None,
            at,
            modified: None,
            exact: None,
        };
        let mut list = VecDeque::new();
        (0..1010).for_each(|name| push(&mut list, record(name, 0)));
        push(&mut list, record(500, 7));
        assert_eq!((list.len(), list[0].source.as_path()), (KEPT, Path::new("10")));
        assert_eq!(list.back().map(|read| (read.source.clone(), read.at)), Some(("500".into(), 7)));
    }
}
