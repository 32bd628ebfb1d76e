//! Tests of studies, beside Optuna's numbers in `reference/`.

mod basics;
mod importance;
mod pruners;
mod studies;
