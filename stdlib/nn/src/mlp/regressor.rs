//! The network that predicts numbers.

use super::classifier::column;
use super::fit::{Fitted, Goal};
use super::params::MlpRegressorParams;
use crate::loss::Mse;
use crate::train::History;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist};
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::{Fit, LearnError, Predict, Regression, Signature, Task as _, check_data, check_target, told};
use serde::{Deserialize, Serialize};

/// A fitted network that predicts numbers: linear layers with ReLU, trained by AdamW on the squared error of the
/// standardised target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MlpRegressor {
    fitted: Fitted,
    /// Mean and deviation of the target.
    mean: f64,
    scale: f64,
}

impl MlpRegressor {
    /// Parameters with their defaults.
    pub fn params() -> MlpRegressorParams {
        MlpRegressorParams::default()
    }

    /// The losses per epoch, of the standardised target.
    pub fn history(&self) -> &History {
        &self.fitted.history
    }

    /// What is to be said of the fit, and what to do.
    pub fn warning(&self) -> Option<String> {
        self.fitted.warning()
    }
}

impl Fit for MlpRegressorParams {
    type Model = MlpRegressor;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::Weight`], [`LearnError::TextTarget`], [`LearnError::TargetNotFinite`], [`LearnError::NotFinite`] for
    /// infinite features, [`LearnError::Network`] for what the training refuses, [`LearnError::Interrupted`].
    fn fit(&self, data: &Dataset) -> Result<MlpRegressor, LearnError> {
        told::fitted("MlpRegressor", data, |_| &self.0, told::no_curves, || self.trained(data))
    }
}

impl MlpRegressorParams {
    fn trained(&self, data: &Dataset) -> Result<MlpRegressor, LearnError> {
        self.0.check()?;
        check_data(data)?;
        check_target(data)?;
        let n = data.rows() as f64;
        let mean = data.target.iter().sum::<f64>() / n;
        let deviation = (data.target.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n).sqrt();
        let scale = if deviation.is_finite() && deviation > 0.0 { deviation } else { 1.0 };
        let target = column(data.target.iter().map(|y| ((y - mean) / scale) as f32))?;
        let goal = Goal { target, loss: Mse, outputs: 1 };
        Ok(MlpRegressor { fitted: Fitted::fit(&self.0, data, Signature::of(data, None), goal)?, mean, scale })
    }
}

impl Predict for MlpRegressor {
    type Task = Regression;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let rows = self.fitted.outputs(features)?;
        Ok(rows.into_iter().map(|row| row[0] * self.scale + self.mean).collect())
    }

    fn signature(&self) -> Signature {
        self.fitted.signature.clone()
    }
}

impl Persist for MlpRegressor {
    const FORMAT: &'static str = "ironbook/mlp_regressor";

    ironbook_core::persist_here!();
}

impl Display for MlpRegressor {
    fn bundle(&self) -> Bundle {
        self.fitted.bundle("MlpRegressor", Regression::NAME)
    }
}

impl Inspect for MlpRegressor {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features", self.fitted.signature.features.len()))
    }

    fn heap_bytes(&self) -> u64 {
        self.fitted.heap_bytes()
    }
}
