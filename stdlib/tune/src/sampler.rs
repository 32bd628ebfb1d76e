//! Samplers choose the parameters of the next trial.

mod grid;
mod random;
mod tpe;

pub use grid::{Grid, GridParams};
pub use random::{Random, RandomParams};
pub use tpe::{Tpe, TpeParams};

use crate::distribution::Distribution;
use crate::error::Result;
use crate::history::History;
use std::sync::Arc;

/// Parameters that are chosen together, before any is asked for.
pub type Planned = Vec<(Arc<str>, Arc<Distribution>, f64)>;

/// Chooses parameters.
///
/// A trial is begun, then planned (parameters that every trial had so far can be chosen together), then asked for the
/// rest one by one. `tests/main/samplers.rs` says what every implementation has to do.
pub trait Sampler: Send {
    /// Called when a trial begins; returns notes for its system attributes: names and JSON.
    fn begin(&mut self, history: &History, number: u32) -> Vec<(String, String)> {
        let _ = (history, number);
        Vec::new()
    }

    /// Values that belong together, called when the trial asks for its first parameter.
    fn plan(&mut self, history: &History, number: u32) -> Planned {
        let _ = (history, number);
        Vec::new()
    }

    /// The value of one parameter, as the float that stands for it.
    ///
    /// # Errors
    /// When the sampler has no value for this parameter.
    fn choose(&mut self, history: &History, number: u32, name: &str, distribution: &Distribution) -> Result<f64>;

    /// Whether there is nothing left to try.
    fn is_exhausted(&mut self, history: &History) -> bool {
        let _ = history;
        false
    }
}

/// Where random numbers come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A stream per trial and parameter: a study that is resumed goes on as it would have, and processes with one seed
    /// do not repeat each other.
    PerTrial(u64),
    /// NumPy's one stream for all, as Optuna draws from it: in one process the same study as Optuna's.
    Sequential(crate::rng::Mt19937),
}

impl Source {
    /// Draws for a trial and a purpose.
    pub(crate) fn draw<T>(
        &mut self,
        number: u32,
        purpose: &str,
        call: impl FnOnce(&mut dyn crate::rng::Draw) -> T,
    ) -> T {
        match self {
            Source::PerTrial(seed) => call(&mut crate::rng::Xoshiro::new(*seed, number, purpose)),
            Source::Sequential(rng) => call(rng),
        }
    }
}
