//! Splits a magic's arguments into words.

use crate::error::Error;
use crate::lexer::{self, Token};

/// Words with shell-like quotes: `'..'` verbatim, `".."` with backslash escapes, a backslash before one character.
///
/// # Errors
/// A quote that is not closed.
pub(crate) fn shell(magic: &str, text: &str) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('\n' | '\r')) => {}
            c if c.is_whitespace() => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '\'' | '"' => {
                let quoted = word.get_or_insert_default();
                quote(c, &mut chars, quoted).ok_or_else(|| Error::Quote { magic: magic.to_owned(), quote: c })?;
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quote(quote: char, chars: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            c if c == quote => return Some(()),
            '\\' if quote == '"' => match chars.next()? {
                c @ ('"' | '\\' | '$' | '`') => word.push(c),
                other => word.extend(['\\', other]),
            },
            c => word.push(c),
        }
    }
}

/// Words that may hold Rust: brackets and strings keep a word together and stay as they are; a word that is
/// one plain string literal stands for its value.
pub(crate) fn pairs(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut at, mut start, mut depth) = (0, None, 0usize);
    while let Some((token, next)) = lexer::token_or_address(text, at) {
        match token {
            Token::Space | Token::Newline | Token::Comment if depth == 0 => {
                words.extend(start.take().map(|start| unquote(&text[start..at])));
            }
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if start.is_none() && !matches!(token, Token::Space | Token::Newline | Token::Comment) {
            start = Some(at);
        }
        at = next;
    }
    words.extend(start.map(|start| unquote(&text[start..])));
    words
}

fn unquote(word: &str) -> String {
    syn::parse_str::<syn::LitStr>(word).map_or_else(|_| word.to_owned(), |literal| literal.value())
}

/// The leading options of `text`, and what follows them; `takes_value` tells whether an option's value is the next word.
pub(crate) fn options<'a>(text: &'a str, takes_value: &dyn Fn(&str) -> bool) -> (Vec<&'a str>, &'a str) {
    let mut options = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let word = &rest[..end];
        let name = word.trim_start_matches('-');
        if word == "--" {
            return (options, rest[end..].trim_start());
        }
        if !word.starts_with('-') || word.len() > name.len() + 2 || !name.starts_with(|c: char| c.is_alphabetic()) {
            return (options, rest);
        }
        options.push(word);
        rest = rest[end..].trim_start();
        if !word.contains('=') && takes_value(word) {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            options.push(&rest[..end]);
            rest = rest[end..].trim_start();
        }
    }
}
