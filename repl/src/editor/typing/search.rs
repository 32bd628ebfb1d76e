//! Ctrl-R: what was typed before, by any part of it.

use super::{Around, Step, Typing};
use crate::editor::action::Action;
use crate::editor::buffer::{Buffer, Edit};
use crate::editor::history::History;
use std::ops::Range;

/// A search in the history.
#[derive(Clone, Debug)]
pub struct Search {
    /// What is searched for.
    pub text: String,
    /// The entry found last.
    at: usize,
    back: bool,
    /// Whether nothing more was found.
    pub failed: bool,
    /// Where in the entry.
    pub found: Range<usize>,
    /// What was typed before.
    draft: Buffer,
}

impl Typing {
    /// Begins a search.
    pub(super) fn search_begin(&mut self, back: bool, history: &History) {
        let draft = self.buffer.clone();
        let at = history.entries().len();
        self.search = Some(Search { text: String::new(), at, back, failed: false, found: 0..0, draft });
    }

    /// One more character to search for.
    pub(super) fn search_more(&mut self, c: char, around: &Around<'_>) {
        if let Some(search) = &mut self.search {
            search.text.push(c);
            let at = search.at;
            self.find(at, around.history);
        }
    }

    fn find(&mut self, from: usize, history: &History) {
        let Some(search) = &mut self.search else { return };
        let found = if search.text.is_empty() { None } else { history.holding(&search.text, from, search.back) };
        search.failed = found.is_none() && !search.text.is_empty();
        if let Some((at, place)) = found {
            search.at = at;
            search.found = place..place + search.text.len();
            self.buffer.replace(0..self.buffer.text().len(), &history.entries()[at], Edit::Other);
            self.buffer.go(place);
        }
    }

    /// What an action does to an open search; `None` where it has its usual meaning.
    pub(super) fn act_in_search(&mut self, action: Action, around: &Around<'_>) -> Option<Step> {
        let search = self.search.as_mut()?;
        match action {
            Action::Search | Action::SearchForward => {
                search.back = action == Action::Search;
                let (at, last) = (search.at, around.history.entries().len());
                let next = if search.back { at.checked_sub(1) } else { Some(at + 1).filter(|at| *at < last) };
                match next {
                    Some(next) => self.find(next, around.history),
                    None => search.failed = true,
                }
            }
            Action::Backspace => {
                search.text.pop();
                self.find(around.history.entries().len(), around.history);
            }
            Action::Cancel | Action::Interrupt => {
                self.buffer = search.draft.clone();
                self.search = None;
            }
            // As in IPython: the first Enter takes what was found, the next one runs it.
            Action::Enter => self.search = None,
            _ => {
                self.search = None;
                return None;
            }
        }
        Some(Step::On)
    }
}
