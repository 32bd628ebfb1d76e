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

mod check;
mod error;
mod folds;
mod metrics;
mod random;
mod ranking;
mod report;
mod split;

pub use error::EvalError;
pub use folds::{
    Fold, Folds, GroupKFold, Holdout, KFold, LeaveOneGroupOut, RepeatedKFold, RepeatedStratifiedKFold, ShuffleSplit,
    StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit, train_test_split,
};
pub use metrics::{
    ConfusionMatrix, accuracy, accuracy_weighted, brier, brier_weighted, confusion_matrix, f1, log_loss,
    log_loss_weighted, precision, recall,
};
pub use ranking::{RocCurve, average_precision, average_precision_weighted, roc_auc, roc_auc_weighted, roc_curve};
pub use report::{ClassificationReport, Comparison, ComparisonRow, evaluate};
pub use split::{holdout_split, time_split};
