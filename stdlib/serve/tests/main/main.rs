//! The server over real models, spoken to as clients do.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod clients;
mod faults;
mod fuzz;
mod guard;
mod log;
mod models;
mod oip;
mod scoring;
mod stop;
mod support;
mod swap;
