//! Which lines of Rust code begin inside of a literal or comment.

/// What the scanner is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Code,
    Text,
    /// A raw string that ends with so many `#`.
    Raw(usize),
    LineComment,
    /// A comment that is this deep.
    Comment(usize),
}

/// For each line, whether it begins outside of literals and comments.
pub(super) fn starts_outside(text: &str) -> Vec<bool> {
    let bytes = text.as_bytes();
    let mut state = In::Code;
    let mut out = vec![true];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let (next, length) = step(state, rest, before);
        state = next;
        for byte in &rest[..length.min(rest.len())] {
            if *byte == b'\n' {
                out.push(state == In::Code);
            }
        }
        at += length;
    }
    out
}

/// The state after the piece that comes next, and the length of the piece.
fn step(state: In, rest: &[u8], before: Option<u8>) -> (In, usize) {
    match state {
        In::Code => code(rest, before),
        In::Text if rest[0] == b'\\' => (In::Text, 2),
        In::Text if rest[0] == b'"' => (In::Code, 1),
        In::Raw(hashes) if rest[0] == b'"' && count(&rest[1..]) >= hashes => (In::Code, 1 + hashes),
        In::LineComment if rest[0] == b'\n' => (In::Code, 1),
        In::Comment(deep) if rest.starts_with(b"/*") => (In::Comment(deep + 1), 2),
        In::Comment(1) if rest.starts_with(b"*/") => (In::Code, 2),
        In::Comment(deep) if rest.starts_with(b"*/") => (In::Comment(deep - 1), 2),
        same => (same, 1),
    }
}

fn code(rest: &[u8], before: Option<u8>) -> (In, usize) {
    if rest.starts_with(b"//") {
        return (In::LineComment, 2);
    }
    if rest.starts_with(b"/*") {
        return (In::Comment(1), 2);
    }
    match rest[0] {
        b'"' => (In::Text, 1),
        b'r' if !before
            .is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric() && byte != b'b' && byte != b'c') =>
        {
            let hashes = count(&rest[1..]);
            if rest.get(1 + hashes) == Some(&b'"') { (In::Raw(hashes), 2 + hashes) } else { (In::Code, 1) }
        }
        // A character, not a lifetime.
        b'\'' if rest.get(1) == Some(&b'\\') => {
            let end = rest.iter().skip(3).position(|byte| *byte == b'\'');
            (In::Code, end.map_or(1, |end| end + 4))
        }
        b'\'' if rest.get(2) == Some(&b'\'') => (In::Code, 3),
        _ => (In::Code, 1),
    }
}

fn count(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == b'#').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_seen() {
        let lines = [
            ("let a = \"number\"; let b: &'a str = '\"';", true),
            ("let c = r#\"x\"", true),
            ("}\"#; /* a /* b */", false),
            ("*/ let d = \"\\\"", false),
            ("\"; // \"", false),
            ("let e = b'\\''; let f = br\"", true),
            ("\"; var\"", false),
            ("\";", false),
            ("}", true),
        ];
        let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
        let found = starts_outside(&text);
        for (at, (line, outside)) in lines.iter().enumerate() {
            assert_eq!(found[at], *outside, "{line}");
        }
    }
}
