//! What other threads reach a session by: interrupts, answers, the end of its runtime.

use crate::compile::Stoppable;
use crate::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Interrupts a session from another thread; stays valid over restarts.
#[derive(Clone, Debug, Default)]
pub struct Handle {
    current: Arc<Mutex<Option<process::Handle>>>,
    pressed: Arc<AtomicBool>,
    compiling: Stoppable,
}

impl Handle {
    /// Asks the running cell to stop; one that is being compiled is not compiled further.
    pub fn interrupt(&self) {
        self.pressed.store(true, Ordering::SeqCst);
        self.compiling.stop();
        self.with(|handle| {
            handle.interrupt();
        });
    }

    /// Answers [`Event::Input`](crate::event::Event::Input): with the user's line, or why there is none.
    pub fn answer(&self, text: Result<String, String>) {
        self.with(|handle| handle.answer(text));
    }

    /// Kills the runtime and all that its cells started.
    pub fn kill(&self) {
        self.pressed.store(true, Ordering::SeqCst);
        self.compiling.stop();
        self.with(process::Handle::kill);
    }

    /// One press of the interrupt key: the first interrupts, the second kills.
    pub fn press(&self) {
        self.pressed.store(true, Ordering::SeqCst);
        self.with(|handle| {
            handle.press();
        });
    }

    fn with(&self, act: impl FnOnce(&process::Handle)) {
        if let Some(handle) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            act(handle);
        }
    }

    pub(super) fn set(&self, handle: Option<process::Handle>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }

    pub(crate) fn begin(&self) {
        self.pressed.store(false, Ordering::SeqCst);
    }

    /// Where the compiler of the cell at hand is reached.
    pub(crate) fn compiling(&self) -> &Stoppable {
        &self.compiling
    }

    pub(crate) fn pressed(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }
}
