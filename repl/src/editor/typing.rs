//! What is being typed, and what each action does to it; no terminal is needed for it.

mod browse;
mod complete;
mod kill;
mod search;
mod vi;

use super::Words;
use super::action::Action;
use super::buffer::{Buffer, Edit, is_word};
use super::history::History;
use super::indent;
use super::lex::{Kind, Span, lex};
use super::menu::Menu;
use crate::config::KeyStyle;
use ironbook_assist::Completeness;
use kill::Kills;
use search::Search;
use vi::Vi;

/// What follows an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Typing goes on.
    On,
    /// The cell is entered.
    Submit,
    /// What was typed is dropped.
    Interrupt,
    /// The session ends.
    End,
    /// The program stops until it is called again.
    Suspend,
    /// The screen is cleared.
    Clear,
    /// The text is edited in another editor.
    EditElsewhere,
    /// The next key is a character.
    Quote,
}

/// What actions may look at.
pub struct Around<'a> {
    /// What the session knows.
    pub words: &'a dyn Words,
    /// What was typed before.
    pub history: &'a History,
    /// Whether more has come already: text that is pasted or was typed ahead, and brings its own indentation.
    pub hasty: bool,
}

/// What is being typed.
#[derive(Debug, Default)]
pub struct Typing {
    /// The text.
    pub buffer: Buffer,
    /// The list of candidates, while it is open.
    pub menu: Option<Menu>,
    /// The search in the history, while there is one.
    pub search: Option<Search>,
    /// vi's keys, if the user has them.
    pub vi: Option<Vi>,
    browse: Option<browse::Browse>,
    kills: Kills,
}

impl Typing {
    /// Typing with vi's keys, or without.
    pub fn with_keys(style: KeyStyle) -> Typing {
        Typing { vi: (style == KeyStyle::Vi).then(Vi::default), ..Typing::default() }
    }

    /// Whether keys are commands, as they are in vi while nothing is inserted.
    pub fn takes_commands(&self) -> Option<bool> {
        self.vi.as_ref().map(|vi| vi.commands)
    }

    /// Begins with this text; what was cut before can still be put in.
    pub fn begin(&mut self, text: &str) {
        let kills = std::mem::take(&mut self.kills);
        let vi = self.vi.take().map(|_| Vi::default());
        *self = Typing { buffer: Buffer::new(text), kills, vi, ..Typing::default() };
    }

