//! Reading runs of the embedded store.

use super::failure::{Outcome, missing, refuse};
use super::inputs;
use super::place::Places;
use crate::error::Error;
use crate::model::{Metric, ModelInput, ModelOutput, Param, Run, RunInfo, Status, Tag};
use crate::validate;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, Transaction};
use std::collections::HashMap;

/// What [`read`] reads, from `runs x JOIN experiments e`.
pub(super) const COLUMNS: &str = "x.id, x.uuid, x.experiment, x.name, x.user, x.status, x.start_time, x.end_time, \
                                  x.deleted, x.location, e.location";
const SELECT_ONE: &str = "SELECT x.id, x.uuid, x.experiment, x.name, x.user, x.status, x.start_time, x.end_time, \
                          x.deleted, x.location, e.location FROM runs x JOIN experiments e ON e.id = x.experiment \
                          WHERE x.uuid = ?1";

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

impl ToSql for Status {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

/// A row of `runs`, and what it says.
pub(super) struct Found {
    pub(super) row: i64,
    pub(super) info: RunInfo,
}

/// Reads [`COLUMNS`].
pub(super) fn read(places: &Places, row: &Row<'_>) -> rusqlite::Result<Found> {
    let (id, experiment): (String, i64) = (row.get(1)?, row.get(2)?);
    let location: Option<String> = row.get(9)?;
    let above = places.experiment(experiment, row.get(10)?);
    let info = RunInfo {
        artifact_uri: places.below(&above, location.as_deref(), &format!("{id}/artifacts")),
        id,
        experiment: experiment.to_string(),
        name: row.get(3)?,
        user: row.get(4)?,
        status: row.get(5)?,
        start: row.get(6)?,
        end: row.get(7)?,
        deleted: row.get::<_, Option<i64>>(8)?.is_some(),
    };
    Ok(Found { row: row.get(0)?, info })
}

/// The run with this id, deleted or not.
pub(super) fn find(t: &Transaction<'_>, places: &Places, run: &str) -> Outcome<Found> {
    validate::run_id(run)?;
    let found = t.prepare_cached(SELECT_ONE)?.query_row([run], |r| read(places, r)).optional()?;
    found.ok_or_else(|| missing("run", run).into())
}

/// Row of the run and of its experiment; deleted ones count as well.
pub(super) fn row(t: &Transaction<'_>, run: &str) -> Outcome<(i64, i64)> {
    let (row, experiment, _) = state(t, run)?;
    Ok((row, experiment))
}

/// Row of the run and of its experiment, if the run can be written to.
pub(super) fn writable(t: &Transaction<'_>, run: &str) -> Outcome<(i64, i64)> {
    match state(t, run)? {
        (_, _, true) => refuse(Error::RunDeleted { run: run.to_owned() }),
        (row, experiment, false) => Ok((row, experiment)),
    }
}

fn state(t: &Transaction<'_>, run: &str) -> Outcome<(i64, i64, bool)> {
    validate::run_id(run)?;
    let mut find = t.prepare_cached("SELECT id, experiment, deleted IS NOT NULL FROM runs WHERE uuid = ?1")?;
    let found = find.query_row([run], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional()?;
    found.ok_or_else(|| missing("run", run).into())
}

/// The run with everything logged to it.
pub(super) fn fill(t: &Transaction<'_>, found: Found) -> Outcome<Run> {
    let id = found.info.id.clone();
    fill_all(t, vec![found])?.pop().ok_or_else(|| missing("run", &id).into())
}

/// Runs with everything logged to them: one statement per table, however many runs.
pub(super) fn fill_all(t: &Transaction<'_>, found: Vec<Found>) -> Outcome<Vec<Run>> {
    let at: HashMap<i64, usize> = found.iter().enumerate().map(|(at, found)| (found.row, at)).collect();
    let rows: Vec<i64> = found.iter().map(|found| found.row).collect();
    let rows = serde_json::to_string(&rows).unwrap_or_default();
    let mut runs: Vec<Run> = found.into_iter().map(|found| Run::empty(found.info)).collect();
    let mut each = |sql: &str, add: &dyn Fn(&mut Run, &Row<'_>) -> rusqlite::Result<()>| -> rusqlite::Result<()> {
        let mut statement = t.prepare_cached(sql)?;
        let mut cursor = statement.query([&rows])?;
        while let Some(row) = cursor.next()? {
            if let Some(run) = at.get(&row.get(0)?).and_then(|at| runs.get_mut(*at)) {
                add(run, row)?;
            }
        }
        Ok(())
    };
    // The tables have the order of run and name; only names of metrics are elsewhere.
    each(
        "SELECT run, key, value FROM params WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY run, key",
        &|run, row| {
            run.params.push(Param { key: row.get(1)?, value: row.get(2)? });
            Ok(())
        },
    )?;
    each(
        "SELECT run, key, value FROM tags WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY run, key",
        &|run, row| {
            run.tags.push(Tag { key: row.get(1)?, value: row.get(2)? });
            Ok(())
        },
    )?;
    each(
        "SELECT l.run, k.name, l.step, l.timestamp, l.is_nan, l.value FROM latest_metrics l
         JOIN metric_keys k ON k.id = l.key WHERE l.run IN (SELECT value FROM json_each(?1))",
        &|run, row| {
            run.metrics.push(point(row.get(1)?, row, 2)?);
            Ok(())
        },
    )?;
    each(
        "SELECT run, model FROM model_inputs WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY run, model",
        &|run, row| {
            run.model_inputs.push(ModelInput { model_id: row.get(1)? });
            Ok(())
        },
    )?;
    each(
        "SELECT run, model, step FROM model_outputs WHERE run IN (SELECT value FROM json_each(?1)) ORDER BY run, step, model",
        &|run, row| {
            run.model_outputs.push(ModelOutput { model_id: row.get(1)?, step: row.get(2)? });
            Ok(())
        },
    )?;
    each(inputs::DATASETS, &inputs::add)?;
    runs.iter_mut().for_each(|run| run.metrics.sort_by(|a, b| a.key.cmp(&b.key)));
    Ok(runs)
}

/// A point from the columns step, timestamp, is_nan, value, from column `at` on.
pub(super) fn point(key: String, row: &Row<'_>, at: usize) -> rusqlite::Result<Metric> {
    let value = if row.get(at + 2)? { f64::NAN } else { row.get(at + 3)? };
    Ok(Metric { key, value, step: row.get(at)?, timestamp: row.get(at + 1)?, of: None })
}
