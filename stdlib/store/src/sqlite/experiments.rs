//! Experiments of the embedded store.

use super::SqliteStore;
use super::condition::{Conditions, column};
use super::failure::{Failure, Outcome, is_taken, missing, refuse};
use super::place::{self, Places};
use super::sql::{Sql, Window, check_orders, experiment_numbers, page_of};
use super::tags::EXPERIMENT_TAGS;
use crate::error::{Error, Result};
use crate::model::{DatasetSummary, Experiment, NewExperiment, Page, Search, Tag, View, now_ms};
use crate::search::{self, Entity, Subject};
use crate::store::Experiments;
use crate::validate::{self, MAX_EXPERIMENT_TAG_VALUE};
use rusqlite::{OptionalExtension, Row, Transaction};

/// A row of `experiments`, and what it says.
pub(super) struct Found {
    pub(super) row: i64,
    pub(super) experiment: Experiment,
}

const SELECT: &str = "SELECT x.id, x.name, x.created, x.updated, x.deleted, x.location FROM experiments x ";

fn read(places: &Places, row: &Row<'_>) -> rusqlite::Result<Found> {
    let id: i64 = row.get(0)?;
    let experiment = Experiment {
        id: id.to_string(),
        name: row.get(1)?,
        artifact_location: places.experiment(id, row.get(5)?),
        deleted: row.get::<_, Option<i64>>(4)?.is_some(),
        created: row.get(2)?,
        updated: row.get(3)?,
        tags: Vec::new(),
    };
    Ok(Found { row: id, experiment })
}

/// The experiment with this id, deleted or not, without its tags.
pub(super) fn find(t: &Transaction<'_>, places: &Places, id: &str) -> Outcome<Found> {
    let row: i64 = id.parse().map_err(|_| missing("experiment", id))?;
    let mut find = t.prepare_cached(&format!("{SELECT} WHERE x.id = ?1"))?;
    let found = find.query_row([row], |r| read(places, r)).optional()?;
    found.ok_or_else(|| missing("experiment", id).into())
}

/// The experiment with this id, unless it was deleted.
pub(super) fn find_active(t: &Transaction<'_>, places: &Places, id: &str) -> Outcome<Found> {
    let found = find(t, places, id)?;
    if found.experiment.deleted {
        return refuse(Error::WrongState {
            what: "experiment",
            name: id.to_owned(),
            state: "was deleted",
            todo: "restore it before writing to it",
        });
    }
    Ok(found)
}

fn with_tags(t: &Transaction<'_>, found: Found) -> Outcome<Experiment> {
    let tags = EXPERIMENT_TAGS.tags(t, found.row)?;
    Ok(Experiment { tags, ..found.experiment })
}

/// Marks an experiment and its runs as deleted at a time, or as not deleted.
fn set_deleted(t: &Transaction<'_>, row: i64, at: Option<i64>) -> Outcome<()> {
    t.prepare_cached("UPDATE experiments SET deleted = ?2, updated = ?3 WHERE id = ?1")?.execute((
        row,
        at,
        now_ms(),
    ))?;
    t.prepare_cached("UPDATE runs SET deleted = ?2 WHERE experiment = ?1")?.execute((row, at))?;
    Ok(())
}

impl SqliteStore {
    fn search_experiments_in(&self, t: &Transaction<'_>, search: &Search) -> Outcome<Page<Experiment>> {
        let window = Window::of(search)?;
        let condition = search::filter(Subject::Experiments, &search.filter)?;
        let orders =
            search.order_by.iter().map(|by| search::order(Subject::Experiments, by)).collect::<Result<Vec<_>>>()?;
        check_orders(&orders)?;
        let mut sql = Sql::new(SELECT);
        sql.push("WHERE ").push(deleted(search.view));
        if !search.experiments.is_empty() {
            sql.push(" AND ").one_of("x.id", &experiment_numbers(&search.experiments)?);
        }
        sql.push(" AND ");
        Conditions { subject: Subject::Experiments, root: self.places.base(), datasets: &[] }
            .write(&mut sql, &condition);
        let mut glue = " ORDER BY ";
        for order in &orders {
            sql.push(glue).push(column(Subject::Experiments, &order.field.key));
            sql.push(if order.ascending { " ASC" } else { " DESC" });
            glue = ", ";
        }
        let by_id = orders.iter().any(|o| o.field.entity == Entity::Attribute && o.field.key == "experiment_id");
        sql.push(match (orders.is_empty(), by_id) {
            (true, _) => " ORDER BY x.created DESC, x.id ASC",
            (false, true) => "",
            (false, false) => ", x.id DESC",
        });
        let (found, next) = page_of(t, sql, &window, |row| read(&self.places, row))?;
        let items = found.into_iter().map(|found| with_tags(t, found)).collect::<Outcome<_>>()?;
        Ok(Page { items, next })
    }
}

