//! Experiments, runs and logged models of MLflow's database.

use super::{Database, from_stored};
use crate::transfer::error::{Error, Result};
use crate::transfer::parts::{Each, ModelRecord, Owner, Source, TraceRecord, VersionRecord};
use crate::transfer::report::Report;
use ironbook_store::artifacts::{self, Repo};
use ironbook_store::{
    Dataset, DatasetInput, Experiment, LoggedModel, Metric, MetricOf, ModelInput, ModelOutput, ModelStatus, Param,
    RegisteredModel, Run, RunInfo, Status, Tag,
};
use rusqlite::Row;
use std::path::Path;

/// So many points of a metric are in memory at once.
const PAGE: u32 = 10_000;

/// Text that may be missing.
pub(super) fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(at)?.unwrap_or_default())
}

fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<i64> {
    Ok(row.get::<_, Option<i64>>(at)?.unwrap_or_default())
}

/// A time that may be missing.
pub(super) fn when(row: &Row<'_>, at: usize) -> rusqlite::Result<i64> {
    time(row, at)
}

impl Database {
    /// Names and values that belong to something.
    pub(super) fn tags(&self, sql: &str, of: &str) -> Result<Vec<Tag>> {
        self.rows(sql, [of], |row| Ok(Tag { key: row.get(0)?, value: text(row, 1)? }))
    }

    fn run_of(&self, info: RunInfo) -> Result<Run> {
        let mut run = Run::empty(info);
        let id = run.info.id.clone();
        let params = self.tags("SELECT key, value FROM params WHERE run_uuid = ?1 ORDER BY key", &id)?;
        run.params = params.into_iter().map(|Tag { key, value }| Param { key, value }).collect();
        run.tags = self.tags("SELECT key, value FROM tags WHERE run_uuid = ?1 ORDER BY key", &id)?;
        let sql = "SELECT key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid = ?1 ORDER BY key";
        run.metrics = self.rows(sql, [&id], |row| {
            Ok(Metric::new(row.get::<_, String>(0)?, from_stored(row.get(1)?, row.get(4)?), time(row, 2)?, row.get(3)?))
        })?;
        run.datasets = self.datasets(&id)?;
        run.model_inputs = self.rows(
            "SELECT destination_id FROM inputs WHERE source_type = 'RUN_INPUT' AND source_id = ?1
             AND destination_type = 'MODEL_INPUT' ORDER BY rowid",
            [&id],
            |row| Ok(ModelInput { model_id: row.get(0)? }),
        )?;
        let step = self.column("inputs", "step", "0")?;
        run.model_outputs = self.rows(
            &format!(
                "SELECT destination_id, {step} FROM inputs WHERE source_type = 'RUN_OUTPUT' AND source_id = ?1
                 AND destination_type = 'MODEL_OUTPUT' ORDER BY rowid"
            ),
            [&id],
            |row| Ok(ModelOutput { model_id: row.get(0)?, step: row.get(1)? }),
        )?;
        Ok(run)
    }

    fn datasets(&self, run: &str) -> Result<Vec<DatasetInput>> {
        let sql = "SELECT i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema,
                 d.dataset_profile
             FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
             WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = ?1 ORDER BY i.rowid";
        let found = self.rows(sql, [run], |row| {
            let dataset = Dataset {
                name: row.get(1)?,
                digest: row.get(2)?,
                source_type: row.get(3)?,
                source: row.get(4)?,
                schema: row.get(5)?,
                profile: row.get(6)?,
            };
            Ok((row.get::<_, String>(0)?, dataset))
        })?;
        let with_tags = |(input, dataset): (String, Dataset)| {
            let tags = self.tags("SELECT name, value FROM input_tags WHERE input_uuid = ?1 ORDER BY name", &input)?;
            Ok(DatasetInput { tags, dataset })
        };
        found.into_iter().map(with_tags).collect()
    }

