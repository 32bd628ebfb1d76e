//! Registered models of the embedded store; their versions are in `versions.rs`.

use super::SqliteStore;
use super::condition::{Conditions, column};
use super::failure::{Failure, Outcome, is_taken, missing};
use super::sql::{Sql, Window, check_orders, page_of};
use super::tags::{REGISTERED_TAGS, VERSION_TAGS, row_of};
use super::versions;
use crate::error::{Error, Result};
use crate::model::{Alias, ModelVersion, NewVersion, Page, RegisteredModel, Search, Stage, Tag, now_ms};
use crate::search::{self, Comparison, Entity, Expr, Op, Subject, Value};
use crate::store::Registry;
use crate::validate::{self, MAX_REGISTRY_TAG_VALUE};
use rusqlite::Transaction;

/// The row of a registered model.
pub(super) fn row(t: &Transaction<'_>, name: &str) -> Outcome<i64> {
    let row = row_of(t, "SELECT id FROM registered WHERE name = ?1", name)?;
    row.ok_or_else(|| missing("registered model", name).into())
}

/// Notes that a registered model was changed.
pub(super) fn touch(t: &Transaction<'_>, row: i64, at: i64) -> Outcome<()> {
    t.prepare_cached("UPDATE registered SET updated = ?2 WHERE id = ?1")?.execute((row, at))?;
    Ok(())
}

fn read(t: &Transaction<'_>, row: i64) -> Outcome<RegisteredModel> {
    let mut find = t.prepare_cached("SELECT name, created, updated, description FROM registered WHERE id = ?1")?;
    let model = find.query_row([row], |r| {
        Ok(RegisteredModel {
            name: r.get(0)?,
            created: r.get(1)?,
            updated: r.get(2)?,
            description: r.get(3)?,
            latest_versions: Vec::new(),
            tags: Vec::new(),
            aliases: Vec::new(),
        })
    })?;
    let mut aliases = t.prepare_cached("SELECT alias, version FROM aliases WHERE registered = ?1 ORDER BY alias")?;
    let aliases =
        aliases.query_map([row], |r| Ok(Alias { alias: r.get(0)?, version: r.get::<_, i64>(1)?.to_string() }))?;
    Ok(RegisteredModel {
        latest_versions: versions::latest(t, row, &Stage::ALL)?,
        tags: REGISTERED_TAGS.tags(t, row)?,
        aliases: aliases.collect::<rusqlite::Result<_>>()?,
        ..model
    })
}

fn taken(name: &str) -> impl Fn(rusqlite::Error) -> Failure {
    let name = name.to_owned();
    move |e| match is_taken(&e) {
        true => Failure::Rule(Error::AlreadyExists { what: "registered model", name: name.clone() }),
        false => Failure::Database(e),
    }
}

/// Name of the tag that MLflow's prompts have: its searches leave them out unless one asks for them.
const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// The condition without what it says of prompts, and whether it asks for them.
pub(super) fn without_prompts(condition: Expr) -> (Expr, bool) {
    let asks = condition.comparisons().iter().find(|c| is_of_prompts(c)).is_some_and(|c| match &c.value {
        Value::Text(text) => {
            c.op == Op::Eq && text.eq_ignore_ascii_case("true") || c.op == Op::Ne && text.eq_ignore_ascii_case("false")
        }
        _ => false,
    });
    if asks { (condition, true) } else { (strip(condition), false) }
}

fn is_of_prompts(comparison: &Comparison) -> bool {
    comparison.field.entity == Entity::Tag && comparison.field.key == IS_PROMPT
}

fn strip(condition: Expr) -> Expr {
    match condition {
        Expr::Compare(comparison) if is_of_prompts(&comparison) => Expr::always(),
        Expr::All(parts) => Expr::All(parts.into_iter().map(strip).collect()),
        Expr::Any(parts) => Expr::Any(parts.into_iter().map(strip).collect()),
        Expr::Not(inner) if !inner.comparisons().iter().any(|c| is_of_prompts(c)) => Expr::Not(inner),
        Expr::Not(_) => Expr::always(),
        other => other,
    }
}

fn search(t: &Transaction<'_>, root: &str, search: &Search) -> Outcome<Page<RegisteredModel>> {
    let window = Window::of(search)?;
    let (condition, prompts) = without_prompts(search::filter(Subject::RegisteredModels, &search.filter)?);
    let orders =
        search.order_by.iter().map(|by| search::order(Subject::RegisteredModels, by)).collect::<Result<Vec<_>>>()?;
    check_orders(&orders)?;
    let mut sql = Sql::new("SELECT x.id FROM registered x WHERE ");
    Conditions { subject: Subject::RegisteredModels, root, datasets: &[] }.write(&mut sql, &condition);
    if !prompts {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM registered_tags p WHERE p.registered = x.id AND p.key = ");
        sql.bind(IS_PROMPT.to_owned()).push(" AND p.value = 'true')");
    }
    sql.push(" ORDER BY ");
    for order in &orders {
        sql.push(column(Subject::RegisteredModels, &order.field.key));
        sql.push(if order.ascending { ", " } else { " DESC, " });
    }
    sql.push("x.name");
    let (found, next) = page_of(t, sql, &window, |row| row.get::<_, i64>(0))?;
    Ok(Page { items: found.into_iter().map(|row| read(t, row)).collect::<Outcome<_>>()?, next })
}

