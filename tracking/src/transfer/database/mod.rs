//! MLflow's own database in a file of SQLite.
//!
//! Its tables are read as they are, by name of column, in every layout of MLflow 3 up to [`LATEST`]; written is only that
//! one, since a layout that was not tried could lose something.

mod assess;
mod promoted;
mod read;
mod registry;
mod traces;
mod write;
mod write_rest;

pub(super) use write::Writer;

use super::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The layout of MLflow 3.17.
pub(super) const LATEST: &str = "dc11669786a5";

/// Layouts of MLflow 3 that can be read, from 3.0's on.
const KNOWN: [&str; 41] = [
    "400f98739977",
    "6953534de441",
    "bda7b8c39065",
    "cbc13b556ace",
    "770bee3ae1dd",
    "a1b2c3d4e5f6",
    "de4033877273",
    "1a0cddfcaa16",
    "534353b11cbc",
    "71994744cf8e",
    "3da73c924c2f",
    "bf29a5ff90ea",
    "1bd49d398cd23",
    "b7c8d9e0f1a2",
    "5d2d30f0abce",
    "c9d4e5f6a7b8",
    "2c33131f4dae",
    "d3e4f5a6b7c8",
    "d0e1f2a3b4c5",
    "c8d9e0f1a2b3",
    "1b5f0d9ad7c1",
    "e1f2a3b4c5d6",
    "76601a5f987d",
    "c3d6457b6d8a",
    "a5b4c3d2e1f0",
    "ae8bbe7743c9",
    "7d34483879f0",
    "da6fb0208061",
    "89d3d66ed43f",
    "b7e4c1a90f23",
    "a8b9c0d1e2f3",
    "c1d2e3f4a5b6",
    "c3d9e7f1a2b4",
    "6f8d9c3b2a1e",
    "1971f2d9a75b",
    "17e22815139b",
    "b7e2c1a4d9f3",
    "75868b020152",
    LATEST,
    "0584bdc529eb",
    "f5a4f2784254",
];

/// What MLflow's largest number stands for.
pub(super) fn from_stored(value: f64, nan: bool) -> f64 {
    match value {
        _ if nan => f64::NAN,
        f64::MAX => f64::INFINITY,
        f64::MIN => f64::NEG_INFINITY,
        plain => plain,
    }
}

/// A number as MLflow stores it.
pub(super) fn to_stored(value: f64) -> (f64, bool) {
    if value.is_nan() { (0.0, true) } else { (value.clamp(f64::MIN, f64::MAX), false) }
}

/// A database.
pub(super) struct Database {
    path: PathBuf,
    connection: Connection,
    columns: RefCell<HashMap<String, HashSet<String>>>,
}

impl Database {
    /// Opens a database to be read. Nothing is changed in it, and no statement is left open while things are written
    /// elsewhere: whoever logs to it meanwhile would wait.
    pub(super) fn open(path: &Path) -> Result<Database> {
        if !path.is_file() {
            return Err(Error::Address {
                address: path.display().to_string(),
                reason: "there is no such file".to_owned(),
                todo: "give `sqlite:///FILE`, with one more `/` where FILE is absolute".to_owned(),
            });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Database::with(path, flags)?;
        let revision = database.revision()?;
        if !KNOWN.contains(&revision.as_str()) {
            return Err(Error::Revision {
                path: path.to_owned(),
                found: revision,
                todo: format!(
                    "known are those of MLflow 3.0 to 3.17 (`{LATEST}`): bring it up to that with `mlflow db upgrade`, or \
                     start `mlflow server` on it and import from its address"
                ),
            });
        }
        Ok(database)
    }

    /// Opens a database to be written, in one transaction that [`Database::commit`] ends.
    pub(super) fn writable(path: &Path) -> Result<Database> {
        let database = Database::with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let revision = database.revision()?;
        if revision != LATEST {
            return Err(Error::Revision {
                path: path.to_owned(),
                found: revision,
                todo: format!(
                    "only MLflow 3.17's (`{LATEST}`) is written: bring it up to that with `mlflow db upgrade`, or start \
                     `mlflow server` on it and export to its address"
                ),
            });
        }
        database.execute("PRAGMA foreign_keys = ON")?;
        database.execute("BEGIN IMMEDIATE")?;
        Ok(database)
    }

    fn with(path: &Path, flags: OpenFlags) -> Result<Database> {
        let failed = |source| Error::Database { path: path.to_owned(), source };
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Database { path: path.to_owned(), connection, columns: RefCell::default() })
    }

