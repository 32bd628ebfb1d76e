//! What classification, regression and ranking by boosted trees do differently.

use super::booster::Booster;
use super::model::{self, Boosted};
use super::objective::Objective;
use super::params::{GbdtParams, Loss};
use super::{file, fit};
use crate::card;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::linear::logistic::ClassWeight;
use crate::task::{Classification, Ranking, Regression, Task};
use ironbook_core::Bundle;
use ironbook_core::persist::PersistError;
use ironbook_data::Dataset;
use rayon::prelude::*;
use std::path::Path;

/// A task that boosted trees are fitted for.
pub trait Boosting: Task {
    /// Name of the model.
    const MODEL: &'static str;
    /// Name of its format in files.
    const FORMAT: &'static str;

    /// The classes of the target, for classifiers.
    ///
    /// # Errors
    /// [`LearnError::NotClasses`].
    fn classes(data: &Dataset) -> Result<Option<Classes>, LearnError>;

    /// What is minimised.
    ///
    /// # Errors
    /// [`LearnError::Parameter`].
    fn objective(params: &GbdtParams<Self>, classes: Option<&Classes>) -> Result<Objective, LearnError>
    where
        Self: Sized;

    /// The target as the objective reads it.
    ///
    /// # Errors
    /// [`LearnError::NewClasses`], [`LearnError::TextTarget`], [`LearnError::TargetNotFinite`].
    fn target(data: &Dataset, classes: Option<&Classes>) -> Result<Vec<f64>, LearnError>;

    /// Whether the objective fits the task, for models from files.
    fn suits(objective: &Objective) -> bool;

    /// The predictions that scores stand for.
    fn answer(model: &Boosted<Self>, scores: Vec<Vec<f64>>) -> Vec<f64>
    where
        Self: Sized;

    /// Fits the trees. This and what follows are methods of each task, so that they are compiled once, with this crate,
    /// and not (unoptimised) into each cell that calls them.
    #[doc(hidden)]
    fn fit(
        params: &GbdtParams<Self>,
        booster: &dyn Booster,
        train: &Dataset,
        valid: Option<&Dataset>,
    ) -> Result<Boosted<Self>, LearnError>;

    #[doc(hidden)]
    fn show(model: &Boosted<Self>) -> Bundle;

    #[doc(hidden)]
    fn show_params(params: &GbdtParams<Self>) -> Bundle;

    #[doc(hidden)]
    fn to_xgboost(model: &Boosted<Self>) -> Result<String, LearnError>;

    #[doc(hidden)]
    fn save(model: &Boosted<Self>, path: &Path) -> Result<(), PersistError>;

    #[doc(hidden)]
    fn load(path: &Path) -> Result<Boosted<Self>, PersistError>;
}

/// The methods of a task that are alike for all.
macro_rules! compiled_here {
    () => {
        #[inline(never)]
        fn fit(
            params: &GbdtParams<Self>,
            booster: &dyn Booster,
            train: &Dataset,
            valid: Option<&Dataset>,
        ) -> Result<Boosted<Self>, LearnError> {
            fit::fit(params, booster, train, valid)
        }

        #[inline(never)]
        fn show(model: &Boosted<Self>) -> Bundle {
            model::show(model)
        }

        #[inline(never)]
        fn show_params(params: &GbdtParams<Self>) -> Bundle {
            card::unfitted(Self::MODEL, params, &GbdtParams::<Self>::default())
        }

        #[inline(never)]
        fn to_xgboost(model: &Boosted<Self>) -> Result<String, LearnError> {
            file::to_xgboost(model)
        }

        #[inline(never)]
        fn save(model: &Boosted<Self>, path: &Path) -> Result<(), PersistError> {
            file::save(model, path)
        }

        #[inline(never)]
        fn load(path: &Path) -> Result<Boosted<Self>, PersistError> {
            file::load(path)
        }
    };
}

impl Boosting for Classification {
    const MODEL: &'static str = "Gbdt";
    const FORMAT: &'static str = "ironbook/gbdt";

    fn classes(data: &Dataset) -> Result<Option<Classes>, LearnError> {
        Classes::of(data).map(Some)
    }

    fn objective(params: &GbdtParams<Self>, classes: Option<&Classes>) -> Result<Objective, LearnError> {
        let positive = params.scale_pos_weight;
        let refuse =
            |expected| Err(LearnError::Parameter { name: "scale_pos_weight", value: positive.to_string(), expected });
        if !(positive > 0.0 && positive.is_finite()) {
            return refuse("a positive number");
        }
        match classes.map_or(2, Classes::len) {
            2 if positive != 1.0 && params.class_weight != ClassWeight::None => {
                refuse("1 with a class_weight: one of the two")
            }
            2 => Ok(Objective::Logistic { positive }),
            _ if positive != 1.0 => refuse("1 with more than two classes; give the rows weights instead"),
            classes => Ok(Objective::Softmax { classes }),
        }
    }

