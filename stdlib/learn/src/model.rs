//! What models have in common: the traits that evaluation, tuning and serving work with.

use crate::error::LearnError;
use ironbook_data::{Dataset, Matrix};
use serde::{Deserialize, Serialize};

/// Parameters that can be fitted to data.
pub trait Fit {
    /// The fitted model.
    type Model;

    /// Checks the parameters and the data, and fits the model.
    ///
    /// Deterministic: the same parameters and data give the same model, bit for bit, on any number of threads.
    ///
    /// # Errors
    /// [`LearnError`], in words, for parameters out of range and for data that the model cannot be fitted to;
    /// [`LearnError::Interrupted`] when the user asked to stop.
    fn fit(&self, data: &Dataset) -> Result<Self::Model, LearnError>;
}

/// A fitted model.
pub trait Predict {
    /// One prediction per row: the value for a regression, the class (0 or 1) for a binary classifier.
    ///
    /// Columns are matched by name, so their order does not matter.
    ///
    /// # Errors
    /// [`LearnError::Columns`] when the names differ from those that the model was fitted to;
    /// [`LearnError::NotFinite`] when the model needs finite values and finds others.
    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError>;

    /// The columns that the model reads and the target that it predicts.
    fn signature(&self) -> Signature;
}

/// A fitted binary classifier.
pub trait PredictProba: Predict {
    /// The probability of class 1 for each row, in `0..=1`.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError>;
}

/// What a model reads and what it predicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Names of the features, in the order of the fit.
    pub features: Vec<String>,
    /// Name of the target.
    pub target: String,
}
