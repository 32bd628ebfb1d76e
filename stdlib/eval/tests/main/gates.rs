//! Gates: gains against a paired bootstrap that scikit-learn judges, thresholds, gates without a baseline.

use crate::support::{Echo, binary, columns, noise, on_threads, rows, words};
use ironbook_core::Display as _;
use ironbook_data::Dataset;
use ironbook_eval::{
    EvalError, EvaluateOptions, Gate, GateRules, Interval, Report as _, baseline_gate, bootstrap, evaluate,
    evaluate_with, log_loss, predictions, roc_auc, scores_gate, threshold_gate,
};
use ironbook_learn::{Ranking, Regression};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/gate.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Values are scikit-learn's; the interval's ends lie within Monte Carlo error of the reference's, which is about 0.045
/// deviations each side at 4,000 resamples.
fn agrees(gate: &Gate, expected: &Value) {
    assert!(gate.paired);
    for check in &gate.checks {
        let (name, expected) = (&check.metric, &expected[&check.metric]);
        let number = |key: &str| expected[key].as_f64().unwrap();
        let near = |found: f64, key: &str| assert!((found - number(key)).abs() < 1e-9, "{name} {key}: {found}");
        near(check.model, "model");
        near(check.baseline.unwrap(), "baseline");
        near(check.gain.unwrap(), "gain");
        let (found, ends, std) = (check.interval.unwrap(), list(&expected["interval"]), number("std"));
        let off = ((found.low - ends[0]) / std).abs().max(((found.high - ends[1]) / std).abs());
        assert!(off < 0.25, "{name}: {found:?}, expected {ends:?} (deviation {std})");
        assert!((check.chance.unwrap() - number("chance")).abs() < 0.03, "{name}: {:?}", check.chance);
        assert_eq!(check.passed, found.low > 0.0 && check.gain.unwrap() > 0.0, "{name}");
    }
}

fn better_in_all(expected: &Value) -> GateRules {
    expected.as_object().unwrap().keys().fold(GateRules::new(), |rules, metric| rules.better(metric))
}

fn options() -> EvaluateOptions {
    EvaluateOptions::new().resamples(4000).seed(1)
}

#[test]
fn gains_of_classifiers_are_those_of_scikit_learn() {
    let reference = &reference()["binary"];
    for (key, weights) in [("plain", None), ("weighted", Some(list(&reference["weight"])))] {
        let report = |proba: &str| {
            let (model, mut data) = binary(list(&reference["truth"]), list(&reference[proba]));
            data.weights = weights.clone();
            evaluate_with(&model, &data, &options()).unwrap()
        };
        let gate = baseline_gate(&report("own"), &report("other"), &better_in_all(&reference[key])).unwrap();
        assert!(gate.checks.iter().any(|check| check.passed), "the reference has a model that is better");
        agrees(&gate, &reference[key]);
    }
}

#[test]
fn gains_of_regressions_are_those_of_scikit_learn() {
    let reference = &reference()["values"];
    let report = |predicted: &str| {
        let data = columns(vec![("predicted", list(&reference[predicted]))], list(&reference["truth"]));
        evaluate_with(&Echo::<Regression>::of(&data, None), &data, &options()).unwrap()
    };
    let gate = baseline_gate(&report("own"), &report("other"), &better_in_all(&reference["plain"])).unwrap();
    agrees(&gate, &reference["plain"]);
}

/// 24,000 rows of two models that see almost the same.
fn large() -> (Vec<f64>, [Vec<f64>; 2]) {
    let (truth, own) = rows(24_000, 4);
    let mut u = noise(77);
    let other = own.iter().map(|p| (p + 0.05 * (u() - 0.5)).clamp(0.001, 0.999)).collect();
    (truth, [own, other])
}

