//! Where displays and progress go: the runtime sets a sink, a plain program prints text.

use crate::bundle::Bundle;
use crate::progress::State;
use std::sync::RwLock;

/// What library code emits besides its results.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A value is shown, or one shown before under `id` is replaced.
    Display {
        /// The value.
        bundle: Bundle,
        /// The display's identity, for updates.
        id: Option<String>,
        /// Whether this replaces an earlier display of the same identity.
        update: bool,
    },
    /// A progress bar moved.
    Progress(State),
    /// What the cell has shown so far is removed.
    Clear {
        /// Whether only when it shows something new.
        wait: bool,
    },
}

type Sink = Box<dyn Fn(Event) + Send + Sync>;

static SINK: RwLock<Option<Sink>> = RwLock::new(None);

/// Sends all further events to `sink`.
pub fn set(sink: impl Fn(Event) + Send + Sync + 'static) {
    *SINK.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Box::new(sink));
}

/// Whether a session listens; a plain program has no sink.
pub fn is_set() -> bool {
    SINK.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_some()
}

/// Emits one event; without a sink, displays are printed as plain text and progress is dropped.
pub fn emit(event: Event) {
    let guard = SINK.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    match (&*guard, event) {
        (Some(sink), event) => sink(event),
        (None, Event::Display { bundle, .. }) => print_plain(&bundle),
        (None, Event::Progress(_) | Event::Clear { .. }) => {}
    }
}

#[expect(clippy::print_stdout, reason = "a promoted pipeline runs without a session and shows its displays as text")]
fn print_plain(bundle: &Bundle) {
    println!("{}", bundle.plain());
}
