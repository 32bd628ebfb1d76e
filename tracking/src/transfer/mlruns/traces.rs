//! Traces of MLflow's file store.

use super::layout::{TAGS, TRACE_INFO, TRACES, directories, files, values};
use super::meta;
use super::read::{FilesSource, reported};
use crate::api::clock::parse_timestamp;
use crate::transfer::error::{Error, Result};
use crate::transfer::parts::{Each, TraceRecord};
use crate::transfer::report::Report;
use crate::transfer::spans;
use ironbook_store::{Assessment, Experiment, TraceInfo};
use serde_json::{Map, Value};
use std::path::Path;

impl FilesSource {
    pub(super) fn read_traces(
        &self,
        experiment: &Experiment,
        report: &Report,
        each: Each<'_, TraceRecord>,
    ) -> Result<()> {
        for path in directories(&self.directory(&experiment.id).join(TRACES))? {
            let Some(meta) = reported::<meta::Trace>(&path.join(TRACE_INFO), report) else { continue };
            match self.trace_of(&path, meta, experiment, report) {
                Ok(trace) => each(trace)?,
                Err(e) if e.is_of_one_thing() => report.skip(e.line()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn trace_of(
        &self,
        path: &Path,
        meta: meta::Trace,
        experiment: &Experiment,
        report: &Report,
    ) -> Result<TraceRecord> {
        let broken = |reason: &str| Error::Content { path: path.join(TRACE_INFO), reason: reason.to_owned() };
        let pairs = |name: &str| -> Result<Vec<(String, String)>> {
            Ok(values(&path.join(name), report)?.into_iter().map(|tag| (tag.key, tag.value)).collect())
        };
        let time = meta.request_time.as_deref().and_then(parse_timestamp).or(meta.timestamp_ms);
        let info = TraceInfo {
            trace_id: meta.trace_id.or(meta.request_id).ok_or_else(|| broken("it names no trace"))?,
            experiment: experiment.id.clone(),
            request_time: time.ok_or_else(|| broken("it has no time"))?,
            execution_duration: meta.execution_duration_ms.or(meta.execution_time_ms),
            state: meta.state.or(meta.status).unwrap_or_else(|| "STATE_UNSPECIFIED".to_owned()),
            client_request_id: meta.client_request_id,
            request_preview: meta.request_preview,
            response_preview: meta.response_preview,
            metadata: pairs("request_metadata")?,
            tags: pairs(TAGS)?,
            assessments: assessments(path, report)?,
        };
        let own = path.join("artifacts");
        let place = info.tags.iter().find(|(key, _)| key == "mlflow.artifactLocation");
        let place = place.map_or_else(|| own.display().to_string(), |(_, place)| place.clone());
        let spans = self.place(&place, &own).and_then(|files| spans::read_file(&*files, &info.trace_id, &place));
        let spans = spans.unwrap_or_else(|e| {
            report.skip(format!("spans of trace {}: {}", info.trace_id, e.line()));
            Vec::new()
        });
        Ok(TraceRecord { info, spans, runs: Vec::new() })
    }
}

fn assessments(path: &Path, report: &Report) -> Result<Vec<Assessment>> {
    let mut found = Vec::new();
    for (_, file) in files(&path.join("assessments"))? {
        let Some(mut fields) = reported::<Map<String, Value>>(&file, report) else { continue };
        let id = fields.remove("assessment_id").and_then(|id| id.as_str().map(str::to_owned));
        // The file has its name.
        let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.push(Assessment { assessment_id: id.unwrap_or_else(stem), fields });
    }
    let time = |one: &Assessment| one.fields.get("create_time").and_then(Value::as_str).map(str::to_owned);
    found.sort_by_key(time);
    Ok(found)
}
