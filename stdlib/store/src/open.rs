//! From an address to a store.

use crate::error::{Error, Result};
use crate::spool::{SpoolOptions, SpooledStore};
use crate::sqlite::{SqliteOptions, SqliteStore};
use crate::store::Store;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Name of the directory of spools in a project's.
pub const SPOOL: &str = "spool";

/// The store at an address, or (`None`) the embedded one of a project; `project` is its `.ironbook` directory.
///
/// | address | store |
/// |---|---|
/// | `None` | `project/track.db` |
/// | `http://..`, `https://..` | the MLflow server there, by way of a spool in `project/spool` |
/// | `sqlite:///path/to/file.db` | that database, its artifacts beside it |
/// | a path or `file://` URI | the embedded store in that directory |
///
/// # Errors
/// [`Error::Uri`] for other addresses; those of [`SqliteStore::open`] and [`SpooledStore::open`]. Whether a server answers is not asked here.
pub fn open(uri: Option<&str>, project: &Path) -> Result<Arc<dyn Store>> {
    let Some(uri) = uri else { return Ok(Arc::new(SqliteStore::open(project)?)) };
    if uri.starts_with("http://") || uri.starts_with("https://") {
        let options = SpoolOptions { flush: Duration::from_secs(10), ..SpoolOptions::default() };
        let server = SpooledStore::destination(uri)?;
        return Ok(Arc::new(SpooledStore::open_with(server, &project.join(SPOOL), options)?));
    }
    match local_path(uri)? {
        Local::Directory(directory) => Ok(Arc::new(SqliteStore::open(&directory)?)),
        Local::Database(database) => {
            let directory = database.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
            let options = SqliteOptions { database: Some(database), ..SqliteOptions::default() };
            Ok(Arc::new(SqliteStore::open_with(&directory, options)?))
        }
    }
}

/// A store of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// An embedded store's directory.
    Directory(PathBuf),
    /// A database file.
    Database(PathBuf),
}

/// What an address of this machine names: `sqlite:///relative.db`, `sqlite:////absolute.db`, a path, a `file://` URI.
///
/// # Errors
/// [`Error::Uri`].
pub fn local_path(uri: &str) -> Result<Local> {
    let refuse = |reason: &str| Error::Uri {
        uri: uri.to_owned(),
        reason: reason.to_owned(),
        todo: "give http://host:port, sqlite:///path/to/file.db, or a directory".to_owned(),
    };
    // As SQLAlchemy: what follows the third slash is the path.
    if let Some(path) = uri.strip_prefix("sqlite:///") {
        let path = path.split('?').next().unwrap_or(path);
        return match path {
            "" | ":memory:" => Err(refuse("a database in memory ends with its process")),
            path => Ok(Local::Database(PathBuf::from(path))),
        };
    }
    match uri.split_once(':') {
        // One letter is a drive.
        Some((scheme, _)) if scheme.len() > 1 && !scheme.contains('/') => {
            let url = url::Url::parse(uri).map_err(|_| refuse("it is not an address"))?;
            match url.scheme() {
                "file" => {
                    url.to_file_path().map(Local::Directory).map_err(|()| refuse("it names no file of this machine"))
                }
                _ => Err(refuse("this kind of store is not known")),
            }
        }
        _ if uri.is_empty() => Err(refuse("it is empty")),
        _ => Ok(Local::Directory(PathBuf::from(uri))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Option<&Local>) {
        assert_eq!(local_path(uri).ok().as_ref(), expected, "{uri}");
    }

    #[test]
    fn addresses_of_this_machine() {
        let database = |path: &str| Local::Database(PathBuf::from(path));
        let directory = |path: &str| Local::Directory(PathBuf::from(path));
        check("sqlite:///runs.db", Some(&database("runs.db")));
        check("sqlite:////var/runs.db", Some(&database("/var/runs.db")));
        check("sqlite:///runs.db?timeout=3", Some(&database("runs.db")));
        check("sqlite:///:memory:", None);
        check("runs/store", Some(&directory("runs/store")));
        check("file:///var/store", Some(&directory("/var/store")));
        check("postgresql://host/db", None);
        check("", None);
    }
}
