//! What lies at the edge of a definition: ties, borders, one class, one row, targets that do not vary, values that are no
//! classes.

use crate::support::{Echo, binary, columns, noise, rows, words};
use ironbook_core::Display as _;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_eval::{
    Average, Binning, ClassScores, EvalError, EvaluateOptions, Fold, GroupKFold, KFold, Pairing, Queries, Report as _,
    Residuals, Thresholds, bootstrap, bootstrap_bca, calibration_curve, confusion_table, cross_validate, evaluate,
    evaluate_with, predictions, r2, roc_curve, slices,
};
use ironbook_learn::{Classes, Classification, Fit, LearnError, LogisticRegression, Predict as _, Regression};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

fn reference(kind: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../reference/edges.json")).unwrap();
    all[kind].clone()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn near(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found}, expected {expected}");
}

#[test]
fn probabilities_on_the_borders_of_bins() {
    for case in reference("calibration").as_array().unwrap() {
        let (truth, proba) = (list(&case["truth"]), list(&case["proba"]));
        for (binning, name) in [(Binning::Uniform, "uniform"), (Binning::Quantile, "quantile")] {
            let bins = case["bins"].as_u64().unwrap() as usize;
            let curve = calibration_curve(&truth, &proba, bins, binning).unwrap();
            let (observed, mean) = (list(&case[name][0]), list(&case[name][1]));
            let all = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(all(&curve.observed, &observed) && all(&curve.predicted, &mean), "{name} {bins}: {curve:?}");
        }
    }
}

#[test]
fn average_precision_of_many_classes() {
    let case = reference("classes");
    let truth: Vec<usize> = list(&case["truth"]).iter().map(|y| *y as usize).collect();
    let probas: Vec<Vec<f64>> = case["proba"].as_array().unwrap().iter().map(list).collect();
    let weight = list(&case["weight"]);
    let scores = ClassScores::new(&truth, &probas).unwrap();
    near(scores.average_precision().unwrap(), &case["average_precision"]);
    near(scores.weighted(&weight).unwrap().average_precision().unwrap(), &case["weighted"]);
    let named = ["a", "b", "c", "d"].into_iter().zip(probas).collect();
    let data = columns(named, list(&case["truth"]));
    let classes = Classes { values: vec![0.0, 1.0, 2.0, 3.0], text: None };
    let report = evaluate(&Echo::<Classification>::of(&data, Some(classes)), &data).unwrap();
    let score = report.scores().named("average_precision").unwrap();
    near(report.average_precision, &case["average_precision"]);
    let interval = score.interval.unwrap();
    assert!(score.value == report.average_precision && interval.contains(score.value));
    assert!(interval.bundle().plain().ends_with(" (95% interval)"), "{}", interval.bundle().plain());
    assert!(score.bundle().plain().starts_with("average_precision 0."), "{}", score.bundle().plain());
    assert!(score.bundle().plain().ends_with("), higher is better"), "{}", score.bundle().plain());
}

#[test]
fn probabilities_have_to_add_up() {
    let probas = vec![vec![0.2, 0.5], vec![0.3, 0.5], vec![0.5, 0.5]];
    let error = ClassScores::new(&[0, 1], &probas).unwrap_err();
    assert!(matches!(error, EvalError::NotDistribution { row: 1, sum: 1.5 }), "{error}");
    let rounded = vec![vec![0.3333], vec![0.3333], vec![0.3333]];
    assert!(ClassScores::new(&[2], &rounded).is_ok());
}

/// The variance of a constant is 0, whatever its mean rounds to; a single row has none.
#[test]
fn targets_that_do_not_vary() {
    for case in reference("constant").as_array().unwrap() {
        let (truth, predicted) = (list(&case["truth"]), list(&case["predicted"]));
        let rows = Residuals::new(&truth, &predicted).unwrap();
        near(rows.r2(), &case["r2"]);
        near(rows.explained_variance(), &case["explained"]);
        let data = columns(vec![("predicted", predicted)], truth);
        let report = evaluate(&Echo::<Regression>::of(&data, None), &data).unwrap();
        let interval = report.scores().named("r2").unwrap().interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
    }
    assert!(r2(&[3.0], &[2.0]).unwrap().is_nan());
    let data = columns(vec![("predicted", vec![2.0])], vec![3.0]);
    let report = evaluate(&Echo::<Regression>::of(&data, None), &data).unwrap();
    assert!(report.scores().get("r2").is_none() && report.rmse == 1.0);
    let error = report.scores().named("r2").unwrap_err();
    assert!(matches!(&error, EvalError::Undefined { .. }) && words(&error).contains("does not vary"), "{error}");
}

