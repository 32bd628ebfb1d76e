//! Logged models of the embedded store.

use super::condition::{Conditions, column};
use super::experiments;
use super::failure::{Outcome, missing};
use super::log::{Params, put_param};
use super::place::Places;
use super::sql::{Sql, Window, experiment_numbers, page_of};
use super::tags::{MODEL_PARAMS, MODEL_TAGS, row_of};
use super::{SqliteStore, fill};
use crate::error::{Error, Result};
use crate::model::{
    LoggedModel, Metric, MetricOf, ModelOrder, ModelStatus, NewModel, Page, Param, Search, Tag, now_ms,
};
use crate::names::run_name;
use crate::search::{self, Entity, Subject};
use crate::store::Models;
use crate::validate::{self, MAX_TAG_VALUE, cut};
use rusqlite::{OptionalExtension, Row, Transaction};

/// A row of `models`, and what it says without its parameters, metrics and tags.
pub(super) struct Found {
    row: i64,
    pub(super) model: LoggedModel,
}

const COLUMNS: &str = "x.id, x.uuid, x.experiment, x.name, x.created, x.updated, x.status, x.status_message, \
                       x.model_type, x.source_run, x.location, e.location";
const SELECT_ONE: &str = "SELECT x.id, x.uuid, x.experiment, x.name, x.created, x.updated, x.status, x.status_message, \
                          x.model_type, x.source_run, x.location, e.location FROM models x \
                          JOIN experiments e ON e.id = x.experiment WHERE x.uuid = ?1 AND x.deleted IS NULL";

fn read(places: &Places, row: &Row<'_>) -> rusqlite::Result<Found> {
    let (id, experiment): (String, i64) = (row.get(1)?, row.get(2)?);
    let location: Option<String> = row.get(10)?;
    let above = places.experiment(experiment, row.get(11)?);
    let status: String = row.get(6)?;
    let model = LoggedModel {
        artifact_uri: places.below(&above, location.as_deref(), &format!("models/{id}/artifacts")),
        id,
        experiment: experiment.to_string(),
        name: row.get(3)?,
        created: row.get(4)?,
        updated: row.get(5)?,
        status: ModelStatus::parse(&status).unwrap_or_default(),
        status_message: row.get(7)?,
        model_type: row.get(8)?,
        source_run: row.get(9)?,
        params: Vec::new(),
        metrics: Vec::new(),
        tags: Vec::new(),
    };
    Ok(Found { row: row.get(0)?, model })
}

/// The model with this id, unless it was deleted.
pub(super) fn find(t: &Transaction<'_>, places: &Places, id: &str) -> Outcome<Found> {
    let found = t.prepare_cached(SELECT_ONE)?.query_row([id], |r| read(places, r)).optional()?;
    found.ok_or_else(|| missing("model", id).into())
}

/// The row of a model, unless it was deleted.
pub(super) fn row(t: &Transaction<'_>, id: &str) -> rusqlite::Result<Option<i64>> {
    row_of(t, "SELECT id FROM models WHERE uuid = ?1 AND deleted IS NULL", id)
}

fn existing(t: &Transaction<'_>, id: &str) -> Outcome<i64> {
    row(t, id)?.ok_or_else(|| missing("model", id).into())
}

fn fill(t: &Transaction<'_>, found: Found) -> Outcome<LoggedModel> {
    let Found { row, model } = found;
    // The later of two points is the one that would be the run's latest, too.
    let mut latest = t.prepare_cached(
        "SELECT name, step, timestamp, is_nan, value, uuid, dataset_name, dataset_digest FROM (
             SELECT k.name, m.step, m.timestamp, m.is_nan, m.value, r.uuid, m.dataset_name, m.dataset_digest,
                 row_number() OVER (PARTITION BY m.key, m.run, m.dataset_name, m.dataset_digest
                     ORDER BY m.step DESC, m.timestamp DESC, m.value DESC) AS place
             FROM model_metrics m JOIN metric_keys k ON k.id = m.key JOIN runs r ON r.id = m.run WHERE m.model = ?1)
         WHERE place = 1 ORDER BY name, uuid, dataset_name, dataset_digest",
    )?;
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let id = &model.id;
    let metrics = latest.query_map([row], |r| {
        let of = MetricOf {
            model_id: Some(id.clone()),
            dataset_name: some(r.get(6)?),
            dataset_digest: some(r.get(7)?),
            run_id: r.get(5)?,
        };
        Ok(Metric { of: Some(Box::new(of)), ..fill::point(r.get(0)?, r, 1)? })
    })?;
    let metrics = metrics.collect::<rusqlite::Result<_>>()?;
    let params = MODEL_PARAMS.get(t, row, |key, value| Param { key, value })?;
    let tags = MODEL_TAGS.tags(t, row)?;
    Ok(LoggedModel { params, metrics, tags, ..model })
}

