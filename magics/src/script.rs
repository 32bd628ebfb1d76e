//! Scripts in percent format: Rust files whose cells are split at `// %%`, magics plain or behind `// `.

use serde_json::Value;

/// A cell of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptCell {
    /// What it holds.
    pub kind: CellKind,
    /// The words behind `// %%`.
    pub title: Option<String>,
    /// Its tags; a cell titled `parameters` has that tag.
    pub tags: Vec<String>,
    /// Its text, without the comment marks of magics and of markdown, and without empty lines around it.
    pub source: String,
    /// The line of the file on which the text begins, from 1.
    pub line: usize,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Rust and magics.
    Code,
    /// Text.
    Markdown,
    /// Neither.
    Raw,
}

/// Reads a script; every Rust file is one. A heading of comments alone before the first marker is no cell.
pub fn parse(text: &str) -> Vec<ScriptCell> {
    let mut cells = Vec::new();
    let mut header = Header::default();
    let mut body: Vec<&str> = Vec::new();
    let mut begins = 1;
    let mut implicit = true;
    for (index, line) in text.lines().enumerate() {
        if let Some(next) = Header::parse(line) {
            push(&mut cells, &header, &body, begins, implicit);
            (header, begins, implicit) = (next, index + 2, false);
            body.clear();
        } else {
            body.push(line);
        }
    }
    push(&mut cells, &header, &body, begins, implicit);
    cells
}

/// Adds a cell, without the empty lines around it.
fn push(cells: &mut Vec<ScriptCell>, header: &Header, body: &[&str], begins: usize, implicit: bool) {
    let blank = |line: &&&str| line.trim().is_empty();
    let skipped = body.iter().take_while(blank).count();
    let kept = body.len() - body[skipped..].iter().rev().take_while(blank).count();
    let body = &body[skipped..kept];
    // What stands before the first marker is often nothing, or a heading for the file.
    if implicit && body.iter().all(|line| line.trim().is_empty() || is_preamble(line)) {
        return;
    }
    let source = match header.kind {
        CellKind::Code => code(body),
        CellKind::Markdown | CellKind::Raw => uncommented(body).unwrap_or_else(|| body.join("\n")),
    };
    let Header { title, kind, tags } = header.clone();
    cells.push(ScriptCell { kind, title, tags, source, line: begins + skipped });
}

/// A `#!` line, a comment or an inner doc comment.
fn is_preamble(line: &str) -> bool {
    line.starts_with("#!") || (line.starts_with("//") && !is_magic(line.trim_start_matches('/').trim_start()))
}

/// `// %% title [markdown] tags=["a"]`.
#[derive(Clone)]
struct Header {
    title: Option<String>,
    kind: CellKind,
    tags: Vec<String>,
}

impl Default for Header {
    fn default() -> Self {
        Header { title: None, kind: CellKind::Code, tags: Vec::new() }
    }
}

impl Header {
    fn parse(line: &str) -> Option<Header> {
        let rest = line.trim_end().strip_prefix("//")?.trim_start().strip_prefix("%%")?;
        // `// %%time` is a magic behind a comment.
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return None;
        }
        let mut header = Header::default();
        let (rest, tags) = split_tags(rest.trim());
        header.tags = tags;
        let mut words: Vec<&str> = Vec::new();
        for word in rest.split_whitespace() {
            match word {
                "[markdown]" | "[md]" => header.kind = CellKind::Markdown,
                "[raw]" => header.kind = CellKind::Raw,
                "[code]" => header.kind = CellKind::Code,
                _ => words.push(word),
            }
        }
        if words == ["parameters"] && header.tags.is_empty() {
            header.tags.push("parameters".into());
        } else if !words.is_empty() {
            header.title = Some(words.join(" "));
        }
        Some(header)
    }
}