/// A target that is 0 but for one row does not vary in every third resample.
#[test]
fn resamples_that_do_not_vary() {
    let mut truth = vec![0.1; 30];
    truth[4] = 5.1;
    let predicted: Vec<f64> = (0..30).map(|i| 0.3 + 0.01 * f64::from(i)).collect();
    let data = columns(vec![("predicted", predicted.clone())], truth.clone());
    let report = evaluate_with(&Echo::<Regression>::of(&data, None), &data, &EvaluateOptions::new().seed(3)).unwrap();
    let interval = report.scores().named("r2").unwrap().interval.unwrap();
    let single = bootstrap(30, 4000, 1, |rows| {
        let of = |v: &[f64]| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        r2(&of(&truth), &of(&predicted)).unwrap()
    })
    .unwrap();
    assert!((interval.low - single.low).abs() < 0.02 && (interval.high - single.high).abs() < 0.02, "{interval:?}");
}

/// Of two rows the median is their mean: 1, 2 or 3, each as often as it is drawn.
#[test]
fn the_median_of_an_even_number_of_rows() {
    let data = columns(vec![("predicted", vec![0.0, 0.0])], vec![1.0, 3.0]);
    let options = EvaluateOptions::new().resamples(4000);
    let report = evaluate_with(&Echo::<Regression>::of(&data, None), &data, &options).unwrap();
    let baseline = columns(vec![("predicted", vec![-1.0, -1.0])], vec![1.0, 3.0]);
    let other = evaluate_with(&Echo::<Regression>::of(&baseline, None), &baseline, &options).unwrap();
    assert_eq!((report.scores().get("median_absolute_error").unwrap().value, other.rmse > report.rmse), (2.0, true));
    let rules = ironbook_eval::GateRules::new().better("median_absolute_error");
    let gate = ironbook_eval::baseline_gate(&report, &other, &rules).unwrap();
    // Each error of the baseline is larger by 1, and so is each median, resample by resample.
    let interval = gate.checks[0].interval.unwrap();
    assert!(gate.paired && (interval.low, interval.high) == (1.0, 1.0), "{interval:?}");
    let median = report.scores().get("median_absolute_error").unwrap().interval.unwrap();
    assert_eq!((median.low, median.high), (1.0, 3.0));
}

#[test]
fn the_order_of_rows_with_one_score_does_not_matter() {
    let mut u = noise(3);
    let relevance: Vec<f64> = (0..60).map(|_| (3.0 * u()).floor()).collect();
    let scores: Vec<f64> = (0..60).map(|_| (2.0 * u()).floor()).collect();
    let groups: Vec<u32> = (0..60).map(|i| i / 12).collect();
    let back = |v: &[f64]| v.iter().rev().copied().collect::<Vec<f64>>();
    let one = Queries::new(&relevance, &scores, &groups).unwrap();
    let other =
        Queries::new(&back(&relevance), &back(&scores), &groups.iter().rev().copied().collect::<Vec<_>>()).unwrap();
    for metric in
        [Queries::map, Queries::mrr, Queries::ndcg, |q: &Queries| q.precision_at(5), |q: &Queries| q.map_at(4)]
    {
        assert!((metric(&one) - metric(&other)).abs() < 1e-12);
    }
    // A model that tells nothing is not perfect because the data are sorted: each of 2 places is as likely.
    let flat = Queries::new(&[1.0, 0.0], &[0.5, 0.5], &[0, 0]).unwrap();
    assert_eq!((flat.map(), flat.mrr(), flat.precision_at(1)), (0.75, 0.75, 0.5));
}

