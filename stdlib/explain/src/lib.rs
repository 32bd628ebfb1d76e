//! Why a model predicts what it predicts: SHAP values of trees, permutation importance, and their charts.

mod background;
mod error;
mod game;
mod permutation;
mod shap;
mod tree;

pub use error::ExplainError;
pub use permutation::{PermutationImportance, PermutedFeature, permutation_importance, permutation_importance_by};
pub use shap::{Shap, shap, shap_against};
