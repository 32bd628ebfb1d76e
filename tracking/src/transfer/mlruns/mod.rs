//! MLflow's file store: a directory per experiment, run, model and trace, a file per tag, parameter and metric.

mod layout;
mod meta;
mod models;
mod read;
mod registry;
mod traces;
mod write;
mod write_rest;
mod yaml;

pub(super) use read::FilesSource;
pub(super) use write::FilesSink;
