//! What is served: anything that answers rows of a signature.

mod adapt;
mod formats;
mod trees;

pub use adapt::{Classifier, Regressor, Servable, servable};
pub use formats::{Loader, Loaders};

use crate::contract::{Contract, Offence, Rows};
use ironbook_learn::Signature;
use std::fmt;
use std::time::Duration;

/// A model behind a server.
pub trait Model: Send + Sync {
    /// What it reads and predicts; the same at each call.
    fn signature(&self) -> Signature;

    /// Answers rows that were read by the contract of [`signature`](Self::signature): a prediction for each, and for a
    /// classifier a probability for each class.
    ///
    /// # Errors
    /// [`Failure`].
    fn answer(&self, rows: &Rows, contract: &Contract, into: &mut Answers) -> Result<(), Failure>;

    /// Whether a row has the same answer alone and among others, so that rows of several requests may be answered together.
    fn rows_are_apart(&self) -> bool {
        true
    }

    /// Whether a row takes microseconds and nothing that the user wrote is run, so that it may be answered on a thread that
    /// other requests wait for.
    fn is_brief(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("target", &self.signature().target).finish_non_exhaustive()
    }
}

/// What a model says of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// A value per row; for a classifier one of `Signature::classes.values`.
    pub predictions: Vec<f64>,
    /// For a classifier a probability per class, row after row.
    pub probabilities: Vec<f64>,
    /// How long the steps in front of the model took, where there are some.
    pub features: Duration,
}

impl Answers {
    /// Those of some of the rows.
    pub(crate) fn slice(&self, from: usize, count: usize) -> Answers {
        let classes = self.probabilities.len() / self.predictions.len().max(1);
        Answers {
            predictions: self.predictions[from..from + count].to_vec(),
            probabilities: self.probabilities[from * classes..(from + count) * classes].to_vec(),
            features: self.features,
        }
    }
}

/// Why a model has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It refuses values of the request.
    #[error("the model refuses values of the request")]
    Refused(Vec<Offence>),
    /// It failed.
    #[error("the model failed\n{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}