fn put_tags(t: &Transaction<'_>, row: i64, tags: &[Tag]) -> Outcome<()> {
    tags.iter().try_for_each(|tag| MODEL_TAGS.put(t, row, &tag.key, &cut(&tag.value, MAX_TAG_VALUE)))
}

impl SqliteStore {
    fn create_model_in(&self, t: &Transaction<'_>, new: &NewModel) -> Outcome<LoggedModel> {
        let experiment = experiments::find_active(t, &self.places, &new.experiment)?;
        let digits: String = t.query_row("SELECT lower(hex(randomblob(16)))", [], |r| r.get(0))?;
        let uuid = format!("m-{digits}");
        let name = new.name.clone().unwrap_or_else(|| run_name(&digits));
        let mut insert = t.prepare_cached(
            "INSERT INTO models (uuid, experiment, name, status, status_message, model_type, source_run, created, updated)
             VALUES (?1, ?2, ?3, 'PENDING', '', ?4, ?5, ?6, ?6)",
        )?;
        let kind = new.model_type.as_deref().unwrap_or_default();
        let source = new.source_run.as_deref().filter(|run| !run.is_empty());
        let row = insert.insert((&uuid, experiment.row, name, kind, source, now_ms()))?;
        new.params.iter().try_for_each(|param| put_param(t, Params::Model, row, param))?;
        put_tags(t, row, &new.tags)?;
        fill(t, find(t, &self.places, &uuid)?)
    }

    fn search_models_in(
        &self,
        t: &Transaction<'_>,
        search: &Search,
        datasets: &[(String, Option<String>)],
        order: &[ModelOrder],
    ) -> Outcome<Page<LoggedModel>> {
        let window = Window::of(search)?;
        let condition = search::filter(Subject::LoggedModels, &search.filter)?;
        let mut sql = Sql::new("SELECT ");
        sql.push(COLUMNS).push(" FROM models x JOIN experiments e ON e.id = x.experiment");
        let mut keys = Sql::default();
        let mut times = (false, false);
        for (number, key) in order.iter().enumerate() {
            self::order(&mut sql, &mut keys, number, key, &mut times)?;
        }
        sql.push(" WHERE x.deleted IS NULL");
        if !search.experiments.is_empty() {
            sql.push(" AND ").one_of("x.experiment", &experiment_numbers(&search.experiments)?);
        }
        sql.push(" AND ");
        let conditions = Conditions { subject: Subject::LoggedModels, root: self.places.base(), datasets };
        conditions.write(&mut sql, &condition);
        let measured = condition.comparisons().iter().any(|c| c.field.entity == Entity::Metric);
        if !datasets.is_empty() && !measured {
            sql.push(" AND EXISTS (SELECT 1 FROM model_metrics m WHERE m.model = x.id");
            conditions.on_datasets(&mut sql);
            sql.push(")");
        }
        sql.push(" ORDER BY ").append(keys);
        if !times.0 {
            sql.push("x.created DESC, ");
        }
        sql.push(if times.1 { "x.id" } else { "x.uuid" });
        let (found, next) = page_of(t, sql, &window, |row| read(&self.places, row))?;
        let items = found.into_iter().map(|found| fill(t, found)).collect::<Outcome<_>>()?;
        Ok(Page { items, next })
    }
}

