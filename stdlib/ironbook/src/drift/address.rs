//! Models by their addresses, without their types.

use super::foretell::{Answers, Seer};
use ironbook_data::Matrix;
use ironbook_drift::{DriftError, DriftOptions, DriftReport, Tabular};
use ironbook_learn::LearnError;
use ironbook_serve::{Answers as Served, Contract, Extra, Model, Rows};
use ironbook_track as track;
use std::error::Error;
use std::path::Path;

/// As [`compare_with`](super::compare_with), with a model by its address: `models:/name@alias`, `models:/name/3`,
/// `runs:/run/path`, or the directory of a logged model.
///
/// # Errors
/// [`DriftError::ModelAddress`] for an address that leads to no model of a known format; those of
/// [`compare_with`](super::compare_with).
pub fn compare_with_address(
    options: DriftOptions,
    address: &str,
    reference: &dyn Tabular,
    current: &dyn Tabular,
) -> Result<DriftReport, DriftError> {
    let model = loaded(address).map_err(|source| DriftError::ModelAddress { address: address.to_owned(), source })?;
    let (signature, contract) = (model.signature(), Contract::new(model.signature(), Extra::default()));
    let answer = move |features: &Matrix| {
        let columns = contract.signature().columns(features)?;
        let values = (0..features.rows()).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
        let mut served = Served::default();
        let asked = model.answer(&Rows::new(columns.len(), values), &contract, &mut served);
        asked.map_err(|failure| LearnError::Features(failure.into()))?;
        Ok(answers(served, &contract))
    };
    Seer::of(signature, Box::new(answer)).compare(options, reference, current)
}

fn loaded(address: &str) -> Result<Box<dyn Model>, Box<dyn Error + Send + Sync>> {
    let loaders = crate::models::loaders();
    if address.contains(":/") {
        let fetched = track::fetch_model(address)?;
        return Ok(loaders.load(&fetched.format, &fetched.file())?);
    }
    let directory = Path::new(address);
    Ok(loaders.load(&track::format_in(directory)?, &directory.join(track::MODEL_FILE))?)
}

fn answers(served: Served, contract: &Contract) -> Answers {
    let classes = contract.signature().classes.as_ref().map_or_else(Vec::new, |classes| classes.names());
    let (chances, count) = (&served.probabilities, classes.len().max(1));
    // Row after row.
    let class =
        |(at, name): (usize, String)| (name, chances.iter().skip(at).step_by(count).copied().collect::<Vec<f64>>());
    let probabilities = match chances.len() {
        0 => None,
        _ => Matrix::from_columns(classes.into_iter().enumerate().map(class).collect()).ok(),
    };
    Answers { predictions: served.predictions, probabilities }
}
