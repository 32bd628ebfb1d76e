//! Versions of registered models; every function runs inside of one transaction.

use super::condition::{Conditions, column};
use super::failure::{Outcome, missing, refuse};
use super::models;
use super::place::Places;
use super::registry::{self, touch, without_prompts};
use super::sql::{Sql, Window, check_orders, page_of};
use super::tags::VERSION_TAGS;
use crate::error::{Error, Result};
use crate::model::{ModelVersion, NewVersion, Page, Search, Stage, VersionStatus, now_ms};
use crate::search::{self, Subject};
use rusqlite::{OptionalExtension, Transaction};

/// Row of the registered model, number of the version, and row of the version, unless it was deleted.
pub(super) fn row(t: &Transaction<'_>, name: &str, version: &str) -> Outcome<(i64, i64, i64)> {
    let number: i64 = version.trim().parse().map_err(|_| Error::InvalidValue {
        what: "version",
        value: version.to_owned(),
        expected: "versions are whole numbers, counted from 1",
    })?;
    let registered = registry::row(t, name)?;
    let mut find =
        t.prepare_cached("SELECT id FROM versions WHERE registered = ?1 AND version = ?2 AND deleted IS NULL")?;
    let row = find.query_row((registered, number), |r| r.get(0)).optional()?;
    let row = row.ok_or_else(|| missing("version", &format!("{name}/{version}")))?;
    Ok((registered, number, row))
}

/// A version.
pub(super) fn read(t: &Transaction<'_>, row: i64) -> Outcome<ModelVersion> {
    let mut find = t.prepare_cached(
        "SELECT g.name, v.version, v.created, v.updated, v.user, v.stage, v.description, v.source, v.run, v.model,
             v.status, v.status_message, v.run_link, v.registered
         FROM versions v JOIN registered g ON g.id = v.registered WHERE v.id = ?1",
    )?;
    let (registered, number, found) = find.query_row([row], |r| {
        let (number, stage, status): (i64, String, String) = (r.get(1)?, r.get(5)?, r.get(10)?);
        let version = ModelVersion {
            name: r.get(0)?,
            version: number.to_string(),
            created: r.get(2)?,
            updated: r.get(3)?,
            user: r.get(4)?,
            stage: Stage::parse(&stage).unwrap_or_default(),
            description: r.get(6)?,
            source: r.get(7)?,
            run: r.get(8)?,
            model_id: r.get(9)?,
            status: VersionStatus::parse(&status).unwrap_or_default(),
            status_message: r.get(11)?,
            run_link: r.get(12)?,
            tags: Vec::new(),
            aliases: Vec::new(),
        };
        Ok((r.get::<_, i64>(13)?, number, version))
    })?;
    let mut aliases =
        t.prepare_cached("SELECT alias FROM aliases WHERE registered = ?1 AND version = ?2 ORDER BY alias")?;
    let aliases = aliases.query_map((registered, number), |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(ModelVersion { tags: VERSION_TAGS.tags(t, row)?, aliases, ..found })
}

/// The version with this alias.
pub(super) fn by_alias(t: &Transaction<'_>, registered: i64, alias: &str) -> Outcome<ModelVersion> {
    let mut find = t.prepare_cached(
        "SELECT v.id FROM aliases a JOIN versions v ON v.registered = a.registered AND v.version = a.version
         WHERE a.registered = ?1 AND a.alias = ?2",
    )?;
    match find.query_row((registered, alias), |r| r.get(0)).optional()? {
        Some(row) => read(t, row),
        // MLflow's code for it.
        None => refuse(Error::InvalidValue {
            what: "alias",
            value: alias.to_owned(),
            expected: "no version has it: give one that was set",
        }),
    }
}

/// The newest version of each of these stages that has one.
pub(super) fn latest(t: &Transaction<'_>, registered: i64, stages: &[Stage]) -> Outcome<Vec<ModelVersion>> {
    let mut find = t.prepare_cached(
        "SELECT id FROM versions WHERE registered = ?1 AND stage = ?2 AND deleted IS NULL ORDER BY version DESC LIMIT 1",
    )?;
    let mut found = Vec::new();
    for stage in Stage::ALL.iter().filter(|stage| stages.contains(stage)) {
        if let Some(row) = find.query_row((registered, stage.as_str()), |r| r.get(0)).optional()? {
            found.push(read(t, row)?);
        }
    }
    Ok(found)
}

/// Creates the next version; the numbers of deleted ones are not used again.
pub(super) fn create(t: &Transaction<'_>, places: &Places, new: &NewVersion) -> Outcome<ModelVersion> {
    let (registered, now) = (registry::row(t, &new.name)?, now_ms());
    if new.source.trim().is_empty() {
        let expected = "give the URI of the model's files, for instance models:/m-… or runs:/RUN/model";
        return refuse(Error::InvalidValue { what: "source of a version", value: String::new(), expected });
    }
    let named = new.model_id.as_deref().filter(|id| !id.is_empty());
    let model = named.or_else(|| model_of(&new.source)).map(|id| models::find(t, places, id)).transpose()?;
    if let Source::Version(name, version) = source(&new.source) {
        // That it can be resolved, now.
        uri(t, places, name, version, 1)?;
    }
    let given = new.run.clone().filter(|run| !run.is_empty());
    let run = given.or_else(|| model.as_ref().and_then(|found| found.model.source_run.clone()));
    let mut insert = t.prepare_cached(
        "INSERT INTO versions (registered, version, stage, description, user, source, run, model, run_link, status,
             status_message, created, updated)
         VALUES (?1, (SELECT coalesce(max(version), 0) + 1 FROM versions WHERE registered = ?1), 'None', ?2, '', ?3, ?4,
             ?5, ?6, ?7, '', ?8, ?8)",
    )?;
    let row = insert.insert((
        registered,
        new.description.as_deref().unwrap_or_default(),
        &new.source,
        run,
        model.map(|found| found.model.id),
        new.run_link.as_deref().unwrap_or_default(),
        VersionStatus::Ready.as_str(),
        now,
    ))?;
    VERSION_TAGS.put_all(t, row, &new.tags)?;
    touch(t, registered, now)?;
    read(t, row)
}

