//! Spans as OpenTelemetry's export request in protobuf, which is what every MLflow server takes them as.

use crate::error::{Error, Result};
use crate::model::Span;
use base64::Engine;
use serde_json::{Map, Value};

/// `ExportTraceServiceRequest` with these spans.
pub(super) fn export(spans: &[Span]) -> Result<Vec<u8>> {
    let mut scope = Message::default();
    for span in spans {
        scope.message(2, &span_message(span)?);
    }
    let mut resource = Message::default();
    resource.message(2, &scope);
    let mut request = Message::default();
    request.message(1, &resource);
    Ok(request.0)
}

fn span_message(span: &Span) -> Result<Message> {
    let content = &span.content;
    let trace = hex(span.trace_id.strip_prefix("tr-").unwrap_or(&span.trace_id));
    let mut message = Message::default();
    message.bytes(1, &trace.ok_or_else(|| bad("trace", &span.trace_id))?);
    message.bytes(2, &hex(&span.span_id).ok_or_else(|| bad("span", &span.span_id))?);
    if let Some(parent) = &span.parent_id {
        message.bytes(4, &hex(parent).ok_or_else(|| bad("span", parent))?);
    }
    message.bytes(5, span.name.as_bytes());
    message.fixed64(7, span.start_ns);
    message.fixed64(8, span.end_ns.unwrap_or(0));
    let attributes = content.get("attributes").and_then(Value::as_object);
    for (key, value) in attributes.into_iter().flatten() {
        // MLflow keeps each value as JSON text.
        let plain = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        message.message(9, &key_value(key, plain.as_ref().unwrap_or(value)));
    }
    for event in content.get("events").and_then(Value::as_array).into_iter().flatten() {
        message.message(11, &event_message(event));
    }
    for link in content.get("links").and_then(Value::as_array).into_iter().flatten() {
        if let Some(link) = link_message(link) {
            message.message(13, &link);
        }
    }
    let status = content.get("status");
    let said = status.and_then(|s| s.get("message")).and_then(Value::as_str).unwrap_or_default();
    let mut inner = Message::default();
    inner.bytes(2, said.as_bytes());
    inner.varint_field(
        3,
        match span.status.as_str() {
            "OK" => 1,
            "ERROR" => 2,
            _ => 0,
        },
    );
    message.message(15, &inner);
    Ok(message)
}

fn event_message(event: &Value) -> Message {
    let mut message = Message::default();
    let time = event.get("time_unix_nano").or_else(|| event.get("timestamp"));
    let number = time.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    message.fixed64(1, number.unwrap_or(0));
    message.bytes(2, event.get("name").and_then(Value::as_str).unwrap_or_default().as_bytes());
    attributes(&mut message, 3, event);
    message
}

fn link_message(link: &Value) -> Option<Message> {
    let text = |name: &str| link.get(name).and_then(Value::as_str);
    let mut message = Message::default();
    let trace = text("trace_id")?;
    message.bytes(1, &hex(trace.strip_prefix("tr-").unwrap_or(trace))?);
    message.bytes(2, &hex(text("span_id")?)?);
    attributes(&mut message, 4, link);
    Some(message)
}

fn attributes(message: &mut Message, number: u32, of: &Value) {
    for (key, value) in of.get("attributes").and_then(Value::as_object).into_iter().flatten() {
        message.message(number, &key_value(key, value));
    }
}

fn key_value(key: &str, value: &Value) -> Message {
    let mut message = Message::default();
    message.bytes(1, key.as_bytes());
    message.message(2, &any_value(value));
    message
}

fn any_value(value: &Value) -> Message {
    let mut message = Message::default();
    match value {
        Value::Null => {}
        Value::String(text) => message.always_bytes(1, text.as_bytes()),
        Value::Bool(truth) => message.always_varint(2, u64::from(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => message.always_varint(3, whole.cast_unsigned()),
            (None, float) => {
                message.tag(4, 1);
                message.0.extend_from_slice(&float.unwrap_or(f64::NAN).to_le_bytes());
            }
        },
        Value::Array(items) => {
            let mut list = Message::default();
            items.iter().for_each(|item| list.message(1, &any_value(item)));
            message.message(5, &list);
        }
        Value::Object(fields) => message.message(6, &map(fields)),
    }
    message
}

fn map(fields: &Map<String, Value>) -> Message {
    let mut list = Message::default();
    fields.iter().for_each(|(key, value)| list.message(1, &key_value(key, value)));
    list
}

/// Bytes of an id: hexadecimal digits, or base64 as in the content of spans.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.len().is_multiple_of(2) && !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    if digits {
        return (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
    }
    base64::engine::general_purpose::STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

fn bad(what: &'static str, id: &str) -> Error {
    let what = if what == "trace" { "id of a trace" } else { "id of a span" };
    Error::InvalidValue { what, value: id.to_owned(), expected: "use `tr-` and 32 (spans: 16) hexadecimal digits" }
}

/// A message of protobuf as it grows.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn tag(&mut self, number: u32, wire: u32) {
        self.varint(u64::from(number << 3 | wire));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f | 0x80) as u8);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn varint_field(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.always_varint(number, value);
        }
    }

    fn always_varint(&mut self, number: u32, value: u64) {
        self.tag(number, 0);
        self.varint(value);
    }

    fn fixed64(&mut self, number: u32, value: i64) {
        if value != 0 {
            self.tag(number, 1);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn bytes(&mut self, number: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.always_bytes(number, bytes);
        }
    }

    fn always_bytes(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, number: u32, inner: &Message) {
        self.always_bytes(number, &inner.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_protobuf_does() {
        let mut message = Message::default();
        message.varint_field(1, 150);
        assert_eq!(message.0, [0x08, 0x96, 0x01], "the example of protobuf's documentation");
        assert_eq!(any_value(&json!("hi")).0, [0x0a, 2, b'h', b'i']);
        assert_eq!(any_value(&json!(-1)).0.len(), 11);
        assert_eq!(any_value(&json!(false)).0, [0x10, 0], "a false that is chosen is written");
    }

    #[test]
    fn ids_may_be_hex_or_base64() {
        assert_eq!(hex("0aff"), Some(vec![10, 255]));
        assert_eq!(hex("Cv8="), Some(vec![10, 255]));
        assert_eq!(hex(""), None);
    }
}
