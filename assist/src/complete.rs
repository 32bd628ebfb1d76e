//! Completion: what could stand at the cursor.

mod columns;
mod files;
mod magics;
mod members;
mod names;
mod paths;
mod trial;
mod usual;

use crate::code::{self, Tok};
use crate::known::Known;
use crate::rank::Ranked;
use crate::situation::{self, Situation};
use crate::view::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_session::library::index::MemberKind;
use std::ops::Range;

/// What could stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completions {
    /// The bytes of the text that a candidate replaces.
    pub range: Range<usize>,
    /// The candidates, best first.
    pub candidates: Vec<Candidate>,
}

/// One candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    /// What is put in.
    pub text: String,
    /// What it is, in the words that JupyterLab has icons for: `function`, `instance`, `class`, `module`, `keyword`, `magic`,
    /// `path`, `property`.
    pub kind: &'static str,
    /// Its type or signature, if known.
    pub signature: String,
    /// A line about it.
    pub summary: String,
    /// A `use` that it needs, for front ends that can add it to the cell.
    pub import: Option<String>,
    /// Its place, from 0, among what people call most of the value in front of it.
    pub usual: Option<usize>,
}

impl Candidate {
    fn new(text: impl Into<String>, kind: &'static str) -> Candidate {
        Candidate { text: text.into(), kind, ..Candidate::default() }
    }

    fn signature(self, signature: impl Into<String>) -> Candidate {
        Candidate { signature: signature.into(), ..self }
    }

    fn summary(self, summary: impl Into<String>) -> Candidate {
        Candidate { summary: summary.into(), ..self }
    }
}

/// What could stand at the byte `cursor`.
pub fn complete(view: &View, text: &str, cursor: usize) -> Completions {
    let cursor = boundary(text, cursor);
    let before = &text[..cursor];
    let view = &*view.within(before);
    match situation::at(view, before) {
        Situation::MagicName { start, cell } => {
            signed(if cell { "%%" } else { "%" }, start, cursor, magics::names(view, &before[start..], cell))
        }
        Situation::MagicArguments { name, start } => magics::arguments(view, before, &name, start),
        Situation::Shell { start } => {
            let word =
                before[start..].rfind([' ', '\t', '\n', '=', '<', '>', '|', ';']).map_or(start, |at| start + at + 1);
            files::complete(view, &before[word..], word)
        }
        Situation::Help { start } if before[..start.min(cursor)].trim_end().ends_with('%') => {
            over(start..cursor, magics::names(view, &before[start.min(cursor)..], false))
        }
        Situation::Help { start } => {
            let code = before.get(start..).unwrap_or("");
            let completions = rust(view, code, "");
            over(completions.range.start + start..completions.range.end + start, completions.candidates)
        }
        Situation::Rust { code } => rust(view, &code, &text[cursor..]),
        Situation::Nothing => over(cursor..cursor, Vec::new()),
    }
}

