//! The registry: models by name, with versions, aliases and stages.

use crate::model::Tag;
use serde::{Deserialize, Serialize};

/// Where a version stands in its life (MLflow deprecates stages in favour of aliases; both are kept).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Nowhere yet.
    #[default]
    None,
    /// Tried before production.
    Staging,
    /// In use.
    Production,
    /// Put away.
    Archived,
}

impl Stage {
    /// All stages.
    pub const ALL: [Stage; 4] = [Stage::None, Stage::Staging, Stage::Production, Stage::Archived];

    /// As MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::None => "None",
            Stage::Staging => "Staging",
            Stage::Production => "Production",
            Stage::Archived => "Archived",
        }
    }

    /// Reads a stage in any case.
    pub fn parse(text: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.as_str().eq_ignore_ascii_case(text))
    }
}

/// Whether a version can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VersionStatus {
    /// It is being made.
    Pending,
    /// It is whole.
    #[default]
    Ready,
    /// Making it failed.
    Failed,
}

impl VersionStatus {
    /// As MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            VersionStatus::Pending => "PENDING_REGISTRATION",
            VersionStatus::Ready => "READY",
            VersionStatus::Failed => "FAILED_REGISTRATION",
        }
    }

    /// Reads what MLflow writes.
    pub fn parse(text: &str) -> Option<VersionStatus> {
        [VersionStatus::Pending, VersionStatus::Ready, VersionStatus::Failed].into_iter().find(|s| s.as_str() == text)
    }
}

/// A name for a version, unique within its model: `champion`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The name, at most 255 characters.
    pub alias: String,
    /// The version's number.
    pub version: String,
}

/// A model in the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Its name, unique.
    pub name: String,
    /// When it was created.
    pub created: i64,
    /// When it or one of its versions was last changed.
    pub updated: i64,
    /// What it is, in words.
    pub description: String,
    /// The newest version of each stage that has one.
    pub latest_versions: Vec<ModelVersion>,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
    /// Its aliases, by name.
    pub aliases: Vec<Alias>,
}

/// One version of a registered model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Name of its model.
    pub name: String,
    /// Its number, counted from 1, as text.
    pub version: String,
    /// When it was created.
    pub created: i64,
    /// When it was last changed.
    pub updated: i64,
    /// Who made it, if known.
    pub user: String,
    /// Where it stands.
    pub stage: Stage,
    /// What it is, in words.
    pub description: String,
    /// URI of its files: `models:/m-...`, `runs:/...`, or a place.
    pub source: String,
    /// Id of the run that made it.
    pub run: Option<String>,
    /// Id of the logged model that it is.
    pub model_id: Option<String>,
    /// Its state.
    pub status: VersionStatus,
    /// What went wrong, if something did.
    pub status_message: String,
    /// Address of the run that made it, in another server.
    pub run_link: String,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
    /// Its aliases, sorted.
    pub aliases: Vec<String>,
}

/// What [`crate::store::Registry::create_version`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewVersion {
    /// Name of the registered model, which must exist.
    pub name: String,
    /// URI of its files.
    pub source: String,
    /// Id of the run that made it.
    pub run: Option<String>,
    /// Id of the logged model that it is.
    pub model_id: Option<String>,
    /// Address of the run that made it, in another server.
    pub run_link: Option<String>,
    /// What it is, in words.
    pub description: Option<String>,
    /// First tags.
    pub tags: Vec<Tag>,
}
