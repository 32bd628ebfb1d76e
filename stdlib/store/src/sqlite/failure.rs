//! What a transaction can fail with: the database, or a rule.

use crate::error::Error;
use rusqlite::ErrorCode;
use std::path::Path;

/// Why a transaction is rolled back.
#[derive(Debug)]
pub(super) enum Failure {
    Database(rusqlite::Error),
    Rule(Error),
}

/// Result of what runs inside of a transaction.
pub(super) type Outcome<T> = Result<T, Failure>;

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
    /// In our words, for the database at `path`.
    pub(super) fn at(self, path: &Path) -> Error {
        match self {
            Failure::Database(error) => database_error(path, error),
            Failure::Rule(error) => error,
        }
    }
}

/// A rule says no.
pub(super) fn refuse<T>(error: Error) -> Outcome<T> {
    Err(Failure::Rule(error))
}

/// Nothing has this name or id.
pub(super) fn missing(what: &'static str, name: &str) -> Error {
    Error::NotFound { what, name: name.to_owned() }
}

/// The database's error in our words.
pub(super) fn database_error(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    let code = error.sqlite_error_code();
    let source = Box::new(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked { path, source },
        Some(ErrorCode::ReadOnly) => Error::ReadOnly { path, source },
        // Beside a database that cannot be written there is no room for its log, which is then what fails.
        Some(ErrorCode::CannotOpen) if is_read_only(&path) => Error::ReadOnly { path, source },
        Some(ErrorCode::DiskFull) => Error::Full { path, source },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::NotAStore { path, source },
        _ => Error::Database { path, source },
    }
}

/// Whether there is a file that may not be written.
fn is_read_only(path: &Path) -> bool {
    use std::io::ErrorKind;
    let opened = std::fs::File::options().append(true).open(path);
    opened.is_err_and(|e| matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem))
}

/// Whether an insert failed because its value is taken.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
