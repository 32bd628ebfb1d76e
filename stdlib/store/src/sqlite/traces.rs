//! Traces of the embedded store; spans and assessments are in their own files.

use super::condition::{Conditions, column};
use super::failure::{Outcome, missing};
use super::place::Places;
use super::sql::{Sql, Window, check_orders, experiment_numbers, page_of};
use super::tags::{TRACE_METADATA, TRACE_TAGS, row_of};
use super::{SqliteStore, assessments, experiments, fill, spans};
use crate::error::{Error, Result};
use crate::model::{Assessment, Page, Search, Span, TraceInfo};
use crate::search::{self, Entity, Order, Subject};
use crate::store::Traces;
use crate::validate::{self, MAX_TAG_VALUE, cut};
use rusqlite::Transaction;

/// Tag with the place of a trace's own files, which MLflow's clients look for.
pub(super) const LOCATION: &str = "mlflow.artifactLocation";

/// The row of a trace.
pub(super) fn row(t: &Transaction<'_>, id: &str) -> Outcome<i64> {
    let row = row_of(t, "SELECT id FROM traces WHERE uuid = ?1", id)?;
    row.ok_or_else(|| missing("trace", id).into())
}

/// A trace with everything but its spans.
fn read(t: &Transaction<'_>, places: &Places, row: i64) -> Outcome<TraceInfo> {
    let mut find = t.prepare_cached(
        "SELECT x.uuid, x.experiment, x.timestamp, x.duration, x.state, x.client_request_id, x.request_preview,
             x.response_preview, e.location
         FROM traces x JOIN experiments e ON e.id = x.experiment WHERE x.id = ?1",
    )?;
    let (found, above) = find.query_row([row], |r| {
        let experiment: i64 = r.get(1)?;
        let info = TraceInfo {
            trace_id: r.get(0)?,
            experiment: experiment.to_string(),
            request_time: r.get(2)?,
            execution_duration: r.get(3)?,
            state: r.get(4)?,
            client_request_id: r.get(5)?,
            request_preview: r.get(6)?,
            response_preview: r.get(7)?,
            ..TraceInfo::default()
        };
        Ok((info, places.experiment(experiment, r.get(8)?)))
    })?;
    let mut tags = TRACE_TAGS.get(t, row, |key, value| (key, value))?;
    if !tags.iter().any(|(key, _)| key == LOCATION) {
        tags.push((LOCATION.to_owned(), format!("{above}/traces/{}/artifacts", found.trace_id)));
        tags.sort();
    }
    let metadata = TRACE_METADATA.get(t, row, |key, value| (key, value))?;
    Ok(TraceInfo { tags, metadata, assessments: assessments::all(t, row)?, ..found })
}

/// Checks the id of a trace: it becomes part of paths.
pub(super) fn check_id(id: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.is_empty() || id.len() > 50 || !id.chars().all(plain) {
        let expected = "use tr- and 32 hexadecimal digits: at most 50 letters, digits, `-` and `_`";
        return Err(Error::InvalidValue { what: "id of a trace", value: id.to_owned(), expected });
    }
    Ok(())
}

fn put_tag(t: &Transaction<'_>, row: i64, key: &str, value: &str) -> Outcome<()> {
    TRACE_TAGS.put(t, row, key, &cut(value, MAX_TAG_VALUE))
}

fn put(t: &Transaction<'_>, places: &Places, info: &TraceInfo) -> Outcome<TraceInfo> {
    let experiment = experiments::find_active(t, places, &info.experiment)?.row;
    let mut put = t.prepare_cached(
        "INSERT INTO traces (uuid, experiment, timestamp, duration, state, client_request_id, request_preview,
             response_preview, told)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1)
         ON CONFLICT (uuid) DO UPDATE SET experiment = excluded.experiment, timestamp = excluded.timestamp,
             duration = excluded.duration, state = excluded.state, client_request_id = excluded.client_request_id,
             request_preview = coalesce(excluded.request_preview, request_preview),
             response_preview = coalesce(excluded.response_preview, response_preview), told = 1
         RETURNING id",
    )?;
    let values = (
        &info.trace_id,
        experiment,
        info.request_time,
        info.execution_duration,
        if info.state.is_empty() { "STATE_UNSPECIFIED" } else { &info.state },
        &info.client_request_id,
        &info.request_preview,
        &info.response_preview,
    );
    let row: i64 = put.query_row(values, |r| r.get(0))?;
    // Where its files lie follows from its experiment; a client that sends the tag back must not fix it.
    let tags = info.tags.iter().filter(|(key, _)| key != LOCATION);
    tags.into_iter().try_for_each(|(key, value)| put_tag(t, row, key, value))?;
    info.metadata.iter().try_for_each(|(key, value)| TRACE_METADATA.put(t, row, key, value))?;
    info.assessments.iter().try_for_each(|assessment| assessments::put(t, row, assessment).map(drop))?;
    read(t, places, row)
}

fn search(t: &Transaction<'_>, places: &Places, search: &Search) -> Outcome<Page<TraceInfo>> {
    let window = Window::of(search)?;
    let condition = search::filter(Subject::Traces, &search.filter)?;
    let orders = search.order_by.iter().map(|by| search::order(Subject::Traces, by)).collect::<Result<Vec<_>>>()?;
    check_orders(&orders)?;
    let mut sql = Sql::new("SELECT x.id FROM traces x");
    for (number, order) in orders.iter().enumerate() {
        join(&mut sql, number, order);
    }
    sql.push(" WHERE ");
    Conditions { subject: Subject::Traces, root: places.base(), datasets: &[] }.write(&mut sql, &condition);
    if !search.experiments.is_empty() {
        sql.push(" AND ").one_of("x.experiment", &experiment_numbers(&search.experiments)?);
    }
    sql.push(" ORDER BY ");
    for (number, order) in orders.iter().enumerate() {
        if joined(order).is_some() {
            sql.numbered("o", number).numbered(".value IS NULL, o", number).push(".value");
        } else {
            let column = column(Subject::Traces, &order.field.key);
            sql.push(column).push(" IS NULL, ").push(column);
        }
        sql.push(if order.ascending { ", " } else { " DESC, " });
    }
    sql.push("x.timestamp DESC, x.uuid");
    let (found, next) = page_of(t, sql, &window, |row| row.get::<_, i64>(0))?;
    Ok(Page { items: found.into_iter().map(|row| read(t, places, row)).collect::<Outcome<_>>()?, next })
}

