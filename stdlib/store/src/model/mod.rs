//! The things that a store holds: experiments, runs, parameters, metrics, tags, datasets, models, traces.
//!
//! Names and meanings are MLflow's. Ids are text everywhere; times are milliseconds since 1970.

pub mod artifact;
pub mod dataset;
pub mod experiment;
pub mod logged;
pub mod metric;
pub mod registry;
pub mod run;
pub mod search;
pub mod tag;
pub mod trace;

pub use artifact::{ArtifactInfo, ArtifactsOf};
pub use dataset::{Dataset, DatasetInput, DatasetSummary, ModelInput, ModelOutput};
pub use experiment::{Experiment, NewExperiment};
pub use logged::{LoggedModel, ModelStatus, NewModel};
pub use metric::{Metric, MetricOf};
pub use registry::{Alias, ModelVersion, NewVersion, RegisteredModel, Stage, VersionStatus};
pub use run::{Batch, NewRun, Param, Run, RunInfo, RunUpdate, Status, Tag};
pub use search::{ModelOrder, Page, Search, View};
pub use trace::{Assessment, Span, TraceInfo};

/// Milliseconds since 1970; 0 on a clock before that.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
