//! Traces of a store.

use crate::error::Result;
use crate::model::{Assessment, Page, Search, Span, TraceInfo};

/// The part of a [`crate::Store`] that has to do with traces. Errors are as there.
pub trait Traces: Send + Sync {
    /// Creates a trace, or completes one of which spans came first; returns it as it is stored.
    fn put_trace(&self, info: &TraceInfo) -> Result<TraceInfo>;

    /// The trace with this id.
    fn trace(&self, id: &str) -> Result<TraceInfo>;

    /// Traces by `attributes.KEY` (`timestamp_ms`, `execution_time_ms`, `status`, `name`, `run_id`, ...), `tags.KEY`,
    /// `metadata.KEY`; newest first unless ordered otherwise.
    fn search_traces(&self, search: &Search) -> Result<Page<TraceInfo>>;

    /// Deletes the named traces of an experiment, or those up to a time, at most so many; returns how many.
    fn delete_traces(
        &self,
        experiment: &str,
        ids: &[String],
        until: Option<i64>,
        limit: Option<usize>,
    ) -> Result<usize>;

    /// Sets a tag.
    fn set_trace_tag(&self, id: &str, key: &str, value: &str) -> Result<()>;

    /// Removes a tag.
    fn delete_trace_tag(&self, id: &str, key: &str) -> Result<()>;

    /// Stores spans of traces of one experiment, creating traces that are not there yet. A span that is there is replaced.
    fn log_spans(&self, experiment: &str, spans: &[Span]) -> Result<()>;

    /// The spans of a trace, by start.
    fn spans(&self, trace: &str) -> Result<Vec<Span>>;

    /// Links traces to a run.
    fn link_traces(&self, run: &str, traces: &[String]) -> Result<()>;

    /// Adds an assessment to a trace; without an id it gets one.
    fn create_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment>;

    /// An assessment of a trace.
    fn assessment(&self, trace: &str, id: &str) -> Result<Assessment>;

    /// Replaces the fields that are given.
    fn update_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment>;

    /// Removes an assessment; one that is not there is no error.
    fn delete_assessment(&self, trace: &str, id: &str) -> Result<()>;
}
