//! One `evaluate` for all tasks: many classes, text classes, values, rankings, weights, slices, displays.

use crate::support::{Echo, binary, columns, noise, rows, words};
use ironbook_core::Display as _;
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_eval::{
    Average, ClassScores, ClassificationReport, EvalError, EvaluateOptions, Pairing, Queries, Report as _, evaluate,
    evaluate_with, log_loss_weighted, mae, rmse, roc_auc_weighted, slices,
};
use ironbook_learn::{Classes, Classification, LearnError, Ranking, Regression};

fn quick() -> EvaluateOptions {
    EvaluateOptions::new().resamples(100)
}

#[test]
fn rows_count_by_their_weights() {
    let (truth, proba) = rows(300, 2);
    let weights: Vec<f64> = (0..300).map(|i| f64::from(i % 4)).collect();
    let (model, data) = binary(truth.clone(), proba.clone());
    let report = evaluate_with(&model, &data.clone().with_weights(weights.clone()), &quick()).unwrap();
    assert_eq!(report.roc_auc, roc_auc_weighted(&truth, &proba, &weights).unwrap());
    assert_eq!(report.log_loss, log_loss_weighted(&truth, &proba, &weights).unwrap());
    assert_eq!(report.confusion.total(), weights.iter().sum::<f64>());
    let bad = evaluate(&model, &data.with_weights(vec![-1.0; 300])).unwrap_err();
    assert!(matches!(bad, EvalError::Weight { row: 0, .. }));
}

#[test]
fn the_threshold_decides_what_is_predicted() {
    let (model, data) = binary(vec![0.0, 0.0, 1.0, 1.0, 0.0, 1.0], vec![0.1, 0.3, 0.35, 0.8, 0.5, 0.5]);
    let report = evaluate_with(&model, &data, &quick()).unwrap();
    // A probability of exactly 0.5 is not above it.
    assert_eq!(report.confusion.counts, [[3.0, 0.0], [2.0, 1.0]]);
    let low = evaluate_with(&model, &data, &quick().threshold(0.2)).unwrap();
    assert_eq!(low.confusion.counts, [[1.0, 2.0], [0.0, 3.0]]);
    assert_eq!((low.roc_auc, low.threshold), (report.roc_auc, 0.2));
    assert!(matches!(evaluate_with(&model, &data, &quick().threshold(1.2)), Err(EvalError::Share { .. })));
}

/// Three text classes; the probabilities of each row favour its own class mostly.
fn text_classes(names: &[&str]) -> (Echo<Classification>, Dataset) {
    let mut u = noise(5);
    let mut probas = vec![Vec::new(); 3];
    let mut truth = Vec::new();
    for _ in 0..200 {
        let own = (3.0 * u()) as usize;
        let raw: Vec<f64> = (0..3).map(|k| u() + if k == own { 0.6 } else { 0.0 }).collect();
        let all: f64 = raw.iter().sum();
        raw.iter().zip(&mut probas).for_each(|(p, column)| column.push(p / all));
        truth.push(own as f64);
    }
    let named = ["a", "b", "c"].into_iter().zip(probas).collect();
    let mut data = columns(named, truth);
    data.classes = Some(names.iter().map(|n| (*n).to_owned()).collect());
    let classes = Classes::of(&data).unwrap();
    (Echo::of(&data, Some(classes)), data)
}