#[test]
fn the_cheapest_can_be_to_predict_nothing() {
    let thresholds = Thresholds::new(&[0.0, 1.0, 0.0, 1.0], &[0.9, 0.8, 0.3, 0.2]).unwrap();
    let best = thresholds.best_cost(10.0, 1.0).unwrap();
    assert!(best.predicted == 0.0 && best.threshold > 0.9 && best.recall == 0.0 && best.accuracy == 0.5);
    assert_eq!(thresholds.at(best.threshold), best);
    assert!(best.bundle().plain().starts_with("Predicting no row 1"));
    assert_eq!(thresholds.best_cost(0.0, 1.0).unwrap().recall, 1.0);
    // A free choice keeps a threshold that occurs.
    assert_eq!(thresholds.best_cost(0.0, 0.0).unwrap().threshold, 0.9);
}

#[test]
fn values_that_are_no_classes_have_no_table() {
    let many: Vec<f64> = (0..200_000).map(f64::from).collect();
    let error = confusion_table(&many, &many).unwrap_err();
    assert!(matches!(error, EvalError::TooManyClasses { most: 1000 }) && words(&error).contains("rmse"));
    let table = confusion_table(&many[..900], &many[..900]).unwrap().bundle();
    assert!(table.plain().contains("accuracy 1") && table.data["text/html"].as_str().unwrap().len() < 2000);
}

#[test]
fn counts_have_all_their_digits() {
    let weights = vec![1_234_567.0, 1.0, 0.1, 0.2];
    let (model, data) = binary(vec![1.0, 0.0, 0.0, 0.0], vec![0.9, 0.2, 0.7, 0.8]);
    let report = evaluate_with(&model, &data.with_weights(weights), &EvaluateOptions::new().resamples(0)).unwrap();
    let text = report.bundle().plain().to_owned();
    assert!(text.contains("1234567 true and 0.3 false positives") && !text.contains("0.30000000000000004"), "{text}");
}

#[test]
fn curves_survive_a_file() {
    let (truth, proba) = rows(60, 2);
    let curve = roc_curve(&truth, &proba).unwrap();
    let text = serde_json::to_string(&curve).unwrap();
    let back: ironbook_eval::RocCurve = serde_json::from_str(&text).unwrap();
    assert!(back == curve && back.thresholds[0] == f64::INFINITY);
}

#[test]
fn the_only_class_is_called_by_its_name() {
    let (model, data) = binary(vec![1.0, 1.0], vec![0.2, 0.4]);
    let error = evaluate(&model, &data).unwrap_err();
    assert!(words(&error).contains("every true value is \"1\""), "{error}");
    let mut text = data.clone();
    text.classes = Some(vec!["EWR".to_owned(), "JFK".to_owned()]);
    let classes = Classes::of(&text).unwrap();
    let error = evaluate(&Echo::<Classification>::of(&text, Some(classes)), &text).unwrap_err();
    assert!(words(&error).contains("every true value is \"JFK\""), "{error}");
    let probas = ["a", "b", "c"].map(|name| (name, vec![1.0 / 3.0; 2])).to_vec();
    let mut three = columns(probas, vec![2.0, 2.0]);
    three.classes = Some(["ant", "bee", "cat"].map(str::to_owned).to_vec());
    let classes = Classes::of(&three).unwrap();
    let error = evaluate(&Echo::<Classification>::of(&three, Some(classes)), &three).unwrap_err();
    assert!(words(&error).contains("every true value is \"cat\""), "{error}");
}

/// Three groups, of which the last has one class only.
fn uneven() -> Dataset {
    let mut u = noise(8);
    let x: Vec<f64> = (0..90).map(|_| u()).collect();
    let late = x.iter().enumerate().map(|(i, x)| f64::from(u8::from(i < 60 && x + 0.3 * u() > 0.6))).collect();
    columns(vec![("x", x)], late).with_groups((0..90).map(|i| i / 30).collect())
}