/// The next place at or before `cursor` that lies between two characters.
pub(crate) fn boundary(text: &str, cursor: usize) -> usize {
    (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Names of magics with their sign, which front ends show and compare with what stands there.
fn signed(sign: &str, start: usize, cursor: usize, mut names: Vec<Candidate>) -> Completions {
    names.iter_mut().for_each(|name| name.text.insert_str(0, sign));
    over(start - sign.len()..cursor, names)
}

fn over(range: Range<usize>, candidates: Vec<Candidate>) -> Completions {
    Completions { range, candidates }
}

/// At the end of Rust text, behind which `after` stands.
fn rust(view: &View, code: &str, after: &str) -> Completions {
    let none = over(code.len()..code.len(), Vec::new());
    let toks = code::tokens(code);
    if let Some((token, range)) = code::last_raw(code) {
        match token {
            Token::Comment => return none,
            Token::Literal => return literal(view, code, &toks, range, after),
            _ => {}
        }
    }
    let word = code.len() - code.chars().rev().take_while(|c| lexer::is_word(*c)).map(char::len_utf8).sum::<usize>();
    let typed = &code[word..];
    // Tokens before the word.
    let end = if typed.is_empty() { toks.len() } else { toks.len().saturating_sub(1) };
    let known = Known::new(view, code, &toks);
    let mut ranked = Ranked::new(typed);
    if code::after_colons(&toks, end) {
        paths::add(&known, end, &mut ranked);
    } else if code::after_dot(&toks, end) {
        members::add(&known, end - 1, &mut ranked);
    } else if !names_something_new(&toks, end) {
        trial::add_ranges(&known, end, &mut ranked);
        names::add(&known, end, &mut ranked);
    }
    over(word..code.len(), ranked.finish())
}

/// Behind `let`, `fn` and so on stands a name that does not exist yet.
fn names_something_new(toks: &[Tok<'_>], end: usize) -> bool {
    const WORDS: &[&str] = &["let", "fn", "struct", "enum", "trait", "mod", "union", "static", "const", "type", "for"];
    match end.checked_sub(1).map(|last| &toks[last].token) {
        Some(Token::Word("for")) => {
            // `impl Trait for Type`, `for x in`
            let start = code::statement_start(toks, end - 1);
            !toks[start..end].iter().any(|tok| matches!(tok.token, Token::Word("impl")))
        }
        Some(Token::Word("mut")) => end >= 2 && toks[end - 2].token == Token::Word("let"),
        Some(Token::Word(word)) => WORDS.contains(word),
        Some(Token::Punct('\'')) => true,
        _ => false,
    }
}

/// In or after a literal: columns or files in a string, else nothing.
fn literal(view: &View, code: &str, toks: &[Tok<'_>], range: Range<usize>, after: &str) -> Completions {
    let Some(content) = code::open_string(&code[range.clone()]) else {
        return over(code.len()..code.len(), Vec::new());
    };
    let start = range.start + content;
    let typed = &code[start..];
    let end = toks.len().saturating_sub(1);
    let known = Known::new(view, code, toks);
    if let Some(found) = trial::names(&known, end, typed) {
        return over(start..code.len(), found);
    }
    if let Some(start) = formatted(&known, end, typed) {
        let mut ranked = Ranked::new(&typed[start..]);
        names::add_values(&known, end, &mut ranked);
        return over(code.len() - (typed.len() - start)..code.len(), ranked.finish());
    }
    let role = columns::role(&known, end);
    if role == columns::Role::Columns {
        let found = columns::complete(&known, end, typed, after);
        return over(start..code.len(), found);
    }
    if role == columns::Role::File || typed.contains('/') || typed.starts_with(['.', '~']) {
        return files::complete(view, typed, start);
    }
    over(start..code.len(), Vec::new())
}

/// Where the name behind `{` begins in the text of a macro that formats, whose literal is token `end`.
fn formatted(known: &Known<'_>, end: usize, typed: &str) -> Option<usize> {
    const FORMAT: &[&str] = &[
        "format",
        "format_args",
        "print",
        "println",
        "eprint",
        "eprintln",
        "write",
        "writeln",
        "panic",
        "todo",
        "assert",
        "assert_eq",
        "assert_ne",
        "bail",
        "anyhow",
    ];
    let before = typed.trim_end_matches(lexer::is_word);
    // `{{` is a brace that is printed.
    let braces = before.len() - before.trim_end_matches('{').len();
    let open = code::enclosing(known.toks, end).filter(|_| braces % 2 == 1)?;
    let name = open.checked_sub(2).filter(|_| known.toks[open - 1].is('!'))?;
    matches!(known.toks[name].token, Token::Word(name) if FORMAT.contains(&name)).then_some(before.len())
}

pub(crate) use columns::named as column_named;
pub(crate) use magics::option_named;
pub(crate) use names::{COMMON, is_bound, written};
pub(crate) use paths::self_type;

/// The kind of a member in JupyterLab's words.
fn member_kind(kind: MemberKind) -> &'static str {
    match kind {
        MemberKind::Method | MemberKind::Function => "function",
        MemberKind::Field => "property",
        MemberKind::Variant => "class",
        MemberKind::Constant => "instance",
        MemberKind::Type => "class",
    }
}

#[cfg(test)]
mod tests;
