//! The network that tells classes apart.

use super::fit::{Fitted, Goal};
use super::params::MlpClassifierParams;
use crate::error::NnError;
use crate::loss::{BceWithLogits, CrossEntropy};
use crate::train::History;
use candle_core::{DType, Device, Tensor};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist};
use ironbook_data::{Dataset, Matrix};
use ironbook_learn::{
    Classes, Classification, Fit, LearnError, Predict, PredictProba, Signature, Task as _, check_data, told,
};
use serde::{Deserialize, Serialize};

/// A fitted network that tells classes apart: linear layers with ReLU, trained by AdamW on the cross entropy.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{Fit, PredictProba};
/// use ironbook_nn::MlpClassifier;
///
/// let x: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0 - 1.0).collect();
/// let far = x.iter().map(|x| f64::from(u8::from(x.abs() > 0.5))).collect();
/// let data = Dataset::from_parts(Matrix::from_columns(vec![("x".into(), x)])?, far, "far");
/// let model = MlpClassifier::params().epochs(60).batch_size(16).lr(0.01).seed(0).no_early_stopping().fit(&data)?;
/// let chances = model.predict_proba(&data.features)?;
/// assert!(chances[0] > 0.9 && chances[100] < 0.1 && chances[199] > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MlpClassifier {
    fitted: Fitted,
}

impl MlpClassifier {
    /// Parameters with their defaults.
    pub fn params() -> MlpClassifierParams {
        MlpClassifierParams::default()
    }

    /// The losses per epoch.
    pub fn history(&self) -> &History {
        &self.fitted.history
    }

    /// What is to be said of the fit, and what to do.
    pub fn warning(&self) -> Option<String> {
        self.fitted.warning()
    }

    fn classes(&self) -> &Classes {
        self.fitted.signature.classes.as_ref().expect("the signature of a classifier has classes")
    }

    /// Probabilities of the classes, row by row.
    fn rows(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        let mut rows = self.fitted.outputs(features)?;
        for row in &mut rows {
            if let [logit] = row[..] {
                let second = 1.0 / (1.0 + (-logit).exp());
                *row = vec![1.0 - second, second];
            } else {
                let shift = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter_mut().for_each(|x| *x = (*x - shift).exp());
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|x| *x /= sum);
            }
        }
        Ok(rows)
    }
}

impl Fit for MlpClassifierParams {
    type Model = MlpClassifier;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::Weight`], [`LearnError::NotClasses`], [`LearnError::OneClass`], [`LearnError::NotFinite`] for
    /// infinite features, [`LearnError::Network`] for what the training refuses, [`LearnError::Interrupted`].
    fn fit(&self, data: &Dataset) -> Result<MlpClassifier, LearnError> {
        told::fitted("MlpClassifier", data, |_| &self.0, told::no_curves, || self.trained(data))
    }
}

impl MlpClassifierParams {
    fn trained(&self, data: &Dataset) -> Result<MlpClassifier, LearnError> {
        self.0.check()?;
        check_data(data)?;
        let classes = Classes::of(data)?;
        let numbers = classes.numbers(data)?;
        if numbers.iter().all(|class| *class == numbers[0]) {
            return Err(LearnError::one_class(data, data.target[0]));
        }
        let signature = Signature::of(data, Some(classes.clone()));
        let fitted = if classes.len() == 2 {
            let target = column(numbers.iter().map(|class| *class as f32))?;
            Fitted::fit(&self.0, data, signature, Goal { target, loss: BceWithLogits, outputs: 1 })?
        } else {
            let target = column(numbers.iter().map(|class| *class as f32))?;
            let loss = CrossEntropy::default();
            Fitted::fit(&self.0, data, signature, Goal { target, loss, outputs: classes.len() })?
        };
        Ok(MlpClassifier { fitted })
    }
}

/// Targets as a tensor.
pub(super) fn column(values: impl Iterator<Item = f32>) -> Result<Tensor, LearnError> {
    let values: Vec<f32> = values.collect();
    let rows = values.len();
    let made = Tensor::from_vec(values, rows, &Device::Cpu).and_then(|t| t.to_dtype(DType::F32));
    made.map_err(|error| LearnError::Network(Box::new(NnError::from(error))))
}

impl Predict for MlpClassifier {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let values = &self.classes().values;
        let first_largest = |row: Vec<f64>| {
            let best = (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best });
            values[best]
        };
        Ok(self.rows(features)?.into_iter().map(first_largest).collect())
    }

    fn signature(&self) -> Signature {
        self.fitted.signature.clone()
    }
}

impl PredictProba for MlpClassifier {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        match self.classes().len() {
            2 => Ok(self.rows(features)?.into_iter().map(|row| row[1]).collect()),
            classes => Err(LearnError::ManyClasses { classes }),
        }
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        let rows = self.rows(features)?;
        let column = |(k, name): (usize, String)| (name, rows.iter().map(|row| row[k]).collect());
        let columns = self.classes().names().into_iter().enumerate().map(column).collect();
        Ok(Matrix::from_columns(columns).expect("columns of one length with the names of different classes"))
    }
}

impl Persist for MlpClassifier {
    const FORMAT: &'static str = "ironbook/mlp_classifier";

    ironbook_core::persist_here!();
}

impl Display for MlpClassifier {
    fn bundle(&self) -> Bundle {
        self.fitted.bundle("MlpClassifier", Classification::NAME)
    }
}

impl Inspect for MlpClassifier {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features", self.fitted.signature.features.len()))
    }

    fn heap_bytes(&self) -> u64 {
        self.fitted.heap_bytes()
    }
}