#[test]
fn many_classes_are_matched_by_name() {
    let (model, data) = text_classes(&["ant", "bee", "cat"]);
    let report = evaluate_with(&model, &data, &quick()).unwrap();
    let truth: Vec<usize> = data.target.iter().map(|y| *y as usize).collect();
    let probas: Vec<Vec<f64>> = (0..3).map(|k| data.features.column(k).to_vec()).collect();
    let scores = ClassScores::new(&truth, &probas).unwrap();
    assert_eq!(report.roc_auc, scores.roc_auc(Pairing::OneVsRest, Average::Macro).unwrap());
    assert_eq!(report.log_loss, scores.log_loss());
    assert_eq!(report.confusion.classes, ["ant", "bee", "cat"]);
    assert_eq!((report.positive_rate, report.classes.len(), report.curves.len()), (None, 3, 3));
    // The same rows, with another first row and so other codes for the names.
    let mut other = data.clone();
    other.classes = Some(["cat", "ant", "bee"].map(str::to_owned).to_vec());
    other.target.iter_mut().for_each(|y| *y = [1.0, 2.0, 0.0][*y as usize]);
    assert_eq!(report, evaluate_with(&model, &other, &quick()).unwrap());
    let shown = report.bundle();
    assert!(shown.plain().contains("cohen_kappa") && shown.plain().contains("true bee"), "{}", shown.plain());
    other.classes = Some(["cat", "ant", "dog"].map(str::to_owned).to_vec());
    let error = evaluate(&model, &other).unwrap_err();
    assert!(matches!(error, EvalError::Model(LearnError::NewClasses { .. })) && words(&error).contains("dog"));
}

#[test]
fn values_and_their_report() {
    let mut u = noise(3);
    let truth: Vec<f64> = (0..400).map(|_| 10.0 * u()).collect();
    let predicted: Vec<f64> = truth.iter().map(|y| y + u() - 0.4).collect();
    let data = columns(vec![("predicted", predicted.clone())], truth.clone());
    let model = Echo::<Regression>::of(&data, None);
    let report = evaluate(&model, &data).unwrap();
    assert_eq!(report.rmse, rmse(&truth, &predicted).unwrap());
    assert_eq!(report.mae, mae(&truth, &predicted).unwrap());
    assert!(report.scores.get("bias").unwrap().interval.unwrap().high < 0.0);
    let mut worse = data.clone();
    worse.features = Matrix::from_columns(vec![("predicted".to_owned(), vec![5.0; 400])]).unwrap();
    let baseline = evaluate(&model, &worse).unwrap();
    assert!(report.beats(&baseline) && !baseline.beats(&report));
    assert!(report.compare(&baseline).bundle().plain().contains("beats the baseline: lower RMSE"));
    assert!(report.bundle().data["text/html"].as_str().unwrap().matches("<svg").count() == 3);
    let names: Vec<String> = report.metrics().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["rmse", "mae", "r2", "median_absolute_error", "explained_variance", "bias", "n"]);
    let mut text = data.clone();
    text.classes = Some(vec!["a".to_owned()]);
    assert!(matches!(evaluate(&model, &text), Err(EvalError::TextTarget { .. })));
    let mut holes = data;
    holes.target[7] = f64::NAN;
    assert!(matches!(evaluate(&model, &holes), Err(EvalError::NotFinite { row: 7, .. })));
}

#[test]
fn rankings_need_groups() {
    let mut u = noise(6);
    let relevance: Vec<f64> = (0..300).map(|_| (4.0 * u()).floor()).collect();
    let scores: Vec<f64> = relevance.iter().map(|r| r + 3.0 * u()).collect();
    let groups: Vec<u32> = (0..300).map(|i| i / 10).collect();
    let data = columns(vec![("score", scores.clone())], relevance.clone());
    let model = Echo::<Ranking>::of(&data, None);
    assert!(matches!(evaluate(&model, &data), Err(EvalError::NoGroups)));
    let report = evaluate(&model, &data.with_groups(groups.clone())).unwrap();
    assert_eq!(report.ndcg, Queries::new(&relevance, &scores, &groups).unwrap().ndcg());
    assert_eq!((report.queries, report.n), (30, 300));
    assert!(report.scores().get("map").unwrap().interval.unwrap().contains(report.map));
}

