//! The two sides of a copy.

use super::error::Result;
use super::report::Report;
use ironbook_store::artifacts::Repo;
use ironbook_store::{
    Added, Experiment, LoggedModel, Metric, ModelInput, ModelOutput, ModelVersion, RegisteredModel, Run, RunInfo, Span,
    TraceInfo,
};

/// A logged model with all points of its metrics.
#[derive(Clone, Debug)]
pub struct ModelRecord {
    /// The model.
    pub model: LoggedModel,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// A version of a registered model.
#[derive(Clone, Debug)]
pub struct VersionRecord {
    /// The version.
    pub version: ModelVersion,
    /// Whether it was deleted, so that only its number counts.
    pub deleted: bool,
}

/// A trace with everything.
#[derive(Clone, Debug)]
pub struct TraceRecord {
    /// The trace.
    pub info: TraceInfo,
    /// Its spans.
    pub spans: Vec<Span>,
    /// Ids of runs that it is linked to, besides the one in which it was made.
    pub runs: Vec<String>,
}

/// Whose files.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// Of a run.
    Run(&'a RunInfo),
    /// Of a logged model.
    Model(&'a LoggedModel),
}

/// What is called for each thing.
pub type Each<'a, T> = &'a mut dyn FnMut(T) -> Result<()>;

/// A store that is read. Things are given out one by one, metrics in pages, so that memory does not grow with the store.
/// What is broken goes to the report, with its place, and is left out.
pub trait Source {
    /// Where it is, for people.
    fn location(&self) -> String;

    /// All experiments, deleted ones too.
    fn experiments(&self, report: &Report, each: Each<'_, Experiment>) -> Result<()>;

    /// All runs of an experiment, deleted ones too.
    fn runs(&self, experiment: &Experiment, report: &Report, each: Each<'_, Run>) -> Result<()>;

    /// All points of a metric of a run.
    fn history(&self, run: &RunInfo, key: &str, report: &Report, each: Each<'_, Vec<Metric>>) -> Result<()>;

    /// All logged models of an experiment.
    fn models(&self, experiment: &Experiment, report: &Report, each: Each<'_, ModelRecord>) -> Result<()>;

    /// All registered models with their versions, by number.
    fn registered(&self, report: &Report, each: Each<'_, (RegisteredModel, Vec<VersionRecord>)>) -> Result<()>;

    /// All traces of an experiment.
    fn traces(&self, experiment: &Experiment, report: &Report, each: Each<'_, TraceRecord>) -> Result<()>;

    /// Where the files of a run or model are.
    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>>;

    /// What is there, besides, that no other store has a place for: words and how many.
    fn others(&self) -> Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }
}

/// A store that is written. Ids that things refer to are those of the target: the copy translates them.
pub trait Sink {
    /// Where it is, for people.
    fn location(&self) -> String;

    /// Whether things keep their ids.
    fn keeps_ids(&self) -> bool;

    /// Takes an experiment; one of its name is completed. Returns its id here. `location`, where given, is where its
    /// artifacts stay.
    fn experiment(&mut self, experiment: &Experiment, location: Option<&str>) -> Result<(String, Added)>;

    /// Takes a run without the points of its metrics. Returns its id here.
    fn run(&mut self, run: &Run, location: Option<&str>) -> Result<(String, Added)>;

    /// Takes points of metrics of a run, and returns how many were new.
    fn metrics(&mut self, run: &str, points: &[Metric]) -> Result<usize>;

    /// Says in which run a run is nested, where that one's id was not known before.
    fn parent(&mut self, _run: &str, _parent: &str) -> Result<()> {
        Ok(())
    }

    /// Says which models a run read and made, where ids were not known before.
    fn link(&mut self, _run: &str, _inputs: &[ModelInput], _outputs: &[ModelOutput]) -> Result<()> {
        Ok(())
    }

    /// Takes a logged model. Returns its id here.
    fn model(&mut self, model: &ModelRecord, location: Option<&str>) -> Result<(String, Added)>;

    /// Takes a registered model, without versions.
    fn registered(&mut self, model: &RegisteredModel) -> Result<Added>;

    /// Takes a version; they come by number. Sets the aliases that it has.
    fn version(&mut self, version: &VersionRecord) -> Result<Added>;

    /// Takes a trace with its spans.
    fn trace(&mut self, trace: &TraceRecord) -> Result<Added>;

    /// The files of a run or model that was taken.
    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>>;

    /// Finishes: what has to come last, comes now.
    fn close(&mut self, _report: &Report) -> Result<()> {
        Ok(())
    }
}
