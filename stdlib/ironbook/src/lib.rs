//! The standard library of Ironbook: what cells and promoted pipelines use, under one name.
//!
//! Cells start with [`prelude`] imported. Everything else is reached by its module, for instance `ironbook::learn`,
//! or, for the libraries below it all, by the library's own name, for instance `ironbook::polars`.

pub mod prelude;

pub use ironbook_data as data;
pub use ironbook_eval as eval;
pub use ironbook_explain as explain;
pub use ironbook_features as features;
pub use ironbook_learn as learn;
pub use ironbook_nn as nn;
pub use ironbook_pipeline as pipeline;
pub use ironbook_plot as plot;
pub use ironbook_serve as serve;
pub use ironbook_track as track;
pub use ironbook_tune as tune;
// The compiler prints these crates by their own names; a later cell names a value's type as it was printed.
#[doc(hidden)]
pub use {
    ironbook_core, ironbook_data, ironbook_drift, ironbook_eval, ironbook_explain, ironbook_features, ironbook_learn,
    ironbook_nn, ironbook_pipeline, ironbook_plot, ironbook_serve, ironbook_track, ironbook_tune,
};

/// The function that shows a value now, and the module with what can be shown.
pub use ironbook_core::display;
pub use ironbook_core::{
    Bundle, CellError, Display, DisplayHandle, InputError, Interrupted, Progress, check, clear_output,
    display_updatable, input, password,
};
pub use ironbook_core::{interrupt, progress, seed};
pub use {candle_core, candle_nn, chrono, plotters, polars, rand, rayon, serde, serde_json, thiserror, tokio};

pub mod drift;
pub mod gates;
mod keep;
mod known;
pub mod models;
pub mod rt;
mod tensor;
#[doc(hidden)]
pub mod tools;
pub mod tuning;

pub use known::init;