impl Registry for SqliteStore {
    fn create_registered(&self, name: &str, description: Option<&str>, tags: &[Tag]) -> Result<RegisteredModel> {
        validate::registered_name(name)?;
        validate::tags(tags, MAX_REGISTRY_TAG_VALUE)?;
        self.pool.write(|t, _| {
            let mut insert = t.prepare_cached(
                "INSERT INTO registered (name, description, created, updated) VALUES (?1, ?2, ?3, ?3)",
            )?;
            let row = insert.insert((name, description.unwrap_or_default(), now_ms())).map_err(taken(name))?;
            REGISTERED_TAGS.put_all(t, row, tags)?;
            read(t, row)
        })
    }

    fn registered(&self, name: &str) -> Result<RegisteredModel> {
        validate::registered_name(name)?;
        self.pool.read(|t| read(t, row(t, name)?))
    }

    fn rename_registered(&self, name: &str, new: &str) -> Result<RegisteredModel> {
        validate::registered_name(new)?;
        self.pool.write(|t, _| {
            let (row, now) = (row(t, name)?, now_ms());
            let mut rename = t.prepare_cached("UPDATE registered SET name = ?2, updated = ?3 WHERE id = ?1")?;
            rename.execute((row, new, now)).map_err(taken(new))?;
            t.prepare_cached("UPDATE versions SET updated = ?2 WHERE registered = ?1 AND deleted IS NULL")?
                .execute((row, now))?;
            read(t, row)
        })
    }

    fn describe_registered(&self, name: &str, description: &str) -> Result<RegisteredModel> {
        self.pool.write(|t, _| {
            let row = row(t, name)?;
            t.prepare_cached("UPDATE registered SET description = ?2, updated = ?3 WHERE id = ?1")?.execute((
                row,
                description,
                now_ms(),
            ))?;
            read(t, row)
        })
    }

    fn delete_registered(&self, name: &str) -> Result<()> {
        self.pool.write(|t, _| {
            t.prepare_cached("DELETE FROM registered WHERE id = ?1")?.execute([row(t, name)?])?;
            Ok(())
        })
    }

    fn search_registered(&self, search: &Search) -> Result<Page<RegisteredModel>> {
        self.pool.read(|t| self::search(t, self.places.base(), search))
    }

    fn set_registered_tag(&self, name: &str, tag: &Tag) -> Result<()> {
        validate::tags(std::slice::from_ref(tag), MAX_REGISTRY_TAG_VALUE)?;
        self.pool.write(|t, _| REGISTERED_TAGS.put(t, row(t, name)?, &tag.key, &tag.value))
    }

    fn delete_registered_tag(&self, name: &str, key: &str) -> Result<()> {
        validate::key("tag", key)?;
        self.pool.write(|t, _| REGISTERED_TAGS.delete(t, row(t, name)?, key).map(drop))
    }

    fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<()> {
        validate::new_alias(alias)?;
        self.pool.write(|t, _| {
            let (registered, number, _) = versions::row(t, name, version)?;
            let mut put =
                t.prepare_cached("INSERT OR REPLACE INTO aliases (registered, alias, version) VALUES (?1, ?2, ?3)")?;
            put.execute((registered, alias, number))?;
            Ok(())
        })
    }

    fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        validate::alias(alias)?;
        self.pool.write(|t, _| {
            let row = row(t, name)?;
            t.prepare_cached("DELETE FROM aliases WHERE registered = ?1 AND alias = ?2")?.execute((row, alias))?;
            Ok(())
        })
    }

    fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        validate::alias(alias)?;
        self.pool.read(|t| versions::by_alias(t, row(t, name)?, alias))
    }

    fn latest_versions(&self, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
        let stages = if stages.is_empty() { &Stage::ALL } else { stages };
        self.pool.read(|t| versions::latest(t, row(t, name)?, stages))
    }

    fn create_version(&self, new: &NewVersion) -> Result<ModelVersion> {
        validate::registered_name(&new.name)?;
        validate::tags(&new.tags, MAX_REGISTRY_TAG_VALUE)?;
        self.pool.write(|t, _| versions::create(t, &self.places, new))
    }

    fn version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        self.pool.read(|t| versions::read(t, versions::row(t, name, version)?.2))
    }

    fn describe_version(&self, name: &str, version: &str, description: &str) -> Result<ModelVersion> {
        self.pool.write(|t, _| {
            let (_, _, row) = versions::row(t, name, version)?;
            t.prepare_cached("UPDATE versions SET description = ?2, updated = ?3 WHERE id = ?1")?.execute((
                row,
                description,
                now_ms(),
            ))?;
            versions::read(t, row)
        })
    }

    fn stage_version(&self, name: &str, version: &str, stage: Stage, archive: bool) -> Result<ModelVersion> {
        self.pool.write(|t, _| versions::move_to(t, name, version, stage, archive))
    }

    fn delete_version(&self, name: &str, version: &str) -> Result<()> {
        self.pool.write(|t, _| versions::delete(t, name, version))
    }

    fn search_versions(&self, search: &Search) -> Result<Page<ModelVersion>> {
        self.pool.read(|t| versions::search(t, self.places.base(), search))
    }

    fn version_uri(&self, name: &str, version: &str) -> Result<String> {
        self.pool.read(|t| versions::uri(t, &self.places, name, version, 0))
    }

    fn set_version_tag(&self, name: &str, version: &str, tag: &Tag) -> Result<()> {
        validate::tags(std::slice::from_ref(tag), MAX_REGISTRY_TAG_VALUE)?;
        self.pool.write(|t, _| VERSION_TAGS.put(t, versions::row(t, name, version)?.2, &tag.key, &tag.value))
    }

    fn delete_version_tag(&self, name: &str, version: &str, key: &str) -> Result<()> {
        validate::key("tag", key)?;
        self.pool.write(|t, _| VERSION_TAGS.delete(t, versions::row(t, name, version)?.2, key).map(drop))
    }
}
