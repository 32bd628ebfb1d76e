//! Single decision trees.

use super::ensemble::{Ensemble, Tree};
use super::grow::fitted::Fitted;
pub use super::grow::options::{Criterion, Grown, MaxFeatures};
use super::grow::options::{Growth, check_data, growth_setters};
use super::grow::{self, Block, Code, Column, Rng};
use crate::card;
use crate::error::LearnError;
use crate::linear::logistic::ClassWeight;
use crate::model::{Fit, Importances, Predict, PredictProba, Signature};

use crate::task::{Classification, Regression};
use crate::told;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Persist, seed};
use ironbook_data::{Dataset, Matrix};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Parameters of [`DecisionTree`].
pub type DecisionTreeParams = TreeParams<Classification>;
/// Parameters of [`DecisionTreeRegressor`].
pub type DecisionTreeRegressorParams = TreeParams<Regression>;
/// A fitted decision tree for classes.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{DecisionTree, Fit, Predict};
///
/// let petals = Matrix::from_columns(vec![("length".into(), vec![1.4, 1.3, 1.5, 4.7, 4.5, 6.0])])?;
/// let data = Dataset::from_parts(petals, vec![0.0, 0.0, 0.0, 1.0, 1.0, 2.0], "species");
/// let model = DecisionTree::params().max_depth(3).fit(&data)?;
/// assert_eq!(model.predict(&data.features)?, data.target);
/// assert!(model.to_text().starts_with("length <= 3"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type DecisionTree = SingleTree<Classification>;
/// A fitted decision tree for numbers.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{DecisionTreeRegressor, Fit, Predict};
///
/// let age = Matrix::from_columns(vec![("age".into(), vec![1.0, 2.0, 3.0, 10.0, 11.0])])?;
/// let data = Dataset::from_parts(age, vec![5.0, 5.0, 5.0, 8.0, 9.0], "price");
/// let model = DecisionTreeRegressor::params().min_samples_leaf(2).fit(&data)?;
/// assert_eq!(model.predict(&data.features)?, [5.0, 5.0, 5.0, 8.5, 8.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type DecisionTreeRegressor = SingleTree<Regression>;

/// Parameters of a [`SingleTree`]; the defaults are scikit-learn's.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `criterion` | how splits are judged | Gini; squared error for a regression |
/// | `max_depth` | splits between root and leaf at most | none |
/// | `min_samples_split` | rows that a node needs to be split | 2 |
/// | `min_samples_leaf` | rows that each side of a split needs | 1 |
/// | `max_features` | features looked at for each split, drawn anew at each node | all |
/// | `max_leaf_nodes` | leaves at most; the splits that gain most come first then | none |
/// | `min_impurity_decrease` | decrease of impurity that a split needs, times the node's share of all rows | 0 |
/// | `ccp_alpha` | impurity that a leaf must save to stay (minimal cost-complexity pruning) | 0: nothing is pruned |
/// | `class_weight` | none, or balanced; for classes only | none |
/// | `seed` | where features are drawn | derived from the session's seed |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, bound = "")]
pub struct TreeParams<T: Grown> {
    /// How splits are judged.
    pub criterion: Criterion,
    /// Splits between root and leaf at most.
    pub max_depth: Option<usize>,
    /// Rows that a node needs to be split.
    pub min_samples_split: usize,
    /// Rows that each side of a split needs.
    pub min_samples_leaf: usize,
    /// Features looked at for each split.
    pub max_features: MaxFeatures,
    /// Leaves at most.
    pub max_leaf_nodes: Option<usize>,
    /// Decrease of impurity that a split needs.
    pub min_impurity_decrease: f64,
    /// Impurity that a leaf must save to stay.
    pub ccp_alpha: f64,
    /// How much the rows of each class count.
    pub class_weight: ClassWeight,
    /// The seed; `None` for one derived from the session's.
    pub seed: Option<u64>,
    /// The task.
    #[serde(skip)]
    pub task: PhantomData<T>,
}