/// Takes `tags=[..]` or `tags="a,b"` out of a header.
fn split_tags(rest: &str) -> (String, Vec<String>) {
    let Some(at) = rest.find("tags=") else { return (rest.to_owned(), Vec::new()) };
    let (before, value) = (&rest[..at], &rest[at + "tags=".len()..]);
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
    let tags = match values.next() {
        Some(Ok(Value::Array(tags))) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Ok(Value::String(tags))) => tags.split(',').map(|tag| tag.trim().to_owned()).collect(),
        _ => return (rest.to_owned(), Vec::new()),
    };
    (format!("{before} {}", &value[values.byte_offset()..]), tags)
}

/// A code cell: a magic behind `// ` is a magic.
fn code(body: &[&str]) -> String {
    let first = body.iter().find(|line| !line.trim().is_empty());
    let whole =
        first.is_some_and(|line| line.strip_prefix("// %%").is_some_and(|rest| rest.starts_with(char::is_alphabetic)));
    if whole && let Some(text) = uncommented(body) {
        return text;
    }
    let line = |line: &&str| {
        let (indent, text) = line.split_at(line.len() - line.trim_start().len());
        match text.strip_prefix("// ") {
            Some(rest) if is_magic(rest) => format!("{indent}{rest}"),
            _ => (*line).to_owned(),
        }
    };
    body.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether a commented line reads as a magic: `%name`, `%%name`, `!command`, `:dep ..`.
fn is_magic(rest: &str) -> bool {
    let name = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    match rest.chars().next() {
        Some('%') => name(rest.trim_start_matches('%')),
        Some('!') => rest[1..].starts_with(|c: char| c.is_ascii_lowercase() || c == '.' || c == '/'),
        Some(':') => rest.starts_with(":dep "),
        _ => false,
    }
}

/// The lines without their comment marks; `None` if one has none.
fn uncommented(body: &[&str]) -> Option<String> {
    let bare = |line: &&str| match line.strip_prefix("//") {
        Some(rest) => Some(rest.strip_prefix(' ').unwrap_or(rest).to_owned()),
        None if line.trim().is_empty() => Some(String::new()),
        None => None,
    };
    body.iter().map(bare).collect::<Option<Vec<_>>>().map(|lines| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<(CellKind, String, usize)> {
        parse(text).into_iter().map(|cell| (cell.kind, cell.source, cell.line)).collect()
    }

    #[test]
    fn cells_are_split_at_markers() {
        let text = "//! About.\n\n// %% Read the data\nlet a = 1;\n\nlet b = 2;\n\n// %% [markdown]\n// # Title\n//\n// text\n//%%\na + b\n";
        assert_eq!(
            cells(text),
            [
                (CellKind::Code, "let a = 1;\n\nlet b = 2;".into(), 4),
                (CellKind::Markdown, "# Title\n\ntext".into(), 9),
                (CellKind::Code, "a + b".into(), 13),
            ]
        );
    }

    #[test]
    fn magics_may_be_comments() {
        assert_eq!(cells("for i in 0..2 {\n    // %track log i=i\n}")[0].1, "for i in 0..2 {\n    %track log i=i\n}");
        let text = "let x = 1;\n// %time x\n// just words\n// !ls\n// %%\n// %%bash\n// echo a\n//\n// %%\n%%time\nx";
        let sources: Vec<String> = cells(text).into_iter().map(|cell| cell.1).collect();
        assert_eq!(sources, ["let x = 1;\n%time x\n// just words\n!ls", "%%bash\necho a\n", "%%time\nx"]);
    }

    #[test]
    fn headers_carry_titles_and_tags() {
        let cells = parse(
            "// %% parameters\nlet a = 1;\n// %% Fit tags=[\"slow\", \"x\"] it\nlet b = 1;\n// %% tags=[\"parameters\"]\nlet c = 1;",
        );
        let tags: Vec<Vec<&str>> = cells.iter().map(|cell| cell.tags.iter().map(String::as_str).collect()).collect();
        assert_eq!(tags, [vec!["parameters"], vec!["slow", "x"], vec!["parameters"]]);
        let titles: Vec<Option<&str>> = cells.iter().map(|cell| cell.title.as_deref()).collect();
        assert_eq!(titles, [None, Some("Fit it"), None]);
    }
}
