//! Experiment tracking: runs with parameters, metrics, tags and artifacts, in a store inside the project.
//!
//! Nothing has to be installed or configured: [`start`] opens (or creates) `.ironbook/track.db` in the project and
//! makes a run the active one of this process; [`log_metric`], [`log_param`] and their kin write to it; [`end`] ends it.
//! [`runs`] shows the runs of an experiment as a table and [`show`] one run in full.
//!
//! Names, limits and error codes are those of MLflow's REST API, so that what is logged here can go there.
//!
//! ```
//! # let directory = std::env::temp_dir().join(format!("ironbook-track-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory).unwrap();
//! use ironbook_track::{self as track, RunOptions, Status};
//!
//! let run = track::start("flights", RunOptions::default().directory(&directory))?;
//! track::log_param("c", 1.0)?;
//! for (step, loss) in [0.7, 0.5, 0.4].into_iter().enumerate() {
//!     track::log_metric_at("loss", loss, step)?;
//! }
//! track::end(Status::Finished)?;
//! assert_eq!(run.fetch()?.metric("loss"), Some(0.4));
//! # std::fs::remove_dir_all(&directory).unwrap();
//! # Ok::<(), track::Error>(())
//! ```

pub mod active;
mod auto;
mod cells;
mod compare;
mod context;
mod data;
mod destination;
mod format;
mod handle;
mod lookups;
mod mlmodel;
mod models;
mod models_table;
mod past;
mod pending;
mod place;
mod process;
mod resume;
mod run_view;
mod runs_table;
mod system;
mod table;

pub use active::{
    RunOptions, WhenActive, active, best, compare, end, end_all, flush, log_artifact, log_metric, log_metric_at,
    log_metrics, log_param, log_params, models, recent, runs, set_tag, show, start, view,
};
pub use auto::{auto, set_auto};
pub use cells::CellRecord;
pub use compare::Comparison;
pub use destination::{Destination, Waiting, destination, status, sync};
pub use handle::RunHandle;
/// The parts of [`Store`], for calls on a store of a known type.
pub use ironbook_store::store::{Artifacts, Experiments, Models, Registry, Runs, Traces};
pub use ironbook_store::{
    ArtifactInfo, ArtifactsOf, Batch, Code, Error, Experiment, Metric, NewExperiment, NewRun, NewVersion, Page, Param,
    Result, Run, RunInfo, RunUpdate, Search, SqliteOptions, SqliteStore, Status, Store, Tag, View, locate,
};
pub use lookups::{Lookup, is_vacant, look_up, take_lookups};
pub use models::{
    FILE as MODEL_FILE, Fetched, ModelFiles, Registered, alias, fetch_model, fetch_model_from, format_in, log_model,
    register_model, stage, version_of, where_to,
};
pub use models_table::ModelsTable;
pub use past::{Past, not_recorded, record_past};
pub use place::{set_uri, uri};
pub use process::recover;
pub use resume::{end_nested, leave, nested, resume};
pub use run_view::RunView;
pub use runs_table::RunsTable;

/// Makes the library tell this crate of fits and judgements, and lets cells show the causes of its errors (see
/// [`ironbook_core::error::register_chain`]).
pub fn register() {
    ironbook_core::error::register_chain::<Error>();
    auto::install();
}
