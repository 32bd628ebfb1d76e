//! Tests of the magics crate.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

mod again;
mod conformance;
mod export;
mod fake;
mod roundtrip;
mod session;
mod shell;
mod splitter;
