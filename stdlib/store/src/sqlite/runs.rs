//! Runs of the embedded store.

use super::SqliteStore;
use super::failure::{Outcome, refuse};
use super::tags::RUN_TAGS;
use super::{experiments, fill, find, history, inputs, log};
use crate::error::{Error, Result};
use crate::model::{
    Batch, DatasetInput, Metric, ModelInput, ModelOutput, NewRun, Page, Run, RunInfo, RunUpdate, Search, Status, Tag,
    now_ms, tag,
};
use crate::names::run_name;
use crate::store::Runs;
use crate::validate;
use rusqlite::Transaction;

/// The name of a new run: as given, else from its tags, else made up.
fn name_of(new: &NewRun, uuid: &str) -> Result<String> {
    let given = new.name.as_deref().filter(|name| !name.is_empty());
    let tagged = new.tags.iter().rfind(|tag| tag.key == tag::RUN_NAME).map(|tag| tag.value.as_str());
    let tagged = tagged.filter(|name| !name.is_empty());
    match (given, tagged) {
        (Some(given), Some(tagged)) if given != tagged => Err(Error::InvalidValue {
            what: "name of a run",
            value: given.to_owned(),
            expected: "its tag `mlflow.runName` has another value: give one of them, or the same twice",
        }),
        (Some(name), _) | (None, Some(name)) => Ok(name.to_owned()),
        (None, None) => Ok(run_name(uuid)),
    }
}

impl SqliteStore {
    fn create_run_in(&self, t: &Transaction<'_>, new: &NewRun) -> Outcome<RunInfo> {
        let experiment = experiments::find_active(t, &self.places, &new.experiment)?;
        // SQLite's generator is seeded by the system's: ids differ also between processes with one seed.
        let uuid: String = t.query_row("SELECT lower(hex(randomblob(16)))", [], |r| r.get(0))?;
        let name = name_of(new, &uuid)?;
        let tagged = new.tags.iter().rfind(|tag| tag.key == tag::USER).map(|tag| tag.value.as_str());
        let user = new.user.as_deref().or(tagged).unwrap_or_default();
        let start = new.start.unwrap_or_else(now_ms);
        let mut insert = t.prepare_cached(
            "INSERT INTO runs (uuid, experiment, name, user, status, start_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let row = insert.insert((&uuid, experiment.row, &name, user, Status::Running, start))?;
        log::put_tags(t, row, &new.tags)?;
        log::put_tags(t, row, &[Tag { key: tag::RUN_NAME.to_owned(), value: name }])?;
        Ok(fill::find(t, &self.places, &uuid)?.info)
    }

    fn update_run_in(&self, t: &Transaction<'_>, run: &str, update: &RunUpdate) -> Outcome<RunInfo> {
        let (row, _) = fill::writable(t, run)?;
        let name = update.name.as_deref().filter(|name| !name.is_empty());
        let mut change = t.prepare_cached(
            "UPDATE runs SET name = coalesce(?2, name), status = coalesce(?3, status), end_time = coalesce(?4, end_time)
             WHERE id = ?1",
        )?;
        change.execute((row, name, update.status, update.end))?;
        if let Some(name) = name {
            log::put_tags(t, row, &[Tag { key: tag::RUN_NAME.to_owned(), value: name.to_owned() }])?;
        }
        Ok(fill::find(t, &self.places, run)?.info)
    }
}

/// Marks a run as deleted at a time, or as not deleted.
fn set_deleted(t: &Transaction<'_>, run: &str, at: Option<i64>) -> Outcome<()> {
    let (row, _) = fill::row(t, run)?;
    t.prepare_cached("UPDATE runs SET deleted = ?2 WHERE id = ?1")?.execute((row, at))?;
    Ok(())
}

impl Runs for SqliteStore {
    fn create_run(&self, new: &NewRun) -> Result<RunInfo> {
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        new.start.map_or(Ok(()), validate::timestamp)?;
        self.pool.write(|t, _| self.create_run_in(t, new))
    }

    fn update_run(&self, run: &str, update: &RunUpdate) -> Result<RunInfo> {
        update.end.map_or(Ok(()), validate::timestamp)?;
        self.pool.write(|t, _| self.update_run_in(t, run, update))
    }

    fn run(&self, run: &str) -> Result<Run> {
        self.pool.read(|t| fill::fill(t, fill::find(t, &self.places, run)?))
    }

    fn delete_run(&self, run: &str) -> Result<()> {
        self.pool.write(|t, _| set_deleted(t, run, Some(now_ms())))
    }

    fn restore_run(&self, run: &str) -> Result<()> {
        self.pool.write(|t, _| set_deleted(t, run, None))
    }

    fn search_runs(&self, search: &Search) -> Result<Page<Run>> {
        self.pool.read(|t| {
            let (found, next) = find::runs(t, &self.places, search)?;
            Ok(Page { items: fill::fill_all(t, found)?, next })
        })
    }

    fn log_batch(&self, run: &str, batch: Batch<'_>) -> Result<()> {
        validate::run_id(run)?;
        validate::batch(&batch)?;
        self.pool.write(|t, keys| log::batch(t, keys, run, batch))
    }

    fn delete_tag(&self, run: &str, key: &str) -> Result<()> {
        self.pool.write(|t, _| RUN_TAGS.delete_existing(t, fill::writable(t, run)?.0, key))
    }

    fn metric_history(&self, run: &str, key: &str) -> Result<Vec<Metric>> {
        self.pool.read(|t| history::all(t, run, key))
    }

    fn metric_history_page(&self, run: &str, key: &str, limit: usize, page: Option<&str>) -> Result<Page<Metric>> {
        self.pool.read(|t| history::page(t, run, key, limit, page))
    }

    fn metric_curves(
        &self,
        runs: &[String],
        key: &str,
        steps: (Option<i64>, Option<i64>),
        points: usize,
    ) -> Result<Vec<(String, Vec<Metric>)>> {
        self.pool.read(|t| {
            let curve = |run: &String| Ok((run.clone(), history::curve(t, run, key, steps, points)?));
            runs.iter().map(curve).collect()
        })
    }

    fn log_inputs(&self, run: &str, datasets: &[DatasetInput], models: &[ModelInput]) -> Result<()> {
        datasets.iter().try_for_each(validate::dataset_input)?;
        self.pool.write(|t, _| inputs::put(t, fill::writable(t, run)?, datasets, models))
    }

    fn log_outputs(&self, run: &str, models: &[ModelOutput]) -> Result<()> {
        self.pool.write(|t, _| {
            let (row, _) = fill::writable(t, run)?;
            let mut put =
                t.prepare_cached("INSERT OR IGNORE INTO model_outputs (run, model, step) VALUES (?1, ?2, ?3)")?;
            for model in models {
                if model.model_id.is_empty() {
                    return refuse(super::failure::missing("model", &model.model_id));
                }
                put.execute((row, &model.model_id, model.step))?;
            }
            Ok(())
        })
    }
}
