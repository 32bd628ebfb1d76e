//! The interrupt flag: set by the runtime, polled by every long loop of the library and ticked by loops of user code.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// How many pieces of work that have an end of their own are to end.
static ENDING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The piece of work that this thread does.
    static WORK: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    static APART: Cell<bool> = const { Cell::new(false) };
}

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

/// Declares that the calling thread works for no cell, a server's for instance: requests to stop are not meant for it.
pub fn stand_apart() {
    APART.set(true);
}

/// Whether the calling thread works for no cell.
pub(crate) fn apart() -> bool {
    APART.get()
}

/// Whether the request is meant for the calling thread.
#[cold]
fn is_meant() -> bool {
    !apart()
}

/// Whether the user asked to stop, or the piece of work that this thread does is to end.
#[inline]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed) && is_meant() || ENDING.load(Ordering::Relaxed) > 0 && work_is_to_end()
}

#[cold]
fn work_is_to_end() -> bool {
    WORK.with_borrow(|work| work.as_ref().is_some_and(|ended| ended.load(Ordering::Relaxed)))
}

/// Whether an unwind of this thread is caught by whoever gave it its work.
pub(crate) fn is_at_work() -> bool {
    WORK.with_borrow(Option::is_some)
}

/// A piece of work on threads of its own, a trial of a search for instance, that can be ended without the cell.
///
/// What runs inside of [`Work::run`] sees an interrupt once [`Work::end`] was called: loops of the library return
/// [`Interrupted`], loops of a cell's own code unwind with [`InterruptUnwind`], which the caller has to catch.
#[derive(Debug, Default)]
pub struct Work {
    ended: Arc<AtomicBool>,
}

impl Work {
    /// Work that goes on.
    pub fn new() -> Self {
        Work::default()
    }

    /// Does a part of it on this thread.
    pub fn run<T>(&self, part: impl FnOnce() -> T) -> T {
        struct Back(Option<Arc<AtomicBool>>);
        impl Drop for Back {
            fn drop(&mut self) {
                WORK.set(self.0.take());
            }
        }
        let _back = Back(WORK.replace(Some(Arc::clone(&self.ended))));
        part()
    }

    /// Ends it on all threads.
    pub fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            ENDING.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.ended.load(Ordering::Relaxed) {
            ENDING.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Library loops call this once per step and pass the error on with `?`.
///
/// # Errors
/// [`Interrupted`] once the user asked to stop.
#[inline]
pub fn check() -> Result<(), Interrupted> {
    if requested() { Err(Interrupted) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_alone() {
        let (one, other) = (Work::new(), Work::new());
        let seen = |work: &Work| work.run(requested);
        assert_eq!([seen(&one), seen(&other), requested()], [false; 3]);
        one.end();
        one.end();
        assert_eq!([seen(&one), seen(&other), requested()], [true, false, false]);
        assert!(other.run(|| one.run(is_at_work)) && !is_at_work());
        assert!(one.run(|| !other.run(requested) && requested()), "what was around comes back");
        drop(one);
        assert_eq!(ENDING.load(Ordering::Relaxed), 0);
    }
}
