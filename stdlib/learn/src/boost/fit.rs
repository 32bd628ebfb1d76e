//! From parameters and data sets to a fitted model: all checks, then the engine.

use super::booster::{Booster, TrainingSet};
use super::model::{Boosted, Meta};
use super::params::GbdtParams;
use super::random::{mix, sample};
use super::settings::Monotone;
use super::task::Boosting;
use crate::check;
use crate::classes::Classes;
use crate::error::LearnError;
use crate::linear::logistic::ClassWeight;
use crate::model::Signature;
use crate::task::{Ranking, Task};
use crate::told;
use ironbook_core::record::Curve;
use ironbook_data::{Dataset, Kind};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// [`grow`], told to whoever records runs.
pub(super) fn fit<T: Boosting>(
    params: &GbdtParams<T>,
    booster: &dyn Booster,
    train: &Dataset,
    valid: Option<&Dataset>,
) -> Result<Boosted<T>, LearnError> {
    let own = |model: Option<&Boosted<T>>| model.map_or_else(|| params.clone(), |model| model.meta.params.clone());
    told::fitted(T::MODEL, train, own, curves, || grow(params, booster, train, valid))
}

/// The learning curve under the names of the metric: `train_logloss`, `valid_logloss`.
fn curves<T: Boosting>(model: &Boosted<T>) -> Vec<Curve> {
    let history = &model.meta.history;
    let curve =
        |part: &str, values: &[f64]| Curve { name: format!("{part}_{}", history.metric), values: values.to_vec() };
    let mut all = vec![curve("train", &history.train), curve("valid", &history.valid)];
    all.retain(|curve| !curve.values.is_empty());
    all
}

/// Checks everything and grows the trees.
fn grow<T: Boosting>(
    params: &GbdtParams<T>,
    booster: &dyn Booster,
    train: &Dataset,
    valid: Option<&Dataset>,
) -> Result<Boosted<T>, LearnError> {
    params.settings.check()?;
    check::shape(train)?;
    [Some(train), valid].into_iter().flatten().try_for_each(moderate)?;
    let seed = params.settings.seed.unwrap_or_else(|| ironbook_core::seed::derive("boosting"));
    let split = match (valid, params.settings.early_stopping) {
        (None, Some(_)) => Some(hold_out(&counted(train), params.settings.validation_fraction, mix(seed, 2))?),
        _ => None,
    };
    let classes = T::classes(&counted(train))?;
    let signature = Signature::of(train, classes.clone());
    let objective = T::objective(params, classes.as_ref())?;
    let (train, valid) = split.as_ref().map_or((train, valid), |(train, valid)| (train, Some(valid)));
    let train = counted(train);
    let set = training_set::<T>(params, &train, &signature)?;
    objective.check(&train.target_name, &set.target)?;
    if let Some(classes) = &classes {
        tell_apart(&train, &set, classes)?;
    }
    let valid = valid.map(|valid| check::shape(valid).map(|()| counted(valid))).transpose()?;
    let valid = valid.as_deref().map(|valid| training_set::<T>(params, valid, &signature)).transpose()?;
    if let Some(valid) = &valid {
        objective.check(&train.target_name, &valid.target)?;
    }
    let monotone = constraints(params, &signature)?;
    if !monotone.is_empty() && objective.leaf_quantile().is_some() {
        // Quantiles of the rows of a leaf know nothing of the bounds of its place in the tree.
        let value = params.settings.monotone.keys().cloned().collect::<Vec<_>>().join(", ");
        let expected = "unset for Loss::Absolute and Loss::Quantile, or take Loss::Huber";
        return Err(LearnError::Parameter { name: "monotone", value, expected });
    }
    let plan = params.plan(objective, monotone, seed);
    let fitted = booster.grow(&plan, &set, valid.as_ref())?;
    let mut params = params.clone();
    params.settings.live = true; // whether a curve was shown is nothing of the model's
    let meta = Meta {
        params,
        objective,
        signature,
        history: fitted.history,
        best_iteration: fitted.best_iteration,
        n_rows: set.rows(),
        warning: fitted.warning,
    };
    Ok(Boosted::new(meta, fitted.ensemble))
}

/// The rows that count.
fn counted(data: &Dataset) -> Cow<'_, Dataset> {
    match &data.weights {
        Some(weights) if weights.contains(&0.0) => {
            let rows: Vec<usize> = (0..data.rows()).filter(|&i| weights[i] != 0.0).collect();
            Cow::Owned(data.select_rows(&rows))
        }
        _ => Cow::Borrowed(data),
    }
}

