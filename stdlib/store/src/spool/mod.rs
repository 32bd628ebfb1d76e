//! A durable queue before a store that may be slow or away: calls return when they are on disk, and arrive once.
//!
//! Files of a spool, in the project's `.ironbook/spool/`: `HASH.db` (what waits; `journal.rs`), `HASH.lock` (held by the
//! process that sends), `HASH.files/` (copies of artifacts, named by their content). The hash is the destination's.
//!
//! What is promised: a call that returned survives the death of the process (not a power failure). Calls about one run
//! or model arrive in their order. A creation is marked before it is sent, and searched for before it is sent again, so
//! that it happens once; everything else may be sent twice without harm. What the destination refuses for good is set
//! aside with the reason, and holds up nothing.

mod codec;
mod deliver;
mod drain;
mod experiments;
mod files;
mod journal;
mod models;
mod op;
mod overlay;
mod reads;
mod registry;
mod runs;
mod sync;
mod traces;
mod verdict;

pub use sync::{Synced, project_status, sync_project};

use crate::error::{Error, Result};
use crate::store::Store;
use drain::{Health, Shared};
use journal::{Fate, Journal, Row};
use op::Op;
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The tag by which a thing that was created from here is found again.
pub const SPOOL_ID: &str = "ironbook.spool.id";
/// What lanes of registered models begin with.
const REGISTRY: &str = "registry/";
/// After so many failures in a row a flush gives up: what waits is safe, and nobody wants to wait with it.
const HOPELESS: u64 = 4;
/// Kept of an experiment whose name was taken.
const EXISTED: &str = "existed";

/// How a [`SpooledStore`] behaves.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// How long a creation waits for the server's id before it goes on with one of its own (default 3 s; nothing while
    /// the server is known to be away).
    pub patience: Duration,
    /// How long [`Store::flush`] waits (default 60 s).
    pub flush: Duration,
    /// The file refuses to grow beyond so many bytes, as if the disk were full (default: no limit).
    pub max_bytes: Option<u64>,
    /// Sends in the background (default). Without, only another process does.
    pub send: bool,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        let (patience, flush) = (Duration::from_secs(3), Duration::from_secs(60));
        SpoolOptions { patience, flush, max_bytes: None, send: true }
    }
}

/// What waits in a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Where it is to go.
    pub destination: String,
    /// How many calls wait.
    pub waiting: u64,
    /// How many points of metrics are in them.
    pub points: u64,
    /// Their size, without artifacts.
    pub bytes: u64,
    /// When the oldest was made.
    pub oldest: Option<i64>,
    /// What the destination last failed with, if nothing arrived since.
    pub last_error: Option<String>,
    /// How many calls were refused.
    pub refused_count: u64,
    /// The first hundred of them.
    pub refused: Vec<Refused>,
}

/// A call that the destination will never accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its number in the spool.
    pub id: i64,
    /// Id of the run or model, or `registry/NAME`.
    pub of: String,
    /// The call, in words.
    pub what: String,
    /// When it was made.
    pub at: i64,
    /// Why.
    pub reason: String,
}

/// What [`SpooledStore::sync`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// How many calls waited at its start.
    pub before: u64,
    /// How many of them still wait.
    pub waiting: u64,
    /// How many calls are set aside in all.
    pub refused: u64,
    /// What the destination last failed with, if calls still wait.
    pub error: Option<String>,
}

/// A store with a spool before it. Writes go to the spool; reads see both.
pub struct SpooledStore {
    shared: Arc<Shared>,
    /// A connection of its own, so that callers do not wait for the thread that sends.
    journal: Journal,
    options: SpoolOptions,
    /// Ids, ours or the server's, and their lanes: our id for what was created here, else the server's.
    lanes: Mutex<HashMap<String, Arc<str>>>,
}

impl fmt::Debug for SpooledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledStore").field("to", &self.shared.inner.location()).finish_non_exhaustive()
    }
}

