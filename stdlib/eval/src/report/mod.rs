//! Reports: one model on one data set, in numbers and pictures; and against a baseline.

mod classification;
mod compare;
mod page;
mod ranked;
mod regression;

pub use classification::{ClassCurves, ClassSummary, ClassificationReport};
pub use compare::{Comparison, ComparisonRow};
pub use ranked::RankingReport;
pub use regression::RegressionReport;
