//! The facade.
pub use {candle_core, candle_nn, chrono, plotters, polars, rand, serde, serde_json, tokio, thiserror};
