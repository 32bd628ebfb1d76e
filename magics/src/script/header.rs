//! The line that begins a cell: `// %% title [markdown] tags=["a"] key=1`.

use super::escape::after_marker;
use super::{CellKind, ScriptCell};
use serde_json::{Map, Value, json};

/// The key that says that empty lines around the cell, and ends of lines, are the cell's.
const EXACT: &str = "exact_lines";
/// The title, where it cannot stand as plain words.
const TITLE: &str = "title";
const TAGS: &str = "tags";

/// What the line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) title: Option<String>,
    pub(super) kind: CellKind,
    pub(super) tags: Vec<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) exact: bool,
}

impl Header {
    /// The header of a cell.
    pub(super) fn of(cell: &ScriptCell) -> Header {
        let mut metadata = cell.metadata.clone();
        metadata.remove(EXACT);
        let ScriptCell { title, kind, tags, .. } = cell.clone();
        Header { title, kind, tags, metadata, exact: false }
    }

    /// Reads a line; `None` if it begins no cell.
    pub(super) fn parse(line: &str) -> Option<Header> {
        let rest = after_marker(line)?.trim();
        let mut header = Header::default();
        let (words, options) = split_options(rest);
        for (key, value) in options {
            header.option(key, value);
        }
        let (words, tags) = if header.tags.is_empty() { split_tags(words) } else { (words.to_owned(), Vec::new()) };
        header.tags.extend(tags);
        let mut title: Vec<&str> = Vec::new();
        for word in words.split_whitespace() {
            match word {
                "[markdown]" | "[md]" => header.kind = CellKind::Markdown,
                "[raw]" => header.kind = CellKind::Raw,
                "[code]" => header.kind = CellKind::Code,
                _ => title.push(word),
            }
        }
        if title == ["parameters"] && header.tags.is_empty() {
            header.tags.push("parameters".into());
        } else if !title.is_empty() && header.title.is_none() {
            header.title = Some(title.join(" "));
        }
        Some(header)
    }

    fn option(&mut self, key: String, value: Value) {
        let texts = |values: &[Value]| {
            values.iter().map(|tag| tag.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        };
        match (key.as_str(), value) {
            (TITLE, Value::String(title)) => self.title = Some(title),
            (TAGS, Value::String(tags)) => self.tags = tags.split(',').map(|tag| tag.trim().to_owned()).collect(),
            (TAGS, Value::Array(tags)) if texts(&tags).is_some() => self.tags = texts(&tags).unwrap_or_default(),
            (EXACT, value) => self.exact = value == json!(true),
            (_, value) => drop(self.metadata.insert(key, value)),
        }
    }

    /// The line.
    pub(super) fn line(&self) -> String {
        let plain = self.written(self.title.as_deref().unwrap_or(""), None);
        match &self.title {
            Some(title) if Header::parse(&plain).as_ref() != Some(self) => self.written("", Some(title)),
            _ => plain,
        }
    }

    fn written(&self, words: &str, title: Option<&String>) -> String {
        let mut parts = vec!["// %%".to_owned()];
        if !words.is_empty() {
            parts.push(words.to_owned());
        }
        match self.kind {
            CellKind::Code => {}
            CellKind::Markdown => parts.push("[markdown]".to_owned()),
            CellKind::Raw => parts.push("[raw]".to_owned()),
        }
        let mut option = |key: &str, value: &Value| parts.push(format!("{}={value}", key_text(key)));
        if let Some(title) = title {
            option(TITLE, &json!(title));
        }
        if !self.tags.is_empty() {
            option(TAGS, &json!(self.tags));
        }
        for (key, value) in &self.metadata {
            option(key, value);
        }
        if self.exact {
            option(EXACT, &json!(true));
        }
        parts.join(" ")
    }
}

/// A key as it stands before `=`: in quotes if it is no plain word.
fn key_text(key: &str) -> String {
    if plain_key(key) == key.len() && !key.is_empty() { key.to_owned() } else { json!(key).to_string() }
}

/// Length of the plain word at the start of a text.
fn plain_key(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '.');
    let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c))).unwrap_or(text.len());
    if starts { length } else { 0 }
}

/// The words of a header, and the options at its end: as many `key=JSON` as there are.
fn split_options(rest: &str) -> (&str, Vec<(String, Value)>) {
    let mut at = 0;
    while at < rest.len() {
        let mut options = Vec::new();
        let mut end = at;
        while let Some((key, value, length)) = option_at(&rest[end..]) {
            options.push((key, value));
            end += length;
            end += rest[end..].len() - rest[end..].trim_start().len();
        }
        if end == rest.len() {
            return (&rest[..at], options);
        }
        // The words go on at `end`: no option before it is at the end of the line.
        let word = rest[end..].find(char::is_whitespace).unwrap_or(rest.len() - end);
        at = end + word;
        at += rest[at..].len() - rest[at..].trim_start().len();
    }
    (rest, Vec::new())
}

/// `key=JSON` at the start of a text, followed by a space or nothing.
fn option_at(text: &str) -> Option<(String, Value, usize)> {
    let mut quoted = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let (key, length) = match plain_key(text) {
        0 if text.starts_with('"') => (quoted.next()?.ok()?, quoted.byte_offset()),
        0 => return None,
        length => (text[..length].to_owned(), length),
    };
    let value = text[length..].strip_prefix('=')?;
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
    // A number or word of JSON ends where a space does.
    let read = values.next()?.ok()?;
    let end = length + 1 + values.byte_offset();
    let whole = text[end..].is_empty() || text[end..].starts_with(char::is_whitespace);
    (whole && !value.starts_with(char::is_whitespace)).then_some((key, read, end))
}

/// Takes `tags=[..]` or `tags="a,b"` out of the middle of a title.
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
