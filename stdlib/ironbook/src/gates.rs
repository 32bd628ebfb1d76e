//! Gates of a pipeline: what has to hold before a model is registered.
//!
//! A cell marked `// gate: NAME` stops a pipeline where one of its statements fails, and nothing is registered then:
//!
//! ```no_run
//! # use ironbook::prelude::*;
//! use ironbook::{data, eval::GateRules, gates};
//! use std::time::Duration;
//!
//! # fn cell(flights: DataFrame, model: Gbdt, test: Dataset) -> Result<(), Box<dyn std::error::Error>> {
//! // gate: data
//! data::expect(&flights).not_null("dep_time").in_range("distance", 0..=5000).check()?.require()?;
//!
//! // gate: better
//! gates::champion(&model, &test, "late-flights@champion", &GateRules::first_metric())?.require()?;
//!
//! // gate: fast
//! gates::latency(&model, &test.features, Duration::from_millis(5))?.require()?;
//! # Ok(())
//! # }
//! ```
//!
//! | gate | holds when |
//! |---|---|
//! | [`data::expect`](crate::data::expect) | a table is as it should be |
//! | [`eval::threshold_gate`](crate::eval::threshold_gate) | metrics of a report reach thresholds |
//! | [`eval::baseline_gate`](crate::eval::baseline_gate) | a report is better than a baseline's |
//! | [`champion`] | a model is better than the registry's on the same rows |
//! | [`against`] | the same with a model at hand, of any type |
//! | [`latency`] | the prediction of one row is fast enough |

mod champion;
mod error;
mod latency;

pub use champion::{against, champion};
pub use error::GateError;
pub use latency::{Latency, latency};

use ironbook_data::Matrix;
use ironbook_learn::Signature;
use std::borrow::Cow;

/// The columns that a model reads; `who` stands for it in errors.
fn read_by<'a>(features: &'a Matrix, signature: &Signature, who: &str) -> Result<Cow<'a, Matrix>, GateError> {
    let found: Vec<Option<usize>> = signature.names().map(|name| features.index_of(name)).collect();
    let missing: Vec<String> =
        signature.names().zip(&found).filter(|(_, at)| at.is_none()).map(|(name, _)| name.to_owned()).collect();
    if !missing.is_empty() {
        return Err(GateError::Columns { who: who.to_owned(), missing });
    }
    if found.len() == features.cols() {
        return Ok(Cow::Borrowed(features));
    }
    let column = |at: usize| (features.names()[at].clone(), features.kinds()[at].clone(), features.column(at).to_vec());
    Ok(Cow::Owned(Matrix::from_typed(found.into_iter().flatten().map(column).collect())?))
}
