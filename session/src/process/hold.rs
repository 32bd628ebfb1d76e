//! Joining small pieces of output: a stream of short lines would otherwise be an event per line.

use crate::event::Event;
use std::time::{Duration, Instant};

/// Least time between two pieces of text that are passed on, unless something else comes between.
const PERIOD: Duration = Duration::from_millis(10);
/// A piece of this many bytes is passed on in any case.
const LARGE: usize = 64 * 1024;

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// Text on its way to the listener. What comes after a pause is passed on at once.
#[derive(Default)]
pub(super) struct Hold {
    text: String,
    stream: Option<Stream>,
    released: Option<Instant>,
}

impl Hold {
    /// Takes text, passing on what has to be.
    pub(super) fn push(&mut self, stream: Stream, text: String, out: &mut dyn FnMut(Event)) {
        if text.is_empty() {
            return;
        }
        if self.stream != Some(stream) {
            self.release(out);
            self.stream = Some(stream);
        }
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.push_str(&text);
        }
        if self.text.len() >= LARGE {
            self.release(out);
        }
    }

    /// When to pass on what is held; `None` if nothing is.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.text.is_empty() {
            return None;
        }
        Some(self.released.map_or_else(Instant::now, |released| released + PERIOD))
    }

    /// Passes on what is due.
    pub(super) fn release_due(&mut self, out: &mut dyn FnMut(Event)) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.release(out);
        }
    }

    /// Passes on what is held.
    pub(super) fn release(&mut self, out: &mut dyn FnMut(Event)) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            self.released = Some(Instant::now());
            match self.stream {
                Some(Stream::Stderr) => out(Event::Stderr(text)),
                _ => out(Event::Stdout(text)),
            }
        }
    }
}
