//! Statements that read.

use super::failure::{Failure, Outcome};
use super::write::STATES;
use crate::distribution::Distribution;
use crate::record::{Direction, Param, TrialRecord};
use crate::storage::StudyEntry;
use chrono::{DateTime, NaiveDateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn studies(connection: &Connection) -> Outcome<Vec<StudyEntry>> {
    let mut statement = connection.prepare_cached(
        "SELECT study_id, study_name, (SELECT count(*) FROM trials WHERE trials.study_id = studies.study_id)
         FROM studies ORDER BY study_id",
    )?;
    let entry = |row: &Row<'_>| {
        Ok(StudyEntry {
            id: row.get(0)?,
            name: row.get(1)?,
            directions: Vec::new(),
            trials: row.get::<_, u32>(2)? as usize,
        })
    };
    let mut studies = statement.query_map([], entry)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut statement =
        connection.prepare_cached("SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective")?;
    for study in &mut studies {
        let mut rows = statement.query([study.id])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            study.directions.push(if name == "MAXIMIZE" { Direction::Maximize } else { Direction::Minimize });
        }
    }
    Ok(studies)
}

/// The name of the metric, as Optuna's `Study.set_metric_names` keeps it.
pub(super) fn metric(connection: &Connection, study: i64) -> Outcome<Option<String>> {
    let sql = "SELECT value_json FROM study_system_attributes WHERE study_id = ?1 AND \"key\" = 'study:metric_names'";
    let json: Option<String> = connection.query_row(sql, [study], |row| row.get(0)).optional()?;
    let names = json.and_then(|json| serde_json::from_str::<Vec<String>>(&json).ok());
    Ok(names.and_then(|names| names.into_iter().next()))
}

pub(super) fn news(connection: &Connection, study: i64, after: i64, open: &[i64]) -> Outcome<Vec<TrialRecord>> {
    let mut trials = Trials::default();
    for id in open {
        trials.read(connection, study, (*id, *id))?;
    }
    trials.read(connection, study, (after + 1, i64::MAX))?;
    Ok(trials.found)
}

pub(super) fn silent(connection: &Connection, study: i64, since: Duration) -> Outcome<Vec<i64>> {
    let sql = "SELECT trials.trial_id FROM trials JOIN trial_heartbeats USING (trial_id)
               WHERE study_id = ?1 AND state = 'RUNNING'
               AND unixepoch('now') - unixepoch(heartbeat) > ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map((study, since.as_secs_f64()), |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Trials that were read, with the one copy of each name and distribution.
#[derive(Default)]
struct Trials {
    found: Vec<TrialRecord>,
    names: HashMap<String, Arc<str>>,
    distributions: HashMap<String, Arc<Distribution>>,
}

impl Trials {
    /// Reads the trials of a study between two ids, both included: one query per table, each in the order of ids.
    fn read(&mut self, connection: &Connection, study: i64, between: (i64, i64)) -> Outcome<()> {
        let first = self.found.len();
        let key = (study, between.0, between.1);
        let mut statement = connection.prepare_cached(
            "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials
             WHERE study_id = ?1 AND trial_id BETWEEN ?2 AND ?3 ORDER BY trial_id",
        )?;
        let mut rows = statement.query(key)?;
        while let Some(row) = rows.next()? {
            let (id, number): (i64, u32) = (row.get(0)?, row.get(1)?);
            let name: String = row.get(2)?;
            let state = STATES.iter().find(|entry| entry.1 == name).map(|entry| entry.0);
            let state = state.ok_or_else(|| Failure::Row(format!("trial {number} has the state {name:?}")))?;
            let mut trial = TrialRecord::new(id, number, state);
            (trial.started, trial.ended) = (time(row.get(3)?), time(row.get(4)?));
            self.found.push(trial);
        }
        if self.found.len() == first {
            return Ok(());
        }
        self.each(
            connection,
            key,
            first,
            "trial_params",
            "param_name, param_value, distribution_json",
            |own, i, row| {
                let (name, value, json): (String, f64, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
                own.add_param(i, name, value, json)
            },
        )?;
        self.each(connection, key, first, "trial_values", "objective, value, value_type", |own, i, row| {
            if row.get::<_, i64>(1)? == 0 {
                own.found[i].value = Some(number(row.get(2)?, &row.get::<_, String>(3)?));
            }
            Ok(())
        })?;
        let columns = "step, intermediate_value, intermediate_value_type";
        self.each(connection, key, first, "trial_intermediate_values", columns, |own, i, row| {
            let value = number(row.get(2)?, &row.get::<_, String>(3)?);
            own.found[i].set_report(row.get::<_, i64>(1)?.max(0) as u64, value);
            Ok(())
        })?;
        self.each(connection, key, first, "trial_user_attributes", "key, value_json", |own, i, row| {
            own.found[i].user.insert(row.get(1)?, row.get(2)?);
            Ok(())
        })?;
        self.each(connection, key, first, "trial_system_attributes", "key, value_json", |own, i, row| {
            own.found[i].note(&row.get::<_, String>(1)?, row.get(2)?);
            Ok(())
        })
    }

    /// Calls `take` with each row of a table that belongs to the trials from `first` on, and that trial's place.
    fn each(
        &mut self,
        connection: &Connection,
        (study, from, to): (i64, i64, i64),
        first: usize,
        table: &str,
        columns: &str,
        mut take: impl FnMut(&mut Self, usize, &Row<'_>) -> Outcome<()>,
    ) -> Outcome<()> {
        // The rows of a trial lie together in the index of its table; the inner condition keeps other studies out.
        let sql = format!(
            "SELECT trial_id, {columns} FROM {table} WHERE trial_id BETWEEN ?2 AND ?3
             AND trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?1 AND trial_id BETWEEN ?2 AND ?3)
             ORDER BY trial_id, rowid"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((study, from, to))?;
        let mut place = first;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            while self.found.get(place).is_some_and(|trial| trial.id < id) {
                place += 1;
            }
            if self.found.get(place).is_some_and(|trial| trial.id == id) {
                take(self, place, row)?;
            }
        }
        Ok(())
    }

    fn add_param(&mut self, place: usize, name: String, internal: f64, json: String) -> Outcome<()> {
        let trial = &mut self.found[place];
        let distribution = match self.distributions.get(&json) {
            Some(known) => Arc::clone(known),
            None => {
                let read = Distribution::from_json(&json).map_err(|error| {
                    Failure::Row(format!("parameter {name:?} of trial {} is {json} ({error})", trial.number))
                })?;
                Arc::clone(self.distributions.entry(json).or_insert_with(|| Arc::new(read)))
            }
        };
        let name = self.names.entry(name).or_insert_with_key(|name| Arc::from(name.as_str()));
        trial.params.push(Param { name: Arc::clone(name), distribution, internal });
        Ok(())
    }
}

fn number(value: Option<f64>, kind: &str) -> f64 {
    match kind {
        "INF_POS" => f64::INFINITY,
        "INF_NEG" => f64::NEG_INFINITY,
        _ => value.unwrap_or(f64::NAN),
    }
}

/// A time as SQLAlchemy writes it; one that another program wrote otherwise is left out.
fn time(text: Option<String>) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(&text?, "%Y-%m-%d %H:%M:%S%.f").ok().map(|time| time.and_utc())
}
