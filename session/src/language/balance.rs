//! What a cell has too few or too many of while it is typed: ends of brackets, strings and comments.

use super::lexis::{Piece, pieces};
use crate::text::Edit;

/// What has to be changed for all that a text opens to end in it, and for nothing to end that it has not opened; in order.
///
/// Braces hold a text together: `)` and `]` end nothing beyond one, and `}` ends what is open within it. What ends nothing
/// becomes a space.
pub fn mends(text: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut open = Vec::new();
    let mut ending = String::new();
    for (range, piece) in pieces(text) {
        // A comment of the last line would hide what follows.
        ending = if piece == Piece::Line { "\n".to_owned() } else { String::new() };
        match piece {
            Piece::Open(end) => ending = end,
            Piece::Sign(c) => bracket(c, range.start, &mut open, &mut edits),
            _ => {}
        }
    }
    if !open.is_empty() || !ending.trim().is_empty() {
        ending.extend(open.into_iter().rev());
        edits.push(Edit { at: text.len(), delete: 0, insert: ending.into() });
    }
    edits
}

/// Follows a bracket; `open` has the ends of those that are open.
fn bracket(c: char, at: usize, open: &mut Vec<char>, edits: &mut Vec<Edit>) {
    match c {
        '(' => open.push(')'),
        '[' => open.push(']'),
        '{' => open.push('}'),
        ')' | ']' | '}' => {
            let begun = open.iter().rposition(|end| *end == c);
            match begun.filter(|begun| c == '}' || !open[begun + 1..].contains(&'}')) {
                Some(begun) => {
                    let missing: String = open.drain(begun..).skip(1).rev().collect();
                    if !missing.is_empty() {
                        edits.push(Edit { at, delete: 0, insert: missing.into() });
                    }
                }
                None => edits.push(Edit { at, delete: 1, insert: " ".into() }),
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> String {
        let mut out = text.to_owned();
        for edit in mends(text).iter().rev() {
            out.replace_range(edit.at..edit.at + edit.delete, &edit.insert);
        }
        out
    }

    #[test]
    fn what_is_open_is_closed() {
        for (text, end) in [
            ("a.b(c)[0]; { }", ""),
            ("df![\n  \"x\" => a.iter().map(|(_, r)| r.", ")]"),
            ("println!(\"{}\", w.f", ")"),
            ("println!(\"a ( b", "\")"),
            ("f(\"a\\\"", "\")"),
            ("f(\"a\\\\\"", ")"),
            ("f(\"a\\", "\\\")"),
            ("f(r#\"a\" (", "\"#)"),
            ("f(br\"(\", \"(\"", ")"),
            ("for x in y { // see (b", "\n}"),
            ("let a = 1; // see (b", ""),
            ("f(\"http://x", "\")"),
            ("{ /* ( /* x */", "*/}"),
            ("f('(', '\\'', '\\\\', b'[', x::<'a>(", "))"),
            ("x: &'a str, (", ")"),
            ("let ü = ['ü', (", ")]"),
            ("'", ""),
            ("'\\", ""),
            ("'\\ü' (", ")"),
            ("\u{0}(", ")"),
            ("", ""),
        ] {
            assert_eq!(mended(text), format!("{text}{end}"));
        }
    }

    #[test]
    fn what_is_open_within_braces_ends_in_them() {
        for (text, whole) in [
            ("for x in y {\n    println!(\"{}\", x.\n}\nz", "for x in y {\n    println!(\"{}\", x.\n)}\nz"),
            ("if a { f(g[0, } else { b }", "if a { f(g[0, ])} else { b }"),
            ("f(|x| { x) ; })", "f(|x| { x  ; })"),
            ("f([a)", "f([a])"),
        ] {
            assert_eq!(mended(text), whole);
        }
    }

    #[test]
    fn what_nothing_opened_ends_nothing() {
        for (text, whole) in [("}}) (", "    ()"), ("let a = b(c)); d", "let a = b(c) ; d"), ("a }\nb", "a  \nb")] {
            assert_eq!(mended(text), whole);
        }
    }

    #[test]
    fn what_is_mended_is_whole() {
        for text in ["f(g[{\"a\", 'b', r##\"(\"##", "/* a /* b", "x.map(|a| { a + \"", "m!{ [ ( // x", "}](){[(}])}"] {
            assert_eq!(mends(&mended(text)), [], "{text}");
        }
    }
}
