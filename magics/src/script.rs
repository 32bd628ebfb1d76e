//! Scripts in percent format, as Jupytext writes them: Rust files whose cells are split at `// %%`, magics plain or
//! behind `// `.
//!
//! - `// %% title [markdown] tags=["a", "b"] key=1` begins a cell. `[markdown]` and `[raw]` cells are commented lines.
//! - A line of a cell that would be read as such a line, or as a magic behind `// `, has one more `// ` before it.
//! - Empty lines around a cell are the file's, not the cell's, and lines end with `\n` or `\r\n`, unless the header says
//!   `exact_lines=true`: then all but one empty line at the end is the cell's, as it stands.
//! - Comments before the first cell are the file's heading. In it, `// jupyter: {..}` between lines `// ---` is the
//!   notebook's metadata.

mod escape;
mod header;
mod write;

pub use escape::is_marker;
pub use write::{append, write};

use escape::{is_magic, show_magic, show_marker};
use header::Header;
use serde_json::{Map, Value};

/// A script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The comments before the first cell.
    pub heading: String,
    /// What it says of the notebook that it stands for.
    pub metadata: Map<String, Value>,
    /// Its cells, in order.
    pub cells: Vec<ScriptCell>,
}

/// A cell of a script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScriptCell {
    /// What it holds.
    pub kind: CellKind,
    /// The words behind `// %%`.
    pub title: Option<String>,
    /// Its tags; a cell titled `parameters` has that tag.
    pub tags: Vec<String>,
    /// What else its header says.
    pub metadata: Map<String, Value>,
    /// Its text, without the comment marks of magics and of markdown, and without empty lines around it.
    pub source: String,
    /// The line of the file on which the text begins, from 1.
    pub line: usize,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    /// Rust and magics.
    #[default]
    Code,
    /// Text.
    Markdown,
    /// Neither.
    Raw,
}

/// Around what a script says of its notebook.
const FENCE: &str = "// ---";
/// Before what a script says of its notebook.
const METADATA: &str = "// jupyter: ";

/// The cells of a script; every Rust file is one. A heading of comments alone before the first marker is no cell.
pub fn parse(text: &str) -> Vec<ScriptCell> {
    read(text).cells
}

/// Reads a script; every Rust file is one.
pub fn read(text: &str) -> Script {
    let mut script = Script::default();
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let first = lines.iter().position(|line| is_marker(line)).unwrap_or(lines.len());
    script.before(&lines[..first]);
    let mut at = first;
    while let Some(header) = lines.get(at).and_then(|line| Header::parse(line)) {
        let end = lines[at + 1..].iter().position(|line| is_marker(line)).map_or(lines.len(), |next| at + 1 + next);
        script.cells.push(cell(header, &lines[at + 1..end], at + 2));
        at = end;
    }
    script
}

/// A cell as it was typed, whose first line may be a header.
pub fn headed(text: &str) -> ScriptCell {
    let begins = text.len() - text.trim_start_matches(['\n', '\r']).len();
    let (first, rest) = text[begins..].split_once('\n').unwrap_or((&text[begins..], ""));
    let Some(header) = Header::parse(first) else {
        return ScriptCell { source: text.to_owned(), line: 1, ..ScriptCell::default() };
    };
    let lines: Vec<&str> = rest.split('\n').collect();
    let (_, body) = without_blank(&lines);
    let mut headed = cell(header, body, 1);
    if headed.kind == CellKind::Code {
        headed.source = body.join("\n"); // it was run as it stands: what is a comment in it is no magic
    }
    headed
}

impl Script {
    /// What stands before the first marker: a heading, or a cell without a header.
    fn before(&mut self, lines: &[&str]) {
        let after = usize::from(lines.first().is_some_and(|line| line.starts_with("#!")));
        let mut lines: Vec<&str> = lines.iter().map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        let mut taken = 0;
        if let Some([FENCE, said, FENCE]) = lines.get(after..after + 3)
            && let Some(said) = said.strip_prefix(METADATA)
            && let Ok(Value::Object(said)) = serde_json::from_str(said)
        {
            self.metadata = said;
            lines.drain(after..after + 3);
            taken = 3;
        }
        let (skipped, body) = without_blank(&lines);
        if body.iter().all(|line| line.trim().is_empty() || is_preamble(line)) {
            self.heading = body.join("\n");
        } else {
            self.cells.push(cell(Header::default(), body, 1 + skipped + taken));
        }
    }
}

/// Whether a text can stand before the first cell.
fn is_heading(text: &str) -> bool {
    let again = read(text);
    again.heading == text && again.cells.is_empty()
}

/// A cell; its first line is line `begins` of the file.
fn cell(header: Header, lines: &[&str], begins: usize) -> ScriptCell {
    let (skipped, lines) = match header.exact {
        true => {
            (0, lines.split_last().filter(|(last, _)| matches!(**last, "" | "\r")).map_or(lines, |(_, lines)| lines))
        }
        false => without_blank(lines),
    };
    let shown = |line: &&str| {
        let line = if header.exact { line } else { line.strip_suffix('\r').unwrap_or(line) };
        show_marker(line).to_owned()
    };
    let body: Vec<String> = lines.iter().map(shown).collect();
    let source = match header.kind {
        CellKind::Code => code(&body),
        CellKind::Markdown | CellKind::Raw => uncommented(&body).unwrap_or_else(|| body.join("\n")),
    };
    let Header { title, kind, tags, metadata, .. } = header;
    ScriptCell { kind, title, tags, metadata, source, line: begins + skipped }
}

/// How many empty lines come first, and the lines without those around them.
fn without_blank<'a, 'b>(lines: &'a [&'b str]) -> (usize, &'a [&'b str]) {
    let blank = |line: &&&str| line.trim().is_empty();
    let skipped = lines.iter().take_while(blank).count();
    let kept = lines.len() - lines[skipped..].iter().rev().take_while(blank).count();
    (skipped, &lines[skipped..kept])
}

/// A `#!` line, a comment or an inner doc comment.
fn is_preamble(line: &str) -> bool {
    line.starts_with("#!") || (line.starts_with("//") && !is_magic(line.trim_start_matches('/').trim_start()))
}

/// A code cell: a magic behind `// ` is a magic.
fn code(body: &[String]) -> String {
    let first = body.iter().find(|line| !line.trim().is_empty());
    let magic = |line: &String| line.strip_prefix("// ").is_some_and(|rest| rest.starts_with("%%") && is_magic(rest));
    if first.is_some_and(magic)
        && let Some(text) = uncommented(body)
    {
        return text;
    }
    body.iter().map(|line| show_magic(line)).collect::<Vec<_>>().join("\n")
}

/// The lines without their comment marks; `None` if one has none.
fn uncommented(body: &[String]) -> Option<String> {
    let bare = |line: &String| match line.strip_prefix("//") {
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
