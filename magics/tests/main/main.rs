//! Tests of the magics crate.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

mod again;
mod conformance;
mod fake;
mod session;
mod shell;
mod splitter;
