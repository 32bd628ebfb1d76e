//! What a cell leaves open while it is typed: brackets, a string, a comment.

/// What has to be written behind Rust text for all that it opened to be closed. Brackets that nothing opened are passed over.
pub fn closing(text: &str) -> String {
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            '/' if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => comment(rest, &mut open),
            '"' => string(rest, &mut open),
            'r' if !follows_name(text, at) => raw_string(rest, &mut open),
            '\'' => Some(quoted(rest)),
            _ => {
                bracket(c, &mut open);
                Some(c.len_utf8())
            }
        };
        let Some(length) = length else { break };
        at += length;
    }
    // A comment of the last line would hide what follows.
    let line = if text.lines().last().is_some_and(|line| line.contains("//")) { "\n" } else { "" };
    if open.is_empty() { String::new() } else { line.to_owned() + &open.into_iter().rev().collect::<String>() }
}

fn bracket(c: char, open: &mut Vec<String>) {
    match c {
        '(' => open.push(")".to_owned()),
        '[' => open.push("]".to_owned()),
        '{' => open.push("}".to_owned()),
        ')' | ']' | '}' if open.last().is_some_and(|last| last.starts_with(c)) => {
            open.pop();
        }
        _ => {}
    }
}

/// The length of a comment, which may have others in it; none if it does not end.
fn comment(text: &str, open: &mut Vec<String>) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    let bytes = text.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    open.push("*/".repeat(depth));
    None
}

fn string(text: &str, open: &mut Vec<String>) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return Some(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    open.push(if escaped { "\\\"" } else { "\"" }.to_owned());
    None
}

/// The length of `r"..."` with its fences, or of the `r` alone.
fn raw_string(text: &str, open: &mut Vec<String>) -> Option<usize> {
    let fences = text[1..].len() - text[1..].trim_start_matches('#').len();
    let Some(inner) = text[1 + fences..].strip_prefix('"') else { return Some(1) };
    let end = format!("\"{}", "#".repeat(fences));
    match inner.find(&end) {
        Some(at) => Some(text.len() - inner.len() + at + end.len()),
        None => {
            open.push(end);
            None
        }
    }
}

/// The length of a character, or of the quote that begins a lifetime.
fn quoted(text: &str) -> usize {
    let mut letters = text[1..].char_indices();
    match letters.next() {
        Some((_, '\\')) => letters.skip(1).find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 2),
        Some(_) => letters.next().filter(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 2),
        None => 1,
    }
}

/// Whether a letter belongs to a longer word; the `b` of byte strings does not count.
fn follows_name(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let before = before.strip_suffix('b').filter(|rest| !rest.ends_with(is_word)).unwrap_or(before);
    before.ends_with(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("{ /* ( /* x */", "*/}"),
            ("f('(', '\\'', '\\\\', b'[', x::<'a>(", "))"),
            ("x: &'a str, (", ")"),
            ("}}) (", ")"),
            ("let ü = ['ü', (", ")]"),
            ("'", ""),
            ("'\\", ""),
            ("'\\ü' (", ")"),
            ("\u{0}(", ")"),
            ("", ""),
        ] {
            assert_eq!(closing(text), end, "{text}");
        }
    }

    #[test]
    fn what_is_closed_is_whole() {
        for text in ["f(g[{\"a\", 'b', r##\"(\"##", "/* a /* b", "x.map(|a| { a + \"", "m!{ [ ( // x"] {
            assert_eq!(closing(&format!("{text}{}", closing(text))), "", "{text}");
        }
    }
}
