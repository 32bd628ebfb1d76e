//! The cells of a file: a script in percent format, or a notebook.

use crate::error::Error;
use crate::split;
use serde_json::Value;
use std::path::Path;

/// The code cells of a file's text, in order; `path` decides by its ending.
///
/// # Errors
/// [`Error::Notebook`].
pub(crate) fn cells(path: &Path, text: &str) -> Result<Vec<String>, Error> {
    if path.extension().is_some_and(|extension| extension == "ipynb") { notebook(path, text) } else { Ok(script(text)) }
}

/// Cells begin at lines `// %%`; those marked `[markdown]` are left out. Magics may stand behind `// `.
fn script(text: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut code = true;
    for line in text.lines() {
        let comment = line.trim_start().strip_prefix("//").map(str::trim_start);
        if let Some(title) = comment.and_then(marker) {
            cells.push(String::new());
            code = !title.contains("[markdown]") && !title.contains("[md]");
        } else if code {
            let magic = comment.filter(|comment| comment.starts_with(['%', '!']) && split::is_magic_line(comment));
            let cell = cells.last_mut().expect("there is a first cell, and none is taken away");
            cell.push_str(magic.unwrap_or(line));
            cell.push('\n');
        }
    }
    cells.retain(|cell| !cell.trim().is_empty());
    cells
}

/// The title of a cell's first line, if it is one: `%%` and then a space, a bracket, or nothing.
fn marker(comment: &str) -> Option<&str> {
    let title = comment.strip_prefix("%%")?;
    (title.is_empty() || title.starts_with([' ', '\t', '['])).then_some(title)
}

fn notebook(path: &Path, text: &str) -> Result<Vec<String>, Error> {
    let wrong = |reason: String| Error::Notebook { path: path.to_owned(), reason };
    let json: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let cells = json.get("cells").and_then(Value::as_array).ok_or_else(|| wrong("it has no `cells`".to_owned()))?;
    let code = cells.iter().filter(|cell| cell.get("cell_type").and_then(Value::as_str) == Some("code"));
    code.map(|cell| match cell.get("source") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(lines)) => Ok(lines.iter().filter_map(Value::as_str).collect()),
        _ => Err(wrong("a code cell has no `source`".to_owned())),
    })
    .collect()
}
