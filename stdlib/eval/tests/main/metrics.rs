//! Metrics.

use ironbook_eval::{
    EvalError, accuracy, accuracy_weighted, average_precision, average_precision_weighted, brier, brier_weighted,
    confusion_matrix, f1, log_loss, log_loss_weighted, precision, recall, roc_auc, roc_auc_weighted, roc_curve,
};
use serde_json::Value;

fn numbers(case: &Value, key: &str) -> Vec<f64> {
    let list = case[key].as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap_or(f64::INFINITY)).collect()
}

fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
}

fn all_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?}, expected {expected:?}");
    for (f, e) in found.iter().zip(expected) {
        assert!(f == e || (f - e).abs() <= 1e-12, "{what}: {f}, expected {e}");
    }
}

#[test]
fn values_are_scikit_learns() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../reference/metrics.json")).unwrap();
    assert_eq!(cases.len(), 9);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let (truth, score, weight) = (numbers(case, "truth"), numbers(case, "score"), numbers(case, "weight"));
        let predicted: Vec<f64> = score.iter().map(|s| f64::from(u8::from(*s > 0.5))).collect();
        close(roc_auc(&truth, &score).unwrap(), &case["roc_auc"], name);
        close(average_precision(&truth, &score).unwrap(), &case["average_precision"], name);
        close(log_loss(&truth, &score).unwrap(), &case["log_loss"], name);
        close(brier(&truth, &score).unwrap(), &case["brier"], name);
        close(accuracy(&truth, &predicted).unwrap(), &case["accuracy"], name);
        close(precision(&truth, &predicted).unwrap(), &case["precision"], name);
        close(recall(&truth, &predicted).unwrap(), &case["recall"], name);
        close(f1(&truth, &predicted).unwrap(), &case["f1"], name);
        let weighted = &case["weighted"];
        close(roc_auc_weighted(&truth, &score, &weight).unwrap(), &weighted["roc_auc"], name);
        close(average_precision_weighted(&truth, &score, &weight).unwrap(), &weighted["average_precision"], name);
        close(log_loss_weighted(&truth, &score, &weight).unwrap(), &weighted["log_loss"], name);
        close(brier_weighted(&truth, &score, &weight).unwrap(), &weighted["brier"], name);
        close(accuracy_weighted(&truth, &predicted, &weight).unwrap(), &weighted["accuracy"], name);
        let c = confusion_matrix(&truth, &predicted).unwrap();
        let counts = [c.true_negatives, c.false_positives, c.false_negatives, c.true_positives].map(|n| n as f64);
        assert_eq!(counts.to_vec(), numbers(case, "confusion"), "{name}");
        let curve = roc_curve(&truth, &score).unwrap();
        all_close(&curve.fpr, &numbers(case, "fpr"), name);
        all_close(&curve.tpr, &numbers(case, "tpr"), name);
        all_close(&curve.thresholds, &numbers(case, "thresholds"), name);
        assert_eq!(curve.auc, roc_auc(&truth, &score).unwrap());
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let truth = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0];
    let score = [0.5, 0.5, 0.7, -0.0, 0.0, 3.0];
    let back: (Vec<f64>, Vec<f64>) = truth.iter().copied().zip(score).rev().unzip();
    assert_eq!(roc_auc(&truth, &score).unwrap(), roc_auc(&back.0, &back.1).unwrap());
    assert_eq!(roc_curve(&truth, &score).unwrap(), roc_curve(&back.0, &back.1).unwrap());
}

#[test]
fn bad_lists_are_refused() {
    let truth = [0.0, 1.0, 1.0];
    type Metric = fn(&[f64], &[f64]) -> Result<f64, EvalError>;
    let of_scores: [Metric; 4] = [roc_auc, average_precision, log_loss, brier];
    let of_classes: [Metric; 4] = [accuracy, precision, recall, f1];
    for metric in of_scores.into_iter().chain(of_classes) {
        assert!(matches!(metric(&[], &[]), Err(EvalError::Empty)));
        assert!(matches!(metric(&truth, &[0.0]), Err(EvalError::Length { expected: 3, found: 1, .. })));
        let not_binary = metric(&[0.0, f64::NAN], &[0.0, 1.0]).unwrap_err();
        assert!(matches!(not_binary, EvalError::NotBinary { row: 1, .. } | EvalError::NotClass { row: 1, .. }));
    }
    for metric in of_scores {
        let holes = metric(&truth, &[0.1, f64::NAN, f64::INFINITY]).unwrap_err();
        assert!(matches!(holes, EvalError::NotFinite { count: 2, rows: 3, row: 1, .. }));
    }
    for metric in of_classes {
        let error = metric(&truth, &[0.0, 0.3, 1.0]).unwrap_err();
        let right = matches!(&error, EvalError::NotBinary { row: 1, .. } | EvalError::NotClass { row: 1, .. });
        assert!(right && error.to_string().contains("roc_auc"), "{error}");
    }
    // Accuracy knows more than two classes.
    assert_eq!(accuracy(&[0.0, 2.0], &[0.0, 1.0]).unwrap(), 0.5);
    for metric in of_scores.into_iter().chain([precision, recall, f1] as [Metric; 3]) {
        assert!(matches!(metric(&[0.0, 2.0], &[0.0, 1.0]), Err(EvalError::NotBinary { row: 1, .. })));
    }
    for metric in [log_loss, brier] {
        assert!(matches!(metric(&truth, &[0.0, 0.3, 1.1]), Err(EvalError::NotProbability { row: 2, .. })));
    }
}

#[test]
fn one_class_has_no_area() {
    let scores = [0.2, 0.4];
    for class in [0.0, 1.0] {
        assert!(matches!(roc_auc(&[class; 2], &scores), Err(EvalError::OneClass { value, .. }) if value == class));
        assert!(matches!(roc_curve(&[class; 2], &scores), Err(EvalError::OneClass { .. })));
    }
    // A class of which no row counts is not there.
    assert!(matches!(roc_auc_weighted(&[0.0, 1.0], &scores, &[1.0, 0.0]), Err(EvalError::OneClass { value: 0.0, .. })));
    assert!(matches!(average_precision(&[0.0; 2], &scores), Err(EvalError::OneClass { .. })));
    assert_eq!(average_precision(&[1.0; 2], &scores).unwrap(), 1.0);
}

#[test]
fn bad_weights_are_refused() {
    let weighted = |w: &[f64]| log_loss_weighted(&[0.0, 1.0], &[0.1, 0.9], w).unwrap_err();
    assert!(matches!(weighted(&[1.0, -1.0]), EvalError::Weight { row: 1, .. }));
    assert!(matches!(weighted(&[f64::NAN, 1.0]), EvalError::Weight { row: 0, .. }));
    assert!(matches!(weighted(&[0.0, 0.0]), EvalError::ZeroWeights));
    assert!(matches!(weighted(&[1.0]), EvalError::Length { .. }));
}
