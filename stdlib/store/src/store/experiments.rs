//! Experiments of a store.

use crate::error::Result;
use crate::model::{DatasetSummary, Experiment, NewExperiment, Page, Search, Tag};

/// The part of a [`crate::Store`] that has to do with experiments. Errors are as there.
pub trait Experiments: Send + Sync {
    /// Creates an experiment and returns its id. Names are unique, also among deleted ones.
    fn create_experiment(&self, new: &NewExperiment) -> Result<String>;

    /// The experiment with this id, deleted or not.
    fn experiment(&self, id: &str) -> Result<Experiment>;

    /// The experiment with this name, deleted or not, if there is one.
    fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>>;

    /// Experiments by `name`, `tags.KEY`, `creation_time`, `last_update_time`; newest first unless ordered otherwise.
    fn search_experiments(&self, search: &Search) -> Result<Page<Experiment>>;

    /// Gives an experiment that is not deleted another name.
    fn rename_experiment(&self, id: &str, name: &str) -> Result<()>;

    /// Marks an experiment as deleted, and its runs with it.
    fn delete_experiment(&self, id: &str) -> Result<()>;

    /// Undoes [`Experiments::delete_experiment`].
    fn restore_experiment(&self, id: &str) -> Result<()>;

    /// Sets a tag of an experiment that is not deleted. At most 20,000 characters of value.
    fn set_experiment_tag(&self, id: &str, tag: &Tag) -> Result<()>;

    /// Removes a tag of an experiment.
    fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<()>;

    /// The datasets that runs of these experiments used, each once (at most 1000).
    fn experiment_datasets(&self, ids: &[String]) -> Result<Vec<DatasetSummary>>;
}
