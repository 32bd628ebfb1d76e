//! Traces go past the spool, with the server's ids.

use super::SpooledStore;
use crate::error::Result;
use crate::model::{Assessment, Page, Search, Span, TraceInfo};
use crate::store::Traces;

impl Traces for SpooledStore {
    fn put_trace(&self, info: &TraceInfo) -> Result<TraceInfo> {
        let experiment = self.need_remote(&info.experiment)?;
        self.inner().put_trace(&TraceInfo { experiment, ..info.clone() })
    }

    fn trace(&self, id: &str) -> Result<TraceInfo> {
        self.inner().trace(id)
    }

    fn search_traces(&self, search: &Search) -> Result<Page<TraceInfo>> {
        self.inner().search_traces(&self.translated(search)?)
    }

    fn delete_traces(
        &self,
        experiment: &str,
        ids: &[String],
        until: Option<i64>,
        limit: Option<usize>,
    ) -> Result<usize> {
        self.inner().delete_traces(&self.need_remote(experiment)?, ids, until, limit)
    }

    fn set_trace_tag(&self, id: &str, key: &str, value: &str) -> Result<()> {
        self.inner().set_trace_tag(id, key, value)
    }

    fn delete_trace_tag(&self, id: &str, key: &str) -> Result<()> {
        self.inner().delete_trace_tag(id, key)
    }

    fn log_spans(&self, experiment: &str, spans: &[Span]) -> Result<()> {
        self.inner().log_spans(&self.need_remote(experiment)?, spans)
    }

    fn spans(&self, trace: &str) -> Result<Vec<Span>> {
        self.inner().spans(trace)
    }

    fn link_traces(&self, run: &str, traces: &[String]) -> Result<()> {
        let lane = self.lane_of(run)?;
        self.inner().link_traces(&self.need_remote(&lane)?, traces)
    }

    fn create_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment> {
        self.inner().create_assessment(trace, assessment)
    }

    fn assessment(&self, trace: &str, id: &str) -> Result<Assessment> {
        self.inner().assessment(trace, id)
    }

    fn update_assessment(&self, trace: &str, assessment: &Assessment) -> Result<Assessment> {
        self.inner().update_assessment(trace, assessment)
    }

    fn delete_assessment(&self, trace: &str, id: &str) -> Result<()> {
        self.inner().delete_assessment(trace, id)
    }
}
