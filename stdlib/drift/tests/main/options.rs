//! Options: tests, thresholds, roles, ranking, false discoveries.

use ironbook_data::Dataset;
use ironbook_drift::{
    ColumnKind, DriftError, DriftOptions, DriftReport, FailOn, Outcome, Role, Test, Verdict, compare,
};
use polars::prelude::{DataFrame, df};

/// So many numbers that lie evenly between `from` and `from + 1`.
fn even(rows: usize, from: f64) -> Vec<f64> {
    (0..rows).map(|i| from + i as f64 / rows as f64).collect()
}

fn shifted(by: &[f64], rows: usize) -> [DataFrame; 2] {
    let frame = |side: f64| {
        let columns = by
            .iter()
            .enumerate()
            .map(|(i, by)| polars::prelude::Column::new(format!("x{i}").as_str().into(), even(rows, side * by)));
        DataFrame::new(rows, columns.collect()).unwrap()
    };
    [frame(0.0), frame(1.0)]
}

fn order(report: &DriftReport) -> Vec<&str> {
    report.columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn columns_are_ranked_by_drift_times_importance() {
    let [reference, current] = shifted(&[0.0, 0.5, 0.3], 2000);
    let report = compare(&reference, &current).unwrap();
    assert_eq!(order(&report), ["x1", "x2", "x0"]);
    let importances = [("x2".to_owned(), 9.0), ("x1".to_owned(), 1.0), ("rain_missing".to_owned(), 2.0)];
    let report = DriftOptions::new().importances(&importances).compare(&reference, &current).unwrap();
    assert_eq!(order(&report), ["x2", "x1", "x0"]);
    assert_eq!(report.columns[0].importance, Some(0.75));
    assert_eq!(report.columns[2].importance, Some(0.0));
    assert!(report.notes.iter().any(|note| note.contains("rain_missing")), "{:?}", report.notes);
}

#[test]
fn target_and_prediction_stand_first_and_count() {
    let [mut reference, mut current] = shifted(&[0.5], 200);
    for (frame, share) in [(&mut reference, 2), (&mut current, 4)] {
        let late: Vec<bool> = (0..200).map(|i| i % share == 0).collect();
        frame.with_column(polars::prelude::Column::new("late".into(), late)).unwrap();
        frame.with_column(polars::prelude::Column::new("chance".into(), even(200, 0.0))).unwrap();
    }
    let options = DriftOptions::new().target("late").prediction("chance");
    let report = options.compare(&reference, &current).unwrap();
    assert_eq!(order(&report), ["late", "chance", "x0"]);
    assert_eq!([report.columns[0].role, report.columns[1].role], [Role::Target, Role::Prediction]);
    assert_eq!((report.tested_columns, report.drifted_columns), (3, 2));
    // Labels come later: that the current table has none yet is no fault of its schema.
    let report = options.compare(&reference, &current.drop("late").unwrap()).unwrap();
    assert!(!report.fails(FailOn::Schema), "{:?}", report.findings);
}

#[test]
fn tests_and_thresholds_can_be_chosen() {
    let [reference, current] = shifted(&[0.04, 0.04], 2000);
    let scores = |options: DriftOptions| {
        let report = options.compare(&reference, &current).unwrap();
        ["x0", "x1"].map(|name| report.column(name).map(|c| (c.result.unwrap().test, c.verdict)).unwrap())
    };
    let (drifted, stable) = (Verdict::Drifted, Verdict::Stable);
    assert_eq!(scores(DriftOptions::new()), [(Test::Wasserstein, drifted), (Test::Wasserstein, drifted)]);
    assert_eq!(
        scores(DriftOptions::new().numeric_test(Test::Psi).test("x1", Test::Ks)),
        [(Test::Psi, stable), (Test::Ks, stable)]
    );
    assert_eq!(
        scores(DriftOptions::new().distance_threshold(0.2).threshold("x1", 0.01)),
        [(Test::Wasserstein, stable), (Test::Wasserstein, drifted)]
    );
    assert_eq!(scores(DriftOptions::new().numeric_test(Test::Ks).p_threshold(0.5))[0], (Test::Ks, drifted));
    let report = DriftOptions::new().columns(["x1"]).compare(&reference, &current).unwrap();
    assert_eq!(order(&report), ["x1"]);
    let report = DriftOptions::new().ignore(["x1"]).compare(&reference, &current).unwrap();
    assert_eq!(order(&report), ["x0"]);
    let report = DriftOptions::new().threshold("x0", 0.2).share(0.51).compare(&reference, &current).unwrap();
    assert_eq!((report.share, report.drifted), (0.5, false));
}

#[test]
fn kinds_can_be_declared() {
    let frame = |values: [i32; 6]| df!["code" => values.repeat(50)].unwrap();
    let (reference, current) = (frame([1, 2, 3, 4, 5, 6]), frame([1, 2, 3, 4, 5, 5]));
    let kind = |options: DriftOptions| options.compare(&reference, &current).unwrap().columns[0].kind;
    assert_eq!(kind(DriftOptions::new()), ColumnKind::Categorical);
    assert_eq!(kind(DriftOptions::new().numeric(["code"])), ColumnKind::Numeric);
    let text = |i: usize| df!["name" => (0..200).map(|j| format!("n{}", i + j)).collect::<Vec<_>>()].unwrap();
    let free = compare(&text(0), &text(100)).unwrap();
    assert_eq!((free.columns[0].kind, free.columns[0].verdict), (ColumnKind::FreeText, Verdict::Untested));
    let declared = DriftOptions::new().categorical(["name"]).compare(&text(0), &text(100)).unwrap();
    assert_eq!(declared.columns[0].verdict, Verdict::Drifted);
}

#[test]
fn false_discoveries_are_controlled_and_what_that_changes_is_said() {
    // Of two hundred columns from one distribution about ten seem to drift.
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut frame = |last: f64| {
        let columns = (0..200).map(|i| {
            let shift = if i == 199 { last } else { 0.0 };
            let values: Vec<f64> = (0..150).map(|_| next() + shift).collect();
            polars::prelude::Column::new(format!("x{i}").as_str().into(), values)
        });
        DataFrame::new(150, columns.collect()).unwrap()
    };
    let (reference, current) = (frame(0.0), frame(0.5));
    let plain = compare(&reference, &current).unwrap();
    assert!((5..20).contains(&plain.drifted_columns), "{}", plain.drifted_columns);
    assert!(plain.notes.iter().any(|note| note.contains("by chance")));
    let report = DriftOptions::new().fdr().compare(&reference, &current).unwrap();
    let fdr = report.fdr.as_ref().unwrap();
    assert_eq!((fdr.tests, fdr.before, fdr.after), (200, plain.drifted_columns, report.drifted_columns));
    assert_eq!(fdr.withdrawn.len(), fdr.before - fdr.after);
    assert!(report.drifted_columns <= 2);
    assert_eq!(report.columns[0].name, "x199");
    assert!(report.columns.iter().all(|c| c.result.unwrap().adjusted >= Some(c.result.unwrap().score)));
    // Distances are no chances.
    let [reference, current] = shifted(&[0.5], 2000);
    let report = DriftOptions::new().fdr().compare(&reference, &current).unwrap();
    assert_eq!((report.fdr.unwrap().tests, report.drifted_columns), (0, 1));
}

#[test]
fn data_sets_are_tables_with_a_target() {
    let frame = |shift: f64| {
        df!["x" => even(100, shift), "carrier" => ["AA", "UA"].repeat(50), "late" => [true, false].repeat(50)].unwrap()
    };
    let set = |shift| Dataset::new(&frame(shift), &["x", "carrier"], "late").unwrap();
    let report = compare(&set(0.0), &set(0.5)).unwrap();
    assert_eq!(order(&report), ["late", "x", "carrier"]);
    assert_eq!(report.columns[0].role, Role::Target);
    // A frame beside a data set: booleans are 0 and 1 there.
    let mixed = compare(&set(0.0), &frame(0.5)).unwrap();
    assert_eq!((mixed.tested_columns, mixed.drifted_columns), (3, 1));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let [reference, current] = shifted(&[0.1], 50);
    let refuse = |options: DriftOptions| options.compare(&reference, &current).unwrap_err();
    assert!(matches!(
        refuse(DriftOptions::new().test("y", Test::Ks)),
        DriftError::UnknownColumn { option: "test", .. }
    ));
    assert!(matches!(
        refuse(DriftOptions::new().prediction("p")),
        DriftError::UnknownColumn { option: "prediction", .. }
    ));
    assert!(matches!(refuse(DriftOptions::new().test("x0", Test::Z)), DriftError::TestKind { kind: "numeric", .. }));
    assert!(matches!(refuse(DriftOptions::new().categorical_test(Test::Ks)), DriftError::TestKind { .. }));
    assert!(matches!(refuse(DriftOptions::new().p_threshold(1.5)), DriftError::Threshold { .. }));
    assert!(matches!(refuse(DriftOptions::new().threshold("x0", f64::NAN)), DriftError::Threshold { .. }));
    assert!(matches!(refuse(DriftOptions::new().share(0.0)), DriftError::Share { .. }));
    let negative = [("x0".to_owned(), -1.0)];
    assert!(matches!(refuse(DriftOptions::new().importances(&negative)), DriftError::Importance { .. }));
    assert_eq!("ttest".parse::<Test>().unwrap_err().to_string().lines().next(), Some("there is no test \"ttest\""));
    assert_eq!("chi-square".parse::<Test>(), "chisquare".parse::<Test>());
    assert!("nothing".parse::<FailOn>().is_err());
}

#[test]
fn each_test_has_a_name_a_title_and_a_threshold() {
    for test in Test::ALL {
        assert_eq!(test.name().parse::<Test>(), Ok(test));
        assert_eq!(serde_json::to_value(test).unwrap(), test.name());
        assert!(!test.title().is_empty());
        assert!(test.is_for_numbers() || test.is_for_categories());
        let threshold = test.default_threshold();
        assert!((test.strength(threshold, threshold) - 1.0).abs() < 1e-12);
        assert_eq!(threshold, if test.outcome() == Outcome::PValue { 0.05 } else { 0.1 });
    }
}
