//! Whole-system tests: the `ironbook` command as users run it, and tidy checks over the workspace.

mod arrows;
mod faults;
mod inputs;
mod library;
mod runs;
mod support;
mod tidy;
