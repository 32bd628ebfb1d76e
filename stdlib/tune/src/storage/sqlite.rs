//! Studies in an SQLite database with the tables of Optuna's RDB storage, schema version 12.
//!
//! `optuna-dashboard sqlite:///study.db` opens it, and `optuna.load_study(storage="sqlite:///study.db")` goes on with a
//! study, also while this library works on it.

mod failure;
mod read;
mod schema;
mod write;

use super::{Change, Storage, StudyEntry};
use crate::error::{Result, TuneError};
use crate::record::{Direction, TrialRecord};
use chrono::{DateTime, Utc};
use failure::{Failure, Outcome};
use rusqlite::{Connection, TransactionBehavior};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a database is opened.
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `busy_timeout` | how long another process's lock is waited for | time | 30 s (Python's driver: 5 s) |
/// | `max_bytes` | how large the file may become | bytes | no limit |
#[derive(Clone, Debug, PartialEq)]
pub struct SqliteOptions {
    busy_timeout: Duration,
    max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions { busy_timeout: Duration::from_secs(30), max_bytes: None }
    }
}

impl SqliteOptions {
    /// How long another process's lock is waited for.
    pub fn busy_timeout(mut self, wait: Duration) -> Self {
        self.busy_timeout = wait;
        self
    }

    /// How large the file may become; beyond that it counts as full.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Opens the database at `path`, creating it if there is none.
    ///
    /// # Errors
    /// [`TuneError::NotADatabase`], [`TuneError::Schema`] for other versions of Optuna's tables, [`TuneError::ReadOnly`],
    /// [`TuneError::Full`], [`TuneError::Locked`], [`TuneError::Database`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Sqlite> {
        // A folder that is changed later must not lead elsewhere.
        let path = std::path::absolute(path.as_ref()).map_err(|source| TuneError::Io {
            what: "find",
            path: path.as_ref().to_owned(),
            source,
        })?;
        let opened = schema::connect(&path, self);
        let connection = opened.map_err(|failure| failure.at(&path, self.busy_timeout))?;
        let file = fs::metadata(&path).map(|meta| identity(&meta));
        let file = file.map_err(|source| TuneError::Io { what: "look at", path: path.clone(), source })?;
        Ok(Sqlite { connection, path, file, options: self.clone(), seen: None })
    }
}

/// How long others are waited for where nothing depends on it.
const MOMENT: Duration = Duration::from_millis(100);

/// A database file with studies.
///
/// It is in WAL mode with `synchronous=NORMAL`: what was told survives the death of processes, and the database is whole
/// after a power cut, which may take the last moments with it. After [`Study::optimize`](crate::Study::optimize) it is one file
/// again, if nobody else has it open.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    /// Which file the path named at the opening.
    file: Identity,
    options: SqliteOptions,
    /// The state of the database that was read last, for a study: changed by other connections only.
    seen: Option<(i64, i64)>,
}

impl Sqlite {
    /// Opens the database at `path`, creating it if there is none.
    ///
    /// # Errors
    /// Those of [`SqliteOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        SqliteOptions::default().open(path)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read<T>(&mut self, call: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.check_place()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Deferred);
        let done = transaction.map_err(Failure::from).and_then(|transaction| call(&transaction));
        done.map_err(|failure| failure.at(&self.path, self.options.busy_timeout))
    }

    /// One transaction, which takes the write lock at its start: one that reads first could not wait for another.
    fn write<T>(&mut self, call: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.check_place()?;
        let done = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = call(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })();
        done.map_err(|failure: Failure| failure.at(&self.path, self.options.busy_timeout))
    }

    /// Whether the path still names the open file. SQLite goes on with one that has no name any more, and all that is
    /// written into it vanishes with the last process that has it open. One look costs a microsecond.
    fn check_place(&self) -> Result<()> {
        match fs::metadata(&self.path) {
            Ok(meta) if identity(&meta) == self.file => Ok(()),
            Ok(_) => Err(TuneError::Gone { path: self.path.clone() }),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(TuneError::Gone { path: self.path.clone() })
            }
            // Not to be seen for another reason: the database says what it thinks of that.
            Err(_) => Ok(()),
        }
    }
}

impl Storage for Sqlite {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn studies(&mut self) -> Result<Vec<StudyEntry>> {
        self.read(read::studies)
    }

    fn create_study(&mut self, name: &str, direction: Direction) -> Result<i64> {
        let place = self.place();
        self.write(|connection| write::create_study(connection, name, direction, &place))
    }

    fn name_metric(&mut self, study: i64, metric: &str) -> Result<()> {
        self.write(|connection| write::name_metric(connection, study, metric))
    }

    fn metric(&mut self, study: i64) -> Result<Option<String>> {
        self.read(|connection| read::metric(connection, study))
    }

    fn add_trial(&mut self, study: i64, trial: &TrialRecord, alive: bool) -> Result<(i64, u32)> {
        self.write(|connection| write::add_trial(connection, study, trial, alive))
    }

    fn claim(&mut self, trial: i64, at: DateTime<Utc>) -> Result<bool> {
        self.write(|connection| write::claim(connection, trial, at))
    }

    fn write(&mut self, changes: &[Change]) -> Result<bool> {
        Sqlite::write(self, |connection| write::changes(connection, changes))
    }

    fn news(&mut self, study: i64, after: i64, open: &[i64]) -> Result<Vec<TrialRecord>> {
        let seen = self.seen;
        let (version, trials) = self.read(|connection| {
            let version: i64 = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
            if seen == Some((study, version)) {
                return Ok((version, Vec::new()));
            }
            Ok((version, read::news(connection, study, after, open)?))
        })?;
        self.seen = Some((study, version));
        Ok(trials)
    }

    fn beat(&mut self, trials: &[i64]) -> Result<()> {
        Sqlite::write(self, |connection| write::beat(connection, trials))
    }

    fn silent(&mut self, study: i64, since: Duration) -> Result<Vec<i64>> {
        self.read(|connection| read::silent(connection, study, since))
    }

    fn settle(&mut self) {
        // Leaving WAL asks for a moment alone with the file; where others have it open, the log is emptied at least.
        let alone = (|| {
            self.connection.busy_timeout(MOMENT)?;
            self.connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
        })();
        if alone.is_err() {
            _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        _ = self.connection.busy_timeout(self.options.busy_timeout);
    }
}

/// What tells two files with one name apart.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(meta: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}
