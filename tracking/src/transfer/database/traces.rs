//! Traces of MLflow's database, whose spans are in it or in a file beside the artifacts.

use super::read::text;
use super::{Database, assess, promoted};
use crate::transfer::error::{Error, Result};
use crate::transfer::own::{IN_STORE, SPANS};
use crate::transfer::parts::{Each, TraceRecord};
use crate::transfer::report::Report;
use crate::transfer::spans;
use ironbook_store::{Experiment, Span, Tag, TraceInfo};
use rusqlite::Row;

/// Tag with the place of a trace's own files.
const LOCATION: &str = "mlflow.artifactLocation";

impl Database {
    pub(super) fn read_traces(
        &self,
        experiment: &Experiment,
        report: &Report,
        each: Each<'_, TraceRecord>,
    ) -> Result<()> {
        let client = self.column("trace_info", "client_request_id", "NULL")?;
        let request = self.column("trace_info", "request_preview", "NULL")?;
        let response = self.column("trace_info", "response_preview", "NULL")?;
        let columns = promoted::columns().map(|column| self.column("trace_info", column, "NULL"));
        let columns = columns.collect::<Result<Vec<_>>>()?.join(", ");
        let sql = format!(
            "SELECT request_id, timestamp_ms, execution_time_ms, status, {client}, {request}, {response}, {columns}
             FROM trace_info WHERE experiment_id = ?1 ORDER BY timestamp_ms, request_id"
        );
        let read = |row: &Row<'_>| {
            let info = TraceInfo {
                trace_id: row.get(0)?,
                experiment: experiment.id.clone(),
                request_time: row.get(1)?,
                execution_duration: row.get(2)?,
                state: row.get(3)?,
                client_request_id: row.get(4)?,
                request_preview: row.get(5)?,
                response_preview: row.get(6)?,
                ..TraceInfo::default()
            };
            let columns = promoted::columns().enumerate().map(|(at, _)| row.get(7 + at));
            Ok((info, columns.collect::<rusqlite::Result<Vec<_>>>()?))
        };
        for (info, columns) in self.rows(&sql, [&experiment.id], read)? {
            let id = info.trace_id.clone();
            match self.trace_of(info, report) {
                Ok(mut trace) => {
                    promoted::restore(&mut trace.info, &columns);
                    each(trace)?;
                }
                Err(e) if e.is_of_one_thing() => report.skip(format!("trace {id}: {}", e.line())),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn trace_of(&self, mut info: TraceInfo, report: &Report) -> Result<TraceRecord> {
        let pairs = |tags: Vec<Tag>| tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        let id = info.trace_id.clone();
        info.tags = pairs(self.tags("SELECT key, value FROM trace_tags WHERE request_id = ?1 ORDER BY key", &id)?);
        let sql = "SELECT key, value FROM trace_request_metadata WHERE request_id = ?1 ORDER BY key";
        info.metadata = pairs(self.tags(sql, &id)?);
        if self.has("assessments", "trace_id")? {
            let sql = format!("{} WHERE trace_id = ?1 ORDER BY created_timestamp, assessment_id", assess::SELECT);
            let found = self.rows(&sql, [&id], assess::Row::read)?;
            info.assessments = found.iter().map(|row| row.assessment(&id)).collect();
        }
        let tag = |name: &str| info.tags.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let spans = match (tag(SPANS), tag(LOCATION)) {
            (Some(IN_STORE), _) => self.spans_of(&id)?,
            (_, Some(place)) => self.spans_in_file(&id, place).unwrap_or_else(|e| {
                report.skip(format!("spans of trace {id} at {place}: {}", e.line()));
                Vec::new()
            }),
            (_, None) => Vec::new(),
        };
        let runs = if self.has("entity_associations", "source_id")? {
            let sql = "SELECT destination_id FROM entity_associations WHERE source_type = 'trace' AND source_id = ?1
                 AND destination_type = 'run' ORDER BY destination_id";
            self.rows(sql, [&id], |row| row.get(0))?
        } else {
            Vec::new()
        };
        Ok(TraceRecord { info, spans, runs })
    }

    fn spans_of(&self, trace: &str) -> Result<Vec<Span>> {
        let sql =
            "SELECT span_id, parent_span_id, name, type, status, start_time_unix_nano, end_time_unix_nano, content
             FROM spans WHERE trace_id = ?1 ORDER BY start_time_unix_nano, rowid";
        let found = self.rows(sql, [trace], |row| {
            let content: String = row.get(7)?;
            let span = Span {
                trace_id: trace.to_owned(),
                span_id: row.get(0)?,
                parent_id: row.get(1)?,
                name: text(row, 2)?,
                span_type: row.get(3)?,
                status: row.get(4)?,
                start_ns: row.get(5)?,
                end_ns: row.get(6)?,
                content: serde_json::Value::Null,
            };
            Ok((span, content))
        })?;
        let parse = |(span, content): (Span, String)| match serde_json::from_str(&content) {
            Ok(content) => Ok(Span { content, ..span }),
            Err(e) => Err(Error::Content {
                path: self.path().to_owned(),
                reason: format!("the span {} of trace {trace} is no JSON: {e}", span.span_id),
            }),
        };
        found.into_iter().map(parse).collect()
    }

    fn spans_in_file(&self, trace: &str, place: &str) -> Result<Vec<Span>> {
        spans::read_file(&*self.place(place)?, trace, place)
    }
}
