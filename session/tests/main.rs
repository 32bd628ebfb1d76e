//! Tests of the session crate.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

mod diagnostics;
mod engine;
mod hostile;
mod runtime;
