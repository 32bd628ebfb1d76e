//! Scripts as notebooks, and back.
//!
//! What a script cannot hold is left out: outputs, execution counts, ids, attachments, and what Jupyter notes of how
//! cells are shown. Everything else stays, also there and back again.

use crate::notebook::{Cell, KERNEL, Notebook};
use crate::script::{Script, ScriptCell};
use serde_json::{Map, Value, json};

/// The metadata in which a notebook keeps what is only Ironbook's.
const OWN: &str = "ironbook";
/// The comments before a script's first cell.
const HEADING: &str = "heading";
/// What front ends note of a cell that says nothing about the cell.
const PASSING: &[&str] = &["autoscroll", "collapsed", "scrolled", "trusted", "ExecuteTime", "execution"];

/// What of a notebook a script does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Cells that have outputs.
    pub outputs: usize,
    /// Cells that have attachments.
    pub attachments: usize,
}

/// The notebook of a script.
pub fn notebook(script: &Script) -> Notebook {
    let mut notebook = Notebook::new(script.cells.iter().map(cell).collect());
    let metadata = notebook.metadata_mut();
    for (key, value) in &script.metadata {
        metadata.insert(key.clone(), value.clone());
    }
    if !script.heading.is_empty() {
        let own = metadata.entry(OWN).or_insert_with(|| json!({}));
        if !own.is_object() {
            *own = json!({});
        }
        own[HEADING] = json!(script.heading);
    }
    notebook
}

/// The notebook's cell of a cell of a script.
pub fn cell(read: &ScriptCell) -> Cell {
    let mut cell = Cell::new(read.kind, &read.source);
    cell.line = Some(read.line);
    if let Some(title) = &read.title {
        cell.metadata().insert("title".into(), json!(title));
    }
    for (key, value) in &read.metadata {
        cell.metadata().insert(key.clone(), value.clone());
    }
    for tag in &read.tags {
        cell.tag(tag);
    }
    cell
}

/// The script of a notebook, and what is not in it.
pub fn script(notebook: &Notebook) -> (Script, Left) {
    let mut metadata = notebook.metadata().cloned().unwrap_or_default();
    let named = |value: &Value, name: &str| value.get("name").is_some_and(|given| given == name);
    metadata.retain(|key, value| match key.as_str() {
        "kernelspec" => !named(value, KERNEL),
        "language_info" => !named(value, "rust"),
        _ => true,
    });
    let heading = heading(&mut metadata);
    let left = Left {
        outputs: notebook.cells.iter().filter(|cell| !cell.outputs().is_empty()).count(),
        attachments: notebook.cells.iter().filter(|cell| cell.has_attachments()).count(),
    };
    let cells = notebook.cells.iter().map(script_cell).collect();
    (Script { heading, metadata, cells }, left)
}

/// Takes the heading out of a notebook's metadata.
fn heading(metadata: &mut Map<String, Value>) -> String {
    let Some(Value::Object(own)) = metadata.get_mut(OWN) else { return String::new() };
    let heading = own.remove(HEADING);
    if own.is_empty() {
        metadata.remove(OWN);
    }
    match heading {
        Some(Value::String(heading)) => heading,
        _ => String::new(),
    }
}

fn script_cell(cell: &Cell) -> ScriptCell {
    let mut metadata = cell.said().cloned().unwrap_or_default();
    metadata.retain(|key, _| !PASSING.contains(&key.as_str()));
    let title = match metadata.get("title") {
        Some(Value::String(title)) => Some(title.clone()),
        _ => None,
    };
    let texts = |tags: &Vec<Value>| tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect();
    let tags: Option<Vec<String>> = metadata.get("tags").and_then(Value::as_array).and_then(texts);
    metadata.retain(|key, _| !(key == "title" && title.is_some() || key == "tags" && tags.is_some()));
    ScriptCell { kind: cell.kind(), title, tags: tags.unwrap_or_default(), metadata, source: cell.source(), line: 0 }
}
