//! Traces on a server.

use super::{Call, MlflowStore, answer, check_id, escape, limit, otlp, page, part, v2, v3, wire};
use crate::error::{Code, Result};
use crate::model::{Assessment, Page, Search, Span, TraceInfo};
use crate::store::{Runs, Traces};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashSet;

/// What servers before these cannot do.
const NEWER: &str = "keep traces (MLflow 3 can)";
const NEWER_SPANS: &str = "keep spans of traces (MLflow 3.4 can)";
const NEWER_READING: &str = "give out the spans of a trace (MLflow 3.6 can)";
/// Most traces of one answer.
const MOST: usize = 500;
/// So many traces are deleted or linked with one call.
const AT_ONCE: usize = 100;

impl MlflowStore {
    fn trace_call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.http.json(Call::send(method, v3(path), body).newer(NEWER))
    }
}

impl Traces for MlflowStore {
    fn put_trace(&self, info: &TraceInfo) -> Result<TraceInfo> {
        check_id("trace", &info.trace_id)?;
        let body = json!({"trace": {"trace_info": wire::trace_body(info)}});
        let answer = self.trace_call(Method::POST, "traces", &body)?;
        let trace = part(self, &answer, "trace")?;
        part(self, trace, "trace_info").map(wire::trace_info)
    }

    fn trace(&self, id: &str) -> Result<TraceInfo> {
        check_id("trace", id)?;
        let answer = self.http.json(Call::get(v3(&format!("traces/{id}")), Vec::new()).newer(NEWER))?;
        let trace = part(self, &answer, "trace")?;
        part(self, trace, "trace_info").map(wire::trace_info)
    }

    fn search_traces(&self, search: &Search) -> Result<Page<TraceInfo>> {
        let place = |id: &String| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
        let places: Vec<_> = self.experiments_of(search)?.iter().map(place).collect();
        let body = wire::present(json!({
            "locations": places,
            "filter": Some(&search.filter).filter(|f| !f.trim().is_empty()),
            "order_by": search.order_by,
            "max_results": limit(search, MOST)?,
            "page_token": search.page,
        }));
        let answer = self.trace_call(Method::POST, "traces/search", &body)?;
        Ok(page(&answer, "traces", wire::trace_info))
    }

    fn delete_traces(
        &self,
        experiment: &str,
        ids: &[String],
        until: Option<i64>,
        limit: Option<usize>,
    ) -> Result<usize> {
        check_id("experiment", experiment)?;
        let delete = |ids: Option<&[String]>| {
            let body = wire::present(json!({
                "experiment_id": experiment,
                "request_ids": ids,
                "max_timestamp_millis": until,
                "max_traces": limit,
            }));
            let answer = self.post("traces/delete-traces", &body)?;
            Ok(usize::try_from(wire::int(&answer, "traces_deleted")).unwrap_or(0))
        };
        if ids.is_empty() {
            return delete(None);
        }
        ids.chunks(AT_ONCE).map(|some| delete(Some(some))).sum()
    }

    fn set_trace_tag(&self, id: &str, key: &str, value: &str) -> Result<()> {
        check_id("trace", id)?;
        let call = Call::send(Method::PATCH, v2(&format!("traces/{id}/tags")), &json!({"key": key, "value": value}));
        match self.http.json(call.newer(NEWER)) {
            // For a trace that is not there MLflow answers with its database's words.
            Err(e) if e.code() == Code::BadRequest => self.trace(id).and(Err(e)),
            other => other.map(drop),
        }
    }

    fn delete_trace_tag(&self, id: &str, key: &str) -> Result<()> {
        check_id("trace", id)?;
        let call = Call::send(Method::DELETE, v2(&format!("traces/{id}/tags")), &json!({"key": key}));
        self.http.json(call.once().newer(NEWER)).map(drop)
    }

