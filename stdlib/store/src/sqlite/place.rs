//! Where artifacts lie: URIs as others see them, and the files behind them.
//!
//! Locations below the store's own artifacts are kept as relations (`NULL`, `./…`) and become URIs on reading, so that
//! a project can be moved, and a server can serve what was written without it. They stay there when later things are to
//! lie elsewhere.

use super::{SqliteOptions, SqliteStore};
use crate::artifacts::{self, Repo};
use crate::client::percent_decode;
use crate::error::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// The scheme of URIs behind the artifact proxy of a server.
const PROXIED: &str = "mlflow-artifacts:";

/// Where this store's artifacts lie.
pub(super) struct Places {
    /// URI below which new things lie, if that is not the store's own directory; without a slash at its end.
    elsewhere: Option<String>,
    /// URI of the store's own directory, where relations lead; without a slash at its end.
    base: String,
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
        // The proxy may lead into the store's own directory, under another name.
        let is_own = root == own || proxied_path(&root) == Some("") && destination == own;
        let proxied = artifacts::open(&destination, &directory.join("tmp"))?.into();
        let (elsewhere, base) = if is_own { (None, root) } else { (Some(root), own) };
        Ok(Places { elsewhere, base, destination, proxied })
    }

    /// What to keep as the location of a new experiment that was given none, if that is not the store's own place.
    pub(super) fn kept(&self, experiment: i64) -> Option<String> {
        self.elsewhere.as_ref().map(|root| format!("{root}/{experiment}"))
    }

    /// URI of an experiment's artifacts.
    pub(super) fn experiment(&self, experiment: i64, location: Option<String>) -> String {
        location.unwrap_or_else(|| format!("{}/{experiment}", self.base))
    }

    /// URI of the artifacts of a run or model: `location` is its own, `experiment` that of its experiment.
    pub(super) fn below(&self, experiment: &str, location: Option<&str>, rest: &str) -> String {
        match location {
            None => format!("{experiment}/{rest}"),
            Some(location) => match location.strip_prefix("./") {
                Some(inner) => format!("{}/{inner}", self.base),
                None => location.to_owned(),
            },
        }
    }

    /// URI below which relations lead.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The files at the destination of the artifact proxy.
    pub(super) fn proxied(&self) -> &Arc<dyn Repo> {
        &self.proxied
    }

    /// The files at a URI.
    fn open(&self, uri: &str, scratch: &Path) -> Result<Box<dyn Repo>> {
        let Some(path) = proxied_path(uri) else { return artifacts::open(uri, scratch) };
        if !path.is_empty() {
            // Below, `%2e` is a dot and `%2f` a slash. Whoever decodes once more must not get out either.
            artifacts::check(path)?;
            artifacts::check(&decoded(path))?;
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

/// The path of a URI behind the proxy. `mlflow-artifacts://host/path` names a server: only its path counts here.
fn proxied_path(uri: &str) -> Option<&str> {
    let path = uri.strip_prefix(PROXIED)?;
    Some(match path.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path.trim_start_matches('/'),
    })
}

/// What is left when nothing more can be decoded.
fn decoded(uri: &str) -> String {
    let mut text = uri.to_owned();
    loop {
        // Each round that changes anything makes the text shorter.
        let next = percent_decode(&text);
        if next == text {
            return text;
        }
        text = next;
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
    if location.len() > 2048 {
        return refuse("it is too long", "at most 2048 bytes are allowed");
    }
    if location.trim() != location {
        return refuse("it begins or ends with a blank", "give it without");
    }
    let plain = decoded(location);
    if location.contains(['?', '#']) || plain.chars().any(char::is_control) {
        return refuse("it has a query, a fragment or control characters", "give it without `?` and `#`");
    }
    if plain.split(['/', '\\', ':']).any(|part| part == "..") {
        return refuse("it has a `..` part", "give the directory itself");
    }
    if location.contains(':') {
        return Ok(trim(location));
    }
    let absolute = std::path::absolute(location).map_err(|e| Error::io("find", location, e))?;
    Ok(trim(&absolute.display().to_string()))
}