    fn model_of(&self, mut model: LoggedModel) -> Result<LoggedModel> {
        let id = model.id.clone();
        let sql = "SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?1 ORDER BY param_key";
        model.params = self.tags(sql, &id)?.into_iter().map(|Tag { key, value }| Param { key, value }).collect();
        model.tags =
            self.tags("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?1 ORDER BY tag_key", &id)?;
        let sql =
            "SELECT metric_name, metric_value, metric_timestamp_ms, metric_step, run_id, dataset_name, dataset_digest
             FROM logged_model_metrics WHERE model_id = ?1 ORDER BY metric_name, metric_step, metric_timestamp_ms";
        model.metrics = self.rows(sql, [&id], |row| {
            let of = MetricOf {
                model_id: Some(id.clone()),
                dataset_name: row.get(5)?,
                dataset_digest: row.get(6)?,
                run_id: row.get(4)?,
            };
            // SQLite has no NaN: it became NULL.
            let value = row.get::<_, Option<f64>>(1)?.map_or(f64::NAN, |value| from_stored(value, false));
            let metric = Metric::new(row.get::<_, String>(0)?, value, row.get(2)?, row.get(3)?);
            Ok(Metric { of: Some(Box::new(of)), ..metric })
        })?;
        Ok(model)
    }

    /// Things of workspaces that others made are not copied: their names would mix.
    fn other_workspaces(&self, report: &Report) -> Result<()> {
        if self.has("experiments", "workspace")? {
            let sql = "SELECT workspace, count(*) FROM experiments WHERE workspace != 'default' GROUP BY workspace";
            for (name, count) in self.rows(sql, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))? {
                report
                    .skip(format!("workspace `{name}` with {count} experiments: only the default workspace is copied"));
            }
        }
        Ok(())
    }
}

impl Source for Database {
    fn location(&self) -> String {
        format!("sqlite:///{}", self.path().display())
    }

    fn experiments(&self, report: &Report, each: Each<'_, Experiment>) -> Result<()> {
        self.other_workspaces(report)?;
        let sql = format!(
            "SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time
             FROM experiments WHERE {} ORDER BY experiment_id",
            self.workspace("experiments")?
        );
        let found = self.rows(&sql, [], |row| {
            Ok(Experiment {
                id: row.get::<_, i64>(0)?.to_string(),
                name: row.get(1)?,
                artifact_location: text(row, 2)?,
                deleted: text(row, 3)? == "deleted",
                created: time(row, 4)?,
                updated: time(row, 5)?,
                tags: Vec::new(),
            })
        })?;
        for mut experiment in found {
            let sql = "SELECT key, value FROM experiment_tags WHERE experiment_id = ?1 ORDER BY key";
            experiment.tags = self.tags(sql, &experiment.id)?;
            each(experiment)?;
        }
        Ok(())
    }

