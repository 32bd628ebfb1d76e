//! Just enough of Rust's lexical structure to know where a statement may begin.

/// A token, as far as the splitter has to tell tokens apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Spaces and tabs.
    Space,
    /// The end of a line.
    Newline,
    /// A comment, without the newline that ends it.
    Comment,
    /// An identifier or keyword, without `r#`.
    Word(&'a str),
    /// A string, character, number or lifetime.
    Literal,
    /// An opening bracket.
    Open(char),
    /// A closing bracket.
    Close(char),
    /// Any other character.
    Punct(char),
}

/// Reads the token at `at` and returns it with its end; `None` at the end of the text.
///
/// Unterminated strings and comments reach to the end of the text.
pub fn token(text: &str, at: usize) -> Option<(Token<'_>, usize)> {
    let rest = &text[at..];
    let first = rest.chars().next()?;
    let (token, length) = match first {
        '\n' => (Token::Newline, 1),
        c if c.is_whitespace() => (Token::Space, length_while(rest, |c| c.is_whitespace() && c != '\n')),
        '/' if rest.starts_with("//") => (Token::Comment, line_length(rest)),
        '/' if rest.starts_with("/*") => (Token::Comment, block_comment(rest)),
        '"' => (Token::Literal, quoted(rest, '"')),
        '\'' => (Token::Literal, tick(rest)),
        c if c.is_ascii_digit() => (Token::Literal, number(rest)),
        c if is_word(c) => word(rest),
        '(' | '[' | '{' => (Token::Open(first), 1),
        ')' | ']' | '}' => (Token::Close(first), 1),
        c => (Token::Punct(c), c.len_utf8()),
    };
    Some((token, at + length))
}

/// Whether a character can stand in an identifier.
pub fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn length_while(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

fn line_length(text: &str) -> usize {
    let end = text.find('\n').unwrap_or(text.len());
    if text[..end].ends_with('\r') { end - 1 } else { end }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// A literal with escapes; `text` starts with the quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal or a lifetime.
fn tick(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => quoted(text, '\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1 + length_while(&text[1..], is_word),
    }
}

fn number(text: &str) -> usize {
    let whole = length_while(text, is_word);
    let rest = &text[whole..];
    let fraction = rest.strip_prefix('.').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    if fraction { whole + 1 + length_while(&rest[1..], is_word) } else { whole }
}

fn word(text: &str) -> (Token<'_>, usize) {
    let length = length_while(text, is_word);
    let (name, after) = (&text[..length], &text[length..]);
    match name {
        "r" | "br" | "cr" if after.starts_with(['"', '#']) => raw(text, length),
        "b" | "c" if after.starts_with('"') => (Token::Literal, length + quoted(after, '"')),
        "b" if after.starts_with('\'') => (Token::Literal, length + quoted(after, '\'')),
        _ => (Token::Word(name), length),
    }
}

/// A raw string, or a raw identifier.
fn raw(text: &str, prefix: usize) -> (Token<'_>, usize) {
    let hashes = length_while(&text[prefix..], |c| c == '#');
    let inner = prefix + hashes;
    if !text[inner..].starts_with('"') {
        let length = length_while(&text[inner..], is_word);
        return (Token::Word(&text[inner..inner + length]), inner + length);
    }
    let close = format!("\"{}", &text[prefix..inner]);
    let end = text[inner + 1..].find(&close).map_or(text.len(), |at| inner + 1 + at + close.len());
    (Token::Literal, end)
}

/// End of the Rust text that starts at `start`: the first line end at which all brackets are closed; without
/// trailing comments and spaces. `None` when the brackets never close.
pub fn code_end(text: &str, start: usize) -> Option<usize> {
    end_of(text, start, false)
}

/// [`code_end`] of arguments among which may be addresses: in `http://host` no comment begins.
pub fn pairs_end(text: &str, start: usize) -> Option<usize> {
    end_of(text, start, true)
}

/// [`token`], but the rest of an address (`//host` after `http:`) is a literal.
pub(crate) fn token_or_address(text: &str, at: usize) -> Option<(Token<'_>, usize)> {
    let (token, next) = token(text, at)?;
    if token == Token::Comment && text[at..].starts_with("//") && text[..at].ends_with(':') {
        return Some((Token::Literal, at + length_while(&text[at..], |c| !c.is_whitespace())));
    }
    Some((token, next))
}

fn end_of(text: &str, start: usize, addresses: bool) -> Option<usize> {
    let (mut at, mut end, mut depth) = (start, start, 0usize);
    while let Some((token, next)) = if addresses { token_or_address(text, at) } else { token(text, at) } {
        match token {
            Token::Newline if depth == 0 => return Some(end),
            Token::Space | Token::Newline | Token::Comment => {}
            other => {
                match other {
                    Token::Open(_) => depth += 1,
                    Token::Close(_) => depth = depth.checked_sub(1)?,
                    _ => {}
                }
                end = next;
            }
        }
        at = next;
    }
    (depth == 0).then_some(end)
}

/// Whether `text` holds nothing that would be compiled.
pub(crate) fn is_blank(text: &str) -> bool {
    let mut at = 0;
    while let Some((token, next)) = token(text, at) {
        if !matches!(token, Token::Space | Token::Newline | Token::Comment) {
            return false;
        }
        at = next;
    }
    true
}

/// Whether `name` stands in `text` as an identifier.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let mut at = 0;
    while let Some((token, next)) = token(text, at) {
        if token == Token::Word(name) {
            return true;
        }
        at = next;
    }
    false
}