impl<T: Grown> Default for TreeParams<T> {
    fn default() -> Self {
        Self {
            criterion: T::CRITERION,
            max_depth: None,
            min_samples_split: 2,
            min_samples_leaf: 1,
            max_features: MaxFeatures::All,
            max_leaf_nodes: None,
            min_impurity_decrease: 0.0,
            ccp_alpha: 0.0,
            class_weight: ClassWeight::None,
            seed: None,
            task: PhantomData,
        }
    }
}

growth_setters!(TreeParams);

impl<T: Grown> TreeParams<T> {
    /// Sets the impurity that a leaf must save to stay: the larger, the smaller the tree.
    #[must_use]
    pub fn ccp_alpha(mut self, alpha: f64) -> Self {
        self.ccp_alpha = alpha;
        self
    }
}

impl<T: Grown> Fit for TreeParams<T> {
    type Model = SingleTree<T>;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::Weight`], [`LearnError::NotFinite`] for infinite features, [`LearnError::Interrupted`]; for classes
    /// [`LearnError::NotClasses`] and [`LearnError::OneClass`], for numbers [`LearnError::TargetNotFinite`].
    fn fit(&self, data: &Dataset) -> Result<SingleTree<T>, LearnError> {
        T::fit_tree(self, data)
    }
}

pub(super) fn fit<T: Grown>(params: &TreeParams<T>, data: &Dataset) -> Result<SingleTree<T>, LearnError>
where
    SingleTree<T>: Predict,
{
    let own = |model: Option<&SingleTree<T>>| model.map_or_else(|| params.clone(), |model| model.params.clone());
    told::fitted("DecisionTree", data, own, told::no_curves, || grown(params, data))
}

fn grown<T: Grown>(params: &TreeParams<T>, data: &Dataset) -> Result<SingleTree<T>, LearnError> {
    check_data(data)?;
    if !(params.ccp_alpha >= 0.0 && params.ccp_alpha.is_finite()) {
        let (name, value) = ("ccp_alpha", params.ccp_alpha.to_string());
        return Err(LearnError::Parameter { name, value, expected: "at least 0" });
    }
    let (classes, rows) = T::rows(data, params.class_weight)?;
    let limits = params.growth().limits(data.features.cols(), classes.as_ref())?;
    let features = 0..data.features.cols();
    let columns: Vec<Column> = features.into_par_iter().map(|j| Column::new(&data.features, j, usize::MAX)).collect();
    let mut params = params.clone();
    let seed = *params.seed.get_or_insert_with(|| seed::derive("decision_tree"));
    let mut rng = Rng::new(seed, 0);
    let tree = match columns.iter().map(Column::bins).max().unwrap_or(0) {
        ..256 => grow_all::<u8>(&columns, rows, &limits, &mut rng)?,
        256..65_536 => grow_all::<u16>(&columns, rows, &limits, &mut rng)?,
        _ => grow_all::<u32>(&columns, rows, &limits, &mut rng)?,
    };
    let width = limits.goal.width();
    let tree = if params.ccp_alpha > 0.0 { grow::prune(&tree, params.ccp_alpha, width) } else { tree };
    let fitted = Fitted::new(Signature::of(data, classes), vec![tree], width, data.rows());
    Ok(SingleTree { params, fitted })
}

fn grow_all<C: Code>(
    columns: &[Column],
    rows: Vec<grow::Row>,
    limits: &grow::Limits,
    rng: &mut Rng,
) -> Result<Tree, LearnError> {
    let mut block = Block::<C>::default();
    block.fill(&Block::new(columns, rows), None);
    Ok(grow::grow(&mut block, columns, limits, rng)?)
}

/// A fitted decision tree; see [`DecisionTree`] and [`DecisionTreeRegressor`].
///
/// Every midpoint between two neighbouring values of a node is tried, as in scikit-learn (CART: Breiman, Friedman, Olshen
/// & Stone 1984): structure and predictions are scikit-learn's except where two splits are equally good; of those the
/// one of the first feature is taken. Values are compared as `f32`. Missing values go to the side that is better for
/// the split; where a node had none in the fit, to the side with more rows. Text is split into two sets of categories:
/// those that occur in the node are ordered by the mean of the target (two classes: share of the second one; several:
/// share of the node's largest class), and the cut is made in that order, which is the best cut of all for numbers and
/// two classes. Other categories go to the heavier side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct SingleTree<T: Grown> {
    params: TreeParams<T>,
    fitted: Fitted,
}

impl<T: Grown> SingleTree<T> {
    /// Parameters with their defaults.
    pub fn params() -> TreeParams<T> {
        TreeParams::default()
    }

    /// The parameters it was fitted with, the seed among them.
    pub fn fitted_params(&self) -> &TreeParams<T> {
        &self.params
    }

    /// The tree as an ensemble of one.
    pub fn ensemble(&self) -> &Ensemble {
        &self.fitted.ensemble
    }

    /// Splits between the root and the deepest leaf.
    pub fn depth(&self) -> usize {
        self.fitted.depth()
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.fitted.leaves()
    }

    /// The tree in words: a line per condition and per leaf, indented by depth.
    pub fn to_text(&self) -> String {
        self.fitted.to_text()
    }
}

impl Predict for SingleTree<Classification> {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.fitted.classes(features)
    }

    fn signature(&self) -> Signature {
        self.fitted.signature.clone()
    }
}

impl PredictProba for SingleTree<Classification> {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.fitted.second_share(features)
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        self.fitted.share_matrix(features)
    }
}

impl Predict for SingleTree<Regression> {
    type Task = Regression;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(self.fitted.outputs(features)?.swap_remove(0))
    }

    fn signature(&self) -> Signature {
        self.fitted.signature.clone()
    }
}

/// Mean decrease of impurity: what the splits by a feature gained, as a share of what all splits gained (scikit-learn's
/// `feature_importances_`).
impl<T: Grown> Importances for SingleTree<T> {
    fn importances(&self) -> Vec<(String, f64)> {
        self.fitted.importances()
    }
}

impl Persist for SingleTree<Classification> {
    const FORMAT: &'static str = "ironbook/decision_tree";

    ironbook_core::persist_here!();

    fn flaw(&self) -> Option<String> {
        self.fitted.flaw()
    }
}

impl Persist for SingleTree<Regression> {
    const FORMAT: &'static str = "ironbook/decision_tree_regressor";

    ironbook_core::persist_here!();

    fn flaw(&self) -> Option<String> {
        self.fitted.flaw()
    }
}

impl<T: Grown> Display for SingleTree<T> {
    fn bundle(&self) -> Bundle {
        T::show_tree(self)
    }
}

impl<T: Grown> Display for TreeParams<T> {
    fn bundle(&self) -> Bundle {
        T::show_tree_params(self)
    }
}

pub(super) fn show<T: Grown>(model: &SingleTree<T>) -> Bundle {
    let main = ["criterion", "max_depth", "min_samples_leaf"];
    let words = card::parameters(&model.params, &TreeParams::<T>::default(), &main);
    shown((T::TREE, T::NAME), &model.fitted, &words)
}

fn shown((name, task): (&str, &str), fitted: &Fitted, parameters: &str) -> Bundle {
    let mut table = card::model(name, task, &fitted.signature, fitted.n_rows, &["feature", "importance"]);
    table.field("parameters", parameters);
    card::importances(&mut table, &fitted.importances(), &|_| Vec::new());
    table.note(format!("depth {}, {} leaves; to_text() shows the splits", fitted.depth(), fitted.leaves()));
    table.bundle()
}

impl<T: Grown> Inspect for SingleTree<T> {
    fn shape(&self) -> Option<String> {
        Some(format!("{} features, {} leaves", self.fitted.ensemble.n_features, self.leaves()))
    }

    fn heap_bytes(&self) -> u64 {
        self.fitted.heap_bytes()
    }
}
