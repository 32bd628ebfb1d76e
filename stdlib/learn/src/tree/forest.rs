//! Random forests.

mod oob;

use super::ensemble::{Ensemble, Tree};
use super::grow::fitted::Fitted;
use super::grow::options::{Criterion, Grown, Growth, MaxFeatures, check_data, growth_setters};
use super::grow::{self, Block, Code, Column, Limits, Rng, Row, bootstrap};
use crate::card;
use crate::error::LearnError;
use crate::linear::logistic::ClassWeight;
use crate::model::{Fit, Importances, Predict, PredictProba, Signature};
use crate::table::number;
use crate::task::{Classification, Regression};
use crate::told;
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display, Interrupted, Persist, Progress, seed};
use ironbook_data::{Dataset, Matrix};
use oob::{Bag, OutOfBag};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

/// Parameters of [`RandomForest`].
pub type RandomForestParams = ForestParams<Classification>;
/// Parameters of [`RandomForestRegressor`].
pub type RandomForestRegressorParams = ForestParams<Regression>;
/// A fitted random forest for classes: the probability of a class is the mean of its share in the leaves.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{Fit, PredictProba, RandomForest};
///
/// let hours = Matrix::from_columns(vec![("hours".into(), vec![0.5, 1.0, 1.5, 2.0, 2.5, 3.0])])?;
/// let data = Dataset::from_parts(hours, vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0], "passed");
/// let model = RandomForest::params().n_estimators(50).seed(1).fit(&data)?;
/// let chances = model.predict_proba(&data.features)?;
/// assert!(chances[0] < 0.2 && chances[5] > 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RandomForest = Forest<Classification>;
/// A fitted random forest for numbers: the mean of its trees.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{Fit, Predict, RandomForestRegressor};
///
/// let x: Vec<f64> = (0..100).map(f64::from).collect();
/// let squares = x.iter().map(|x| x * x).collect();
/// let data = Dataset::from_parts(Matrix::from_columns(vec![("x".into(), x)])?, squares, "y");
/// let model = RandomForestRegressor::params().seed(1).fit(&data)?;
/// assert!((model.predict(&data.features)?[50] - 2500.0).abs() < 100.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RandomForestRegressor = Forest<Regression>;

/// Parameters of a [`Forest`]; the defaults are scikit-learn's, except for `max_bins`, which scikit-learn does not have.
///
/// | name | meaning | default |
/// |---|---|---|
/// | `n_estimators` | number of trees | 100 |
/// | `criterion` | how splits are judged | Gini; squared error for a regression |
/// | `max_depth` | splits between root and leaf at most | none |
/// | `min_samples_split` | rows that a node needs to be split | 2 |
/// | `min_samples_leaf` | rows that each side of a split needs | 1 |
/// | `max_features` | features looked at for each split, drawn anew at each node | square root; all for a regression |
/// | `max_leaf_nodes` | leaves at most; the splits that gain most come first then | none |
/// | `min_impurity_decrease` | decrease of impurity that a split needs, times the node's share of all rows | 0 |
/// | `bootstrap` | whether each tree gets rows drawn with replacement | true |
/// | `max_samples` | rows drawn for each tree, as a share of all rows | none: as many as there are |
/// | `oob_score` | whether each row is predicted by the trees that have not seen it | false |
/// | `class_weight` | none, or balanced; for classes only | none |
/// | `max_bins` | bins that a column of numbers is cut into before the fit; 255 halve the time where most values differ | none (Ironbook): all splits are exact |
/// | `seed` | where rows and features are drawn | derived from the session's seed |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, bound = "")]
pub struct ForestParams<T: Grown> {
    /// Number of trees.
    pub n_estimators: usize,
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
    /// Whether each tree gets rows drawn with replacement.
    pub bootstrap: bool,
    /// Rows drawn for each tree, as a share of all rows.
    pub max_samples: Option<f64>,
    /// Whether each row is predicted by the trees that have not seen it.
    pub oob_score: bool,
    /// How much the rows of each class count.
    pub class_weight: ClassWeight,
    /// Bins that a column of numbers is cut into at most.
    pub max_bins: Option<usize>,
    /// The seed; `None` for one derived from the session's.
    pub seed: Option<u64>,
    /// The task.
    #[serde(skip)]
    pub task: PhantomData<T>,
}

