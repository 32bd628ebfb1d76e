//! Tests of studies, beside Optuna's numbers in `reference/`.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the message, also in their helpers")]
#![expect(clippy::print_stdout, reason = "children speak to their parents")]

mod basics;
mod best;
mod conformance;
mod faults;
mod importance;
mod optuna;
mod processes;
mod pruners;
mod studies;
