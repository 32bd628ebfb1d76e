//! Whether what was typed is a whole cell: by Rust's grammar, and by what magics take.

use crate::view::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_magics::split::{Kind, Names as _, Piece, Style, split};
use ironbook_session::is_too_deep;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Block, Stmt};

/// One level of brackets.
const INDENT: &str = "    ";

/// Whether a text is a whole cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run.
    Complete,
    /// More must follow; the next line begins with this indent.
    Incomplete {
        /// Spaces.
        indent: String,
    },
    /// No text after it can make it right.
    Invalid,
}

/// Whether the text is a whole cell.
pub fn completeness(view: &View, text: &str) -> Completeness {
    let pieces = split(text, view);
    let Some(last) = pieces.last() else { return Completeness::Complete };
    match &last.kind {
        Kind::Cell { .. } => return body(text, last),
        Kind::Help { .. } if pieces.len() == 1 => return Completeness::Complete,
        Kind::Line { .. } | Kind::Shell { .. } | Kind::Colon { .. } if is_continued(text, last) => {
            return incomplete(0);
        }
        _ => {}
    }
    let rust: Vec<&Piece> = pieces.iter().filter(|piece| piece.kind == Kind::Rust).collect();
    let code: Vec<&str> = rust.iter().map(|piece| &text[piece.range.clone()]).collect();
    match brackets(&code.concat()) {
        Brackets::Wrong => Completeness::Invalid,
        // A magic of the user's text may stand between.
        Brackets::Open(depth) => incomplete(depth),
        Brackets::OpenText => incomplete(0),
        Brackets::Closed => match unclosed_magic(view, text, last) {
            Some(depth) => incomplete(depth),
            None => grammar(view, text, last),
        },
    }
}

/// Whether a magic reads the lines below it as Rust.
pub fn is_code(view: &View, magic: &str) -> bool {
    matches!(view.style(magic), Some(Style::Code | Style::Body))
}

fn incomplete(depth: usize) -> Completeness {
    Completeness::Incomplete { indent: INDENT.repeat(depth) }
}

/// Whether a backslash at the end continues the line.
fn is_continued(text: &str, last: &Piece) -> bool {
    text[last.range.clone()].ends_with('\\') && text[last.range.end..].trim().is_empty()
}

/// The body of a cell magic has brackets of its own; an empty line ends it.
fn body(text: &str, piece: &Piece) -> Completeness {
    let has_body = text[piece.range.clone()].trim().contains('\n');
    let last = text.rsplit('\n').next().unwrap_or("");
    if has_body && last.trim().is_empty() { Completeness::Complete } else { incomplete(0) }
}

/// How deep the brackets in a magic's code are still open: `%time f(`.
fn unclosed_magic(view: &View, text: &str, last: &Piece) -> Option<usize> {
    let Kind::Line { name, args, .. } = &last.kind else { return None };
    if !view.holds_code(name) {
        return None;
    }
    match brackets(&text[args.start..]) {
        Brackets::Open(depth) => Some(depth),
        Brackets::OpenText => Some(0),
        _ => None,
    }
}

enum Brackets {
    Closed,
    /// So many are open.
    Open(usize),
    /// A string or comment is.
    OpenText,
    /// One closes what another opened, or nothing.
    Wrong,
}

fn brackets(code: &str) -> Brackets {
    let mut open = Vec::new();
    let mut at = 0;
    while let Some((token, next)) = lexer::token(code, at) {
        let text = &code[at..next];
        match token {
            Token::Open(bracket) => open.push(bracket),
            Token::Close(bracket) => {
                let opened = open.pop();
                if opened != Some(partner(bracket)) {
                    return Brackets::Wrong;
                }
            }
            Token::Literal if crate::code::open_string(text).is_some() => return Brackets::OpenText,
            Token::Comment if text.starts_with("/*") && is_open_comment(text) => return Brackets::OpenText,
            _ => {}
        }
        at = next;
    }
    if open.is_empty() { Brackets::Closed } else { Brackets::Open(open.len()) }
}

