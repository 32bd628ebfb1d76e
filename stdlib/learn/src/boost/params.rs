//! The parameters of boosted trees, with their setters.

use super::booster::{Booster, Plan};
use super::model::{Boosted, Gbdt, GbdtRanker, GbdtRegressor};
use super::settings::{Growth, Monotone, Settings};
use super::task::Boosting;
use super::train::HistogramBooster;
use crate::error::LearnError;
use crate::linear::logistic::ClassWeight;
use crate::model::Fit;
use crate::task::{Classification, Ranking, Regression};
use ironbook_core::{Bundle, Display};
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// What a regression minimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Squared error: predicts means.
    #[default]
    Squared,
    /// Absolute error: predicts medians.
    Absolute,
    /// Squared up to this error, absolute beyond it.
    Huber(f64),
    /// Predicts the value below which this share of the rows lies.
    Quantile(f64),
    /// Counts, at least 0; predicts their mean.
    Poisson,
    /// Positive amounts; predicts their mean.
    Gamma,
    /// Amounts of which many are 0, with a power between 1 and 2; predicts their mean.
    Tweedie(f64),
}

/// Parameters of [`Gbdt`], [`GbdtRegressor`] and [`GbdtRanker`]; the defaults are LightGBM's unless another is named.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `n_estimators` | rounds of boosting: trees, or trees per class | 100 |
/// | `learning_rate` | by how much each tree's outputs are shrunk | 0.1 |
/// | `num_leaves` | leaves of a tree at most | 31 |
/// | `max_depth` | splits between root and leaf at most | none |
/// | `growth` | the leaf that gains most first, or level by level | leaf-wise |
/// | `min_child_samples` | rows of a leaf at least, estimated from the second derivatives as LightGBM does (exact where all rows have the same) | 20 |
/// | `min_child_weight` | sum of second derivatives in a leaf at least | 0.001 |
/// | `min_split_gain` | gain of a split at least | 0 |
/// | `reg_alpha`, `reg_lambda` | L1 and L2 penalty on the outputs of leaves | 0, 0 |
/// | `max_delta_step` | largest output of a leaf before shrinking; 0 for any | 0 |
/// | `max_bin` | bins per feature at most, besides the one for missing values | 255 |
/// | `subsample` | share of the rows that each round learns from | 1 |
/// | `colsample_bytree` | share of the features that each round may use | 1 |
/// | `max_cat_to_onehot` | up to this many categories, one is split from the others | 4 |
/// | `max_cat_threshold` | categories on the smaller side of other splits at most | 32 |
/// | `cat_smooth`, `cat_l2` | smoothing of the order of categories, L2 penalty of their splits | 10, 10 |
/// | `min_data_per_group` | rows per group of categories at least | 100 |
/// | `monotone` | features that predictions may only rise or fall with | none |
/// | `early_stopping` | rounds without a better validation metric after which to stop | none |
/// | `validation_fraction` | share of the rows (of the groups, for rankings) to validate on when `fit` stops early | 0.1 (scikit-learn) |
/// | `seed` | seed of everything random | the session's |
/// | `live` | the learning curve moves while trees grow, if rows are validated on and it takes half a second | on |
/// | `class_weight`, `scale_pos_weight` | how much classes count (classifier) | none, 1 |
/// | `loss` | what is minimised (regression) | squared error |
/// | `truncation` | places from the top that count (ranking) | 30 |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", default)]
pub struct GbdtParams<T: Boosting> {
    /// Parameters that do not depend on the task.
    #[serde(flatten)]
    pub settings: Settings,
    /// What a regression minimises.
    pub loss: Loss,
    /// How much the rows of each class count.
    pub class_weight: ClassWeight,
    /// How much the second of two classes counts.
    pub scale_pos_weight: f64,
    /// Places from the top of a ranking that count.
    pub truncation: usize,
    #[serde(skip)]
    task: PhantomData<T>,
}

impl<T: Boosting> Default for GbdtParams<T> {
    fn default() -> Self {
        GbdtParams {
            settings: Settings::default(),
            loss: Loss::Squared,
            class_weight: ClassWeight::None,
            scale_pos_weight: 1.0,
            truncation: 30,
            task: PhantomData,
        }
    }
}

macro_rules! setters { // one body for setters that differ in name and type only
    ($($(#[$doc:meta])* $name:ident: $type:ty),+ $(,)?) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.settings.$name = $name;
            self
        }
    )+ };
}

