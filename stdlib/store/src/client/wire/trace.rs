//! Traces, spans, assessments.

use super::{list, optional, text};
use crate::model::{Assessment, Span, TraceInfo};
use base64::Engine;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

pub(in super::super) fn trace_body(info: &TraceInfo) -> Value {
    let map = |pairs: &[(String, String)]| -> Value {
        Value::Object(pairs.iter().map(|(k, v)| (k.clone(), json!(v))).collect())
    };
    let duration = info.execution_duration.map(|ms| {
        let sign = if ms < 0 { "-" } else { "" };
        format!("{sign}{}.{:03}s", (ms / 1000).abs(), (ms % 1000).abs())
    });
    super::present(json!({
        "trace_id": info.trace_id,
        "client_request_id": info.client_request_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": info.experiment}},
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "request_time": rfc3339(info.request_time),
        "execution_duration": duration,
        "state": info.state,
        "trace_metadata": map(&info.metadata),
        "tags": map(&info.tags),
        "assessments": info.assessments.iter().map(|a| assessment_body(a, &info.trace_id)).collect::<Vec<_>>(),
    }))
}

pub(in super::super) fn trace_info(value: &Value) -> TraceInfo {
    let location = value.get("trace_location").and_then(|l| l.get("mlflow_experiment"));
    let pairs = |name: &str| {
        let fields = value.get(name).and_then(Value::as_object).into_iter().flatten();
        let mut pairs: Vec<_> =
            fields.map(|(k, v)| (k.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned))).collect();
        pairs.sort();
        pairs
    };
    TraceInfo {
        trace_id: text(value, "trace_id"),
        experiment: location.map(|l| text(l, "experiment_id")).unwrap_or_default(),
        request_time: value.get("request_time").map(time_ms).unwrap_or_default(),
        execution_duration: value.get("execution_duration").and_then(duration_ms),
        state: optional(value, "state").unwrap_or_else(|| "STATE_UNSPECIFIED".to_owned()),
        client_request_id: optional(value, "client_request_id"),
        request_preview: optional(value, "request_preview"),
        response_preview: optional(value, "response_preview"),
        metadata: pairs("trace_metadata"),
        tags: pairs("tags"),
        assessments: list(value, "assessments").map(assessment).collect(),
    }
}

pub(in super::super) fn assessment(value: &Value) -> Assessment {
    let mut fields = value.as_object().cloned().unwrap_or_default();
    let id = fields.remove("assessment_id");
    Assessment { assessment_id: id.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(), fields }
}

pub(in super::super) fn assessment_body(assessment: &Assessment, trace: &str) -> Value {
    let mut fields = assessment.fields.clone();
    fields.insert("trace_id".to_owned(), json!(trace));
    if !assessment.assessment_id.is_empty() {
        fields.insert("assessment_id".to_owned(), json!(assessment.assessment_id));
    }
    Value::Object(fields)
}

/// A span of OTLP as protobuf's JSON has it, as a span whose content is what `Span.to_dict` writes.
pub(in super::super) fn span(value: &Value, trace: &str) -> Span {
    let id = |name: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text(value, name)).unwrap_or_default();
        bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let mut attributes = dumped(value);
    attributes.entry("mlflow.traceRequestId").or_insert_with(|| json!(json!(trace).to_string()));
    let kind = attributes.get("mlflow.spanType").and_then(Value::as_str);
    let span_type = kind.and_then(|dumped| serde_json::from_str::<String>(dumped).ok());
    let status = value.get("status").unwrap_or(&Value::Null);
    let code = optional(status, "code").unwrap_or_else(|| "STATUS_CODE_UNSET".to_owned());
    let (start, end) = (nanoseconds(value, "start_time_unix_nano"), nanoseconds(value, "end_time_unix_nano"));
    let events: Vec<_> = list(value, "events").map(event).collect();
    let links: Vec<_> = list(value, "links").map(link).collect();
    let end_ns = Some(end).filter(|end| *end != 0);
    let parent = Some(text(value, "parent_span_id")).filter(|parent| !parent.is_empty());
    let content = json!({
        "trace_id": text(value, "trace_id"),
        "span_id": text(value, "span_id"),
        "parent_span_id": parent,
        "name": text(value, "name"),
        "start_time_unix_nano": start,
        "end_time_unix_nano": end_ns,
        "events": events,
        "status": {"code": code, "message": text(status, "message")},
        "attributes": attributes,
        "links": links,
    });
    Span {
        trace_id: trace.to_owned(),
        span_id: id("span_id"),
        parent_id: parent.map(|_| id("parent_span_id")),
        name: text(value, "name"),
        span_type,
        status: code.trim_start_matches("STATUS_CODE_").to_owned(),
        start_ns: start,
        end_ns,
        content,
    }
}

