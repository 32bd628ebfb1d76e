//! Writing metrics, parameters and tags; every function runs inside of one transaction.

use super::failure::{Outcome, missing, refuse};
use super::pool::Keys;
use super::{fill, models};
use crate::error::Error;
use crate::model::{Batch, Metric, MetricOf, Param, Tag, tag};
use crate::validate::{MAX_PARAM_VALUE, MAX_TAG_VALUE, cut};
use rusqlite::{OptionalExtension, Transaction};
use std::collections::HashMap;

/// Writes a checked batch.
pub(super) fn batch(t: &Transaction<'_>, keys: &mut Keys, run: &str, batch: Batch<'_>) -> Outcome<()> {
    let (row, _) = fill::writable(t, run)?;
    batch.params.iter().try_for_each(|param| put_param(t, Params::Run, row, param))?;
    put_tags(t, row, batch.tags)?;
    if let Some(name) = batch.tags.iter().rfind(|tag| tag.key == tag::RUN_NAME) {
        t.prepare_cached("UPDATE runs SET name = ?2 WHERE id = ?1")?.execute((row, &name.value))?;
    }
    put_metrics(t, keys, row, batch.metrics).map(drop)
}

/// Whose parameters.
#[derive(Clone, Copy)]
pub(super) enum Params {
    Run,
    Model,
}

/// Adds a parameter, or finds it there with the same value.
pub(super) fn put_param(t: &Transaction<'_>, of: Params, row: i64, param: &Param) -> Outcome<()> {
    let (put, get) = match of {
        Params::Run => (
            "INSERT OR IGNORE INTO params (run, key, value) VALUES (?1, ?2, ?3)",
            "SELECT value FROM params WHERE run = ?1 AND key = ?2",
        ),
        Params::Model => (
            "INSERT OR IGNORE INTO model_params (model, key, value) VALUES (?1, ?2, ?3)",
            "SELECT value FROM model_params WHERE model = ?1 AND key = ?2",
        ),
    };
    let value = cut(&param.value, MAX_PARAM_VALUE);
    if t.prepare_cached(put)?.execute((row, &param.key, &value))? > 0 {
        return Ok(());
    }
    let logged: String = t.prepare_cached(get)?.query_row((row, &param.key), |r| r.get(0))?;
    if logged == value {
        return Ok(());
    }
    refuse(Error::ParamChanged { key: param.key.clone(), logged: shorten(&logged), attempted: shorten(&value) })
}

/// Values in messages need not be six thousand characters long.
fn shorten(value: &str) -> String {
    let short = cut(value, 80);
    if short.len() < value.len() { format!("{short}…") } else { short.into_owned() }
}

/// Sets tags of a run; long values are cut.
pub(super) fn put_tags(t: &Transaction<'_>, row: i64, tags: &[Tag]) -> Outcome<()> {
    let mut put = t.prepare_cached("INSERT OR REPLACE INTO tags (run, key, value) VALUES (?1, ?2, ?3)")?;
    for tag in tags {
        put.execute((row, &tag.key, cut(&tag.value, MAX_TAG_VALUE)))?;
    }
    Ok(())
}

/// A point as the tables have it: step, timestamp, is_nan, value.
type Point = (i64, i64, bool, f64);

/// Writes points; returns how many were not there yet.
pub(super) fn put_metrics(t: &Transaction<'_>, keys: &mut Keys, row: i64, metrics: &[Metric]) -> Outcome<usize> {
    let mut new = 0;
    let mut insert = t.prepare_cached(
        "INSERT OR IGNORE INTO metrics (run, key, step, timestamp, is_nan, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut latest: HashMap<i64, Point> = HashMap::new();
    let mut models = HashMap::new();
    let mut last: Option<(&str, i64)> = None;
    for metric in metrics {
        let key = match last {
            // A batch is often a long history of one metric.
            Some((name, key)) if name == metric.key => key,
            _ => key_number(t, keys, &metric.key)?,
        };
        last = Some((&metric.key, key));
        let nan = metric.value.is_nan();
        let point = (metric.step, metric.timestamp, nan, if nan { 0.0 } else { metric.value });
        new += insert.execute((row, key, point.0, point.1, point.2, point.3))?;
        let newest = latest.entry(key).or_insert(point);
        if newest.0.cmp(&point.0).then(newest.1.cmp(&point.1)).then(newest.3.total_cmp(&point.3)).is_lt() {
            *newest = point;
        }
        if let Some(of) = metric.of.as_deref()
            && let Some(model) = &of.model_id
        {
            put_model_metric(t, &mut models, (row, key), (model, of), point)?;
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
    Ok(new)
}

/// A metric of a model is kept with it, too.
fn put_model_metric<'a>(
    t: &Transaction<'_>,
    rows: &mut HashMap<&'a str, i64>,
    (run, key): (i64, i64),
    (model, of): (&'a String, &MetricOf),
    point: Point,
) -> Outcome<()> {
    let row = match rows.get(model.as_str()) {
        Some(row) => *row,
        None => {
            let row = models::row(t, model)?.ok_or_else(|| missing("model", model))?;
            rows.insert(model, row);
            row
        }
    };
    let mut insert = t.prepare_cached(
        "INSERT OR IGNORE INTO model_metrics (model, key, run, dataset_name, dataset_digest, step, timestamp, is_nan, value)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let name = of.dataset_name.as_deref().unwrap_or_default();
    let digest = of.dataset_digest.as_deref().unwrap_or_default();
    insert.execute((row, key, run, name, digest, point.0, point.1, point.2, point.3))?;
    Ok(())
}

/// The number of a metric's name.
pub(super) fn key_number(t: &Transaction<'_>, keys: &mut Keys, name: &str) -> Outcome<i64> {
    if let Some(number) = keys.get(name) {
        return Ok(*number);
    }
    let mut find = t.prepare_cached("SELECT id FROM metric_keys WHERE name = ?1")?;
    let number = match find.query_row([name], |r| r.get(0)).optional()? {
        Some(number) => number,
        None => t.prepare_cached("INSERT INTO metric_keys (name) VALUES (?1)")?.insert([name])?,
    };
    keys.insert(name.to_owned(), number);
    Ok(number)
}
