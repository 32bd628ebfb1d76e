//! The curves on the screen while a network is trained.

use super::history::History;
use ironbook_core::display::Live;

/// One display of the losses so far.
pub(super) struct Shown(Live);

impl Shown {
    pub(super) fn new(live: bool) -> Self {
        Shown(if live { Live::new() } else { Live::off() })
    }

    /// Shows the losses so far, if it is time.
    pub(super) fn update(&mut self, history: &History) {
        self.0.update(|| history.passing());
    }

    /// The last state, if any was shown: what the saved notebook keeps.
    pub(super) fn end(self, history: &History) {
        self.0.end(|| history.curve());
    }
}
