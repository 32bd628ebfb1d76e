//! Experiments, runs and logged models into a database of MLflow's.

use super::{Database, to_stored};
use crate::transfer::error::{Error, Result};
use crate::transfer::parts::{ModelRecord, Owner, Sink, TraceRecord, VersionRecord};
use crate::transfer::report::Report;
use ironbook_store::artifacts::{self, Repo};
use ironbook_store::{Added, DatasetInput, Experiment, Metric, ModelStatus, RegisteredModel, Run, RunInfo, Tag};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A database that is written, in one transaction; its files lie in `mlruns` beside it, as MLflow puts them.
pub(in crate::transfer) struct Writer {
    pub(super) database: Database,
    root: PathBuf,
}

/// An id that is the same for the same things, so that a copy can be repeated.
pub(super) fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Writer {
    /// Opens a database; one that is not there is made by MLflow itself, since the layout is its.
    pub(in crate::transfer) fn open(path: &Path) -> Result<Writer> {
        let path = std::path::absolute(path).map_err(|e| Error::io("find", path, e))?;
        if !path.exists() {
            create(&path)?;
        }
        let root = path.parent().unwrap_or(Path::new("/")).join("mlruns");
        Ok(Writer { database: Database::writable(&path)?, root })
    }

    fn put(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.database.put(sql, values)
    }

    /// One value, if there is such a row.
    pub(super) fn one<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Option<T>> {
        let found = self
            .database
            .connection
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row(values, |row| row.get(0)).optional());
        found.map_err(|e| self.database.failed(e))
    }

    /// Adds what is not there yet to a table of names and values; how many were added.
    pub(super) fn tags(&self, sql: &str, of: &str, tags: &[Tag]) -> Result<usize> {
        tags.iter().map(|tag| self.put(sql, (of, &tag.key, &tag.value))).sum()
    }

    fn dataset(&self, run: &Run, input: &DatasetInput) -> Result<usize> {
        let data = &input.dataset;
        let experiment = &run.info.experiment;
        let made = derived(&[experiment, &data.name, &data.digest]);
        let mut rows = self.put(
            "INSERT OR IGNORE INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source,
                 dataset_schema, dataset_profile) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (&made, experiment, &data.name, &data.digest, &data.source_type, &data.source, &data.schema, &data.profile),
        )?;
        let find = "SELECT dataset_uuid FROM datasets WHERE experiment_id = ?1 AND name = ?2 AND digest = ?3";
        let dataset = self.one::<String>(find, (experiment, &data.name, &data.digest))?.unwrap_or(made);
        rows += self.join(("DATASET", &dataset), ("RUN", &run.info.id), 0)?;
        let find = "SELECT input_uuid FROM inputs WHERE source_type = 'DATASET' AND source_id = ?1
             AND destination_type = 'RUN' AND destination_id = ?2";
        let uuid = self.one::<String>(find, (&dataset, &run.info.id))?.unwrap_or_default();
        Ok(rows
            + self.tags(
                "INSERT OR IGNORE INTO input_tags (input_uuid, name, value) VALUES (?1, ?2, ?3)",
                &uuid,
                &input.tags,
            )?)
    }

    fn join(&self, source: (&str, &str), destination: (&str, &str), step: i64) -> Result<usize> {
        self.put(
            "INSERT OR IGNORE INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                derived(&[source.0, source.1, destination.0, destination.1]),
                source.0,
                source.1,
                destination.0,
                destination.1,
                step,
            ),
        )
    }

    /// Where artifacts of an experiment of this database lie.
    pub(super) fn location(&self, experiment: &str) -> Result<String> {
        let found = self.one("SELECT artifact_location FROM experiments WHERE experiment_id = ?1", [experiment])?;
        Ok(found.unwrap_or_else(|| self.root.join(experiment).display().to_string()))
    }
}

/// Lets MLflow make a database.
fn create(path: &Path) -> Result<()> {
    let uri = format!("sqlite:///{}", path.display());
    let by_hand = || Error::Address {
        address: uri.clone(),
        reason: "there is no such database yet, and it is MLflow that makes it: `python3 -m mlflow` does not run here"
            .to_owned(),
        todo: format!(
            "install it (`pip install mlflow`), or make the database where it is with `mlflow db upgrade {uri}`"
        ),
    };
    let made = Command::new("python3")
        .args(["-m", "mlflow", "db", "upgrade", &uri])
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .stdin(Stdio::null())
        .output();
    match made {
        Ok(done) if done.status.success() && path.exists() => Ok(()),
        _ => Err(by_hand()),
    }
}

