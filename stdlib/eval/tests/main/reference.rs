//! Curves, classes, values, queries and calibration against scikit-learn's values.

use ironbook_eval::{
    Average, Binning, ClassScores, EvalError, Pairing, Queries, Residuals, Thresholds, accuracy, calibration_curve,
    calibration_curve_weighted, calibration_error, confusion_table, confusion_table_weighted, mae, mape,
    median_absolute_error, mse, pr_curve, pr_curve_weighted, r2, rmse, roc_curve_weighted,
};
use serde_json::Value;

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../reference/more.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("no reference for {what}"));
    assert!((found - expected).abs() <= 1e-11 * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
}

fn all_near(found: &[f64], expected: &Value, what: &str) {
    let expected = list(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    found.iter().zip(&expected).for_each(|(f, e)| assert!((f - e).abs() <= 1e-12, "{what}: {f}, expected {e}"));
}

#[test]
fn curves_and_thresholds() {
    for case in &cases("binary") {
        let name = case["name"].as_str().unwrap();
        let (truth, score, weight) = (list(&case["truth"]), list(&case["score"]), list(&case["weight"]));
        let plain = &case["curves"]["plain"];
        let weighted = &case["curves"]["weighted"];
        let both = [
            (pr_curve(&truth, &score).unwrap(), plain),
            (pr_curve_weighted(&truth, &score, &weight).unwrap(), weighted),
        ];
        for (curve, expected) in both {
            // scikit-learn has a point for scores of which no row counts as well.
            if expected["recall"].as_array().unwrap().len() == curve.recall.len() {
                all_near(&curve.precision, &expected["precision"], name);
                all_near(&curve.recall, &expected["recall"], name);
                all_near(&curve.thresholds, &expected["thresholds"], name);
            }
        }
        assert_eq!(pr_curve(&truth, &score).unwrap().recall.len(), list(&plain["recall"]).len());
        let roc = roc_curve_weighted(&truth, &score, &weight).unwrap();
        // Every point that is kept is one of the full curve.
        let full: Vec<(f64, f64)> = list(&weighted["fpr"]).into_iter().zip(list(&weighted["tpr"])).collect();
        for (x, y) in roc.fpr.iter().zip(&roc.tpr) {
            assert!(full.iter().any(|(a, b)| (a - x).abs() < 1e-12 && (b - y).abs() < 1e-12), "{name}: {x} {y}");
        }
        let thresholds = Thresholds::new(&truth, &score).unwrap();
        near(thresholds.ks(), &plain["ks"], name);
        near(Thresholds::weighted(&truth, &score, &weight).unwrap().ks(), &weighted["ks"], name);
        near(thresholds.best_f1().f1, &case["best_f1"], name);
    }
}

#[test]
fn calibration() {
    for case in &cases("binary") {
        let (truth, score) = (list(&case["truth"]), list(&case["score"]));
        for (key, binning) in [("uniform", Binning::Uniform), ("quantile", Binning::Quantile)] {
            let curve = calibration_curve(&truth, &score, 8, binning).unwrap();
            all_near(&curve.observed, &case["calibration"][key][0], key);
            all_near(&curve.predicted, &case["calibration"][key][1], key);
        }
    }
    // Weights of whole numbers are repeated rows.
    let (truth, proba) = ([0.0, 1.0, 1.0, 0.0], [0.12, 0.17, 0.83, 0.44]);
    let weighted = calibration_curve_weighted(&truth, &proba, 5, Binning::Uniform, &[1.0, 2.0, 3.0, 1.0]).unwrap();
    let repeated = calibration_curve(
        &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
        &[0.12, 0.17, 0.17, 0.83, 0.83, 0.83, 0.44],
        5,
        Binning::Uniform,
    );
    assert_eq!(weighted, repeated.unwrap());
}

#[test]
fn the_parts_of_the_brier_score_add_up() {
    let truth = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let proba = [0.1, 0.1, 0.7, 0.7, 0.7, 0.1, 0.9, 0.3, 0.3, 0.9];
    let parts = calibration_curve(&truth, &proba, 10, Binning::Uniform).unwrap().brier_parts();
    let brier = ironbook_eval::brier(&truth, &proba).unwrap();
    assert!((parts.reliability - parts.resolution + parts.uncertainty - brier).abs() < 1e-15);
    // Shares 1/3, 0, 2/3 and 1 at probabilities 0.1, 0.3, 0.7 and 0.9.
    let expected = (3.0 * (1.0 / 3.0 - 0.1) + 2.0 * 0.3 + 3.0 * (0.7 - 2.0 / 3.0) + 2.0 * 0.1) / 10.0;
    assert!((calibration_error(&truth, &proba, 10).unwrap() - expected).abs() < 1e-12);
    assert!(matches!(calibration_error(&truth, &proba, 0), Err(EvalError::Parameter { .. })));
}

#[test]
fn tables_of_classes() {
    for case in &cases("classes") {
        let name = case["name"].as_str().unwrap();
        let (truth, predicted, weight) = (list(&case["truth"]), list(&case["predicted"]), list(&case["weight"]));
        let tables = [
            (confusion_table(&truth, &predicted).unwrap(), &case["plain"]),
            (confusion_table_weighted(&truth, &predicted, &weight).unwrap(), &case["weighted"]),
        ];
        for (table, expected) in tables {
            for (row, counts) in table.counts.iter().zip(expected["confusion"].as_array().unwrap()) {
                all_near(row, counts, name);
            }
            near(table.accuracy(), &expected["accuracy"], name);
            near(table.balanced_accuracy(), &expected["balanced_accuracy"], name);
            near(table.cohen_kappa(), &expected["kappa"], name);
            near(table.mcc(), &expected["mcc"], name);
            for (average, word) in
                [(Average::Macro, "macro"), (Average::Micro, "micro"), (Average::Weighted, "weighted")]
            {
                near(table.precision(average), &expected[format!("precision_{word}")], word);
                near(table.recall(average), &expected[format!("recall_{word}")], word);
                near(table.f1(average), &expected[format!("f1_{word}")], word);
            }
        }
        near(accuracy(&truth, &predicted).unwrap(), &case["plain"]["accuracy"], name);
    }
}

#[test]
fn probabilities_of_classes() {
    for case in &cases("classes") {
        let name = case["name"].as_str().unwrap();
        let truth: Vec<usize> = list(&case["truth"]).iter().map(|y| *y as usize).collect();
        let probas: Vec<Vec<f64>> = case["proba"].as_array().unwrap().iter().map(list).collect();
        let weight = list(&case["weight"]);
        let plain = ClassScores::new(&truth, &probas).unwrap();
        let weighted = plain.weighted(&weight).unwrap();
        for (scores, expected) in [(&plain, &case["plain"]), (&weighted, &case["weighted"])] {
            near(scores.log_loss(), &expected["log_loss"], name);
            near(scores.brier(), &expected["brier"], name);
            near(scores.top_k_accuracy(2), &expected["top_2"], name);
            let auc = |pairing, average| scores.roc_auc(pairing, average).unwrap();
            near(auc(Pairing::OneVsRest, Average::Macro), &expected["ovr_macro"], name);
            near(auc(Pairing::OneVsRest, Average::Weighted), &expected["ovr_weighted"], name);
            near(auc(Pairing::OneVsRest, Average::Micro), &expected["ovr_micro"], name);
        }
        let ovo = |average| plain.roc_auc(Pairing::OneVsOne, average).unwrap();
        near(ovo(Average::Macro), &case["plain"]["ovo_macro"], name);
        near(ovo(Average::Weighted), &case["plain"]["ovo_weighted"], name);
    }
}

#[test]
fn values() {
    for case in &cases("regression") {
        let name = case["name"].as_str().unwrap();
        let (truth, predicted, weight) = (list(&case["truth"]), list(&case["predicted"]), list(&case["weight"]));
        let plain = Residuals::new(&truth, &predicted).unwrap();
        for (rows, expected) in [(plain, &case["plain"]), (plain.weighted(&weight).unwrap(), &case["weighted"])] {
            near(rows.mse(), &expected["mse"], name);
            near(rows.rmse(), &expected["rmse"], name);
            near(rows.mae(), &expected["mae"], name);
            near(rows.median_absolute_error(), &expected["median"], name);
            near(rows.r2(), &expected["r2"], name);
            near(rows.explained_variance(), &expected["explained"], name);
            near(rows.mape(), &expected["mape"], name);
            near(rows.pinball(0.3).unwrap(), &expected["pinball"], name);
            near(rows.d2_absolute_error(), &expected["d2"], name);
            if let Some(deviance) = expected.get("poisson") {
                near(rows.poisson_deviance().unwrap(), deviance, name);
            }
        }
        near(plain.max_error(), &case["max"], name);
        let free = [rmse, mse, mae, r2, mape, median_absolute_error];
        let keys = ["rmse", "mse", "mae", "r2", "mape", "median"];
        free.iter().zip(keys).for_each(|(f, key)| near(f(&truth, &predicted).unwrap(), &case["plain"][key], key));
    }
}

#[test]
fn queries() {
    for case in &cases("ranking") {
        let name = case["name"].as_str().unwrap();
        let groups: Vec<u32> = list(&case["groups"]).iter().map(|g| *g as u32).collect();
        let (relevance, scores) = (list(&case["relevance"]), list(&case["scores"]));
        let queries = Queries::new(&relevance, &scores, &groups).unwrap();
        near(queries.ndcg(), &case["ndcg"], name);
        near(queries.ndcg_at(3), &case["ndcg_3"], name);
        near(queries.map(), &case["map"], name);
        near(queries.map_at(3), &case["map_3"], name);
        near(queries.mrr(), &case["mrr"], name);
        near(queries.precision_at(3), &case["precision_3"], name);
        // A query that counts twice is there twice.
        let weights: Vec<f64> = groups.iter().map(|&g| if g == groups[0] { 2.0 } else { 1.0 }).collect();
        let weighted = Queries::weighted(&relevance, &scores, &groups, &weights).unwrap();
        let own: Vec<usize> = (0..groups.len()).filter(|&i| groups[i] == groups[0]).collect();
        let twice = |v: &[f64]| v.iter().copied().chain(own.iter().map(|&i| v[i])).collect::<Vec<f64>>();
        let more: Vec<u32> = groups.iter().copied().chain(own.iter().map(|_| 9999)).collect();
        let repeated = Queries::new(&twice(&relevance), &twice(&scores), &more).unwrap();
        assert!((weighted.ndcg() - repeated.ndcg()).abs() < 1e-12 && repeated.len() == queries.len() + 1);
    }
}

#[test]
fn thresholds_for_a_purpose() {
    let truth = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0];
    let score = [0.1, 0.2, 0.3, 0.6, 0.7, 0.9];
    let t = Thresholds::new(&truth, &score).unwrap();
    assert_eq!(t.at_precision(1.0).unwrap().threshold, 0.7);
    assert_eq!(t.at_recall(1.0).unwrap().threshold, 0.3);
    assert_eq!(t.at_fpr(0.0).unwrap().threshold, 0.7);
    assert_eq!(t.best_cost(1.0, 10.0).unwrap().threshold, 0.3);
    assert_eq!(t.best_cost(10.0, 1.0).unwrap().threshold, 0.7);
    assert_eq!(t.at(0.5).recall, 2.0 / 3.0);
    assert_eq!(t.at(2.0).predicted, 0.0);
    let lift = t.lift(3);
    assert_eq!(lift.lifts(), [2.0, 1.5, 1.0]);
    assert_eq!(lift.rows.iter().map(|row| row.recall).collect::<Vec<_>>(), [2.0 / 3.0, 1.0, 1.0]);
    let wrong = Thresholds::new(&[1.0, 0.0], &[0.1, 0.9]).unwrap();
    assert!(matches!(wrong.at_precision(0.9), Err(EvalError::NoThreshold { best: 0.5, .. })));
    assert!(matches!(wrong.at_fpr(0.5), Err(EvalError::NoThreshold { best: 1.0, .. })));
    assert!(matches!(t.best_cost(-1.0, 1.0), Err(EvalError::Parameter { .. })));
    assert!(matches!(t.at_recall(1.5), Err(EvalError::Parameter { .. })));
}

