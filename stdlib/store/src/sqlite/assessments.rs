//! What people and programs said of traces; every function runs inside of one transaction.

use super::failure::{Outcome, missing, refuse};
use crate::error::Error;
use crate::model::{Assessment, now_ms};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde_json::{Map, Value};

fn read(row: &Row<'_>) -> rusqlite::Result<Assessment> {
    let fields: String = row.get(1)?;
    let fields = serde_json::from_str(&fields)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, e.into()))?;
    Ok(Assessment { assessment_id: row.get(0)?, fields })
}

/// All of a trace, the oldest first.
pub(super) fn all(t: &Transaction<'_>, trace: i64) -> rusqlite::Result<Vec<Assessment>> {
    let mut find = t.prepare_cached("SELECT uuid, fields FROM assessments WHERE trace = ?1 ORDER BY created, uuid")?;
    find.query_map([trace], read)?.collect()
}

/// The one with this id.
pub(super) fn find(t: &Transaction<'_>, trace: i64, id: &str) -> Outcome<Assessment> {
    let mut find = t.prepare_cached("SELECT uuid, fields FROM assessments WHERE trace = ?1 AND uuid = ?2")?;
    find.query_row((trace, id), read).optional()?.ok_or_else(|| missing("assessment", id).into())
}

/// Adds one, with an id if it has none; one that it overrides is no longer valid.
pub(super) fn create(t: &Transaction<'_>, trace: i64, assessment: &Assessment) -> Outcome<Assessment> {
    if let Some(overridden) = overrides(&assessment.fields) {
        let mut before = find(t, trace, overridden)?;
        before.fields.insert("valid".to_owned(), Value::Bool(false));
        put(t, trace, &before)?;
    }
    if !assessment.assessment_id.is_empty() {
        let mut find = t.prepare_cached("SELECT 1 FROM assessments WHERE trace = ?1 AND uuid = ?2")?;
        if find.exists((trace, &assessment.assessment_id))? {
            let name = assessment.assessment_id.clone();
            return refuse(Error::AlreadyExists { what: "assessment", name });
        }
    }
    put(t, trace, assessment)
}

/// Writes one; it gets an id and a time if it has none.
pub(super) fn put(t: &Transaction<'_>, trace: i64, assessment: &Assessment) -> Outcome<Assessment> {
    let mut fields = assessment.fields.clone();
    let Some(name) = fields.get("assessment_name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        let expected = "give it a name, `assessment_name`";
        return refuse(Error::InvalidValue { what: "assessment", value: String::new(), expected });
    };
    let name = name.to_owned();
    let (kind, value) = content(&fields)?;
    let id = match assessment.assessment_id.as_str() {
        "" => {
            let digits: String = t.query_row("SELECT lower(hex(randomblob(16)))", [], |r| r.get(0))?;
            format!("a-{digits}")
        }
        id => id.to_owned(),
    };
    let now = now_ms();
    for time in ["create_time", "last_update_time"] {
        if fields.get(time).is_none_or(Value::is_null) {
            fields.insert(time.to_owned(), timestamp(now));
        }
    }
    let valid = fields.get("valid").and_then(Value::as_bool).unwrap_or(true);
    let number = match &value {
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    };
    fields.remove("assessment_id");
    let text = Value::Object(fields.clone()).to_string();
    let mut put = t.prepare_cached(
        "INSERT INTO assessments (trace, uuid, type, name, value, number, valid, created, fields)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (trace, uuid) DO UPDATE SET type = excluded.type, name = excluded.name, value = excluded.value,
             number = excluded.number, valid = excluded.valid, fields = excluded.fields",
    )?;
    let created = fields.get("create_time").and_then(Value::as_str).and_then(milliseconds).unwrap_or(now);
    put.execute((trace, &id, kind, name, value.map(|v| v.to_string()), number, valid, created, text))?;
    Ok(Assessment { assessment_id: id, fields })
}

/// A time as MLflow's JSON has it.
fn timestamp(ms: i64) -> Value {
    let time = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
    Value::from(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn milliseconds(time: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(time).ok().map(|time| time.timestamp_millis())
}

/// Which kind it is, and its value.
fn content(fields: &Map<String, Value>) -> Outcome<(&'static str, Option<Value>)> {
    for kind in ["feedback", "expectation", "issue"] {
        if let Some(inner) = fields.get(kind).filter(|inner| !inner.is_null()) {
            return Ok((kind, value(inner)));
        }
    }
    let expected = "give it a `feedback` or an `expectation`";
    refuse(Error::InvalidValue { what: "assessment", value: String::new(), expected })
}

/// The value of feedback or an expectation; an expectation may have it serialised.
fn value(inner: &Value) -> Option<Value> {
    if let Some(value) = inner.get("value") {
        return Some(value.clone());
    }
    let serialized = inner.get("serialized_value")?;
    let text = serialized.get("value").unwrap_or(serialized).as_str()?;
    Some(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

fn overrides(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("overrides").and_then(Value::as_str).filter(|id| !id.is_empty())
}

/// Replaces the fields that are given; metadata is merged, kind, source and span stay.
pub(super) fn update(t: &Transaction<'_>, trace: i64, assessment: &Assessment) -> Outcome<Assessment> {
    let mut found = find(t, trace, &assessment.assessment_id)?;
    let given = |key: &str| assessment.fields.get(key).is_some_and(|value| !value.is_null());
    let is = |key: &str| found.fields.get(key).is_some_and(|value| !value.is_null());
    for (one, other) in [("feedback", "expectation"), ("expectation", "feedback")] {
        if given(one) && is(other) {
            let expected = "feedback cannot become an expectation, nor the other way: create another assessment";
            return refuse(Error::InvalidValue { what: "update of an assessment", value: one.to_owned(), expected });
        }
    }
    for (key, value) in &assessment.fields {
        let fixed = matches!(
            key.as_str(),
            "assessment_id" | "trace_id" | "source" | "span_id" | "create_time" | "last_update_time" | "overrides"
        );
        if value.is_null() || fixed {
            continue;
        }
        match (found.fields.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) if key == "metadata" => old.extend(new.clone()),
            _ => {
                found.fields.insert(key.clone(), value.clone());
            }
        }
    }
    found.fields.insert("last_update_time".to_owned(), timestamp(now_ms()));
    put(t, trace, &found)
}

/// Removes one, if it is there; the one that it overrode is valid again.
pub(super) fn delete(t: &Transaction<'_>, trace: i64, id: &str) -> Outcome<()> {
    let mut one = t.prepare_cached("DELETE FROM assessments WHERE trace = ?1 AND uuid = ?2 RETURNING uuid, fields")?;
    let Some(gone) = one.query_row((trace, id), read).optional()? else { return Ok(()) };
    if let Some(before) = overrides(&gone.fields)
        && let Ok(mut before) = find(t, trace, before)
    {
        before.fields.insert("valid".to_owned(), Value::Bool(true));
        put(t, trace, &before)?;
    }
    Ok(())
}