/// Where a key to order by is kept as one of many, and under which name.
fn joined(order: &Order) -> Option<(&'static str, &str)> {
    match (order.field.entity, order.field.key.as_str()) {
        (Entity::Attribute, "name") => Some((" LEFT JOIN trace_tags o", "mlflow.traceName")),
        (Entity::Attribute, "run_id") => Some((" LEFT JOIN trace_metadata o", "mlflow.sourceRun")),
        (Entity::Tag, key) => Some((" LEFT JOIN trace_tags o", key)),
        (Entity::Metadata, key) => Some((" LEFT JOIN trace_metadata o", key)),
        _ => None,
    }
}

fn join(sql: &mut Sql, number: usize, order: &Order) {
    if let Some((table, key)) = joined(order) {
        sql.numbered(table, number).numbered(" ON o", number).numbered(".trace = x.id AND o", number).push(".key = ");
        sql.bind(key.to_owned());
    }
}

impl Traces for SqliteStore {
    fn put_trace(&self, info: &TraceInfo) -> Result<TraceInfo> {
        check_id(&info.trace_id)?;
        self.pool.write(|t, _| put(t, &self.places, info))
    }

    fn trace(&self, id: &str) -> Result<TraceInfo> {
        self.pool.read(|t| read(t, &self.places, row(t, id)?))
    }

    fn search_traces(&self, search: &Search) -> Result<Page<TraceInfo>> {
        self.pool.read(|t| self::search(t, &self.places, search))
    }

    fn delete_traces(
        &self,
        experiment: &str,
        ids: &[String],
        until: Option<i64>,
        limit: Option<usize>,
    ) -> Result<usize> {
        if ids.is_empty() == until.is_none() {
            let expected = "name traces, or give a time up to which they are deleted: one of both";
            return Err(Error::InvalidValue { what: "choice of traces", value: String::new(), expected });
        }
        if limit == Some(0) || limit.is_some() && !ids.is_empty() {
            let expected = "give at least 1, and only together with a time";
            let value = limit.unwrap_or_default().to_string();
            return Err(Error::InvalidValue { what: "number of traces to delete", value, expected });
        }
        let experiment = experiment_numbers(&[experiment.to_owned()])?;
        self.pool.write(|t, _| {
            let mut sql = Sql::new("DELETE FROM traces WHERE id IN (SELECT id FROM traces WHERE experiment IN ");
            sql.list(&experiment);
            match until {
                Some(until) => sql.push(" AND timestamp <= ").bind(until),
                None => sql.push(" AND uuid IN ").list(ids),
            };
            sql.push(" ORDER BY timestamp, uuid");
            if let Some(limit) = limit {
                sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
            }
            sql.push(") RETURNING uuid");
            let gone = sql.rows(t, |row| row.get::<_, String>(0))?;
            let mut unlink = Sql::new("DELETE FROM run_traces WHERE trace IN ");
            unlink.list(&gone).push(" RETURNING 1");
            unlink.rows(t, |_| Ok(()))?;
            Ok(gone.len())
        })
    }

    fn set_trace_tag(&self, id: &str, key: &str, value: &str) -> Result<()> {
        validate::key("tag", key)?;
        self.pool.write(|t, _| put_tag(t, row(t, id)?, key, value))
    }

    fn delete_trace_tag(&self, id: &str, key: &str) -> Result<()> {
        self.pool.write(|t, _| TRACE_TAGS.delete_existing(t, row(t, id)?, key))
    }

    fn log_spans(&self, experiment: &str, spans: &[Span]) -> Result<()> {
        spans.iter().try_for_each(|span| check_id(&span.trace_id))?;
        self.pool.write(|t, _| {
            let experiment = experiments::find_active(t, &self.places, experiment)?.row;
            spans::put(t, experiment, spans)
        })
    }

    fn spans(&self, trace: &str) -> Result<Vec<Span>> {
        self.pool.read(|t| spans::all(t, trace, row(t, trace)?))
    }

    fn link_traces(&self, run: &str, traces: &[String]) -> Result<()> {
        traces.iter().try_for_each(|id| check_id(id))?;
        self.pool.write(|t, _| {
            let (run, _) = fill::row(t, run)?;
            let mut put = t.prepare_cached("INSERT OR IGNORE INTO run_traces (run, trace) VALUES (?1, ?2)")?;
            for trace in traces {
                put.execute((run, trace))?;
            }
            Ok(())
        })
    }

    fn create_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment> {
        self.pool.write(|t, _| assessments::create(t, row(t, trace)?, assessment))
    }

    fn assessment(&self, trace: &str, id: &str) -> Result<Assessment> {
        self.pool.read(|t| assessments::find(t, row(t, trace)?, id))
    }

    fn update_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment> {
        self.pool.write(|t, _| assessments::update(t, row(t, trace)?, assessment))
    }

    fn delete_assessment(&self, trace: &str, id: &str) -> Result<()> {
        self.pool.write(|t, _| assessments::delete(t, row(t, trace)?, id))
    }
}
