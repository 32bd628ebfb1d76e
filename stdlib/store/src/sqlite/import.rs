//! Taking things over from another store: with their ids, times, deleted states and version numbers.
//!
//! [`crate::Store`] gives new things ids and times of its own. What is here writes rows as they were elsewhere. What is
//! there already stays as it is and is only completed, so that an import can be repeated.

use super::failure::{Outcome, missing, refuse};
use super::tags::{
    EXPERIMENT_TAGS, INPUT_TAGS, MODEL_PARAMS, MODEL_TAGS, Pairs, REGISTERED_TAGS, RUN_TAGS, TRACE_METADATA,
    TRACE_TAGS, VERSION_TAGS, row_of,
};
use super::{SqliteStore, assessments, fill, inputs, log, place, traces};
use crate::error::{Error, Result};
use crate::model::{
    DatasetInput, Experiment, LoggedModel, Metric, MetricOf, ModelVersion, RegisteredModel, Run, Span, TraceInfo,
};
use crate::validate;
use rusqlite::{OptionalExtension, Transaction};

/// What became of something that was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Whether it was not there before.
    pub new: bool,
    /// How many rows were written for it.
    pub rows: usize,
}

/// Runs `call` and counts the rows that it wrote. What is ignored because it is there does not count.
fn counted(t: &Transaction<'_>, call: impl FnOnce() -> Outcome<bool>) -> Outcome<Added> {
    let total = || t.prepare_cached("SELECT total_changes()")?.query_row([], |r| r.get::<_, i64>(0));
    let before = total()?;
    let new = call()?;
    Ok(Added { new, rows: usize::try_from(total()? - before).unwrap_or(0) })
}

/// Adds what is not there yet.
fn complete<'a>(
    t: &Transaction<'_>,
    pairs: Pairs,
    of: i64,
    values: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Outcome<()> {
    values.into_iter().try_for_each(|(key, value)| pairs.add(t, of, key, value))
}

fn experiment_row(t: &Transaction<'_>, id: &str) -> Outcome<i64> {
    let number: i64 = id.parse().map_err(|_| missing("experiment", id))?;
    row_of(t, "SELECT id FROM experiments WHERE id = ?1", number)?.ok_or_else(|| missing("experiment", id).into())
}

impl SqliteStore {
    /// Takes over an experiment and returns its id here. One of this name is completed with tags; else it keeps its id,
    /// unless that is taken. `location` is where its artifacts lie (`None`: where this store puts them).
    ///
    /// # Errors
    /// Of the name, the location and the database.
    pub fn import_experiment(&self, experiment: &Experiment, location: Option<&str>) -> Result<(String, Added)> {
        validate::experiment_name(&experiment.name)?;
        let location = location.filter(|l| !l.is_empty()).map(place::check).transpose()?;
        self.pool.write(|t, _| {
            let mut row = row_of(t, "SELECT id FROM experiments WHERE name = ?1", &experiment.name)?;
            let added = counted(t, || {
                let new = row.is_none();
                if new {
                    row = Some(self.insert_experiment(t, experiment, location.as_deref())?);
                }
                let tags = experiment.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
                complete(t, EXPERIMENT_TAGS, row.unwrap_or_default(), tags)?;
                Ok(new)
            })?;
            Ok((row.unwrap_or_default().to_string(), added))
        })
    }

