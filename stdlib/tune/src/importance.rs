//! Which parameters matter.

mod scott;

use crate::distribution::Distribution;
use crate::history::History;
use crate::record::{TrialRecord, TrialState};
use scott::Density;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Trials that count as good: the best tenth.
const TARGET: f64 = 0.1;
/// Trials with one range of a parameter that say something about it.
const FEWEST: usize = 2;
/// Keeps ratios of densities finite.
const TINY: f64 = 1e-12;

/// How much one parameter matters.
///
/// PED-ANOVA (Watanabe, Bansal & Hutter, IJCAI 2023, arXiv 2304.10255; for parameters that only some trials have, arXiv
/// 2601.20800): how far the best tenth of the trials is from all of them in this parameter. The default of
/// `optuna.importance.get_param_importances` in Optuna 5.0, and the same numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    name: Arc<str>,
    share: f64,
    divergence: f64,
}

impl Importance {
    /// The parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its share of all importance, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Pearson's divergence of the good trials from all, before it is made a share.
    pub fn divergence(&self) -> f64 {
        self.divergence
    }
}

/// All parameters of completed trials, the most important first; `None` without any such trial.
pub(crate) fn ped_anova(history: &History) -> Option<Vec<Importance>> {
    let complete = || history.trials().iter().filter(|trial| trial.state() == TrialState::Complete);
    let names: BTreeSet<Arc<str>> = complete().flat_map(|trial| &trial.params).map(|p| Arc::clone(&p.name)).collect();
    let loss = |trial: &TrialRecord| trial.value().map(|value| history.direction().loss(value));
    let trials: Vec<(&TrialRecord, f64)> =
        complete().filter_map(|trial| loss(trial).filter(|loss| loss.is_finite()).map(|loss| (trial, loss))).collect();
    complete().next()?;
    let good = good(&trials);
    let all: Vec<&TrialRecord> = trials.iter().map(|trial| trial.0).collect();
    let mut found: Vec<Importance> = names
        .into_iter()
        .map(|name| {
            let divergence = if trials.len() < 2 { 0.0 } else { of_parameter(&name, &all, &good) };
            Importance { name, share: 0.0, divergence }
        })
        .collect();
    let sum: f64 = found.iter().map(|each| each.divergence).sum();
    let count = found.len() as f64;
    for each in &mut found {
        each.share = if sum == 0.0 { 1.0 / count } else { each.divergence / sum };
    }
    found.sort_by(|a, b| b.divergence.total_cmp(&a.divergence));
    Some(found)
}

/// Numbers of the best tenth, with those that are as good as the last of it.
fn good(trials: &[(&TrialRecord, f64)]) -> HashSet<u32> {
    let mut losses: Vec<f64> = trials.iter().map(|trial| trial.1).collect();
    losses.sort_by(f64::total_cmp);
    let count = (TARGET * losses.len() as f64).ceil() as usize;
    let Some(limit) = count.checked_sub(1).and_then(|last| losses.get(last)) else { return HashSet::new() };
    trials.iter().filter(|trial| trial.1 <= *limit).map(|trial| trial.0.number()).collect()
}

/// The divergence of one parameter: over the ranges that it had, weighted by how often the good and all had them.
fn of_parameter(name: &str, all: &[&TrialRecord], good: &HashSet<u32>) -> f64 {
    let mut ranges: Vec<(&Distribution, Vec<&TrialRecord>)> = Vec::new();
    for trial in all {
        let Some(param) = trial.find(name) else { continue };
        match ranges.iter_mut().find(|range| range.0.is_same(&param.distribution)) {
            Some(range) => range.1.push(trial),
            None => ranges.push((&param.distribution, vec![trial])),
        }
    }
    let quantile = good.len() as f64 / all.len() as f64;
    let of_range = |(distribution, trials): &(&Distribution, Vec<&TrialRecord>)| {
        let among_good: Vec<&TrialRecord> = trials.iter().copied().filter(|t| good.contains(&t.number())).collect();
        if trials.len() < FEWEST || distribution.is_single() || among_good.is_empty() {
            return 0.0;
        }
        let share_of_good = among_good.len() as f64 / good.len() as f64;
        let share_of_all = trials.len() as f64 / all.len() as f64;
        share_of_good.powi(2) / share_of_all * divergence(name, distribution, &among_good, trials)
    };
    ranges.iter().map(of_range).sum::<f64>() * quantile.powi(2)
}

/// Pearson's divergence between two densities on a grid.
fn divergence(name: &str, distribution: &Distribution, good: &[&TrialRecord], all: &[&TrialRecord]) -> f64 {
    let density = |trials: &[&TrialRecord]| {
        let values: Vec<f64> = trials.iter().filter_map(|trial| trial.find(name)).map(|param| param.internal).collect();
        Density::of(distribution, &values).on_grid()
    };
    let (good, all) = (density(good), density(all));
    good.iter().zip(&all).map(|(good, all)| (all + TINY) * ((good + TINY) / (all + TINY) - 1.0).powi(2)).sum()
}
