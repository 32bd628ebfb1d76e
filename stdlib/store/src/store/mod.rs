//! The one interface of all stores.
//!
//! It is one trait in six parts, a file each: [`Experiments`], [`Runs`], [`Artifacts`], [`Models`], [`Registry`],
//! [`Traces`]. Every implementation passes the same conformance suite (`tests/main/conformance/`).

mod artifacts;
mod experiments;
mod models;
mod registry;
mod runs;
mod traces;

pub use artifacts::Artifacts;
pub use experiments::Experiments;
pub use models::Models;
pub use registry::Registry;
pub use runs::Runs;
pub use traces::Traces;

/// Where runs, models and traces are kept.
///
/// Calls may come from many threads at once. Each call happens entirely or not at all. Names and values follow MLflow's
/// rules, whatever the store.
///
/// # Errors
/// Of all calls: [`crate::Code::ResourceDoesNotExist`] for unknown ids, [`crate::Code::InvalidParameterValue`] for what
/// breaks MLflow's rules, [`crate::Code::TemporarilyUnavailable`] when trying again may help.
pub trait Store: Experiments + Runs + Artifacts + Models + Registry + Traces {
    /// Where this store is, for people: a path or an address.
    fn location(&self) -> String;

    /// Returns when what was written before this call is where it belongs, or fails saying what is not. For stores that
    /// write at once this does nothing.
    fn flush(&self) -> crate::Result<()> {
        Ok(())
    }
}
