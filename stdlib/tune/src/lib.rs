//! Search for good parameters: ask-and-tell studies, samplers, pruners, and a database that Optuna reads and continues.
//!
//! A [`Study`] seeks the smallest or the largest value of an objective. Each [`Trial`] answers with parameters when the
//! objective asks for them (define-by-run); a [`Sampler`] chooses them, a [`Pruner`] ends trials that are not going to be
//! good, a [`Storage`] keeps what was found. Defaults and formulas are those of Optuna 5.0 unless something else is said,
//! and are tested against it.
//!
//! ```
//! use ironbook_tune::{Budget, Median, Study, Tpe};
//!
//! let study = Study::new("demo").maximize().sampler(Tpe::params().seed(3)).pruner(Median::params()).create()?;
//! let report = study.optimize(Budget::trials(40).jobs(2), |trial| {
//!     let rate = trial.log_float("learning_rate", 1e-4..1.0);
//!     let mut score = 0.0;
//!     for epoch in 0..10 {
//!         score += rate * (1.0 - rate);
//!         trial.step(epoch, score)?;
//!     }
//!     Ok(score)
//! })?;
//! println!("{report}");
//! # Ok::<(), ironbook_tune::TuneError>(())
//! ```

mod best;
mod code;
mod decimal;
mod distribution;
mod error;
mod history;
mod importance;
mod normal;
mod outcome;
mod pruner;
mod record;
mod rng;
mod sampler;
pub mod storage;
mod study;
mod trial;
mod value;

pub use best::{Best, Unfinished};
pub use code::{Code, Piece};
pub use distribution::{Distribution, FloatRange, IntRange, Whole};
pub use error::{Result, TuneError};
pub use history::{Counts, History};
pub use importance::Importance;
pub use outcome::{Failure, Outcome, Pruned};
pub use pruner::{Asha, AshaParams, Hyperband, HyperbandParams, Median, MedianParams, NoPruner, Pruner, Verdict};
pub use record::{Attributes, Direction, Param, TrialRecord, TrialState};
pub use sampler::{Grid, GridParams, Planned, Random, RandomParams, Sampler, Tpe, TpeParams};
pub use storage::{Change, Memory, NoteKind, Sqlite, SqliteOptions, Storage, StudyEntry};
pub use study::{Budget, Ended, IntoPruner, IntoSampler, LeftBehind, Report, Stop, Study, StudyBuilder, View};
pub use trial::Trial;
pub use value::ParamValue;
