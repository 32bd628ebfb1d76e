//! Tables of the embedded store, and how a database gets from one version to the next.

use super::{SqliteOptions, database_error};
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::time::{Duration, Instant};

/// One entry per version: what leads to it from the one before. Entries are never edited once released.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE experiments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        created INTEGER NOT NULL,
        deleted INTEGER
    ) STRICT;
    INSERT INTO experiments (id, name, created) VALUES (0, 'Default', CAST(strftime('%s', 'now') AS INTEGER) * 1000);
    CREATE TABLE experiment_tags (
        experiment INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (experiment, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        uuid TEXT NOT NULL UNIQUE,
        experiment INTEGER NOT NULL REFERENCES experiments,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        start_time INTEGER NOT NULL,
        end_time INTEGER,
        deleted INTEGER
    ) STRICT;
    CREATE INDEX runs_newest ON runs (experiment, start_time DESC, id DESC);
    CREATE INDEX runs_running ON runs (id) WHERE status = 'RUNNING';
    CREATE TABLE params (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (run, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tags (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (run, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE metric_keys (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    -- The points lie in the order in which curves are read. SQLite has no NaN: the value is then 0, is_nan 1.
    CREATE TABLE metrics (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        key INTEGER NOT NULL REFERENCES metric_keys,
        step INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        is_nan INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (run, key, step, timestamp, is_nan, value)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE latest_metrics (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        key INTEGER NOT NULL REFERENCES metric_keys,
        step INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        is_nan INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (run, key)
    ) STRICT, WITHOUT ROWID;
"];

/// Opens the database, in WAL mode, at the latest version.
pub(super) fn connect(path: &Path, options: SqliteOptions) -> Result<Connection> {
    let deadline = Instant::now() + options.busy_timeout;
    loop {
        match try_connect(path, options) {
            // Two processes that create one database: the change to WAL mode fails at once instead of waiting.
            Err(Error::Locked { .. }) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
}

fn try_connect(path: &Path, options: SqliteOptions) -> Result<Connection> {
    let words = |e| database_error(path, e);
    let mut connection = Connection::open(path).map_err(words)?;
    prepare(&connection, options).map_err(words)?;
    let version = version(&connection).map_err(words)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(Error::NewerSchema { path: path.to_owned(), found: version, known });
    }
    if version < known {
        migrate(&mut connection).map_err(words)?;
    }
    Ok(connection)
}

fn prepare(connection: &Connection, options: SqliteOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(64);
    // On a file system without shared memory SQLite stays in its older mode: slower, as safe.
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")?;
    if let Some(bytes) = options.max_bytes {
        let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        connection.query_row(&format!("PRAGMA max_page_count = {}", bytes / u64::from(page.max(1))), [], |_| Ok(()))?;
    }
    Ok(())
}

/// The version of the database; 0 for a new one.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let is_ours = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ironbook_schema'";
    if connection.query_row(is_ours, [], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    connection.query_row("SELECT version FROM ironbook_schema", [], |row| row.get(0))
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited.
    let from = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS ironbook_schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT",
    )?;
    let latest = i64::try_from(MIGRATIONS.len().max(from)).unwrap_or(i64::MAX);
    transaction.execute("INSERT OR REPLACE INTO ironbook_schema (id, version) VALUES (1, ?1)", [latest])?;
    transaction.commit()
}

/// Whether an insert failed because its value is taken.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
