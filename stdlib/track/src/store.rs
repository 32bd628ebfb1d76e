//! The one interface of all stores.

use crate::error::Result;
use crate::model::{ArtifactInfo, Batch, Experiment, Metric, NewRun, Page, Run, RunInfo, RunUpdate, Search, Tag};
use std::io::Read;
use std::path::Path;

/// Where runs are kept. Every implementation passes the same conformance suite (`tests/main/conformance.rs`).
///
/// Calls may come from many threads at once. Each call happens entirely or not at all.
///
/// # Errors
/// [`crate::Code::ResourceDoesNotExist`] for unknown ids, [`crate::Code::InvalidParameterValue`] for what breaks
/// MLflow's rules, [`crate::Code::TemporarilyUnavailable`] when trying again may help.
pub trait Store: Send + Sync {
    /// Where this store is, for people: a path or an address.
    fn location(&self) -> String;

    /// Creates an experiment and returns its id. Names are unique.
    fn create_experiment(&self, name: &str, tags: &[Tag]) -> Result<String>;

    /// The experiment with this id.
    fn experiment(&self, id: &str) -> Result<Experiment>;

    /// The experiment with this name, if there is one.
    fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>>;

    /// All experiments, newest first.
    fn experiments(&self) -> Result<Vec<Experiment>>;

    /// Creates a run in the state [`crate::Status::Running`].
    fn create_run(&self, new: &NewRun) -> Result<RunInfo>;

    /// Changes name, state or end of a run.
    fn update_run(&self, run: &str, update: &RunUpdate) -> Result<RunInfo>;

    /// A run with its parameters, latest metrics and tags (deleted runs too).
    fn run(&self, run: &str) -> Result<Run>;

    /// Marks a run as deleted: searches leave it out and nothing can be logged to it.
    fn delete_run(&self, run: &str) -> Result<()>;

    /// Undoes [`Store::delete_run`].
    fn restore_run(&self, run: &str) -> Result<()>;

    /// Runs, newest first.
    fn search_runs(&self, search: &Search) -> Result<Page>;

    /// Writes metrics, parameters and tags of a run, all or nothing. A batch may have any size.
    ///
    /// A parameter that was logged before with the same value is accepted, with another one refused.
    fn log_batch(&self, run: &str, batch: Batch<'_>) -> Result<()>;

    /// Removes a tag of a run.
    fn delete_tag(&self, run: &str, key: &str) -> Result<()>;

    /// All points of a metric, by step, then timestamp; empty if it was never logged.
    fn metric_history(&self, run: &str, key: &str) -> Result<Vec<Metric>>;

    /// Writes an artifact from `bytes` at a relative path with `/`; one that is there is replaced.
    fn write_artifact(&self, run: &str, path: &str, bytes: &mut dyn Read) -> Result<()>;

    /// Opens an artifact.
    fn read_artifact(&self, run: &str, path: &str) -> Result<Box<dyn Read + Send>>;

    /// What lies directly in a directory of a run's artifacts (`""`: their root), sorted by path.
    fn list_artifacts(&self, run: &str, directory: &str) -> Result<Vec<ArtifactInfo>>;

    /// Copies a local file, or a directory with all in it, to `path` (`None`: its own name, at the root).
    fn copy_artifact(&self, run: &str, local: &Path, path: Option<&str>) -> Result<()> {
        crate::artifacts::copy_into(self, run, local, path)
    }
}
