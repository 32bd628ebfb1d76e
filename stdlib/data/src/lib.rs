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

mod cells;
mod content;
mod csv;
mod dataset;
mod error;
mod expect;
mod files;
mod fingerprint;
mod frame;
mod html;
mod keep;
mod kind;
mod lazy;
mod matrix;
mod near;
mod patient;
mod profile;
mod read;
mod reads;
mod records;
mod show;
mod term;
mod told;
mod union;

pub use csv::CsvOptions;
pub use dataset::Dataset;
pub use error::DataError;
pub use expect::{Expectations, Member, Offender, Validation, ValidationCheck, expect};
pub use fingerprint::{Fingerprint, fingerprint};
pub use frame::FrameExt;
pub use kind::Kind;
pub use lazy::{LazyExt, scan_csv, scan_parquet};
pub use matrix::Matrix;
pub use profile::{
    Association, ColumnProfile, Correlations, Detail, Finding, Histogram, LEVELS, Measure, Numbers, Profile,
    ProfileOptions, TargetKind, TargetProfile, Texts, Times, Warning, profile,
};
pub use read::{read_csv, read_json, read_parquet, write_csv, write_parquet};
pub use reads::{ReadRecord, reads};
pub use show::{TEXT_WIDTH, register, to_html, to_text};
#[doc(hidden)]
pub use told::{digest_of, files_read};
