//! Work of polars that the user can leave: it knows no interrupt of its own.

use crate::error::DataError;
use ironbook_core::Interrupted;
use polars::prelude::PolarsError;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How often the wait looks for an interrupt.
const PERIOD: Duration = Duration::from_millis(50);
/// As large as that of a main thread.
const STACK: usize = 8 << 20;

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const LEFT: u8 = 2;

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The user left.
    Interrupted(Interrupted),
    /// What the work panicked with, or why no thread could be had.
    Broken(PolarsError),
}

impl Failed {
    /// The error to report; `broken` gives it the place.
    pub fn into_error(self, broken: impl FnOnce(PolarsError) -> DataError) -> DataError {
        match self {
            Failed::Interrupted(interrupted) => interrupted.into(),
            Failed::Broken(error) => broken(error),
        }
    }
}

/// Does work on a thread of its own. When the user interrupts, the call returns at once; what has been begun ends in the
/// background, its result is dropped, and `left` is called. Panics of damaged input become errors.
pub(crate) fn patiently<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    left: impl FnOnce() + Send + 'static,
) -> Result<T, Failed> {
    until(ironbook_core::check, work, left)
}

fn until<T: Send + 'static>(
    check: impl Fn() -> Result<(), Interrupted>,
    work: impl FnOnce() -> T + Send + 'static,
    left: impl FnOnce() + Send + 'static,
) -> Result<T, Failed> {
    let state = Arc::new(AtomicU8::new(RUNNING));
    let (give, take) = sync_channel(1);
    let own = Arc::clone(&state);
    let body = move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        match own.compare_exchange(RUNNING, DONE, Ordering::AcqRel, Ordering::Acquire) {
            // The other end waits: it has not left.
            Ok(_) => drop(give.send(result)),
            Err(_) => left(),
        }
    };
    let thread = std::thread::Builder::new().name("ironbook-data".to_owned()).stack_size(STACK).spawn(body);
    drop(thread.map_err(|error| Failed::Broken(error.into()))?);
    let result = loop {
        match take.recv_timeout(PERIOD) {
            Ok(result) => break result,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failed::Broken(PolarsError::ComputeError("the thread ended early".into())));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupted) = check()
                    && state.compare_exchange(RUNNING, LEFT, Ordering::AcqRel, Ordering::Acquire).is_ok()
                {
                    return Err(Failed::Interrupted(interrupted));
                }
            }
        }
    };
    result.map_err(|panic| Failed::Broken(PolarsError::ComputeError(words(&*panic).into())))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("polars panicked: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn results_and_panics_come_back() {
        let never = || Ok(());
        assert_eq!(until(never, || 7, || ()).unwrap(), 7);
        let failed = until(never, || -> u8 { std::panic::panic_any("damaged".to_owned()) }, || ()).unwrap_err();
        let Failed::Broken(error) = failed else { panic!("{failed:?}") };
        assert!(error.to_string().contains("polars panicked: damaged"), "{error}");
    }

    #[test]
    fn who_leaves_need_not_wait_and_the_rest_is_cleared_away() {
        let (go, wait) = channel::<()>();
        let (cleared, seen) = channel();
        let failed = until(
            || Err(Interrupted),
            move || {
                // Without an answer this would wait for ever.
                let _ = wait.recv();
            },
            move || cleared.send(()).unwrap(),
        );
        assert!(matches!(failed, Err(Failed::Interrupted(_))));
        go.send(()).unwrap();
        seen.recv_timeout(Duration::from_secs(30)).unwrap();
    }
}
