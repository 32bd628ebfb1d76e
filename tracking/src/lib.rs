//! `ironbook track`: the MLflow-compatible server over a store, its page, import and export.
