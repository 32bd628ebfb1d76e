//! The report of a classifier.

use ironbook_core::Display as _;
use ironbook_data::{Dataset, Matrix};
use ironbook_eval::{EvalError, evaluate, log_loss, roc_auc};
use ironbook_learn::{Fit, LearnError, LogisticRegression, MajorityBaseline, PredictProba};

fn data() -> Dataset {
    let x: Vec<f64> = (0..40).map(|i| f64::from(i) / 10.0).collect();
    let target = (0..40).map(|i| if i % 3 == 0 || i > 25 { 1.0 } else { 0.0 }).collect();
    Dataset::from_parts(Matrix::from_columns(vec![("x".to_owned(), x)]).unwrap(), target, "late")
}

#[test]
fn a_model_beats_its_baseline() {
    let data = data();
    let model = LogisticRegression::params().fit(&data).unwrap();
    let baseline = evaluate(&MajorityBaseline::params().fit(&data).unwrap(), &data).unwrap();
    let report = evaluate(&model, &data).unwrap();
    let proba = model.predict_proba(&data.features).unwrap();
    assert_eq!(report.roc_auc, roc_auc(&data.target, &proba).unwrap());
    assert_eq!(report.log_loss, log_loss(&data.target, &proba).unwrap());
    assert_eq!((report.n, baseline.roc_auc), (40, 0.5));
    assert!(report.beats(&baseline) && !baseline.beats(&report) && !report.beats(&report));
    let comparison = report.compare(&baseline);
    assert!(comparison.beats);
    let gain = |name: &str| comparison.rows.iter().find(|row| row.metric == name).unwrap().gain;
    assert_eq!(gain("roc_auc"), report.roc_auc - 0.5);
    assert_eq!(gain("log_loss"), baseline.log_loss - report.log_loss);
    assert!(comparison.bundle().plain().contains("beats the baseline"));
    assert!(baseline.compare(&report).bundle().plain().contains("does not beat"));
}

#[test]
fn metrics_have_names_for_tracking() {
    let data = data();
    let report = evaluate(&LogisticRegression::params().fit(&data).unwrap(), &data).unwrap();
    let metrics = report.metrics();
    let names: Vec<&str> = metrics.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..5], ["roc_auc", "log_loss", "accuracy", "brier", "average_precision"]);
    assert_eq!(names[5..10], ["precision", "recall", "f1", "balanced_accuracy", "mcc"]);
    assert_eq!(names[10..], ["calibration_error", "positive_rate", "n"]);
    assert_eq!(metrics[12].1, 40.0);
    let bundle = report.bundle();
    assert!(bundle.plain().contains("roc_auc") && bundle.data["text/html"].as_str().unwrap().contains("<td"));
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let good = data();
    let model = LogisticRegression::params().fit(&good).unwrap();
    let mut one_class = good.clone();
    one_class.target = vec![0.0; 40];
    assert!(matches!(evaluate(&model, &one_class), Err(EvalError::OneClass { .. })));
    let other = Matrix::from_columns(vec![("y".to_owned(), vec![0.0; 40])]).unwrap();
    let other = Dataset { features: other, ..good.clone() };
    assert!(matches!(evaluate(&model, &other), Err(EvalError::Model(LearnError::Columns { .. }))));
    let empty = Matrix::from_columns(vec![("x".to_owned(), vec![])]).unwrap();
    let empty = Dataset::from_parts(empty, vec![], "late");
    assert!(matches!(evaluate(&model, &empty), Err(EvalError::Empty)));
}
