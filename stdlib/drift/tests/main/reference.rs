//! Every score is Evidently's, to 1e-9: `reference/make.py` wrote its values.

use crate::recipe::frame;
use ironbook_data::read_parquet;
use ironbook_drift::{ColumnKind, DriftOptions, Test, Verdict, compare};
use polars::prelude::{IntoLazy, col, df, lit};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("../reference/reference.json")).unwrap()
}

#[track_caller]
fn near(found: f64, wanted: f64, what: &str) {
    // Relative where numbers are large: a distance of 3,000 deviations has no more digits.
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{what}: {found:?}, not {wanted:?}");
}

#[test]
fn defaults_choose_the_test_and_say_what_evidently_says() {
    let all = reference();
    let pairs = all["pairs"].as_array().unwrap();
    assert!(pairs.len() >= 50);
    for pair in pairs {
        let name = pair["name"].as_str().unwrap();
        let report = compare(&frame(&pair["reference"]), &frame(&pair["current"])).unwrap();
        let column = &report.columns[0];
        let result = column.result.unwrap_or_else(|| panic!("{name}: {:?}", column.reason));
        let kind = if column.kind == ColumnKind::Numeric { "num" } else { "cat" };
        assert_eq!(kind, pair["kind"], "{name}");
        assert_eq!(result.test.name(), pair["default"], "{name}");
        assert_eq!(result.threshold, pair["threshold"], "{name}");
        near(result.score, pair["score"].as_f64().unwrap(), name);
        assert_eq!(column.verdict == Verdict::Drifted, pair["drifted"].as_bool().unwrap(), "{name}");
    }
}

#[test]
fn every_test_says_what_evidently_says() {
    let mut compared = 0;
    for pair in reference()["pairs"].as_array().unwrap() {
        for (test, wanted) in pair["tests"].as_object().unwrap() {
            let what = format!("{}, {test}", pair["name"].as_str().unwrap());
            let options = DriftOptions::new().test("x", test.parse::<Test>().unwrap());
            let report = options.compare(&frame(&pair["reference"]), &frame(&pair["current"])).unwrap();
            let found = report.columns[0].result.unwrap().score;
            // One category has no chi-square; here it says that nothing differs.
            near(found, wanted.as_f64().unwrap_or(1.0), &what);
            compared += 1;
        }
    }
    assert!(compared > 200);
}

#[test]
fn adjusted_p_values_are_scipys() {
    for case in reference()["fdr"].as_array().unwrap() {
        let list = |name: &str| case[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
        // Two proportions have any p-value: the test is of the adjustment, so that the p-values are taken as they come.
        let found = ironbook_drift::adjusted(&list("p"));
        found.iter().zip(list("adjusted")).for_each(|(found, wanted)| near(*found, wanted, "adjusted"));
    }
}

#[test]
fn flights_of_both_halves_of_the_year() {
    let path = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../examples/flights/data/flights.parquet";
    let flights = read_parquet(path).unwrap();
    let first = flights.clone().lazy().filter(col("month").lt_eq(lit(6))).collect().unwrap();
    let second = flights.lazy().filter(col("month").gt(lit(6))).collect().unwrap();
    let report = compare(&first, &second).unwrap();
    let wanted = &reference()["flights"];
    let scores = wanted["scores"].as_object().unwrap();
    assert_eq!(report.tested_columns, scores.len());
    for (name, score) in scores {
        near(report.column(name).unwrap().result.unwrap().score, score.as_f64().unwrap(), name);
    }
    assert_eq!(report.drifted_columns as f64, wanted["drifted"]["count"].as_f64().unwrap());
    near(report.share, wanted["drifted"]["share"].as_f64().unwrap(), "share");
    assert_eq!(report.column("time_hour").unwrap().kind, ColumnKind::Time);
}

#[test]
fn types_do_not_matter_where_values_are_the_same() {
    let (a, b) = (df!["x" => [1i8, 5, 9, 120, 3, 3]].unwrap(), df!["x" => [2.0, 5.0, 9.0, 90.0, 3.0, 4.0]].unwrap());
    let wide = df!["x" => [1.0, 5.0, 9.0, 120.0, 3.0, 3.0]].unwrap();
    let scores = |options: DriftOptions| {
        let score = |a| options.compare(a, &b).unwrap().columns[0].result.unwrap().score;
        [score(&a), score(&wide)]
    };
    for test in [Test::Ks, Test::Wasserstein, Test::Psi, Test::JensenShannon] {
        let [narrow, wide] = scores(DriftOptions::new().test("x", test));
        assert_eq!(narrow, wide, "{test}");
    }
}