/// Adds a key to order by, with the join that it needs; notes whether it is the creation time or the id.
fn order(sql: &mut Sql, keys: &mut Sql, number: usize, key: &ModelOrder, times: &mut (bool, bool)) -> Result<()> {
    let parsed = search::order(Subject::LoggedModels, &key.field)?;
    if number >= 32 {
        let (reason, todo) = ("it is the 33rd key".to_owned(), "order by at most 32 keys".to_owned());
        return Err(Error::Syntax { what: "order", text: key.field.clone(), reason, todo });
    }
    if parsed.field.entity == Entity::Attribute {
        let column = column(Subject::LoggedModels, &parsed.field.key);
        times.0 |= parsed.field.key == "creation_timestamp";
        times.1 |= parsed.field.key == "model_id";
        keys.push(column).push(" IS NULL, ").push(column);
    } else {
        sql.push(" LEFT JOIN (SELECT model, value, is_nan, row_number() OVER (PARTITION BY model ");
        sql.push("ORDER BY timestamp DESC, step DESC, run) AS place FROM model_metrics WHERE key = ");
        sql.push("(SELECT id FROM metric_keys WHERE name = ").bind(parsed.field.key.clone()).push(")");
        for (column, value) in
            [(" AND dataset_name = ", &key.dataset_name), (" AND dataset_digest = ", &key.dataset_digest)]
        {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                sql.push(column).bind(value.to_owned());
            }
        }
        sql.numbered(") o", number)
            .numbered(" ON o", number)
            .numbered(".model = x.id AND o", number)
            .push(".place = 1");
        keys.numbered("CASE WHEN o", number).numbered(".is_nan THEN 1 WHEN o", number);
        keys.numbered(".value IS NULL THEN 2 ELSE 0 END, o", number).push(".value");
    }
    keys.push(if key.ascending { ", " } else { " DESC, " });
    Ok(())
}

impl Models for SqliteStore {
    fn create_model(&self, new: &NewModel) -> Result<LoggedModel> {
        new.name.as_deref().map_or(Ok(()), validate::model_name)?;
        new.params.iter().try_for_each(|param| validate::key("parameter", &param.key))?;
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        self.pool.write(|t, _| self.create_model_in(t, new))
    }

    fn model(&self, id: &str) -> Result<LoggedModel> {
        self.pool.read(|t| fill(t, find(t, &self.places, id)?))
    }

    fn finish_model(&self, id: &str, status: ModelStatus, message: Option<&str>) -> Result<LoggedModel> {
        let status = status.as_str().trim_start_matches("LOGGED_MODEL_");
        self.pool.write(|t, _| {
            let row = existing(t, id)?;
            let mut update = t.prepare_cached(
                "UPDATE models SET status = ?2, status_message = coalesce(?3, status_message), updated = ?4 WHERE id = ?1",
            )?;
            update.execute((row, status, message, now_ms()))?;
            fill(t, find(t, &self.places, id)?)
        })
    }

    fn delete_model(&self, id: &str) -> Result<()> {
        self.pool.write(|t, _| {
            let row = existing(t, id)?;
            t.prepare_cached("UPDATE models SET deleted = ?2, updated = ?2 WHERE id = ?1")?.execute((row, now_ms()))?;
            Ok(())
        })
    }

    fn search_models(
        &self,
        search: &Search,
        datasets: &[(String, Option<String>)],
        order: &[ModelOrder],
    ) -> Result<Page<LoggedModel>> {
        if datasets.iter().any(|(name, _)| name.is_empty()) {
            let expected = "each needs a name";
            return Err(Error::InvalidValue { what: "dataset of a search", value: String::new(), expected });
        }
        self.pool.read(|t| self.search_models_in(t, search, datasets, order))
    }

    fn log_model_params(&self, id: &str, params: &[Param]) -> Result<()> {
        params.iter().try_for_each(|param| validate::key("parameter", &param.key))?;
        self.pool.write(|t, _| {
            let row = existing(t, id)?;
            params.iter().try_for_each(|param| put_param(t, Params::Model, row, param))
        })
    }

    fn set_model_tags(&self, id: &str, tags: &[Tag]) -> Result<()> {
        tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        self.pool.write(|t, _| put_tags(t, existing(t, id)?, tags))
    }

    fn delete_model_tag(&self, id: &str, key: &str) -> Result<()> {
        self.pool.write(|t, _| MODEL_TAGS.delete_existing(t, existing(t, id)?, key))
    }
}
