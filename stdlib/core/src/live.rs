//! Displays that follow something as it changes, at a rate that notebooks bear.

use crate::bundle::Bundle;
use crate::display::{Display, DisplayHandle, display_updatable};
use crate::sink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Least time between two updates.
const PERIOD: Duration = Duration::from_millis(100);
/// Work shorter than this shows nothing.
const QUIET: Duration = Duration::from_millis(500);
/// Making an update may take this part of the time.
const SHARE: u32 = 20;

static HUSHED: AtomicUsize = AtomicUsize::new(0);

/// Whether something larger is under way, of which the parts are not to show themselves.
pub(crate) fn is_hushed() -> bool {
    HUSHED.load(Ordering::Relaxed) > 0
}

/// One display that follows something as it changes: a training, a search, a simulation.
///
/// It is updated at most ten times a second, less often where an update takes long to make, and not at all in its first
/// half second, so that short work shows only its result. What it shows at the end is what the saved notebook keeps.
/// Outside of a session it shows nothing.
///
/// ```
/// use ironbook_core::display::{Live, Markdown};
///
/// let mut live = Live::new();
/// let mut sum = 0.0;
/// for i in 1..=1000 {
///     sum += 1.0 / f64::from(i * i);
///     live.update(|| Markdown::new(format!("{i} terms: {sum:.6}"))); // made only when it is due
/// }
/// live.end(|| Markdown::new(format!("the sum is {sum:.6}")));
/// ```
#[derive(Debug)]
pub struct Live {
    on: bool,
    due: Instant,
    handle: Option<DisplayHandle>,
}

impl Default for Live {
    fn default() -> Self {
        Live::new()
    }
}

impl Live {
    /// A display that appears after half a second.
    pub fn new() -> Self {
        let on = sink::is_set() && !is_hushed();
        Live { on, due: Instant::now() + QUIET, handle: None }
    }

    /// A display that appears with its first update.
    pub fn at_once() -> Self {
        Live { due: Instant::now(), ..Live::new() }
    }

    /// A display that never appears, for switches.
    pub fn off() -> Self {
        Live { on: false, ..Live::new() }
    }

    /// Whether it has appeared.
    pub fn shown(&self) -> bool {
        self.handle.is_some()
    }

    /// Shows this state, if it is time; `make` is called only then.
    pub fn update<T: Display>(&mut self, make: impl FnOnce() -> T) {
        if self.on && Instant::now() >= self.due {
            self.show(|| make().bundle());
        }
    }

    /// Shows the last state, if any was shown.
    pub fn end<T: Display>(mut self, make: impl FnOnce() -> T) {
        if self.shown() {
            self.show(|| make().bundle());
        }
    }

    fn show(&mut self, make: impl FnOnce() -> Bundle) {
        let started = Instant::now();
        let bundle = make();
        if bundle.is_empty() {
            return;
        }
        match &self.handle {
            None => self.handle = Some(display_updatable(&bundle)),
            Some(handle) => handle.update(&bundle),
        }
        self.due = Instant::now() + PERIOD.max(started.elapsed() * SHARE);
    }
}

/// As long as one lives, no new [`Live`] display and no new [`Progress`](crate::Progress) appears: work that fits many
/// models shows none of their curves.
///
/// ```
/// let hush = ironbook_core::display::Hush::new();
/// // fits of a cross-validation
/// drop(hush);
/// ```
#[derive(Debug)]
pub struct Hush(());

impl Hush {
    /// Silence, until this is dropped.
    #[allow(clippy::new_without_default, reason = "a default that silences all would surprise")]
    pub fn new() -> Self {
        HUSHED.fetch_add(1, Ordering::Relaxed);
        Hush(())
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        HUSHED.fetch_sub(1, Ordering::Relaxed);
    }
}
