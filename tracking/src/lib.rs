//! `ironbook track`: the MLflow-compatible server over a store, its page, import and export.

pub mod api;
pub mod cli;
mod graphql;
mod page;
pub mod server;
pub mod transfer;
mod ui;
