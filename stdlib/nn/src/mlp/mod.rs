//! Networks for tables in a few lines: standardised numbers, embedded text, early stopping.

mod classifier;
mod encode;
mod fit;
mod net;
mod params;
mod regressor;

pub use classifier::MlpClassifier;
pub use params::{MlpClassifierParams, MlpParams, MlpRegressorParams};
pub use regressor::MlpRegressor;
