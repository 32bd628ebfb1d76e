//! A small fast lexer for what is being typed: Rust with magics, whole or half, right or wrong.

mod scan;

use crate::theme::Role;
use std::ops::Range;

/// Texts longer than this are coloured without the second looks that half-typed strings take.
const LONG: usize = 64 * 1024;

/// Cell magics whose body is Rust.
const CODE_CELLS: &[&str] = &["time", "timeit"];

/// A piece of the text with what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something with a colour.
    Role(Role),
    /// A word that is no keyword: a variable, a field.
    Word,
    /// An opening bracket.
    Open(char),
    /// A closing bracket.
    Close(char),
    /// Other signs.
    Other,
}

/// The pieces of a text, without the blanks between them.
///
/// A string that is not closed in the line where `cursor` stands ends with that line, as long as the text after it reads
/// better so: whoever opens a quote does not want all that follows to change its colour until it is closed.
pub fn lex(text: &str, cursor: usize) -> Vec<Span> {
    let mut lexer = Lexer { text, cursor, at: 0, spans: Vec::new(), patient: text.len() <= LONG, open: false };
    lexer.run();
    lexer.spans
}

struct Lexer<'a> {
    text: &'a str,
    cursor: usize,
    at: usize,
    spans: Vec<Span>,
    /// Whether strings that stay open in their line get a second look.
    patient: bool,
    /// Whether the text ended within a string or comment.
    open: bool,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) {
        if self.cell_magic() {
            return;
        }
        while self.at < self.text.len() {
            self.step();
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, length: usize, kind: Kind) {
        let end = (self.at + length).min(self.text.len());
        self.spans.push(Span { range: self.at..end, kind });
        self.at = end;
    }

    fn role(&mut self, length: usize, role: Role) {
        self.push(length, Kind::Role(role));
    }

    /// `%%name` at the beginning: its line is a magic, and its body often no Rust.
    fn cell_magic(&mut self) -> bool {
        let begin = self.text.len() - self.text.trim_start().len();
        let Some(name) = self.text[begin..].strip_prefix("%%") else { return false };
        let name = &name[..scan::word(name)];
        self.at = begin;
        self.role(2 + name.len(), Role::Magic);
        if CODE_CELLS.contains(&name) {
            return false;
        }
        self.at = self.text.len();
        true
    }

    /// Whether only blanks stand before this place in its line.
    fn begins_line(&self) -> bool {
        self.text[..self.at].rsplit('\n').next().unwrap_or("").trim().is_empty()
    }

    fn line_length(&self) -> usize {
        self.rest().find('\n').unwrap_or(self.rest().len())
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return };
        if c.is_whitespace() {
            self.at += c.len_utf8();
        } else if matches!(c, '%' | '!' | '?' | ':') && self.begins_line() && self.magic(c) {
        } else if c.is_ascii_digit() {
            self.role(scan::number(rest), Role::Number);
        } else if rest.starts_with("//") {
            self.role(self.line_length(), Role::Comment);
        } else if rest.starts_with("/*") {
            self.comment();
        } else if let Some(prefix) = scan::string_prefix(rest) {
            self.string(prefix);
        } else if c == '\'' {
            let (length, role) = scan::quote(rest);
            self.role(length, role);
        } else if scan::starts_word(c) {
            self.word();
        } else if c == '#' {
            self.attribute();
        } else {
            let kind = match c {
                '(' | '[' | '{' => Kind::Open(c),
                ')' | ']' | '}' => Kind::Close(c),
                _ => Kind::Other,
            };
            self.push(c.len_utf8(), kind);
        }
    }

    /// At a sign that begins a line; false if it begins no magic.
    fn magic(&mut self, sign: char) -> bool {
        let length = self.line_length();
        let line = &self.rest()[..length];
        let word = |text: &str| text.starts_with(scan::starts_word);
        match sign {
            '!' if length > 1 && !line.starts_with("!=") && !line.starts_with("! ") => self.role(length, Role::Shell),
            '?' if word(line.trim_start_matches(['?', '%'])) => self.role(length, Role::Magic),
            '!' | '?' => return false,
            ':' if !word(&line[1..]) => return false,
            _ => {
                let name = scan::word(&line[1..]);
                if name == 0 {
                    return false;
                }
                self.role(1 + name, Role::Magic);
            }
        }
        true
    }

    fn comment(&mut self) {
        let rest = self.rest();
        match scan::block_comment(rest) {
            Some(length) => self.role(length, Role::Comment),
            None if self.patient && self.cursor_in_line() => self.role(self.line_length(), Role::Comment),
            None => {
                self.open = true;
                self.role(rest.len(), Role::Comment);
            }
        }
    }

    fn cursor_in_line(&self) -> bool {
        (self.at..=self.at + self.line_length()).contains(&self.cursor)
    }

    fn string(&mut self, prefix: scan::Prefix) {
        let found = scan::string_end(self.rest(), prefix);
        let length = found.unwrap_or(self.rest().len());
        let one_line = length <= self.line_length();
        let short = !one_line && self.patient && self.cursor_in_line() && self.ends_open(self.at + length, found);
        if short {
            self.role(self.line_length(), Role::Text);
        } else {
            self.open |= found.is_none();
            self.role(length, Role::Text);
        }
    }

    /// Whether the text would end within a string, if the string at this place went on over its line.
    fn ends_open(&self, end: usize, found: Option<usize>) -> bool {
        if found.is_none() {
            return true;
        }
        let text = &self.text[end..];
        let mut rest = Lexer { text, cursor: usize::MAX, at: 0, spans: Vec::new(), patient: false, open: false };
        while rest.at < text.len() {
            rest.step();
        }
        rest.open
    }

    fn word(&mut self) {
        let rest = self.rest();
        let length = scan::word(rest);
        let (word, after) = rest.split_at(length);
        let first = word.chars().next().unwrap_or('_');
        let is_macro = after.starts_with('!') && !after.starts_with("!=");
        if scan::KEYWORDS.contains(&word) {
            self.role(length, Role::Keyword);
        } else if is_macro {
            self.role(length + 1, Role::Call);
        } else if first.is_uppercase() || scan::PRIMITIVES.contains(&word) {
            self.role(length, Role::Type);
        } else if after.starts_with('(') || after.starts_with("::<") {
            self.role(length, Role::Call);
        } else {
            self.push(length, Kind::Word);
            // `name?` at the end of a line asks for help.
            let rest = self.rest();
            let marks = rest.len() - rest.trim_start_matches('?').len();
            let ends_line = rest[marks..].split('\n').next().unwrap_or("").trim().is_empty();
            let alone = self.text[..self.at - length].rsplit('\n').next().unwrap_or("").trim().is_empty();
            if marks > 0 && ends_line && alone {
                self.role(marks, Role::Magic);
            }
        }
    }

    fn attribute(&mut self) {
        let rest = self.rest();
        match scan::attribute(rest) {
            Some(length) => self.role(length, Role::Attribute),
            None => self.push(1, Kind::Other),
        }
    }
}

#[cfg(test)]
mod tests;
