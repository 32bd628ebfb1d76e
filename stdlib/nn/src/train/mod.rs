//! The training loop and what goes in and out of it.

mod checkpoint;
mod data;
mod history;
mod step;
mod trainer;

pub use data::Data;
pub use history::{Epoch, History, Stop};
pub(crate) use step::finite;
pub use trainer::Trainer;