impl Sink for Writer {
    fn location(&self) -> String {
        format!("sqlite:///{}", self.database.path().display())
    }

    fn keeps_ids(&self) -> bool {
        true
    }

    fn experiment(&mut self, experiment: &Experiment, location: Option<&str>) -> Result<(String, Added)> {
        let find = "SELECT experiment_id FROM experiments WHERE name = ?1 AND workspace = 'default'";
        let mut id: Option<i64> = self.one(find, [&experiment.name])?;
        let new = id.is_none();
        if new {
            let wanted: Option<i64> = experiment.id.parse().ok();
            let taken = self.one::<i64>("SELECT 1 FROM experiments WHERE experiment_id = ?1", [wanted])?.is_some();
            let stage = if experiment.deleted { "deleted" } else { "active" };
            self.put(
                "INSERT INTO experiments (experiment_id, name, lifecycle_stage, creation_time, last_update_time, workspace)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'default')",
                (wanted.filter(|_| !taken), &experiment.name, stage, experiment.created, experiment.updated),
            )?;
            let row = self.database.connection.last_insert_rowid();
            let place = location.map_or_else(|| self.root.join(row.to_string()).display().to_string(), str::to_owned);
            self.put("UPDATE experiments SET artifact_location = ?2 WHERE experiment_id = ?1", (row, place))?;
            id = Some(row);
        }
        let id = id.unwrap_or_default().to_string();
        let sql = "INSERT OR IGNORE INTO experiment_tags (experiment_id, key, value) VALUES (?1, ?2, ?3)";
        let rows = self.tags(sql, &id, &experiment.tags)? + usize::from(new);
        Ok((id, Added { new, rows }))
    }

