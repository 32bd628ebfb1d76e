//! Bootstrap intervals against resamples drawn row by row and judged by scikit-learn.

use crate::support::{Echo, binary, columns, on_threads, rows};
use ironbook_data::{Dataset, Matrix};
use ironbook_eval::{
    EvalError, EvaluateOptions, Interval, Report as _, Score, bootstrap, evaluate, evaluate_with, roc_auc,
};
use ironbook_learn::{Classes, Classification, Regression};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/bootstrap.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn interval(score: &Score) -> Interval {
    score.interval.unwrap_or_else(|| panic!("no interval for {}", score.name))
}

/// The ends lie within Monte Carlo error of the reference's: about 0.045 deviations each side at 4,000 resamples.
fn agrees(score: &Score, expected: &Value, what: &str) {
    let (found, ends) = (interval(score), list(&expected["interval"]));
    let std = expected["std"].as_f64().unwrap();
    let off = ((found.low - ends[0]) / std).abs().max(((found.high - ends[1]) / std).abs());
    assert!(off < 0.25, "{what} {}: {found:?}, expected {ends:?} (deviation {std})", score.name);
    let width = (found.high - found.low) / (ends[1] - ends[0]);
    assert!((width - 1.0).abs() < 0.08, "{what} {}: width {width}", score.name);
}

fn options() -> EvaluateOptions {
    EvaluateOptions::new().resamples(4000).seed(1)
}

#[test]
fn of_two_classes() {
    for case in reference()["binary"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (model, data) = binary(list(&case["truth"]), list(&case["proba"]));
        let weighted = data.clone().with_weights(list(&case["weight"]));
        for (data, expected) in [(data, &case["plain"]), (weighted, &case["weighted"])] {
            let report = evaluate_with(&model, &data, &options()).unwrap();
            for (metric, expected) in expected.as_object().unwrap() {
                agrees(report.scores().named(metric).unwrap(), expected, name);
            }
        }
    }
}

#[test]
fn of_values() {
    let case = &reference()["values"];
    let data = columns(vec![("predicted", list(&case["predicted"]))], list(&case["truth"]));
    let report = evaluate_with(&Echo::<Regression>::of(&data, None), &data, &options()).unwrap();
    for (metric, expected) in case["plain"].as_object().unwrap() {
        agrees(report.scores().named(metric).unwrap(), expected, "values");
    }
}

#[test]
fn of_many_classes() {
    let case = &reference()["classes"];
    let names = ["a", "b", "c"];
    let probas = case["proba"].as_array().unwrap().iter().zip(names).map(|(p, name)| (name, list(p)));
    let data = columns(probas.collect(), list(&case["truth"]));
    let classes = Classes { values: vec![0.0, 1.0, 2.0], text: None };
    let report = evaluate_with(&Echo::<Classification>::of(&data, Some(classes)), &data, &options()).unwrap();
    for (metric, expected) in case["plain"].as_object().unwrap() {
        agrees(report.scores().named(metric).unwrap(), expected, "classes");
    }
}

#[test]
fn of_any_metric_agree_with_scipys() {
    let reference = reference();
    let case = &reference["binary"][0];
    let (truth, proba) = (list(&case["truth"]), list(&case["proba"]));
    let brier = |rows: &[usize]| rows.iter().map(|&i| (proba[i] - truth[i]).powi(2)).sum::<f64>() / rows.len() as f64;
    let (found, scipys) = (bootstrap(truth.len(), 4000, 7, brier).unwrap(), list(&case["scipy_brier"]));
    let width = scipys[1] - scipys[0];
    assert!((found.low - scipys[0]).abs() < 0.06 * width && (found.high - scipys[1]).abs() < 0.06 * width);
    assert_eq!(found, on_threads(3, || bootstrap(truth.len(), 4000, 7, brier)).unwrap());
    assert!(matches!(bootstrap(10, 99, 0, |_| 0.0), Err(EvalError::Parameter { .. })));
    assert!(matches!(bootstrap(0, 100, 0, |_| 0.0), Err(EvalError::Empty)));
    assert!(matches!(bootstrap(10, 100, 0, |_| f64::NAN), Err(EvalError::NoInterval)));
}