    fn runs(&self, experiment: &Experiment, report: &Report, each: Each<'_, Run>) -> Result<()> {
        let sql = "SELECT run_uuid, name, user_id, status, start_time, end_time, artifact_uri, lifecycle_stage
             FROM runs WHERE experiment_id = ?1 ORDER BY start_time, run_uuid";
        let read = |row: &Row<'_>| {
            let status = text(row, 3)?;
            let info = RunInfo {
                id: row.get(0)?,
                experiment: experiment.id.clone(),
                name: text(row, 1)?,
                user: text(row, 2)?,
                status: Status::Running,
                start: time(row, 4)?,
                end: row.get(5)?,
                artifact_uri: text(row, 6)?,
                deleted: text(row, 7)? == "deleted",
            };
            Ok((info, status))
        };
        for (mut info, status) in self.rows(sql, [&experiment.id], read)? {
            match status.parse() {
                Ok(status) => info.status = status,
                Err(_) => {
                    report.skip(format!("run {}: its status `{status}` is none", info.id));
                    continue;
                }
            }
            each(self.run_of(info)?)?;
        }
        Ok(())
    }

    fn history(&self, run: &RunInfo, key: &str, _: &Report, each: Each<'_, Vec<Metric>>) -> Result<()> {
        let sql = "SELECT value, timestamp, step, is_nan, rowid FROM metrics
             WHERE run_uuid = ?1 AND key = ?2 AND (step, rowid) > (?3, ?4) ORDER BY step, rowid LIMIT ?5";
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let values = (run.id.as_str(), key, after.0, after.1, PAGE);
            let mut last = after;
            let page = self.rows(sql, values, |row| {
                last = (row.get(2)?, row.get(4)?);
                Ok(Metric::new(key, from_stored(row.get(0)?, row.get(3)?), row.get(1)?, last.0))
            })?;
            let is_last = page.len() < PAGE as usize;
            after = last;
            if !page.is_empty() {
                each(page)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn models(&self, experiment: &Experiment, _: &Report, each: Each<'_, ModelRecord>) -> Result<()> {
        let sql = "SELECT model_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status,
                 lifecycle_stage, model_type, source_run_id, status_message
             FROM logged_models WHERE experiment_id = ?1 ORDER BY creation_timestamp_ms, model_id";
        let read = |row: &Row<'_>| {
            let model = LoggedModel {
                id: row.get(0)?,
                experiment: experiment.id.clone(),
                name: row.get(1)?,
                created: row.get(3)?,
                updated: row.get(4)?,
                artifact_uri: row.get(2)?,
                status: model_status(row.get(5)?),
                status_message: text(row, 9)?,
                model_type: text(row, 7)?,
                source_run: row.get(8)?,
                params: Vec::new(),
                metrics: Vec::new(),
                tags: Vec::new(),
            };
            Ok((model, text(row, 6)? == "deleted"))
        };
        for (model, deleted) in self.rows(sql, [&experiment.id], read)? {
            each(ModelRecord { model: self.model_of(model)?, deleted })?;
        }
        Ok(())
    }

    fn registered(&self, report: &Report, each: Each<'_, (RegisteredModel, Vec<VersionRecord>)>) -> Result<()> {
        self.read_registry(report, each)
    }

    fn traces(&self, experiment: &Experiment, report: &Report, each: Each<'_, TraceRecord>) -> Result<()> {
        self.read_traces(experiment, report, each)
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        let (Owner::Run(RunInfo { artifact_uri: uri, .. }) | Owner::Model(LoggedModel { artifact_uri: uri, .. })) = of;
        self.place(uri)
    }

    fn others(&self) -> Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for (table, words) in [
            ("evaluation_datasets", "evaluation datasets"),
            ("scorers", "scorers"),
            ("issues", "issues"),
            ("webhooks", "webhooks"),
            ("endpoints", "gateway endpoints"),
            ("label_schemas", "label schemas"),
            ("review_queues", "review queues"),
            ("mcp_servers", "MCP servers"),
        ] {
            let exists = !self.rows("SELECT 1 FROM pragma_table_info(?1) LIMIT 1", [table], |_| Ok(()))?.is_empty();
            if exists {
                let count = self.rows(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?;
                let count = count.first().copied().and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
                if count > 0 {
                    found.push((words.to_owned(), count));
                }
            }
        }
        Ok(found)
    }
}

impl Database {
    /// The files at a URI of this database; relative ones lie beside it unless they lie where the program was started.
    pub(super) fn place(&self, uri: &str) -> Result<Box<dyn Repo>> {
        if uri.starts_with("mlflow-artifacts:") {
            return Err(Error::Content {
                path: uri.into(),
                reason: "it lies behind the server of this database: import from that server's address".to_owned(),
            });
        }
        let is_relative = !uri.contains(':') && Path::new(uri).is_relative();
        let beside = self.path().parent().unwrap_or(Path::new(".")).join(uri);
        let uri = if is_relative && !Path::new(uri).exists() && beside.exists() {
            beside.display().to_string()
        } else {
            uri.to_owned()
        };
        // Nothing is written there.
        Ok(artifacts::open(&uri, &std::env::temp_dir())?)
    }
}

fn model_status(number: i64) -> ModelStatus {
    match number {
        2 => ModelStatus::Ready,
        3 => ModelStatus::Failed,
        _ => ModelStatus::Pending,
    }
}