impl<T: Grown> Default for ForestParams<T> {
    fn default() -> Self {
        Self {
            n_estimators: 100,
            criterion: T::CRITERION,
            max_depth: None,
            min_samples_split: 2,
            min_samples_leaf: 1,
            max_features: T::FOREST_FEATURES,
            max_leaf_nodes: None,
            min_impurity_decrease: 0.0,
            bootstrap: true,
            max_samples: None,
            oob_score: false,
            class_weight: ClassWeight::None,
            max_bins: None,
            seed: None,
            task: PhantomData,
        }
    }
}

growth_setters!(ForestParams);

impl<T: Grown> ForestParams<T> {
    /// Sets the number of trees.
    #[must_use]
    pub fn n_estimators(mut self, trees: usize) -> Self {
        self.n_estimators = trees;
        self
    }

    /// Sets whether each tree gets rows drawn with replacement, or all rows.
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: bool) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// Sets how many rows are drawn for each tree, as a share of all rows.
    #[must_use]
    pub fn max_samples(mut self, share: f64) -> Self {
        self.max_samples = Some(share);
        self
    }

    /// Sets whether each row is predicted by the trees that have not seen it; see [`Forest::oob_score`].
    #[must_use]
    pub fn oob_score(mut self, oob_score: bool) -> Self {
        self.oob_score = oob_score;
        self
    }

    /// Sets the number of bins that a column of numbers is cut into at most.
    #[must_use]
    pub fn max_bins(mut self, bins: usize) -> Self {
        self.max_bins = Some(bins);
        self
    }

    fn check(&self) -> Result<(), LearnError> {
        let refuse = |name, value: String, expected| Err(LearnError::Parameter { name, value, expected });
        if self.n_estimators == 0 {
            return refuse("n_estimators", "0".to_owned(), "at least 1");
        }
        if let Some(share) = self.max_samples.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
            return refuse("max_samples", share.to_string(), "a share above 0 and at most 1");
        }
        if self.max_samples.is_some() && !self.bootstrap {
            return refuse("max_samples", format!("{:?}", self.max_samples), "None where bootstrap is false");
        }
        if self.oob_score && !self.bootstrap {
            return refuse("oob_score", "true".to_owned(), "false where bootstrap is false: every tree sees all rows");
        }
        if let Some(bins) = self.max_bins.filter(|bins| *bins < 2) {
            return refuse("max_bins", bins.to_string(), "at least 2, or None for exact splits");
        }
        Ok(())
    }

    /// Grows the trees, each from random numbers of its own: which thread grows which does not matter.
    fn grow<C: Code>(
        &self,
        columns: &[Column],
        rows: Vec<Row>,
        limits: &Limits,
    ) -> Result<Vec<(Tree, Bag)>, LearnError> {
        let count = rows.len();
        let draws = self.max_samples.map_or(count, |share| ((share * count as f64).round() as usize).max(1));
        let seed = self.seed.unwrap_or_default();
        let all = Block::<C>::new(columns, rows);
        let progress = Mutex::new(Progress::new(T::FOREST, Some(self.n_estimators as u64)));
        let tree = |block: &mut Block<C>, number: usize| {
            let mut rng = Rng::new(seed, number);
            let counts = self.bootstrap.then(|| bootstrap(&mut rng, count, draws));
            block.fill(&all, counts.as_deref());
            let tree = if block.len() == 0 { None } else { Some(grow::grow(block, columns, limits, &mut rng)?) };
            progress.lock().unwrap_or_else(PoisonError::into_inner).inc(1);
            let bag = if self.oob_score { Bag::new(counts.as_deref().unwrap_or_default()) } else { Bag::default() };
            Ok(tree.map(|tree| (tree, bag)))
        };
        let numbers = (0..self.n_estimators).into_par_iter().with_max_len(1);
        let trees: Result<Vec<_>, Interrupted> = numbers.map_init(Block::default, tree).collect();
        // A tree of which all rows have weight 0 says nothing.
        let trees: Vec<(Tree, Bag)> = trees?.into_iter().flatten().collect();
        if trees.is_empty() { Err(LearnError::ZeroWeights) } else { Ok(trees) }
    }
}

