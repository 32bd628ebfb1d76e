//! Data that a run read, and models that it read or made.

use crate::model::Tag;
use serde::{Deserialize, Serialize};

/// Data, described well enough to be recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name, at most 500 characters.
    pub name: String,
    /// A short fingerprint of its content, at most 36 characters; name and digest together identify it.
    pub digest: String,
    /// Kind of its source, for instance `local`, `http`, `code`.
    pub source_type: String,
    /// Where it comes from: JSON, at most 65,535 characters.
    pub source: String,
    /// Its columns: JSON, at most 1,048,575 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its numbers of rows and elements: JSON, at most 16,777,215 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// Name of the tag of an input that says what the data was for, for instance `training`.
pub const CONTEXT: &str = "mlflow.data.context";

/// Data as the input of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// Tags of the input; [`CONTEXT`] says what it was for.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The data.
    pub dataset: Dataset,
}

/// A logged model that a run read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInput {
    /// Its id.
    pub model_id: String,
}

/// A logged model that a run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOutput {
    /// Its id.
    pub model_id: String,
    /// At which step.
    #[serde(default)]
    pub step: i64,
}

/// A dataset that runs of an experiment used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// Id of the experiment.
    pub experiment_id: String,
    /// Name of the data.
    pub name: String,
    /// Its fingerprint.
    pub digest: String,
    /// What it was for, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}
