//! How far one token reaches.

use crate::theme::Role;

/// Rust's words.
pub const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self",
    "static", "struct", "super", "trait", "true", "type", "union", "unsafe", "use", "where", "while", "yield",
];

/// Types that begin with a small letter.
pub const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

/// How a string begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Bytes to the quote and with it.
    length: usize,
    /// The number of `#`, for a raw string.
    raw: Option<usize>,
}

/// Whether a character begins a word.
pub fn starts_word(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Bytes of the word at the beginning.
pub fn word(text: &str) -> usize {
    text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len())
}

/// Bytes of the number at the beginning: `0xff_u8`, `1.5e-3`, `1_000`; `1..2` is the number 1.
pub fn number(text: &str) -> usize {
    let mut at = word(text);
    let based = text.starts_with("0x") || text.starts_with("0b") || text.starts_with("0o");
    if based {
        return at;
    }
    let rest = &text[at..];
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let ends = |text: &str| !text.starts_with(|c: char| c == '.' || starts_word(c));
    if let Some(fraction) = rest.strip_prefix('.')
        && (digit(fraction) || ends(fraction))
    {
        at += 1 + word(fraction);
    }
    if text[..at].ends_with(['e', 'E'])
        && let Some(exponent) = text[at..].strip_prefix(['-', '+'])
        && digit(exponent)
    {
        at += 1 + word(exponent);
    }
    at
}

/// How the string at the beginning begins, if there is one: `"`, `b"`, `c"`, `r"`, `br#"`.
pub fn string_prefix(text: &str) -> Option<Prefix> {
    let letters = text.len() - text.trim_start_matches(['b', 'c', 'r']).len();
    if letters > 2 || !matches!(&text[..letters], "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    let rest = &text[letters..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if !rest[hashes..].starts_with('"') {
        return None;
    }
    match text[..letters].ends_with('r') {
        true => Some(Prefix { length: letters + hashes + 1, raw: Some(hashes) }),
        false if hashes == 0 => Some(Prefix { length: letters + 1, raw: None }),
        false => None,
    }
}

/// Bytes of the whole string at the beginning, if it ends.
pub fn string_end(text: &str, prefix: Prefix) -> Option<usize> {
    let inside = text.get(prefix.length..)?;
    if let Some(hashes) = prefix.raw {
        let end = format!("\"{}", "#".repeat(hashes));
        return inside.find(&end).map(|at| prefix.length + at + end.len());
    }
    let mut bytes = inside.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return Some(prefix.length + at + 1),
            _ => {}
        }
    }
    None
}

/// Bytes of the block comment at the beginning, if it ends; they nest.
pub fn block_comment(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// What begins with `'`: a character or a lifetime.
pub fn quote(text: &str) -> (usize, Role) {
    let mut chars = text.char_indices().skip(1);
    let Some((_, first)) = chars.next() else { return (1, Role::Text) };
    if first == '\\' {
        let line = text.split('\n').next().unwrap_or("");
        // After the escaped character, which may be a quote.
        let from = chars.next().map_or(line.len(), |(at, c)| at + c.len_utf8()).min(line.len());
        let end = line[from..].find('\'').map_or(line.len(), |at| from + at + 1);
        return (end, Role::Text);
    }
    if let Some((at, '\'')) = chars.next()
        && first != '\n'
    {
        return (at + 1, Role::Text);
    }
    if starts_word(first) { (1 + word(&text[1..]), Role::Lifetime) } else { (1, Role::Text) }
}

/// Bytes of the attribute at the beginning; one that is not closed reaches to the end of its line.
pub fn attribute(text: &str) -> Option<usize> {
    let open = if text.starts_with("#![") { 3 } else { 2 };
    if open == 2 && !text.starts_with("#[") {
        return None;
    }
    let mut depth = 1_usize;
    for (at, c) in text[open..].char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '\n' => return Some(open + at),
            _ => {}
        }
        if depth == 0 {
            return Some(open + at + 1);
        }
    }
    Some(text.len())
}
