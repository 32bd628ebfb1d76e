//! What a run tells the process of a stage, and what that answers.

use super::cache::Made;
use super::params::Settings;
use crate::definition::Register;
use ironbook_track::Lookup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the process is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    /// A stage.
    Stage,
    /// Registering the model.
    Register(Register),
    /// Predicting.
    Predict {
        /// File with rows.
        input: PathBuf,
        /// File for predictions.
        output: PathBuf,
    },
}

/// A value that is taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) name: String,
    /// The stage that made it.
    pub(crate) from: String,
    /// Of its bytes; empty while they are being written, when the process that takes it has it in memory.
    pub(crate) digest: String,
}

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) role: Role,
    pub(crate) stage: String,
    /// The working directory, to which paths of files are relative.
    pub(crate) project: PathBuf,
    pub(crate) cache: PathBuf,
    /// Directory for half-written files.
    pub(crate) work: PathBuf,
    /// Where the outcome is written to.
    pub(crate) outcome: PathBuf,
    pub(crate) inputs: Vec<Taken>,
    pub(crate) params: Settings,
    /// Path of each file.
    pub(crate) data: BTreeMap<String, String>,
    /// Names of the values that it makes.
    pub(crate) outputs: Vec<String>,
    /// Largest memory, in MiB.
    pub(crate) memory_mb: Option<u64>,
    /// The run in the tracking store that it goes on with.
    pub(crate) run: Option<String>,
}

/// How it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// All outputs are there.
    Done(Finished),
    /// A value that another stage made is not what was written.
    Damaged {
        /// The value.
        taken: Taken,
        /// In which way.
        why: String,
    },
    /// It failed.
    Failed(Failed),
}

/// What a stage leaves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) outputs: Vec<Made>,
    pub(crate) passed: Option<bool>,
    pub(crate) registered: Option<String>,
    /// Names of the registry that it has looked up.
    #[serde(default)]
    pub(crate) lookups: Vec<Lookup>,
}

/// Why it failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) kind: FailedKind,
    /// What happened, then its causes.
    pub(crate) chain: Vec<String>,
}

/// Ways to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailedKind {
    /// Its function returned an error.
    Error,
    /// It panicked.
    Panic,
    /// It took longer than it may.
    Timeout,
    /// It took more memory than there is, or than it may.
    Memory,
    /// Its process ended before it was done.
    Died,
    /// There is no room for its outputs.
    NoRoom,
    /// A value cannot be written or read, or was not left.
    Value,
    /// A file changed while it was read.
    DataChanged,
    /// Its process cannot be started.
    Start,
}

impl FailedKind {
    /// Whether trying again can help.
    pub(crate) fn may_pass(self) -> bool {
        !matches!(self, FailedKind::NoRoom | FailedKind::Value | FailedKind::DataChanged)
    }
}

impl Failed {
    pub(crate) fn new(kind: FailedKind, text: impl Into<String>) -> Failed {
        Failed { kind, chain: vec![text.into()] }
    }

    /// All in one line.
    pub(crate) fn line(&self) -> String {
        self.chain.join(": ")
    }
}