    /// Ends the transaction.
    pub(super) fn commit(&self) -> Result<()> {
        self.execute("COMMIT")
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn failed(&self, source: rusqlite::Error) -> Error {
        Error::Database { path: self.path.clone(), source }
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|e| self.failed(e))
    }

    fn revision(&self) -> Result<String> {
        let mut table = self
            .connection
            .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'")
            .map_err(|e| self.failed(e))?;
        if !table.exists([]).map_err(|e| self.failed(e))? {
            return Err(Error::Address {
                address: self.path.display().to_string(),
                reason: "it is no database of MLflow".to_owned(),
                todo: "give a file that MLflow made; a store of Ironbook is named by its directory".to_owned(),
            });
        }
        let found = self.connection.query_row("SELECT version_num FROM alembic_version", [], |row| row.get(0));
        Ok(found.optional().map_err(|e| self.failed(e))?.unwrap_or_default())
    }

    /// Whether a table has a column; of no table it has none.
    pub(super) fn has(&self, table: &str, column: &str) -> Result<bool> {
        if let Some(columns) = self.columns.borrow().get(table) {
            return Ok(columns.contains(column));
        }
        let mut find =
            self.connection.prepare_cached("SELECT name FROM pragma_table_info(?1)").map_err(|e| self.failed(e))?;
        let found = find.query_map([table], |row| row.get::<_, String>(0)).map_err(|e| self.failed(e))?;
        let found: HashSet<String> = found.collect::<rusqlite::Result<_>>().map_err(|e| self.failed(e))?;
        let has = found.contains(column);
        self.columns.borrow_mut().insert(table.to_owned(), found);
        Ok(has)
    }

    /// A column, or what stands for it in layouts that do not have it.
    pub(super) fn column(&self, table: &str, column: &str, without: &str) -> Result<String> {
        Ok(if self.has(table, column)? { column.to_owned() } else { format!("{without} AS {column}") })
    }

    /// The condition that a row is of the workspace that everything is in unless somebody made others.
    pub(super) fn workspace(&self, table: &str) -> Result<&'static str> {
        Ok(if self.has(table, "workspace")? { "workspace = 'default'" } else { "1" })
    }

    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let run = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map(values, read)?.collect()
        };
        run().map_err(|e| self.failed(e))
    }

    /// Writes, and says how many rows.
    pub(super) fn put(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        let run = || self.connection.prepare_cached(sql)?.execute(values);
        run().map_err(|e| self.failed(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_go_there_and_back() {
        for value in [1.5, f64::INFINITY, f64::NEG_INFINITY, -0.0] {
            let (stored, nan) = to_stored(value);
            assert!(stored.is_finite() && !nan);
            assert_eq!(from_stored(stored, nan).to_bits(), value.to_bits());
        }
        assert_eq!(to_stored(f64::NAN), (0.0, true));
        assert!(from_stored(0.0, true).is_nan());
    }

    #[test]
    fn other_layouts_and_other_databases_are_refused_with_a_way_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        let connection = Connection::open(&path).unwrap();
        let refused = |path: &Path| Database::open(path).err().unwrap().to_string();
        connection.execute_batch("CREATE TABLE runs (x)").unwrap();
        assert!(refused(&path).contains("no database of MLflow"));
        connection
            .execute_batch("CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('zz')")
            .unwrap();
        let words = refused(&path);
        assert!(words.contains("`zz`") && words.contains(LATEST) && words.contains("mlflow server"), "{words}");
        assert!(refused(&directory.path().join("none.db")).contains("no such file"));
    }
}
