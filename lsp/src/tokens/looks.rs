//! Words of a cell by their looks: magics with their options, JSON, and Rust as far as its grammar shows it.

use super::Word;
use ironbook_assist::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_magics::split::{Kind, split};
use std::ops::Range;

/// The words of a cell.
#[derive(Debug, Default)]
pub struct Words {
    /// Those of magics.
    pub magic: Vec<Word>,
    /// Those of Rust.
    pub rust: Vec<Word>,
}

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "type", "union", "unsafe", "use", "where", "while",
];
const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8",
    "usize",
];

/// The words of a cell.
pub fn words(text: &str, view: &View) -> Words {
    let mut words = Words::default();
    let code = view.rust_of(text);
    rust(&code, &mut words.rust);
    for piece in split(text, view) {
        let own = piece.range.clone();
        match piece.kind {
            Kind::Rust => {}
            Kind::Line { name, args, .. } | Kind::Colon { name, args } => {
                head(text, own.start, &name, &mut words.magic);
                arguments(text, &code, args, &mut words.magic);
            }
            Kind::Cell { name, args, body } => {
                head(text, own.start, &name, &mut words.magic);
                arguments(text, &code, args, &mut words.magic);
                let is_rust = code.get(body.clone()).is_some_and(|code| !code.trim().is_empty());
                if !is_rust && text[body.clone()].trim_start().starts_with(['{', '[']) {
                    json(text, body, &mut words.magic);
                }
            }
            Kind::Shell { command } => {
                words.magic.push(Word::new(own.start..command.start.min(own.start + 1), "operator"));
                arguments(text, &code, command, &mut words.magic);
            }
            Kind::Help { .. } => help(text, own, &mut words.magic),
        }
    }
    words.magic.retain(|word| !word.range.is_empty());
    words
}

/// `%name` or `%%name`.
fn head(text: &str, start: usize, name: &str, words: &mut Vec<Word>) {
    let indent = text[start..].len() - text[start..].trim_start().len();
    let signs = text[start + indent..].find(name).unwrap_or(0);
    words.push(Word::new(start + indent..start + indent + signs + name.len(), "macro"));
}

fn help(text: &str, range: Range<usize>, words: &mut Vec<Word>) {
    for (at, sign) in text[range.clone()].match_indices(['?', '%']) {
        words.push(Word::new(range.start + at..range.start + at + sign.len(), "operator"));
    }
}

/// Options, strings and numbers among a magic's words, but for what is Rust.
fn arguments(text: &str, code: &str, args: Range<usize>, words: &mut Vec<Word>) {
    let mut at = args.start;
    while at < args.end {
        let rest = &text[at..args.end];
        let space = rest.len() - rest.trim_start().len();
        if space > 0 {
            at += space;
            continue;
        }
        let length = match rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let is_rust = code.get(at..at + length).is_none_or(|code| !code.trim().is_empty());
        if !is_rust {
            words.extend(argument(&rest[..length], at));
        }
        at += length;
    }
}

fn argument(word: &str, at: usize) -> Vec<Word> {
    let whole = |kind| vec![Word::new(at..at + word.len(), kind)];
    if word.starts_with(['"', '\'']) {
        return whole("string");
    }
    if word.starts_with("--") || word.starts_with('-') && word[1..].starts_with(char::is_alphabetic) {
        let name = word.find('=').unwrap_or(word.len());
        let mut words = vec![Word::new(at..at + name, "parameter")];
        if name < word.len() {
            words.extend(argument(&word[name + 1..], at + name + 1));
        }
        return words;
    }
    if word.parse::<f64>().is_ok() { whole("number") } else { Vec::new() }
}

/// Names, strings, numbers and constants of JSON.
fn json(text: &str, range: Range<usize>, words: &mut Vec<Word>) {
    let text = &text[..range.end];
    let mut at = range.start;
    while let Some((token, next)) = lexer::token(text, at) {
        let own = &text[at..next];
        let is_name = || text[next..].trim_start().starts_with(':');
        let kind = match token {
            Token::Literal if own.starts_with('"') => Some(if is_name() { "property" } else { "string" }),
            Token::Literal => Some("number"),
            Token::Word("true" | "false" | "null") => Some("keyword"),
            _ => None,
        };
        words.extend(kind.map(|kind| Word::new(at..next, kind)));
        at = next;
    }
}

