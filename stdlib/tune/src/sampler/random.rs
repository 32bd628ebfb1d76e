//! Every value as likely as any other.

use super::{Sampler, Source};
use crate::distribution::Distribution;
use crate::error::Result;
use crate::history::History;
use crate::rng::{Draw, Mt19937};
use ironbook_core::seed;
use serde::{Deserialize, Serialize};

/// Draws each parameter uniformly from its range; on a log scale from its logarithms.
///
/// Bergstra & Bengio, Random Search for Hyper-Parameter Optimization (JMLR 13, 2012); the draws are those of
/// `optuna.samplers.RandomSampler`.
///
/// ```
/// # use ironbook_tune::{Random, Study};
/// let study = Study::new("demo").sampler(Random::params().seed(7)).create()?;
/// # Ok::<(), ironbook_tune::TuneError>(())
/// ```
#[derive(Debug)]
pub struct Random {
    source: Source,
}

/// Parameters of [`Random`].
///
/// | name | meaning | default |
/// |---|---|---|
/// | `seed` | equal seeds, equal studies | derived from the session's |
/// | `optuna_stream` | whether to draw NumPy's numbers in Optuna's order | no |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RandomParams {
    seed: Option<u64>,
    optuna_stream: bool,
}

impl Random {
    /// Parameters with their defaults.
    pub fn params() -> RandomParams {
        RandomParams::default()
    }

    pub(super) fn from_source(source: Source) -> Self {
        Random { source }
    }
}

impl RandomParams {
    /// Equal seeds, equal studies.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Draws what Optuna's sampler of the same seed draws (one job, one process; the seed's lower 32 bits).
    pub fn optuna_stream(mut self) -> Self {
        self.optuna_stream = true;
        self
    }

    /// A sampler with these parameters.
    pub fn build(&self) -> Random {
        Random { source: source(self.seed, self.optuna_stream) }
    }
}

/// The source that these settings mean.
pub(super) fn source(seed: Option<u64>, optuna_stream: bool) -> Source {
    let seed = seed.unwrap_or_else(|| seed::derive("tune"));
    if optuna_stream { Source::Sequential(Mt19937::new(seed as u32)) } else { Source::PerTrial(seed) }
}

impl Sampler for Random {
    fn choose(&mut self, _: &History, number: u32, name: &str, distribution: &Distribution) -> Result<f64> {
        Ok(self.source.draw(number, name, |rng| uniform(rng, distribution)))
    }
}

/// One draw from a distribution.
fn uniform(rng: &mut dyn Draw, distribution: &Distribution) -> f64 {
    let mut between = |low: f64, high: f64| low + (high - low) * rng.unit();
    match distribution {
        Distribution::Float { low, high, log: true, .. } => {
            between(low.ln(), high.ln()).exp().clamp(*low, before(*high).max(*low))
        }
        Distribution::Float { low, high, step: Some(step), .. } => {
            let drawn = between(low - 0.5 * step, high + 0.5 * step);
            (((drawn - low) / step).round_ties_even() * step + low).clamp(*low, *high)
        }
        Distribution::Float { low, high, .. } => between(*low, *high).min(before(*high).max(*low)),
        Distribution::Int { low, high, log: true, .. } => {
            let (low, high) = (*low as f64, *high as f64);
            between((low - 0.5).ln(), (high + 0.5).ln()).exp().round_ties_even().clamp(low, high)
        }
        Distribution::Int { low, high, step, .. } => {
            let (low, high, step) = (*low as f64, *high as f64, *step as f64);
            let drawn = between(low - 0.5 * step, high + 0.5 * step);
            (((drawn - low) / step + 0.5).floor() * step + low).clamp(low, high)
        }
        Distribution::Categorical { choices } => {
            // One number per choice, and the largest wins, as Optuna does it.
            let drawn: Vec<f64> = choices.iter().map(|_| between(0.0, 1.0)).collect();
            super::tpe::argmax(&drawn) as f64
        }
    }
}

/// The next smaller float.
fn before(value: f64) -> f64 {
    value.next_down()
}
