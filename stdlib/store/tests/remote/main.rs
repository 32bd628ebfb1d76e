//! The store against real and against bad servers. What needs MLflow asks `IRONBOOK_TEST_MLFLOW` for a Python that has
//! it, says SKIPPED without, and fails without where `CI` is `true`.

mod mlflow;
mod support;
mod wire;
