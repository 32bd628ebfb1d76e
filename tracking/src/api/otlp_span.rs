//! Spans between OpenTelemetry's protocol, its JSON, and what the store keeps (MLflow's JSON of a span).

use super::fields::{float, whole};
use super::otlp_proto::Span as Proto;
use super::otlp_proto::{
    AnyValue, Event, Export, KeyValue, KeyValues, Kind, Link, ResourceSpans, ScopeSpans, Status, Values,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ironbook_store::Span;
use serde_json::{Map, Value, json};

/// Attribute with the id of the trace.
const REQUEST_ID: &str = "mlflow.traceRequestId";
/// Attribute with the kind of step.
const SPAN_TYPE: &str = "mlflow.spanType";

/// What the store keeps of a span, or why it cannot.
pub(super) fn stored(proto: &Proto) -> Result<Span, &'static str> {
    if proto.trace_id.len() != 16 {
        return Err("the id of a trace has 16 bytes");
    }
    if proto.span_id.len() != 8 {
        return Err("the id of a span has 8 bytes");
    }
    if !matches!(proto.parent_span_id.len(), 0 | 8) {
        return Err("the id of a parent span has 8 bytes");
    }
    let nanos = |at: u64| i64::try_from(at).map_err(|_| "a time lies beyond the year 2262");
    let (start_ns, end_ns) = (nanos(proto.start_time_unix_nano)?, nanos(proto.end_time_unix_nano)?);
    let trace_id = format!("tr-{}", hex(&proto.trace_id));
    // Each value is JSON in text, as MLflow's own spans have them.
    let mut attributes: Map<String, Value> =
        proto.attributes.iter().map(|a| (a.key.clone(), Value::from(plain(a.value.as_ref()).to_string()))).collect();
    attributes.insert(REQUEST_ID.to_owned(), Value::from(trace_id.as_str()).to_string().into());
    let kind = proto.attributes.iter().find(|a| a.key == SPAN_TYPE).map(|a| plain(a.value.as_ref()));
    let (code, message) = proto.status.as_ref().map_or((0, ""), |s| (s.code, s.message.as_str()));
    let (status, code_name) = match code {
        1 => ("OK", "STATUS_CODE_OK"),
        2 => ("ERROR", "STATUS_CODE_ERROR"),
        _ => ("UNSET", "STATUS_CODE_UNSET"),
    };
    let encoded = |id: &[u8]| if id.is_empty() { Value::Null } else { Value::from(STANDARD.encode(id)) };
    let content = json!({
        "trace_id": encoded(&proto.trace_id),
        "span_id": encoded(&proto.span_id),
        "parent_span_id": encoded(&proto.parent_span_id),
        "name": proto.name,
        "start_time_unix_nano": start_ns,
        "end_time_unix_nano": if end_ns == 0 { Value::Null } else { end_ns.into() },
        "events": proto.events.iter().map(event).collect::<Vec<_>>(),
        "status": { "code": code_name, "message": message },
        "attributes": attributes,
        "links": proto.links.iter().map(link).collect::<Vec<_>>(),
    });
    Ok(Span {
        trace_id,
        span_id: hex(&proto.span_id),
        parent_id: (!proto.parent_span_id.is_empty()).then(|| hex(&proto.parent_span_id)),
        name: proto.name.clone(),
        span_type: kind.and_then(|kind| kind.as_str().map(str::to_owned)),
        status: status.to_owned(),
        start_ns,
        end_ns: (end_ns != 0).then_some(end_ns),
        content,
    })
}

fn map(attributes: &[KeyValue]) -> Map<String, Value> {
    attributes.iter().map(|a| (a.key.clone(), plain(a.value.as_ref()))).collect()
}

fn event(event: &Event) -> Value {
    json!({ "name": event.name, "time_unix_nano": event.time_unix_nano, "attributes": map(&event.attributes) })
}