/// Probabilities that are right for one airport and upside down for another.
fn airports() -> (Echo<Classification>, Dataset) {
    let (truth, proba) = rows(900, 21);
    let codes: Vec<f64> = (0..900).map(|i| if i == 17 { f64::NAN } else { f64::from(i % 3) }).collect();
    let proba: Vec<f64> = proba.iter().zip(&codes).map(|(p, c)| if *c == 1.0 { 1.0 - p } else { *p }).collect();
    let names: std::sync::Arc<[String]> = ["EWR", "JFK", "LGA"].map(str::to_owned).into();
    let distance = (0..900).map(|i| f64::from(i % 97)).collect();
    let features = Matrix::from_typed(vec![
        ("p".to_owned(), Kind::Numeric, proba),
        ("origin".to_owned(), Kind::Categorical(names), codes),
        ("distance".to_owned(), Kind::Numeric, distance),
    ]);
    let data = Dataset::from_parts(features.unwrap(), truth, "late");
    let classes = Classes { values: vec![0.0, 1.0], text: None };
    (Echo::of(&data, Some(classes)), data)
}

#[test]
fn slices_show_where_a_model_is_worse() {
    let (model, data) = airports();
    let found = slices(&model, &data, &["origin"]).unwrap();
    let worst = found.worst().unwrap();
    assert_eq!((worst.value.as_str(), worst.n), ("JFK", 300));
    assert_eq!(found.slices.iter().map(|s| s.n).sum::<usize>(), 900);
    let missing = found.slices.iter().find(|s| s.value == "missing").unwrap();
    // One row has no order of scores.
    assert!(missing.n == 1 && missing.scores.get("roc_auc").is_none() && missing.scores.get("log_loss").is_some());
    let rows: Vec<usize> = (0..900).filter(|i| i % 3 == 1).collect();
    let alone = evaluate(&model, &data.select_rows(&rows)).unwrap();
    assert_eq!(worst.scores, alone.scores);
    assert!(worst.scores.get("log_loss").unwrap().interval.unwrap().low > found.overall);
    let quarters = slices(&model, &data, &["distance"]).unwrap();
    assert_eq!(quarters.slices.len(), 4);
    assert!(
        quarters.slices.iter().any(|s| s.value.starts_with("up to 2")) && quarters.slices.iter().all(|s| s.n > 200)
    );
    let shown = found.bundle();
    assert!(shown.plain().contains("origin = JFK") && shown.plain().contains("worst first"), "{}", shown.plain());
    let error = slices(&model, &data, &["airport"]).unwrap_err();
    assert!(matches!(&error, EvalError::NoFeature { .. }) && words(&error).contains("origin"));
    let report = evaluate_with(&model, &data, &quick().slices(&["origin", "distance"])).unwrap();
    assert_eq!(report.slices.as_ref().unwrap().slices.len(), 8);
    assert!(report.bundle().plain().contains("Slices, worst first"));
}

#[test]
fn a_report_is_a_page_without_scripts_and_survives_a_file() {
    let (model, data) = airports();
    let report = evaluate_with(&model, &data, &quick().slices(&["origin"])).unwrap();
    let bundle = report.bundle();
    let html = bundle.data["text/html"].as_str().unwrap();
    assert_eq!(html.matches("<svg").count(), 4);
    assert!(!html.contains("<script") && html.contains("95% interval"));
    assert!(bundle.plain().contains("roc_auc") && bundle.plain().contains("predicted 1"));
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.len() < 60_000, "{}", text.len());
    let read: ClassificationReport = serde_json::from_str(&text).unwrap();
    assert_eq!(read, report);
}

#[test]
fn html_in_names_stays_text() {
    let (model, data) = text_classes(&["<b>", "bee", "cat"]);
    let html = evaluate_with(&model, &data, &quick()).unwrap().bundle();
    assert!(!html.data["text/html"].as_str().unwrap().contains("<b>bee") && html.plain().contains("<b>"));
    assert!(html.data["text/html"].as_str().unwrap().contains("&lt;b&gt;"));
}