    fn log_spans(&self, experiment: &str, spans: &[Span]) -> Result<()> {
        check_id("experiment", experiment)?;
        if spans.is_empty() {
            return Ok(());
        }
        let call = Call {
            body: Some(otlp::export(spans)?.into()),
            content_type: "application/x-protobuf",
            headers: vec![("x-mlflow-experiment-id", experiment.to_owned())],
            ..Call::new(Method::POST, "/v1/traces")
        };
        self.http.bytes(call.newer(NEWER_SPANS)).map(drop)
    }

    fn spans(&self, trace: &str) -> Result<Vec<Span>> {
        check_id("trace", trace)?;
        let query = vec![("trace_id", trace.to_owned()), ("allow_partial", "true".to_owned())];
        let answer = self.http.json(Call::get(v3("traces/get"), query).newer(NEWER_READING))?;
        let found = part(self, &answer, "trace")?;
        let mut spans: Vec<_> = wire::list(found, "spans").map(|value| wire::span(value, trace)).collect();
        spans.sort_by_key(|span| span.start_ns);
        Ok(spans)
    }

    fn link_traces(&self, run: &str, traces: &[String]) -> Result<()> {
        // MLflow would link them to a run that is not there.
        self.run(run)?;
        let mut seen = HashSet::new();
        let each: Vec<_> = traces.iter().filter(|trace| seen.insert(*trace)).collect();
        for some in each.chunks(AT_ONCE) {
            let body = json!({"run_id": run, "trace_ids": some});
            self.http.json(Call::send(Method::POST, v2("traces/link-to-run"), &body).newer(NEWER))?;
        }
        Ok(())
    }

    fn create_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment> {
        check_id("trace", trace)?;
        let body = json!({"assessment": wire::assessment_body(assessment, trace)});
        let call = Call::send(Method::POST, v3(&format!("traces/{trace}/assessments")), &body);
        let answer = self.http.json(call.once().newer(NEWER))?;
        part(self, &answer, "assessment").map(wire::assessment)
    }

    fn assessment(&self, trace: &str, id: &str) -> Result<Assessment> {
        check_id("trace", trace)?;
        check_id("assessment", id)?;
        let answer =
            self.http.json(Call::get(v3(&format!("traces/{trace}/assessments/{id}")), Vec::new()).newer(NEWER))?;
        part(self, &answer, "assessment").map(wire::assessment)
    }

    fn update_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment> {
        const CHANGEABLE: [&str; 6] = ["assessment_name", "expectation", "feedback", "rationale", "metadata", "valid"];
        check_id("trace", trace)?;
        check_id("assessment", &assessment.assessment_id)?;
        let changed: Vec<_> = CHANGEABLE.into_iter().filter(|name| assessment.fields.contains_key(*name)).collect();
        let body = json!({
            "assessment": wire::assessment_body(assessment, trace),
            "update_mask": camel_case(&changed),
        });
        let path = format!("traces/{trace}/assessments/{}", assessment.assessment_id);
        let answer = self.trace_call(Method::PATCH, &path, &body)?;
        part(self, &answer, "assessment").map(wire::assessment)
    }

    fn delete_assessment(&self, trace: &str, id: &str) -> Result<()> {
        check_id("trace", trace)?;
        let path = format!("traces/{trace}/assessments/{}", escape(id, false));
        let body = json!({"trace_id": trace, "assessment_id": id});
        match self.trace_call(Method::DELETE, &path, &body) {
            Err(e) if answer::is_missing(&e) && self.trace(trace).is_ok() => Ok(()),
            other => other.map(drop),
        }
    }
}

/// A mask of fields as protobuf's JSON has it: `assessmentName,feedback`.
fn camel_case(names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        if !text.is_empty() {
            text.push(',');
        }
        for (at, word) in name.split('_').enumerate() {
            let (first, rest) = word.split_at(word.len().min(1));
            text.push_str(&if at == 0 { first.to_owned() } else { first.to_uppercase() });
            text.push_str(rest);
        }
    }
    text
}
