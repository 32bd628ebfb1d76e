//! Whether what was typed is a whole cell: brackets and quotes closed, the body of a cell magic ended by an empty line.

/// Whether the text needs more lines.
pub fn is_incomplete(text: &str) -> bool {
    if text.trim_start().starts_with("%%") {
        // A body of another language has brackets of its own; an empty line ends it.
        let has_body = text.trim().contains('\n');
        let last = text.rsplit('\n').next().unwrap_or("");
        let whole = has_body && last.trim().is_empty();
        return !whole && !is_single_line_help(text);
    }
    if text.trim_start().starts_with(['%', '!', ':']) {
        return text.trim_end().ends_with('\\');
    }
    Scan::new(text).ends_open()
}

/// `%%name?` asks for help and has no body.
fn is_single_line_help(text: &str) -> bool {
    text.trim().ends_with('?') && text.trim().lines().count() == 1
}

/// A walk over Rust text that knows strings, characters, comments and brackets.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    depth: i64,
    open: bool,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Scan<'a> {
        Scan { text: text.as_bytes(), at: 0, depth: 0, open: false }
    }

    /// Whether a bracket, string or comment is not closed.
    fn ends_open(mut self) -> bool {
        while self.at < self.text.len() && !self.open {
            self.step();
        }
        self.open || self.depth > 0
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (b'/', b'/') => self.skip_until(|scan| scan.peek(0) == b'\n'),
            (b'/', b'*') => self.block_comment(),
            (b'"', _) => self.string(),
            (b'r', b'"' | b'#') if !self.after_name() => self.raw_string(),
            (b'\'', _) => self.quote(),
            (b'(' | b'[' | b'{', _) => self.depth += 1,
            (b')' | b']' | b'}', _) => self.depth -= 1,
            _ => {}
        }
        self.at += 1;
    }

    /// Whether the byte before belongs to a name, so that `r"` is no raw string (`br"` is one).
    fn after_name(&self) -> bool {
        let before = self.text[..self.at].iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        before > 1 || (before == 1 && !matches!(self.text[self.at - 1], b'b' | b'c'))
    }

    fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        while self.at < self.text.len() && !stop(self) {
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') if depth == 1 => {
                    self.at += 1;
                    return;
                }
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
        }
        self.open = true;
    }

    fn string(&mut self) {
        self.at += 1;
        while self.at < self.text.len() {
            match self.peek(0) {
                b'\\' => self.at += 2,
                b'"' => return,
                _ => self.at += 1,
            }
        }
        self.open = true;
    }

    fn raw_string(&mut self) {
        let hashes = self.text[self.at + 1..].iter().take_while(|b| **b == b'#').count();
        // `r#name` is a raw identifier.
        if self.peek(1 + hashes) != b'"' {
            return;
        }
        self.at += 2 + hashes;
        let closed = |scan: &Self| scan.peek(0) == b'"' && (1..=hashes).all(|n| scan.peek(n) == b'#');
        self.skip_until(closed);
        self.open = self.at >= self.text.len();
        self.at += hashes;
    }

    /// A character or a lifetime; neither spans lines.
    fn quote(&mut self) {
        if self.peek(1) == b'\\' {
            self.at += 3;
            self.skip_until(|scan| matches!(scan.peek(0), b'\'' | b'\n'));
            return;
        }
        let rest = std::str::from_utf8(&self.text[self.at + 1..]).unwrap_or("");
        let mut chars = rest.chars();
        if let (Some(c), Some('\'')) = (chars.next(), chars.next()) {
            self.at += c.len_utf8() + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_incomplete;

    #[test]
    fn open_brackets_and_quotes_go_on() {
        for text in
            ["fn f() {", "let s = \"a", "df![", "r#\"a\"", "/* a /* b */", "%%bash\nls", "%%bash", "!ls \\", "f(')'"]
        {
            assert!(is_incomplete(text), "{text}");
        }
    }

    #[test]
    fn closed_text_is_whole() {
        for text in [
            "1 + 1",
            "fn f() {}",
            "let c = '{';",
            "fn f<'a>(x: &'a str) {}",
            "\"a \\\" b\"",
            "r#\"a \" ( b\"#",
            "let r#fn = 1;",
            "// {",
            "/* { */ 1",
            "'\\''",
            "'ä'",
            "1 }",
            "%%bash\nls\n",
            "%%bash\nls\n\nls\n",
            "%%time?",
            "%time (1",
        ] {
            assert!(!is_incomplete(text), "{text}");
        }
    }
}