    fn run(&mut self, run: &Run, location: Option<&str>) -> Result<(String, Added)> {
        let info = &run.info;
        let found: Option<i64> = self.one("SELECT experiment_id FROM runs WHERE run_uuid = ?1", [&info.id])?;
        if found.is_some_and(|experiment| experiment.to_string() != info.experiment) {
            return Err(ironbook_store::Error::AlreadyExists {
                what: "run of another experiment",
                name: info.id.clone(),
            }
            .into());
        }
        let new = found.is_none();
        let mut rows = usize::from(new);
        if new {
            let place = match location {
                Some(place) => place.to_owned(),
                None => format!("{}/{}/artifacts", self.location(&info.experiment)?, info.id),
            };
            self.put(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,
                     end_time, source_version, lifecycle_stage, artifact_uri, experiment_id, deleted_time)
                 VALUES (?1, ?2, 'UNKNOWN', '', '', ?3, ?4, ?5, ?6, '', ?7, ?8, ?9, ?10)",
                (
                    &info.id,
                    &info.name,
                    &info.user,
                    info.status.as_str(),
                    info.start,
                    info.end,
                    if info.deleted { "deleted" } else { "active" },
                    place,
                    &info.experiment,
                    info.deleted.then(|| info.end.unwrap_or(info.start)),
                ),
            )?;
        } else {
            rows += self.put(
                "UPDATE runs SET status = ?2, end_time = ?3 WHERE run_uuid = ?1 AND status = 'RUNNING' AND ?2 != 'RUNNING'",
                (&info.id, info.status.as_str(), info.end),
            )?;
        }
        let sql = "INSERT OR IGNORE INTO params (run_uuid, key, value) VALUES (?1, ?2, ?3)";
        for param in &run.params {
            rows += self.put(sql, (&info.id, &param.key, &param.value))?;
        }
        rows +=
            self.tags("INSERT OR IGNORE INTO tags (run_uuid, key, value) VALUES (?1, ?2, ?3)", &info.id, &run.tags)?;
        for input in &run.datasets {
            rows += self.dataset(run, input)?;
        }
        for input in &run.model_inputs {
            rows += self.join(("RUN_INPUT", &info.id), ("MODEL_INPUT", &input.model_id), 0)?;
        }
        for output in &run.model_outputs {
            rows += self.join(("RUN_OUTPUT", &info.id), ("MODEL_OUTPUT", &output.model_id), output.step)?;
        }
        Ok((info.id.clone(), Added { new, rows }))
    }

    fn metrics(&mut self, run: &str, points: &[Metric]) -> Result<usize> {
        let mut new = 0;
        for point in points {
            let (value, nan) = to_stored(point.value);
            new += self.put(
                "INSERT OR IGNORE INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (run, &point.key, value, point.timestamp, point.step, nan),
            )?;
        }
        let latest = points.iter().reduce(|one, other| if other.is_later_than(one) { other } else { one });
        if let Some(point) = latest {
            let (value, nan) = to_stored(point.value);
            self.put(
                "INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp,
                     step = excluded.step, is_nan = excluded.is_nan
                 WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, timestamp, value)",
                (run, &point.key, value, point.timestamp, point.step, nan),
            )?;
        }
        Ok(new)
    }

    fn model(&mut self, record: &ModelRecord, location: Option<&str>) -> Result<(String, Added)> {
        let model = &record.model;
        let found: Option<i64> = self.one("SELECT 1 FROM logged_models WHERE model_id = ?1", [&model.id])?;
        let new = found.is_none();
        let mut rows = usize::from(new);
        if new {
            let place = match location {
                Some(place) => place.to_owned(),
                None => format!("{}/models/{}/artifacts", self.location(&model.experiment)?, model.id),
            };
            let status = match model.status {
                ModelStatus::Pending => 1,
                ModelStatus::Ready => 2,
                ModelStatus::Failed => 3,
            };
            self.put(
                "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms,
                     last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id, status_message)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, ''), ?10, nullif(?11, ''))",
                (
                    &model.id,
                    &model.experiment,
                    &model.name,
                    place,
                    model.created,
                    model.updated,
                    status,
                    if record.deleted { "deleted" } else { "active" },
                    &model.model_type,
                    &model.source_run,
                    &model.status_message,
                ),
            )?;
        }
        let (id, experiment) = (&model.id, &model.experiment);
        let sql = "INSERT OR IGNORE INTO logged_model_params (model_id, experiment_id, param_key, param_value)
             VALUES (?1, ?2, ?3, ?4)";
        for param in &model.params {
            rows += self.put(sql, (id, experiment, &param.key, &param.value))?;
        }
        let sql = "INSERT OR IGNORE INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value)
             VALUES (?1, ?2, ?3, ?4)";
        for tag in &model.tags {
            rows += self.put(sql, (id, experiment, &tag.key, &tag.value))?;
        }
        for metric in &model.metrics {
            let of = metric.of.as_deref().cloned().unwrap_or_default();
            let Some(run) = of.run_id.or_else(|| model.source_run.clone()) else { continue };
            let find = "SELECT dataset_uuid FROM datasets WHERE experiment_id = ?1 AND name = ?2 AND digest = ?3";
            let dataset: Option<String> = self.one(find, (experiment, &of.dataset_name, &of.dataset_digest))?;
            let value = Some(to_stored(metric.value)).filter(|(_, nan)| !nan).map(|(value, _)| value);
            rows += self.put(
                "INSERT OR IGNORE INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step,
                     metric_value, experiment_id, run_id, dataset_uuid, dataset_name, dataset_digest)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, run_uuid, ?8, ?9, ?10 FROM runs WHERE run_uuid = ?7",
                (
                    id,
                    &metric.key,
                    metric.timestamp,
                    metric.step,
                    value,
                    experiment,
                    run,
                    dataset,
                    of.dataset_name,
                    of.dataset_digest,
                ),
            )?;
        }
        Ok((model.id.clone(), Added { new, rows }))
    }

    fn registered(&mut self, model: &RegisteredModel) -> Result<Added> {
        self.put_registered(model)
    }

    fn version(&mut self, record: &VersionRecord) -> Result<Added> {
        self.put_version(record)
    }

    fn trace(&mut self, trace: &TraceRecord) -> Result<Added> {
        self.put_trace(trace)
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        let (found, id) = match of {
            Owner::Run(RunInfo { id, .. }) => {
                (self.one("SELECT artifact_uri FROM runs WHERE run_uuid = ?1", [id])?, id)
            }
            Owner::Model(model) => {
                let sql = "SELECT artifact_location FROM logged_models WHERE model_id = ?1";
                (self.one(sql, [&model.id])?, &model.id)
            }
        };
        let uri: String = found.ok_or_else(|| {
            Error::Store(ironbook_store::Error::NotFound { what: "owner of artifacts", name: id.clone() })
        })?;
        Ok(artifacts::open(&uri, &self.root.join(".tmp"))?)
    }

    fn close(&mut self, _: &Report) -> Result<()> {
        // Made for files on the way; not there if there were none.
        let _ = std::fs::remove_dir(self.root.join(".tmp"));
        self.database.commit()
    }
}
