//! Up and down: lines first, and at their ends the cells typed before.

use super::Typing;
use crate::editor::buffer::Edit;
use crate::editor::history::History;

/// Where in the history the text comes from.
#[derive(Clone, Debug)]
pub struct Browse {
    /// The entry.
    at: usize,
    /// How all entries begin that are stopped at.
    prefix: String,
    /// What was typed before, and where its cursor stood.
    draft: (String, usize),
}

impl Typing {
    /// One line up, or to an older cell.
    pub(super) fn up(&mut self, history: &History) {
        if !self.buffer.move_lines(false) {
            self.older(history);
        }
    }

    /// One line down, or to a newer cell.
    pub(super) fn down(&mut self, history: &History) {
        if !self.buffer.move_lines(true) {
            self.newer(history);
        }
    }

    /// The newest cell before that begins with what stands before the cursor.
    pub(super) fn older(&mut self, history: &History) {
        self.menu = None;
        let browse = self.browse.take().unwrap_or_else(|| Browse {
            at: history.entries().len(),
            prefix: self.buffer.before().to_owned(),
            draft: (self.buffer.text().to_owned(), self.buffer.at()),
        });
        let found = history.older(browse.at, &browse.prefix, self.buffer.text());
        if let Some(found) = found {
            self.show(&history.entries()[found]);
        }
        self.browse = Some(Browse { at: found.unwrap_or(browse.at), ..browse });
    }

    /// The oldest cell after, in the end what was typed.
    pub(super) fn newer(&mut self, history: &History) {
        self.menu = None;
        let Some(browse) = self.browse.take() else { return };
        if let Some(found) = history.newer(browse.at, &browse.prefix, self.buffer.text()) {
            self.show(&history.entries()[found]);
            self.browse = Some(Browse { at: found, ..browse });
        } else if browse.at < history.entries().len() {
            self.show(&browse.draft.0);
            self.buffer.go(browse.draft.1);
        }
    }

    fn show(&mut self, text: &str) {
        self.buffer.replace(0..self.buffer.text().len(), text, Edit::Other);
    }
}