impl<T: Grown> Fit for ForestParams<T> {
    type Model = Forest<T>;

    /// # Errors
    /// [`LearnError::Parameter`], [`LearnError::NoRows`], [`LearnError::NoFeatures`], [`LearnError::Length`],
    /// [`LearnError::Weight`], [`LearnError::NotFinite`] for infinite features, [`LearnError::Interrupted`]; for classes
    /// [`LearnError::NotClasses`] and [`LearnError::OneClass`], for numbers [`LearnError::TargetNotFinite`].
    fn fit(&self, data: &Dataset) -> Result<Forest<T>, LearnError> {
        T::fit_forest(self, data)
    }
}

pub(super) fn fit<T: Grown>(params: &ForestParams<T>, data: &Dataset) -> Result<Forest<T>, LearnError>
where
    Forest<T>: Predict,
{
    let own = |model: Option<&Forest<T>>| model.map_or_else(|| params.clone(), |model| model.params.clone());
    told::fitted("RandomForest", data, own, told::no_curves, || grown(params, data))
}

fn grown<T: Grown>(params: &ForestParams<T>, data: &Dataset) -> Result<Forest<T>, LearnError> {
    params.check()?;
    check_data(data)?;
    let (classes, rows) = T::rows(data, params.class_weight)?;
    let limits = params.growth().limits(data.features.cols(), classes.as_ref())?;
    let mut params = params.clone();
    params.seed.get_or_insert_with(|| seed::derive("random_forest"));
    let targets: Vec<f64> = if params.oob_score { rows.iter().map(|row| row.y).collect() } else { Vec::new() };
    let features = 0..data.features.cols();
    let columns: Vec<Column> = features
        .into_par_iter()
        .map(|j| Column::new(&data.features, j, params.max_bins.unwrap_or(usize::MAX)))
        .collect();
    let grown = match columns.iter().map(Column::bins).max().unwrap_or(0) {
        ..256 => params.grow::<u8>(&columns, rows, &limits)?,
        256..65_536 => params.grow::<u16>(&columns, rows, &limits)?,
        _ => params.grow::<u32>(&columns, rows, &limits)?,
    };
    let (trees, bags): (Vec<Tree>, Vec<Bag>) = grown.into_iter().unzip();
    let width = limits.goal.width();
    let oob = params.oob_score.then(|| OutOfBag::new(&trees, &bags, &data.features, width)).transpose()?;
    let oob_score = oob.as_ref().and_then(|oob| oob.score(&targets, classes.is_some()));
    let warning = oob.as_ref().and_then(OutOfBag::warning);
    let oob_predictions = oob.map(OutOfBag::into_predictions);
    let fitted = Fitted::new(Signature::of(data, classes), trees, width, data.rows());
    Ok(Forest { params, fitted, oob_score, oob_predictions, warning })
}

