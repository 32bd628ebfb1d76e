//! The server over a real store, spoken to as clients do.

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
