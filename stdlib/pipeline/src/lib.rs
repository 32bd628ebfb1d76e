//! Versioned pipelines: what `%promote` writes, what an exported crate runs, and what other tools read of it.
//!
//! A version is a directory with a [`Definition`] (`pipeline.toml`) and a crate that builds to one program. The program's
//! `main` hands its stages to a [`Pipeline`], which runs them in other processes, keeps what they made by the hash of
//! all that went into it, and so does nothing when nothing has changed.

mod cli;
pub mod definition;
pub mod diff;
pub mod export;
mod failure;
pub mod fingerprint;
pub mod folder;
mod io;
pub mod machine;
mod param;
mod program;
pub mod run;
#[cfg(test)]
mod sample;
pub mod samples;
mod value;
pub mod version;

pub use definition::Definition;
pub use failure::{Failure, Result};
pub use io::Io;
#[doc(hidden)]
pub use ironbook_core as __core;
pub use param::ParamValue;
pub use program::{Pipeline, PredictFn, StageFn};
pub use samples::check_sample;
pub use value::Value;
