//! Whether data have drifted: the tests of Evidently, equal to 1e-9, in reports for notebooks, terminals, files and CI.
//!
//! ```
//! use ironbook_drift::{DriftOptions, FailOn, Test};
//! use polars::prelude::*;
//!
//! let winter = df!["temp" => [31.0, 28.5, 35.2, 30.1, 33.3, 29.0], "carrier" => ["AA", "UA", "AA", "DL", "UA", "DL"]]?;
//! let summer = df!["temp" => [78.1, 81.5, 75.0, 80.2, 79.9, 83.4], "carrier" => ["AA", "UA", "AA", "DL", "UA", "DL"]]?;
//! let report = DriftOptions::new().names("winter", "summer").test("temp", Test::Ks).compare(&winter, &summer)?;
//! let temp = report.column("temp").unwrap().result.unwrap();
//! assert!((temp.score - 0.002_164_502_164_502_164_7).abs() < 1e-12); // scipy.stats.ks_2samp
//! assert!(report.fails(FailOn::Column));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod column;
mod comparable;
mod compare;
mod detail;
mod error;
mod files;
mod finding;
mod findings;
mod moment;
mod options;
mod parquet;
mod report;
mod requests;
mod source;
mod stats;
mod table;
mod values;
mod view;
mod words;

pub use comparable::{Comparable, table};
pub use compare::compare;
pub use error::DriftError;
pub use finding::{Finding, FindingKind};
pub use moment::moment;
pub use options::DriftOptions;
pub use parquet::{ParquetTable, open};
pub use report::{
    Approximation, Both, Category, CategoryTable, ColumnDrift, ColumnKind, Detail, DriftReport, FailOn,
    FalseDiscoveries, Histogram, Role, Summary, TestResult, UnknownCondition, Verdict,
};
pub use requests::{RequestTable, Requests, requests};
#[doc(hidden)]
pub use stats::adjusted;
pub use stats::{Outcome, Test, UnknownTest};
pub use table::{Content, Pieces, Tabular};