#[test]
fn bad_lists_are_refused() {
    assert!(matches!(rmse(&[], &[]), Err(EvalError::Empty)));
    assert!(matches!(rmse(&[1.0], &[]), Err(EvalError::Length { .. })));
    assert!(matches!(rmse(&[f64::NAN], &[1.0]), Err(EvalError::NotFinite { what: "true values", .. })));
    assert!(matches!(rmse(&[1.0], &[f64::INFINITY]), Err(EvalError::NotFinite { what: "predictions", .. })));
    let rows = Residuals::new(&[1.0, 0.0], &[1.0, 0.0]).unwrap();
    assert!(matches!(rows.weighted(&[1.0, -1.0]), Err(EvalError::Weight { row: 1, .. })));
    assert!(matches!(rows.pinball(1.1), Err(EvalError::Parameter { .. })));
    assert!(matches!(rows.poisson_deviance(), Err(EvalError::Counts { row: 1, .. })));
    assert!(matches!(confusion_table(&[0.5], &[1.0]), Err(EvalError::NotClass { row: 0, .. })));
    assert!(matches!(accuracy(&[2.0, 1.0], &[2.0, 0.3]), Err(EvalError::NotClass { row: 1, .. })));
    let probas = vec![vec![0.5, 0.5], vec![0.5, 0.5]];
    assert!(matches!(ClassScores::new(&[0, 2], &probas), Err(EvalError::NoClass { row: 1, class: 2, classes: 2 })));
    assert!(matches!(ClassScores::new(&[0], &probas), Err(EvalError::Length { .. })));
    let one = ClassScores::new(&[0, 0], &probas).unwrap();
    assert!(matches!(one.roc_auc(Pairing::OneVsRest, Average::Macro), Err(EvalError::OneClass { .. })));
    assert!(matches!(Queries::new(&[-1.0], &[0.0], &[0]), Err(EvalError::Relevance { row: 0, .. })));
    assert!(matches!(Queries::new(&[1.0], &[0.0], &[]), Err(EvalError::Length { what: "groups", .. })));
}
