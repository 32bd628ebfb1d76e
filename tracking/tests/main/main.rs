//! The server over a real store, spoken to as clients do.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod abuse;
mod api;
mod artifacts;
mod faults;
mod guard;
mod load;
mod pages;
mod support;
mod sync;
mod traces;
mod transfer;