    /// What history suggests behind the cursor.
    pub fn hint<'h>(&self, history: &'h History) -> &'h str {
        let quiet = self.menu.is_none() && self.search.is_none() && self.browse.is_none();
        if !quiet || !self.buffer.after().is_empty() {
            return "";
        }
        history.hint(self.buffer.text()).unwrap_or("")
    }

    /// Puts in what was pasted, as it is.
    pub fn paste(&mut self, text: &str) {
        self.leave_modes();
        self.buffer.insert(text, Edit::Other);
    }

    /// Puts in a character that was typed.
    pub fn type_char(&mut self, c: char, around: &Around<'_>) {
        if self.search.is_some() {
            return self.search_more(c, around);
        }
        self.browse = None;
        if matches!(c, ')' | ']' | '}') {
            self.align_closing();
        }
        self.buffer.insert(c.encode_utf8(&mut [0; 4]), Edit::Typing);
        if !is_word(c) {
            self.buffer.pause();
        }
        self.narrow_menu();
    }

    /// A bracket that closes begins its line where the line of its partner begins.
    fn align_closing(&mut self) {
        let line = self.buffer.line(self.buffer.at());
        let blank = &self.buffer.text()[line.start..self.buffer.at()];
        if blank.is_empty() || !blank.trim().is_empty() || line.start == 0 {
            return;
        }
        let before = &self.buffer.text()[..line.start];
        if let Some(indent) = indent::closing(before, &lex(before, usize::MAX)) {
            self.buffer.replace(line.start..self.buffer.at(), &" ".repeat(indent), Edit::Other);
        }
    }

    /// Closes whatever is open above the text.
    fn leave_modes(&mut self) {
        self.menu = None;
        self.search = None;
        self.browse = None;
    }

    /// Does what a key is bound to.
    pub fn act(&mut self, action: Action, around: &Around<'_>) -> Step {
        if let Some(step) = self.act_in_search(action, around) {
            return step;
        }
        if !matches!(action, Action::Complete | Action::CompleteBack | Action::Up | Action::Down | Action::Backspace) {
            let chosen = self.menu.take().is_some_and(|menu| menu.is_chosen());
            if chosen && matches!(action, Action::Enter | Action::Cancel) {
                return Step::On;
            }
        }
        if !matches!(action, Action::Up | Action::Down | Action::OlderCell | Action::NewerCell) {
            self.browse = None;
        }
        self.kills.next_action(action);
        match action {
            Action::Enter => return self.enter(around),
            Action::Run => return Step::Submit,
            Action::Newline => self.newline(around.hasty),
            Action::Interrupt => return Step::Interrupt,
            Action::Eof if self.buffer.text().is_empty() => return Step::End,
            Action::Suspend => return Step::Suspend,
            Action::ClearScreen => return Step::Clear,
            Action::EditInEditor => return Step::EditElsewhere,
            Action::QuotedInsert => return Step::Quote,
            Action::Complete => self.complete(around.words, true),
            Action::CompleteBack => self.complete(around.words, false),
            Action::Up | Action::Down if self.menu.is_some() => self.choose(action == Action::Down),
            Action::Up => self.up(around.history),
            Action::Down => self.down(around.history),
            Action::OlderCell => self.older(around.history),
            Action::NewerCell => self.newer(around.history),
            Action::Search | Action::SearchForward => self.search_begin(action == Action::Search, around.history),
            Action::Right | Action::LineEnd | Action::TextEnd | Action::TakeHint if self.at_end() => {
                self.take_hint(around.history, false);
            }
            Action::WordRight | Action::TakeHintWord if self.at_end() => self.take_hint(around.history, true),
            Action::Backspace => self.backspace(),
            Action::Undo => self.buffer.undo(),
            Action::Redo => self.buffer.redo(),
            _ => self.edit(action),
        }
        Step::On
    }

    fn at_end(&self) -> bool {
        self.buffer.after().is_empty()
    }

    fn take_hint(&mut self, history: &History, word: bool) {
        let hint = self.hint(history);
        let skipped = hint.len() - hint.trim_start_matches(|c| !is_word(c)).len();
        let end = hint[skipped..].find(|c| !is_word(c)).map_or(hint.len(), |at| skipped + at);
        self.buffer.insert(if word { &hint[..end] } else { hint }, Edit::Other);
    }

    /// Ends a whole cell; in others it begins a line.
    fn enter(&mut self, around: &Around<'_>) -> Step {
        let text = self.buffer.text();
        if text.trim().is_empty() {
            return Step::Submit;
        }
        let many_lines = text.trim_end().contains('\n');
        let in_the_middle = many_lines && self.buffer.after().trim_end().contains('\n');
        if !in_the_middle && !matches!(around.words.whole(text), Completeness::Incomplete { .. }) {
            return Step::Submit;
        }
        self.newline(around.hasty);
        Step::On
    }

    /// Begins a line, as far in as the brackets say.
    fn newline(&mut self, hasty: bool) {
        self.menu = None;
        let blanks = self.buffer.before().len() - self.buffer.before().trim_end_matches([' ', '\t']).len();
        let (at, line) = (self.buffer.at(), self.buffer.line(self.buffer.at()));
        if hasty {
            return self.buffer.insert("\n", Edit::Other);
        }
        let indent = self.indent();
        let ahead = self.buffer.after().len() - self.buffer.after().trim_start_matches([' ', '\t']).len();
        let begin = if line.start == at - blanks { at - blanks } else { at };
        let next = self.buffer.text()[at + ahead..].chars().next();
        let before = &self.buffer.text()[..begin];
        let closing = match next {
            Some(')' | ']' | '}') => indent::closing(before, &lex(before, usize::MAX)),
            _ => None,
        };
        let opens_here = before.trim_end().ends_with(['(', '[', '{']);
        let (first, rest) = match closing {
            Some(outer) if opens_here => (indent, format!("\n{}", " ".repeat(outer))),
            Some(outer) => (outer, String::new()),
            None => (indent, String::new()),
        };
        let first = format!("\n{}", " ".repeat(first));
        self.buffer.replace(begin..at + ahead, &(first.clone() + &rest), Edit::Other);
        self.buffer.go(begin + first.len());
    }

    /// Blanks at the beginning of a line that begins at the cursor.
    fn indent(&self) -> usize {
        let before = self.buffer.before().to_owned() + "\n";
        let spans = lex(&before, usize::MAX);
        let as_here = |before: &str| {
            let line = &before[self.buffer.line(self.buffer.at()).start..];
            line.len() - line.trim_start_matches(' ').len()
        };
        match spans.last() {
            // In a string, blanks would be part of it.
            Some(span) if span.range.end == before.len() && !matches!(span.kind, Kind::Open(_)) => 0,
            _ if is_foreign(&before, &spans) => as_here(&before),
            _ => indent::after(&before, &spans),
        }
    }

    /// Deletes the character before the cursor, or blanks back to a level of indentation.
    fn backspace(&mut self) {
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        let before = &self.buffer.text()[line.start..at];
        let start = if !before.is_empty() && before.bytes().all(|byte| byte == b' ') {
            line.start + (before.len() - 1) / indent::LEVEL * indent::LEVEL
        } else {
            self.buffer.left_of(at)
        };
        self.buffer.cut(start..at);
        self.narrow_menu();
    }

    /// Actions that only move or change text.
    fn edit(&mut self, action: Action) {
        let at = self.buffer.at();
        let line = self.buffer.line(at);
        match action {
            Action::Left => self.buffer.go(self.buffer.left_of(at)),
            Action::Right => self.buffer.go(self.buffer.right_of(at)),
            Action::WordLeft => self.buffer.go(self.buffer.word_left(is_word)),
            Action::WordRight => self.buffer.go(self.buffer.word_right(is_word)),
            Action::LineStart => {
                let text = &self.buffer.text()[line.clone()];
                let first = line.start + text.len() - text.trim_start_matches(' ').len();
                self.buffer.go(if at == first { line.start } else { first });
            }
            Action::LineEnd => self.buffer.go(line.end),
            Action::TextStart => self.buffer.go(0),
            Action::TextEnd => self.buffer.go(usize::MAX),
            Action::Delete | Action::Eof => drop(self.buffer.cut(at..self.buffer.right_of(at))),
            Action::Transpose => {
                let middle = if at == line.end { self.buffer.left_of(at) } else { at };
                let (start, end) = (self.buffer.left_of(middle), self.buffer.right_of(middle));
                if start >= line.start && middle > line.start && end > middle {
                    let text = self.buffer.text();
                    let swapped = text[middle..end].to_owned() + &text[start..middle];
                    self.buffer.replace(start..end, &swapped, Edit::Other);
                }
            }
            Action::Upcase | Action::Downcase | Action::Capitalize => {
                let end = self.buffer.word_right(is_word);
                let word = &self.buffer.text()[at..end];
                let mut fresh = false;
                let letter = |c: char| -> String {
                    let first = !std::mem::replace(&mut fresh, is_word(c));
                    match action {
                        Action::Upcase => c.to_uppercase().collect(),
                        Action::Capitalize if first => c.to_uppercase().collect(),
                        _ => c.to_lowercase().collect(),
                    }
                };
                let changed: String = word.chars().map(letter).collect();
                self.buffer.replace(at..end, &changed, Edit::Other);
            }
            action => self.kill(action),
        }
    }
}

/// Whether the text is the body of a magic that is no Rust.
fn is_foreign(text: &str, spans: &[Span]) -> bool {
    text.trim_start().starts_with("%%") && spans.len() == 1
}

#[cfg(test)]
mod tests;
