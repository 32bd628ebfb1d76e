//! Whether data have drifted: everything of [`ironbook_drift`], and what a model makes of the data.
//!
//! ```no_run
//! # use ironbook::prelude::*;
//! # fn cell(model: Gbdt, train: DataFrame, recent: DataFrame) -> Result<(), Box<dyn std::error::Error>> {
//! let report = drift::compare(&train, &recent)?;
//! let report = drift::compare_with(drift::DriftOptions::new().fdr(), &model, &train, &recent)?; // predictions, too
//! let report = drift::compare(&train, &drift::requests("requests/").since(drift::moment("24h")?).read()?)?;
//! report.require(drift::FailOn::Drift)?;
//! # Ok(()) }
//! ```

mod address;
mod foretell;
mod predicted;
mod told;
mod weights;

pub use address::compare_with_address;
pub use foretell::{Answers, Foretell};
pub use ironbook_drift::*;
pub use predicted::predicted;
pub use told::tell;
pub use weights::weights;

use ironbook_learn::Predict;

/// Compares two tables with the eyes of a model: the columns that it reads (unless the options name others), its target,
/// and its predictions on both (those of a log are taken from it). Columns are ranked by drift times how much the model goes
/// by them ([`weights`], unless the options have others).
///
/// # Errors
/// [`DriftError::Model`] where the model cannot predict the rows; those of [`DriftOptions::compare`].
pub fn compare_with<M: Predict<Task: Foretell<M>> + Sync>(
    options: DriftOptions,
    model: &M,
    reference: &dyn Tabular,
    current: &dyn Tabular,
) -> Result<DriftReport, DriftError> {
    foretell::Seer::new(model).compare(options, reference, current)
}
