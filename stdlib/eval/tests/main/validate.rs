//! Cross-validation, learning curves and the gate.

use crate::support::{EchoParams, binary, columns, noise, on_threads, rows, words};
use ironbook_core::Display as _;
use ironbook_data::{Dataset, Matrix};
use ironbook_eval::{
    EvalError, EvaluateOptions, Fold, Folds, GateRules, KFold, StratifiedKFold, baseline_gate, cross_validate,
    evaluate, evaluate_with, learning_curve, rmse, roc_auc,
};
use ironbook_learn::{Fit as _, LogisticRegression, PredictProba as _};

fn data() -> Dataset {
    let mut u = noise(12);
    let x: Vec<f64> = (0..300).map(|_| 2.0 * u() - 1.0).collect();
    let target = x.iter().map(|x| if x + u() - 0.5 > 0.0 { 1.0 } else { 0.0 }).collect();
    Dataset::from_parts(Matrix::from_columns(vec![("x".to_owned(), x)]).unwrap(), target, "late")
}

#[test]
fn folds_are_fitted_and_judged_one_by_one() {
    let (data, params, folds) = (data(), LogisticRegression::params(), StratifiedKFold::new(4).shuffled(1));
    let found = cross_validate(&params, &data, &folds).unwrap();
    let expected: Vec<f64> = folds
        .folds(&data)
        .unwrap()
        .iter()
        .map(|fold| {
            let (train, test) = fold.of(&data);
            let model = params.fit(&train).unwrap();
            roc_auc(&test.target, &model.predict_proba(&test.features).unwrap()).unwrap()
        })
        .collect();
    let metric = found.metric("roc_auc").unwrap();
    assert_eq!(metric.folds, expected);
    let mean = expected.iter().sum::<f64>() / 4.0;
    let std = (expected.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    assert!((metric.mean - mean).abs() < 1e-15 && (metric.std - std).abs() < 1e-15 && std > 0.0);
    assert_eq!((found.rows.len(), found.rows[0], found.fit_s.len()), (4, (225, 75), 4));
    assert!(found.metrics().contains(&("roc_auc_std".to_owned(), metric.std)));
    assert!(found.bundle().plain().contains("Cross-validation of \"late\", 4 folds"));
    assert!(matches!(found.metric("auc"), Err(EvalError::NoMetric { .. })));
    let other = on_threads(3, || cross_validate(&params, &data, &folds)).unwrap();
    assert_eq!(found.metrics, other.metrics);
}

#[test]
fn regressions_are_validated_as_well_and_errors_name_their_fold() {
    let y: Vec<f64> = (0..20).map(f64::from).collect();
    let mut data = columns(vec![("predicted", y.iter().map(|y| y + 0.5).collect())], y.clone());
    let found = cross_validate(&EchoParams, &data, &KFold::new(5)).unwrap();
    assert_eq!(found.metric("rmse").unwrap().mean, rmse(&[0.0], &[0.5]).unwrap());
    data.target[0] = 1e7;
    let error = cross_validate(&EchoParams, &data, &KFold::new(5)).unwrap_err();
    assert!(matches!(error, EvalError::InFold { fold: 1, .. }) && words(&error).starts_with("fold 1: "));
    assert!(matches!(cross_validate(&EchoParams, &data, &Vec::<Fold>::new()), Err(EvalError::NoFolds)));
    assert!(matches!(cross_validate(&EchoParams, &data, &KFold::new(21)), Err(EvalError::Folds { .. })));
}

#[test]
fn a_learning_curve_grows() {
    let (data, params) = (data(), LogisticRegression::params());
    let curve = learning_curve(&params, &data, &KFold::new(3).shuffled(2), &[1.0, 0.1, 0.5], "log_loss", 0).unwrap();
    assert_eq!(curve.rows, [20, 100, 200]);
    let means = curve.means();
    assert!(means[2] < means[0] && curve.test.iter().all(|folds| folds.len() == 3));
    assert!(curve.chart().unwrap().to_svg().unwrap().contains("log_loss"));
    let whole = cross_validate(&params, &data, &KFold::new(3).shuffled(2)).unwrap();
    assert!((means[2] - whole.metric("log_loss").unwrap().mean).abs() < 1e-12);
    assert_eq!(
        curve,
        learning_curve(&params, &data, &KFold::new(3).shuffled(2), &[0.1, 0.5, 1.0], "log_loss", 0).unwrap()
    );
    let of = |shares: &[f64], metric: &str| learning_curve(&params, &data, &KFold::new(3), shares, metric, 0);
    assert!(matches!(of(&[1.1], "log_loss"), Err(EvalError::Share { .. })));
    assert!(matches!(of(&[1.0], "loss"), Err(EvalError::NoMetric { .. })));
    assert!(matches!(of(&[], "log_loss"), Err(EvalError::NoFolds)));
}

#[test]
fn a_gate_asks_for_more_than_chance() {
    let (truth, proba) = rows(400, 31);
    let (model, data) = binary(truth.clone(), proba.clone());
    let (_, flat) = binary(truth.clone(), vec![0.25; 400]);
    // A nudge that helps a little, on most rows: pairs of resamples see it, single ones do not.
    let nudged = proba.iter().zip(&truth).map(|(p, t)| (p + 0.01 * (t - p)).clamp(0.0, 1.0)).collect();
    let (_, nudged) = binary(truth, nudged);
    let [report, baseline, better] = [&data, &flat, &nudged].map(|data| evaluate(&model, data).unwrap());
    let rules = GateRules::new().better("roc_auc").better_by("log_loss", 0.01).at_least("roc_auc", 0.6);
    let gate = baseline_gate(&report, &baseline, &rules).unwrap();
    assert!(gate.passed && gate.paired && gate.checks[0].interval.unwrap().low > 0.0, "{gate:?}");
    assert_eq!(gate.checks[0].gain, Some(report.roc_auc - 0.5));
    assert!(gate.clone().require().is_ok() && gate.bundle().plain().contains("passed"));

    let paired = baseline_gate(&better, &report, &GateRules::new().better("log_loss")).unwrap();
    assert!(paired.passed && paired.checks[0].chance == Some(0.0));
    let other = evaluate_with(&model, &nudged, &EvaluateOptions::new().seed(9)).unwrap();
    let unpaired = baseline_gate(&other, &report, &GateRules::new().better("log_loss")).unwrap();
    assert!(!unpaired.passed && !unpaired.paired && unpaired.bundle().plain().contains("independently"));

    let rules = GateRules::new().better("roc_auc").no_worse("brier", 0.001).at_most("log_loss", 0.1);
    let gate = baseline_gate(&baseline, &report, &rules).unwrap();
    assert!(!gate.passed && gate.checks.iter().all(|check| !check.passed));
    let error = gate.require().unwrap_err();
    assert!(matches!(&error, EvalError::Gate { reasons, .. } if reasons.len() == 3), "{error}");
    assert!(words(&error).contains("roc_auc is 0.5"), "{error}");
    let same = baseline_gate(&report, &report, &GateRules::new().better("roc_auc")).unwrap();
    assert!(!same.passed);
}

#[test]
fn a_gate_without_grounds_is_refused() {
    let (truth, proba) = rows(100, 1);
    let (model, data) = binary(truth, proba);
    let report = evaluate_with(&model, &data, &EvaluateOptions::new().resamples(0)).unwrap();
    assert!(report.scores.list.iter().all(|score| score.interval.is_none()));
    assert!(matches!(baseline_gate(&report, &report, &GateRules::new()), Err(EvalError::NoRules)));
    let of = |rules: GateRules| baseline_gate(&report, &report, &rules).unwrap_err();
    assert!(matches!(of(GateRules::new().better("roc_auc")), EvalError::NoResamples { .. }));
    assert!(matches!(of(GateRules::new().better("auc")), EvalError::NoMetric { .. }));
}
