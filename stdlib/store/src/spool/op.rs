//! What waits in a spool: one call each.

use super::codec::{self, Owned};
use crate::error::{Error, Result};
use crate::model::{
    DatasetInput, ModelInput, ModelOutput, ModelStatus, NewExperiment, NewModel, NewRun, NewVersion, Param, RunUpdate,
    Tag,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A call that waits. Which run, model or registered model it is about is kept beside it (its lane).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Op {
    CreateExperiment(NewExperiment),
    CreateRun(NewRun),
    UpdateRun(RunUpdate),
    DeleteRun,
    RestoreRun,
    DeleteTag(String),
    Inputs(Vec<DatasetInput>, Vec<ModelInput>),
    Outputs(Vec<ModelOutput>),
    WriteArtifact {
        path: String,
        hash: String,
    },
    DeleteArtifact {
        path: String,
    },
    CreateModel(NewModel),
    FinishModel(ModelStatus, Option<String>),
    ModelParams(Vec<Param>),
    ModelTags(Vec<Tag>),
    CreateRegistered {
        name: String,
        description: Option<String>,
        tags: Vec<Tag>,
    },
    /// With the id that stands for the version until it has a number.
    CreateVersion(String, NewVersion),
    SetAlias {
        name: String,
        alias: String,
        version: String,
    },
    #[serde(skip)]
    Batch(Owned),
}

/// Kind of the op in the database: a batch of a run is bytes, everything else JSON.
pub(super) const BATCH: i64 = 0;
pub(super) const CALL: i64 = 1;
/// A creation that is the first of its lane and waits for nothing in it.
pub(super) const FIRST: i64 = 2;

impl Op {
    /// Kind and bytes for the database.
    pub(super) fn encode(&self) -> (i64, Vec<u8>) {
        match self {
            Op::Batch(batch) => (BATCH, codec::encode(batch.borrow())),
            Op::CreateExperiment(_) | Op::CreateRun(_) | Op::CreateModel(_) => (FIRST, self.json()),
            _ => (CALL, self.json()),
        }
    }

    fn json(&self) -> Vec<u8> {
        // Plain data with text as keys: this cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What the database holds.
    pub(super) fn decode(kind: i64, body: &[u8], spool: &Path) -> Result<Op> {
        let damaged = |source: crate::error::Source| Error::NotAStore { path: spool.to_owned(), source };
        if kind == BATCH {
            return codec::decode(body).map(Op::Batch).ok_or_else(|| damaged("a batch in it is damaged".into()));
        }
        serde_json::from_slice(body).map_err(|e| damaged(e.into()))
    }

    /// The call, for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Op::CreateExperiment(new) => format!("create the experiment `{}`", new.name),
            Op::CreateRun(new) => format!("create the run `{}`", new.name.as_deref().unwrap_or("(no name)")),
            Op::UpdateRun(update) => match update.status {
                Some(status) => format!("set the run's state to {status}"),
                None => "change the run".to_owned(),
            },
            Op::DeleteRun => "delete the run".to_owned(),
            Op::RestoreRun => "restore the run".to_owned(),
            Op::DeleteTag(key) => format!("remove the tag `{key}`"),
            Op::Inputs(data, models) => format!("record {} datasets and {} models as inputs", data.len(), models.len()),
            Op::Outputs(models) => format!("record {} models as outputs", models.len()),
            Op::WriteArtifact { path, .. } => format!("write the artifact `{path}`"),
            Op::DeleteArtifact { path } => format!("delete the artifact `{path}`"),
            Op::CreateModel(new) => format!("create the model `{}`", new.name.as_deref().unwrap_or("(no name)")),
            Op::FinishModel(status, _) => format!("set the model's state to {}", status.as_str()),
            Op::ModelParams(params) => format!("log {} parameters of the model", params.len()),
            Op::ModelTags(tags) => format!("set {} tags of the model", tags.len()),
            Op::CreateRegistered { name, .. } => format!("create the registered model `{name}`"),
            Op::CreateVersion(_, new) => format!("create a version of `{}`", new.name),
            Op::SetAlias { name, alias, .. } => format!("set the alias `{alias}` of `{name}`"),
            Op::Batch(batch) => {
                let names =
                    batch.params.iter().map(|p| p.key.as_str()).chain(batch.tags.iter().map(|t| t.key.as_str()));
                let names: Vec<_> = names.take(5).collect();
                let (points, rest) = (batch.metrics.len(), names.join("`, `"));
                match (points, names.is_empty()) {
                    (_, true) => format!("log {points} points of metrics"),
                    (0, false) => format!("log `{rest}`"),
                    _ => format!("log {points} points of metrics and `{rest}`"),
                }
            }
        }
    }
}
