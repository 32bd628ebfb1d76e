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
mod artifacts;
mod context;
pub mod error;
mod format;
mod handle;
mod locate;
pub mod model;
mod process;
mod run_view;
mod runs_table;
mod sqlite;
pub mod store;
mod table;
mod validate;

pub use active::{
    RunOptions, WhenActive, active, end, end_all, log_artifact, log_metric, log_metric_at, log_metrics, log_param,
    log_params, runs, set_tag, show, start, view,
};
pub use error::{Code, Error, Result};
pub use handle::RunHandle;
pub use locate::locate;
pub use model::{
    ArtifactInfo, Batch, Experiment, Metric, NewRun, Page, Param, Run, RunInfo, RunUpdate, Search, Status, Tag,
};
pub use process::recover;
pub use run_view::RunView;
pub use runs_table::RunsTable;
pub use sqlite::{SqliteOptions, SqliteStore};
pub use store::Store;

/// Lets cells show the causes of this crate's errors (see [`ironbook_core::error::register_chain`]).
pub fn register() {
    ironbook_core::error::register_chain::<Error>();
}
