//! Parameters that both models share.

use ironbook_core::{Bundle, Display};
use ironbook_learn::{LearnError, card};
use serde::{Deserialize, Serialize};

/// Parameters of [`MlpClassifier`](crate::MlpClassifier) and [`MlpRegressor`](crate::MlpRegressor).
///
/// | name | meaning | default |
/// |---|---|---|
/// | `hidden` | widths of the hidden layers, each followed by ReLU | 64, 32 (Ironbook; scikit-learn has 100) |
/// | `dropout` | dropout after each hidden layer, in `0..1` | 0 |
/// | `epochs` | passes over the data at most | 20 |
/// | `batch_size` | rows per step | 256 |
/// | `lr` | learning rate of AdamW | 1e-3 (PyTorch) |
/// | `decay` | weight decay, not of biases | 0.01 (PyTorch) |
/// | `patience` | epochs without a lower validation loss before it stops; none to make all epochs | 5 |
/// | `validation` | share of the rows that is held out for that, in `0..1` | 0.1 (scikit-learn) |
/// | `seed` | of the weights, the held-out rows, the order and dropout | the session's |
/// | `device` | where it trains: `cpu`, `cuda`, `cuda:1`, or `best` for the first GPU if there is one | `cpu` |
/// | `live` | curves that move while it trains, if that takes longer than half a second | on |
///
/// Numbers and times are standardised; missing ones become the mean, with a column that says so. Text becomes a
/// learned vector; text that the fit did not see has one of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MlpParams {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Dropout after each hidden layer.
    pub dropout: f64,
    /// Passes over the data at most.
    pub epochs: usize,
    /// Rows per step.
    pub batch_size: usize,
    /// Learning rate.
    pub lr: f64,
    /// Weight decay.
    pub decay: f64,
    /// Epochs without a lower validation loss that are borne.
    pub patience: Option<usize>,
    /// Share of rows held out.
    pub validation: f64,
    /// Seed; the session's if `None`.
    pub seed: Option<u64>,
    /// Where it trains.
    pub device: String,
    /// Whether its curves are shown while it trains.
    #[serde(skip)]
    pub live: bool,
}

impl Default for MlpParams {
    fn default() -> Self {
        MlpParams {
            hidden: vec![64, 32],
            dropout: 0.0,
            epochs: 20,
            batch_size: 256,
            lr: 1e-3,
            decay: 0.01,
            patience: Some(5),
            validation: 0.1,
            seed: None,
            device: "cpu".to_owned(),
            live: true,
        }
    }
}

impl MlpParams {
    pub(super) fn check(&self) -> Result<(), LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        if self.hidden.contains(&0) {
            return refuse("hidden", format!("{:?}", self.hidden), "widths of at least 1, for instance [64, 32]");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", self.dropout.to_string(), "at least 0 and below 1");
        }
        if self.epochs == 0 {
            return refuse("epochs", "0".to_owned(), "at least 1");
        }
        if self.batch_size == 0 {
            return refuse("batch_size", "0".to_owned(), "at least 1");
        }
        if !(self.lr.is_finite() && self.lr > 0.0) {
            return refuse("lr", self.lr.to_string(), "a positive number, for instance 1e-3");
        }
        if !(self.decay.is_finite() && self.decay >= 0.0) {
            return refuse("decay", self.decay.to_string(), "a number of at least 0, for instance 0.01");
        }
        if !(self.validation > 0.0 && self.validation < 1.0) {
            return refuse("validation", self.validation.to_string(), "above 0 and below 1, for instance 0.1");
        }
        Ok(())
    }
}

macro_rules! builders { // the two models take the same parameters
    ($($params:ident of $model:ident),+) => { $(
        #[doc = concat!("Parameters of [`", stringify!($model), "`](crate::", stringify!($model), "): those of [`MlpParams`].")]
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $params(pub MlpParams);

        impl Display for $params {
            fn bundle(&self) -> Bundle {
                card::unfitted(stringify!($model), self, &Self::default())
            }
        }

        impl $params {
            /// Sets the widths of the hidden layers.
            #[must_use]
            pub fn hidden(mut self, widths: impl Into<Vec<usize>>) -> Self {
                self.0.hidden = widths.into();
                self
            }

            /// Sets the dropout after each hidden layer.
            #[must_use]
            pub fn dropout(mut self, dropout: f64) -> Self {
                self.0.dropout = dropout;
                self
            }

            /// Sets the passes over the data at most.
            #[must_use]
            pub fn epochs(mut self, epochs: usize) -> Self {
                self.0.epochs = epochs;
                self
            }

            /// Sets the rows per step.
            #[must_use]
            pub fn batch_size(mut self, batch_size: usize) -> Self {
                self.0.batch_size = batch_size;
                self
            }

            /// Sets the learning rate.
            #[must_use]
            pub fn lr(mut self, lr: f64) -> Self {
                self.0.lr = lr;
                self
            }

            /// Sets the weight decay.
            #[must_use]
            pub fn decay(mut self, decay: f64) -> Self {
                self.0.decay = decay;
                self
            }

            /// Sets the epochs without a lower validation loss that are borne.
            #[must_use]
            pub fn patience(mut self, epochs: usize) -> Self {
                self.0.patience = Some(epochs);
                self
            }

            /// Makes all epochs on all rows, without validation.
            #[must_use]
            pub fn no_early_stopping(mut self) -> Self {
                self.0.patience = None;
                self
            }

            /// Sets the share of rows held out for early stopping.
            #[must_use]
            pub fn validation(mut self, share: f64) -> Self {
                self.0.validation = share;
                self
            }

            /// Sets the seed.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.0.seed = Some(seed);
                self
            }

            /// Sets whether curves are shown while it trains.
            #[must_use]
            pub fn live(mut self, live: bool) -> Self {
                self.0.live = live;
                self
            }

            /// Sets where it trains: `cpu`, `cuda`, `cuda:1`, or `best` for the first GPU if there is one. Predictions
            /// are made on the CPU. A GPU pays with wide layers and batches of thousands.
            #[must_use]
            pub fn device(mut self, device: impl Into<String>) -> Self {
                self.0.device = device.into();
                self
            }
        }
    )+ };
}
builders!(MlpClassifierParams of MlpClassifier, MlpRegressorParams of MlpRegressor);
