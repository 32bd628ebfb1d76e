//! Charts: what each output promises.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod edges;
mod gallery;
mod input;
mod numbers;
mod output;
mod terminal;
