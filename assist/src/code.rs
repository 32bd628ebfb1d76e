//! Rust text as tokens, and what expression ends at a place.

use ironbook_magics::lexer::{self, Token};
use std::ops::Range;

/// A token with its place.
#[derive(Clone, Debug)]
pub struct Tok<'a> {
    /// What it is.
    pub token: Token<'a>,
    /// Its bytes.
    pub range: Range<usize>,
}

impl Tok<'_> {
    /// Whether it is this character.
    pub fn is(&self, c: char) -> bool {
        self.token == Token::Punct(c)
    }
}

/// All tokens but spaces and comments.
pub fn tokens(text: &str) -> Vec<Tok<'_>> {
    let mut at = 0;
    let mut out = Vec::new();
    while let Some((token, next)) = lexer::token(text, at) {
        if !matches!(token, Token::Space | Token::Newline | Token::Comment) {
            out.push(Tok { token, range: at..next });
        }
        at = next;
    }
    out
}

/// The token at the end of the text that goes on to the cursor: a comment, an open string.
pub fn last_raw(text: &str) -> Option<(Token<'_>, Range<usize>)> {
    let (mut at, mut last) = (0, None);
    while let Some((token, next)) = lexer::token(text, at) {
        last = Some((token, at..next));
        at = next;
    }
    last
}

/// Where the content of a string literal begins, if the literal is a string that is not closed.
pub fn open_string(literal: &str) -> Option<usize> {
    let quote = literal.find('"').filter(|at| literal[..*at].chars().all(|c| matches!(c, 'b' | 'c' | 'r' | '#')))?;
    let prefix = &literal[..quote];
    let content = &literal[quote + 1..];
    let closed = if prefix.contains('r') {
        let close = format!("\"{}", "#".repeat(prefix.matches('#').count()));
        content.ends_with(&close)
    } else {
        let mut escaped = false;
        content.chars().fold(false, |_, c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })
    };
    (!closed).then_some(quote + 1)
}

/// The text of a plain string literal.
pub fn string_value(literal: &str) -> Option<&str> {
    literal.strip_prefix('"')?.strip_suffix('"').filter(|value| !value.contains('\\'))
}

