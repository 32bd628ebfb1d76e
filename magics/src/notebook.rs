//! Jupyter notebooks (nbformat 4.5): read and written so that what Ironbook does not know stays as it was.

use crate::files;
use crate::script::CellKind as Kind;
use serde::Serialize as _;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;

/// The name under which Jupyter knows the kernel, unless another is chosen.
pub const KERNEL: &str = "ironbook";
/// What Jupyter shows, unless another is chosen.
pub const KERNEL_TITLE: &str = "Ironbook (Rust ML)";

/// Why a text is no notebook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotebookError {
    /// It is not JSON.
    #[error("it is not JSON (line {}, column {})", .0.line(), .0.column())]
    Json(#[source] serde_json::Error),
    /// It is JSON of another kind.
    #[error("{0}")]
    Lacks(String),
    /// Its format is too old or too new.
    #[error("it is in notebook format {0}; Ironbook reads format 4")]
    Version(u64),
}

/// A notebook.
#[derive(Clone, Debug, PartialEq)]
pub struct Notebook {
    /// Everything but the cells.
    root: Map<String, Value>,
    /// The cells, in order.
    pub cells: Vec<Cell>,
}

/// A cell of a notebook.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    fields: Map<String, Value>,
    /// In a script, the line of the file on which the cell's text begins, from 1.
    pub line: Option<usize>,
}

impl Notebook {
    /// A notebook for Ironbook's kernel.
    pub fn new(cells: Vec<Cell>) -> Notebook {
        let mut notebook = Notebook { root: Map::new(), cells };
        notebook.complete();
        notebook
    }

    /// Reads a notebook.
    ///
    /// # Errors
    /// When the text is not a notebook of format 4.
    pub fn parse(text: &str) -> Result<Notebook, NotebookError> {
        let value: Value = serde_json::from_str(text).map_err(NotebookError::Json)?;
        let lacks = |what: &str| NotebookError::Lacks(what.to_owned());
        let Value::Object(mut root) = value else {
            return Err(lacks("its JSON is not an object"));
        };
        let version = root.get("nbformat").and_then(Value::as_u64).ok_or_else(|| lacks("it has no `nbformat`"))?;
        if version != 4 {
            return Err(NotebookError::Version(version));
        }
        let Some(Value::Array(cells)) = root.remove("cells") else {
            return Err(lacks("it has no list of `cells`"));
        };
        let cells = cells.into_iter().enumerate().map(|(index, cell)| match cell {
            Value::Object(fields) if known_kind(&fields).is_some() => Ok(Cell { fields, line: None }),
            Value::Object(_) => Err(lacks(&format!("cell {} is neither code nor markdown nor raw", index + 1))),
            _ => Err(lacks(&format!("cell {} is not an object", index + 1))),
        });
        let cells = cells.collect::<Result<Vec<Cell>, NotebookError>>()?;
        let mut notebook = Notebook { root, cells };
        notebook.complete();
        Ok(notebook)
    }

