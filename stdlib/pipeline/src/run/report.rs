//! What a run has come to.

use super::cache::Made;
use super::data::DataFile;
use super::params::Settings;
use super::task::FailedKind;
use crate::definition::Kind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All stages are done and all gates have passed.
    Finished,
    /// All that ran was done, but a gate has not passed.
    GateFailed,
    /// A stage has failed.
    Failed,
    /// It was told to stop.
    Interrupted,
}

impl Status {
    /// The program's exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Status::Finished => 0,
            Status::GateFailed => 3,
            Status::Failed => 1,
            Status::Interrupted => 130,
        }
    }
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageStatus {
    /// It ran.
    Done,
    /// It had run before, with all the same.
    Cached,
    /// It failed; for a gate: it has not passed.
    Failed,
    /// It did not run, since another one that it needs has failed, or the run ended before.
    NotRun,
}

/// A stage of a run.
#[derive(Clone, Debug, Serialize)]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// Whether it makes values or decides.
    pub kind: Kind,
    /// What became of it.
    pub status: StageStatus,
    /// Seconds that it took, when it ran last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Its outputs.
    pub outputs: Vec<Made>,
    /// In which way it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailedKind>,
    /// Why it failed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The file with what it printed when it ran last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<PathBuf>,
}

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name of the pipeline.
    pub pipeline: String,
    /// Its version.
    pub version: String,
    /// How it ended.
    pub status: Status,
    /// Seconds from its beginning to its end.
    pub seconds: f64,
    /// Its stages, in the definition's order.
    pub stages: Vec<StageReport>,
    /// The values of the parameters.
    pub params: Settings,
    /// The files that were read.
    pub data: BTreeMap<String, DataFile>,
    /// What was registered: name and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<String>,
    /// Its run in the tracking store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

impl Report {
    /// One line: what was done, what was there, what failed.
    #[must_use]
    pub fn line(&self) -> String {
        let count = |status| self.stages.iter().filter(|stage| stage.status == status).count();
        let parts = [
            (count(StageStatus::Done), "run"),
            (count(StageStatus::Cached), "unchanged"),
            (count(StageStatus::Failed), "failed"),
            (count(StageStatus::NotRun), "not run"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let status = match self.status {
            Status::Finished => "done",
            Status::GateFailed => "a gate has not passed",
            Status::Failed => "failed",
            Status::Interrupted => "interrupted; the next run goes on from here",
        };
        let registered = self.registered.as_ref().map(|name| format!("; registered {name}")).unwrap_or_default();
        format!(
            "{} {}: {status} ({}) in {}{registered}",
            self.pipeline,
            self.version,
            parts.join(", "),
            time(self.seconds)
        )
    }
}

/// Seconds as a person writes them.
pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 100.0 => format!("{s:.1} s"),
        s => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
    }
}
