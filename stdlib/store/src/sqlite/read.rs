//! Reading the embedded store.

use super::Outcome;
use crate::error::Error;
use crate::model::{Experiment, Metric, Page, Param, Run, RunInfo, Search, Status, Tag};
use crate::validate;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, Transaction, params_from_iter};

/// Columns of [`run_of`].
pub(super) const RUN_COLUMNS: &str = "id, uuid, experiment, name, status, start_time, end_time, deleted";

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

/// A row of `runs`: its number and what it says.
pub(super) fn run_of(row: &Row<'_>) -> rusqlite::Result<(i64, RunInfo)> {
    let info = RunInfo {
        id: row.get(1)?,
        experiment: row.get::<_, i64>(2)?.to_string(),
        name: row.get(3)?,
        status: row.get(4)?,
        start: row.get(5)?,
        end: row.get(6)?,
        deleted: row.get::<_, Option<i64>>(7)?.is_some(),
    };
    Ok((row.get(0)?, info))
}

/// The row of a run, deleted or not.
pub(super) fn run_row(t: &Transaction<'_>, run: &str) -> Outcome<(i64, RunInfo)> {
    validate::run_id(run)?;
    let mut find = t.prepare_cached(&format!("SELECT {RUN_COLUMNS} FROM runs WHERE uuid = ?1"))?;
    let found = find.query_row([run], run_of).optional()?;
    Ok(found.ok_or_else(|| Error::NotFound { what: "run", name: run.to_owned() })?)
}

/// The row number of an experiment.
pub(super) fn experiment_row(t: &Transaction<'_>, id: &str) -> Outcome<i64> {
    let missing = || Error::NotFound { what: "experiment", name: id.to_owned() };
    let row: i64 = id.parse().map_err(|_| missing())?;
    let mut find = t.prepare_cached("SELECT 1 FROM experiments WHERE id = ?1")?;
    find.query_row([row], |_| Ok(())).optional()?.ok_or_else(missing)?;
    Ok(row)
}

/// The run with everything logged to it.
pub(super) fn fill(t: &Transaction<'_>, row: i64, info: RunInfo) -> Outcome<Run> {
    let params = pairs(t, "SELECT key, value FROM params WHERE run = ?1 ORDER BY key", row)?;
    let tags = pairs(t, "SELECT key, value FROM tags WHERE run = ?1 ORDER BY key", row)?;
    let mut latest = t.prepare_cached(
        "SELECT name, step, timestamp, is_nan, value FROM latest_metrics JOIN metric_keys ON metric_keys.id = key
         WHERE run = ?1 ORDER BY name",
    )?;
    let metrics = latest.query_map([row], |r| metric_of(r.get(0)?, r, 1))?.collect::<Result<_, _>>()?;
    Ok(Run {
        info,
        params: params.into_iter().map(|(key, value)| Param { key, value }).collect(),
        metrics,
        tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
    })
}