fn partner(close: char) -> char {
    match close {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

fn is_open_comment(text: &str) -> bool {
    // Each opening and closing sign counts, as the lexer counted them.
    let (mut depth, mut at) = (0i64, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
    }
    depth != 0
}

/// Whether the Rust is a sequence of statements and items, with magics taken out.
fn grammar(view: &View, text: &str, last: &Piece) -> Completeness {
    let code = view_of_statements(view, text);
    if is_too_deep(&code) {
        return Completeness::Invalid;
    }
    // What follows a magic cannot finish what stands before it.
    let at_end = last.kind == Kind::Rust;
    match parse(&code) {
        Ok(statements) if statements.last().is_some_and(lacks_body) => incomplete(0),
        Ok(_) => Completeness::Complete,
        // The end of the text is the one place without a span.
        Err(error) if at_end && error.span().byte_range() == (0..0) => {
            match error.to_string().starts_with("expected `;`") {
                true => Completeness::Complete, // the compiler then says so
                false => incomplete(usize::from(goes_on(&code))),
            }
        }
        Err(_) => Completeness::Invalid,
    }
}

/// The Rust with an empty statement in the place of each magic.
fn view_of_statements(view: &View, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in split(text, view) {
        match piece.kind {
            Kind::Rust => out.push_str(&text[piece.range]),
            _ => out.push_str(";\n"),
        }
    }
    out
}

fn parse(code: &str) -> syn::Result<Vec<Stmt>> {
    let body = |input: ParseStream| {
        input.call(Attribute::parse_inner)?;
        input.call(Block::parse_within)
    };
    body.parse_str(code)
}

/// `fn f()` and `fn f();` are taken for text that is not understood; `struct Foo` mostly goes on.
fn lacks_body(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Item(syn::Item::Verbatim(_)))
}

/// Whether the last line ends within an expression, so that the next one is indented.
fn goes_on(code: &str) -> bool {
    let toks = crate::code::tokens(code);
    matches!(
        toks.last().map(|tok| &tok.token),
        Some(Token::Punct('=' | '+' | '-' | '*' | '/' | '.' | '&' | '|' | '<' | '%'))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Completeness {
        completeness(&View::default(), text)
    }

    #[test]
    fn open_text_goes_on() {
        for (text, depth) in [
            ("fn f() {", 1),
            ("let s = \"a", 0),
            ("df![", 1),
            ("r#\"a\"", 0),
            ("/* a /* b */", 0),
            ("%%bash\nls", 0),
            ("%%bash", 0),
            ("!ls \\", 0),
            ("%cd a\\", 0),
            ("f(')'", 1),
            ("fn f() {\n    if a {", 2),
            ("fn f() {\n    g(1, [2,", 3),
            ("1 +", 1),
            ("let x =", 1),
            ("df.lazy().", 1),
            ("x as", 0),
            ("fn f()", 0),
            ("fn f() -> u8", 0),
            ("#[derive(Debug)]", 0),
            ("/// Doc.", 0),
            ("impl Foo", 0),
            ("struct Foo", 0),
            ("if a { b } else", 0),
            ("if a", 0),
            ("for x in 0..3", 0),
            ("match x", 0),
            ("%time f(", 1),
            ("%cd a\nfn f(", 1),
            ("let f = |x|", 1),
            ("&", 1),
        ] {
            assert_eq!(of(text), Completeness::Incomplete { indent: INDENT.repeat(depth) }, "{text}");
        }
    }

    #[test]
    fn closed_text_is_whole() {
        for text in [
            "",
            "  \n",
            "1 + 1",
            "fn f() {}",
            "let c = '{';",
            "let c = 1",
            "use std::fs",
            "fn f<'a>(x: &'a str) {}",
            "\"a \\\" b\"",
            "r#\"a \" ( b\"#",
            "let r#fn = 1;",
            "// {",
            "/* { */ 1",
            "'\\''",
            "'ä'",
            "%%bash\nls\n",
            "%%bash\nls\n\nls\n",
            "%%time?",
            "%cd it's",
            "%time f(1)",
            "let a = 1;\n%time a + 1\na",
            "df?",
            "?df",
            "%time?",
            "for i in 0..2 {\n    %timeit f(i)\n}",
            "struct Foo;",
            "x?;",
            "macro_rules! m { () => {} }",
            "!ls",
        ] {
            assert_eq!(of(text), Completeness::Complete, "{text}");
        }
    }

    #[test]
    fn wrong_text_stays_wrong() {
        for text in ["1 }", "f(]", "let let x = 1;", "fn 1() {}", "a b c;", "f(1 +)", "else { 1 }"] {
            assert_eq!(of(text), Completeness::Invalid, "{text}");
        }
    }
}
