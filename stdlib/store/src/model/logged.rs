//! Logged models: what a run made and kept, with a state, parameters, metrics and files.

use crate::model::{Metric, Param, Tag};
use serde::{Deserialize, Serialize};

/// Whether a logged model can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModelStatus {
    /// Its files are being written.
    #[default]
    Pending,
    /// It is whole.
    Ready,
    /// Writing it failed.
    Failed,
}

impl ModelStatus {
    /// As MLflow's REST API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            ModelStatus::Pending => "LOGGED_MODEL_PENDING",
            ModelStatus::Ready => "LOGGED_MODEL_READY",
            ModelStatus::Failed => "LOGGED_MODEL_UPLOAD_FAILED",
        }
    }

    /// Reads what MLflow's REST API or its database writes.
    pub fn parse(text: &str) -> Option<ModelStatus> {
        match text.strip_prefix("LOGGED_MODEL_").unwrap_or(text) {
            "PENDING" => Some(ModelStatus::Pending),
            "READY" => Some(ModelStatus::Ready),
            "UPLOAD_FAILED" | "FAILED" => Some(ModelStatus::Failed),
            _ => None,
        }
    }
}

/// A model that was logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// `m-` and 32 hexadecimal digits.
    pub id: String,
    /// Id of its experiment.
    pub experiment: String,
    /// Its name; names need not be unique.
    pub name: String,
    /// When it was created.
    pub created: i64,
    /// When it was last changed.
    pub updated: i64,
    /// Where its files lie: a URI.
    pub artifact_uri: String,
    /// Its state.
    pub status: ModelStatus,
    /// What went wrong, if something did.
    pub status_message: String,
    /// Kind of model, as its user calls it.
    pub model_type: String,
    /// Id of the run that made it.
    pub source_run: Option<String>,
    /// Its parameters, by name.
    pub params: Vec<Param>,
    /// Its metrics: the latest of each name, run and dataset, by name.
    pub metrics: Vec<Metric>,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
}

/// What [`crate::store::Models::create_model`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewModel {
    /// Id of its experiment.
    pub experiment: String,
    /// Its name; without one the store makes one up.
    pub name: Option<String>,
    /// Kind of model.
    pub model_type: Option<String>,
    /// Id of the run that makes it.
    pub source_run: Option<String>,
    /// First parameters.
    pub params: Vec<Param>,
    /// First tags.
    pub tags: Vec<Tag>,
}