/// Refuses weights whose products with derivatives would not fit an `f32`.
fn moderate(data: &Dataset) -> Result<(), LearnError> {
    match data.weights.iter().flatten().position(|w| *w > 1e30) {
        Some(row) => Err(LearnError::Parameter {
            name: "a sample weight",
            value: format!("{:e} (row {row})", data.weights.iter().flatten().nth(row).copied().unwrap_or_default()),
            expected: "at most 1e30: divide all weights by the same number",
        }),
        None => Ok(()),
    }
}

/// Splits off rows to validate on, whole groups for data with groups.
fn hold_out(data: &Dataset, fraction: f64, seed: u64) -> Result<(Dataset, Dataset), LearnError> {
    let mut groups: Vec<u32> = match &data.groups {
        Some(groups) => groups.clone(),
        None => (0..data.rows() as u32).collect(),
    };
    check::length("list of groups", data.rows(), groups.len())?;
    let of_row = groups.clone();
    groups.sort_unstable();
    groups.dedup();
    let count = (groups.len() as f64 * fraction).round() as usize;
    if count == 0 || count >= groups.len() {
        let value = fraction.to_string();
        let expected = "a share that leaves rows to fit and rows to validate on, or give fit_eval both";
        return Err(LearnError::Parameter { name: "validation_fraction", value, expected });
    }
    let chosen: Vec<u32> = sample(groups.len(), count, seed).into_iter().map(|at| groups[at as usize]).collect();
    let (out, kept): (Vec<usize>, Vec<usize>) =
        (0..data.rows()).partition(|&i| chosen.binary_search(&of_row[i]).is_ok());
    Ok((data.select_rows(&kept), data.select_rows(&out)))
}

fn training_set<'a, T: Boosting>(
    params: &GbdtParams<T>,
    data: &'a Dataset,
    signature: &Signature,
) -> Result<TrainingSet<'a>, LearnError> {
    let classes = signature.classes.as_ref();
    let target = T::target(data, classes)?;
    let weights = match (params.class_weight, classes) {
        (ClassWeight::Balanced, Some(classes)) => Some(balanced(&target, data.weights.as_deref(), classes.len())),
        _ => data.weights.clone(),
    };
    Ok(TrainingSet {
        features: check::columns(&data.features, signature)?,
        kinds: signature.features.iter().map(|f| f.kind.clone()).collect(),
        weights,
        groups: if T::NAME == <Ranking as Task>::NAME { groups(data)? } else { Vec::new() },
        target,
    })
}

/// Each class's rows count as much together as those of any other.
fn balanced(target: &[f64], weights: Option<&[f64]>, classes: usize) -> Vec<f64> {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut sums = vec![0.0; classes];
    (0..target.len()).for_each(|i| sums[target[i] as usize] += weight(i));
    let seen = sums.iter().filter(|&&sum| sum > 0.0).count() as f64;
    let total: f64 = sums.iter().sum();
    (0..target.len()).map(|i| weight(i) * total / (seen * sums[target[i] as usize])).collect()
}

/// The rows of each group, in the order of the groups' numbers.
fn groups(data: &Dataset) -> Result<Vec<Vec<u32>>, LearnError> {
    let Some(of_row) = &data.groups else {
        return Err(LearnError::NoGroups { target: data.target_name.clone() });
    };
    check::length("list of groups", data.rows(), of_row.len())?;
    let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, &group) in (0u32..).zip(of_row) {
        groups.entry(group).or_default().push(row);
    }
    Ok(groups.into_values().collect())
}

/// Refuses rows of a single class.
fn tell_apart(data: &Dataset, set: &TrainingSet<'_>, classes: &Classes) -> Result<(), LearnError> {
    match set.target.first() {
        Some(&first) if set.target.iter().all(|&y| y == first) => {
            Err(LearnError::one_class(data, classes.values[first as usize]))
        }
        _ => Ok(()),
    }
}

/// The direction of each feature; empty if all are free.
fn constraints<T: Boosting>(params: &GbdtParams<T>, signature: &Signature) -> Result<Vec<i8>, LearnError> {
    let mut directions = vec![0; signature.features.len()];
    for (name, direction) in &params.settings.monotone {
        let refuse = |flaw| LearnError::Constraint {
            feature: name.clone(),
            flaw,
            features: signature.names().collect::<Vec<_>>().join(", "),
        };
        let Some(j) = signature.names().position(|n| n == name) else { return Err(refuse("is no feature")) };
        if let Kind::Categorical(_) = signature.features[j].kind {
            return Err(refuse("is text, which has no direction"));
        }
        directions[j] = if *direction == Monotone::Increasing { 1 } else { -1 };
    }
    if directions.iter().all(|&d| d == 0) {
        directions.clear();
    }
    Ok(directions)
}
