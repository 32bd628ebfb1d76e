//! Parameters that single trees and forests share, and what they mean for a data set.

use super::{Goal, Limits, Row};
use crate::card;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::linear::logistic::ClassWeight;
use crate::task::{Classification, Regression, Task};
use crate::tree::forest::{self, Forest, ForestParams};
use crate::tree::single::{self, SingleTree, TreeParams};
use ironbook_core::Bundle;
use ironbook_data::Dataset;
use serde::{Deserialize, Serialize};

/// How splits are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// The Gini impurity, for classes.
    Gini,
    /// Entropy in bits (scikit-learn's `entropy` and `log_loss`), for classes.
    #[serde(alias = "log_loss")]
    Entropy,
    /// Squared error, for numbers.
    SquaredError,
}

/// How many features are looked at for each split; they are drawn anew at each node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxFeatures {
    /// All of them.
    All,
    /// The square root of their number, rounded down.
    Sqrt,
    /// The binary logarithm of their number, rounded down.
    Log2,
    /// This many.
    Count(usize),
    /// This share of them, above 0 and at most 1, rounded down.
    Share(f64),
}

/// A task that trees are grown for: [`Classification`] or [`Regression`].
pub trait Grown: Task + PartialEq {
    /// The criterion unless another is set.
    const CRITERION: Criterion;
    /// Features looked at by forests unless told.
    const FOREST_FEATURES: MaxFeatures;
    /// Name of a single tree.
    const TREE: &'static str;
    /// Name of a forest.
    const FOREST: &'static str;

    /// The classes, and the targets and weights of the rows.
    #[doc(hidden)]
    fn rows(data: &Dataset, class_weight: ClassWeight) -> Result<(Option<Classes>, Vec<Row>), LearnError>;

    /// Fits a forest. A method of each task, so that growing is compiled once, with this crate, and not (unoptimised) into
    /// each cell that fits one.
    #[doc(hidden)]
    fn fit_forest(params: &ForestParams<Self>, data: &Dataset) -> Result<Forest<Self>, LearnError>;

    /// Fits a single tree; a method for the same reason.
    #[doc(hidden)]
    fn fit_tree(params: &TreeParams<Self>, data: &Dataset) -> Result<SingleTree<Self>, LearnError>;

    /// The displays; methods for the same reason.
    #[doc(hidden)]
    fn show_forest(model: &Forest<Self>) -> Bundle;
    #[doc(hidden)]
    fn show_tree(model: &SingleTree<Self>) -> Bundle;
    #[doc(hidden)]
    fn show_forest_params(params: &ForestParams<Self>) -> Bundle;
    #[doc(hidden)]
    fn show_tree_params(params: &TreeParams<Self>) -> Bundle;
}

/// The methods of a task that are alike for all.
macro_rules! compiled_here {
    () => {
        #[inline(never)]
        fn fit_forest(params: &ForestParams<Self>, data: &Dataset) -> Result<Forest<Self>, LearnError> {
            forest::fit(params, data)
        }

        #[inline(never)]
        fn fit_tree(params: &TreeParams<Self>, data: &Dataset) -> Result<SingleTree<Self>, LearnError> {
            single::fit(params, data)
        }

        fn show_forest(model: &Forest<Self>) -> Bundle {
            forest::show(model)
        }

        fn show_tree(model: &SingleTree<Self>) -> Bundle {
            single::show(model)
        }

        fn show_forest_params(params: &ForestParams<Self>) -> Bundle {
            card::unfitted(Self::FOREST, params, &ForestParams::<Self>::default())
        }

        fn show_tree_params(params: &TreeParams<Self>) -> Bundle {
            card::unfitted(Self::TREE, params, &TreeParams::<Self>::default())
        }
    };
}

impl Grown for Classification {
    const CRITERION: Criterion = Criterion::Gini;
    const FOREST_FEATURES: MaxFeatures = MaxFeatures::Sqrt;
    const TREE: &'static str = "DecisionTree";
    const FOREST: &'static str = "RandomForest";

