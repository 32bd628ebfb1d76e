//! Where artifacts lie: URIs as others see them, and the files behind them.
//!
//! Locations below the store's own artifacts are kept as relations (`NULL`, `./…`) and become URIs on reading, so that
//! a project can be moved, and a server can serve what was written without it.

use super::{SqliteOptions, SqliteStore};
use crate::artifacts::{self, Repo};
use crate::error::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// The scheme of URIs behind the artifact proxy of a server.
const PROXIED: &str = "mlflow-artifacts:";

/// Where this store's artifacts lie.
pub(super) struct Places {
    /// URI below which default locations lie, without a slash at its end.
    root: String,
    /// Whether what lies below `root` lies in the store's own directory.
    is_own: bool,
    /// Where `mlflow-artifacts:` URIs lie: a URI or path, without a slash at its end.
    destination: String,
    proxied: Arc<dyn Repo>,
}

impl Places {
    /// The places of the store in `directory`.
    pub(super) fn new(directory: &Path, options: &SqliteOptions) -> Result<Places> {
        let own = own_root(directory)?;
        let root = options.artifact_root.as_deref().map_or_else(|| own.clone(), trim);
        let destination = match options.artifacts_destination.as_deref() {
            None => own.clone(),
            Some(uri) if uri.contains("://") => trim(uri),
            Some(path) => file_uri(Path::new(path))?,
        };
        let is_own = root == own || root.starts_with(PROXIED) && destination == own;
        let proxied = artifacts::open(&destination, &directory.join("tmp"))?.into();
        Ok(Places { root, is_own, destination, proxied })
    }

    /// What to keep as the location of a new experiment that was given none, if that is not the store's own place.
    pub(super) fn kept(&self, experiment: i64) -> Option<String> {
        (!self.is_own).then(|| format!("{}/{experiment}", self.root))
    }

    /// URI of an experiment's artifacts.
    pub(super) fn experiment(&self, experiment: i64, location: Option<String>) -> String {
        location.unwrap_or_else(|| format!("{}/{experiment}", self.root))
    }

    /// URI of the artifacts of a run or model: `location` is its own, `experiment` that of its experiment.
    pub(super) fn below(&self, experiment: &str, location: Option<&str>, rest: &str) -> String {
        match location {
            None => format!("{experiment}/{rest}"),
            Some(location) => match location.strip_prefix("./") {
                Some(inner) => format!("{}/{inner}", self.root),
                None => location.to_owned(),
            },
        }
    }

    /// URI below which default locations lie.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The files at the destination of the artifact proxy.
    pub(super) fn proxied(&self) -> &Arc<dyn Repo> {
        &self.proxied
    }

    /// The files at a URI.
    fn open(&self, uri: &str, scratch: &Path) -> Result<Box<dyn Repo>> {
        let Some(path) = uri.strip_prefix(PROXIED) else { return artifacts::open(uri, scratch) };
        // `mlflow-artifacts://host/path` names a server: only its path counts here.
        let path = match path.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
            None => path.trim_start_matches('/'),
        };
        if !path.is_empty() {
            artifacts::check(path)?;
        }
        artifacts::open(&format!("{}/{path}", self.destination), scratch)
    }
}

impl SqliteStore {
    /// The files at `artifacts_destination`, which the artifact proxy of a server serves as `mlflow-artifacts:`.
    pub fn proxied(&self) -> Arc<dyn Repo> {
        Arc::clone(self.places.proxied())
    }

    /// The files at the URI of a run, a model or a trace of this store.
    ///
    /// # Errors
    /// [`Error::Uri`] if it is none that can be opened.
    pub fn repo(&self, uri: &str) -> Result<Box<dyn Repo>> {
        self.places.open(uri, &self.scratch())
    }
}

fn own_root(directory: &Path) -> Result<String> {
    file_uri(&directory.join("artifacts"))
}

/// The URI of a local path.
fn file_uri(path: &Path) -> Result<String> {
    let path = std::path::absolute(path).map_err(|e| Error::io("find", path, e))?;
    let uri = Url::from_file_path(&path).map_err(|()| Error::Uri {
        uri: path.display().to_string(),
        reason: "it is not an absolute path".to_owned(),
        todo: "give a directory of the file system".to_owned(),
    })?;
    Ok(trim(uri.as_str()))
}

fn trim(uri: &str) -> String {
    let trimmed = uri.trim_end_matches('/');
    // `mlflow-artifacts:/` and `/` mean their root.
    if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() }
}

/// Checks the location that somebody wants for an experiment; a local path becomes absolute.
pub(super) fn check(location: &str) -> Result<String> {
    let refuse = |reason: &str, todo: &str| {
        Err(Error::Uri { uri: location.to_owned(), reason: reason.to_owned(), todo: todo.to_owned() })
    };
    if location.starts_with("runs:") {
        return refuse(
            "artifacts of runs cannot lie in a run",
            "give a directory, or an address such as s3://bucket/path",
        );
    }
    if location.contains(['?', '#']) || location.chars().any(char::is_control) {
        return refuse("it has a query, a fragment or control characters", "give it without `?` and `#`");
    }
    if location.split(['/', '\\']).any(|part| part == ".." || part.eq_ignore_ascii_case("%2e%2e")) {
        return refuse("it has a `..` part", "give the directory itself");
    }
    if location.len() > 2048 {
        return refuse("it is too long", "at most 2048 bytes are allowed");
    }
    if location.contains(':') {
        return Ok(trim(location));
    }
    let absolute = std::path::absolute(location).map_err(|e| Error::io("find", location, e))?;
    Ok(trim(&absolute.display().to_string()))
}
