//! Spans that come by OpenTelemetry's protocol over HTTP: protobuf or JSON.

use super::call::{MAX_DEPTH, depth};
use super::otlp_proto::Export;
use super::{Answer, Call, Refusal, Reply, otlp_size, otlp_span, traces};
use axum::http::{HeaderName, header};
use ironbook_store::{Code, Span};
use prost::Message;
use std::collections::BTreeSet;

const EXPERIMENT: HeaderName = HeaderName::from_static("x-mlflow-experiment-id");
const RUN: HeaderName = HeaderName::from_static("x-mlflow-run-id");

/// Stores the spans of a request.
pub fn export(call: &Call<'_>) -> Answer {
    let Some(experiment) = call.header(&EXPERIMENT).filter(|id| !id.is_empty()) else {
        return Err(Refusal::invalid("The header 'x-mlflow-experiment-id' is missing: it says where the traces go."));
    };
    if let Some(packed) = call.header(&header::CONTENT_ENCODING).filter(|kind| !kind.eq_ignore_ascii_case("identity")) {
        let message = format!("Bodies packed as {packed} are not read here: set OTEL_EXPORTER_OTLP_COMPRESSION=none.");
        return Err(Refusal { status: 415, ..Refusal::new(Code::BadRequest, message) });
    }
    let spans = read(call)?;
    if spans.is_empty() {
        return Err(Refusal::new(Code::BadRequest, "Invalid OpenTelemetry format - no spans found"));
    }
    // A run that is not there must be known before anything is stored.
    if let Some(run) = call.header(&RUN) {
        call.store().run(run)?;
    }
    call.store().log_spans(experiment, &spans)?;
    for trace in spans.iter().map(|span| span.trace_id.as_str()).collect::<BTreeSet<_>>() {
        traces::mark_stored(call, trace)?;
    }
    if let Some(run) = call.header(&RUN) {
        let whole = spans.iter().filter(|span| span.parent_id.is_none()).map(|span| span.trace_id.clone());
        let whole: BTreeSet<String> = whole.collect();
        if !whole.is_empty() {
            call.store().link_traces(run, &whole.into_iter().collect::<Vec<_>>())?;
        }
    }
    // An answer without fields has no bytes in protobuf.
    Ok(match call.content_type() {
        Some("application/json") => Reply::empty(),
        _ => Reply::raw("application/x-protobuf", Vec::new()),
    })
}

fn too_many() -> Refusal {
    let message = format!(
        "The request has more than {} spans, or too many attributes, events and links: send fewer at once.",
        otlp_size::MAX_SPANS
    );
    Refusal { status: 413, ..Refusal::new(Code::BadRequest, message) }
}

fn read(call: &Call<'_>) -> Result<Vec<Span>, Refusal> {
    let malformed = |why: String| Refusal::new(Code::BadRequest, format!("Invalid OpenTelemetry format: {why}"));
    let export = match call.content_type() {
        Some("application/x-protobuf") if !otlp_size::protobuf_fits(call.body) => return Err(too_many()),
        Some("application/x-protobuf") => Export::decode(call.body).map_err(|e| malformed(e.to_string()))?,
        Some("application/json") => {
            if depth(call.body) > MAX_DEPTH {
                return Err(malformed("it is nested too deep".to_owned()));
            }
            if !otlp_size::json_fits(call.body) {
                return Err(too_many());
            }
            let json = serde_json::from_slice(call.body).map_err(|e| malformed(e.to_string()))?;
            otlp_span::from_json(&json).ok_or_else(|| malformed("a span has a field of a wrong type".to_owned()))?
        }
        other => {
            let other = other.unwrap_or("nothing");
            let message =
                format!("Invalid Content-Type: {other}. Expected: application/x-protobuf or application/json");
            return Err(Refusal::new(Code::BadRequest, message));
        }
    };
    let count = export.resource_spans.iter().flat_map(|r| &r.scope_spans).map(|s| s.spans.len()).sum::<usize>();
    if count > otlp_size::MAX_SPANS {
        return Err(too_many());
    }
    let all = export.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans);
    all.map(|span| otlp_span::stored(span).map_err(|why| malformed(why.to_owned()))).collect()
}
