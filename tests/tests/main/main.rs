//! Whole-system tests: the `ironbook` command as users run it, and tidy checks over the workspace.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod arrows;
mod clients;
mod drift;
mod export;
mod faults;
mod features;
mod inputs;
mod kernelspec;
mod library;
mod package;
mod pipelines;
mod project;
mod readme;
mod runs;
mod serve;
mod support;
mod tidy;
