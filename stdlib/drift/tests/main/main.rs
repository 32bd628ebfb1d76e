//! Every score against Evidently, options, faults, views, and the log of a server.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod extremes;
mod faults;
mod options;
mod pieces;
mod recipe;
mod reference;
mod requests;
mod views;
