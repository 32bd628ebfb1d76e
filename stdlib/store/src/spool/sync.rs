//! All spools of a project at once, for `ironbook track sync`.

use super::journal::Journal;
use super::{SpoolOptions, SpoolStatus, SpooledStore, SyncReport, spools_in};
use crate::client::MlflowStore;
use crate::error::Result;
use crate::store::Store;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What became of one spool.
#[derive(Debug)]
pub struct Synced {
    /// Where it goes.
    pub destination: String,
    /// What was done.
    pub report: Result<SyncReport>,
}

/// Sends what waits in all spools in `directory`, within the time allowed in all. `open` makes the store of a
/// destination; [`SpooledStore::destination`] is a good one.
///
/// # Errors
/// If the directory cannot be read. What happens to one spool stands in its entry.
pub fn sync_project(
    directory: &Path,
    timeout: Duration,
    open: &dyn Fn(&str) -> Result<Arc<dyn Store>>,
) -> Result<Vec<Synced>> {
    let deadline = Instant::now() + timeout;
    let one = |path: &Path| {
        let journal = Journal::open(path, None)?;
        let destination = journal.note("destination")?.unwrap_or_default();
        let report = || {
            if journal.newest()? == 0 {
                let refused = journal.count_refused()?;
                return Ok(SyncReport { refused, ..SyncReport::default() });
            }
            let store = SpooledStore::open_with(open(&destination)?, directory, SpoolOptions::default())?;
            store.sync(deadline.saturating_duration_since(Instant::now()))
        };
        Ok(Synced { report: report(), destination })
    };
    let failed = |path: &Path, error| Synced { destination: path.display().to_string(), report: Err(error) };
    Ok(spools_in(directory)?.iter().map(|path| one(path).unwrap_or_else(|e| failed(path, e))).collect())
}

/// What waits in each spool in `directory`; nothing is sent. Empty if there is no such directory.
///
/// # Errors
/// Of the files.
pub fn project_status(directory: &Path) -> Result<Vec<SpoolStatus>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    spools_in(directory)?.iter().map(|path| Journal::open(path, None)?.status()).collect()
}

impl SpooledStore {
    /// The tracking server of a spool's destination, with what the environment says of credentials.
    ///
    /// # Errors
    /// As [`MlflowStore::from_env`].
    pub fn destination(uri: &str) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(MlflowStore::from_env(uri)?.without_retries()))
    }
}
