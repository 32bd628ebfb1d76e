//! The metrics against scikit-learn's values, the splits, the report, and what they refuse.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod edges;
mod folds;
mod gates;
mod intervals;
mod judge;
mod metrics;
mod reference;
mod report;
mod split;
mod support;
mod validate;
