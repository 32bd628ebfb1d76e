//! Tables of the embedded store, and how a database gets from one version to the next.

use super::SqliteOptions;
use super::failure::database_error;
use crate::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::Path;
use std::time::{Duration, Instant};

/// One entry per version: what leads to it from the one before. Entries are never edited once released.
const MIGRATIONS: &[&str] = &[
    "
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
",
    // Experiments and runs can lie elsewhere, runs have users; datasets, models, the registry and traces come in. A
    // location that is NULL follows from the one above it; `./` begins one below the artifacts of the store.
    "
    ALTER TABLE experiments ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE experiments ADD COLUMN location TEXT;
    UPDATE experiments SET updated = coalesce(deleted, created);
    ALTER TABLE runs ADD COLUMN user TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN location TEXT;
    UPDATE runs SET location = './' || uuid, user = coalesce((
        SELECT value FROM tags WHERE tags.run = runs.id AND tags.key = 'mlflow.user'), '');
    DROP INDEX runs_newest;
    CREATE INDEX runs_newest ON runs (experiment, start_time DESC, uuid);
    CREATE INDEX latest_by_value ON latest_metrics (key, value, run, is_nan);
    CREATE TABLE datasets (
        id INTEGER PRIMARY KEY,
        experiment INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        source_type TEXT NOT NULL,
        source TEXT NOT NULL,
        schema TEXT,
        profile TEXT,
        UNIQUE (experiment, name, digest)
    ) STRICT;
    CREATE TABLE inputs (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        dataset INTEGER NOT NULL REFERENCES datasets ON DELETE CASCADE,
        UNIQUE (run, dataset)
    ) STRICT;
    CREATE INDEX inputs_of_dataset ON inputs (dataset);
    CREATE TABLE input_tags (
        input INTEGER NOT NULL REFERENCES inputs ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (input, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE model_inputs (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        model TEXT NOT NULL,
        PRIMARY KEY (run, model)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE model_outputs (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        model TEXT NOT NULL,
        step INTEGER NOT NULL,
        PRIMARY KEY (run, model, step)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE models (
        id INTEGER PRIMARY KEY,
        uuid TEXT NOT NULL UNIQUE,
        experiment INTEGER NOT NULL REFERENCES experiments,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        status_message TEXT NOT NULL,
        model_type TEXT NOT NULL,
        source_run TEXT,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        location TEXT,
        deleted INTEGER
    ) STRICT;
    CREATE INDEX models_newest ON models (experiment, created DESC, uuid);
    CREATE TABLE model_params (
        model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (model, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE model_tags (
        model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (model, key)
    ) STRICT, WITHOUT ROWID;
    -- Without a dataset its name and digest are empty.
    CREATE TABLE model_metrics (
        model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
        key INTEGER NOT NULL REFERENCES metric_keys,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        dataset_name TEXT NOT NULL,
        dataset_digest TEXT NOT NULL,
        step INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        is_nan INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (model, key, run, dataset_name, dataset_digest, step, timestamp, is_nan, value)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE registered (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE registered_tags (
        registered INTEGER NOT NULL REFERENCES registered ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (registered, key)
    ) STRICT, WITHOUT ROWID;
    -- A deleted version keeps its row, so that its number is not used again.
    CREATE TABLE versions (
        id INTEGER PRIMARY KEY,
        registered INTEGER NOT NULL REFERENCES registered ON DELETE CASCADE,
        version INTEGER NOT NULL,
        stage TEXT NOT NULL,
        description TEXT NOT NULL,
        user TEXT NOT NULL,
        source TEXT NOT NULL,
        run TEXT,
        model TEXT,
        run_link TEXT NOT NULL,
        status TEXT NOT NULL,
        status_message TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        deleted INTEGER,
        UNIQUE (registered, version)
    ) STRICT;
    CREATE TABLE version_tags (
        version INTEGER NOT NULL REFERENCES versions ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (version, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE aliases (
        registered INTEGER NOT NULL REFERENCES registered ON DELETE CASCADE,
        alias TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (registered, alias)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE traces (
        id INTEGER PRIMARY KEY,
        uuid TEXT NOT NULL UNIQUE,
        experiment INTEGER NOT NULL REFERENCES experiments,
        timestamp INTEGER NOT NULL,
        duration INTEGER,
        state TEXT NOT NULL,
        client_request_id TEXT,
        request_preview TEXT,
        response_preview TEXT,
        -- Whether its fields were given, not found from its spans.
        told INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX traces_newest ON traces (experiment, timestamp DESC, uuid);
    CREATE TABLE trace_tags (
        trace INTEGER NOT NULL REFERENCES traces ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (trace, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE trace_metadata (
        trace INTEGER NOT NULL REFERENCES traces ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (trace, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE spans (
        id INTEGER PRIMARY KEY,
        trace INTEGER NOT NULL REFERENCES traces ON DELETE CASCADE,
        uuid TEXT NOT NULL,
        parent TEXT,
        name TEXT NOT NULL,
        type TEXT,
        status TEXT NOT NULL,
        start_ns INTEGER NOT NULL,
        end_ns INTEGER,
        content TEXT NOT NULL,
        UNIQUE (trace, uuid)
    ) STRICT;
    -- `type`, `name`, `value` and `valid` are found in `fields` (JSON), for searching.
    CREATE TABLE assessments (
        trace INTEGER NOT NULL REFERENCES traces ON DELETE CASCADE,
        uuid TEXT NOT NULL,
        type TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT,
        number REAL,
        valid INTEGER NOT NULL,
        created INTEGER NOT NULL,
        fields TEXT NOT NULL,
        PRIMARY KEY (trace, uuid)
    ) STRICT, WITHOUT ROWID;
    -- Traces may be linked before they arrive.
    CREATE TABLE run_traces (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        trace TEXT NOT NULL,
        PRIMARY KEY (run, trace)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_of_trace ON run_traces (trace);
    ",
];

/// Opens the database, in WAL mode, at the latest version.
pub(super) fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection> {
    let deadline = Instant::now() + options.busy_timeout;
    loop {
        match try_connect(path, options) {
            // Two processes that create one database: the change to WAL mode fails at once instead of waiting.
            Err(Error::Locked { .. }) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
}

fn try_connect(path: &Path, options: &SqliteOptions) -> Result<Connection> {
    let words = |e| database_error(path, e);
    let mut connection = Connection::open(path).map_err(words)?;
    connection.busy_timeout(options.busy_timeout).map_err(words)?;
    // Looked at before anything is set: what a newer version wrote stays untouched.
    let version = version(&connection).map_err(words)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(Error::NewerSchema { path: path.to_owned(), found: version, known });
    }
    prepare(&connection, options).map_err(words)?;
    if version < known {
        migrate(&mut connection).map_err(words)?;
    }
    Ok(connection)
}

fn prepare(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    // On a file system without shared memory SQLite stays in its older mode: slower, as safe.
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    // The log is moved into the database every 16 MB: that is when the disk is waited for.
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
    )?;
    settings(connection, options)?;
    if let Some(bytes) = options.max_bytes {
        let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        connection.query_row(&format!("PRAGMA max_page_count = {}", bytes / u64::from(page.max(1))), [], |_| Ok(()))?;
    }
    Ok(())
}

/// What all connections have.
fn settings(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(96);
    // `LIKE` tells capitals apart, as in MLflow.
    connection.execute_batch("PRAGMA case_sensitive_like = ON;")
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    // Not created should somebody have removed it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    settings(&connection, options)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
    Ok(connection)
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
