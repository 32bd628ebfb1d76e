//! Points of metrics.

use crate::model::now_ms;
use serde::{Deserialize, Serialize};

/// One point of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name, at most 250 characters.
    pub key: String,
    /// Its value; NaN and the infinities are kept.
    pub value: f64,
    /// When.
    pub timestamp: i64,
    /// Step of the training (batch, epoch, tree); 0 where there is none. Negative steps are allowed, as in MLflow.
    pub step: i64,
    /// The model and the data that it is of, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Box<MetricOf>>,
}

/// What a metric was measured on. A metric of a model is kept with its run and with the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricOf {
    /// Id of a logged model.
    pub model_id: Option<String>,
    /// Name of a dataset.
    pub dataset_name: Option<String>,
    /// Digest of a dataset.
    pub dataset_digest: Option<String>,
    /// Id of the run, where the metric is read from a model.
    pub run_id: Option<String>,
}

impl Metric {
    /// A point.
    pub fn new(key: impl Into<String>, value: f64, timestamp: i64, step: i64) -> Metric {
        Metric { key: key.into(), value, timestamp, step, of: None }
    }

    /// A point now.
    pub fn now(key: impl Into<String>, value: f64, step: i64) -> Metric {
        Metric::new(key, value, now_ms(), step)
    }

    /// Whether `self` is the later of two points of one metric: greater step, then timestamp, then value (MLflow's
    /// rule; NaN counts as 0 there, as it is stored).
    pub fn is_later_than(&self, other: &Metric) -> bool {
        let plain = |value: f64| if value.is_nan() { 0.0 } else { value };
        let by = self.step.cmp(&other.step).then(self.timestamp.cmp(&other.timestamp));
        by.then(plain(self.value).total_cmp(&plain(other.value))).is_gt()
    }
}
