//! Follows an alias of the registry: when it leads to another version, that one is loaded and put in place.
//!
//! While the registry does not answer, or its new version cannot be loaded, the last good one goes on answering.

use super::Exchanged;
use super::state::{Shared, State};
use crate::error::ServeError;
use crate::source::Source;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Ends the watch when it goes.
pub(super) struct Watch {
    _end: Sender<()>,
}

/// Begins to watch.
pub(super) fn begin(source: Arc<Source>, shared: Shared, every: Duration, exchanged: Exchanged) -> Option<Watch> {
    let (end, told) = channel();
    let failed = Arc::clone(&shared);
    let watch = move || {
        let mut failing = false;
        while let Err(RecvTimeoutError::Timeout) = told.recv_timeout(every) {
            if let Some(version) = look(&source, &shared, &mut failing) {
                exchanged(&version);
            }
        }
    };
    match std::thread::Builder::new().name("registry".to_owned()).spawn(watch) {
        Ok(_) => Some(Watch { _end: end }),
        Err(error) => {
            (failed.report)(&format!("the registry is not watched: {error}"));
            None
        }
    }
}

/// Looks once; the version that was put in place, if one was.
fn look(source: &Source, shared: &State, failing: &mut bool) -> Option<String> {
    let now = shared.slot.get();
    // A file that makes a loader panic must not end the watch.
    let exchanged = catch_unwind(AssertUnwindSafe(|| exchange(source, shared, &now.version)));
    match exchanged.unwrap_or_else(|_| Err(ServeError::Unfit { flaw: "panics while it is loaded".to_owned() })) {
        Ok(None) => {
            *failing = false;
            None
        }
        Ok(Some(version)) => {
            *failing = false;
            shared.metrics.swaps.fetch_add(1, Ordering::Relaxed);
            (shared.report)(&format!("version {version} answers now, before it version {}", now.version));
            Some(version)
        }
        Err(error) => {
            shared.metrics.registry_failures.fetch_add(1, Ordering::Relaxed);
            // Said once until it works again.
            if !std::mem::replace(failing, true) {
                let cause =
                    std::error::Error::source(&error).map_or_else(String::new, |cause| format!("; cause: {cause}"));
                (shared.report)(&format!("version {} goes on answering: {error}{cause}", now.version));
            }
            None
        }
    }
}

fn exchange(source: &Source, shared: &State, version: &str) -> Result<Option<String>, ServeError> {
    let Some(served) = source.load_if_moved(version)? else { return Ok(None) };
    let served = served.logged(shared.log.as_ref())?;
    let version = served.version.clone();
    shared.slot.put(served);
    Ok(Some(version))
}
