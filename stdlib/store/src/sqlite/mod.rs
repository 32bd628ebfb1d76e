//! The embedded store: one SQLite database in WAL mode, artifacts as files beside it.

mod read;
mod schema;
mod write;

use crate::artifacts;
use crate::error::{Error, Result};
use crate::model::{ArtifactInfo, Batch, Experiment, Metric, NewRun, Page, Run, RunInfo, RunUpdate, Search, Tag};
use crate::store::Store;
use crate::validate;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Name of the database in the store's directory.
const DATABASE: &str = "track.db";

/// How a [`SqliteStore`] behaves.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// How long a call waits for another process that is writing (default 10 s).
    pub busy_timeout: Duration,
    /// The database refuses to grow beyond so many bytes, as if the disk were full (default: no limit).
    pub max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions { busy_timeout: Duration::from_secs(10), max_bytes: None }
    }
}

/// Runs in a directory of the project: `track.db` and `artifacts/<run id>/`.
///
/// Many processes may use one directory at once. What a call wrote survives the death of the process
/// (`synchronous=NORMAL`); a power failure may cost the last calls, never the database.
pub struct SqliteStore {
    directory: PathBuf,
    database: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Connection,
    /// Numbers of metric names, which are never changed or removed once committed.
    keys: HashMap<String, i64>,
}

impl SqliteStore {
    /// Opens the store in `directory` (usually a project's `.ironbook`, see [`crate::locate`]), creating what is missing.
    ///
    /// # Errors
    /// [`Error::NotAStore`], [`Error::NewerSchema`], [`Error::Locked`], [`Error::Full`], or of the file system.
    pub fn open(directory: &Path) -> Result<SqliteStore> {
        SqliteStore::open_with(directory, SqliteOptions::default())
    }