/// The place of the bracket that `close` closes.
pub fn matching_open(toks: &[Tok<'_>], close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (0..=close).rev() {
        match toks[at].token {
            Token::Close(_) => depth += 1,
            Token::Open(_) => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The place of the bracket that closes `open`.
pub fn matching_close(toks: &[Tok<'_>], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, tok) in toks.iter().enumerate().skip(open) {
        match tok.token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts of a range that commas separate.
pub fn parts(toks: &[Tok<'_>], range: Range<usize>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut at, mut start) = (range.start, range.start);
    while at < range.end {
        match toks[at].token {
            Token::Punct(',') => {
                out.push(start..at);
                start = at + 1;
                at += 1;
            }
            Token::Open(_) => at = matching_close(toks, at).map_or(range.end, |close| close + 1),
            _ => at += 1,
        }
    }
    if start < range.end {
        out.push(start..range.end);
    }
    out
}

/// The place of the `<` that the `>` at `close` belongs to.
fn angle_open(toks: &[Tok<'_>], close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (0..=close).rev() {
        match toks[at].token {
            Token::Punct('>') if at > 0 && toks[at - 1].is('-') => {}
            Token::Punct('>') => depth += 1,
            Token::Punct('<') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            Token::Punct(';') | Token::Open('{') | Token::Close('}') => return None,
            _ => {}
        }
    }
    None
}

/// The place after the `>` that closes the `<` at `open`.
pub fn angle_close(toks: &[Tok<'_>], open: usize, end: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in open..end.min(toks.len()) {
        match toks[at].token {
            Token::Punct('>') if at > 0 && toks[at - 1].is('-') => {}
            Token::Punct('<') => depth += 1,
            Token::Punct('>') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            Token::Punct(';') | Token::Open('{') => return None,
            _ => {}
        }
    }
    None
}

/// Whether `::` ends before token `at`.
pub fn after_colons(toks: &[Tok<'_>], at: usize) -> bool {
    (2..=toks.len()).contains(&at)
        && toks[at - 1].is(':')
        && toks[at - 2].is(':')
        && toks[at - 2].range.end == toks[at - 1].range.start
}

/// Whether a `.` that is no range ends before token `at`.
pub fn after_dot(toks: &[Tok<'_>], at: usize) -> bool {
    (1..=toks.len()).contains(&at)
        && toks[at - 1].is('.')
        && !(at >= 2 && toks[at - 2].is('.') && toks[at - 2].range.end == toks[at - 1].range.start)
}

/// The first token of the expression (a chain of calls, fields, indices) that ends before token `end`.
pub fn chain_start(toks: &[Tok<'_>], end: usize) -> Option<usize> {
    let mut at = end;
    loop {
        let last = at.checked_sub(1)?;
        at = match toks[last].token {
            Token::Punct('?') => last,
            Token::Close(_) => match before_bracket(toks, matching_open(toks, last)?) {
                Step::On(at) => at,
                Step::Start(at) => return Some(at),
            },
            Token::Word(word) if is_keyword(word) && !matches!(word, "self" | "Self" | "crate" | "super" | "await") => {
                return (at < end).then_some(at);
            }
            Token::Word(_) | Token::Literal => match before_word(toks, last) {
                Step::On(at) => at,
                Step::Start(at) => return Some(at),
            },
            _ => return (at < end).then_some(at),
        };
    }
}

enum Step {
    /// The chain goes on before this token.
    On(usize),
    /// It begins here.
    Start(usize),
}

/// What a bracket belongs to: a call, an index, a macro, or nothing.
fn before_bracket(toks: &[Tok<'_>], open: usize) -> Step {
    let Some(before) = open.checked_sub(1) else { return Step::Start(open) };
    match toks[before].token {
        Token::Word(word) if !is_keyword(word) || word == "await" => Step::On(open),
        Token::Close(_) | Token::Punct('?') if toks[open].token != Token::Open('{') => Step::On(open),
        Token::Literal if toks[open].token == Token::Open('[') => Step::On(open),
        Token::Punct('!') if before > 0 && matches!(toks[before - 1].token, Token::Word(_)) => Step::On(before),
        Token::Punct('>') => match angle_open(toks, before) {
            Some(angle) if after_colons(toks, angle) => Step::On(angle - 2),
            _ => Step::Start(open),
        },
        _ => Step::Start(open),
    }
}

fn before_word(toks: &[Tok<'_>], at: usize) -> Step {
    if after_dot(toks, at) {
        return Step::On(at - 1);
    }
    if !after_colons(toks, at) {
        return Step::Start(at);
    }
    let colons = at - 2;
    match colons.checked_sub(1).map(|before| &toks[before].token) {
        Some(Token::Word(_)) => Step::On(colons),
        Some(Token::Punct('>')) => match angle_open(toks, colons - 1) {
            Some(angle) if after_colons(toks, angle) => Step::On(angle - 2),
            Some(angle) if angle > 0 && matches!(toks[angle - 1].token, Token::Word(_)) => Step::On(angle),
            Some(angle) => Step::Start(angle),
            None => Step::Start(at),
        },
        _ => Step::Start(colons),
    }
}

/// The segments of the path before a `::` that ends before token `end`; generic arguments are left out.
pub fn path_before<'a>(toks: &[Tok<'a>], end: usize) -> Vec<&'a str> {
    let mut segments = Vec::new();
    let mut at = end;
    while after_colons(toks, at) {
        at -= 2;
        if at > 0 && toks[at - 1].is('>') {
            let Some(angle) = angle_open(toks, at - 1) else { break };
            at = if after_colons(toks, angle) { angle - 2 } else { angle };
            if at == angle && !(at > 0 && matches!(toks[at - 1].token, Token::Word(_))) {
                // `<T as Trait>::`
                let word = toks.get(angle + 1).map(|tok| &tok.token);
                segments.extend(word.and_then(|token| if let Token::Word(word) = token { Some(*word) } else { None }));
                break;
            }
        }
        match at.checked_sub(1).map(|before| &toks[before].token) {
            Some(Token::Word(word)) => {
                segments.push(*word);
                at -= 1;
            }
            _ => break,
        }
    }
    segments.reverse();
    segments
}

/// Whether the `|` at token `at` opens the parameters of a closure, if it belongs to one.
pub fn opens_parameters(toks: &[Tok<'_>], at: usize) -> bool {
    let opener = |tok: &Tok<'_>| {
        matches!(tok.token, Token::Open(_) | Token::Punct(',' | '=' | '>') | Token::Word("move" | "return"))
    };
    at.checked_sub(1).is_none_or(|before| opener(&toks[before]))
}

/// The innermost bracket that is open before token `end`.
pub fn enclosing(toks: &[Tok<'_>], end: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (0..end).rev() {
        match toks[at].token {
            Token::Close(_) => depth += 1,
            Token::Open(_) if depth == 0 => return Some(at),
            Token::Open(_) => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The first token of the statement that token `at` belongs to, at the level of the cell or of a block.
pub fn statement_start(toks: &[Tok<'_>], at: usize) -> usize {
    let mut depth = 0usize;
    for place in (0..at).rev() {
        match toks[place].token {
            Token::Close(_) => depth += 1,
            Token::Open('{') if depth == 0 => return place + 1,
            Token::Open(_) => depth = depth.saturating_sub(1),
            Token::Punct(';') if depth == 0 => return place + 1,
            _ => {}
        }
    }
    0
}

/// Rust's words.
pub const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self",
    "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];

/// Whether a word is Rust's.
pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_begin_where_they_begin() {
        for (text, chain) in [
            ("let x = df.lazy().filter(a)", "df.lazy().filter(a)"),
            ("f(a, b.c[0]?", "b.c[0]?"),
            ("x + vec![1, 2]", "vec![1, 2]"),
            ("Vec::<f64>::new()", "Vec::<f64>::new()"),
            ("x.parse::<f64>()?", "x.parse::<f64>()?"),
            ("return (a + b)", "(a + b)"),
            ("a = std::fs::read(p)", "std::fs::read(p)"),
            ("0..x.0.1", "x.0.1"),
            ("let y = if a { b } else { c }", "{ c }"),
            ("&\"abc\"", "\"abc\""),
        ] {
            let toks = tokens(text);
            let start = chain_start(&toks, toks.len()).map(|at| &text[toks[at].range.start..]);
            assert_eq!(start, Some(chain), "{text}");
        }
    }

    #[test]
    fn open_strings() {
        for (literal, open) in [
            ("\"", Some(1)),
            ("\"a", Some(1)),
            ("\"a\"", None),
            ("\"a\\\"", Some(1)),
            ("r#\"a\"", Some(3)),
            ("r#\"a\"#", None),
            ("'a'", None),
            ("12", None),
        ] {
            assert_eq!(open_string(literal), open, "{literal}");
        }
    }
}
