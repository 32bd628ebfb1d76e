//! Spans of traces, and the traces that only their spans tell of.

use super::failure::{Failure, Outcome};
use super::tags::row_of;
use crate::model::Span;
use crate::validate::cut;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Transaction};
use std::collections::BTreeSet;

/// Previews are cut to so many characters, as MLflow's.
const PREVIEW: usize = 1000;

/// Stores spans and creates or completes their traces.
pub(super) fn put(t: &Transaction<'_>, experiment: i64, spans: &[Span]) -> Outcome<()> {
    let mut traces = BTreeSet::new();
    for span in spans {
        let row = match row_of(t, "SELECT id FROM traces WHERE uuid = ?1", &span.trace_id)? {
            Some(row) => row,
            None => {
                let mut insert = t.prepare_cached(
                    "INSERT INTO traces (uuid, experiment, timestamp, state, told) VALUES (?1, ?2, ?3, 'IN_PROGRESS', 0)",
                )?;
                insert.insert((&span.trace_id, experiment, span.start_ns / 1_000_000))?
            }
        };
        let mut put = t.prepare_cached(
            "INSERT OR REPLACE INTO spans (trace, uuid, parent, name, type, status, start_ns, end_ns, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let Span { span_id, parent_id, name, span_type, status, start_ns, end_ns, content, .. } = span;
        put.execute((row, span_id, parent_id, name, span_type, status, start_ns, end_ns, content.to_string()))?;
        traces.insert(row);
    }
    traces.into_iter().try_for_each(|row| complete(t, row))
}

/// Finds what a trace is from its spans, unless it was told.
fn complete(t: &Transaction<'_>, row: i64) -> Outcome<()> {
    let mut root = t.prepare_cached(
        "SELECT name, status, content FROM spans WHERE trace = ?1 AND parent IS NULL ORDER BY start_ns, uuid LIMIT 1",
    )?;
    let root: Option<(String, String, String)> =
        root.query_row([row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional()?;
    if let Some((name, status, content)) = &root {
        t.prepare_cached("INSERT OR IGNORE INTO trace_tags (trace, key, value) VALUES (?1, 'mlflow.traceName', ?2)")?
            .execute((row, name))?;
        let content: serde_json::Value = serde_json::from_str(content).unwrap_or_default();
        let mut update = t.prepare_cached(
            "UPDATE traces SET request_preview = coalesce(request_preview, ?2),
                 response_preview = coalesce(response_preview, ?3) WHERE id = ?1",
        )?;
        update.execute((row, preview(&content, "mlflow.spanInputs"), preview(&content, "mlflow.spanOutputs")))?;
        let state = if status == "ERROR" { "ERROR" } else { "OK" };
        t.prepare_cached("UPDATE traces SET state = ?2 WHERE id = ?1 AND NOT told")?.execute((row, state))?;
    }
    let mut times = t.prepare_cached(
        "UPDATE traces SET
             timestamp = (SELECT min(start_ns) / 1000000 FROM spans WHERE trace = ?1),
             duration = (SELECT (max(end_ns) - min(start_ns)) / 1000000 FROM spans WHERE trace = ?1)
         WHERE id = ?1 AND NOT told",
    )?;
    times.execute([row])?;
    Ok(())
}

/// The first characters of an attribute of a span; its value is JSON, mostly as text.
fn preview(content: &serde_json::Value, key: &str) -> Option<String> {
    let text = match content.get("attributes")?.get(key)? {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(cut(&text, PREVIEW).into_owned())
}

/// The spans of a trace, by start.
pub(super) fn all(t: &Transaction<'_>, trace: &str, row: i64) -> Outcome<Vec<Span>> {
    let mut find = t.prepare_cached(
        "SELECT uuid, parent, name, type, status, start_ns, end_ns, content FROM spans WHERE trace = ?1
         ORDER BY start_ns, id",
    )?;
    let found = find.query_map([row], |r| {
        let content: String = r.get(7)?;
        let content = serde_json::from_str(&content)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(7, Type::Text, e.into()))?;
        Ok(Span {
            trace_id: trace.to_owned(),
            span_id: r.get(0)?,
            parent_id: r.get(1)?,
            name: r.get(2)?,
            span_type: r.get(3)?,
            status: r.get(4)?,
            start_ns: r.get(5)?,
            end_ns: r.get(6)?,
            content,
        })
    })?;
    found.collect::<rusqlite::Result<_>>().map_err(Failure::from)
}
