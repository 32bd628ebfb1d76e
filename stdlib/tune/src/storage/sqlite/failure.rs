//! What a transaction can fail with: the database, a row, or a rule.

use crate::error::TuneError;
use rusqlite::ErrorCode;
use std::path::Path;
use std::time::Duration;

/// Why a transaction is rolled back.
#[derive(Debug)]
pub(super) enum Failure {
    Database(rusqlite::Error),
    /// A row that cannot be understood, and why.
    Row(String),
    Rule(TuneError),
}

/// Result of what runs inside of a transaction.
pub(super) type Outcome<T> = Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Database(error)
    }
}

impl Failure {
    /// In our words, for the database at `path`.
    pub(super) fn at(self, path: &Path, waited: Duration) -> TuneError {
        let path = path.to_owned();
        let error = match self {
            Failure::Rule(error) => return error,
            Failure::Row(what) => return TuneError::Row { path, what },
            Failure::Database(error) => error,
        };
        let code = error.sqlite_error_code();
        let source = Box::new(error);
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                TuneError::Locked { path, waited_s: waited.as_secs_f64(), source }
            }
            Some(ErrorCode::ReadOnly) => TuneError::ReadOnly { path, source },
            // Beside a database that cannot be written there is no room for its log, which is then what fails.
            Some(ErrorCode::CannotOpen) if is_read_only(&path) => TuneError::ReadOnly { path, source },
            Some(ErrorCode::DiskFull) => TuneError::Full { path, source },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => TuneError::NotADatabase { path, source },
            _ => TuneError::Database { path, source },
        }
    }
}

/// Whether there is a file that may not be written.
fn is_read_only(path: &Path) -> bool {
    use std::io::ErrorKind;
    let opened = std::fs::File::options().append(true).open(path);
    opened.is_err_and(|e| matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem))
}