    fn insert_experiment(&self, t: &Transaction<'_>, from: &Experiment, location: Option<&str>) -> Outcome<i64> {
        let wanted: Option<i64> = from.id.parse().ok().filter(|id| *id >= 0);
        let free = match wanted {
            Some(id) => row_of(t, "SELECT id FROM experiments WHERE id = ?1", id)?.is_none().then_some(id),
            None => None,
        };
        let mut insert = t.prepare_cached(
            "INSERT INTO experiments (id, name, created, updated, deleted, location) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let deleted = from.deleted.then_some(from.updated);
        let row = insert.insert((free, &from.name, from.created, from.updated, deleted, location))?;
        if let (None, Some(kept)) = (location, self.places.kept(row)) {
            t.prepare_cached("UPDATE experiments SET location = ?2 WHERE id = ?1")?.execute((row, kept))?;
        }
        Ok(row)
    }

    /// Takes over a run with everything but the points of its metrics, into the experiment that it names. `location` is
    /// where its artifacts lie (`None`: where this store puts them). One that is there is completed; if it was running
    /// here and has ended there, it ends here too.
    ///
    /// # Errors
    /// If its id is not one of a run, or is that of a run of another experiment.
    pub fn import_run(&self, run: &Run, location: Option<&str>) -> Result<Added> {
        let info = &run.info;
        validate::run_id(&info.id)?;
        self.pool.write(|t, _| {
            let experiment = experiment_row(t, &info.experiment)?;
            counted(t, || {
                let mut find = t.prepare_cached("SELECT id, experiment FROM runs WHERE uuid = ?1")?;
                let found: Option<(i64, i64)> =
                    find.query_row([&info.id], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
                let row = match found {
                    Some((_, other)) if other != experiment => {
                        return refuse(Error::AlreadyExists { what: "run of another experiment", name: info.id.clone() });
                    }
                    Some((row, _)) => {
                        let mut end = t.prepare_cached(
                            "UPDATE runs SET status = ?2, end_time = ?3
                             WHERE id = ?1 AND status = 'RUNNING' AND ?2 != 'RUNNING'",
                        )?;
                        end.execute((row, info.status, info.end))?;
                        row
                    }
                    None => {
                        let mut insert = t.prepare_cached(
                            "INSERT INTO runs (uuid, experiment, name, user, status, start_time, end_time, deleted, location)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        )?;
                        let deleted = info.deleted.then(|| info.end.unwrap_or(info.start));
                        insert.insert((
                            &info.id, experiment, &info.name, &info.user, info.status, info.start, info.end, deleted,
                            location,
                        ))?
                    }
                };
                let mut param =
                    t.prepare_cached("INSERT OR IGNORE INTO params (run, key, value) VALUES (?1, ?2, ?3)")?;
                run.params.iter().try_for_each(|p| param.execute((row, &p.key, &p.value)).map(drop))?;
                complete(t, RUN_TAGS, row, run.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))?;
                run.datasets.iter().try_for_each(|input| put_input(t, (row, experiment), input))?;
                inputs::put(t, (row, experiment), &[], &run.model_inputs)?;
                let mut output =
                    t.prepare_cached("INSERT OR IGNORE INTO model_outputs (run, model, step) VALUES (?1, ?2, ?3)")?;
                run.model_outputs.iter().try_for_each(|o| output.execute((row, &o.model_id, o.step)).map(drop))?;
                Ok(found.is_none())
            })
        })
    }

    /// Takes over points of metrics of a run, deleted or not; what they were measured on is left to the models. Returns
    /// how many were not there yet.
    ///
    /// # Errors
    /// If there is no such run.
    pub fn import_metrics(&self, run: &str, points: &[Metric]) -> Result<usize> {
        self.pool.write(|t, keys| {
            let (row, _) = fill::row(t, run)?;
            log::put_metrics(t, keys, row, points)
        })
    }

    /// Takes over a logged model, into the experiment that it names. Metrics of runs that are not here are left out.
    /// `location` is where its files lie (`None`: where this store puts them).
    ///
    /// # Errors
    /// Of the id and the database.
    pub fn import_model(&self, model: &LoggedModel, deleted: bool, location: Option<&str>) -> Result<Added> {
        traces::check_id(&model.id)?;
        self.pool.write(|t, keys| {
            let experiment = experiment_row(t, &model.experiment)?;
            counted(t, || {
                let found = row_of(t, "SELECT id FROM models WHERE uuid = ?1", &model.id)?;
                let row = match found {
                    Some(row) => row,
                    None => {
                        let mut insert = t.prepare_cached(
                            "INSERT INTO models (uuid, experiment, name, status, status_message, model_type, source_run,
                                 created, updated, location, deleted)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                        )?;
                        insert.insert((
                            &model.id,
                            experiment,
                            &model.name,
                            model.status.as_str().trim_start_matches("LOGGED_MODEL_"),
                            &model.status_message,
                            &model.model_type,
                            &model.source_run,
                            model.created,
                            model.updated,
                            location,
                            deleted.then_some(model.updated),
                        ))?
                    }
                };
                let params = model.params.iter().map(|p| (p.key.as_str(), p.value.as_str()));
                complete(t, MODEL_PARAMS, row, params)?;
                complete(t, MODEL_TAGS, row, model.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))?;
                let mut insert = t.prepare_cached(
                    "INSERT OR IGNORE INTO model_metrics (model, key, run, dataset_name, dataset_digest, step, timestamp,
                         is_nan, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?;
                for Metric { key, value, timestamp, step, of } in &model.metrics {
                    let of = of.as_deref().cloned().unwrap_or_default();
                    let run = of.run_id.as_ref().or(model.source_run.as_ref());
                    let Some(run) = run else { continue };
                    let Some(run) = row_of(t, "SELECT id FROM runs WHERE uuid = ?1", run)? else { continue };
                    let (nan, key) = (value.is_nan(), log::key_number(t, keys, key)?);
                    let (name, digest) = (of.dataset_name.unwrap_or_default(), of.dataset_digest.unwrap_or_default());
                    insert.execute((
                        row, key, run, name, digest, step, timestamp, nan, if nan { 0.0 } else { *value },
                    ))?;
                }
                Ok(found.is_none())
            })
        })
    }

    /// All points of the metrics of a logged model, by name and step; [`crate::store::Models::model`] has only the
    /// latest.
    ///
    /// # Errors
    /// Of the database.
    pub fn model_points(&self, id: &str) -> Result<Vec<Metric>> {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        self.pool.read(|t| {
            let mut find = t.prepare_cached(
                "SELECT k.name, m.step, m.timestamp, m.is_nan, m.value, r.uuid, m.dataset_name, m.dataset_digest
                 FROM model_metrics m JOIN metric_keys k ON k.id = m.key JOIN runs r ON r.id = m.run
                 JOIN models x ON x.id = m.model WHERE x.uuid = ?1 ORDER BY k.name, m.step, m.timestamp",
            )?;
            let found = find.query_map([id], |r| {
                let of = MetricOf {
                    model_id: Some(id.to_owned()),
                    dataset_name: some(r.get(6)?),
                    dataset_digest: some(r.get(7)?),
                    run_id: r.get(5)?,
                };
                Ok(Metric { of: Some(Box::new(of)), ..fill::point(r.get(0)?, r, 1)? })
            })?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Takes over a registered model with its aliases; its versions come one by one.
    ///
    /// # Errors
    /// Of the name and the database.
    pub fn import_registered(&self, model: &RegisteredModel) -> Result<Added> {
        validate::registered_name(&model.name)?;
        self.pool.write(|t, _| {
            counted(t, || {
                let found = row_of(t, "SELECT id FROM registered WHERE name = ?1", &model.name)?;
                let row = match found {
                    Some(row) => row,
                    None => {
                        let mut insert = t.prepare_cached(
                            "INSERT INTO registered (name, description, created, updated) VALUES (?1, ?2, ?3, ?4)",
                        )?;
                        insert.insert((&model.name, &model.description, model.created, model.updated))?
                    }
                };
                let tags = model.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
                complete(t, REGISTERED_TAGS, row, tags)?;
                let mut alias =
                    t.prepare_cached("INSERT OR IGNORE INTO aliases (registered, alias, version) VALUES (?1, ?2, ?3)")?;
                for given in &model.aliases {
                    if let Ok(number) = given.version.parse::<i64>() {
                        alias.execute((row, &given.alias, number))?;
                    }
                }
                Ok(found.is_none())
            })
        })
    }

    /// Takes over a version of a registered model with its number; a deleted one only keeps that number from being used
    /// again.
    ///
    /// # Errors
    /// If there is no such registered model, or the number is none.
    pub fn import_version(&self, version: &ModelVersion, deleted: bool) -> Result<Added> {
        let number: i64 = version.version.parse().map_err(|_| Error::InvalidValue {
            what: "version",
            value: version.version.clone(),
            expected: "versions are whole numbers, counted from 1",
        })?;
        self.pool.write(|t, _| {
            let registered = super::registry::row(t, &version.name)?;
            counted(t, || {
                let mut find = t.prepare_cached("SELECT id FROM versions WHERE registered = ?1 AND version = ?2")?;
                let found: Option<i64> = find.query_row((registered, number), |r| r.get(0)).optional()?;
                let row = match found {
                    Some(row) => row,
                    None => {
                        let mut insert = t.prepare_cached(
                            "INSERT INTO versions (registered, version, stage, description, user, source, run, model,
                                 run_link, status, status_message, created, updated, deleted)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                        )?;
                        insert.insert((
                            registered,
                            number,
                            version.stage.as_str(),
                            &version.description,
                            &version.user,
                            &version.source,
                            &version.run,
                            &version.model_id,
                            &version.run_link,
                            version.status.as_str(),
                            &version.status_message,
                            version.created,
                            version.updated,
                            deleted.then_some(version.updated),
                        ))?
                    }
                };
                if !deleted {
                    let tags = version.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
                    complete(t, VERSION_TAGS, row, tags)?;
                }
                Ok(found.is_none())
            })
        })
    }

    /// The greatest number that a version of a registered model has or had; 0 if there is none.
    ///
    /// # Errors
    /// If there is no such registered model.
    pub fn last_version(&self, name: &str) -> Result<u64> {
        self.pool.read(|t| {
            let registered = super::registry::row(t, name)?;
            let mut find = t.prepare_cached("SELECT coalesce(max(version), 0) FROM versions WHERE registered = ?1")?;
            let last: i64 = find.query_row([registered], |r| r.get(0))?;
            Ok(u64::try_from(last).unwrap_or(0))
        })
    }

    /// Takes over a trace with its spans and assessments, into the experiment that it names.
    ///
    /// # Errors
    /// Of the id and the database.
    pub fn import_trace(&self, info: &TraceInfo, spans: &[Span]) -> Result<Added> {
        traces::check_id(&info.trace_id)?;
        self.pool.write(|t, _| {
            let experiment = experiment_row(t, &info.experiment)?;
            counted(t, || {
                let found = row_of(t, "SELECT id FROM traces WHERE uuid = ?1", &info.trace_id)?;
                let row = match found {
                    Some(row) => row,
                    None => {
                        let mut insert = t.prepare_cached(
                            "INSERT INTO traces (uuid, experiment, timestamp, duration, state, client_request_id,
                                 request_preview, response_preview, told) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)",
                        )?;
                        insert.insert((
                            &info.trace_id,
                            experiment,
                            info.request_time,
                            info.execution_duration,
                            &info.state,
                            &info.client_request_id,
                            &info.request_preview,
                            &info.response_preview,
                        ))?
                    }
                };
                // Where its files lie follows from its experiment.
                let tags = info.tags.iter().filter(|(key, _)| key != traces::LOCATION);
                complete(t, TRACE_TAGS, row, tags.map(|(key, value)| (key.as_str(), value.as_str())))?;
                let metadata = info.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                complete(t, TRACE_METADATA, row, metadata)?;
                for assessment in &info.assessments {
                    let mut find = t.prepare_cached("SELECT 1 FROM assessments WHERE trace = ?1 AND uuid = ?2")?;
                    if !find.exists((row, &assessment.assessment_id))? {
                        assessments::put(t, row, assessment)?;
                    }
                }
                let mut put = t.prepare_cached(
                    "INSERT OR IGNORE INTO spans (trace, uuid, parent, name, type, status, start_ns, end_ns, content)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?;
                for Span { span_id, parent_id, name, span_type, status, start_ns, end_ns, content, .. } in spans {
                    let content = content.to_string();
                    put.execute((row, span_id, parent_id, name, span_type, status, start_ns, end_ns, content))?;
                }
                Ok(found.is_none())
            })
        })
    }
}

/// An input that is there keeps its tags and gets those that it lacks.
fn put_input(t: &Transaction<'_>, (run, experiment): (i64, i64), input: &DatasetInput) -> Outcome<()> {
    inputs::put(t, (run, experiment), std::slice::from_ref(input), &[])?;
    let mut find = t.prepare_cached(
        "SELECT i.id FROM inputs i JOIN datasets d ON d.id = i.dataset
         WHERE i.run = ?1 AND d.experiment = ?2 AND d.name = ?3 AND d.digest = ?4",
    )?;
    let row = find.query_row((run, experiment, &input.dataset.name, &input.dataset.digest), |r| r.get(0))?;
    complete(t, INPUT_TAGS, row, input.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
}
