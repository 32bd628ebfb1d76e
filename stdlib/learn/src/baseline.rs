//! Baselines: what a model has to beat before it is worth anything.

use crate::card;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::model::{Fit, Predict, PredictProba, Signature};
use crate::table::number;
use crate::task::{Classification, Regression, Task as _};
use crate::told;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist};
use ironbook_data::{Dataset, Matrix};
use serde::{Deserialize, Serialize};

/// Parameters of [`MajorityBaseline`]; there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MajorityBaselineParams {}

/// Predicts the share of class 1 in the training data for every row, and the larger class as the class.
///
/// As scikit-learn's `DummyClassifier(strategy="prior")`: class 0 wins a tie. A single class is fine here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MajorityBaseline {
    /// What it reads (nothing of it) and predicts.
    signature: Signature,
    prior: f64,
    n_rows: usize,
}

impl MajorityBaseline {
    /// Parameters with their defaults.
    pub fn params() -> MajorityBaselineParams {
        MajorityBaselineParams::default()
    }

    /// The share of class 1 in the training data.
    pub fn prior(&self) -> f64 {
        self.prior
    }
}

impl MajorityBaselineParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Fit for MajorityBaselineParams {
    type Model = MajorityBaseline;

    /// # Errors
    /// [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`], [`LearnError::Weight`],
    /// [`LearnError::NotBinary`].
    fn fit(&self, data: &Dataset) -> Result<MajorityBaseline, LearnError> {
        told::fitted("MajorityBaseline", data, |_| self, told::no_curves, || self.prior_of(data))
    }
}

impl MajorityBaselineParams {
    fn prior_of(&self, data: &Dataset) -> Result<MajorityBaseline, LearnError> {
        check::shape(data)?;
        match check::binary(data, data.weights.as_deref()) {
            Ok(()) | Err(LearnError::OneClass { .. }) => {}
            Err(error) => return Err(error),
        }
        let n_rows = data.target.len();
        let prior = match &data.weights {
            None => data.target.iter().sum::<f64>() / n_rows as f64,
            Some(weights) => {
                data.target.iter().zip(weights).map(|(y, w)| y * w).sum::<f64>() / weights.iter().sum::<f64>()
            }
        };
        Ok(MajorityBaseline { signature: Signature::of(data, Some(Classes::of(data)?)), prior, n_rows })
    }
}

impl Predict for MajorityBaseline {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        check::columns(features, &self.signature)?;
        let class = if self.prior > 0.5 { 1.0 } else { 0.0 };
        Ok(vec![class; features.rows()])
    }

    fn signature(&self) -> Signature {
        self.signature.clone()
    }
}

impl PredictProba for MajorityBaseline {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        check::columns(features, &self.signature)?;
        Ok(vec![self.prior; features.rows()])
    }
}

impl Persist for MajorityBaseline {
    const FORMAT: &'static str = "ironbook/majority_baseline";

    ironbook_core::persist_here!();
}

impl Display for MajorityBaseline {
    fn bundle(&self) -> Bundle {
        let mut table = card::model("MajorityBaseline", Classification::NAME, &self.signature, self.n_rows, &[]);
        table.field("predicts", format!("P({} = 1) = {} for every row", self.signature.target, number(self.prior)));
        table.bundle()
    }
}

impl Inspect for MajorityBaseline {
    fn shape(&self) -> Option<String> {
        Some(format!("P = {}", number(self.prior)))
    }
}

/// Parameters of [`MeanBaseline`]; there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanBaselineParams {}

/// Predicts the mean of the training target for every row, as scikit-learn's `DummyRegressor(strategy="mean")`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanBaseline {
    /// What it reads (nothing of it) and predicts.
    signature: Signature,
    mean: f64,
    n_rows: usize,
}

impl MeanBaseline {
    /// Parameters with their defaults.
    pub fn params() -> MeanBaselineParams {
        MeanBaselineParams::default()
    }

    /// The mean of the training target.
    pub fn mean(&self) -> f64 {
        self.mean
    }
}

impl MeanBaselineParams {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Fit for MeanBaselineParams {
    type Model = MeanBaseline;

    /// # Errors
    /// [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`], [`LearnError::Weight`],
    /// [`LearnError::TextTarget`], [`LearnError::TargetNotFinite`].
    fn fit(&self, data: &Dataset) -> Result<MeanBaseline, LearnError> {
        told::fitted("MeanBaseline", data, |_| self, told::no_curves, || self.mean_of(data))
    }
}

impl MeanBaselineParams {
    fn mean_of(&self, data: &Dataset) -> Result<MeanBaseline, LearnError> {
        check::shape(data)?;
        check::values(data)?;
        let n_rows = data.target.len();
        // Differences from the first value, so that large targets neither overflow nor lose digits.
        let shift = data.target[0];
        let mean = match &data.weights {
            None => shift + data.target.iter().map(|y| (y - shift) / n_rows as f64).sum::<f64>(),
            Some(weights) => {
                let total: f64 = weights.iter().sum();
                shift + data.target.iter().zip(weights).map(|(y, w)| (y - shift) * (w / total)).sum::<f64>()
            }
        };
        Ok(MeanBaseline { signature: Signature::of(data, None), mean, n_rows })
    }
}

impl Predict for MeanBaseline {
    type Task = Regression;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        check::columns(features, &self.signature)?;
        Ok(vec![self.mean; features.rows()])
    }

    fn signature(&self) -> Signature {
        self.signature.clone()
    }
}

impl Persist for MeanBaseline {
    const FORMAT: &'static str = "ironbook/mean_baseline";

    ironbook_core::persist_here!();
}

impl Display for MeanBaseline {
    fn bundle(&self) -> Bundle {
        let mut table = card::model("MeanBaseline", Regression::NAME, &self.signature, self.n_rows, &[]);
        table.field("predicts", format!("the mean of {}, {}, for every row", self.signature.target, number(self.mean)));
        table.bundle()
    }
}

impl Inspect for MeanBaseline {
    fn shape(&self) -> Option<String> {
        Some(format!("mean = {}", number(self.mean)))
    }
}
