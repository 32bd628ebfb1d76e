//! What `%%tune` stands for: a study over code of a cell, shown while it runs, tracked, with a winner that is kept.
//!
//! ```
//! use ironbook::tune::{Direction, Trial};
//! use ironbook::tuning::{self, Search};
//!
//! let scale = 2.0;
//! let best = Search::new("parabola", Direction::Minimize, "loss").trials(30).jobs(2).run(|trial: &Trial| {
//!     tuning::value({
//!         let x = trial.float("x", -5.0..=5.0);
//!         scale * x * x
//!     })
//! })?;
//! assert_eq!(best.value(), 2.0 * best.float("x")?.powi(2));
//! # Ok::<(), tuning::TuningError>(())
//! ```
//!
//! [`crate::tune`] has the studies themselves, for code that asks and tells by itself.

mod charts;
mod error;
mod objective;
mod search;
mod shown;
mod summary;
mod tracked;

pub use error::TuningError;
pub use objective::{Objective, result, value};
pub use search::{Search, settled, study};
pub use summary::Summary;
