//! Everything of one store into another: Ironbook's, MLflow's database, MLflow's files, a tracking server.
//!
//! A [`Source`] gives out what is in a store, a [`Sink`] takes it; `copy.rs` is the way between them and knows neither.
//! Ids, times, deleted states and version numbers stay what they are wherever the target lets them. What is there already
//! is completed, never doubled, so that a copy can be repeated.

mod address;
mod copy;
mod database;
mod error;
mod files;
mod mlruns;
mod own;
mod parts;
mod report;
mod server;
mod spans;
mod store;

pub use address::{Address, open_sink, open_source};
pub use copy::{Options, copy};
pub use error::{Error, Result};
pub use parts::{ModelRecord, Owner, Sink, Source, TraceRecord, VersionRecord};
pub use report::{Kind, Report};
