//! What cells find imported: frames and expressions of polars, tensors of candle, and Ironbook's own library.
//!
//! Names of Rust's own prelude (`Result`, `Vec`, `Ok`, ...) keep their meaning, and a cell's own names win over these.

pub use candle_core::{D, DType, Device, IndexOp, Tensor, Var};
pub use polars::prelude::*;

pub use ironbook_core::display::{Html, Image, Json, Latex, Live, Markdown, Svg};
pub use ironbook_core::{Bundle, Progress, clear_output, display, display_updatable};
pub use ironbook_data::{Dataset, FrameExt, LazyExt, Matrix};
pub use ironbook_data::{read_csv, read_json, read_parquet, scan_csv, scan_parquet, write_csv, write_parquet};
pub use ironbook_eval::{KFold, StratifiedKFold, cross_validate, cross_validate_pruned};
pub use ironbook_features::{Impute, Pipeline};
pub use ironbook_learn::{DecisionTree, DecisionTreeRegressor, MaxFeatures, RandomForest, RandomForestRegressor};
pub use ironbook_learn::{Fit, LogisticRegression, MajorityBaseline, MeanBaseline, Persist, Predict, PredictProba};
pub use ironbook_learn::{Gbdt, GbdtRanker, GbdtRegressor, Loss, Monotone};
pub use ironbook_learn::{LinearRegression, Ridge};
pub use ironbook_nn::{BestDevice, MlpClassifier, MlpRegressor};

pub use ironbook_eval as eval;
pub use ironbook_explain as explain;
pub use ironbook_features as features;
pub use ironbook_nn as nn;
pub use ironbook_plot as plot;
pub use ironbook_serve as serve;
pub use ironbook_track as track;
pub use ironbook_tune as tune;

pub use crate::drift;