#[test]
fn pairs_of_large_data_are_those_of_single_rows() {
    let (truth, probas) = large();
    let gate = |options: &EvaluateOptions| {
        let report = |proba: &Vec<f64>| {
            let (model, data) = binary(truth.clone(), proba.clone());
            evaluate_with(&model, &data, options).unwrap()
        };
        let rules = GateRules::new().better("log_loss").better("roc_auc");
        baseline_gate(&report(&probas[0]), &report(&probas[1]), &rules).unwrap()
    };
    let options = EvaluateOptions::new().resamples(1000);
    let paired = gate(&options.clone().paired_up_to(24_000));
    let exact = |metric: fn(&[f64], &[f64]) -> Result<f64, EvalError>, sign: f64| {
        let of = |rows: &[usize], values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let gain = |rows: &[usize]| {
            let truth = of(rows, &truth);
            let [own, other] = [0, 1].map(|m| metric(&truth, &of(rows, &probas[m])).unwrap());
            sign * (own - other)
        };
        bootstrap(truth.len(), 300, 9, gain).unwrap()
    };
    let width = |interval: Interval| interval.high - interval.low;
    for (check, expected) in paired.checks.iter().zip([exact(log_loss, -1.0), exact(roc_auc, 1.0)]) {
        let found = check.interval.unwrap();
        let off = (found.low - expected.low).abs().max((found.high - expected.high).abs()) / width(expected);
        assert!(paired.paired && off < 0.15, "{}: {found:?}, row by row {expected:?}", check.metric);
    }
    let independent = gate(&options);
    assert!(!independent.paired && paired.passed && !independent.passed);
    let wider =
        |at: usize| width(independent.checks[at].interval.unwrap()) / width(paired.checks[at].interval.unwrap());
    assert!(wider(0) > 3.0 && wider(1) > 3.0, "{} {}", wider(0), wider(1));
    assert_eq!(paired, on_threads(3, || gate(&options.clone().paired_up_to(24_000))));
}

/// Of a ranking queries are drawn, and many rows in few of them are drawn one by one.
#[test]
fn rankings_are_paired_by_their_queries() {
    let mut u = noise(6);
    let relevance: Vec<f64> = (0..21_000).map(|_| (4.0 * u()).floor()).collect();
    let report = |noise: f64| {
        let mut u = crate::support::noise(8);
        let scores = relevance.iter().map(|r| r + noise * u()).collect();
        let data = columns(vec![("score", scores)], relevance.clone());
        let data = data.with_groups((0..21_000).map(|i| i / 70).collect());
        evaluate(&Echo::<Ranking>::of(&data, None), &data).unwrap()
    };
    let gate = baseline_gate(&report(3.0), &report(3.2), &GateRules::first_metric()).unwrap();
    assert!(gate.paired && gate.passed && gate.checks[0].metric == "ndcg", "{gate:?}");
}

fn report(seed: u64) -> ironbook_eval::ClassificationReport {
    let (truth, proba) = rows(400, seed);
    let (model, data) = binary(truth, proba);
    evaluate_with(&model, &data, &EvaluateOptions::new().resamples(100)).unwrap()
}

#[test]
fn thresholds_need_no_baseline() {
    let report = report(2);
    let gate = threshold_gate(&report, &GateRules::new().at_least("roc_auc", 0.6).at_most("brier", 0.1)).unwrap();
    assert_eq!(gate.checks.iter().map(|check| check.passed).collect::<Vec<_>>(), [true, false]);
    assert!(gate.checks.iter().all(|check| check.baseline.is_none() && check.gain.is_none()));
    let plain = gate.bundle().plain().to_owned();
    assert!(plain.starts_with("Gate for \"y\": not passed\nmetric") && !plain.contains("baseline"), "{plain}");
    let error = words(&gate.require().unwrap_err());
    assert!(error.contains("does not pass: brier is") && error.contains(", not at most 0.1"), "{error}");
    let refused = threshold_gate(&report, &GateRules::new().better("roc_auc")).unwrap_err();
    assert!(matches!(&refused, EvalError::NeedsBaseline { rule } if rule == "roc_auc better by more than chance"));
    let refused = threshold_gate(&report, &GateRules::first_metric()).unwrap_err();
    assert!(words(&refused).contains("the first metric better by more than chance"));
    assert!(matches!(threshold_gate(&report, &GateRules::new()), Err(EvalError::NoRules)));
}

