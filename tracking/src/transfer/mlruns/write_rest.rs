//! Logged models, the registry and traces as MLflow's files.

use super::layout::{META, MODELS, TAGS, TRACE_INFO, TRACES, below, make, put};
use super::registry::{DELETED, VERSION};
use super::write::{FilesSink, data, number};
use super::yaml;
use crate::api::clock::timestamp;
use crate::transfer::error::Result;
use crate::transfer::own::SPANS;
use crate::transfer::parts::{ModelRecord, TraceRecord, VersionRecord};
use crate::transfer::spans;
use ironbook_store::{Added, Metric, ModelStatus, ModelVersion, RegisteredModel};
use serde_json::json;
use std::collections::BTreeMap;

/// Tag with the place of a trace's own files.
const LOCATION: &str = "mlflow.artifactLocation";

/// Empty texts are absent ones.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

impl FilesSink {
    pub(super) fn put_model(&mut self, record: &ModelRecord, location: Option<&str>) -> Result<(String, Added)> {
        let model = &record.model;
        let directory = below(&self.directory(&model.experiment).join(MODELS), &model.id)?;
        let place = match location {
            Some(place) => place.to_owned(),
            None => self.uri(&model.experiment, &format!("{MODELS}/{}/artifacts", model.id))?,
        };
        let status = match model.status {
            ModelStatus::Pending => 1,
            ModelStatus::Ready => 2,
            ModelStatus::Failed => 3,
        };
        let content = yaml::mapping(&[
            ("model_id", json!(model.id)),
            ("experiment_id", json!(model.experiment)),
            ("name", json!(model.name)),
            ("artifact_location", json!(place)),
            ("creation_timestamp", json!(model.created)),
            ("last_updated_timestamp", json!(model.updated)),
            ("model_type", json!(some(&model.model_type))),
            ("source_run_id", json!(model.source_run)),
            ("status", json!(status)),
            ("status_message", json!(some(&model.status_message))),
            ("lifecycle_stage", json!(if record.deleted { "deleted" } else { "active" })),
        ]);
        let new = put(&directory.join(META), &content)?;
        for name in ["metrics", "params", TAGS] {
            make(&directory.join(name))?;
        }
        let params = model.params.iter().map(|param| (param.key.as_str(), param.value.as_str()));
        let mut rows = usize::from(new) + self.values(&directory.join("params"), params)?;
        rows += self.tags(&directory, &model.tags)?;
        let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for Metric { key, value, timestamp, step, of } in &model.metrics {
            let of = of.as_deref();
            if let Some(run) = of.and_then(|of| of.run_id.as_deref()).or(model.source_run.as_deref()) {
                let line = format!("{timestamp} {} {step} {run}{}", number(*value), data(of));
                lines.entry(key).or_default().push(line);
            }
        }
        for (key, lines) in lines {
            rows += self.lines(&below(&directory.join("metrics"), key)?, &lines)?;
        }
        Ok((model.id.clone(), Added { new, rows }))
    }

    pub(super) fn put_registered(&mut self, model: &RegisteredModel) -> Result<Added> {
        let directory = below(&self.root.join(MODELS), &model.name)?;
        let aliases: serde_json::Map<_, _> =
            model.aliases.iter().map(|alias| (alias.alias.clone(), json!(alias.version))).collect();
        let content = yaml::mapping(&[
            ("name", json!(model.name)),
            ("creation_timestamp", json!(model.created)),
            ("last_updated_timestamp", json!(model.updated)),
            ("description", json!(some(&model.description))),
            ("aliases", json!(aliases)),
        ]);
        let new = put(&directory.join(META), &content)?;
        let mut rows = usize::from(new) + self.tags(&directory, &model.tags)?;
        let aliases = model.aliases.iter().map(|alias| (alias.alias.as_str(), alias.version.as_str()));
        rows += self.values(&directory.join("aliases"), aliases)?;
        Ok(Added { new, rows })
    }

