//! The things that a store holds: experiments, runs, parameters, metrics, tags, artifacts.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

use crate::error::{Error, Result};

/// State of a run, as MLflow names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Under way (or left so by a process that died: see [`crate::recover`]).
    Running,
    /// Ended as it should.
    Finished,
    /// Ended by an error.
    Failed,
    /// Its process was killed, or the user stopped it.
    Killed,
}

impl Status {
    /// All states.
    pub const ALL: [Status; 4] = [Status::Running, Status::Finished, Status::Failed, Status::Killed];

    /// The state as MLflow writes it, for instance `FINISHED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
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
            expected: "use RUNNING, FINISHED, FAILED or KILLED",
        })
    }
}

/// A group of runs that answer one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its id, as text (MLflow's are numbers in text too); `0` is the experiment `Default`.
    pub id: String,
    /// Its name, unique in the store.
    pub name: String,
    /// When it was created, in milliseconds since 1970.
    pub created: i64,
    /// Its tags, by name.
    pub tags: Vec<Tag>,
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
    /// Its state.
    pub status: Status,
    /// When it started, in milliseconds since 1970.
    pub start: i64,
    /// When it ended, in milliseconds since 1970.
    pub end: Option<i64>,
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
    /// The latest point of each metric: the one with the greatest step, then timestamp, then value (MLflow's rule).
    pub metrics: Vec<Metric>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Run {
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

/// One point of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name, at most 250 characters.
    pub key: String,
    /// Its value; NaN and the infinities are kept.
    pub value: f64,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// Step of the training (batch, epoch, tree); 0 where there is none. Negative steps are allowed, as in MLflow.
    pub step: i64,
}

impl Metric {
    /// A point now.
    pub fn now(key: impl Into<String>, value: f64, step: i64) -> Metric {
        Metric { key: key.into(), value, timestamp: now_ms(), step }
    }
}

/// What [`crate::Store::create_run`] needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRun {
    /// Id of its experiment.
    pub experiment: String,
    /// Its name; without one the store makes one up.
    pub name: Option<String>,
    /// When it started, in milliseconds since 1970; now if absent.
    pub start: Option<i64>,
    /// First tags. [`tag::PARENT`] makes it a nested run.
    pub tags: Vec<Tag>,
}

/// What [`crate::Store::update_run`] changes; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunUpdate {
    /// New name.
    pub name: Option<String>,
    /// New state.
    pub status: Option<Status>,
    /// When it ended, in milliseconds since 1970.
    pub end: Option<i64>,
}

/// What [`crate::Store::log_batch`] writes: all of it or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch<'a> {
    /// Points of metrics; a point that is there already (same key, step, timestamp and value) is written once.
    pub metrics: &'a [Metric],
    /// Parameters.
    pub params: &'a [Param],
    /// Tags; the last of one name wins.
    pub tags: &'a [Tag],
}

/// Which runs to list; newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Ids of experiments; empty: all.
    pub experiments: Vec<String>,
    /// States; empty: all.
    pub statuses: Vec<Status>,
    /// At most so many (default 1000, as MLflow; at most 50,000).
    pub limit: usize,
    /// Where to go on, from [`Page::next`].
    pub page: Option<String>,
}

impl Search {
    /// Most runs in one page, MLflow's limit.
    pub const MAX_LIMIT: usize = 50_000;

    /// All runs.
    pub fn all() -> Search {
        Search { experiments: Vec::new(), statuses: Vec::new(), limit: 1000, page: None }
    }

    /// The runs of one experiment.
    pub fn experiment(id: impl Into<String>) -> Search {
        Search { experiments: vec![id.into()], ..Search::all() }
    }

    /// Only runs in this state.
    #[must_use]
    pub fn status(mut self, status: Status) -> Search {
        self.statuses.push(status);
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Search {
        self.limit = limit;
        self
    }
}

/// Some of the runs that were searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The runs.
    pub runs: Vec<Run>,
    /// What to give as [`Search::page`] for the following ones; absent at the end.
    pub next: Option<String>,
}

/// A file or directory among a run's artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactInfo {
    /// Its path from the root of the run's artifacts, with `/`.
    pub path: String,
    /// Its size in bytes; absent for a directory.
    pub size: Option<u64>,
}

impl ArtifactInfo {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.size.is_none()
    }
}

/// Names of the tags that Ironbook sets by itself; MLflow's where it has one.
pub mod tag {
    /// Id of the run in which a run is nested.
    pub const PARENT: &str = "mlflow.parentRunId";
    /// The run's name.
    pub const RUN_NAME: &str = "mlflow.runName";
    /// Who started the run.
    pub const USER: &str = "mlflow.user";
    /// Commit of the project.
    pub const GIT_COMMIT: &str = "mlflow.source.git.commit";
    /// Branch of the project.
    pub const GIT_BRANCH: &str = "mlflow.source.git.branch";
    /// `true` when tracked files of the project differ from the commit.
    pub const GIT_DIRTY: &str = "ironbook.git.dirty";
    /// Name of the machine.
    pub const HOST: &str = "ironbook.host";
    /// Working directory.
    pub const DIRECTORY: &str = "ironbook.cwd";
    /// Version of the compiler.
    pub const RUSTC: &str = "ironbook.rustc";
    /// BLAKE3 of the project's `Cargo.lock`.
    pub const CARGO_LOCK: &str = "ironbook.cargo_lock.blake3";
    /// Version of this library.
    pub const VERSION: &str = "ironbook.version";
    /// Process id.
    pub const PID: &str = "ironbook.process.pid";
    /// Start time of the process, in the unit of its system: with the id it names a process for good.
    pub const PROCESS_START: &str = "ironbook.process.start";
    /// Identity of the boot.
    pub const BOOT: &str = "ironbook.process.boot";
    /// Process namespace (a container's process ids mean nothing outside of it).
    pub const NAMESPACE: &str = "ironbook.process.namespace";
}

/// Milliseconds since 1970; 0 on a clock before that.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
