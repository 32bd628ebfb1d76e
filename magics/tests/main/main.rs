//! Tests of the magics crate.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

mod again;
mod checks;
mod conformance;
mod corpus;
mod export;
mod fake;
mod roundtrip;
mod session;
#[path = "../../../promotion/tests/main/session_file.rs"]
mod session_file;
mod shell;
mod splitter;
mod tune;
mod verdicts;
mod warnings;
