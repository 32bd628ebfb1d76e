//! Runs and what is written to them.

use crate::error::{Error, Result};
use crate::model::{DatasetInput, Metric, ModelInput, ModelOutput, tag};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// State of a run, as MLflow names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Under way (or left so by a process that died: its process is named by its tags).
    Running,
    /// To start later.
    Scheduled,
    /// Ended as it should.
    Finished,
    /// Ended by an error.
    Failed,
    /// Its process was killed, or the user stopped it.
    Killed,
}

impl Status {
    /// All states.
    pub const ALL: [Status; 5] = [Status::Running, Status::Scheduled, Status::Finished, Status::Failed, Status::Killed];

    /// The state as MLflow writes it, for instance `FINISHED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Scheduled => "SCHEDULED",
            Status::Finished => "FINISHED",
            Status::Failed => "FAILED",
            Status::Killed => "KILLED",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = Error;

    /// Reads a state in any case.
    fn from_str(text: &str) -> Result<Status> {
        Status::ALL.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| Error::InvalidValue {
            what: "status of a run",
            value: text.to_owned(),
            expected: "use RUNNING, SCHEDULED, FINISHED, FAILED or KILLED",
        })
    }
}

/// What a run is, without what was logged to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Id of its experiment.
    pub experiment: String,
    /// Its name; names need not be unique.
    pub name: String,
    /// Who started it, if known.
    pub user: String,
    /// Its state.
    pub status: Status,
    /// When it started.
    pub start: i64,
    /// When it ended.
    pub end: Option<i64>,
    /// Where its artifacts lie: a URI.
    pub artifact_uri: String,
    /// Whether it was deleted (it can be restored).
    pub deleted: bool,
}

/// A run with its parameters, the latest value of each metric, and its tags; each sorted by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What it is.
    pub info: RunInfo,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The latest point of each metric (see [`Metric::is_later_than`]).
    pub metrics: Vec<Metric>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Data that it read.
    pub datasets: Vec<DatasetInput>,
    /// Models that it read.
    pub model_inputs: Vec<ModelInput>,
    /// Models that it made.
    pub model_outputs: Vec<ModelOutput>,
}

impl Run {
    /// A run to which nothing was logged.
    pub fn empty(info: RunInfo) -> Run {
        Run {
            info,
            params: Vec::new(),
            metrics: Vec::new(),
            tags: Vec::new(),
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    /// The latest value of a metric.
    pub fn metric(&self, key: &str) -> Option<f64> {
        self.metrics.iter().find(|m| m.key == key).map(|m| m.value)
    }

    /// The value of a parameter.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params.iter().find(|p| p.key == key).map(|p| p.value.as_str())
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
    }

    /// Id of the run in which this one is nested.
    pub fn parent(&self) -> Option<&str> {
        self.tag(tag::PARENT)
    }
}

/// A parameter: fixed for its run once logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Its name, at most 250 characters.
    pub key: String,
    /// Its value, cut to 6000 characters.
    pub value: String,
}

impl Param {
    /// A parameter from anything that prints.
    pub fn new(key: impl Into<String>, value: impl std::fmt::Display) -> Param {
        Param { key: key.into(), value: value.to_string() }
    }
}

/// A tag: text that may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its name, at most 250 characters.
    pub key: String,
    /// Its value, cut to 8000 characters.
    pub value: String,
}

impl Tag {
    /// A tag from anything that prints.
    pub fn new(key: impl Into<String>, value: impl std::fmt::Display) -> Tag {
        Tag { key: key.into(), value: value.to_string() }
    }
}

/// What [`crate::store::Runs::create_run`] needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// Id of its experiment.
    pub experiment: String,
    /// Its name; without one the store makes one up.
    pub name: Option<String>,
    /// Who starts it.
    pub user: Option<String>,
    /// When it started; now if absent.
    pub start: Option<i64>,
    /// First tags. [`tag::PARENT`] makes it a nested run.
    pub tags: Vec<Tag>,
}

/// What [`crate::store::Runs::update_run`] changes; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunUpdate {
    /// New name.
    pub name: Option<String>,
    /// New state.
    pub status: Option<Status>,
    /// When it ended.
    pub end: Option<i64>,
}

/// What [`crate::store::Runs::log_batch`] writes: all of it or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch<'a> {
    /// Points of metrics; a point that is there already (same key, step, timestamp and value) is written once.
    pub metrics: &'a [Metric],
    /// Parameters.
    pub params: &'a [Param],
    /// Tags; the last of one name wins.
    pub tags: &'a [Tag],
}
