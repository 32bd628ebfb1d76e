//! The parameters of boosting that do not depend on the task.

use crate::error::LearnError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In which order leaves are split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// The leaf that gains most first (LightGBM's way).
    #[default]
    LeafWise,
    /// Level by level (XGBoost's way); set `max_depth`, and `num_leaves` to 2 to the power of it.
    DepthWise,
}

/// Which way a prediction may move when a feature grows and the others stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monotone {
    /// Only up.
    Increasing,
    /// Only down.
    Decreasing,
}

/// The parameters of boosting that do not depend on the task; see [`GbdtParams`](super::GbdtParams) for what they mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the table of GbdtParams says what each means")]
pub struct Settings {
    pub n_estimators: usize,
    pub learning_rate: f64,
    pub num_leaves: usize,
    pub max_depth: Option<usize>,
    pub growth: Growth,
    pub min_child_samples: usize,
    pub min_child_weight: f64,
    pub min_split_gain: f64,
    pub reg_alpha: f64,
    pub reg_lambda: f64,
    pub max_delta_step: f64,
    pub max_bin: usize,
    pub subsample: f64,
    pub colsample_bytree: f64,
    pub max_cat_to_onehot: usize,
    pub max_cat_threshold: usize,
    pub cat_smooth: f64,
    pub cat_l2: f64,
    pub min_data_per_group: usize,
    pub monotone: BTreeMap<String, Monotone>,
    pub early_stopping: Option<usize>,
    pub validation_fraction: f64,
    pub seed: Option<u64>,
    /// Not a part of the model: files do not have it.
    #[serde(skip)]
    pub live: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            n_estimators: 100,
            learning_rate: 0.1,
            num_leaves: 31,
            max_depth: None,
            growth: Growth::LeafWise,
            min_child_samples: 20,
            min_child_weight: 1e-3,
            min_split_gain: 0.0,
            reg_alpha: 0.0,
            reg_lambda: 0.0,
            max_delta_step: 0.0,
            max_bin: 255,
            subsample: 1.0,
            colsample_bytree: 1.0,
            max_cat_to_onehot: 4,
            max_cat_threshold: 32,
            cat_smooth: 10.0,
            cat_l2: 10.0,
            min_data_per_group: 100,
            monotone: BTreeMap::new(),
            early_stopping: None,
            validation_fraction: 0.1,
            seed: None,
            live: true,
        }
    }
}

impl Settings {
    /// Refuses values out of their ranges.
    pub(crate) fn check(&self) -> Result<(), LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        let counts = [
            ("n_estimators", self.n_estimators, 1, 1_000_000, "1 to 1000000"),
            ("num_leaves", self.num_leaves, 2, 32_768, "2 to 32768"),
            ("max_bin", self.max_bin, 2, 255, "2 to 255"),
            ("max_depth", self.max_depth.unwrap_or(1), 1, usize::MAX, "at least 1, or leave it unset"),
            ("early_stopping", self.early_stopping.unwrap_or(1), 1, usize::MAX, "at least 1 round"),
            ("max_cat_threshold", self.max_cat_threshold, 1, usize::MAX, "at least 1"),
        ];
        for (name, value, least, most, expected) in counts {
            if value < least || value > most {
                return refuse(name, value.to_string(), expected);
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return refuse("learning_rate", self.learning_rate.to_string(), "a positive number, for instance 0.1");
        }
        for (name, value) in [("subsample", self.subsample), ("colsample_bytree", self.colsample_bytree)] {
            if !(value > 0.0 && value <= 1.0) {
                return refuse(name, value.to_string(), "a share above 0 and up to 1");
            }
        }
        if !(self.validation_fraction > 0.0 && self.validation_fraction < 1.0) {
            return refuse("validation_fraction", self.validation_fraction.to_string(), "a share between 0 and 1");
        }
        let sizes = [
            ("min_child_weight", self.min_child_weight),
            ("min_split_gain", self.min_split_gain),
            ("reg_alpha", self.reg_alpha),
            ("reg_lambda", self.reg_lambda),
            ("max_delta_step", self.max_delta_step),
            ("cat_smooth", self.cat_smooth),
            ("cat_l2", self.cat_l2),
        ];
        match sizes.iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
            Some((name, value)) => refuse(name, value.to_string(), "a number of at least 0"),
            None => Ok(()),
        }
    }
}