/// Above 20,000 rows neighbours in score share a cell; the intervals are those of rows drawn one by one.
#[test]
fn of_large_data_are_those_of_single_rows() {
    let (truth, proba) = rows(24_000, 4);
    let weights: Vec<f64> = (0..truth.len()).map(|i| 0.2 + (i % 11) as f64 * proba[i]).collect();
    for weights in [None, Some(weights)] {
        let (model, mut data) = binary(truth.clone(), proba.clone());
        data.weights = weights.clone();
        let report = evaluate_with(&model, &data, &EvaluateOptions::new().resamples(2000)).unwrap();
        let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
        let loss = |i: usize| -(if truth[i] == 1.0 { proba[i] } else { 1.0 - proba[i] }).ln();
        let exact = |metric: &(dyn Fn(&[usize]) -> f64 + Sync)| bootstrap(truth.len(), 300, 9, metric).unwrap();
        let log_loss = exact(&|rows| {
            let all: f64 = rows.iter().map(|&i| weight(i)).sum();
            rows.iter().map(|&i| weight(i) * loss(i)).sum::<f64>() / all
        });
        let area = exact(&|rows| {
            let of = |values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<f64>>();
            match &weights {
                None => roc_auc(&of(&truth), &of(&proba)).unwrap(),
                Some(w) => ironbook_eval::roc_auc_weighted(&of(&truth), &of(&proba), &of(w)).unwrap(),
            }
        });
        for (name, expected) in [("log_loss", log_loss), ("roc_auc", area)] {
            let found = interval(report.scores().named(name).unwrap());
            let width = expected.high - expected.low;
            let off = (found.low - expected.low).abs().max((found.high - expected.high).abs()) / width;
            assert!(off < 0.12, "{name}: {found:?}, row by row {expected:?}");
        }
    }
}

#[test]
fn are_the_same_on_any_number_of_threads() {
    for n in [500, 21_000] {
        let (truth, proba) = rows(n, 8);
        let (model, data) = binary(truth, proba);
        let one = on_threads(1, || evaluate(&model, &data)).unwrap();
        assert_eq!(one, on_threads(3, || evaluate(&model, &data)).unwrap());
        let other = evaluate_with(&model, &data, &EvaluateOptions::new().seed(1)).unwrap();
        assert_ne!(one.scores, other.scores);
        assert_eq!(one.roc_auc, other.roc_auc);
        for score in &one.scores.list {
            assert!(score.name == "calibration_error" || interval(score).contains(score.value), "{score:?}");
        }
    }
}

#[test]
fn cover_the_truth_as_often_as_they_say() {
    // 200 samples of 150 rows, each with an interval; the true accuracy is that of the law the rows are drawn from.
    let (truth, proba) = rows(200_000, 99);
    let right = |t: f64, p: f64| (p > 0.5) == (t == 1.0);
    let all = truth.iter().zip(&proba).filter(|(t, p)| right(**t, **p)).count() as f64 / truth.len() as f64;
    let covered = (0..200).filter(|s| {
        let part = s * 150..(s + 1) * 150;
        let (model, data) = binary(truth[part.clone()].to_vec(), proba[part].to_vec());
        let report = evaluate_with(&model, &data, &EvaluateOptions::new().resamples(300)).unwrap();
        interval(report.scores().named("accuracy").unwrap()).contains(all)
    });
    // Expected 190 of 200, deviation 3.1; percentile intervals of small samples cover a little less.
    let covered = covered.count();
    assert!((176..=199).contains(&covered), "{covered}");
}

#[test]
fn of_one_class_in_some_resamples() {
    let mut truth = vec![0.0; 30];
    truth[3] = 1.0;
    let proba: Vec<f64> = (0..30).map(|i| f64::from(i) / 40.0).collect();
    let (model, data) = binary(truth, proba);
    let report = evaluate(&model, &data).unwrap();
    let area = interval(report.scores().named("roc_auc").unwrap());
    assert!(area.low.is_finite() && area.low <= report.roc_auc && report.roc_auc <= area.high);
    assert!(matches!(
        evaluate_with(&model, &data, &EvaluateOptions::new().resamples(10)),
        Err(EvalError::Parameter { .. })
    ));
    let features = Matrix::from_columns(vec![("p".to_owned(), vec![])]).unwrap();
    assert!(matches!(evaluate(&model, &Dataset::from_parts(features, vec![], "y")), Err(EvalError::Empty)));
}