    /// Where the files of a version lie.
    fn storage(&self, version: &ModelVersion) -> Result<String> {
        if let Some((run, path)) = version.source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/'))
            && let Ok(directory) = self.run_directory(run)
        {
            let experiment = directory.parent().and_then(|path| path.file_name()).unwrap_or_default();
            return self.uri(&experiment.to_string_lossy(), &format!("{run}/artifacts/{path}"));
        }
        if let Some(model) = version.source.strip_prefix("models:/").filter(|id| id.starts_with("m-"))
            && let Some(run) = &version.run
            && let Ok(directory) = self.run_directory(run)
        {
            let experiment = directory.parent().and_then(|path| path.file_name()).unwrap_or_default();
            return self.uri(&experiment.to_string_lossy(), &format!("{MODELS}/{model}/artifacts"));
        }
        Ok(version.source.clone())
    }

    pub(super) fn put_version(&mut self, record: &VersionRecord) -> Result<Added> {
        let version = &record.version;
        let directory =
            below(&below(&self.root.join(MODELS), &version.name)?, &format!("{VERSION}{}", version.version))?;
        let storage = self.storage(version)?;
        let source = if version.source.starts_with("runs:/") { &storage } else { &version.source };
        let number: Option<u64> = version.version.parse().ok();
        let content = yaml::mapping(&[
            ("name", json!(version.name)),
            ("version", json!(number)),
            ("creation_timestamp", json!(version.created)),
            ("last_updated_timestamp", json!(version.updated)),
            ("description", json!(some(&version.description))),
            ("user_id", json!(some(&version.user))),
            ("current_stage", json!(if record.deleted { DELETED } else { version.stage.as_str() })),
            ("source", json!(source)),
            ("storage_location", json!(storage)),
            ("run_id", json!(version.run)),
            ("run_link", json!(some(&version.run_link))),
            ("model_id", json!(version.model_id)),
            ("status", json!(version.status.as_str())),
            ("status_message", json!(some(&version.status_message))),
        ]);
        let new = put(&directory.join(META), &content)?;
        let rows = usize::from(new) + self.tags(&directory, &version.tags)?;
        Ok(Added { new, rows })
    }

    pub(super) fn put_trace(&mut self, trace: &TraceRecord) -> Result<Added> {
        let info = &trace.info;
        let id = &info.trace_id;
        let directory = below(&self.directory(&info.experiment).join(TRACES), id)?;
        let location =
            json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": info.experiment } });
        let mut fields = vec![
            ("trace_id", json!(id)),
            ("trace_location", location),
            ("request_time", json!(timestamp(info.request_time))),
            ("state", json!(info.state)),
        ];
        // What MLflow does not find is absent; it does not know what to do with nulls.
        let mut present = |name, value: serde_json::Value| {
            if !value.is_null() {
                fields.push((name, value));
            }
        };
        present("execution_duration_ms", json!(info.execution_duration));
        present("request_preview", json!(info.request_preview));
        present("response_preview", json!(info.response_preview));
        present("client_request_id", json!(info.client_request_id));
        let new = put(&directory.join(TRACE_INFO), &yaml::mapping(&fields))?;
        let mut rows = usize::from(new);
        let pairs = |pairs: &[(String, String)]| -> Vec<(String, String)> {
            pairs.iter().filter(|(key, _)| key != LOCATION && key != SPANS).cloned().collect()
        };
        let mut tags = pairs(&info.tags);
        tags.push((LOCATION.to_owned(), self.uri(&info.experiment, &format!("{TRACES}/{id}/artifacts"))?));
        for (name, pairs) in [(TAGS, tags), ("request_metadata", pairs(&info.metadata))] {
            make(&directory.join(name))?;
            let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            rows += self.values(&directory.join(name), pairs)?;
        }
        for assessment in &info.assessments {
            let mut fields = assessment.fields.clone();
            fields.insert("assessment_id".to_owned(), json!(assessment.assessment_id));
            fields.insert("trace_id".to_owned(), json!(id));
            let file = below(&directory.join("assessments"), &format!("{}.yaml", assessment.assessment_id))?;
            rows += usize::from(put(&file, &yaml::object(&fields))?);
        }
        if !trace.spans.is_empty() {
            let file = directory.join("artifacts").join(spans::FILE);
            rows += usize::from(put(&file, &spans::file_of(&trace.spans))?);
        }
        self.links += trace.runs.len() as u64;
        Ok(Added { new, rows })
    }
}
