//! What can go wrong with a copy, in words.

use std::path::PathBuf;

/// Result of copying.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong; the first line of each message says what, the second what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A store refused.
    #[error(transparent)]
    Store(#[from] ironbook_store::Error),
    /// An address names nothing that can be copied from or to.
    #[error("`{address}` cannot be used: {reason}\n{todo}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong.
        reason: String,
        /// What would be right.
        todo: String,
    },
    /// A database of MLflow's has a layout that is not known here.
    #[error("{} has the layout `{found}`, which is not known here\n{todo}", path.display())]
    Revision {
        /// The file.
        path: PathBuf,
        /// Its revision.
        found: String,
        /// What to do.
        todo: String,
    },
    /// MLflow's database failed.
    #[error("the database {} failed\nsee the cause below", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// A file has content that cannot be read.
    #[error("{} cannot be read: {reason}\nmend or remove it, and import again", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refused.
    #[error("could not {doing} {}\nsee the cause below", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl Error {
    /// An error of the file system.
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Error {
        Error::Io { doing, path: path.into(), source }
    }

    /// Whether the thing alone is broken, and the rest can go on.
    pub(super) fn is_of_one_thing(&self) -> bool {
        use ironbook_store::Code;
        match self {
            Error::Content { .. } => true,
            Error::Store(e) => !matches!(
                e.code(),
                Code::TemporarilyUnavailable
                    | Code::InternalError
                    | Code::Unauthenticated
                    | Code::PermissionDenied
                    | Code::RequestLimitExceeded
            ),
            _ => false,
        }
    }

    /// The first line of the message, for a list.
    pub(super) fn line(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }
}