/// What the source of a version names.
enum Source<'a> {
    Model(&'a str),
    Version(&'a str, &'a str),
    Place,
}

fn source(uri: &str) -> Source<'_> {
    let Some(path) = uri.strip_prefix("models:/") else { return Source::Place };
    match path.trim_start_matches('/').split_once('/') {
        None if path.starts_with("m-") => Source::Model(path),
        Some((name, version)) if version.bytes().all(|b| b.is_ascii_digit()) => Source::Version(name, version),
        _ => Source::Place,
    }
}

fn model_of(uri: &str) -> Option<&str> {
    match source(uri) {
        Source::Model(id) => Some(id),
        _ => None,
    }
}

/// Where the files of a version lie; `depth` guards against versions that name each other.
pub(super) fn uri(t: &Transaction<'_>, places: &Places, name: &str, version: &str, depth: usize) -> Outcome<String> {
    let found = read(t, row(t, name, version)?.2)?;
    match source(&found.source) {
        Source::Model(id) => Ok(models::find(t, places, id)?.model.artifact_uri),
        Source::Version(name, version) if depth < 16 => uri(t, places, name, version, depth + 1),
        _ => Ok(found.source),
    }
}

/// Moves a version to a stage, and perhaps puts those away that are in it.
pub(super) fn move_to(
    t: &Transaction<'_>,
    name: &str,
    version: &str,
    stage: Stage,
    archive: bool,
) -> Outcome<ModelVersion> {
    if archive && !matches!(stage, Stage::Staging | Stage::Production) {
        let expected = "only what is in Staging or Production can be put away so";
        return refuse(Error::InvalidValue { what: "stage", value: stage.as_str().to_owned(), expected });
    }
    let ((registered, _, row), now) = (row(t, name, version)?, now_ms());
    if archive {
        let mut update = t.prepare_cached(
            "UPDATE versions SET stage = 'Archived', updated = ?4
             WHERE registered = ?1 AND id != ?2 AND stage = ?3 AND deleted IS NULL",
        )?;
        update.execute((registered, row, stage.as_str(), now))?;
    }
    t.prepare_cached("UPDATE versions SET stage = ?2, updated = ?3 WHERE id = ?1")?.execute((
        row,
        stage.as_str(),
        now,
    ))?;
    touch(t, registered, now)?;
    read(t, row)
}

/// Deletes a version: its row stays, emptied, with its number.
pub(super) fn delete(t: &Transaction<'_>, name: &str, version: &str) -> Outcome<()> {
    let ((registered, number, row), now) = (row(t, name, version)?, now_ms());
    t.prepare_cached("DELETE FROM aliases WHERE registered = ?1 AND version = ?2")?.execute((registered, number))?;
    t.prepare_cached("DELETE FROM version_tags WHERE version = ?1")?.execute([row])?;
    t.prepare_cached(
        "UPDATE versions SET deleted = ?2, updated = ?2, description = '', user = '', source = '', run = NULL,
             model = NULL, run_link = '', status_message = '' WHERE id = ?1",
    )?
    .execute((row, now))?;
    touch(t, registered, now)
}

/// Versions of all registered models.
pub(super) fn search(t: &Transaction<'_>, root: &str, search: &Search) -> Outcome<Page<ModelVersion>> {
    let window = Window::of(search)?;
    let (condition, prompts) = without_prompts(search::filter(Subject::ModelVersions, &search.filter)?);
    let orders =
        search.order_by.iter().map(|by| search::order(Subject::ModelVersions, by)).collect::<Result<Vec<_>>>()?;
    check_orders(&orders)?;
    let mut sql =
        Sql::new("SELECT x.id FROM versions x JOIN registered g ON g.id = x.registered WHERE x.deleted IS NULL AND ");
    Conditions { subject: Subject::ModelVersions, root, datasets: &[] }.write(&mut sql, &condition);
    if !prompts {
        // Those of a model of which any version is a prompt, as MLflow does it.
        sql.push(" AND NOT EXISTS (SELECT 1 FROM versions y JOIN version_tags p ON p.version = y.id ");
        sql.push("WHERE y.registered = x.registered AND p.key = 'mlflow.prompt.is_prompt' AND p.value = 'true')");
    }
    sql.push(" ORDER BY ");
    if orders.is_empty() {
        sql.push("x.updated DESC, ");
    }
    for order in &orders {
        sql.push(column(Subject::ModelVersions, &order.field.key));
        sql.push(if order.ascending { ", " } else { " DESC, " });
    }
    sql.push("g.name, x.version DESC");
    let (found, next) = page_of(t, sql, &window, |row| row.get::<_, i64>(0))?;
    Ok(Page { items: found.into_iter().map(|row| read(t, row)).collect::<Outcome<_>>()?, next })
}
