//! Connections: one that writes, a few that read, so that a long read keeps nobody from writing.

use super::SqliteOptions;
use super::failure::{Failure, Outcome, database_error};
use super::schema;
use crate::error::Result;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

/// At most so many connections that read: each keeps some megabytes of pages.
const READERS: usize = 4;

/// Numbers of metric names, which are never changed or removed once committed.
pub(super) type Keys = HashMap<String, i64>;

/// The connections to one database.
pub(super) struct Pool {
    path: PathBuf,
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
        let writer = Mutex::new(Writer { connection, keys: Keys::new() });
        Ok(Pool { path, options, writer, readers: Mutex::default(), free: Condvar::new() })
    }

    /// The database file.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// One transaction that sees one state of the database.
    pub(super) fn read<T>(&self, call: impl FnOnce(&Transaction<'_>) -> Outcome<T>) -> Result<T> {
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
