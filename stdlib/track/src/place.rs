//! Which store a run goes to: the address that was set, else `MLFLOW_TRACKING_URI`, else the project's own.

use ironbook_store::{Result, SqliteStore, Store, locate};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

static SET: Mutex<Option<String>> = Mutex::new(None);
/// Servers that were written to, by address: connections and a spool for each.
static OPEN: LazyLock<Mutex<HashMap<String, Arc<dyn Store>>>> = LazyLock::new(Mutex::default);

/// Sets the address of the store for runs to come: `http://..`, `sqlite:///..`, a directory; empty for the project's own.
///
/// # Errors
/// [`ironbook_store::Error::Uri`] for an address of another kind; whether a server answers is not asked here.
pub fn set_uri(uri: &str) -> Result<()> {
    if !uri.is_empty() && !is_remote(uri) {
        ironbook_store::local_path(uri)?;
    }
    *SET.lock().unwrap_or_else(PoisonError::into_inner) = Some(uri.to_owned());
    Ok(())
}

/// The address that was set, by [`set_uri`] or `MLFLOW_TRACKING_URI`; `None` for the project's own store.
pub fn uri() -> Option<String> {
    let set = SET.lock().unwrap_or_else(PoisonError::into_inner).clone();
    set.or_else(|| std::env::var("MLFLOW_TRACKING_URI").ok()).filter(|uri| !uri.is_empty())
}

fn is_remote(uri: &str) -> bool {
    uri.starts_with("http://") || uri.starts_with("https://")
}

/// The store for work done in `directory`; one that is embedded is created if it is missing.
pub(crate) fn open(directory: &Path) -> Result<Arc<dyn Store>> {
    let uri = uri();
    let Some(remote) = uri.as_deref().filter(|uri| is_remote(uri)) else {
        return ironbook_store::open(uri.as_deref(), &locate(directory));
    };
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(store) = open.get(remote) {
        return Ok(store.clone());
    }
    let store = ironbook_store::open(Some(remote), &locate(directory))?;
    open.insert(remote.to_owned(), store.clone());
    Ok(store)
}

/// The store for work done in `directory`, if there is one.
pub(crate) fn open_existing(directory: &Path) -> Result<Option<Arc<dyn Store>>> {
    match uri() {
        Some(_) => open(directory).map(Some),
        None => match SqliteStore::open_existing(&locate(directory))? {
            Some(store) => Ok(Some(Arc::new(store))),
            None => Ok(None),
        },
    }
}
