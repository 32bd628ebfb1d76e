//! The registry and traces into a database of MLflow's.

use super::assess::Row;
use super::promoted;
use super::registry::DELETED;
use super::write::{Writer, derived};
use crate::transfer::error::Result;
use crate::transfer::own::{IN_STORE, SPANS};
use crate::transfer::parts::{TraceRecord, VersionRecord};
use ironbook_store::{Added, ModelVersion, RegisteredModel, Span};
use rusqlite::types::Value as Sql;

/// Tag with the place of a trace's own files.
const LOCATION: &str = "mlflow.artifactLocation";

impl Writer {
    pub(super) fn put_registered(&self, model: &RegisteredModel) -> Result<Added> {
        let put = |sql: &str, values: [&str; 3]| self.database.put(sql, values);
        let new = self.database.put(
            "INSERT OR IGNORE INTO registered_models (name, creation_time, last_updated_time, description, workspace)
             VALUES (?1, ?2, ?3, nullif(?4, ''), 'default')",
            (&model.name, model.created, model.updated, &model.description),
        )?;
        let mut rows = new;
        for tag in &model.tags {
            rows += put(
                "INSERT OR IGNORE INTO registered_model_tags (name, key, value, workspace) VALUES (?1, ?2, ?3, 'default')",
                [&model.name, &tag.key, &tag.value],
            )?;
        }
        for alias in &model.aliases {
            rows += put(
                "INSERT OR IGNORE INTO registered_model_aliases (name, alias, version, workspace)
                 VALUES (?1, ?2, CAST(?3 AS INTEGER), 'default')",
                [&model.name, &alias.alias, &alias.version],
            )?;
        }
        Ok(Added { new: new > 0, rows })
    }

    /// Where the files of a version lie: MLflow keeps the place beside the source.
    fn storage(&self, version: &ModelVersion) -> Result<String> {
        if let Some(model) = version.source.strip_prefix("models:/") {
            let found = self.one("SELECT artifact_location FROM logged_models WHERE model_id = ?1", [model])?;
            return Ok(found.unwrap_or_else(|| version.source.clone()));
        }
        if let Some((run, path)) = version.source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/')) {
            let found: Option<String> = self.one("SELECT artifact_uri FROM runs WHERE run_uuid = ?1", [run])?;
            return Ok(found.map_or_else(|| version.source.clone(), |uri| format!("{uri}/{path}")));
        }
        Ok(version.source.clone())
    }

    pub(super) fn put_version(&self, record: &VersionRecord) -> Result<Added> {
        let version = &record.version;
        let storage = self.storage(version)?;
        // A client resolves a source before it registers; MLflow's page shows the place.
        let source = if version.source.starts_with("runs:/") { &storage } else { &version.source };
        let new = self.database.put(
            "INSERT OR IGNORE INTO model_versions (name, version, creation_time, last_updated_time, description, user_id,
                 current_stage, source, run_id, status, status_message, run_link, storage_location, workspace)
             VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), nullif(?6, ''), ?7, ?8, ?9, ?10, nullif(?11, ''), nullif(?12, ''), ?13,
                 'default')",
            rusqlite::params![
                version.name,
                version.version,
                version.created,
                version.updated,
                version.description,
                version.user,
                if record.deleted { DELETED } else { version.stage.as_str() },
                source,
                version.run,
                version.status.as_str(),
                version.status_message,
                version.run_link,
                storage,
            ],
        )?;
        let mut rows = new;
        for tag in &version.tags {
            rows += self.database.put(
                "INSERT OR IGNORE INTO model_version_tags (name, version, key, value, workspace)
                 VALUES (?1, ?2, ?3, ?4, 'default')",
                (&version.name, &version.version, &tag.key, &tag.value),
            )?;
        }
        Ok(Added { new: new > 0, rows })
    }

    pub(super) fn put_trace(&self, trace: &TraceRecord) -> Result<Added> {
        let info = &trace.info;
        let id = &info.trace_id;
        let columns: Vec<&str> = promoted::columns().collect();
        let mut values: Vec<Sql> = vec![id.clone().into(), info.experiment.clone().into(), info.request_time.into()];
        values.extend([
            info.execution_duration.into(),
            info.state.clone().into(),
            info.client_request_id.clone().into(),
        ]);
        values.extend([info.request_preview.clone().into(), info.response_preview.clone().into()]);
        values.extend(promoted::values(info));
        let new = self.database.put(
            &format!(
                "INSERT OR IGNORE INTO trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status,
                     client_request_id, request_preview, response_preview, {}) VALUES ({})",
                columns.join(", "),
                vec!["?"; values.len()].join(", ")
            ),
            rusqlite::params_from_iter(values),
        )?;
        let mut rows = new;
        let put = "INSERT OR IGNORE INTO trace_tags (request_id, key, value) VALUES (?1, ?2, ?3)";
        for (key, value) in info.tags.iter().filter(|(key, _)| key != LOCATION && key != SPANS && key != promoted::NAME)
        {
            rows += self.database.put(put, (id, key, value))?;
        }
        let place = format!("{}/traces/{id}/artifacts", self.location(&info.experiment)?);
        rows += self.database.put(put, (id, LOCATION, place))?;
        rows += self.database.put(put, (id, SPANS, IN_STORE))?;
        let put = "INSERT OR IGNORE INTO trace_request_metadata (request_id, key, value) VALUES (?1, ?2, ?3)";
        for (key, value) in info.metadata.iter().filter(|(key, _)| !promoted::is_promoted(key)) {
            rows += self.database.put(put, (id, key, value))?;
        }
        for span in &trace.spans {
            rows += self.put_span(&info.experiment, span)?;
        }
        for row in info.assessments.iter().filter_map(Row::of) {
            rows += self.put_assessment(trace, &row)?;
        }
        for run in &trace.runs {
            rows += self.database.put(
                "INSERT OR IGNORE INTO entity_associations (association_id, source_type, source_id, destination_type,
                     destination_id, created_time) VALUES (?1, 'trace', ?2, 'run', ?3, ?4)",
                (format!("a-{}", derived(&["trace", id, "run", run])), id, run, info.request_time),
            )?;
        }
        Ok(Added { new: new > 0, rows })
    }

    fn put_span(&self, experiment: &str, span: &Span) -> Result<usize> {
        self.database.put(
            "INSERT OR IGNORE INTO spans (trace_id, experiment_id, span_id, parent_span_id, name, type, status,
                 start_time_unix_nano, end_time_unix_nano, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                &span.trace_id,
                experiment,
                &span.span_id,
                &span.parent_id,
                &span.name,
                &span.span_type,
                &span.status,
                span.start_ns,
                span.end_ns,
                span.content.to_string(),
            ),
        )
    }

    fn put_assessment(&self, trace: &TraceRecord, row: &Row) -> Result<usize> {
        let (aggregate, is_number) = row.aggregate();
        self.database.put(
            "INSERT OR IGNORE INTO assessments (assessment_id, trace_id, name, assessment_type, value, error,
                 created_timestamp, last_updated_timestamp, source_type, source_id, run_id, span_id, rationale, overrides,
                 valid, assessment_metadata, experiment_id, trace_timestamp_ms, aggregate_value, is_numeric_value)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
            rusqlite::params![
                row.id,
                trace.info.trace_id,
                row.name,
                row.kind,
                row.value,
                row.error,
                row.created,
                row.updated,
                row.source_type,
                row.source_id,
                row.run,
                row.span,
                row.rationale,
                row.overrides,
                row.valid,
                row.metadata,
                trace.info.experiment,
                trace.info.request_time,
                aggregate,
                is_number,
            ],
        )
    }
}
