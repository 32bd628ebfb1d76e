//! Writing to the embedded store; every function runs inside of one transaction.

use super::read::{RUN_COLUMNS, experiment_row, run_of, run_row};
use super::schema::is_taken;
use super::{Failure, Outcome};
use crate::error::Error;
use crate::format::run_name;
use crate::model::{Batch, Metric, NewRun, Param, RunInfo, RunUpdate, Status, Tag, now_ms, tag};
use crate::validate::{MAX_PARAM_VALUE, MAX_TAG_VALUE, cut};
use rusqlite::{OptionalExtension, Transaction};
use std::collections::HashMap;

/// Adds an experiment; its id.
pub(super) fn create_experiment(t: &Transaction<'_>, name: &str, tags: &[Tag]) -> Outcome<String> {
    let mut insert = t.prepare_cached("INSERT INTO experiments (name, created) VALUES (?1, ?2) RETURNING id")?;
    let row: i64 = insert.query_row((name, now_ms()), |r| r.get(0)).map_err(|e| match is_taken(&e) {
        true => Failure::Rule(Error::AlreadyExists { what: "experiment", name: name.to_owned() }),
        false => Failure::Database(e),
    })?;
    let mut put =
        t.prepare_cached("INSERT OR REPLACE INTO experiment_tags (experiment, key, value) VALUES (?1, ?2, ?3)")?;
    for tag in tags {
        put.execute((row, &tag.key, &tag.value))?;
    }
    Ok(row.to_string())
}

/// Adds a run with its first tags.
pub(super) fn create_run(t: &Transaction<'_>, new: &NewRun) -> Outcome<RunInfo> {
    let experiment = experiment_row(t, &new.experiment)?;
    // SQLite's generator is seeded by the system's: ids differ also between processes with one seed.
    let uuid: String = t.query_row("SELECT lower(hex(randomblob(16)))", [], |r| r.get(0))?;
    let tagged = new.tags.iter().rfind(|tag| tag.key == tag::RUN_NAME).map(|tag| tag.value.clone());
    let name = new.name.clone().or(tagged).filter(|name| !name.is_empty()).unwrap_or_else(|| run_name(&uuid));
    let sql = format!(
        "INSERT INTO runs (uuid, experiment, name, status, start_time) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING {RUN_COLUMNS}"
    );
    let start = new.start.unwrap_or_else(now_ms);
    let values = (&uuid, experiment, &name, Status::Running, start);
    let (row, info) = t.prepare_cached(&sql)?.query_row(values, run_of)?;
    put_tags(t, row, &new.tags)?;
    put_tags(t, row, &[Tag { key: tag::RUN_NAME.to_owned(), value: name }])?;
    Ok(info)
}

/// Changes a run that is not deleted.
pub(super) fn update_run(t: &Transaction<'_>, run: &str, update: &RunUpdate) -> Outcome<RunInfo> {
    let row = writable_row(t, run)?;
    let sql = format!(
        "UPDATE runs SET name = coalesce(?2, name), status = coalesce(?3, status), end_time = coalesce(?4, end_time)
         WHERE id = ?1 RETURNING {RUN_COLUMNS}"
    );
    let (_, info) = t.prepare_cached(&sql)?.query_row((row, &update.name, update.status, update.end), run_of)?;
    if let Some(name) = &update.name {
        put_tags(t, row, &[Tag { key: tag::RUN_NAME.to_owned(), value: name.clone() }])?;
    }
    Ok(info)
}

/// Marks a run as deleted at a time, or as not deleted.
pub(super) fn set_deleted(t: &Transaction<'_>, run: &str, at: Option<i64>) -> Outcome<()> {
    let (row, _) = run_row(t, run)?;
    t.prepare_cached("UPDATE runs SET deleted = ?2 WHERE id = ?1")?.execute((row, at))?;
    Ok(())
}

/// Removes a tag that is there.
pub(super) fn delete_tag(t: &Transaction<'_>, run: &str, key: &str) -> Outcome<()> {
    let row = writable_row(t, run)?;
    let removed = t.prepare_cached("DELETE FROM tags WHERE run = ?1 AND key = ?2")?.execute((row, key))?;
    if removed == 0 {
        return Err(Error::NotFound { what: "tag", name: key.to_owned() }.into());
    }
    Ok(())
}

