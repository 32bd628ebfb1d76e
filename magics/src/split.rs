//! Splits a cell into Rust and magics: a line is a magic only where a statement may begin.

use crate::lexer::{self, Token};
use crate::statements::Statements;
use std::ops::Range;

/// How the text after a magic's name is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Words with shell-like quotes; a backslash at the end of a line continues it.
    Words,
    /// Words that may hold Rust expressions: brackets and Rust strings keep a word together, also over lines.
    Pairs,
    /// Options, then Rust text, which goes on over lines until its brackets are closed.
    Code,
    /// Words, and Rust text in the lines below, in which magics are lowered.
    Body,
    /// Options, then text that is taken as it is.
    Text,
}

/// What the splitter must know of the session to tell magics from Rust.
pub trait Names {
    /// How a magic reads its arguments; `None` for an unknown one.
    fn style(&self, magic: &str) -> Option<Style>;
    /// Whether the session has a variable or an item of this name.
    fn is_defined(&self, name: &str) -> bool;
}

/// A piece of a cell. Pieces are in order and leave out only line ends beside magics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes in the cell.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Kinds of pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rust text.
    Rust,
    /// `%name args`.
    Line {
        /// The magic's name.
        name: String,
        /// Bytes of its arguments.
        args: Range<usize>,
        /// Whether it stands inside the braces of a statement.
        nested: bool,
    },
    /// `%%name args` and the rest of the cell.
    Cell {
        /// The magic's name.
        name: String,
        /// Bytes of its arguments.
        args: Range<usize>,
        /// Bytes of the lines below.
        body: Range<usize>,
    },
    /// `!command`.
    Shell {
        /// Bytes of the command.
        command: Range<usize>,
    },
    /// `?name`, `name?`, `%name?`.
    Help {
        /// What is asked about, a leading `%` included.
        subject: String,
    },
    /// `:name args`, a command of the stock Rust kernel.
    Colon {
        /// The command's name.
        name: String,
        /// Bytes of its arguments.
        args: Range<usize>,
    },
}

/// Whether a line by itself looks like a magic, a shell line, a help question or a colon command.
///
/// For readers of scripts, which keep magics behind `// `; a leading `//` is not taken away here.
pub fn is_magic_line(line: &str) -> bool {
    let line = line.trim();
    let word = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match line.as_bytes().first() {
        Some(b'%') => word(line.trim_start_matches('%')) && !line.starts_with("%%%"),
        Some(b'!') => line.len() > 1 && !line.starts_with("!=") && !line.starts_with("! "),
        Some(b'?') => word(line.trim_start_matches(['?', '%'])),
        Some(b':') => word(&line[1..]),
        _ => help_subject(line).is_some(),
    }
}

/// Splits a cell.
pub fn split(text: &str, names: &dyn Names) -> Vec<Piece> {
    if let Some(cell) = cell_magic(text) {
        let above = Piece { range: 0..cell.range.start, kind: Kind::Rust };
        return [above, cell].into_iter().filter(|piece| !piece.range.is_empty()).collect();
    }
    if let Some(subject) = help_subject(text.trim()) {
        return vec![Piece { range: 0..text.len(), kind: Kind::Help { subject } }];
    }
    Splitter { text, names, pieces: Vec::new(), rust: 0 }.run()
}

/// `name?`, alone.
fn help_subject(text: &str) -> Option<String> {
    let subject = text.strip_suffix('?')?.trim_end_matches('?').trim_start_matches('?');
    is_subject(subject).then(|| subject.to_owned())
}

fn is_subject(text: &str) -> bool {
    let name = text.trim_start_matches('%');
    let first = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    first && name.chars().all(|c| lexer::is_word(c) || c == ':' || c == '!')
}

/// `%%name`, which must be the first line that is neither blank nor a comment.
fn cell_magic(text: &str) -> Option<Piece> {
    let mut at = 0;
    while let Some((Token::Space | Token::Newline | Token::Comment, next)) = lexer::token(text, at) {
        at = next;
    }
    let line_end = end_of_line(text, at);
    let line = text[at..line_end].strip_prefix("%%")?;
    let name = leading_name(line)?;
    if matches!(line[name.len()..].trim(), "?" | "??") {
        return Some(Piece { range: 0..text.len(), kind: Kind::Help { subject: format!("%{name}") } });
    }
    let args = trim(text, at + 2 + name.len()..line_end);
    let body = (line_end + text[line_end..].find('\n').map_or(text.len() - line_end, |n| n + 1))..text.len();
    Some(Piece { range: at..text.len(), kind: Kind::Cell { name: name.to_owned(), args, body } })
}

struct Splitter<'a> {
    text: &'a str,
    names: &'a dyn Names,
    pieces: Vec<Piece>,
    rust: usize,
}

