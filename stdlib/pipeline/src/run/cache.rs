//! What stages have made, by the hash of all that went into it.
//!
//! - `objects/`: values as their keepers write them, named by the BLAKE3 hash of the bytes;
//! - `entries/`: one file per key with the digests of a stage's outputs; its first line is the hash of the rest;
//! - `work/`: a directory per run, locked as long as the run lives: half-written files and the results of stages;
//! - `logs/`: what each stage printed, per key;
//! - `seen/`: an empty file for each hash of a stage's code that has left something;
//! - `locks/`: one file per key, so that two runs do not do the same at once.
//!
//! Everything is written beside its place and renamed, so that a kill at any moment leaves whole files.

mod upkeep;

use super::error::{Result, RunError};
use ironbook_track::Lookup;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A value that a stage has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// BLAKE3 hash of its bytes, 64 hexadecimal digits.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its type, as `std::any::type_name` prints it.
    pub type_name: String,
}

/// What a stage has made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The stage.
    pub stage: String,
    /// Its outputs.
    pub outputs: Vec<Made>,
    /// For a gate that says so itself: whether it has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// For the registration: what was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<String>,
    /// Names of the registry that it has looked up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lookups: Vec<Lookup>,
    /// Seconds that it took.
    pub seconds: f64,
    /// When it was made, RFC 3339.
    pub made: String,
    /// Run in the tracking store that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What is known of a key.
#[derive(Debug)]
pub enum Found {
    /// It is there, with all its values.
    Entry(Entry),
    /// There is nothing.
    Nothing,
    /// There is something that cannot be used, and why.
    Damaged(String),
}

