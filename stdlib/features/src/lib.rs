//! Feature pipelines: fitted steps that treat a batch and a single row alike, carried inside the model.
//!
//! ```
//! use ironbook_data::Dataset;
//! use ironbook_features::{Impute, Pipeline};
//! use ironbook_learn::{Fit, LogisticRegression, PredictProba};
//! use polars::prelude::*;
//!
//! let flights = df![
//!     "carrier" => ["AA", "UA", "AA", "DL", "UA", "DL"],
//!     "rain" => [Some(0.0), None, Some(0.4), Some(0.1), Some(0.0), Some(0.2)],
//!     "late" => [false, false, true, true, false, true],
//! ]?;
//! let data = Dataset::new(&flights, &["carrier", "rain"], "late")?;
//! let pipeline = Pipeline::new()
//!     .impute(["rain"], Impute::Median.with_indicator())
//!     .one_hot(["carrier"])
//!     .standardise(["rain"]);
//! let model = pipeline.then(LogisticRegression::params()).fit(&data)?;
//! let chances = model.predict_proba(&data.features)?; // of the columns as they are in the table
//! assert!(chances[0] < chances[2]);
//! let names: Vec<&str> = model.features().outputs().iter().map(|feature| feature.name.as_str()).collect();
//! assert_eq!(names, ["carrier_AA", "carrier_DL", "carrier_UA", "rain", "rain_missing"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod featured;
mod levels;
mod pipeline;
mod select;
mod show;
mod step;
mod steps;
mod stream;
mod working;

pub use error::FeatureError;
pub use featured::{Featured, WithFeatures};
pub use pipeline::{FittedPipeline, Pipeline};
pub use select::{Select, all_numeric, all_text, all_time};
pub use steps::cyclical::{Cycle, Cycles};
pub use steps::impute::{Imputation, Impute};
pub use steps::lag::Order;
pub use steps::one_hot::{OneHot, Unknown};
pub use steps::ordinal::Ordinal;
pub use steps::target::TargetEncode;
pub use stream::Stream;
