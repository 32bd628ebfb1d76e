//! The text being edited and the cursor in it.

use super::width;
use std::ops::Range;

/// Most states that can be undone to.
const UNDOS: usize = 500;

/// What an edit was, so that a word typed is undone at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Typed characters.
    Typing,
    /// Anything else.
    Other,
}

/// A text with a cursor.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    text: String,
    at: usize,
    undo: Vec<(String, usize)>,
    redo: Vec<(String, usize)>,
    typing: bool,
    /// The column that moves up and down keep.
    column: Option<usize>,
}

impl Buffer {
    /// A text with the cursor at its end.
    pub fn new(text: &str) -> Buffer {
        Buffer { text: text.to_owned(), at: text.len(), ..Buffer::default() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The byte where the cursor stands.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.at]
    }

    /// The text behind the cursor.
    pub fn after(&self) -> &str {
        &self.text[self.at..]
    }

    /// The bytes of the line that holds a place, without its end.
    pub fn line(&self, at: usize) -> Range<usize> {
        let start = self.text[..at].rfind('\n').map_or(0, |found| found + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |found| at + found);
        start..end
    }

    /// Puts the cursor somewhere.
    pub fn go(&mut self, at: usize) {
        self.column = None;
        self.typing = false;
        self.at = floor(&self.text, at);
    }

    /// Puts the cursor somewhere in its line; moves up and down keep the column that they had.
    pub fn stay_at(&mut self, at: usize) {
        let column = self.column;
        self.go(at);
        self.column = column;
    }

    /// Replaces everything, the cursor at the end.
    pub fn set(&mut self, text: &str) {
        self.replace(0..self.text.len(), text, Edit::Other);
    }

    /// Puts text in at the cursor, and the cursor behind it.
    pub fn insert(&mut self, text: &str, edit: Edit) {
        self.replace(self.at..self.at, text, edit);
    }

    /// Replaces a piece; the cursor stands behind what came in.
    pub fn replace(&mut self, range: Range<usize>, with: &str, edit: Edit) {
        let range = floor(&self.text, range.start)..floor(&self.text, range.end);
        let start = range.start;
        self.remember(edit);
        self.text.replace_range(range, with);
        self.at = start + with.len();
        self.column = None;
    }

    /// Replaces a piece before or around which the cursor keeps its place in the text.
    pub fn replace_elsewhere(&mut self, range: Range<usize>, with: &str) {
        let at = self.at;
        let behind = at.checked_sub(range.end);
        let start = range.start;
        self.replace(range, with, Edit::Other);
        self.at = behind.map_or(at.min(start + with.len()), |behind| start + with.len() + behind);
    }

    /// Takes a piece out; the cursor stands where it was.
    pub fn cut(&mut self, range: Range<usize>) -> String {
        let gone = self.text.get(range.clone()).unwrap_or("").to_owned();
        if !gone.is_empty() {
            self.replace(range, "", Edit::Other);
        }
        gone
    }

    fn remember(&mut self, edit: Edit) {
        let goes_on = edit == Edit::Typing && self.typing;
        self.typing = edit == Edit::Typing;
        self.redo.clear();
        if !goes_on {
            if self.undo.len() >= UNDOS {
                self.undo.remove(0);
            }
            self.undo.push((self.text.clone(), self.at));
        }
    }

    /// Ends a run of typing that would be undone at once.
    pub fn pause(&mut self) {
        self.typing = false;
    }

    /// Takes the last edit back.
    pub fn undo(&mut self) {
        if let Some(state) = self.undo.pop() {
            let now = (std::mem::replace(&mut self.text, state.0), std::mem::replace(&mut self.at, state.1));
            self.redo.push(now);
            self.typing = false;
        }
    }

    /// Does again what was taken back.
    pub fn redo(&mut self) {
        if let Some(state) = self.redo.pop() {
            let now = (std::mem::replace(&mut self.text, state.0), std::mem::replace(&mut self.at, state.1));
            self.undo.push(now);
            self.typing = false;
        }
    }

    /// The place one character before another.
    pub fn left_of(&self, at: usize) -> usize {
        width::clusters(&self.text[..at]).last().map_or(0, |range| range.start)
    }

    /// The place one character behind another.
    pub fn right_of(&self, at: usize) -> usize {
        width::clusters(&self.text[at..]).next().map_or(at, |range| at + range.end)
    }

    /// Where the word before the cursor begins, words being made of what `is_word` takes.
    pub fn word_left(&self, is_word: impl Fn(char) -> bool) -> usize {
        let skipped = self.before().trim_end_matches(|c| !is_word(c));
        skipped.trim_end_matches(&is_word).len()
    }

    /// Where the word behind the cursor ends.
    pub fn word_right(&self, is_word: impl Fn(char) -> bool) -> usize {
        let skipped = self.after().trim_start_matches(|c| !is_word(c));
        self.text.len() - skipped.trim_start_matches(&is_word).len()
    }

    /// Moves by lines, the column kept; false if there is no such line.
    pub fn move_lines(&mut self, down: bool) -> bool {
        let line = self.line(self.at);
        let column = self.column.unwrap_or_else(|| width::of(&self.text[line.start..self.at]));
        let target = if down { line.end + 1 } else { line.start.wrapping_sub(1) };
        if target > self.text.len() {
            return false;
        }
        let target = self.line(target);
        let mut at = target.start;
        let mut passed = 0;
        for cluster in width::clusters(&self.text[target.clone()]) {
            passed += width::of(&self.text[target.start + cluster.start..target.start + cluster.end]);
            if passed > column {
                break;
            }
            at = target.start + cluster.end;
        }
        self.go(at);
        self.column = Some(column);
        true
    }
}

/// The next place at or before a byte that lies between two characters.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What a word is made of.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_typed_is_undone_at_once() {
        let mut buffer = Buffer::default();
        for c in ["a", "b", "c"] {
            buffer.insert(c, Edit::Typing);
        }
        buffer.insert("pasted", Edit::Other);
        buffer.undo();
        assert_eq!(buffer.text(), "abc");
        buffer.undo();
        assert_eq!(buffer.text(), "");
        buffer.redo();
        buffer.redo();
        assert_eq!(buffer.text(), "abcpasted");
    }

    #[test]
    fn lines_keep_the_column() {
        let mut buffer = Buffer::new("日本語\na\nabcdef");
        buffer.go("日本語\na\nabcd".len());
        assert!(buffer.move_lines(false) && buffer.move_lines(false));
        assert_eq!(buffer.before(), "日本");
        assert!(!buffer.move_lines(false));
        assert!(buffer.move_lines(true) && buffer.move_lines(true));
        assert_eq!(buffer.after(), "ef");
        assert!(!buffer.move_lines(true));
    }

    #[test]
    fn a_character_with_its_marks_is_one_step() {
        let buffer = Buffer::new("e\u{301}x👩\u{200d}🚀");
        assert_eq!(buffer.left_of(buffer.text().len()), "e\u{301}x".len());
        assert_eq!(buffer.right_of(0), "e\u{301}".len());
    }
}