    fn rows(data: &Dataset, class_weight: ClassWeight) -> Result<(Option<Classes>, Vec<Row>), LearnError> {
        let classes = Classes::of(data)?;
        let numbers = classes.numbers(data)?;
        let mut weights = vec![0.0; classes.len()];
        numbers.iter().enumerate().for_each(|(i, &class)| weights[class] += weight(data, i));
        if weights.iter().filter(|w| **w > 0.0).count() < 2 {
            let only = weights.iter().position(|w| *w > 0.0).map_or(f64::NAN, |class| classes.values[class]);
            return Err(LearnError::one_class(data, only));
        }
        let (total, count) = (weights.iter().sum::<f64>(), weights.iter().filter(|w| **w > 0.0).count());
        let factor = |class: usize| match class_weight {
            ClassWeight::None => 1.0,
            ClassWeight::Balanced => total / (count as f64 * weights[class]),
        };
        let row = |(i, &class): (usize, &usize)| {
            let w = weight(data, i);
            Row { y: class as f64, w: if w > 0.0 { w * factor(class) } else { 0.0 } }
        };
        let rows = numbers.iter().enumerate().map(row).collect();
        Ok((Some(classes), rows))
    }

    compiled_here!();
}

impl Grown for Regression {
    const CRITERION: Criterion = Criterion::SquaredError;
    const FOREST_FEATURES: MaxFeatures = MaxFeatures::All;
    const TREE: &'static str = "DecisionTreeRegressor";
    const FOREST: &'static str = "RandomForestRegressor";

    fn rows(data: &Dataset, _: ClassWeight) -> Result<(Option<Classes>, Vec<Row>), LearnError> {
        check::values(data)?;
        let row = |(i, &y): (usize, &f64)| Row { y, w: weight(data, i) };
        Ok((None, data.target.iter().enumerate().map(row).collect()))
    }

    compiled_here!();
}

fn weight(data: &Dataset, row: usize) -> f64 {
    data.weights.as_ref().map_or(1.0, |weights| weights[row])
}

/// Refuses data that no tree can be grown on: infinite features, besides what all models refuse.
pub(crate) fn check_data(data: &Dataset) -> Result<(), LearnError> {
    check::shape(data)?;
    let columns = (0..data.features.cols()).map(|j| (&data.features.names()[j], data.features.column(j)));
    columns.into_iter().try_for_each(|(name, values)| not_infinite(name, values))
}

/// Refuses infinite values; missing ones are fine.
pub(crate) fn not_infinite(name: &str, values: &[f64]) -> Result<(), LearnError> {
    let infinite = values.iter().filter(|v| v.is_infinite()).count();
    if infinite == 0 {
        return Ok(());
    }
    Err(LearnError::NotFinite { column: name.to_owned(), nan: 0, infinite, rows: values.len() })
}

/// The parameters that decide how one tree grows.
#[derive(Clone, Debug)]
pub(crate) struct Growth {
    pub(crate) criterion: Criterion,
    pub(crate) max_depth: Option<usize>,
    pub(crate) min_samples_split: usize,
    pub(crate) min_samples_leaf: usize,
    pub(crate) max_features: MaxFeatures,
    pub(crate) max_leaf_nodes: Option<usize>,
    pub(crate) min_impurity_decrease: f64,
}