/// Writes a checked batch.
pub(super) fn log_batch(
    t: &Transaction<'_>,
    keys: &mut HashMap<String, i64>,
    run: &str,
    batch: Batch<'_>,
) -> Outcome<()> {
    let row = writable_row(t, run)?;
    batch.params.iter().try_for_each(|param| put_param(t, row, param))?;
    put_tags(t, row, batch.tags)?;
    if let Some(name) = batch.tags.iter().rfind(|tag| tag.key == tag::RUN_NAME) {
        t.prepare_cached("UPDATE runs SET name = ?2 WHERE id = ?1")?.execute((row, &name.value))?;
    }
    put_metrics(t, keys, row, batch.metrics)
}

fn writable_row(t: &Transaction<'_>, run: &str) -> Outcome<i64> {
    match run_row(t, run)? {
        (_, info) if info.deleted => Err(Error::RunDeleted { run: run.to_owned() }.into()),
        (row, _) => Ok(row),
    }
}

fn put_param(t: &Transaction<'_>, row: i64, param: &Param) -> Outcome<()> {
    let value = cut(&param.value, MAX_PARAM_VALUE);
    let mut find = t.prepare_cached("SELECT value FROM params WHERE run = ?1 AND key = ?2")?;
    let logged: Option<String> = find.query_row((row, &param.key), |r| r.get(0)).optional()?;
    match logged {
        Some(logged) if logged == value => Ok(()),
        Some(logged) => {
            let (logged, attempted) = (shorten(&logged), shorten(&value));
            Err(Error::ParamChanged { key: param.key.clone(), logged, attempted }.into())
        }
        None => {
            let mut insert = t.prepare_cached("INSERT INTO params (run, key, value) VALUES (?1, ?2, ?3)")?;
            insert.execute((row, &param.key, value))?;
            Ok(())
        }
    }
}

/// Values in messages need not be six thousand characters long.
fn shorten(value: &str) -> String {
    let short = cut(value, 80);
    if short.len() < value.len() { format!("{short}…") } else { short.into_owned() }
}

fn put_tags(t: &Transaction<'_>, row: i64, tags: &[Tag]) -> Outcome<()> {
    let mut put = t.prepare_cached("INSERT OR REPLACE INTO tags (run, key, value) VALUES (?1, ?2, ?3)")?;
    for tag in tags {
        put.execute((row, &tag.key, cut(&tag.value, MAX_TAG_VALUE)))?;
    }
    Ok(())
}

/// A point as the tables have it: step, timestamp, is_nan, value.
type Point = (i64, i64, bool, f64);

fn put_metrics(t: &Transaction<'_>, keys: &mut HashMap<String, i64>, row: i64, metrics: &[Metric]) -> Outcome<()> {
    let mut insert = t.prepare_cached(
        "INSERT OR IGNORE INTO metrics (run, key, step, timestamp, is_nan, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut latest: HashMap<i64, Point> = HashMap::new();
    for metric in metrics {
        let key = key_number(t, keys, &metric.key)?;
        let nan = metric.value.is_nan();
        let point = (metric.step, metric.timestamp, nan, if nan { 0.0 } else { metric.value });
        insert.execute((row, key, point.0, point.1, point.2, point.3))?;
        let newest = latest.entry(key).or_insert(point);
        if newest.0.cmp(&point.0).then(newest.1.cmp(&point.1)).then(newest.3.total_cmp(&point.3)).is_lt() {
            *newest = point;
        }
    }
    let mut update = t.prepare_cached(
        "INSERT INTO latest_metrics (run, key, step, timestamp, is_nan, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (run, key) DO UPDATE SET step = excluded.step, timestamp = excluded.timestamp,
             is_nan = excluded.is_nan, value = excluded.value
         WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, timestamp, value)",
    )?;
    for (key, point) in latest {
        update.execute((row, key, point.0, point.1, point.2, point.3))?;
    }
    Ok(())
}

fn key_number(t: &Transaction<'_>, keys: &mut HashMap<String, i64>, name: &str) -> Outcome<i64> {
    if let Some(number) = keys.get(name) {
        return Ok(*number);
    }
    let mut find = t.prepare_cached("SELECT id FROM metric_keys WHERE name = ?1")?;
    let number = match find.query_row([name], |r| r.get(0)).optional()? {
        Some(number) => number,
        None => {
            let mut insert = t.prepare_cached("INSERT INTO metric_keys (name) VALUES (?1) RETURNING id")?;
            insert.query_row([name], |r| r.get(0))?
        }
    };
    keys.insert(name.to_owned(), number);
    Ok(number)
}
