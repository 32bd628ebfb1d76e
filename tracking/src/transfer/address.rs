//! What an address names, and the side of a copy that it becomes.

use super::database::{self, Database};
use super::error::{Error, Result};
use super::mlruns::{FilesSink, FilesSource};
use super::own::Own;
use super::parts::{Sink, Source};
use super::server::ToServer;
use super::store::FromStore;
use ironbook_store::{Local, MlflowStore, SqliteOptions, SqliteStore, local_path};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the directory that MLflow's files lie in.
const MLRUNS: &str = "mlruns";

/// A place to copy from or to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A tracking server.
    Server(String),
    /// MLflow's database, which need not be there yet.
    Database(PathBuf),
    /// MLflow's files, which need not be there yet.
    Files(PathBuf),
    /// An embedded store: its directory, and its database if that is not in it.
    Own(PathBuf, Option<PathBuf>),
}

impl Address {
    /// What a text names. A directory that is not there yet becomes MLflow's if it is called `mlruns`, else a store of
    /// Ironbook's; a database becomes MLflow's.
    ///
    /// # Errors
    /// [`Error::Store`] for other kinds of addresses.
    pub fn parse(text: &str) -> Result<Address> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Address::Server(text.trim_end_matches('/').to_owned()));
        }
        match local_path(text)? {
            Local::Database(file) => Ok(Address::of_file(file)),
            Local::Directory(path) if path.is_file() => Ok(Address::of_file(path)),
            Local::Directory(path) => Ok(Address::of_directory(path)),
        }
    }

    fn of_file(file: PathBuf) -> Address {
        if !is_ours(&file) {
            return Address::Database(file);
        }
        let directory = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Address::Own(directory, Some(file))
    }

    fn of_directory(path: PathBuf) -> Address {
        if path.join("track.db").is_file() {
            return Address::Own(path, None);
        }
        let is_named = path.file_name().is_some_and(|name| name == MLRUNS);
        if is_named || has_experiments(&path) { Address::Files(path) } else { Address::Own(path, None) }
    }
}

/// Whether a file is a database of Ironbook's.
fn is_ours(file: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let ask = || {
        let connection = Connection::open_with_flags(file, flags)?;
        let mut find = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'ironbook_schema'")?;
        find.exists([])
    };
    file.is_file() && ask().unwrap_or(false)
}

/// Whether a directory has those of experiments, as MLflow's file store makes them.
fn has_experiments(path: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else { return false };
    entries.flatten().any(|entry| entry.path().join("meta.yaml").is_file())
}

/// Opens a store to copy from.
///
/// # Errors
/// If it is not there, or cannot be read.
pub fn open_source(address: &Address) -> Result<Box<dyn Source>> {
    let missing = |path: &Path, todo: &str| Error::Address {
        address: path.display().to_string(),
        reason: "there is nothing to copy".to_owned(),
        todo: todo.to_owned(),
    };
    Ok(match address {
        Address::Server(uri) => {
            let store = MlflowStore::from_env(uri)?;
            // Whoever waits at a terminal learns of a wrong address at once.
            store.without_retries().server_version()?;
            Box::new(FromStore::server(Arc::new(store)))
        }
        Address::Database(file) => Box::new(Database::open(file)?),
        Address::Files(path) if path.is_dir() => Box::new(FilesSource::open(path)?),
        Address::Files(path) => return Err(missing(path, "give the directory that MLflow made")),
        Address::Own(directory, database) => {
            let file = database.clone().unwrap_or_else(|| directory.join("track.db"));
            if !file.is_file() {
                let todo = "give the directory of a store, `sqlite:///FILE`, `mlruns`, or the address of a server";
                return Err(missing(directory, todo));
            }
            Box::new(FromStore::own(Arc::new(own(directory, database.as_deref())?)))
        }
    })
}

/// Opens a store to copy to, creating it if it is not there.
///
/// # Errors
/// If it can neither be opened nor made.
pub fn open_sink(address: &Address) -> Result<Box<dyn Sink>> {
    Ok(match address {
        Address::Server(uri) => {
            let store = MlflowStore::from_env(uri)?;
            // Whoever waits at a terminal learns of a wrong address at once.
            store.without_retries().server_version()?;
            Box::new(ToServer::new(Arc::new(store)))
        }
        Address::Database(file) => Box::new(database::Writer::open(file)?),
        Address::Files(path) => Box::new(FilesSink::open(path)?),
        Address::Own(directory, database) => Box::new(Own(Arc::new(own(directory, database.as_deref())?))),
    })
}

fn own(directory: &Path, database: Option<&Path>) -> Result<SqliteStore> {
    let options = SqliteOptions { database: database.map(Path::to_owned), ..SqliteOptions::default() };
    Ok(SqliteStore::open_with(directory, options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_by_what_lies_there() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let parse = |path: &Path| Address::parse(path.to_str().unwrap()).unwrap();
        SqliteStore::open(&path("ours")).unwrap();
        std::fs::create_dir_all(path("other/0")).unwrap();
        std::fs::write(path("other/0/meta.yaml"), "").unwrap();
        assert_eq!(parse(&path("ours")), Address::Own(path("ours"), None));
        assert_eq!(parse(&path("other")), Address::Files(path("other")));
        assert_eq!(parse(&path("mlruns")), Address::Files(path("mlruns")));
        assert_eq!(parse(&path("new")), Address::Own(path("new"), None));
        let ours = path("ours/track.db");
        let uri = format!("sqlite:///{}", ours.display());
        assert_eq!(Address::parse(&uri).unwrap(), Address::Own(path("ours"), Some(ours)));
        let none = path("none.db");
        assert_eq!(Address::parse(&format!("sqlite:///{}", none.display())).unwrap(), Address::Database(none));
        assert_eq!(Address::parse("http://h:5000/").unwrap(), Address::Server("http://h:5000".to_owned()));
        assert!(Address::parse("postgresql://h/db").is_err());
        assert!(open_source(&Address::Own(path("new"), None)).is_err() && !path("new").exists(), "nothing is made");
    }
}