#[test]
fn a_fold_of_one_class_costs_only_the_metrics_that_need_two() {
    let (data, params) = (uneven(), LogisticRegression::params());
    let found = cross_validate(&params, &data, &GroupKFold::new(3)).unwrap();
    let undefined: Vec<&str> = found.undefined.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(undefined, ["roc_auc", "average_precision"]);
    assert_eq!((found.undefined[0].folds.len(), found.metric("log_loss").unwrap().folds.len()), (1, 3));
    let error = found.metric("roc_auc").unwrap_err();
    assert!(matches!(error, EvalError::Undefined { .. }) && words(&error).contains("on fold "), "{error}");
    assert!(found.bundle().plain().contains("roc_auc is not defined on fold "), "{}", found.bundle().plain());
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<ironbook_eval::CrossValidation>(&text).unwrap(), found);
    // Learning from one class only is still an error, of that fold.
    let one = vec![Fold { train: (60..90).collect(), test: (0..60).collect() }];
    let error = cross_validate(&params, &data, &one).unwrap_err();
    assert!(matches!(error, EvalError::InFold { fold: 0, .. }), "{error}");
    let model = params.fit(&data).unwrap();
    let scores = predictions(&model, &data).unwrap().scores(&EvaluateOptions::new().resamples(0)).unwrap();
    assert_eq!(scores.get("roc_auc").unwrap().value, evaluate(&model, &data).unwrap().roc_auc);
    assert!(scores.undefined().is_empty());
}

/// Counts how often it is fitted.
struct Counting<'a>(&'a AtomicUsize);

impl Fit for Counting<'_> {
    type Model = Echo<Regression>;
    fn fit(&self, data: &Dataset) -> Result<Echo<Regression>, LearnError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Echo::of(data, None))
    }
}

#[test]
fn a_learning_curve_fits_once_for_both_parts() {
    let fits = AtomicUsize::new(0);
    let y: Vec<f64> = (0..40).map(f64::from).collect();
    let data = columns(vec![("predicted", y.iter().map(|y| y + 0.5).collect())], y);
    let curve = ironbook_eval::learning_curve(&Counting(&fits), &data, &KFold::new(4), &[0.5, 1.0], "rmse", 0).unwrap();
    assert_eq!((fits.load(Ordering::Relaxed), curve.train.len(), curve.test[1].len()), (8, 2, 4));
    assert!(curve.train.iter().chain(&curve.test).flatten().all(|v| *v == 0.5));
}

#[test]
fn intervals_are_corrected_as_scipys() {
    for case in reference("intervals").as_array().unwrap() {
        let (values, name) = (list(&case["values"]), case["name"].as_str().unwrap());
        let mean = |rows: &[usize]| rows.iter().map(|&i| values[i]).sum::<f64>() / rows.len() as f64;
        let deviation = |rows: &[usize]| {
            let m = mean(rows);
            (rows.iter().map(|&i| (values[i] - m).powi(2)).sum::<f64>() / rows.len() as f64).sqrt()
        };
        let metric = |rows: &[usize]| if name == "deviation" { deviation(rows) } else { mean(rows) };
        let scipys = list(&case["BCa"]);
        let width = scipys[1] - scipys[0];
        let found = bootstrap_bca(values.len(), 20_000, 5, metric).unwrap();
        let off = (found.low - scipys[0]).abs().max((found.high - scipys[1]).abs()) / width;
        assert!(off < 0.035, "{name}: {found:?}, scipy {scipys:?}");
        // It is another interval than the plain one.
        let plain = bootstrap(values.len(), 20_000, 5, metric).unwrap();
        assert!((found.low - plain.low).abs().max((found.high - plain.high).abs()) / width > 0.035, "{name}");
    }
    assert!(matches!(bootstrap_bca(0, 1000, 0, |_| 0.0), Err(EvalError::Empty)));
    assert!(matches!(bootstrap_bca(9, 10, 0, |_| 0.0), Err(EvalError::Parameter { .. })));
    assert!(matches!(bootstrap_bca(9, 1000, 0, |_| f64::NAN), Err(EvalError::NoInterval)));
    let flat = bootstrap_bca(9, 1000, 0, |_| 2.0).unwrap();
    assert_eq!((flat.low, flat.high), (2.0, 2.0));
}