fn link(link: &Link) -> Value {
    json!({
        "trace_id": format!("tr-{}", hex(&link.trace_id)),
        "span_id": hex(&link.span_id),
        "attributes": map(&link.attributes),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

/// A value as plain JSON.
fn plain(value: Option<&AnyValue>) -> Value {
    match value.and_then(|v| v.value.as_ref()) {
        None => Value::Null,
        Some(Kind::Text(text)) => text.as_str().into(),
        Some(Kind::Flag(flag)) => (*flag).into(),
        Some(Kind::Int(int)) => (*int).into(),
        Some(Kind::Float(float)) => (*float).into(),
        Some(Kind::List(list)) => list.values.iter().map(|v| plain(Some(v))).collect(),
        Some(Kind::Map(pairs)) => Value::Object(map(&pairs.values)),
        Some(Kind::Bytes(bytes)) => STANDARD.encode(bytes).into(),
    }
}

/// Plain JSON as a value in protobuf's JSON.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({ "bool_value": flag }),
        Value::Number(number) if number.is_f64() => json!({ "double_value": number }),
        Value::Number(number) => json!({ "int_value": number }),
        Value::String(text) => json!({ "string_value": text }),
        Value::Array(values) if values.is_empty() => json!({ "array_value": {} }),
        Value::Array(values) => json!({ "array_value": { "values": values.iter().map(any).collect::<Vec<_>>() } }),
        Value::Object(map) if map.is_empty() => json!({ "kvlist_value": {} }),
        Value::Object(map) => json!({ "kvlist_value": { "values": attributes(map, false) } }),
    }
}

/// Named values in protobuf's JSON; where they are `encoded`, each is JSON in text.
fn attributes(map: &Map<String, Value>, encoded: bool) -> Vec<Value> {
    let decode = |value: &Value| match value.as_str() {
        Some(text) if encoded && super::call::depth(text.as_bytes()) <= super::call::MAX_DEPTH => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    };
    map.iter().map(|(key, value)| json!({ "key": key, "value": any(&decode(value)) })).collect()
}

/// What the store keeps of a span, as MLflow's server answers it: protobuf's JSON of OpenTelemetry's message.
pub(super) fn proto_json(content: &Value) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = matches!(&value, Value::Null)
            || value.as_str() == Some("")
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_i64() == Some(0);
        if !empty {
            out.insert(name.to_owned(), value);
        }
    };
    for name in ["trace_id", "span_id", "parent_span_id", "name", "start_time_unix_nano", "end_time_unix_nano"] {
        put(name, content[name].clone());
    }
    let pairs = |value: &Value, encoded| match value.as_object() {
        Some(map) => Value::Array(attributes(map, encoded)),
        None => Value::Null,
    };
    put("attributes", pairs(&content["attributes"], true));
    let events = content["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let event = |e: &Value| {
        let mut one = Map::new();
        one.insert("time_unix_nano".to_owned(), e["time_unix_nano"].clone());
        one.insert("name".to_owned(), e["name"].clone());
        let inner = pairs(&e["attributes"], false);
        if inner.as_array().is_some_and(|list| !list.is_empty()) {
            one.insert("attributes".to_owned(), inner);
        }
        Value::Object(one)
    };
    put("events", events.iter().map(event).collect());
    let links = content["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    put("links", links.iter().filter_map(|l| proto_link(l, &pairs(&l["attributes"], false))).collect());
    let mut status = Map::new();
    for (name, absent) in [("message", ""), ("code", "STATUS_CODE_UNSET")] {
        if let Some(text) = content["status"][name].as_str().filter(|text| *text != absent) {
            status.insert(name.to_owned(), text.into());
        }
    }
    put("status", Value::Object(status));
    Value::Object(out)
}

fn proto_link(link: &Value, attributes: &Value) -> Option<Value> {
    let trace = unhex(link["trace_id"].as_str()?.trim_start_matches("tr-"))?;
    let span = unhex(link["span_id"].as_str()?)?;
    let mut one = Map::new();
    one.insert("trace_id".to_owned(), STANDARD.encode(trace).into());
    one.insert("span_id".to_owned(), STANDARD.encode(span).into());
    if attributes.as_array().is_some_and(|list| !list.is_empty()) {
        one.insert("attributes".to_owned(), attributes.clone());
    }
    Some(Value::Object(one))
}