/// Which rows of `x` a view shows.
pub(super) fn deleted(view: View) -> &'static str {
    match view {
        View::Active => "x.deleted IS NULL",
        View::Deleted => "x.deleted IS NOT NULL",
        View::All => "1",
    }
}

impl Experiments for SqliteStore {
    fn create_experiment(&self, new: &NewExperiment) -> Result<String> {
        validate::experiment_name(&new.name)?;
        validate::tags(&new.tags, MAX_EXPERIMENT_TAG_VALUE)?;
        let location = new.artifact_location.as_deref().filter(|l| !l.is_empty()).map(place::check).transpose()?;
        self.pool.write(|t, _| {
            let mut insert = t.prepare_cached(
                "INSERT INTO experiments (name, created, updated, location) VALUES (?1, ?2, ?2, ?3) RETURNING id",
            )?;
            let row: i64 = insert.query_row((&new.name, now_ms(), &location), |r| r.get(0)).map_err(|e| {
                if is_taken(&e) {
                    Failure::Rule(Error::AlreadyExists { what: "experiment", name: new.name.clone() })
                } else {
                    Failure::Database(e)
                }
            })?;
            if let (None, Some(kept)) = (&location, self.places.kept(row)) {
                t.prepare_cached("UPDATE experiments SET location = ?2 WHERE id = ?1")?.execute((row, kept))?;
            }
            EXPERIMENT_TAGS.put_all(t, row, &new.tags)?;
            Ok(row.to_string())
        })
    }

    fn experiment(&self, id: &str) -> Result<Experiment> {
        self.pool.read(|t| with_tags(t, find(t, &self.places, id)?))
    }

    fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        self.pool.read(|t| {
            let mut find = t.prepare_cached(&format!("{SELECT} WHERE x.name = ?1"))?;
            let found = find.query_row([name], |r| read(&self.places, r)).optional()?;
            found.map(|found| with_tags(t, found)).transpose()
        })
    }

    fn search_experiments(&self, search: &Search) -> Result<Page<Experiment>> {
        self.pool.read(|t| self.search_experiments_in(t, search))
    }

    fn rename_experiment(&self, id: &str, name: &str) -> Result<()> {
        validate::experiment_name(name)?;
        self.pool.write(|t, _| {
            let found = find(t, &self.places, id)?;
            if found.experiment.deleted {
                return refuse(Error::Inactive { what: "experiment", name: id.to_owned() });
            }
            let mut update = t.prepare_cached("UPDATE experiments SET name = ?2, updated = ?3 WHERE id = ?1")?;
            update.execute((found.row, name, now_ms())).map_err(|e| {
                if is_taken(&e) {
                    Failure::Rule(Error::AlreadyExists { what: "experiment", name: name.to_owned() })
                } else {
                    Failure::Database(e)
                }
            })?;
            Ok(())
        })
    }

    fn delete_experiment(&self, id: &str) -> Result<()> {
        self.pool.write(|t, _| {
            let found = find(t, &self.places, id)?;
            if found.experiment.deleted {
                return refuse(missing("experiment", id));
            }
            set_deleted(t, found.row, Some(now_ms()))
        })
    }

    fn restore_experiment(&self, id: &str) -> Result<()> {
        self.pool.write(|t, _| {
            let found = find(t, &self.places, id)?;
            if !found.experiment.deleted {
                return refuse(missing("deleted experiment", id));
            }
            set_deleted(t, found.row, None)
        })
    }

    fn set_experiment_tag(&self, id: &str, tag: &Tag) -> Result<()> {
        validate::tags(std::slice::from_ref(tag), MAX_EXPERIMENT_TAG_VALUE)?;
        self.pool.write(|t, _| {
            let found = find_active(t, &self.places, id)?;
            EXPERIMENT_TAGS.put(t, found.row, &tag.key, &tag.value)
        })
    }

    fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<()> {
        self.pool.write(|t, _| {
            let found = find_active(t, &self.places, id)?;
            EXPERIMENT_TAGS.delete_existing(t, found.row, key)
        })
    }

    fn experiment_datasets(&self, ids: &[String]) -> Result<Vec<DatasetSummary>> {
        let numbers = experiment_numbers(ids)?;
        self.pool.read(|t| {
            let mut sql = Sql::new(
                "SELECT DISTINCT d.experiment, d.name, d.digest, c.value FROM datasets d
                 JOIN inputs i ON i.dataset = d.id
                 LEFT JOIN input_tags c ON c.input = i.id AND c.key = 'mlflow.data.context' WHERE d.experiment IN ",
            );
            sql.list(&numbers).push(" ORDER BY d.experiment, d.name, d.digest, c.value LIMIT 1000");
            let found = sql.rows(t, |row| {
                Ok(DatasetSummary {
                    experiment_id: row.get::<_, i64>(0)?.to_string(),
                    name: row.get(1)?,
                    digest: row.get(2)?,
                    context: row.get(3)?,
                })
            })?;
            Ok(found)
        })
    }
}