/// Attributes, each value as the JSON text that MLflow keeps.
fn dumped(value: &Value) -> Map<String, Value> {
    let read = |a: &Value| (text(a, "key"), json!(plain(a.get("value").unwrap_or(&Value::Null)).to_string()));
    list(value, "attributes").map(read).collect()
}

fn event(value: &Value) -> Value {
    let read = |a: &Value| (text(a, "key"), plain(a.get("value").unwrap_or(&Value::Null)));
    let attributes: Map<_, _> = list(value, "attributes").map(read).collect();
    json!({
        "name": text(value, "name"),
        "time_unix_nano": nanoseconds(value, "time_unix_nano"),
        "attributes": attributes,
    })
}

fn link(value: &Value) -> Value {
    let hex = |name: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text(value, name)).unwrap_or_default();
        bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let read = |a: &Value| (text(a, "key"), plain(a.get("value").unwrap_or(&Value::Null)));
    let attributes: Map<_, _> = list(value, "attributes").map(read).collect();
    json!({"trace_id": format!("tr-{}", hex("trace_id")), "span_id": hex("span_id"), "attributes": attributes})
}

/// The value in one of OTLP's typed wrappers.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|fields| fields.iter().next()) else { return Value::Null };
    match kind.as_str() {
        "int_value" => match inner {
            Value::String(text) => text.parse::<i64>().map_or(Value::Null, Value::from),
            other => other.clone(),
        },
        "array_value" => list(inner, "values").map(plain).collect(),
        "kvlist_value" => {
            let read = |a: &Value| (text(a, "key"), plain(a.get("value").unwrap_or(&Value::Null)));
            Value::Object(list(inner, "values").map(read).collect())
        }
        _ => inner.clone(),
    }
}

fn nanoseconds(value: &Value, name: &str) -> i64 {
    super::int(value, name)
}

fn rfc3339(ms: i64) -> Option<String> {
    DateTime::from_timestamp_millis(ms).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn time_ms(value: &Value) -> i64 {
    let parsed = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    parsed.map_or_else(|| value.as_i64().unwrap_or(0), |at| at.timestamp_millis())
}

fn duration_ms(value: &Value) -> Option<i64> {
    let seconds: f64 = value.as_str()?.strip_suffix('s')?.parse().ok()?;
    // Durations of traces are far below where a float loses milliseconds.
    Some((seconds * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_and_comes_back() {
        let info = TraceInfo {
            trace_id: "tr-1".into(),
            experiment: "7".into(),
            request_time: 1_700_000_000_123,
            execution_duration: Some(1_005),
            state: "OK".into(),
            metadata: vec![("a".into(), "b".into())],
            tags: vec![("c".into(), "d".into())],
            ..TraceInfo::default()
        };
        assert_eq!(trace_info(&trace_body(&info)), info);
    }

    #[test]
    fn a_span_of_otlp_is_one_of_mlflow() {
        let value = json!({
            "trace_id": "ASNFZ4mrze8BI0VniavN7w==", "span_id": "ASNFZ4mrze8=", "parent_span_id": "", "name": "root",
            "start_time_unix_nano": "1700000000000000001", "end_time_unix_nano": 1700000000000000005_i64,
            "attributes": [
                {"key": "mlflow.spanType", "value": {"string_value": "LLM"}},
                {"key": "n", "value": {"int_value": "3"}},
                {"key": "l", "value": {"array_value": {"values": [{"double_value": 0.5}]}}},
            ],
            "status": {"code": "STATUS_CODE_OK"},
        });
        let span = span(&value, "tr-x");
        assert_eq!((span.span_id.as_str(), span.parent_id.as_deref()), ("0123456789abcdef", None));
        assert_eq!((span.span_type.as_deref(), span.status.as_str()), (Some("LLM"), "OK"));
        assert_eq!(span.start_ns, 1_700_000_000_000_000_001);
        assert_eq!(span.content["attributes"]["n"], "3");
        assert_eq!(span.content["attributes"]["l"], "[0.5]");
        assert_eq!(span.content["attributes"]["mlflow.spanType"], "\"LLM\"");
    }
}
