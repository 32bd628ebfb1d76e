//! The program of a pipeline from outside, with a toy one.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]

mod toy;

mod cache;
mod faults;
mod files;
mod hostile;
mod inputs;
mod outputs;
mod tracking;
