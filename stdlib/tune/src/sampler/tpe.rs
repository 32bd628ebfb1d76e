//! The tree-structured Parzen estimator.

mod axis;
mod line;
mod mass;
mod mixture;
mod model;
mod ranking;
mod rows;
#[cfg(test)]
mod tests;
mod weights;

use super::random::source;
use super::{Planned, Random, Sampler, Source};
use crate::distribution::Distribution;
use crate::error::{Result, TuneError};
use crate::history::History;
use model::Model;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Tree-structured Parzen estimator: fits a mixture of kernels to the good trials and another to the rest, draws
/// candidates from the first, and takes the one where the ratio of the two is largest.
///
/// Bergstra et al., Algorithms for Hyper-Parameter Optimization (NIPS 2011); Watanabe, Tree-Structured Parzen Estimator
/// (arXiv 2304.11127). Every formula is that of `optuna.samplers.TPESampler` 5.0; with [`TpeParams::optuna_stream`] whole
/// studies are. Densities are kept up to date trial by trial instead of built anew for each.
///
/// ```
/// # use ironbook_tune::{Budget, Study, Tpe};
/// let study = Study::new("parabola").sampler(Tpe::params().seed(7)).create()?;
/// let report = study.optimize(Budget::trials(60), |trial| {
///     let x = trial.float("x", -10.0..=10.0);
///     Ok((x - 2.0).powi(2))
/// })?;
/// assert!(report.best().unwrap().value().unwrap() < 0.1);
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Debug)]
pub struct Tpe {
    params: TpeParams,
    source: Source,
    random: Random,
    model: Model,
}

/// Parameters of [`Tpe`]; the defaults are those of Optuna 5.0 (before 5.0 parameters were drawn one by one).
///
/// | name | meaning | unit | default |
/// |---|---|---|---|
/// | `n_startup_trials` | trials drawn at random first | trials | 10 |
/// | `n_ei_candidates` | candidates to choose from | | 24 |
/// | `multivariate` | whether parameters that all trials had are drawn together | | yes |
/// | `constant_liar` | whether running trials count as bad ones, so that others keep away from them | | yes |
/// | `seed` | equal seeds, equal studies (with one job) | | derived from the session's |
/// | `optuna_stream` | whether to draw NumPy's numbers in Optuna's order | | no |
///
/// It learns from all trials, pruned ones included. (Optuna's documentation says that with Hyperband each bracket learns from
/// its own trials; Optuna 5.0 does not.)
///
/// Fixed, as Optuna's own deprecated settings are by default: a tenth of the trials and at most 25 count as good, the last
/// 25 count fully and older ones less and less, the prior counts like one trial, kernels are at least a hundredth of the
/// range wide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TpeParams {
    n_startup_trials: usize,
    n_ei_candidates: usize,
    multivariate: bool,
    constant_liar: bool,
    seed: Option<u64>,
    optuna_stream: bool,
}

impl Default for TpeParams {
    fn default() -> Self {
        TpeParams {
            n_startup_trials: 10,
            n_ei_candidates: 24,
            multivariate: true,
            constant_liar: true,
            seed: None,
            optuna_stream: false,
        }
    }
}

impl Tpe {
    /// Parameters with their defaults.
    pub fn params() -> TpeParams {
        TpeParams::default()
    }
}

impl TpeParams {
    /// Trials drawn at random first.
    pub fn n_startup_trials(mut self, trials: usize) -> Self {
        self.n_startup_trials = trials;
        self
    }

    /// Candidates to choose from, at least 1.
    pub fn n_ei_candidates(mut self, candidates: usize) -> Self {
        self.n_ei_candidates = candidates;
        self
    }

    /// Whether parameters that all trials had are drawn together.
    pub fn multivariate(mut self, together: bool) -> Self {
        self.multivariate = together;
        self
    }

    /// Whether running trials count as bad ones.
    pub fn constant_liar(mut self, counts: bool) -> Self {
        self.constant_liar = counts;
        self
    }

    /// Equal seeds, equal studies.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Draws what Optuna's sampler of the same seed draws (one job, one process; the seed's lower 32 bits). A study that
    /// is resumed does not go on as it would have; by default it does.
    pub fn optuna_stream(mut self) -> Self {
        self.optuna_stream = true;
        self
    }

    /// A sampler with these parameters.
    ///
    /// # Errors
    /// [`TuneError::Parameter`].
    pub fn build(&self) -> Result<Tpe> {
        if self.n_ei_candidates == 0 {
            let (name, expected) = ("n_ei_candidates", "at least 1");
            return Err(TuneError::Parameter { name, value: "0".to_owned(), expected });
        }
        let source = source(self.seed, self.optuna_stream);
        // Optuna's sampler has a second stream of the same seed for random trials.
        let random = Random::from_source(source_like(&source));
        Ok(Tpe { params: self.clone(), source, random, model: Model::default() })
    }
}

fn source_like(source: &Source) -> Source {
    match source {
        Source::PerTrial(seed) => Source::PerTrial(*seed),
        Source::Sequential(rng) => Source::Sequential(rng.clone()),
    }
}

impl Sampler for Tpe {
    fn plan(&mut self, history: &History, number: u32) -> Planned {
        if !self.params.multivariate {
            return Planned::new();
        }
        let model = &mut self.model;
        model.catch_up(history);
        let space = model.space();
        if space.is_empty() || model.len() < self.params.n_startup_trials {
            return Planned::new();
        }
        let ask =
            model::Ask { history, number, liar: self.params.constant_liar, candidates: self.params.n_ei_candidates };
        let values = self.source.draw(number, "tpe", |rng| model.choose_together(&ask, rng));
        let named = space.iter().zip(values);
        named.map(|((name, distribution), value)| (Arc::clone(name), Arc::clone(distribution), value)).collect()
    }

    fn choose(&mut self, history: &History, number: u32, name: &str, distribution: &Distribution) -> Result<f64> {
        let model = &mut self.model;
        model.catch_up(history);
        if model.len() < self.params.n_startup_trials {
            return self.random.choose(history, number, name, distribution);
        }
        let ask =
            model::Ask { history, number, liar: self.params.constant_liar, candidates: self.params.n_ei_candidates };
        Ok(self.source.draw(number, name, |rng| model.choose_alone(&ask, (name, distribution), rng)))
    }
}

/// The place of the largest value, the first of equal ones.
pub(super) fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] || values[best].is_nan() && !value.is_nan() {
            best = i;
        }
    }
    best
}