impl Drop for SpooledStore {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// The name of the files of a destination's spool.
fn name_of(destination: &str) -> String {
    blake3::hash(destination.as_bytes()).to_hex()[..16].to_owned()
}

impl SpooledStore {
    /// The spool in `directory` (a project's `.ironbook/spool`) for `inner`, which gets what waits. The thread that sends
    /// waits by itself after failures: `inner` should not repeat calls (see [`crate::MlflowStore::without_retries`]).
    ///
    /// # Errors
    /// [`Error::NotAStore`], [`Error::NewerSchema`], [`Error::Locked`], [`Error::Full`], or of the file system.
    pub fn open(inner: Arc<dyn Store>, directory: &Path) -> Result<SpooledStore> {
        SpooledStore::open_with(inner, directory, SpoolOptions::default())
    }

    /// [`SpooledStore::open`] with options.
    ///
    /// # Errors
    /// As [`SpooledStore::open`].
    pub fn open_with(inner: Arc<dyn Store>, directory: &Path, options: SpoolOptions) -> Result<SpooledStore> {
        fs::create_dir_all(directory).map_err(|e| Error::io("create the directory", directory, e))?;
        let destination = inner.location();
        let name = name_of(&destination);
        let file = |end: &str| directory.join(format!("{name}.{end}"));
        let journal = Journal::open(&file("db"), options.max_bytes)?;
        if journal.note("destination")?.as_deref() != Some(&destination) {
            journal.set_note("destination", Some(&destination))?;
        }
        let other = Journal::open(&file("db"), options.max_bytes)?;
        let shared = Arc::new(Shared::new(inner, other, file("files"), file("lock")));
        if options.send {
            let shared = Arc::clone(&shared);
            let started =
                std::thread::Builder::new().name("ironbook-spool".to_owned()).spawn(move || drain::run(&shared));
            started.map_err(|e| Error::io("start a thread for the spool", directory, e))?;
        }
        Ok(SpooledStore { shared, journal, options, lanes: Mutex::default() })
    }

    /// What waits, and what was refused.
    ///
    /// # Errors
    /// Of the spool's file.
    pub fn status(&self) -> Result<SpoolStatus> {
        self.journal.status()
    }

    /// Waits until what waits now has arrived or was refused, at most so long, trying at once and not only after the
    /// waits that failures cause.
    ///
    /// # Errors
    /// Of the spool's file. That something still waits is no error: see the report.
    pub fn sync(&self, timeout: Duration) -> Result<SyncReport> {
        self.wait(timeout, None)
    }

    /// [`SpooledStore::sync`] that gives up after so many failures of which none was followed by a success.
    fn wait(&self, timeout: Duration, hopeless: Option<u64>) -> Result<SyncReport> {
        let deadline = Instant::now() + timeout;
        let start = self.health();
        let newest = self.journal.newest()?;
        let before = self.journal.count_until(newest)?;
        self.shared.hurry();
        while self.journal.is_waiting_until(newest)? {
            let left = deadline.saturating_duration_since(Instant::now());
            let now = self.health();
            let failed = now.away
                && now.moves == start.moves
                && hopeless.is_some_and(|most| now.failures >= start.failures + most);
            if left.is_zero() || failed {
                break;
            }
            self.shared.wait_for_change(left.min(Duration::from_millis(50)));
        }
        let waiting = self.journal.count_until(newest)?;
        let error = if waiting == 0 { None } else { self.journal.note("error")? };
        Ok(SyncReport { before, waiting, refused: self.journal.count_refused()?, error })
    }

    /// Forgets the calls that were refused; how many.
    ///
    /// # Errors
    /// Of the spool's file.
    pub fn drop_refused(&self) -> Result<usize> {
        self.journal.drop_refused(&self.shared.files)
    }

    /// Puts the calls that were refused back, behind all others; how many.
    ///
    /// # Errors
    /// Of the spool's file.
    pub fn retry_refused(&self) -> Result<usize> {
        let count = self.journal.retry_refused()?;
        self.shared.wake();
        Ok(count)
    }