    /// What it says of itself.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.root.get("metadata").and_then(Value::as_object)
    }

    /// The same, to be changed.
    pub fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        object(&mut self.root, "metadata")
    }

    /// The language of its kernel in lower case, if it names one.
    pub fn language(&self) -> Option<String> {
        let metadata = self.root.get("metadata")?;
        let name = |at: &str, field: &str| metadata.get(at)?.get(field)?.as_str().map(str::to_lowercase);
        name("kernelspec", "language").or_else(|| name("language_info", "name")).or_else(|| name("kernelspec", "name"))
    }

    /// Makes it valid as 4.5: every cell an id of its own, metadata, and what each kind must have.
    pub fn complete(&mut self) {
        self.root.insert("nbformat".into(), json!(4));
        let minor = self.root.get("nbformat_minor").and_then(Value::as_u64).unwrap_or(0);
        self.root.insert("nbformat_minor".into(), json!(minor.max(5)));
        let metadata = object(&mut self.root, "metadata");
        if !metadata.contains_key("kernelspec") {
            let spec = json!({"display_name": KERNEL_TITLE, "language": "rust", "name": KERNEL});
            metadata.insert("kernelspec".into(), spec);
        }
        if !metadata.contains_key("language_info") {
            let info = json!({"name": "rust", "file_extension": ".rs", "mimetype": "text/rust"});
            metadata.insert("language_info".into(), info);
        }
        let mut seen = HashSet::new();
        for (index, cell) in self.cells.iter_mut().enumerate() {
            cell.complete(index, &mut seen);
        }
    }

    /// The file's text, laid out as Jupyter does.
    pub fn to_text(&self) -> String {
        let mut root = Map::new();
        let cells = self.cells.iter().map(|cell| Value::Object(cell.fields.clone())).collect();
        root.insert("cells".into(), Value::Array(cells));
        for (key, value) in &self.root {
            root.insert(key.clone(), value.clone());
        }
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b" "));
        let written = Value::Object(root).serialize(&mut serializer);
        debug_assert!(written.is_ok(), "JSON values always serialize");
        bytes.push(b'\n');
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// When the directory or disk refuses.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        files::replace(path, self.to_text().as_bytes())
    }
}

impl Cell {
    /// A new cell.
    pub fn new(kind: Kind, source: &str) -> Cell {
        let name = match kind {
            Kind::Code => "code",
            Kind::Markdown => "markdown",
            Kind::Raw => "raw",
        };
        let mut cell = Cell { fields: Map::new(), line: None };
        cell.fields.insert("cell_type".into(), json!(name));
        cell.fields.insert("metadata".into(), json!({}));
        cell.set_source(source);
        cell
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        known_kind(&self.fields).unwrap_or(Kind::Raw)
    }

    /// Its identity in the notebook; empty until [`Notebook::complete`].
    pub fn id(&self) -> &str {
        self.fields.get("id").and_then(Value::as_str).unwrap_or("")
    }

    /// Its text.
    pub fn source(&self) -> String {
        joined(self.fields.get("source"))
    }

    /// Replaces its text.
    pub fn set_source(&mut self, source: &str) {
        self.fields.insert("source".into(), lines(source));
    }

    /// Its metadata.
    pub fn metadata(&mut self) -> &mut Map<String, Value> {
        object(&mut self.fields, "metadata")
    }

    /// The same, to be read.
    pub fn said(&self) -> Option<&Map<String, Value>> {
        self.fields.get("metadata").and_then(Value::as_object)
    }

    /// Whether files stand in it, as pictures of a markdown cell do.
    pub fn has_attachments(&self) -> bool {
        self.fields.get("attachments").and_then(Value::as_object).is_some_and(|files| !files.is_empty())
    }