impl Splitter<'_> {
    fn run(mut self) -> Vec<Piece> {
        let mut statements = Statements::new();
        let (mut at, mut line_start) = (0, true);
        loop {
            if line_start && statements.boundary() {
                let begin = at + (self.text[at..].len() - self.text[at..].trim_start_matches([' ', '\t']).len());
                if let Some(piece) = self.magic(begin, statements.nested()) {
                    at = piece.range.end;
                    self.rust_until(piece.range.start);
                    self.rust = at;
                    self.pieces.push(piece);
                    line_start = false;
                    continue;
                }
            }
            let Some((token, next)) = lexer::token(self.text, at) else { break };
            line_start =
                token == Token::Newline || token == Token::Comment && line_start && self.text[at..next].contains('\n');
            statements.feed(token);
            at = next;
        }
        self.rust_until(self.text.len());
        self.pieces
    }

    fn rust_until(&mut self, end: usize) {
        if self.rust < end {
            self.pieces.push(Piece { range: self.rust..end, kind: Kind::Rust });
        }
    }

    fn magic(&self, at: usize, nested: bool) -> Option<Piece> {
        match self.text[at..].chars().next()? {
            '%' => self.percent(at, nested),
            '?' if !nested => self.question(at),
            '!' if !nested => self.shell(at),
            ':' if !nested => self.colon(at),
            _ => None,
        }
    }

    fn percent(&self, at: usize, nested: bool) -> Option<Piece> {
        let double = self.text[at..].starts_with("%%");
        let after = at + if double { 2 } else { 1 };
        let name = leading_name(&self.text[after..])?;
        let start = after + name.len();
        let line_end = end_of_line(self.text, start);
        let rest = self.text[start..line_end].trim();
        if rest == "?" || rest == "??" {
            let subject = format!("%{name}");
            return Some(Piece { range: at..line_end, kind: Kind::Help { subject } });
        }
        if !rest.is_empty() && !self.text[start..].starts_with([' ', '\t']) {
            return None;
        }
        let end = self.arguments_end(name, start);
        let args = trim(self.text, start..end);
        // A cell magic below the first line is reported as such: its name keeps the second sign.
        let name = if double { format!("%{name}") } else { name.to_owned() };
        Some(Piece { range: at..end, kind: Kind::Line { name, args, nested } })
    }

    fn arguments_end(&self, name: &str, start: usize) -> usize {
        match self.names.style(name) {
            Some(Style::Code) => lexer::code_end(self.text, start).unwrap_or_else(|| end_of_line(self.text, start)),
            Some(Style::Pairs) => lexer::pairs_end(self.text, start).unwrap_or_else(|| end_of_line(self.text, start)),
            _ => continued_end(self.text, start),
        }
    }

    fn question(&self, at: usize) -> Option<Piece> {
        let end = end_of_line(self.text, at);
        let subject = self.text[at..end].trim_matches(['?', ' ', '\t']);
        let kind = Kind::Help { subject: subject.to_owned() };
        is_subject(subject).then_some(Piece { range: at..end, kind })
    }

    fn colon(&self, at: usize) -> Option<Piece> {
        let name = leading_name(&self.text[at + 1..])?;
        let start = at + 1 + name.len();
        let end = end_of_line(self.text, at);
        let args = trim(self.text, start..end);
        let separate = args.is_empty() || self.text[start..].starts_with([' ', '\t']);
        separate.then(|| Piece { range: at..end, kind: Kind::Colon { name: name.to_owned(), args } })
    }

    fn shell(&self, at: usize) -> Option<Piece> {
        let end = continued_end(self.text, at);
        let command = trim(self.text, at + 1..end);
        if command.is_empty() || self.is_negation(at, end, &self.text[command.clone()]) {
            return None;
        }
        Some(Piece { range: at..end, kind: Kind::Shell { command } })
    }

    /// Whether `!..` is Rust: an expression of names that are known, or of none.
    fn is_negation(&self, at: usize, end: usize, rest: &str) -> bool {
        let rust = rest.trim_end_matches(';');
        if syn::parse_str::<syn::Expr>(rust).is_err() {
            return code_continues(self.text, at, end);
        }
        match leading_name(rust) {
            None => !rust.starts_with(['.', '/', '~']),
            Some(name) => {
                let after = rust[name.len()..].trim_start();
                let call = after.starts_with(['(', '!']) || after.starts_with("::");
                call || self.names.is_defined(name) || lexer::mentions(&self.text[..at], name)
            }
        }
    }
}

/// Whether a `!` line that is no expression by itself becomes one with the lines below (`!foo(` and so on).
fn code_continues(text: &str, at: usize, end: usize) -> bool {
    let Some(whole) = lexer::code_end(text, at) else { return false };
    whole > end && syn::parse_str::<syn::Expr>(text[at..whole].trim_end_matches(';')).is_ok()
}

fn leading_name(text: &str) -> Option<&str> {
    let length = text.find(|c| !lexer::is_word(c)).unwrap_or(text.len());
    let name = &text[..length];
    (!name.is_empty() && !name.starts_with(|c: char| c.is_numeric())).then_some(name)
}

/// End of the line that holds `at`, without its `\r\n` or `\n`.
fn end_of_line(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

/// As [`end_of_line`], going on where a line ends with a backslash.
fn continued_end(text: &str, at: usize) -> usize {
    let mut end = end_of_line(text, at);
    while end < text.len() && text[at..end].ends_with('\\') {
        let next = end + text[end..].find('\n').map_or(0, |n| n + 1);
        end = end_of_line(text, next);
    }
    end
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    start..start + piece.trim().len()
}