fn pairs(t: &Transaction<'_>, sql: &str, row: i64) -> rusqlite::Result<Vec<(String, String)>> {
    t.prepare_cached(sql)?.query_map([row], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
}

/// A point from the columns step, timestamp, is_nan, value, from column `at` on.
fn metric_of(key: String, row: &Row<'_>, at: usize) -> rusqlite::Result<Metric> {
    let value = if row.get(at + 2)? { f64::NAN } else { row.get(at + 3)? };
    Ok(Metric { key, value, step: row.get(at)?, timestamp: row.get(at + 1)? })
}

/// All points of a metric.
pub(super) fn history(t: &Transaction<'_>, run: &str, key: &str) -> Outcome<Vec<Metric>> {
    let (row, _) = run_row(t, run)?;
    let mut points = t.prepare_cached(
        "SELECT step, timestamp, is_nan, value FROM metrics
         WHERE run = ?1 AND key = (SELECT id FROM metric_keys WHERE name = ?2) ORDER BY step, timestamp, is_nan, value",
    )?;
    let found = points.query_map((row, key), |r| metric_of(key.to_owned(), r, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The experiment with this id.
pub(super) fn experiment(t: &Transaction<'_>, id: &str) -> Outcome<Experiment> {
    let row = experiment_row(t, id)?;
    let mut find = t.prepare_cached("SELECT id, name, created FROM experiments WHERE id = ?1")?;
    let found = find.query_row([row], experiment_of)?;
    with_tags(t, found)
}

/// The experiment with this name.
pub(super) fn experiment_by_name(t: &Transaction<'_>, name: &str) -> Outcome<Option<Experiment>> {
    let mut find = t.prepare_cached("SELECT id, name, created FROM experiments WHERE name = ?1")?;
    let found = find.query_row([name], experiment_of).optional()?;
    found.map(|e| with_tags(t, e)).transpose()
}

/// All experiments, newest first.
pub(super) fn experiments(t: &Transaction<'_>) -> Outcome<Vec<Experiment>> {
    let mut all = t.prepare_cached("SELECT id, name, created FROM experiments ORDER BY created DESC, id DESC")?;
    let found = all.query_map([], experiment_of)?.collect::<Result<Vec<_>, _>>()?;
    found.into_iter().map(|e| with_tags(t, e)).collect()
}

fn experiment_of(row: &Row<'_>) -> rusqlite::Result<(i64, String, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn with_tags(t: &Transaction<'_>, (row, name, created): (i64, String, i64)) -> Outcome<Experiment> {
    let tags = pairs(t, "SELECT key, value FROM experiment_tags WHERE experiment = ?1 ORDER BY key", row)?;
    let tags = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Ok(Experiment { id: row.to_string(), name, created, tags })
}

/// Runs, newest first. The page token is the number of runs to skip.
pub(super) fn search(t: &Transaction<'_>, search: &Search) -> Outcome<Page> {
    let offset = match &search.page {
        None => 0,
        Some(token) => token.parse::<i64>().map_err(|_| Error::InvalidValue {
            what: "page token",
            value: token.clone(),
            expected: "give the one that came with the page before",
        })?,
    };
    let limit = search.limit.min(Search::MAX_LIMIT);
    let mut sql = format!("SELECT {RUN_COLUMNS} FROM runs WHERE deleted IS NULL");
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if !search.experiments.is_empty() {
        // An id that is not a number names no experiment here.
        let ids = search.experiments.iter().filter_map(|id| id.parse::<i64>().ok());
        and_one_of(&mut sql, &mut values, "experiment", ids);
    }
    if !search.statuses.is_empty() {
        and_one_of(&mut sql, &mut values, "status", search.statuses.iter().copied());
    }
    // One more than asked for tells whether there is a next page.
    sql.push_str(" ORDER BY start_time DESC, id DESC LIMIT ? OFFSET ?");
    let limit_row = i64::try_from(limit).unwrap_or(i64::MAX);
    values.push(Box::new(limit_row + 1));
    values.push(Box::new(offset));
    let mut statement = t.prepare_cached(&sql)?;
    let mut rows = statement.query_map(params_from_iter(values), run_of)?.collect::<Result<Vec<_>, _>>()?;
    let next = (rows.len() > limit).then(|| (offset + limit_row).to_string());
    rows.truncate(limit);
    let runs = rows.into_iter().map(|(row, info)| fill(t, row, info)).collect::<Outcome<_>>()?;
    Ok(Page { runs, next })
}

fn and_one_of<T: ToSql + 'static>(
    sql: &mut String,
    values: &mut Vec<Box<dyn ToSql>>,
    column: &str,
    of: impl Iterator<Item = T>,
) {
    let before = values.len();
    values.extend(of.map(|v| Box::new(v) as Box<dyn ToSql>));
    let marks = vec!["?"; values.len() - before].join(", ");
    sql.push_str(&format!(" AND {column} IN ({marks})"));
}
