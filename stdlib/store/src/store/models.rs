//! Logged models of a store.

use crate::error::Result;
use crate::model::{LoggedModel, ModelOrder, ModelStatus, NewModel, Page, Param, Search, Tag};

/// The part of a [`crate::Store`] that has to do with logged models. Errors are as there.
pub trait Models: Send + Sync {
    /// Creates a model in the state [`ModelStatus::Pending`].
    fn create_model(&self, new: &NewModel) -> Result<LoggedModel>;

    /// The model with this id.
    fn model(&self, id: &str) -> Result<LoggedModel>;

    /// Says that a model is whole, or that writing it failed.
    fn finish_model(&self, id: &str, status: ModelStatus, message: Option<&str>) -> Result<LoggedModel>;

    /// Marks a model as deleted: it is then not found.
    fn delete_model(&self, id: &str) -> Result<()>;

    /// Models by `name`, `model_id`, `status`, `model_type`, `creation_timestamp`, `metrics.KEY`, `params.KEY`,
    /// `tags.KEY`; newest first unless `order` says otherwise (`search.order_by` and `search.view` are not looked at).
    /// Metrics in the filter count only where measured on one of `datasets` (name, digest), if there are any.
    fn search_models(
        &self,
        search: &Search,
        datasets: &[(String, Option<String>)],
        order: &[ModelOrder],
    ) -> Result<Page<LoggedModel>>;

    /// Adds parameters.
    fn log_model_params(&self, id: &str, params: &[Param]) -> Result<()>;

    /// Sets tags.
    fn set_model_tags(&self, id: &str, tags: &[Tag]) -> Result<()>;

    /// Removes a tag.
    fn delete_model_tag(&self, id: &str, key: &str) -> Result<()>;
}
