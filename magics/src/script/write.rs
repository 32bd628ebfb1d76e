//! Cells as a script that is read back as those very cells.

use super::escape::{hide_magic, hide_marker};
use super::header::Header;
use super::{CellKind, FENCE, METADATA, Script, ScriptCell, is_heading, read};
use serde_json::Value;

/// The text of a script.
///
/// Reading it gives the same cells again. A heading that is not made of comments cannot be written, and is left out.
pub fn write(script: &Script) -> String {
    let heading = if is_heading(&script.heading) { script.heading.as_str() } else { "" };
    let (first, rest) = match heading.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => (first, rest),
        None if heading.starts_with("#!") => (heading, ""),
        _ => ("", heading),
    };
    let metadata = match script.metadata.is_empty() {
        true => String::new(),
        false => format!("{FENCE}\n{METADATA}{}\n{FENCE}", Value::Object(script.metadata.clone())),
    };
    let lines: Vec<&str> = [first, &metadata, rest].into_iter().filter(|lines| !lines.is_empty()).collect();
    append(&lines.join("\n"), &script.cells)
}

/// A script with more cells at its end.
pub fn append(before: &str, cells: &[ScriptCell]) -> String {
    let mut text = before.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for added in cells {
        if !text.is_empty() && !text.ends_with("\n\n") {
            text.push('\n');
        }
        text.push_str(&cell(added));
    }
    text
}

/// A cell with its header and a line end; an exact one ends with an empty line, which is not the cell's.
fn cell(cell: &ScriptCell) -> String {
    let mut header = Header::of(cell);
    let plain = with(&header, cell);
    if read(&plain).cells.first().is_some_and(|again| again.source == cell.source) {
        return plain;
    }
    header.exact = true;
    with(&header, cell) + "\n"
}

fn with(header: &Header, cell: &ScriptCell) -> String {
    let mut text = header.line() + "\n";
    if cell.source.is_empty() {
        return text;
    }
    for line in cell.source.split('\n') {
        let line = match cell.kind {
            CellKind::Code => hide_magic(line),
            CellKind::Markdown | CellKind::Raw if line.is_empty() => "//".to_owned(),
            CellKind::Markdown | CellKind::Raw => format!("// {line}"),
        };
        text.push_str(&hide_marker(&line));
        text.push('\n');
    }
    text
}
