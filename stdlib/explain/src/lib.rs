//! Why a model predicts what it predicts: SHAP values of trees, permutation importance, and their charts.
