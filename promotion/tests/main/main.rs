//! Tests of the promotion crate.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it expected")]

mod corpus;
mod generate;
mod generated;
mod random;
mod samples;
mod session_file;
mod whole;