impl Growth {
    /// Checks the parameters; `features` is the number of features.
    pub(crate) fn limits(&self, features: usize, classes: Option<&Classes>) -> Result<Limits, LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        let goal = match (self.criterion, classes.map(Classes::len)) {
            (Criterion::SquaredError, None) => Goal::Value,
            (Criterion::Gini, Some(classes)) => Goal::Gini { classes },
            (Criterion::Entropy, Some(classes)) => Goal::Entropy { classes },
            (other, None) => return refuse("criterion", format!("{other:?}"), "SquaredError, for a regression"),
            (other, Some(_)) => return refuse("criterion", format!("{other:?}"), "Gini or Entropy, for a classifier"),
        };
        if self.max_depth == Some(0) {
            return refuse("max_depth", "0".to_owned(), "at least 1, or None for no limit");
        }
        if self.min_samples_split < 2 {
            return refuse("min_samples_split", self.min_samples_split.to_string(), "at least 2");
        }
        if self.min_samples_leaf == 0 {
            return refuse("min_samples_leaf", "0".to_owned(), "at least 1");
        }
        if let Some(leaves) = self.max_leaf_nodes.filter(|leaves| *leaves < 2) {
            return refuse("max_leaf_nodes", leaves.to_string(), "at least 2, or None for no limit");
        }
        if !(self.min_impurity_decrease >= 0.0 && self.min_impurity_decrease.is_finite()) {
            return refuse("min_impurity_decrease", self.min_impurity_decrease.to_string(), "at least 0");
        }
        let max_features = match self.max_features {
            MaxFeatures::All => features,
            MaxFeatures::Sqrt => features.isqrt(),
            MaxFeatures::Log2 => features.ilog2() as usize,
            MaxFeatures::Count(count) if (1..=features).contains(&count) => count,
            MaxFeatures::Share(share) if share > 0.0 && share <= 1.0 => (share * features as f64) as usize,
            other => {
                let expected = "Count(1) up to the number of features, or a Share above 0 and at most 1";
                return refuse("max_features", format!("{other:?}"), expected);
            }
        };
        Ok(Limits {
            goal,
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_split: self.min_samples_split,
            min_leaf: self.min_samples_leaf,
            max_leaves: self.max_leaf_nodes,
            min_decrease: self.min_impurity_decrease,
            max_features: max_features.max(1),
        })
    }
}

/// Setters of the parameters in [`Growth`], for two structs that have them as plain fields: a trait's methods would have
/// to be imported before they can be called.
macro_rules! growth_setters {
    ($params:ident) => {
        impl<T: Grown> $params<T> {
            /// Parameters with their defaults.
            pub fn new() -> Self {
                Self::default()
            }

            /// Sets the number of splits between root and leaf at most.
            #[must_use]
            pub fn max_depth(mut self, max_depth: usize) -> Self {
                self.max_depth = Some(max_depth);
                self
            }

            /// Sets the number of rows that a node needs to be split.
            #[must_use]
            pub fn min_samples_split(mut self, rows: usize) -> Self {
                self.min_samples_split = rows;
                self
            }

            /// Sets the number of rows that each side of a split needs.
            #[must_use]
            pub fn min_samples_leaf(mut self, rows: usize) -> Self {
                self.min_samples_leaf = rows;
                self
            }

            /// Sets how many features are looked at for each split.
            #[must_use]
            pub fn max_features(mut self, max_features: MaxFeatures) -> Self {
                self.max_features = max_features;
                self
            }

            /// Sets the number of leaves at most; the splits that gain most are made first then.
            #[must_use]
            pub fn max_leaf_nodes(mut self, leaves: usize) -> Self {
                self.max_leaf_nodes = Some(leaves);
                self
            }

            /// Sets the decrease of impurity that a split needs, weighted by the node's share of all rows.
            #[must_use]
            pub fn min_impurity_decrease(mut self, decrease: f64) -> Self {
                self.min_impurity_decrease = decrease;
                self
            }

            /// Sets the seed of all random choices.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.seed = Some(seed);
                self
            }

            fn growth(&self) -> Growth {
                Growth {
                    criterion: self.criterion,
                    max_depth: self.max_depth,
                    min_samples_split: self.min_samples_split,
                    min_samples_leaf: self.min_samples_leaf,
                    max_features: self.max_features,
                    max_leaf_nodes: self.max_leaf_nodes,
                    min_impurity_decrease: self.min_impurity_decrease,
                }
            }
        }

        impl $params<Classification> {
            /// Sets how splits are judged: [`Criterion::Gini`] or [`Criterion::Entropy`].
            #[must_use]
            pub fn criterion(mut self, criterion: Criterion) -> Self {
                self.criterion = criterion;
                self
            }

            /// Sets how much the rows of each class count.
            #[must_use]
            pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
                self.class_weight = class_weight;
                self
            }
        }
    };
}
pub(crate) use growth_setters;