/// A fitted random forest (Breiman 2001); see [`RandomForest`] and [`RandomForestRegressor`].
///
/// Each tree is grown on rows drawn with replacement, each split on the best of some features drawn anew. Splits are
/// those of [`SingleTree`](super::single::SingleTree), missing values and text included; with `max_bins`, a
/// column of more values is first cut into as many bins of about the same number of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Forest<T: Grown> {
    params: ForestParams<T>,
    fitted: Fitted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oob_score: Option<f64>,
    #[serde(skip)]
    oob_predictions: Option<Vec<Vec<f64>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl<T: Grown> Forest<T> {
    /// Parameters with their defaults.
    pub fn params() -> ForestParams<T> {
        ForestParams::default()
    }

    /// The parameters it was fitted with, the seed among them.
    pub fn fitted_params(&self) -> &ForestParams<T> {
        &self.params
    }

    /// The trees.
    pub fn ensemble(&self) -> &Ensemble {
        &self.fitted.ensemble
    }

    /// Number of leaves of all trees.
    pub fn leaves(&self) -> usize {
        self.fitted.leaves()
    }

    /// Splits between root and leaf at most.
    pub fn depth(&self) -> usize {
        self.fitted.depth()
    }

    /// How well each row is predicted by the trees that have not seen it: accuracy for classes, R² for numbers; rows that
    /// all trees have seen are left out. `None` unless `oob_score` was set.
    pub fn oob_score(&self) -> Option<f64> {
        self.oob_score
    }

    /// What the trees that have not seen a row say of it, in the order of the rows: a vector per class with its shares
    /// (of two classes: of the second one), or one vector of values; NaN for rows that all trees have seen. `None`
    /// unless `oob_score` was set; not kept in files.
    pub fn oob_predictions(&self) -> Option<&[Vec<f64>]> {
        self.oob_predictions.as_deref()
    }

    /// What is to be said of the fit: that some rows have no out-of-bag prediction.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

impl Predict for Forest<Classification> {
    type Task = Classification;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.fitted.classes(features)
    }

    fn signature(&self) -> Signature {
        self.fitted.signature.clone()
    }
}

impl PredictProba for Forest<Classification> {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.fitted.second_share(features)
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        self.fitted.share_matrix(features)
    }
}

impl Predict for Forest<Regression> {
    type Task = Regression;

    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(self.fitted.outputs(features)?.swap_remove(0))
    }

    fn signature(&self) -> Signature {
        self.fitted.signature.clone()
    }
}

/// Mean decrease of impurity: what the splits by a feature gained, as a share of what all splits gained, averaged over
/// the trees (scikit-learn's `feature_importances_`).
impl<T: Grown> Importances for Forest<T> {
    fn importances(&self) -> Vec<(String, f64)> {
        self.fitted.importances()
    }
}

impl Persist for Forest<Classification> {
    const FORMAT: &'static str = "ironbook/random_forest";

    ironbook_core::persist_here!();

    fn flaw(&self) -> Option<String> {
        self.fitted.flaw()
    }
}

impl Persist for Forest<Regression> {
    const FORMAT: &'static str = "ironbook/random_forest_regressor";

    ironbook_core::persist_here!();

    fn flaw(&self) -> Option<String> {
        self.fitted.flaw()
    }
}

impl<T: Grown> Display for Forest<T> {
    fn bundle(&self) -> Bundle {
        T::show_forest(self)
    }
}

impl<T: Grown> Display for ForestParams<T> {
    fn bundle(&self) -> Bundle {
        T::show_forest_params(self)
    }
}

pub(super) fn show<T: Grown>(model: &Forest<T>) -> Bundle {
    let main = ["n_estimators", "criterion", "max_depth", "max_features"];
    let words = card::parameters(&model.params, &ForestParams::<T>::default(), &main);
    shown((T::FOREST, T::NAME, &words), &model.fitted, model.oob_score, model.warning.as_deref())
}

fn shown(
    (name, task, parameters): (&str, &str, &str),
    fitted: &Fitted,
    oob_score: Option<f64>,
    warning: Option<&str>,
) -> Bundle {
    let mut table = card::model(name, task, &fitted.signature, fitted.n_rows, &["feature", "importance"]);
    table.field("parameters", parameters);
    card::importances(&mut table, &fitted.importances(), &|_| Vec::new());
    let trees = fitted.ensemble.trees.len();
    table.note(format!("{trees} trees, {} leaves, depth up to {}", fitted.leaves(), fitted.depth()));
    if let Some(score) = oob_score {
        let name = if fitted.signature.classes.is_some() { "accuracy" } else { "R²" };
        table.note(format!("out-of-bag {name} {}", number(score)));
    }
    if let Some(warning) = warning {
        table.note(format!("warning: {warning}"));
    }
    table.bundle()
}

impl<T: Grown> Inspect for Forest<T> {
    fn shape(&self) -> Option<String> {
        Some(self.fitted.shape())
    }

    fn heap_bytes(&self) -> u64 {
        self.fitted.heap_bytes()
    }
}
