//! Connections: one that writes, a few that read, so that a long read keeps nobody from writing.

use super::SqliteOptions;
use super::failure::{Failure, Outcome, database_error};
use super::schema;
use crate::error::{Error, Result};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

/// At most so many connections that read: each keeps some megabytes of pages.
const READERS: usize = 4;

/// Numbers of metric names, which are never changed or removed once committed.
pub(super) type Keys = HashMap<String, i64>;

/// The connections to one database.
pub(super) struct Pool {
    path: PathBuf,
    /// Which file this path named at the opening.
    file: Identity,
    options: SqliteOptions,
    writer: Mutex<Writer>,
    readers: Mutex<Readers>,
    free: Condvar,
}

struct Writer {
    connection: Connection,
    keys: Keys,
}

#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    open: usize,
}

impl Pool {
    /// Opens the database, creating or migrating it.
    pub(super) fn open(path: PathBuf, options: SqliteOptions) -> Result<Pool> {
        let connection = schema::connect(&path, &options)?;
        let file = fs::metadata(&path).map(|meta| identity(&meta)).map_err(|e| Error::io("look at", &path, e))?;
        let writer = Mutex::new(Writer { connection, keys: Keys::new() });
        Ok(Pool { path, file, options, writer, readers: Mutex::default(), free: Condvar::new() })
    }

    /// The database file.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// One transaction that sees one state of the database.
    pub(super) fn read<T>(&self, call: impl FnOnce(&Transaction<'_>) -> Outcome<T>) -> Result<T> {
        self.check_place()?;
        let mut reader = self.reader()?;
        let done = (|| {
            let connection = reader.connection.as_mut().ok_or(rusqlite::Error::InvalidQuery)?;
            call(&connection.transaction_with_behavior(TransactionBehavior::Deferred)?)
        })();
        done.map_err(|failure: Failure| failure.at(&self.path))
    }

    /// One transaction that is committed if `call` succeeds, else rolled back. It takes the write lock at its start:
    /// one that reads first and then finds another writer could not wait.
    pub(super) fn write<T>(&self, call: impl FnOnce(&Transaction<'_>, &mut Keys) -> Outcome<T>) -> Result<T> {
        // A panic in the middle of a call has rolled its transaction back: the connection is usable.
        let mut guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_place()?;
        let Writer { connection, keys } = &mut *guard;
        let mut new_keys = std::mem::take(keys);
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
        done.map_err(|failure: Failure| failure.at(&self.path))
    }

    /// Whether the path still names the file that is open. SQLite goes on with one that has no name any more, and all
    /// that is written into it vanishes with the last process that has it open. One look costs microseconds.
    fn check_place(&self) -> Result<()> {
        match fs::metadata(&self.path) {
            Ok(meta) if identity(&meta) == self.file => Ok(()),
            Ok(_) => Err(Error::Gone { path: self.path.clone() }),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(Error::Gone { path: self.path.clone() })
            }
            // Not to be seen for another reason: the database says what it thinks of that.
            Err(_) => Ok(()),
        }
    }

    fn reader(&self) -> Result<Reader<'_>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = readers.idle.pop() {
                return Ok(Reader { pool: self, connection: Some(connection) });
            }
            if readers.open < READERS {
                break;
            }
            readers = self.free.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
        readers.open += 1;
        drop(readers);
        // Should opening fail, dropping this gives its place back.
        let mut reader = Reader { pool: self, connection: None };
        let opened = schema::reader(&self.path, &self.options).map_err(|e| database_error(&self.path, e))?;
        reader.connection = Some(opened);
        Ok(reader)
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

/// A connection that goes back to the pool.
struct Reader<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.pool.readers.lock().unwrap_or_else(PoisonError::into_inner);
        match self.connection.take() {
            Some(connection) => readers.idle.push(connection),
            None => readers.open -= 1,
        }
        drop(readers);
        self.pool.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn writing_goes_on_while_others_read() {
        let temporary = tempfile::tempdir().unwrap();
        let pool = Pool::open(temporary.path().join("x.db"), SqliteOptions::default()).unwrap();
        let count =
            |t: &Transaction<'_>| Ok(t.query_row("SELECT count(*) FROM metric_keys", [], |r| r.get::<_, i64>(0))?);
        let (said, heard) = mpsc::channel();
        let pool = &pool;
        std::thread::scope(|scope| {
            let reading = pool.read(|t| {
                let before = count(t)?;
                scope.spawn(move || {
                    pool.write(|t, _| Ok(t.execute("INSERT INTO metric_keys (name) VALUES ('a')", [])?)).unwrap();
                    said.send(pool.read(count).unwrap()).unwrap();
                });
                let seen = heard.recv_timeout(Duration::from_secs(20));
                Ok((before, seen, count(t)?))
            });
            assert_eq!(reading.unwrap(), (0, Ok(1), 0), "written and seen by others; the reader keeps its state");
        });
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let pool = Pool::open(temporary.path().join("x.db"), SqliteOptions::default()).unwrap();
        let failed: Result<()> = pool.write(|t, keys| {
            t.execute("INSERT INTO metric_keys (name) VALUES ('a')", [])?;
            keys.insert("a".to_owned(), 1);
            Err(Error::NotFound { what: "run", name: "x".to_owned() }.into())
        });
        assert!(failed.is_err());
        pool.write(|t, keys| {
            assert!(keys.is_empty(), "a number that was rolled back is forgotten");
            assert_eq!(t.query_row("SELECT count(*) FROM metric_keys", [], |r| r.get::<_, i64>(0))?, 0);
            Ok(())
        })
        .unwrap();
        let refused = pool.read(|t| Ok(t.execute("DELETE FROM metric_keys", [])?)).unwrap_err();
        assert!(matches!(refused, Error::ReadOnly { .. }), "readers cannot write: {refused:?}");
        assert!(refused.to_string().contains("is read-only"), "{refused}");
    }
}