    /// Opens the store in `directory` if there is one; creates nothing.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_existing(directory: &Path) -> Result<Option<SqliteStore>> {
        if directory.join(DATABASE).is_file() { SqliteStore::open(directory).map(Some) } else { Ok(None) }
    }

    /// [`SqliteStore::open`] with options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(directory: &Path, options: SqliteOptions) -> Result<SqliteStore> {
        create_directory(directory)?;
        let database = directory.join(DATABASE);
        let connection = schema::connect(&database, options)?;
        let inner = Mutex::new(Inner { connection, keys: HashMap::new() });
        let store = SqliteStore { directory: directory.to_owned(), database, inner };
        store.sweep_scratch();
        Ok(store)
    }

    /// Directory of the store.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads the whole database and says whether it is sound.
    ///
    /// # Errors
    /// [`Error::NotAStore`] if it is not.
    pub fn check(&self) -> Result<()> {
        let guard = self.lock();
        let answer = guard.connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        match answer.map_err(|e| database_error(&self.database, e))? {
            ok if ok == "ok" => Ok(()),
            bad => Err(Error::NotAStore { path: self.database.clone(), source: bad.into() }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in the middle of a call has rolled its transaction back: the connection is usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction that sees one state of the database.
    fn read<T>(&self, call: impl FnOnce(&Transaction<'_>) -> Outcome<T>) -> Result<T> {
        let mut guard = self.lock();
        let transaction = guard.connection.transaction_with_behavior(TransactionBehavior::Deferred);
        let done = transaction.map_err(Failure::from).and_then(|t| call(&t));
        done.map_err(|failure| failure.at(&self.database))
    }

    /// One transaction that is committed if `call` succeeds, else rolled back. It takes the write lock at its start:
    /// one that reads first and then finds another writer could not wait.
    fn write<T>(&self, call: impl FnOnce(&Transaction<'_>, &mut HashMap<String, i64>) -> Outcome<T>) -> Result<T> {
        let mut guard = self.lock();
        let Inner { connection, keys } = &mut *guard;
        let mut new_keys = HashMap::new();
        std::mem::swap(&mut new_keys, keys);
        let done = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = call(&transaction, &mut new_keys)?;
            transaction.commit()?;
            Ok(value)
        })();
        // After a rollback a name that it added has no number: forget all.
        if done.is_ok() {
            *keys = new_keys;
        }
        done.map_err(|failure: Failure| failure.at(&self.database))
    }

    fn artifacts_of(&self, run: &str) -> Result<PathBuf> {
        self.read(|t| read::run_row(t, run).map(|_| ()))?;
        Ok(self.directory.join("artifacts").join(run))
    }

    fn scratch(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    /// Removes scratch files that a killed process left; none is in use for a whole day.
    fn sweep_scratch(&self) {
        let Ok(entries) = fs::read_dir(self.scratch()) else { return };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > Duration::from_secs(24 * 3600)) {
                // Another process may sweep too.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Creates the directory, with a file that keeps it out of git (recording a run must not make the project dirty).
fn create_directory(directory: &Path) -> Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory).map_err(|e| Error::io("create the directory", directory, e))?;
    let ignore = directory.join(".gitignore");
    fs::write(&ignore, "*\n").map_err(|e| Error::io("write", ignore, e))
}

/// What a transaction can fail with: the database, or a rule.
enum Failure {
    Database(rusqlite::Error),
    Rule(Error),
}

type Outcome<T> = std::result::Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Rule(error)
    }
}

impl Failure {
    fn at(self, path: &Path) -> Error {
        match self {
            Failure::Database(error) => database_error(path, error),
            Failure::Rule(error) => error,
        }
    }
}

/// The database's error in our words.
fn database_error(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    let code = error.sqlite_error_code();
    let source = Box::new(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked { path, source },
        Some(ErrorCode::DiskFull) => Error::Full { path, source },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::NotAStore { path, source },
        _ => Error::Database { path, source },
    }
}

impl Store for SqliteStore {
    fn location(&self) -> String {
        self.directory.display().to_string()
    }

    fn create_experiment(&self, name: &str, tags: &[Tag]) -> Result<String> {
        validate::experiment_name(name)?;
        tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        self.write(|t, _| write::create_experiment(t, name, tags))
    }

    fn experiment(&self, id: &str) -> Result<Experiment> {
        self.read(|t| read::experiment(t, id))
    }

    fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        self.read(|t| read::experiment_by_name(t, name))
    }

    fn experiments(&self) -> Result<Vec<Experiment>> {
        self.read(read::experiments)
    }

    fn create_run(&self, new: &NewRun) -> Result<RunInfo> {
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        new.start.map_or(Ok(()), validate::timestamp)?;
        self.write(|t, _| write::create_run(t, new))
    }

    fn update_run(&self, run: &str, update: &RunUpdate) -> Result<RunInfo> {
        update.end.map_or(Ok(()), validate::timestamp)?;
        self.write(|t, _| write::update_run(t, run, update))
    }

    fn run(&self, run: &str) -> Result<Run> {
        self.read(|t| {
            let (row, info) = read::run_row(t, run)?;
            read::fill(t, row, info)
        })
    }

    fn delete_run(&self, run: &str) -> Result<()> {
        self.write(|t, _| write::set_deleted(t, run, Some(crate::model::now_ms())))
    }

    fn restore_run(&self, run: &str) -> Result<()> {
        self.write(|t, _| write::set_deleted(t, run, None))
    }

    fn search_runs(&self, search: &Search) -> Result<Page> {
        self.read(|t| read::search(t, search))
    }

    fn log_batch(&self, run: &str, batch: Batch<'_>) -> Result<()> {
        validate::batch(&batch)?;
        self.write(|t, keys| write::log_batch(t, keys, run, batch))
    }

    fn delete_tag(&self, run: &str, key: &str) -> Result<()> {
        self.write(|t, _| write::delete_tag(t, run, key))
    }

    fn metric_history(&self, run: &str, key: &str) -> Result<Vec<Metric>> {
        self.read(|t| read::history(t, run, key))
    }

    fn write_artifact(&self, run: &str, path: &str, bytes: &mut dyn Read) -> Result<()> {
        artifacts::write(&self.artifacts_of(run)?, &self.scratch(), path, bytes)
    }

    fn read_artifact(&self, run: &str, path: &str) -> Result<Box<dyn Read + Send>> {
        artifacts::read(&self.artifacts_of(run)?, path)
    }

    fn list_artifacts(&self, run: &str, directory: &str) -> Result<Vec<ArtifactInfo>> {
        artifacts::list(&self.artifacts_of(run)?, directory)
    }
}