/// Reads OpenTelemetry's JSON, in which ids are hexadecimal and names are written like `startTimeUnixNano`.
pub(super) fn from_json(json: &Value) -> Option<Export> {
    let list = |value: &Value, camel: &str, snake: &str| -> Vec<Value> {
        value.get(camel).or_else(|| value.get(snake)).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    json.as_object()?;
    let mut resource_spans = Vec::new();
    for resource in list(json, "resourceSpans", "resource_spans") {
        let mut scope_spans = Vec::new();
        for scope in list(&resource, "scopeSpans", "scope_spans") {
            let spans = list(&scope, "spans", "spans").iter().map(json_span).collect::<Option<_>>()?;
            scope_spans.push(ScopeSpans { spans });
        }
        resource_spans.push(ResourceSpans { scope_spans });
    }
    Some(Export { resource_spans })
}

fn get<'a>(value: &'a Value, camel: &str, snake: &str) -> &'a Value {
    value.get(camel).or_else(|| value.get(snake)).unwrap_or(&Value::Null)
}

fn id(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) => unhex(text),
        _ => None,
    }
}

fn nanos(value: &Value) -> Option<u64> {
    if value.is_null() { Some(0) } else { u64::try_from(whole(value)?).ok() }
}

fn json_span(span: &Value) -> Option<Proto> {
    let status = get(span, "status", "status");
    let code = get(status, "code", "code");
    let code = match code.as_str() {
        Some("STATUS_CODE_OK") => 1,
        Some("STATUS_CODE_ERROR") => 2,
        _ => code.as_i64().unwrap_or_default(),
    };
    let each = |name: &str| get(span, name, name).as_array().map(Vec::as_slice).unwrap_or_default();
    let event = |e: &Value| {
        Some(Event {
            time_unix_nano: nanos(get(e, "timeUnixNano", "time_unix_nano"))?,
            name: get(e, "name", "name").as_str().unwrap_or_default().to_owned(),
            attributes: json_attributes(e)?,
        })
    };
    let link = |l: &Value| {
        Some(Link {
            trace_id: id(get(l, "traceId", "trace_id"))?,
            span_id: id(get(l, "spanId", "span_id"))?,
            attributes: json_attributes(l)?,
        })
    };
    Some(Proto {
        trace_id: id(get(span, "traceId", "trace_id"))?,
        span_id: id(get(span, "spanId", "span_id"))?,
        parent_span_id: id(get(span, "parentSpanId", "parent_span_id"))?,
        name: get(span, "name", "name").as_str().unwrap_or_default().to_owned(),
        start_time_unix_nano: nanos(get(span, "startTimeUnixNano", "start_time_unix_nano"))?,
        end_time_unix_nano: nanos(get(span, "endTimeUnixNano", "end_time_unix_nano"))?,
        attributes: json_attributes(span)?,
        events: each("events").iter().map(event).collect::<Option<_>>()?,
        links: each("links").iter().map(link).collect::<Option<_>>()?,
        status: status.is_object().then(|| Status {
            message: get(status, "message", "message").as_str().unwrap_or_default().to_owned(),
            code: i32::try_from(code).unwrap_or_default(),
        }),
    })
}

fn json_attributes(of: &Value) -> Option<Vec<KeyValue>> {
    let pairs = get(of, "attributes", "attributes").as_array().map(Vec::as_slice).unwrap_or_default();
    pairs.iter().map(json_pair).collect()
}

fn json_pair(pair: &Value) -> Option<KeyValue> {
    Some(KeyValue {
        key: get(pair, "key", "key").as_str()?.to_owned(),
        value: Some(json_any(get(pair, "value", "value"))?),
    })
}

fn json_any(value: &Value) -> Option<AnyValue> {
    let Some((name, inner)) = value.as_object().and_then(|map| map.iter().next()) else {
        return Some(AnyValue { value: None });
    };
    let values = || get(inner, "values", "values").as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = match name.as_str() {
        "stringValue" | "string_value" => Kind::Text(inner.as_str()?.to_owned()),
        "boolValue" | "bool_value" => Kind::Flag(inner.as_bool()?),
        "intValue" | "int_value" => Kind::Int(whole(inner)?),
        "doubleValue" | "double_value" => Kind::Float(float(inner)?),
        "bytesValue" | "bytes_value" => Kind::Bytes(STANDARD.decode(inner.as_str()?).ok()?),
        "arrayValue" | "array_value" => {
            Kind::List(Values { values: values().iter().map(json_any).collect::<Option<_>>()? })
        }
        "kvlistValue" | "kvlist_value" => {
            Kind::Map(KeyValues { values: values().iter().map(json_pair).collect::<Option<_>>()? })
        }
        _ => return Some(AnyValue { value: None }),
    };
    Some(AnyValue { value: Some(kind) })
}