#[test]
fn slices_of_time_are_named_by_the_clock() {
    let (truth, proba) = rows(120, 6);
    let time = (0..120).map(|i| 1_356_998_400.0 + 3600.0 * f64::from(i)).collect();
    let columns = vec![("p".to_owned(), Kind::Numeric, proba), ("at".to_owned(), Kind::Time, time)];
    let data = Dataset::from_parts(Matrix::from_typed(columns).unwrap(), truth, "late");
    let classes = Classes { values: vec![0.0, 1.0], text: None };
    let found = slices(&Echo::<Classification>::of(&data, Some(classes)), &data, &["at"]).unwrap();
    let mut names: Vec<String> = found.slices.iter().map(|slice| slice.name()).collect();
    names.sort();
    assert_eq!(names[0], "at = 2013-01-02 05:45 to 2013-01-03 11:30");
    assert_eq!(names[2], "at above 2013-01-04 17:15");
}

#[test]
fn many_classes_fit_a_terminal_and_a_page() {
    let k = 60;
    let mut u = noise(11);
    let truth: Vec<f64> = (0..600).map(|i| f64::from(i % k)).collect();
    let raw: Vec<Vec<f64>> =
        truth.iter().map(|t| (0..k).map(|c| u() + if f64::from(c) == *t { 9.0 } else { 0.0 }).collect()).collect();
    let names: Vec<String> = (0..k).map(|c| format!("a rather long class {c}")).collect();
    let column = |c: usize| raw.iter().map(|row| row[c] / row.iter().sum::<f64>()).collect::<Vec<f64>>();
    let mut data = columns(names.iter().enumerate().map(|(c, name)| (name.as_str(), column(c))).collect(), truth);
    data.classes = Some(names);
    let classes = Classes::of(&data).unwrap();
    let model = Echo::<Classification>::of(&data, Some(classes));
    let report = evaluate_with(&model, &data, &EvaluateOptions::new().resamples(0)).unwrap();
    let text = report.bundle().plain().to_owned();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("60 classes") && text.lines().count() < 90, "{text}");
    assert_eq!(model.signature().classes.unwrap().len(), 60);
    let scores = report.scores();
    assert!(scores.named("roc_auc").unwrap().value > 0.9);
    let (pairing, average) = (Pairing::OneVsRest, Average::Macro);
    let truth: Vec<usize> = data.target.iter().map(|y| *y as usize).collect();
    let probas: Vec<Vec<f64>> = (0..60).map(|c| data.features.column(c).to_vec()).collect();
    assert_eq!(report.roc_auc, ClassScores::new(&truth, &probas).unwrap().roc_auc(pairing, average).unwrap());
}

/// Above 20,000 rows neighbours share a cell; with one row of class 1 in 300 the precision of the few still counts.
#[test]
fn intervals_of_large_data_with_a_rare_class() {
    let mut u = noise(77);
    let mut row = || {
        let y = f64::from(u8::from(u() < 1.0 / 300.0));
        let z = (-2.0 * (1.0 - u()).ln()).sqrt() * (std::f64::consts::TAU * u()).cos();
        (y, 1.0 / (1.0 + (4.0 - 2.5 * y - z).exp()))
    };
    let (truth, proba): (Vec<f64>, Vec<f64>) = (0..24_000).map(|_| row()).unzip();
    let (model, data) = binary(truth.clone(), proba.clone());
    let report = evaluate_with(&model, &data, &EvaluateOptions::new().resamples(2000)).unwrap();
    type Metric = fn(&[f64], &[f64]) -> Result<f64, EvalError>;
    let metrics: [(&str, Metric); 2] =
        [("average_precision", ironbook_eval::average_precision), ("roc_auc", ironbook_eval::roc_auc)];
    for (name, metric) in metrics {
        let expected = bootstrap(truth.len(), 400, 9, |rows| {
            let of = |values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<f64>>();
            metric(&of(&truth), &of(&proba)).unwrap()
        })
        .unwrap();
        let found = report.scores().named(name).unwrap().interval.unwrap();
        let width = expected.high - expected.low;
        let off = (found.low - expected.low).abs().max((found.high - expected.high).abs()) / width;
        assert!(off < 0.12, "{name}: {found:?}, row by row {expected:?}");
    }
}
