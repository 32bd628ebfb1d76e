//! Reading runs of the embedded store.

use super::failure::{Outcome, missing, refuse};
use super::inputs;
use super::place::Places;
use super::tags::{RUN_PARAMS, RUN_TAGS};
use crate::error::Error;
use crate::model::{Metric, Param, Run, RunInfo, Status};
use crate::validate;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, Transaction};

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
    let Found { row, info } = found;
    let mut latest = t.prepare_cached(
        "SELECT name, step, timestamp, is_nan, value FROM latest_metrics JOIN metric_keys ON metric_keys.id = key
         WHERE run = ?1 ORDER BY name",
    )?;
    let metrics = latest.query_map([row], |r| point(r.get(0)?, r, 1))?.collect::<Result<_, _>>()?;
    Ok(Run {
        info,
        params: RUN_PARAMS.get(t, row, |key, value| Param { key, value })?,
        metrics,
        tags: RUN_TAGS.tags(t, row)?,
        datasets: inputs::datasets(t, row)?,
        model_inputs: inputs::models_in(t, row)?,
        model_outputs: inputs::models_out(t, row)?,
    })
}

/// A point from the columns step, timestamp, is_nan, value, from column `at` on.
pub(super) fn point(key: String, row: &Row<'_>, at: usize) -> rusqlite::Result<Metric> {
    let value = if row.get(at + 2)? { f64::NAN } else { row.get(at + 3)? };
    Ok(Metric { key, value, step: row.get(at)?, timestamp: row.get(at + 1)?, of: None })
}
