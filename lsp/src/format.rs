//! `textDocument/formatting`: rustfmt on each cell, which is a function's body to it; magics stay as they are.

use crate::page::{Cell, Page};
use ironbook_assist::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_magics::split::{Kind, split};
use lsp_types::{TextEdit, Uri};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const OPEN: &str = "async fn __ironbook_cell() {\n";
const CLOSE: &str = "\n}\n";
/// Before the number of a magic, while rustfmt has the cell.
const MAGIC: &str = "//@ironbook-magic-";
/// The width of a line in a cell, and what the function's body is indented by.
const WIDTH: usize = 100;
const INDENT: usize = 4;

/// The edits that format the code cells of a document. A cell that does not parse is left as it is.
pub fn edits(page: &Page, uri: &Uri, view: &View, rustfmt: &Path) -> Vec<TextEdit> {
    let cells = page.cells.iter().filter(|cell| cell.is_code && cell.is_read() && cell.uri == *uri);
    cells.filter_map(|cell| edit(cell, view, rustfmt)).collect()
}

fn edit(cell: &Cell, view: &View, rustfmt: &Path) -> Option<TextEdit> {
    let text = cell.text.text();
    let formatted = formatted(text, view, rustfmt)?;
    // Where magics stand behind comment marks, lines of the cell are not those of the document.
    let verbatim = cell.document.text().contains(text);
    (formatted != text && verbatim).then(|| TextEdit::new(cell.whole(), formatted))
}

/// A cell's text formatted; nothing where rustfmt does not understand it.
pub fn formatted(text: &str, view: &View, rustfmt: &Path) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let mut magics: Vec<&str> = Vec::new();
    let mut body = String::new();
    for piece in split(text, view) {
        let own = &text[piece.range.clone()];
        match piece.kind {
            Kind::Rust => body.push_str(own),
            // Only whole lines can stand as comments.
            Kind::Line { nested: false, .. } | Kind::Shell { .. } | Kind::Colon { .. } if !own.contains('\n') => {
                begin_line(&mut body);
                body.push_str(&format!("{MAGIC}{}", magics.len()));
                magics.push(own);
            }
            _ => return None,
        }
    }
    let formatted = run(rustfmt, &format!("{OPEN}{body}{CLOSE}"))?;
    let inside = formatted.strip_prefix(OPEN)?.trim_end().strip_suffix('}')?;
    let mut out = dedented(inside);
    for (number, magic) in magics.iter().enumerate().rev() {
        out = out.replace(&format!("{MAGIC}{number}"), magic);
    }
    Some(out.trim_matches('\n').trim_end().to_owned())
}

/// Pieces leave out the line ends beside magics.
fn begin_line(body: &mut String) {
    if !body.is_empty() && !body.ends_with('\n') {
        body.push('\n');
    }
}

/// Lines without the body's indentation, but for those that begin inside a literal.
fn dedented(text: &str) -> String {
    let mut inside = Vec::new();
    let mut at = 0;
    while let Some((token, next)) = lexer::token(text, at) {
        if token == Token::Literal {
            inside.push(at..next);
        }
        at = next;
    }
    let mut out = String::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let in_literal = inside.iter().any(|range| range.start < start && start < range.end);
        let indent = line.len() - line.trim_start_matches(' ').len();
        out.push_str(if in_literal { line } else { &line[indent.min(INDENT)..] });
        start += line.len();
    }
    out
}

fn run(rustfmt: &Path, text: &str) -> Option<String> {
    let width = format!("max_width={}", WIDTH + INDENT);
    let mut child = Command::new(rustfmt)
        .args(["--edition", "2024", "--emit", "stdout", "--config", &width])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> Option<String> {
        formatted(text, &View::default(), Path::new("rustfmt"))
    }

    #[test]
    fn cells_are_formatted_as_bodies() {
        let text = "use std::fs;\nlet  a=1 ;\nfn f( x:i32)->i32{x+1}\nf(a)";
        assert_eq!(format(text).unwrap(), "use std::fs;\nlet a = 1;\nfn f(x: i32) -> i32 {\n    x + 1\n}\nf(a)");
    }

    #[test]
    fn magics_and_literals_stay() {
        let text = "%time  f( 1 )\nlet s=\"a\n  b\";\n!ls   -l";
        assert_eq!(format(text).unwrap(), "%time  f( 1 )\nlet s = \"a\n  b\";\n!ls   -l");
        assert_eq!(format("%%bash\nls   -l"), None);
    }

    #[test]
    fn what_does_not_parse_is_left() {
        assert_eq!(format("let a = (1;"), None);
        assert_eq!(format("  \n"), None);
    }
}
