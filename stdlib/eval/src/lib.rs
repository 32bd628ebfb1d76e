//! How good a model is: metrics, splits, and a report that compares it with a baseline.
//!
//! ```
//! use ironbook_eval::{log_loss, roc_auc};
//!
//! let late = [0.0, 0.0, 1.0, 1.0];
//! let chance = [0.1, 0.4, 0.35, 0.8];
//! assert_eq!(roc_auc(&late, &chance)?, 0.75);
//! assert!((log_loss(&late, &chance)? - 0.472_287_953_809_176_15).abs() < 1e-15);
//! # Ok::<(), ironbook_eval::EvalError>(())
//! ```

mod bootstrap;
mod calibration;
mod check;
mod class_scores;
mod confusion;
mod error;
mod folds;
mod gate;
mod judge;
mod metrics;
mod outcome;
mod queries;
mod random;
mod ranking;
mod regression;
mod report;
mod scores;
mod slices;
mod split;
mod threshold;
mod validate;

pub use bootstrap::{Interval, bootstrap, bootstrap_bca};
pub use calibration::{
    Binning, BrierParts, CalibrationCurve, calibration_curve, calibration_curve_weighted, calibration_error,
};
pub use class_scores::{ClassScores, Pairing};
pub use confusion::{Average, ConfusionTable, confusion_table, confusion_table_weighted};
pub use error::EvalError;
pub use folds::{
    Fold, Folds, GroupKFold, Holdout, KFold, LeaveOneGroupOut, RepeatedKFold, RepeatedStratifiedKFold, ShuffleSplit,
    StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit, train_test_split,
};
pub use gate::{Gate, GateCheck, GateRules, baseline_gate, scores_gate, threshold_gate};
pub use judge::{EvaluateOptions, Judge, Predictions, Report, evaluate, evaluate_with, predictions};
pub use metrics::{
    ConfusionMatrix, accuracy, accuracy_weighted, brier, brier_weighted, confusion_matrix, f1, log_loss,
    log_loss_weighted, precision, recall,
};
pub use queries::Queries;
pub use ranking::{
    PrCurve, RocCurve, average_precision, average_precision_weighted, pr_curve, pr_curve_weighted, roc_auc,
    roc_auc_weighted, roc_curve, roc_curve_weighted,
};
pub use regression::{Residuals, mae, mape, median_absolute_error, mse, r2, rmse};
pub use report::{
    ClassCurves, ClassSummary, ClassificationReport, Comparison, ComparisonRow, RankingReport, RegressionReport,
};
pub use scores::{Better, Score, Scores};
pub use slices::{Slice, Slices, slices};
pub use split::{holdout_split, time_split};
pub use threshold::{LiftTable, Operating, Thresholds};
pub use validate::{
    CrossMetric, CrossValidation, LearningCurve, UndefinedMetric, cross_validate, cross_validate_pruned, learning_curve,
};
