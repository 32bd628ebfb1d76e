//! Models for tables: baselines and linear models, each a plain `XParams` whose `fit` returns a fitted `X`.
//!
//! ```
//! use ironbook_data::{Dataset, Matrix};
//! use ironbook_learn::{Fit, LogisticRegression, PredictProba};
//!
//! let hours = Matrix::from_columns(vec![("hours".into(), vec![0.5, 1.0, 1.5, 2.0, 2.5, 3.0])])?;
//! let data = Dataset::from_parts(hours, vec![0.0, 0.0, 1.0, 0.0, 1.0, 1.0], "passed");
//! let model = LogisticRegression::params().c(10.0).fit(&data)?;
//! let chances = model.predict_proba(&data.features)?;
//! assert!(chances[0] < 0.2 && chances[5] > 0.8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod baseline;
pub mod boost;
pub mod card;
mod check;
mod classes;
mod error;
mod linear;
mod model;
pub mod table;
mod task;
#[doc(hidden)]
pub mod told;
pub mod tree;

pub use baseline::{MajorityBaseline, MajorityBaselineParams, MeanBaseline, MeanBaselineParams};
pub use boost::{Boosted, Gbdt, GbdtParams, GbdtRanker, GbdtRegressor, Loss, Monotone};
pub use check::{shape as check_data, values as check_target};
pub use classes::Classes;
pub use error::LearnError;
pub use ironbook_core::persist::{Persist, PersistError};
pub use linear::elastic::{ElasticNet, ElasticNetParams};
pub use linear::logistic::LogisticRegression;
pub use linear::logistic_params::{ClassWeight, LogisticRegressionParams};
pub use linear::model::{Linear, LinearParams};
pub use linear::ordinary::{LinearRegression, LinearRegressionParams, Ridge, RidgeParams};
pub use model::{Feature, Fit, Importances, Predict, PredictProba, Signature};
pub use task::{Classification, Ranking, Regression, Task};
pub use tree::forest::{RandomForest, RandomForestParams, RandomForestRegressor, RandomForestRegressorParams};
pub use tree::single::{
    Criterion, DecisionTree, DecisionTreeParams, DecisionTreeRegressor, DecisionTreeRegressorParams, MaxFeatures,
};
