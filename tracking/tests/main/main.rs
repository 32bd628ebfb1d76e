//! The server over a real store, spoken to as clients do.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod api;
mod artifacts;
mod faults;
mod guard;
mod load;
mod pages;
mod support;
mod traces;
