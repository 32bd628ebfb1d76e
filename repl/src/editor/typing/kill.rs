//! Cutting, and putting in what was cut.

use super::Typing;
use crate::editor::action::Action;
use crate::editor::buffer::{Edit, is_word};
use std::ops::Range;

/// Most pieces that are kept.
const MOST: usize = 60;

/// What was cut, newest last.
#[derive(Debug, Default)]
pub struct Kills {
    pieces: Vec<String>,
    /// Whether the action before this one cut, too.
    goes_on: bool,
    cutting: bool,
    /// Where what was just put in stands, and which piece it is.
    yanked: Option<(Range<usize>, usize)>,
}

impl Kills {
    /// Another action begins.
    pub fn next_action(&mut self, action: Action) {
        self.goes_on = std::mem::take(&mut self.cutting);
        if !matches!(action, Action::YankPop) {
            self.yanked = None;
        }
    }

    /// Keeps a piece by itself.
    pub fn put(&mut self, text: String) {
        self.pieces.push(text);
        let extra = self.pieces.len().saturating_sub(MOST);
        self.pieces.drain(..extra);
    }

    /// What was cut last.
    pub fn newest(&self) -> Option<&str> {
        self.pieces.last().map(String::as_str)
    }

    fn keep(&mut self, text: &str, backward: bool) {
        self.cutting = true;
        match self.pieces.last_mut() {
            Some(last) if self.goes_on && backward => last.insert_str(0, text),
            Some(last) if self.goes_on => last.push_str(text),
            _ => self.put(text.to_owned()),
        }
    }
}

impl Typing {
    /// Actions that cut and put in.
    pub(super) fn kill(&mut self, action: Action) {
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        let not_blank = |c: char| !c.is_whitespace();
        let range = match action {
            // At the end of a line, its end is cut.
            Action::KillLineEnd if at == line.end => at..self.buffer.right_of(at),
            Action::KillLineEnd => at..line.end,
            Action::KillLineStart if at == line.start => self.buffer.left_of(at)..at,
            Action::KillLineStart => line.start..at,
            Action::KillWordLeft => self.buffer.word_left(is_word)..at,
            Action::KillBlankWordLeft => self.buffer.word_left(not_blank)..at,
            Action::KillWordRight => at..self.buffer.word_right(is_word),
            Action::Yank => return self.yank(),
            Action::YankPop => return self.yank_pop(),
            _ => return,
        };
        let backward = range.end == at && range.start < at;
        let text = self.buffer.cut(range);
        if !text.is_empty() {
            self.kills.keep(&text, backward);
        }
    }

    fn yank(&mut self) {
        let Some(text) = self.kills.pieces.last() else { return };
        let start = self.buffer.at();
        self.buffer.insert(text, Edit::Other);
        self.kills.yanked = Some((start..self.buffer.at(), self.kills.pieces.len() - 1));
    }

    fn yank_pop(&mut self) {
        let Some((range, which)) = self.kills.yanked.take() else { return };
        let which = which.checked_sub(1).unwrap_or(self.kills.pieces.len() - 1);
        let start = range.start;
        self.buffer.replace(range, &self.kills.pieces[which], Edit::Other);
        self.kills.yanked = Some((start..self.buffer.at(), which));
    }
}
