//! The file in which MLflow keeps the spans of a trace beside its artifacts.

use super::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ironbook_store::Span;
use ironbook_store::artifacts::Repo;
use serde_json::{Value, json};

/// Its name.
pub(super) const FILE: &str = "traces.json";

/// Reads the spans of a trace from the file among these files; `place` is for the message.
pub(super) fn read_file(files: &dyn Repo, trace: &str, place: &str) -> Result<Vec<Span>> {
    let broken = |reason: String| Error::Content { path: format!("{place}/{FILE}").into(), reason };
    if files.list("")?.iter().all(|file| file.path != FILE) {
        return Err(broken("there is no such file".to_owned()));
    }
    let content: Value = serde_json::from_reader(files.read(FILE)?).map_err(|e| broken(e.to_string()))?;
    let spans = content.get("spans").and_then(Value::as_array).ok_or_else(|| broken("it has no `spans`".to_owned()))?;
    let mut found = Vec::with_capacity(spans.len());
    for span in spans {
        found.push(of_json(span, trace).ok_or_else(|| broken("a span has no id or name".to_owned()))?);
    }
    Ok(found)
}

/// The file's content.
pub(super) fn file_of(spans: &[Span]) -> String {
    let spans: Vec<&Value> = spans.iter().map(|span| &span.content).collect();
    json!({ "spans": spans }).to_string()
}

/// A span as MLflow writes it, with the fields that stores search by.
fn of_json(content: &Value, trace: &str) -> Option<Span> {
    let text = |name: &str| content.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let number = |names: [&str; 2]| names.iter().find_map(|name| content.get(*name).and_then(Value::as_i64));
    let old = content.get("context").and_then(|context| context.get("span_id")).and_then(Value::as_str);
    let kind = content.get("attributes").and_then(|a| a.get("mlflow.spanType")).and_then(Value::as_str);
    let code = match content.get("status") {
        Some(Value::Object(status)) => status.get("code").and_then(Value::as_str),
        _ => content.get("status_code").and_then(Value::as_str),
    };
    Some(Span {
        trace_id: trace.to_owned(),
        span_id: id(text("span_id").or(old)?),
        parent_id: text("parent_span_id").or_else(|| text("parent_id")).map(id),
        name: text("name")?.to_owned(),
        // Attributes are JSON in text.
        span_type: kind.map(|kind| serde_json::from_str(kind).unwrap_or_else(|_| kind.to_owned())),
        status: code.unwrap_or("UNSET").trim_start_matches("STATUS_CODE_").to_owned(),
        start_ns: number(["start_time_unix_nano", "start_time"])?,
        end_ns: number(["end_time_unix_nano", "end_time"]),
        content: content.clone(),
    })
}

/// An id in hexadecimal digits; MLflow's JSON has it in base64, or in digits before version 3.
fn id(text: &str) -> String {
    let digits = text.trim_start_matches("0x");
    if digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return digits.to_owned();
    }
    match STANDARD.decode(text) {
        Ok(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        assert_eq!(id("YJ4/6anDaIE="), "609e3fe9a9c36881");
        assert_eq!(id("609e3fe9a9c36881"), "609e3fe9a9c36881");
        assert_eq!(id("0x609e3fe9a9c36881"), "609e3fe9a9c36881");
    }
}
