//! Traces, in the second version of MLflow's API, which older clients speak.

use super::{Answer, Call, Fields, Refusal, Reply, clock, trace_json, traces};
use ironbook_store::TraceInfo;
use serde_json::json;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

const STATES: [(&str, i64, &str); 4] = [
    ("TRACE_STATUS_UNSPECIFIED", 0, "STATE_UNSPECIFIED"),
    ("OK", 1, "OK"),
    ("ERROR", 2, "ERROR"),
    ("IN_PROGRESS", 3, "IN_PROGRESS"),
];

/// An id for a trace: `RandomState` is seeded by the system, and the time is mixed in.
fn new_id() -> String {
    let word = || {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_i64(ironbook_store::model::now_ms());
        hasher.finish()
    };
    format!("tr-{:016x}{:016x}", word(), word())
}

/// The time of a request, which must be one that can be written as a date.
fn time(fields: &Fields<'_>) -> Result<Option<i64>, Refusal> {
    let time = fields.int("timestamp_ms")?;
    match time.filter(|ms| !clock::is_time(*ms)) {
        None => Ok(time),
        Some(ms) => Err(Refusal::invalid(format!(
            "Invalid value {ms} for parameter 'timestamp_ms' supplied: give milliseconds since 1970, in the years 1 to 9999."
        ))),
    }
}

pub(super) fn start(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let mut info = TraceInfo {
        trace_id: new_id(),
        experiment: fields.need("experiment_id")?,
        request_time: time(&fields)?.unwrap_or_default(),
        state: "IN_PROGRESS".to_owned(),
        metadata: fields.pairs("request_metadata")?,
        tags: fields.pairs("tags")?,
        ..TraceInfo::default()
    };
    traces::place(call, &mut info)?;
    let stored = call.store().put_trace(&info)?;
    Ok(Reply::json(&json!({ "trace_info": trace_json::info_v2(&stored) })))
}

pub(super) fn end(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let mut info = call.store().trace(call.part("trace_id")?)?;
    let end = time(&fields)?.unwrap_or(info.request_time);
    info.execution_duration = Some(end.saturating_sub(info.request_time));
    info.state = fields.choice("status", &STATES)?.unwrap_or("STATE_UNSPECIFIED").to_owned();
    merge(&mut info.metadata, fields.pairs("request_metadata")?);
    merge(&mut info.tags, fields.pairs("tags")?);
    let stored = call.store().put_trace(&info)?;
    Ok(Reply::json(&json!({ "trace_info": trace_json::info_v2(&stored) })))
}

fn merge(into: &mut Vec<(String, String)>, pairs: Vec<(String, String)>) {
    for (key, value) in pairs {
        into.retain(|(k, _)| *k != key);
        into.push((key, value));
    }
}

pub(super) fn get(call: &Call<'_>) -> Answer {
    let info = call.store().trace(call.part("trace_id")?)?;
    Ok(Reply::json(&json!({ "trace_info": trace_json::info_v2(&info) })))
}

pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let experiments = fields.need_texts("experiment_ids")?;
    traces::find(call, &fields, experiments, trace_json::info_v2)
}