/// The directory. Clones are the same.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in this directory, which is created if it is missing.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn open(root: &Path) -> Result<Cache> {
        for part in ["objects", "entries", "work", "logs", "locks", "seen"] {
            let path = root.join(part);
            if !path.is_dir() {
                fs::create_dir_all(&path).map_err(|e| RunError::io("create the directory", &path, e))?;
            }
        }
        // Whoever else reads it sees that it can be thrown away.
        let tag = root.join("CACHEDIR.TAG");
        if !tag.exists() {
            let text = "Signature: 8a477f597d28d172789f06886806bc55\n# What the stages of pipelines have made.\n";
            fs::write(&tag, text).map_err(|e| RunError::io("write", &tag, e))?;
        }
        // An absolute path: stages have another working directory.
        let root = fs::canonicalize(root).map_err(|e| RunError::io("find", root, e))?;
        Ok(Cache { root })
    }

    /// The cache in this directory, as the process of a stage uses it.
    pub(crate) fn at(root: PathBuf) -> Cache {
        Cache { root }
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a value lies.
    pub fn object(&self, digest: &str) -> PathBuf {
        let (shelf, rest) = digest.split_at_checked(2).unwrap_or(("", digest));
        self.root.join("objects").join(shelf).join(rest)
    }

    fn entry(&self, key: &str) -> PathBuf {
        self.root.join("entries").join(key)
    }

    /// What a stage printed when it ran for this key.
    pub fn log(&self, pipeline: &str, stage: &str, key: &str) -> PathBuf {
        let key = key.get(..12).unwrap_or(key);
        self.root.join("logs").join(format!("{pipeline}.{stage}.{key}.log"))
    }

    /// What is known of a key. Values are looked for, not read.
    pub fn find(&self, key: &str) -> Found {
        let text = match fs::read_to_string(self.entry(key)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => return Found::Damaged(format!("its entry cannot be read: {error}")),
        };
        let Some(entry) = parse(&text) else { return Found::Damaged("its entry is not what was written".to_owned()) };
        for made in &entry.outputs {
            match fs::metadata(self.object(&made.digest)) {
                Ok(file) if file.len() == made.bytes => {}
                Ok(_) => return Found::Damaged(format!("its value `{}` is not whole", made.name)),
                Err(error) => return Found::Damaged(format!("its value `{}` is gone: {error}", made.name)),
            }
        }
        Found::Entry(entry)
    }

    /// Writes what a stage has made.
    ///
    /// # Errors
    /// When it cannot be written; nothing is changed then.
    pub fn store(&self, key: &str, entry: &Entry, work: &Path) -> Result<()> {
        let body = serde_json::to_string(entry).map_err(|e| RunError::io("write", &self.entry(key), e.into()))?;
        let text = format!("{}\n{body}\n", blake3::hash(body.as_bytes()).to_hex());
        write_whole(&self.entry(key), text.as_bytes(), work)
    }

    /// Whether a stage with this hash of its code has ever left something: with other inputs, it may do so again.
    pub(crate) fn was_seen(&self, code: &str) -> bool {
        self.seen(code).exists()
    }

    /// Notes that it has.
    pub(crate) fn see(&self, code: &str) {
        // Without it, the stage only begins before it is known whether it has to.
        let _ = File::create(self.seen(code));
    }

    fn seen(&self, code: &str) -> PathBuf {
        self.root.join("seen").join(code)
    }

    /// Forgets a key.
    pub fn forget(&self, key: &str) {
        // What is not there is forgotten.
        let _ = fs::remove_file(self.entry(key));
    }

    /// Reads a value; the hash of its bytes is compared first.
    ///
    /// # Errors
    /// `InvalidData` when it is not what was written; else of the file system.
    pub fn read(&self, digest: &str) -> io::Result<Vec<u8>> {
        let bytes = fs::read(self.object(digest))?;
        if blake3::hash(&bytes).to_hex().as_str() == digest {
            return Ok(bytes);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "its bytes are not those that were written"))
    }

    /// Throws a damaged value away.
    pub fn discard(&self, digest: &str) {
        let _ = fs::remove_file(self.object(digest));
    }

    /// Writes a value; its digest and length.
    ///
    /// # Errors
    /// Of `write` and of the file system; nothing is left then.
    pub fn write(
        &self,
        work: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<(String, u64)> {
        let mut file = tempfile::Builder::new().prefix("value-").tempfile_in(work)?;
        let mut to =
            Hashed { to: BufWriter::with_capacity(1 << 20, file.as_file_mut()), hasher: blake3::Hasher::new(), len: 0 };
        write(&mut to)?;
        to.to.flush()?;
        let (digest, len) = (to.hasher.finalize().to_hex().to_string(), to.len);
        drop(to);
        let object = self.object(&digest);
        if let Some(shelf) = object.parent() {
            fs::create_dir_all(shelf)?;
        }
        // Also over one that is there: it may be damaged.
        file.persist(&object).map_err(|error| error.error)?;
        Ok((digest, len))
    }

    /// Waits for nobody: the lock of a key, or `None` while another run has it.
    ///
    /// # Errors
    /// When there can be no lock.
    pub fn try_lock(&self, key: &str) -> Result<Option<File>> {
        let path = self.root.join("locks").join(key);
        lock_file(&path)
    }

    /// A directory for the half-written files of a run, and its lock. Those of runs that were killed are removed.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn work(&self) -> Result<Work> {
        let _alone = self.sweep()?;
        let all = self.root.join("work");
        let made = tempfile::Builder::new().prefix("run-").tempdir_in(&all);
        let directory = made.map_err(|e| RunError::io("create a directory in", &all, e))?;
        let path = directory.path().join(LOCK);
        let lock = lock_file(&path)?.ok_or(RunError::Busy(path))?;
        Ok(Work { directory, _lock: lock })
    }

    /// Removes the directories of runs that are no more. Nobody begins a run as long as the result is held.
    fn sweep(&self) -> Result<File> {
        let path = self.root.join(LOCK);
        let refuse = |error| RunError::io("lock", &path, error);
        let alone = open_lock(&path)?;
        alone.lock().map_err(refuse)?;
        for entry in fs::read_dir(self.root.join("work")).map_err(refuse)?.flatten() {
            // Whoever lives has its lock; who died before it had one left none.
            let lives = File::open(entry.path().join(LOCK)).is_ok_and(|file| file.try_lock().is_err());
            if !lives {
                // What cannot be removed is tried again by the next run.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(alone)
    }
}

const LOCK: &str = "lock";

/// The directory for half-written files of a run; it goes with this value.
#[derive(Debug)]
pub struct Work {
    directory: tempfile::TempDir,
    _lock: File,
}

impl Work {
    /// Its path.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

fn open_lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).truncate(false).write(true).read(true).open(path);
    file.map_err(|e| RunError::io("open the lock", path, e))
}

fn lock_file(path: &Path) -> Result<Option<File>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(RunError::io("lock", path, error)),
    }
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], beside: &Path) -> Result<()> {
    let written = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix("file-").tempfile_in(beside)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    written().map_err(|error| RunError::io("write", path, error))
}

fn parse(text: &str) -> Option<Entry> {
    let (digest, body) = text.split_once('\n')?;
    let body = body.strip_suffix('\n')?;
    (blake3::hash(body.as_bytes()).to_hex().as_str() == digest).then(|| serde_json::from_str(body).ok())?
}

struct Hashed<W: Write> {
    to: W,
    hasher: blake3::Hasher,
    len: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
