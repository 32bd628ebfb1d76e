//! Data for models: reading tables, showing them, fingerprinting them, and turning them into numbers.
//!
//! ```
//! use ironbook_data::{Dataset, FrameExt};
//! use polars::prelude::*;
//!
//! let flights = df!["distance" => [1400, 760, 1089], "rain" => [Some(0.1), None, Some(0.0)], "late" => [true, false, false]]?;
//! let data = Dataset::new(&flights, &["distance", "rain"], "late")?;
//! assert_eq!((data.rows(), data.features.cols()), (3, 2));
//! assert_eq!(flights.floats("distance")?, [1400.0, 760.0, 1089.0]);
//! # Ok::<(), ironbook_data::DataError>(())
//! ```

mod dataset;
mod error;
mod frame;
mod matrix;
mod near;

pub use dataset::Dataset;
pub use error::DataError;
pub use frame::FrameExt;
pub use matrix::Matrix;
