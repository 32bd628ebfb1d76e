//! Runs of a store.

use crate::error::Result;
use crate::model::{
    Batch, DatasetInput, Metric, ModelInput, ModelOutput, NewRun, Page, Run, RunInfo, RunUpdate, Search,
};

/// The part of a [`crate::Store`] that has to do with runs. Errors are as there.
pub trait Runs: Send + Sync {
    /// Creates a run in the state [`crate::Status::Running`].
    fn create_run(&self, new: &NewRun) -> Result<RunInfo>;

    /// Changes name, state or end of a run.
    fn update_run(&self, run: &str, update: &RunUpdate) -> Result<RunInfo>;

    /// A run with its parameters, latest metrics, tags, inputs and outputs (deleted runs too).
    fn run(&self, run: &str) -> Result<Run>;

    /// Marks a run as deleted: searches leave it out and nothing can be logged to it.
    fn delete_run(&self, run: &str) -> Result<()>;

    /// Undoes [`Runs::delete_run`].
    fn restore_run(&self, run: &str) -> Result<()>;

    /// Runs by `metrics.KEY`, `params.KEY`, `tags.KEY`, `attributes.KEY`, `dataset.KEY`; newest first unless ordered
    /// otherwise.
    fn search_runs(&self, search: &Search) -> Result<Page<Run>>;

    /// Writes metrics, parameters and tags of a run, all or nothing. A batch may have any size; a store that has limits
    /// splits it, and then each part is all or nothing.
    ///
    /// A parameter that was logged before with the same value is accepted, with another one refused.
    fn log_batch(&self, run: &str, batch: Batch<'_>) -> Result<()>;

    /// Removes a tag of a run.
    fn delete_tag(&self, run: &str, key: &str) -> Result<()>;

    /// All points of a metric, by step, then timestamp; empty if it was never logged.
    fn metric_history(&self, run: &str, key: &str) -> Result<Vec<Metric>> {
        let mut all = Vec::new();
        let mut page = None;
        loop {
            let part = self.metric_history_page(run, key, 25_000, page.as_deref())?;
            all.extend(part.items);
            match part.next {
                Some(next) => page = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// At most `limit` points of a metric, by step, then timestamp, from `page` on.
    fn metric_history_page(&self, run: &str, key: &str, limit: usize, page: Option<&str>) -> Result<Page<Metric>>;

    /// The curves of one metric in several runs, each thinned to about `points` of the steps from `first` to `last`
    /// (`None`: the first and last that there are). The first and the last point of each are among them.
    fn metric_curves(
        &self,
        runs: &[String],
        key: &str,
        steps: (Option<i64>, Option<i64>),
        points: usize,
    ) -> Result<Vec<(String, Vec<Metric>)>>;

    /// Records data and models as inputs of a run; what is recorded already stays once.
    fn log_inputs(&self, run: &str, datasets: &[DatasetInput], models: &[ModelInput]) -> Result<()>;

    /// Records models as outputs of a run.
    fn log_outputs(&self, run: &str, models: &[ModelOutput]) -> Result<()>;
}
