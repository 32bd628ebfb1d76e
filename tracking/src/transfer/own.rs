//! The embedded store as the target: everything keeps its id, times and state.

use super::error::Result;
use super::parts::{ModelRecord, Owner, Sink, TraceRecord, VersionRecord};
use ironbook_store::artifacts::Repo;
use ironbook_store::store::{Models, Runs, Traces};
use ironbook_store::{Added, Experiment, Metric, RegisteredModel, Run, SqliteStore, Store};
use std::sync::Arc;

/// Tag that says where the spans of a trace are.
pub(super) const SPANS: &str = "mlflow.trace.spansLocation";
/// Its value where the store has them.
pub(super) const IN_STORE: &str = "TRACKING_STORE";

/// The embedded store.
pub(super) struct Own(pub(super) Arc<SqliteStore>);

impl Sink for Own {
    fn location(&self) -> String {
        self.0.location()
    }

    fn keeps_ids(&self) -> bool {
        true
    }

    fn experiment(&mut self, experiment: &Experiment, location: Option<&str>) -> Result<(String, Added)> {
        Ok(self.0.import_experiment(experiment, location)?)
    }

    fn run(&mut self, run: &Run, location: Option<&str>) -> Result<(String, Added)> {
        Ok((run.info.id.clone(), self.0.import_run(run, location)?))
    }

    fn metrics(&mut self, run: &str, points: &[Metric]) -> Result<usize> {
        Ok(self.0.import_metrics(run, points)?)
    }

    fn model(&mut self, record: &ModelRecord, location: Option<&str>) -> Result<(String, Added)> {
        Ok((record.model.id.clone(), self.0.import_model(&record.model, record.deleted, location)?))
    }

    fn registered(&mut self, model: &RegisteredModel) -> Result<Added> {
        Ok(self.0.import_registered(model)?)
    }

    fn version(&mut self, record: &VersionRecord) -> Result<Added> {
        Ok(self.0.import_version(&record.version, record.deleted)?)
    }

    fn trace(&mut self, trace: &TraceRecord) -> Result<Added> {
        let mut info = trace.info.clone();
        if !trace.spans.is_empty() {
            info.tags.retain(|(key, _)| key != SPANS);
            info.tags.push((SPANS.to_owned(), IN_STORE.to_owned()));
        }
        let added = self.0.import_trace(&info, &trace.spans)?;
        for run in &trace.runs {
            self.0.link_traces(run, std::slice::from_ref(&info.trace_id))?;
        }
        Ok(added)
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        let uri = match of {
            Owner::Run(run) => self.0.run(&run.id)?.info.artifact_uri,
            Owner::Model(model) => self.0.model(&model.id)?.artifact_uri,
        };
        Ok(self.0.repo(&uri)?)
    }
}