    fn target(data: &Dataset, classes: Option<&Classes>) -> Result<Vec<f64>, LearnError> {
        let Some(classes) = classes else { return Ok(data.target.clone()) };
        Ok(classes.numbers(data)?.into_iter().map(|k| k as f64).collect())
    }

    compiled_here!();

    fn suits(objective: &Objective) -> bool {
        matches!(objective, Objective::Logistic { .. } | Objective::Softmax { .. })
    }

    fn answer(model: &Boosted<Self>, scores: Vec<Vec<f64>>) -> Vec<f64> {
        let values = model.classes();
        let rows = scores.first().map_or(0, Vec::len);
        (0..rows).into_par_iter().with_min_len(4096).map(|i| values[best(&scores, i)]).collect()
    }
}

/// The class with the largest score, the first of equals.
fn best(scores: &[Vec<f64>], row: usize) -> usize {
    match scores {
        [one] => usize::from(one[row] > 0.0),
        many => (1..many.len()).fold(0, |best, k| if many[k][row] > many[best][row] { k } else { best }),
    }
}

/// Derivatives and outputs of leaves are kept as `f32`, with some room above targets.
const LARGEST: f64 = 1e36;

/// Refuses targets that are not finite numbers, or whose derivatives would not be.
fn finite(data: &Dataset) -> Result<Vec<f64>, LearnError> {
    check::values(data)?;
    match data.target.iter().position(|y| y.abs() > LARGEST) {
        None => Ok(data.target.clone()),
        Some(row) => Err(LearnError::TargetRange {
            target: data.target_name.clone(),
            row,
            value: data.target[row],
            expected: "from -1e36 to 1e36",
        }),
    }
}

impl Boosting for Regression {
    const MODEL: &'static str = "GbdtRegressor";
    const FORMAT: &'static str = "ironbook/gbdt_regressor";

    fn classes(_: &Dataset) -> Result<Option<Classes>, LearnError> {
        Ok(None)
    }

    fn objective(params: &GbdtParams<Self>, _: Option<&Classes>) -> Result<Objective, LearnError> {
        let refuse =
            |value: f64, expected| Err(LearnError::Parameter { name: "loss", value: value.to_string(), expected });
        match params.loss {
            Loss::Squared => Ok(Objective::Squared),
            Loss::Absolute => Ok(Objective::Absolute),
            Loss::Huber(delta) if delta > 0.0 && delta.is_finite() => Ok(Objective::Huber { delta }),
            Loss::Huber(delta) => refuse(delta, "Loss::Huber of a positive number"),
            Loss::Quantile(alpha) if alpha > 0.0 && alpha < 1.0 => Ok(Objective::Quantile { alpha }),
            Loss::Quantile(alpha) => refuse(alpha, "Loss::Quantile of a share between 0 and 1"),
            Loss::Poisson => Ok(Objective::Poisson),
            Loss::Gamma => Ok(Objective::Gamma),
            Loss::Tweedie(power) if power > 1.0 && power < 2.0 => Ok(Objective::Tweedie { power }),
            Loss::Tweedie(power) => refuse(power, "Loss::Tweedie of a power between 1 and 2"),
        }
    }

    fn target(data: &Dataset, _: Option<&Classes>) -> Result<Vec<f64>, LearnError> {
        finite(data)
    }

    compiled_here!();

    fn suits(objective: &Objective) -> bool {
        !Classification::suits(objective) && !Ranking::suits(objective)
    }

    fn answer(model: &Boosted<Self>, scores: Vec<Vec<f64>>) -> Vec<f64> {
        values(&model.objective(), scores)
    }
}

fn values(objective: &Objective, mut scores: Vec<Vec<f64>>) -> Vec<f64> {
    let mut scores = scores.swap_remove(0);
    scores.par_iter_mut().with_min_len(4096).for_each(|score| *score = objective.value(*score));
    scores
}

impl Boosting for Ranking {
    const MODEL: &'static str = "GbdtRanker";
    const FORMAT: &'static str = "ironbook/gbdt_ranker";

    fn classes(_: &Dataset) -> Result<Option<Classes>, LearnError> {
        Ok(None)
    }

    fn objective(params: &GbdtParams<Self>, _: Option<&Classes>) -> Result<Objective, LearnError> {
        if params.truncation == 0 {
            let value = "0".to_owned();
            return Err(LearnError::Parameter { name: "truncation", value, expected: "at least 1" });
        }
        Ok(Objective::LambdaRank { truncation: params.truncation })
    }

    fn target(data: &Dataset, _: Option<&Classes>) -> Result<Vec<f64>, LearnError> {
        finite(data)
    }

    compiled_here!();

    fn suits(objective: &Objective) -> bool {
        matches!(objective, Objective::LambdaRank { .. })
    }

    fn answer(model: &Boosted<Self>, scores: Vec<Vec<f64>>) -> Vec<f64> {
        values(&model.objective(), scores)
    }
}
