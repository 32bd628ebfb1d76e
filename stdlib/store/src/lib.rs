//! Where tracked runs, models and traces are kept.
//!
//! [`Store`] is the one interface. [`SqliteStore`] keeps everything in a directory of the project, with no daemon;
//! [`MlflowStore`] speaks with a tracking server, and [`SpooledStore`] keeps what is written to one until it has arrived;
//! names, limits and error codes are those of MLflow's REST API, so that what is kept here can go there.

pub mod artifacts;
pub mod client;
pub mod error;
mod locate;
pub mod model;
mod names;
mod open;
pub mod search;
pub mod spool;
mod sqlite;
pub mod store;
mod validate;

pub use client::{ClientOptions, MlflowStore};
pub use error::{Code, Error, Result};
pub use locate::{DIRECTORY, locate};
pub use model::{
    Alias, ArtifactInfo, ArtifactsOf, Assessment, Batch, Dataset, DatasetInput, DatasetSummary, Experiment,
    LoggedModel, Metric, MetricOf, ModelInput, ModelOrder, ModelOutput, ModelStatus, ModelVersion, NewExperiment,
    NewModel, NewRun, NewVersion, Page, Param, RegisteredModel, Run, RunInfo, RunUpdate, Search, Span, Stage, Status,
    Tag, TraceInfo, VersionStatus, View,
};
pub use open::{Local, SPOOL, local_path, open};
pub use spool::{SpoolOptions, SpoolStatus, SpooledStore, SyncReport};
pub use sqlite::{SqliteOptions, SqliteStore};
pub use store::Store;
