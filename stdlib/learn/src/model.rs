//! What models have in common: the traits that evaluation, tuning and serving work with.

use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::task::{Classification, Task};
use ironbook_core::record::Mark;
use ironbook_data::{Dataset, Kind, Matrix};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Parameters that can be fitted to data.
pub trait Fit {
    /// The fitted model.
    type Model;

    /// Checks the parameters and the data, and fits the model; rows count as much as `data.weights` says.
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
    /// The kind of question that it answers, which decides how it is judged.
    type Task: Task;

    /// One prediction per row: the value for a regression, the class as in `Signature::classes.values` for a
    /// classifier, the score for a ranking.
    ///
    /// Columns are matched by name, so their order does not matter; text is matched by its names.
    ///
    /// # Errors
    /// [`LearnError::Columns`] and [`LearnError::Kind`] when the columns differ from those that the model was fitted
    /// to; [`LearnError::NotFinite`] when the model needs finite values and finds others.
    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError>;

    /// The columns that the model reads and the target that it predicts.
    fn signature(&self) -> Signature;
}

/// A fitted classifier.
pub trait PredictProba: Predict<Task = Classification> {
    /// The probability of the second of two classes (1, true) for each row, in `0..=1`.
    ///
    /// # Errors
    /// As [`Predict::predict`]; [`LearnError::ManyClasses`] for a model of more than two classes.
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError>;

    /// The probability of each class for each row: `rows` x `classes`, columns named after the classes.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        let second = self.predict_proba(features)?;
        let first = second.iter().map(|p| 1.0 - p).collect();
        let names = self.signature().classes.map_or_else(|| vec!["0".to_owned(), "1".to_owned()], |c| c.names());
        let columns = names.into_iter().zip([first, second]).collect();
        Ok(Matrix::from_columns(columns).expect("two columns of one length with different names"))
    }
}

/// A fitted model that knows how much each feature matters to it.
pub trait Importances {
    /// The features with a number of at least 0 each, largest first; what the number means is said by each model.
    fn importances(&self) -> Vec<(String, f64)>;
}

/// What a model reads and what it predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// The features, in the order of the fit.
    pub features: Vec<Feature>,
    /// Name of the target.
    pub target: String,
    /// The classes, for a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Classes>,
    /// Which fit of this process it comes from; no part of the model.
    #[serde(skip)]
    pub mark: Mark,
}

/// A column that a model reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What its numbers stand for.
    #[serde(default)]
    pub kind: Kind,
}

impl Signature {
    /// The columns and the target of a data set; `classes` for a classifier.
    pub fn of(data: &Dataset, classes: Option<Classes>) -> Self {
        let feature = |(name, kind): (&String, &Kind)| Feature { name: name.clone(), kind: kind.clone() };
        let features = data.features.names().iter().zip(data.features.kinds()).map(feature).collect();
        Signature { features, target: data.target_name.clone(), classes, mark: Mark::fresh() }
    }

    /// The columns of `features` in the order of the fit, matched by name; text has the codes of the fit, and NaN where
    /// the fit did not know it. For models of other crates.
    ///
    /// # Errors
    /// [`LearnError::Columns`], [`LearnError::Kind`].
    pub fn columns<'a>(&self, features: &'a Matrix) -> Result<Vec<Cow<'a, [f64]>>, LearnError> {
        check::columns(features, self)
    }

    /// What makes this no signature that a file can hold, in words.
    pub(crate) fn flaw(&self) -> Option<String> {
        let mut names: Vec<&str> = self.names().collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(format!("it has the feature \"{}\" twice", pair[0]));
        }
        let unsorted =
            |feature: &&Feature| feature.kind.categories().is_some_and(|names| !names.is_sorted_by(|a, b| a < b));
        if let Some(feature) = self.features.iter().find(unsorted) {
            return Some(format!("the categories of \"{}\" are not in ascending order", feature.name));
        }
        self.classes.as_ref().and_then(Classes::flaw)
    }

    /// Names of the features, in the order of the fit.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }
}
