//! Gradient boosted trees: Ironbook's own histogram booster behind the trait [`Booster`].

mod bins;
mod booster;
mod category;
mod curve;
mod file;
mod fit;
mod grow;
mod hist;
mod maths;
mod model;
mod objective;
mod params;
mod partition;
mod random;
mod settings;
mod split;
mod task;
mod train;

pub use booster::{Booster, Fitted, History, Plan, TrainingSet};
pub use model::{Boosted, Gbdt, GbdtRanker, GbdtRegressor, Importance};
pub use objective::Objective;
pub use params::{GbdtParams, Loss};
pub use settings::{Growth, Monotone, Settings};
pub use task::Boosting;
pub use train::HistogramBooster;