    /// Whether it carries a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        let tags = self.fields.get("metadata").and_then(|metadata| metadata.get("tags")).and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|each| each == tag))
    }

    /// Its tags.
    pub fn tags(&self) -> std::collections::BTreeSet<String> {
        let tags = self.fields.get("metadata").and_then(|metadata| metadata.get("tags")).and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Adds a tag.
    pub fn tag(&mut self, tag: &str) {
        if !self.has_tag(tag) {
            let tags = self.metadata().entry("tags").or_insert_with(|| json!([]));
            if let Some(tags) = tags.as_array_mut() {
                tags.push(json!(tag));
            }
        }
    }

    /// The cell's outputs.
    pub fn outputs(&self) -> &[Value] {
        self.fields.get("outputs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Replaces outputs and execution count.
    pub fn set_outputs(&mut self, outputs: Vec<Value>, count: Option<u64>) {
        self.fields.insert("execution_count".into(), json!(count));
        self.fields.insert("outputs".into(), Value::Array(outputs));
    }

    fn complete(&mut self, index: usize, seen: &mut HashSet<String>) {
        let valid = |id: &str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if !valid(self.id()) || seen.contains(self.id()) {
            let id = (0_u32..).map(|round| self.made_id(index, round)).find(|id| !seen.contains(id));
            self.fields.insert("id".into(), json!(id));
        }
        seen.insert(self.id().to_owned());
        self.metadata();
        self.fields.entry("source").or_insert_with(|| json!([]));
        if self.kind() == Kind::Code {
            self.fields.entry("execution_count").or_insert(Value::Null);
            self.fields.entry("outputs").or_insert_with(|| json!([]));
        }
    }

    /// An id from place and text, so that the same file gets the same ids each time.
    fn made_id(&self, index: usize, round: u32) -> String {
        let mut hasher = DefaultHasher::new();
        (index, round, self.source()).hash(&mut hasher);
        format!("{:08x}", hasher.finish() >> 32)
    }
}

fn known_kind(fields: &Map<String, Value>) -> Option<Kind> {
    match fields.get("cell_type")?.as_str()? {
        "code" => Some(Kind::Code),
        "markdown" => Some(Kind::Markdown),
        "raw" => Some(Kind::Raw),
        _ => None,
    }
}

/// The object in a field, made if there is none.
fn object<'a>(fields: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = fields.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("made an object just above")
}

/// Text as notebooks store it: a list of lines that keep their ends.
pub fn lines(text: &str) -> Value {
    Value::Array(text.split_inclusive('\n').map(|line| json!(line)).collect())
}

/// Text that is stored as a string or as a list of lines.
pub fn joined(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &Value) -> Result<Notebook, NotebookError> {
        Notebook::parse(&value.to_string())
    }

    #[test]
    fn unknown_fields_and_ids_stay() {
        let value = json!({
            "cells": [
                {"cell_type": "code", "id": "mine", "metadata": {"x": 1}, "source": "1 + 1", "outputs": [],
                 "execution_count": 3, "extra": {"a": [1.5]}},
                {"cell_type": "markdown", "metadata": {}, "source": ["# a\n", "b"], "attachments": {}},
                {"cell_type": "code", "id": "mine", "metadata": {}, "source": []},
            ],
            "metadata": {"kernelspec": {"name": "k", "language": "Rust"}, "other": true},
            "nbformat": 4, "nbformat_minor": 4, "future": "kept",
        });
        let notebook = parse(&value).unwrap();
        let again: Value = serde_json::from_str(&notebook.to_text()).unwrap();
        assert_eq!(again["cells"][0], value["cells"][0]);
        assert_eq!(again["future"], "kept");
        assert_eq!(again["metadata"]["other"], true);
        assert_eq!(again["nbformat_minor"], 5);
        assert_eq!(again["cells"][2]["outputs"], json!([]));
        let ids: HashSet<&str> = notebook.cells.iter().map(Cell::id).collect();
        assert_eq!(ids.len(), 3);
        assert_eq!(notebook.cells[1].source(), "# a\nb");
        assert_eq!(notebook.language().as_deref(), Some("rust"));
        assert_eq!(parse(&again).unwrap(), notebook, "a second reading changes nothing");
    }

    #[test]
    fn what_is_not_a_notebook_says_why() {
        let check = |value: Value, words: &str| {
            let error = parse(&value).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        };
        check(json!([1]), "not an object");
        check(json!({"a": 1}), "no `nbformat`");
        check(json!({"nbformat": 3, "worksheets": []}), "format 3");
        check(json!({"nbformat": 4}), "no list of `cells`");
        check(json!({"nbformat": 4, "cells": [{"cell_type": "heading"}]}), "cell 1");
        let error = Notebook::parse("fn main() {}").unwrap_err();
        assert!(matches!(error, NotebookError::Json(_)), "{error}");
    }

    #[test]
    fn writing_keeps_an_old_file_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        let notebook = Notebook::new(vec![Cell::new(Kind::Code, "1")]);
        notebook.write(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), notebook.to_text());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = notebook.write(&folder.path().join("no/n.ipynb")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