impl<T: Boosting> GbdtParams<T> {
    /// Parameters with their defaults.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the number of rounds.
        n_estimators: usize,
        /// Sets by how much each tree's outputs are shrunk.
        learning_rate: f64,
        /// Sets the number of leaves of a tree at most.
        num_leaves: usize,
        /// Sets in which order leaves are split.
        growth: Growth,
        /// Sets the number of rows of a leaf at least.
        min_child_samples: usize,
        /// Sets the sum of second derivatives in a leaf at least.
        min_child_weight: f64,
        /// Sets the gain of a split at least.
        min_split_gain: f64,
        /// Sets the L1 penalty.
        reg_alpha: f64,
        /// Sets the L2 penalty.
        reg_lambda: f64,
        /// Sets the largest output of a leaf before shrinking; 0 for any.
        max_delta_step: f64,
        /// Sets the number of bins per feature at most.
        max_bin: usize,
        /// Sets the share of the rows that each round learns from.
        subsample: f64,
        /// Sets the share of the features that each round may use.
        colsample_bytree: f64,
        /// Sets up to how many categories one is split from the others.
        max_cat_to_onehot: usize,
        /// Sets how many categories the smaller side of a split may have.
        max_cat_threshold: usize,
        /// Sets the smoothing of the order of categories.
        cat_smooth: f64,
        /// Sets the L2 penalty of splits by categories.
        cat_l2: f64,
        /// Sets the number of rows per group of categories at least.
        min_data_per_group: usize,
        /// Sets the share of the rows that `fit` validates on when it stops early.
        validation_fraction: f64,
        /// Sets whether the learning curve is shown while trees grow, where rows are validated on.
        live: bool,
    }

    /// Sets the number of splits between root and leaf at most.
    #[must_use]
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.settings.max_depth = Some(max_depth);
        self
    }

    /// Makes predictions only rise, or only fall, with a feature, while the others stay as they are.
    #[must_use]
    pub fn monotone(mut self, feature: impl Into<String>, direction: Monotone) -> Self {
        self.settings.monotone.insert(feature.into(), direction);
        self
    }

    /// Stops once the metric on the validation rows has not become better for this many rounds, and keeps the trees up to
    /// the best round. `fit` takes a share of the rows to validate on, [`fit_eval`](Self::fit_eval) those given.
    #[must_use]
    pub fn early_stopping(mut self, rounds: usize) -> Self {
        self.settings.early_stopping = Some(rounds);
        self
    }

    /// Sets the seed; the session's unless told.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Fits to `train` and measures on `valid` after each round.
    ///
    /// # Errors
    /// As `fit`; what does not match between `train` and `valid`, as at predictions.
    pub fn fit_eval(&self, train: &Dataset, valid: &Dataset) -> Result<Boosted<T>, LearnError> {
        self.fit_with(&HistogramBooster, train, Some(valid))
    }

    /// Fits with another engine.
    ///
    /// # Errors
    /// As `fit`, and what the engine refuses.
    pub fn fit_with(
        &self,
        booster: &dyn Booster,
        train: &Dataset,
        valid: Option<&Dataset>,
    ) -> Result<Boosted<T>, LearnError> {
        T::fit(self, booster, train, valid)
    }

    pub(super) fn plan(&self, objective: super::Objective, monotone: Vec<i8>, seed: u64) -> Plan {
        Plan { title: T::MODEL, settings: self.settings.clone(), objective, monotone, seed }
    }
}

impl GbdtParams<Classification> {
    /// Sets how much the rows of each class count.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// Sets how much the second of two classes counts.
    #[must_use]
    pub fn scale_pos_weight(mut self, scale_pos_weight: f64) -> Self {
        self.scale_pos_weight = scale_pos_weight;
        self
    }
}

impl GbdtParams<Regression> {
    /// Sets what is minimised.
    #[must_use]
    pub fn loss(mut self, loss: Loss) -> Self {
        self.loss = loss;
        self
    }
}

impl GbdtParams<Ranking> {
    /// Sets how many places from the top count.
    #[must_use]
    pub fn truncation(mut self, truncation: usize) -> Self {
        self.truncation = truncation;
        self
    }
}

impl<T: Boosting> Display for GbdtParams<T> {
    fn bundle(&self) -> Bundle {
        T::show_params(self)
    }
}

impl<T: Boosting> Fit for GbdtParams<T> {
    type Model = Boosted<T>;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::Weight`], [`LearnError::ZeroWeights`], [`LearnError::Constraint`]; classifiers
    /// [`LearnError::NotClasses`], [`LearnError::OneClass`]; regressions and rankings [`LearnError::TargetNotFinite`],
    /// [`LearnError::TargetRange`]; rankings [`LearnError::NoGroups`]; [`LearnError::Interrupted`].
    fn fit(&self, data: &Dataset) -> Result<Boosted<T>, LearnError> {
        self.fit_with(&HistogramBooster, data, None)
    }
}

impl Gbdt {
    /// Parameters with their defaults.
    pub fn params() -> GbdtParams<Classification> {
        GbdtParams::new()
    }
}

impl GbdtRegressor {
    /// Parameters with their defaults.
    pub fn params() -> GbdtParams<Regression> {
        GbdtParams::new()
    }
}

impl GbdtRanker {
    /// Parameters with their defaults.
    pub fn params() -> GbdtParams<Ranking> {
        GbdtParams::new()
    }
}
