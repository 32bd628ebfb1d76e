//! Statements that write.

use super::failure::{Failure, Outcome};
use crate::error::TuneError;
use crate::record::{Direction, Param, TrialRecord, TrialState};
use crate::storage::{Change, NoteKind};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, params};

/// Names of states in the database.
pub(super) const STATES: [(TrialState, &str); 5] = [
    (TrialState::Running, "RUNNING"),
    (TrialState::Complete, "COMPLETE"),
    (TrialState::Pruned, "PRUNED"),
    (TrialState::Fail, "FAIL"),
    (TrialState::Waiting, "WAITING"),
];

fn state_name(state: TrialState) -> &'static str {
    STATES.iter().find(|entry| entry.0 == state).map_or("FAIL", |entry| entry.1)
}

/// As SQLAlchemy writes times: UTC, without a zone.
pub(super) const TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";

fn time(at: DateTime<Utc>) -> String {
    at.format(TIME).to_string()
}

/// A float, and the name of its kind: the column holds finite ones only.
fn number(value: f64) -> (Option<f64>, &'static str) {
    if value.is_nan() {
        (None, "NAN")
    } else if value == f64::INFINITY {
        (None, "INF_POS")
    } else if value == f64::NEG_INFINITY {
        (None, "INF_NEG")
    } else {
        (Some(value), "FINITE")
    }
}

pub(super) fn create_study(connection: &Connection, name: &str, direction: Direction, place: &str) -> Outcome<i64> {
    match connection.execute("INSERT INTO studies (study_name) VALUES (?1)", [name]) {
        Ok(_) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            return Err(Failure::Rule(TuneError::Exists { name: name.to_owned(), place: place.to_owned() }));
        }
        Err(error) => return Err(error.into()),
    }
    let study = connection.last_insert_rowid();
    let direction = if direction == Direction::Minimize { "MINIMIZE" } else { "MAXIMIZE" };
    connection.execute(
        "INSERT INTO study_directions (direction, study_id, objective) VALUES (?1, ?2, 0)",
        params![direction, study],
    )?;
    Ok(study)
}

/// Names the metric as Optuna's `Study.set_metric_names` does.
pub(super) fn name_metric(connection: &Connection, study: i64, metric: &str) -> Outcome<()> {
    let json = serde_json::to_string(&[metric]).expect("a text");
    connection.execute(
        "INSERT OR REPLACE INTO study_system_attributes (study_id, \"key\", value_json) VALUES (?1, 'study:metric_names', ?2)",
        params![study, json],
    )?;
    Ok(())
}

pub(super) fn add_trial(connection: &Connection, study: i64, record: &TrialRecord, alive: bool) -> Outcome<(i64, u32)> {
    // The index on the study ends in the trial's id: this looks at one row.
    let sql = "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) VALUES (
        coalesce((SELECT number + 1 FROM trials WHERE study_id = ?1 ORDER BY trial_id DESC LIMIT 1), 0), ?1, ?2, ?3, ?4)
        RETURNING trial_id, number";
    let mut statement = connection.prepare_cached(sql)?;
    let (started, ended) = (record.started.map(time), record.ended.map(time));
    let (trial, number): (i64, u32) = statement
        .query_row(params![study, state_name(record.state), started, ended], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if alive {
        beat(connection, &[trial])?;
    }
    for param in &record.params {
        set_param(connection, trial, param)?;
    }
    for (step, value) in &record.reports {
        set_report(connection, trial, *step, *value)?;
    }
    for (kind, notes) in [(NoteKind::User, &record.user), (NoteKind::System, &record.system)] {
        for (key, json) in notes {
            set_note(connection, trial, kind, key, json)?;
        }
    }
    if let Some(value) = record.value {
        set_value(connection, trial, value)?;
    }
    Ok((trial, number))
}

pub(super) fn claim(connection: &Connection, trial: i64, at: DateTime<Utc>) -> Outcome<bool> {
    let sql = "UPDATE trials SET state = 'RUNNING', datetime_start = ?2 WHERE trial_id = ?1 AND state = 'WAITING'";
    Ok(connection.execute(sql, params![trial, time(at)])? == 1)
}

pub(super) fn changes(connection: &Connection, changes: &[Change]) -> Outcome<bool> {
    let mut taken = true;
    for change in changes {
        match change {
            Change::Param { trial, param } => set_param(connection, *trial, param)?,
            Change::Report { trial, step, value } => set_report(connection, *trial, *step, *value)?,
            Change::Note { trial, kind, key, json } => set_note(connection, *trial, *kind, key, json)?,
            Change::Finish { trial, state, value, at } => {
                let sql = "UPDATE trials SET state = ?2, datetime_complete = ?3
                           WHERE trial_id = ?1 AND state IN ('RUNNING', 'WAITING')";
                let mut statement = connection.prepare_cached(sql)?;
                let ended = statement.execute(params![trial, state_name(*state), time(*at)])? == 1;
                taken &= ended;
                if let Some(value) = value.filter(|_| ended) {
                    set_value(connection, *trial, value)?;
                }
            }
        }
    }
    Ok(taken)
}

fn set_param(connection: &Connection, trial: i64, param: &Param) -> Outcome<()> {
    let sql = "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO NOTHING";
    let json = param.distribution.to_json();
    connection.prepare_cached(sql)?.execute(params![trial, &*param.name, param.internal, json])?;
    Ok(())
}

fn set_report(connection: &Connection, trial: i64, step: u64, value: f64) -> Outcome<()> {
    let sql = "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
               VALUES (?1, ?2, ?3, ?4) ON CONFLICT (trial_id, step) DO UPDATE
               SET intermediate_value = excluded.intermediate_value,
                   intermediate_value_type = excluded.intermediate_value_type";
    let (value, kind) = number(value);
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute(params![trial, step, value, kind])?;
    Ok(())
}

fn set_note(connection: &Connection, trial: i64, kind: NoteKind, key: &str, json: &str) -> Outcome<()> {
    let sql = match kind {
        NoteKind::User => {
            "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
             ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json"
        }
        NoteKind::System => {
            "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES (?1, ?2, ?3)
             ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json"
        }
    };
    connection.prepare_cached(sql)?.execute(params![trial, key, json])?;
    Ok(())
}

fn set_value(connection: &Connection, trial: i64, value: f64) -> Outcome<()> {
    let sql = "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?1, 0, ?2, ?3)
               ON CONFLICT (trial_id, objective) DO UPDATE
               SET value = excluded.value, value_type = excluded.value_type";
    let (value, kind) = number(value);
    connection.prepare_cached(sql)?.execute(params![trial, value, kind])?;
    Ok(())
}

pub(super) fn beat(connection: &Connection, trials: &[i64]) -> Outcome<()> {
    let sql = "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?1, CURRENT_TIMESTAMP)
               ON CONFLICT (trial_id) DO UPDATE SET heartbeat = CURRENT_TIMESTAMP";
    let mut statement = connection.prepare_cached(sql)?;
    for trial in trials {
        statement.execute([trial])?;
    }
    Ok(())
}
