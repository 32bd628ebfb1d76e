//! Permutation importance against scikit-learn's, and against the mean over all permutations.

use crate::{numbers, read};
use ironbook_core::Display;
use ironbook_data::{Dataset, Matrix};
use ironbook_explain::{ExplainError, permutation_importance, permutation_importance_by};
use ironbook_learn::{Fit, LogisticRegression};
use serde_json::Value;

fn case() -> (Value, Dataset) {
    let case = read("tests/reference/permutation.json");
    let columns = case["columns"].as_array().unwrap().iter().zip(["a", "b", "c"]);
    let columns = columns.map(|(column, name)| (name.to_owned(), numbers(column))).collect();
    let data = Dataset::from_parts(Matrix::from_columns(columns).unwrap(), numbers(&case["target"]), "y");
    (case, data)
}

#[test]
fn means_and_deviations_are_those_of_scikit_learn() {
    let (case, data) = case();
    let model = LogisticRegression::params().fit(&data).unwrap();
    let repeats = 500;
    for metric in ["log_loss", "roc_auc", "accuracy"] {
        let found = permutation_importance(&model, &data, metric, repeats, 7).unwrap();
        let (means, stds) = (numbers(&case[metric]["mean"]), numbers(&case[metric]["std"]));
        for (j, feature) in found.features.iter().enumerate() {
            // Both are means of random shuffles: five standard errors of the difference.
            let error = 5.0 * stds[j] * (1.0 / repeats as f64 + 1.0 / 3000.0).sqrt() + 1e-9;
            assert!((feature.mean() - means[j]).abs() < error, "{metric} {j}: {} for {}", feature.mean(), means[j]);
            assert!((feature.std() / stds[j] - 1.0).abs() < 0.2, "{metric} {j}: {} for {}", feature.std(), stds[j]);
        }
    }
    let found = permutation_importance(&model, &data, "log_loss", repeats, 8).unwrap();
    for (feature, exact) in found.features.iter().zip(numbers(&case["exact_log_loss"])) {
        let error = 5.0 * feature.std() / (repeats as f64).sqrt();
        assert!((feature.mean() - exact).abs() < error, "{}: {} for {exact}", feature.name, feature.mean());
    }
    assert_eq!(found.importances()[0].0, "a");
}

#[test]
fn the_seed_decides() {
    let (_, data) = case();
    let model = LogisticRegression::params().fit(&data).unwrap();
    let run = |seed| permutation_importance(&model, &data, "roc_auc", 3, seed).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).features[0].drops, run(2).features[0].drops);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(threads.install(|| run(1)), run(1));
}

/// Only the shuffled column differs, and it holds the same values; text keeps its kind.
#[test]
fn one_column_at_a_time_is_shuffled() {
    let (_, data) = case();
    let changed = std::cell::RefCell::new(Vec::new());
    let measure = |shuffled: &Dataset| {
        changed.borrow_mut().push(shuffled.features.clone());
        Ok(0.0)
    };
    permutation_importance_by(&data, 2, 0, measure).unwrap();
    let changed = changed.into_inner();
    assert_eq!(changed.len(), 7);
    for (i, matrix) in changed.iter().enumerate().skip(1) {
        for j in 0..3 {
            let (mut a, mut b) = (matrix.column(j).to_vec(), data.features.column(j).to_vec());
            assert_eq!(a == b, j != (i - 1) / 2, "call {i}, column {j}");
            a.sort_by(f64::total_cmp);
            b.sort_by(f64::total_cmp);
            assert_eq!(a, b);
        }
    }
}

#[test]
fn what_is_refused() {
    let (_, data) = case();
    let model = LogisticRegression::params().fit(&data).unwrap();
    let error = permutation_importance(&model, &data, "roc_auc", 0, 0).unwrap_err();
    assert!(matches!(error, ExplainError::Repeats) && error.to_string().contains('\n'), "{error}");
    let error = permutation_importance(&model, &data, "auk", 1, 0).unwrap_err();
    assert!(matches!(error, ExplainError::Eval(_)) && error.to_string().contains("auk"), "{error}");
}

#[test]
fn it_shows_itself() {
    let (_, data) = case();
    let model = LogisticRegression::params().fit(&data).unwrap();
    let found = permutation_importance(&model, &data, "roc_auc", 5, 0).unwrap();
    let text = found.bundle().plain().to_owned();
    assert!(text.starts_with("permutation importance; roc_auc 0."), "{text}");
    assert_eq!(text.lines().nth(2).unwrap().split(' ').next(), Some("a"), "{text}");
    assert!(found.bar().unwrap().to_svg().unwrap().contains("drop of roc_auc"));
}