    /// The store behind.
    pub(crate) fn inner(&self) -> &dyn Store {
        &*self.shared.inner
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    /// The lane of an id: that of the thing, whether it is named by our id or the server's.
    fn lane_of(&self, id: &str) -> Result<Arc<str>> {
        let lock = || self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lock().get(id) {
            return Ok(Arc::clone(lane));
        }
        let lane: Arc<str> = match self.journal.fate(id)? {
            Fate::Foreign => self.journal.local_of(id)?.as_deref().unwrap_or(id).into(),
            _ => id.into(),
        };
        let mut lanes = lock();
        if lanes.len() >= 100_000 {
            lanes.clear();
        }
        lanes.insert(id.to_owned(), Arc::clone(&lane));
        Ok(lane)
    }

    /// The server's id of something, if it has one by now.
    fn remote_of(&self, id: &str) -> Result<Option<String>> {
        match self.journal.fate(id)? {
            Fate::Foreign => Ok(Some(id.to_owned())),
            Fate::Created(remote) => Ok(Some(remote)),
            Fate::Waiting | Fate::Refused(_) => Ok(None),
        }
    }

    /// The server's id, or why there is none yet.
    fn need_remote(&self, id: &str) -> Result<String> {
        self.remote_of(id)?.ok_or_else(|| self.not_there_yet())
    }

    fn not_there_yet(&self) -> Error {
        let said = self.health().error.unwrap_or_else(|| "it waits in the spool".to_owned());
        Error::Unreachable { uri: self.shared.inner.location(), source: said.into() }
    }

    /// Accepts a call.
    fn push(&self, lane: &str, op: &Op) -> Result<()> {
        let (kind, body) = op.encode();
        self.journal.push(lane, &[Row { kind, body, points: 0, file: None }], || Ok(()))?;
        self.shared.wake();
        Ok(())
    }

    /// Accepts a creation and waits a little for the server's id.
    fn create(&self, lane: &str, local: &str, info: &str, op: &Op) -> Result<Fate> {
        let health = self.health();
        self.journal.push_creation(lane, local, info, op)?;
        self.shared.wake();
        let deadline = Instant::now() + self.options.patience;
        loop {
            let fate = self.journal.fate(local)?;
            let left = deadline.saturating_duration_since(Instant::now());
            let now = self.health();
            let hopeless = health.away || now.failures > health.failures || left.is_zero() || !self.options.send;
            if fate != Fate::Waiting || hopeless {
                return Ok(fate);
            }
            // Another process may be the one that sends.
            self.shared.wait_for_change(left.min(Duration::from_millis(20)));
        }
    }

    /// Waits a little until a lane is empty, for calls that go past the spool.
    fn settle(&self, lane: &str) -> Result<()> {
        let deadline = Instant::now() + self.options.patience;
        while !self.journal.is_lane_empty(lane)? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.health().away {
                return Err(self.not_there_yet());
            }
            self.shared.wait_for_change(left.min(Duration::from_millis(20)));
        }
        Ok(())
    }
}

/// 32 hexadecimal digits that nobody else has.
fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The files of all spools in a directory.
fn spools_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", directory, e)),
    };
    let mut found: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "db"))
        .collect();
    found.sort();
    Ok(found)
}

impl Store for SpooledStore {
    fn location(&self) -> String {
        self.shared.inner.location()
    }

    fn flush(&self) -> Result<()> {
        let report = self.wait(self.options.flush, Some(HOPELESS))?;
        if report.waiting == 0 {
            return self.shared.inner.flush();
        }
        let said = report.error.unwrap_or_else(|| "it is slower than what was logged".to_owned());
        let source = format!("{} calls still wait in the spool: {said}", report.waiting).into();
        Err(Error::Unreachable { uri: self.location(), source })
    }
}