#[test]
fn without_a_baseline_thresholds_hold_all_the_same() {
    let (truth, proba) = rows(400, 2);
    let (model, data) = binary(truth, proba);
    let scores = predictions(&model, &data).unwrap().scores(&EvaluateOptions::new().resamples(100)).unwrap();
    let gate = |rules: &GateRules| scores_gate("y", &scores, None, rules).unwrap();
    let open = gate(&GateRules::first_metric());
    assert!(open.passed && open.checks.is_empty() && !open.paired);
    assert!(open.bundle().plain().contains("One rule compares, and there is nothing to compare with"));
    let strict = gate(&GateRules::first_metric().better("f1").at_least("roc_auc", 0.99));
    assert!(!strict.passed && strict.checks.len() == 1 && strict.notes[0].starts_with("2 rules compare"));
    assert_eq!(
        GateRules::first_metric().better("f1").at_most("brier", 0.2).thresholds(),
        GateRules::new().at_most("brier", 0.2)
    );
}

#[test]
fn the_first_metric_is_not_another_one_where_all_rows_are_of_one_class() {
    let (model, data) = binary(vec![1.0; 50], (0..50).map(|i| 0.5 + 0.01 * f64::from(i)).collect());
    let scores = predictions(&model, &data).unwrap().scores(&EvaluateOptions::new().resamples(100)).unwrap();
    let found = scores_gate("y", &scores, Some(&scores), &GateRules::first_metric());
    assert!(matches!(found, Err(EvalError::Undefined { metric, .. }) if metric == "roc_auc"));
}

#[test]
fn a_gate_names_what_it_compares_with() {
    let (better, worse) = (report(2), {
        let (truth, proba) = rows(400, 2);
        let (model, data) = binary(truth, vec![0.25; proba.len()]);
        evaluate_with(&model, &data, &EvaluateOptions::new().resamples(100)).unwrap()
    });
    let rules = GateRules::first_metric();
    let gate = baseline_gate(&worse, &better, &rules).unwrap().against("late@champion").note("A <b>note</b>.");
    assert_eq!((gate.checks[0].metric.as_str(), gate.checks[0].baseline), ("roc_auc", Some(better.roc_auc)));
    let bundle = gate.bundle();
    assert!(
        bundle.plain().contains("late@champion") && bundle.plain().ends_with("A <b>note</b>."),
        "{}",
        bundle.plain()
    );
    assert!(bundle.get("text/html").unwrap().contains("<th>late@champion</th>"));
    assert!(!bundle.get("text/html").unwrap().contains("<b>note"));
    let error = words(&gate.clone().require().unwrap_err());
    assert!(error.contains("roc_auc is 0.5 (") && error.contains(" for late@champion; gain -0."), "{error}");
    assert!(error.contains("95% interval -0.") && error.contains("not better by more than chance"), "{error}");
    let text = serde_json::to_string(&gate).unwrap();
    assert_eq!(serde_json::from_str::<Gate>(&text).unwrap(), gate);
    let rules = rules.no_worse("brier", 0.01);
    assert_eq!(serde_json::from_str::<GateRules>(&serde_json::to_string(&rules).unwrap()).unwrap(), rules);
}

#[test]
fn data_sets_of_the_same_size_are_not_taken_for_pairs() {
    let of = |seed: u64| -> Dataset { binary(rows(400, seed).0, rows(400, seed).1).1 };
    let report = |data: &Dataset| {
        let (model, _) = binary(vec![0.0, 1.0], vec![0.1, 0.2]);
        evaluate_with(&model, data, &EvaluateOptions::new().resamples(100)).unwrap()
    };
    let gate = baseline_gate(&report(&of(1)), &report(&of(2)), &GateRules::first_metric()).unwrap();
    assert!(!gate.paired && report(&of(1)).scores().get("roc_auc").is_some());
}
