//! Rust text in pieces, as far as its brackets and the names of its items tell: no parser reads what is still being typed.

use std::ops::Range;

/// A piece of Rust text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A comment, a string or a character that ends, or a lifetime's quote.
    Whole,
    /// A comment up to the end of its line.
    Line,
    /// A comment or a string that the text does not end, and what would end it.
    Open(String),
    /// A name, a keyword or a number.
    Word(&'a str),
    /// Any other character.
    Sign(char),
}

/// The pieces of a text with their bytes, without gaps.
pub fn pieces(text: &str) -> impl Iterator<Item = (Range<usize>, Piece<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let (length, piece) = piece(rest, rest.chars().next()?);
        at += length;
        Some((at - length..at, piece))
    })
}

fn piece(rest: &str, first: char) -> (usize, Piece<'_>) {
    match first {
        '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), Piece::Line),
        '/' if rest.starts_with("/*") => comment(rest),
        '"' => string(rest),
        '\'' => (quoted(rest), Piece::Whole),
        c if is_word(c) => {
            let word = &rest[..rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())];
            let raw = if ["r", "br", "cr"].contains(&word) { raw_string(rest, word.len()) } else { None };
            raw.unwrap_or((word.len(), Piece::Word(word)))
        }
        c => (c.len_utf8(), Piece::Sign(c)),
    }
}

/// A comment, which may have others in it.
fn comment(text: &str) -> (usize, Piece<'_>) {
    let (mut depth, mut at) = (0usize, 0);
    let bytes = text.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return (at, Piece::Whole);
        }
    }
    (text.len(), Piece::Open("*/".repeat(depth)))
}

fn string(text: &str) -> (usize, Piece<'_>) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return (at + 1, Piece::Whole),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text.len(), Piece::Open(if escaped { "\\\"" } else { "\"" }.to_owned()))
}

/// A string without escapes, whose fences begin at a byte; nothing if none does.
fn raw_string(text: &str, prefix: usize) -> Option<(usize, Piece<'_>)> {
    let fences = text[prefix..].len() - text[prefix..].trim_start_matches('#').len();
    let inner = text[prefix + fences..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(fences));
    Some(match inner.find(&end) {
        Some(at) => (text.len() - inner.len() + at + end.len(), Piece::Whole),
        None => (text.len(), Piece::Open(end)),
    })
}

/// The length of a character, or of the quote that begins a lifetime.
fn quoted(text: &str) -> usize {
    let mut letters = text[1..].char_indices();
    let is_escaped = |c: char| c.is_ascii_hexdigit() || ['{', '}', '_', '\''].contains(&c);
    match letters.next() {
        Some((_, '\\')) => {
            let mut escaped = letters.skip(1).take_while(|(_, c)| is_escaped(*c));
            escaped.find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 2)
        }
        Some(_) => letters.next().filter(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 2),
        None => 1,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Keywords that an item's name follows.
const ITEMS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static"];

/// The names that a text gives to items, outside of all brackets. A parameter that is a constant may be among them.
pub fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    let mut before = "";
    pieces(text).filter_map(move |(_, piece)| {
        match piece {
            Piece::Sign('(' | '[' | '{') => depth += 1,
            Piece::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Piece::Word("mut") => return None,
            Piece::Word(word) => {
                let is_named = depth == 0 && ITEMS.contains(&before) && !ITEMS.contains(&word);
                before = word;
                return is_named.then_some(word);
            }
            Piece::Sign(c) if c.is_whitespace() => return None,
            _ => {}
        }
        before = "";
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_pieces() {
        use Piece::{Line, Open, Sign, Whole, Word};
        let open = |end: &str| Open(end.to_owned());
        for (text, expected) in [
            ("a.b", vec![Word("a"), Sign('.'), Word("b")]),
            ("'a' 'b", vec![Whole, Sign(' '), Whole, Word("b")]),
            ("// x\n\"", vec![Line, Sign('\n'), open("\"")]),
            ("r#\"\"#r#fn", vec![Whole, Word("r"), Sign('#'), Word("fn")]),
            ("br\"(", vec![open("\"")]),
            ("cr##\"(\"#", vec![open("\"##")]),
            ("/* /* */", vec![open("*/")]),
            ("'\\u{1F980}'", vec![Whole]),
            // One that does not end hides nothing that follows it.
            ("'\\(a ( b; 'c'", {
                let words = [Word("a"), Sign(' '), Sign('('), Sign(' '), Word("b"), Sign(';'), Sign(' '), Whole];
                [Whole, Sign('\\'), Sign('(')].into_iter().chain(words).collect()
            }),
            ("ü\u{0}", vec![Word("ü"), Sign('\u{0}')]),
        ] {
            assert_eq!(pieces(text).map(|(_, piece)| piece).collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(pieces(text).map(|(range, _)| &text[range]).collect::<String>(), text);
        }
    }

    #[test]
    fn items_are_told_by_their_keywords() {
        let text = "pub const fn f() { fn inner() {} }\nstatic mut N: i32 = 0; let g: fn(i32) = f;\n\
                    struct S<T>(T); // fn no\nunsafe impl<T> Send for S<T> {} type\n  A = u8; \"mod no\"; a.union.b";
        assert_eq!(items(text).collect::<Vec<_>>(), ["f", "N", "S", "A"]);
    }
}
