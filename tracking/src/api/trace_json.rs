//! Traces as MLflow's REST API writes them, in both of its versions.

use super::clock;
use super::fields::Fields;
use super::refusal::Refusal;
use ironbook_store::{Assessment, TraceInfo};
use serde_json::{Map, Value, json};

const STATES: [(&str, i64, &str); 4] = [
    ("STATE_UNSPECIFIED", 0, "STATE_UNSPECIFIED"),
    ("OK", 1, "OK"),
    ("ERROR", 2, "ERROR"),
    ("IN_PROGRESS", 3, "IN_PROGRESS"),
];

/// Reads what a trace is.
pub(super) fn read(fields: &Fields<'_>) -> Result<TraceInfo, Refusal> {
    let place = fields.need_object("trace_location")?;
    let Some(place) = place.object("mlflow_experiment")? else {
        return Err(Refusal::invalid("A trace must lie in an experiment: give `trace_location.mlflow_experiment`."));
    };
    let request_time = match fields.text("request_time")? {
        Some(text) => clock::parse_timestamp(&text).ok_or_else(|| {
            Refusal::invalid(format!("Invalid value '{text}' for parameter 'request_time' supplied."))
        })?,
        None => 0,
    };
    let execution_duration = match fields.text("execution_duration")? {
        Some(text) => Some(clock::parse_duration(&text).ok_or_else(|| {
            Refusal::invalid(format!("Invalid value '{text}' for parameter 'execution_duration' supplied."))
        })?),
        None => None,
    };
    let assessments = fields.objects("assessments")?.iter().map(read_assessment).collect::<Result<_, _>>()?;
    Ok(TraceInfo {
        trace_id: fields.need("trace_id")?,
        experiment: place.need("experiment_id")?,
        request_time,
        execution_duration,
        state: fields.choice("state", &STATES)?.unwrap_or("STATE_UNSPECIFIED").to_owned(),
        client_request_id: fields.text("client_request_id")?,
        request_preview: fields.text("request_preview")?,
        response_preview: fields.text("response_preview")?,
        metadata: fields.text_map("trace_metadata")?,
        tags: fields.text_map("tags")?,
        assessments,
    })
}

/// Reads an assessment; times that are missing are now.
pub(super) fn read_assessment(fields: &Fields<'_>) -> Result<Assessment, Refusal> {
    let mut kept = fields.map().clone();
    let assessment_id = fields.some_text("assessment_id")?.unwrap_or_default();
    fields.need("assessment_name")?;
    for name in ["assessment_id", "trace_id"] {
        kept.shift_remove(name);
    }
    for name in ["create_time", "last_update_time"] {
        if fields.text(name)?.is_none_or(|text| clock::parse_timestamp(&text).is_none()) {
            kept.insert(name.to_owned(), now().into());
        }
    }
    kept.entry("valid").or_insert(Value::Bool(true));
    Ok(Assessment { assessment_id, fields: kept })
}

/// The time now.
pub(super) fn now() -> String {
    clock::timestamp(ironbook_store::model::now_ms())
}

/// An assessment of a trace.
pub(super) fn assessment(trace: &str, of: &Assessment) -> Value {
    let mut map = Map::new();
    map.insert("assessment_id".to_owned(), of.assessment_id.clone().into());
    map.insert("trace_id".to_owned(), trace.into());
    map.extend(of.fields.clone());
    Value::Object(map)
}

fn texts(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect())
}

/// What a trace is.
pub(super) fn info(of: &TraceInfo) -> Value {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    put("trace_id", of.trace_id.clone().into());
    if let Some(id) = &of.client_request_id {
        put("client_request_id", id.clone().into());
    }
    put(
        "trace_location",
        json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": of.experiment } }),
    );
    if let Some(text) = &of.request_preview {
        put("request_preview", text.clone().into());
    }
    if let Some(text) = &of.response_preview {
        put("response_preview", text.clone().into());
    }
    put("request_time", clock::timestamp(of.request_time).into());
    if let Some(ms) = of.execution_duration {
        put("execution_duration", clock::duration(ms).into());
    }
    put("state", of.state.clone().into());
    if !of.metadata.is_empty() {
        put("trace_metadata", texts(&of.metadata));
    }
    if !of.assessments.is_empty() {
        put("assessments", of.assessments.iter().map(|a| assessment(&of.trace_id, a)).collect());
    }
    if !of.tags.is_empty() {
        put("tags", texts(&of.tags));
    }
    Value::Object(map)
}

fn pairs(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// What a trace is, in the older version.
pub(super) fn info_v2(of: &TraceInfo) -> Value {
    let status = if of.state == "STATE_UNSPECIFIED" { "TRACE_STATUS_UNSPECIFIED" } else { &of.state };
    let mut map = Map::new();
    map.insert("request_id".to_owned(), of.trace_id.clone().into());
    map.insert("experiment_id".to_owned(), of.experiment.clone().into());
    map.insert("timestamp_ms".to_owned(), of.request_time.into());
    map.insert("execution_time_ms".to_owned(), of.execution_duration.unwrap_or_default().into());
    map.insert("status".to_owned(), status.into());
    if !of.metadata.is_empty() {
        map.insert("request_metadata".to_owned(), pairs(&of.metadata));
    }
    if !of.tags.is_empty() {
        map.insert("tags".to_owned(), pairs(&of.tags));
    }
    Value::Object(map)
}
