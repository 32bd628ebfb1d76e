//! Tests of studies, beside Optuna's numbers in `reference/`.

mod basics;
mod studies;
