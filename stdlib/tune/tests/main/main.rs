//! Tests of studies, beside Optuna's numbers in `reference/`.

mod basics;
mod conformance;
mod faults;
mod importance;
mod optuna;
mod processes;
mod pruners;
mod studies;
