//! The embedded store: one SQLite database in WAL mode, artifacts as files beside it.

mod artifacts;
mod assessments;
mod condition;
mod experiments;
mod failure;
mod fill;
mod find;
mod history;
mod import;
mod inputs;
mod log;
mod models;
mod place;
mod pool;
mod registry;
mod runs;
mod schema;
mod spans;
mod sql;
mod tags;
mod traces;
mod versions;

use crate::error::{Error, Result};
use crate::store::Store;
pub use import::Added;
use place::Places;
use pool::Pool;
use rusqlite::Transaction;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the database in the store's directory.
const DATABASE: &str = "track.db";

/// How a [`SqliteStore`] behaves.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// How long a call waits for another process that is writing (default 10 s).
    pub busy_timeout: Duration,
    /// The database refuses to grow beyond so many bytes, as if the disk were full (default: no limit).
    pub max_bytes: Option<u64>,
    /// The database file (default: `track.db` in the store's directory).
    pub database: Option<PathBuf>,
    /// URI that new experiments get as their artifact location, with their id below it (default: `artifacts` in the
    /// store's directory, as a `file://` URI). A server gives `mlflow-artifacts:/`. What is there already stays.
    pub artifact_root: Option<String>,
    /// Where `mlflow-artifacts:` URIs lie: a path or URI (default: `artifacts` in the store's directory).
    pub artifacts_destination: Option<String>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        SqliteOptions {
            busy_timeout: Duration::from_secs(10),
            max_bytes: None,
            database: None,
            artifact_root: None,
            artifacts_destination: None,
        }
    }
}

/// A store in a directory of the project: `track.db`, and `artifacts/<experiment>/<run>/artifacts/`.
///
/// Many processes may use one directory at once. What a call wrote survives the death of the process
/// (`synchronous=NORMAL`); a power failure may cost the last calls, never the database.
pub struct SqliteStore {
    directory: PathBuf,
    pool: Pool,
    places: Places,
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
    /// As [`SqliteStore::open`], and [`Error::Uri`] for places of artifacts that cannot be used.
    pub fn open_with(directory: &Path, options: SqliteOptions) -> Result<SqliteStore> {
        create_directory(directory)?;
        let places = Places::new(directory, &options)?;
        let database = options.database.clone().unwrap_or_else(|| directory.join(DATABASE));
        if let Some(parent) = database.parent() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create the directory", parent, e))?;
        }
        let pool = Pool::open(database, options)?;
        let store = SqliteStore { directory: directory.to_owned(), pool, places };
        store.place_default()?;
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
        let answer =
            self.pool.read(|t| Ok(t.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?))?;
        match answer {
            ok if ok == "ok" => Ok(()),
            bad => Err(Error::NotAStore { path: self.pool.path().to_owned(), source: bad.into() }),
        }
    }

    /// The first experiment comes with the database: while nothing is in it, it lies where new ones do.
    fn place_default(&self) -> Result<()> {
        let Some(location) = self.places.kept(0) else { return Ok(()) };
        let unused = "id = 0 AND location IS NULL AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment = 0)
             AND NOT EXISTS (SELECT 1 FROM models WHERE experiment = 0)
             AND NOT EXISTS (SELECT 1 FROM traces WHERE experiment = 0)";
        let is_unused = |t: &Transaction<'_>| {
            Ok(t.query_row(&format!("SELECT count(*) FROM experiments WHERE {unused}"), [], |r| r.get::<_, i64>(0))?
                > 0)
        };
        // Looked at first: most stores need no write for being opened.
        if self.pool.read(is_unused)? {
            let update = format!("UPDATE experiments SET location = ?1 WHERE {unused}");
            self.pool.write(|t, _| Ok(t.execute(&update, [location])?))?;
        }
        Ok(())
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

impl Store for SqliteStore {
    fn location(&self) -> String {
        self.directory.display().to_string()
    }
}