fn rust(code: &str, words: &mut Vec<Word>) {
    // The word or sign before.
    let mut before = "";
    let mut at = 0;
    while let Some((token, next)) = lexer::token(code, at) {
        let own = &code[at..next];
        let found = match token {
            Token::Space | Token::Newline => None,
            Token::Comment => Some(Word::new(at..next, "comment")),
            Token::Literal => Some(Word::new(at..next, literal(own))),
            Token::Word(word) => Some(name(at..next, word, before, &code[next..])),
            Token::Open(_) | Token::Close(_) | Token::Punct(_) => None,
        };
        words.extend(found);
        if !matches!(token, Token::Space | Token::Newline | Token::Comment) {
            before = own;
        }
        at = next;
    }
}

fn literal(text: &str) -> &'static str {
    match text.as_bytes() {
        [b'0'..=b'9', ..] => "number",
        [b'\'', inner @ ..] if !inner.ends_with(b"'") => "label",
        _ => "string",
    }
}

fn name(range: Range<usize>, word: &str, before: &str, after: &str) -> Word {
    if KEYWORDS.contains(&word) {
        return Word::new(range, "keyword");
    }
    let declared = match before {
        "fn" => Some("function"),
        "struct" | "union" => Some("struct"),
        "enum" => Some("enum"),
        "trait" => Some("interface"),
        "type" => Some("type"),
        "mod" => Some("namespace"),
        "let" | "mut" | "for" => Some("variable"),
        _ => None,
    };
    if let Some(kind) = declared.filter(|_| !after.trim_start().starts_with('(') || before == "fn") {
        return Word::new(range, kind).declared();
    }
    let after = after.trim_start();
    let is_type = PRIMITIVES.contains(&word) || word.starts_with(char::is_uppercase);
    let kind = match () {
        () if after.starts_with('!') && !after.starts_with("!=") => "macro",
        () if before == "." && after.starts_with(['(']) => "method",
        () if before == "." && after.starts_with("::<") => "method",
        () if before == "." => "property",
        () if is_type => "type",
        () if after.starts_with("::") && !after.starts_with("::<") => "namespace",
        () if after.starts_with('(') => "function",
        () => "variable",
    };
    Word::new(range, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, &'static str)> {
        let words = words(text, &View::default());
        let mut all: Vec<Word> = words.magic.into_iter().chain(words.rust).collect();
        all.sort_by_key(|word| word.range.start);
        all.into_iter().map(|word| (text[word.range.clone()].to_owned(), word.kind)).collect()
    }

    fn check(text: &str, wanted: &[(&str, &str)]) {
        let told = told(text);
        let told: Vec<(&str, &str)> = told.iter().map(|(text, kind)| (text.as_str(), *kind)).collect();
        assert_eq!(told, wanted, "{text}");
    }

    #[test]
    fn rust_is_told_by_its_looks() {
        check(
            "let ü = std::fs::read(\"a\")?; // b",
            &[
                ("let", "keyword"),
                ("ü", "variable"),
                ("std", "namespace"),
                ("fs", "namespace"),
                ("read", "function"),
                ("\"a\"", "string"),
                ("// b", "comment"),
            ],
        );
        check(
            "x.f(1).g; vec![S]",
            &[("x", "variable"), ("f", "method"), ("1", "number"), ("g", "property"), ("vec", "macro"), ("S", "type")],
        );
        check("'a: loop {}", &[("'a", "label"), ("loop", "keyword")]);
    }

    #[test]
    fn magics_have_names_options_and_rust() {
        check(
            "%timeit -n 3 f(x)",
            &[("%timeit", "macro"), ("-n", "parameter"), ("3", "number"), ("f", "function"), ("x", "variable")],
        );
        check("%%time\nlet a = 1;", &[("%%time", "macro"), ("let", "keyword"), ("a", "variable"), ("1", "number")]);
        check("%%bash\nls 5", &[("%%bash", "macro")]);
        check("!ls --all=\"x\"", &[("!", "operator"), ("--all", "parameter"), ("\"x\"", "string")]);
        check("a?", &[("?", "operator")]);
    }

    #[test]
    fn json_is_no_rust() {
        let mut words = Vec::new();
        let text = "{\"a\": [1, \"b\", true]}";
        json(text, 0..text.len(), &mut words);
        let told: Vec<(&str, &str)> = words.iter().map(|word| (&text[word.range.clone()], word.kind)).collect();
        assert_eq!(told, [("\"a\"", "property"), ("1", "number"), ("\"b\"", "string"), ("true", "keyword")]);
    }
}
