//! The interrupt flag: set by the runtime, polled by every long loop of the library and ticked by loops of user code.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The user asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Payload of the unwind that ends an interrupted cell.
#[derive(Debug)]
pub struct InterruptUnwind;

/// Asks the running cell to stop.
pub fn request() {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// Forgets an earlier request (the runtime does so before each cell).
pub fn clear() {
    REQUESTED.store(false, Ordering::Relaxed);
}

thread_local! {
    static APART: Cell<bool> = const { Cell::new(false) };
}

/// Declares that the calling thread works for no cell, a server's for instance: requests to stop are not meant for it.
pub fn stand_apart() {
    APART.set(true);
}

/// Whether the calling thread works for no cell.
pub(crate) fn apart() -> bool {
    APART.get()
}

/// Whether the user asked to stop.
#[inline]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed) && is_meant()
}

/// Whether the request is meant for the calling thread.
#[cold]
fn is_meant() -> bool {
    !apart()
}

/// Library loops call this once per step and pass the error on with `?`.
///
/// # Errors
/// [`Interrupted`] once the user asked to stop.
#[inline]
pub fn check() -> Result<(), Interrupted> {
    if requested() { Err(Interrupted) } else { Ok(()) }
}
