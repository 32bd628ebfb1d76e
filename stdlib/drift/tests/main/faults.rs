//! Tables that are not as they should be: what is found, and what is said.

use ironbook_drift::{DriftError, DriftOptions, DriftReport, FailOn, FindingKind, Verdict, compare};
use polars::prelude::{Column, DataFrame, DataType, NamedFrom, Series, TimeUnit, df};

#[track_caller]
fn found(report: &DriftReport, kind: FindingKind) -> &str {
    let finding = report.findings.iter().find(|finding| finding.kind == kind);
    &finding.unwrap_or_else(|| panic!("no {kind:?} in {:#?}", report.findings)).text
}

fn numbers(rows: usize) -> Vec<f64> {
    (0..rows).map(|i| ((i * 7919) % 1000) as f64 / 10.0).collect()
}

#[test]
fn an_empty_window_is_an_error_that_says_which() {
    let (full, empty) = (df!["x" => numbers(10)].unwrap(), df!["x" => Vec::<f64>::new()].unwrap());
    let error = compare(&full, &empty).unwrap_err();
    assert!(matches!(error, DriftError::NoRows { which: "current" }));
    assert_eq!(error.to_string().lines().next(), Some("the current data has no rows"));
    assert!(matches!(compare(&empty, &full).unwrap_err(), DriftError::NoRows { which: "reference" }));
}

#[test]
fn nothing_in_common_is_an_error() {
    let error = compare(&df!["a" => [1]].unwrap(), &df!["b" => [1]].unwrap()).unwrap_err();
    assert!(matches!(error, DriftError::NothingInCommon { .. }));
    assert!(
        error
            .to_string()
            .starts_with("the two tables have no column in common: the reference has a, the current one b")
    );
}

#[test]
fn columns_that_vanish_or_are_new() {
    let reference = df!["x" => numbers(200), "dest" => ["BOS", "SFO"].repeat(100)].unwrap();
    let current = df!["x" => numbers(200), "gate" => [1, 2].repeat(100)].unwrap();
    let report = DriftOptions::new().names("train", "June").compare(&reference, &current).unwrap();
    assert_eq!(found(&report, FindingKind::VanishedColumn), "dest: in train (str), not in June");
    assert_eq!(found(&report, FindingKind::NewColumn), "gate: in June (i32), not in train");
    assert!(report.fails(FailOn::Schema) && !report.fails(FailOn::Drift) && !report.fails(FailOn::Column));
    let ignored = DriftOptions::new().ignore(["dest", "gate"]).compare(&reference, &current).unwrap();
    assert!(!ignored.fails(FailOn::Schema));
}

#[test]
fn a_column_that_changed_its_type() {
    let reference = df!["x" => numbers(200), "code" => (0..200).collect::<Vec<i32>>()].unwrap();
    let text: Vec<String> = (0..200).map(|i| i.to_string()).collect();
    let report = compare(&reference, &df!["x" => numbers(200), "code" => text].unwrap()).unwrap();
    assert_eq!(report.column("code").unwrap().verdict, Verdict::Untested);
    assert!(
        found(&report, FindingKind::ChangedType).starts_with("code: i32 in reference, str in current: not compared")
    );
    assert!(report.fails(FailOn::Schema));
    assert_eq!((report.tested_columns, report.drifted_columns), (1, 0));
}

#[test]
fn all_values_missing() {
    let reference = df!["x" => numbers(200), "y" => numbers(200), "z" => ["a", "b"].repeat(100)].unwrap();
    let empty = |dtype: &DataType| Series::full_null("y".into(), 200, dtype);
    let cases = [empty(&DataType::Float64), empty(&DataType::Null), empty(&DataType::Int32)];
    for y in cases {
        let mut current = df!["x" => numbers(200), "z" => ["a", "b"].repeat(100)].unwrap();
        current.with_column(Column::from(y)).unwrap();
        let report = compare(&reference, &current).unwrap();
        let column = report.column("y").unwrap();
        assert_eq!((column.verdict, column.result), (Verdict::Drifted, None));
        assert_eq!(column.reason.as_deref(), Some("it has no values in current"));
        let text = found(&report, FindingKind::AllMissing);
        assert_eq!(text, "y: no value in current (0.0% missing in reference); counted as drifted");
        assert_eq!((report.tested_columns, report.drifted_columns), (3, 1));
        assert!(report.fails(FailOn::Schema));
        // Missing on both sides: nothing has changed, and nothing can be tested.
        let both = compare(&current, &current).unwrap();
        assert_eq!(both.column("y").unwrap().verdict, Verdict::Untested);
        assert_eq!((both.tested_columns, both.drifted_columns), (2, 0));
    }
    let nan = df!["x" => numbers(200), "y" => [f64::NAN].repeat(200), "z" => [None::<&str>].repeat(200)].unwrap();
    let report = compare(&reference, &nan).unwrap();
    assert_eq!(report.drifted_columns, 2);
}

#[test]
fn nothing_but_missing_values() {
    let frame = df!["x" => [None::<f64>, None]].unwrap();
    let report = compare(&frame, &frame).unwrap();
    assert_eq!((report.tested_columns, report.share, report.drifted), (0, 0.0, false));
    assert!(report.to_text(80).starts_with("No column could be tested"));
}

#[test]
fn a_single_value() {
    let reference = df!["x" => numbers(200), "c" => ["a", "b"].repeat(100), "same" => [5].repeat(200)].unwrap();
    let current = df!["x" => [7.5].repeat(150), "c" => ["a"].repeat(150), "same" => [5].repeat(150)].unwrap();
    let report = compare(&reference, &current).unwrap();
    assert_eq!(report.column("same").unwrap().verdict, Verdict::Stable);
    assert_eq!(report.column("same").unwrap().result.unwrap().score, 1.0);
    let texts: Vec<&str> =
        report.findings.iter().filter(|f| f.kind == FindingKind::Constant).map(|f| f.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "x: always 7.5 in current; 200 different values in reference",
            "c: always a in current; 2 different values in reference",
        ]
    );
    assert_eq!(report.drifted_columns, 2);
}

#[test]
fn missing_and_infinite_values_are_told() {
    let gaps = |every: usize| -> Vec<Option<f64>> {
        numbers(1000).into_iter().enumerate().map(|(i, v)| (i % every > 0).then_some(v)).collect()
    };
    let mut current = df!["x" => gaps(4)].unwrap();
    let report = compare(&df!["x" => gaps(50)].unwrap(), &current).unwrap();
    assert_eq!(found(&report, FindingKind::Missing), "x: 2.0% missing in reference, 25.0% in current");
    assert_eq!((report.columns[0].missing.reference, report.columns[0].missing.current), (20, 250));
    current =
        df!["x" => numbers(1000).into_iter().map(|v| if v > 90.0 { f64::INFINITY } else { v }).collect::<Vec<_>>()]
            .unwrap();
    let report = compare(&df!["x" => numbers(1000)].unwrap(), &current).unwrap();
    assert_eq!(found(&report, FindingKind::Infinite), "x: infinite values left out: 0 in reference, 99 in current");
}

#[test]
fn categories_that_come_and_go() {
    let reference = df!["c" => ["AA", "UA", "DL", "B6"].repeat(100)].unwrap();
    let current = df!["c" => ["AA", "UA", "ZZ", "<b>"].repeat(100)].unwrap();
    let report = compare(&reference, &current).unwrap();
    assert_eq!(
        found(&report, FindingKind::NewCategories),
        "c: 2 new categories in current (50.0% of its values): <b> 25.0%, ZZ 25.0%"
    );
    assert_eq!(
        found(&report, FindingKind::VanishedCategories),
        "c: 2 categories of reference (50.0% of its values) gone: B6 25.0%, DL 25.0%"
    );
    assert!(!report.to_page().contains("<b>ZZ") && report.to_page().contains("&lt;b&gt;"));
}

#[test]
fn few_rows_are_told() {
    let report = compare(&df!["x" => numbers(500)].unwrap(), &df!["x" => numbers(12)].unwrap()).unwrap();
    assert!(found(&report, FindingKind::FewRows).starts_with("current has 12 rows"));
}

#[test]
fn times_and_nested_values_are_shown_and_not_tested() {
    let times = |from: i64| {
        let micros: Vec<i64> = (0..100).map(|i| (from + i) * 1_000_000).collect();
        Series::new("t".into(), micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()
    };
    let lists = Series::new("l".into(), (0..100).map(|i| Series::new("".into(), [i])).collect::<Vec<_>>());
    let frame = |from| {
        DataFrame::new(
            100,
            vec![Column::from(times(from)), Column::from(lists.clone()), Column::new("x".into(), numbers(100))],
        )
        .unwrap()
    };
    let report = compare(&frame(0), &frame(86_400)).unwrap();
    assert_eq!((report.tested_columns, report.columns.len()), (1, 3));
    let note = report.notes.iter().find(|note| note.starts_with("Not tested")).unwrap();
    assert!(note.contains("t (it is a time") && note.contains("l (it is neither"), "{note}");
    assert!(report.to_page().contains("1970-01-02 00:01:39"), "{:?}", report.column("t").unwrap().detail);
}

#[test]
fn large_and_odd_numbers() {
    let odd =
        df!["x" => [i64::MIN, i64::MAX, 0, 1, -1, 7, 9].repeat(20), "u" => [u64::MAX, 0, 1, 2, 3, 4, 5].repeat(20),
        "z" => [0.0, -0.0, 1e300, -1e300, f64::MIN_POSITIVE, 2.0, 3.5].repeat(20)]
        .unwrap();
    let report = compare(&odd, &odd).unwrap();
    assert_eq!((report.tested_columns, report.drifted_columns), (3, 0));
    assert!(report.columns.iter().all(|c| c.result.unwrap().score.is_finite()));
    assert!(!report.to_page().contains("NaN"));
}

#[test]
fn a_check_that_fails_says_what_was_found() {
    let reference = df!["x" => numbers(200), "dest" => ["BOS", "SFO"].repeat(100)].unwrap();
    let moved: Vec<f64> = numbers(200).iter().map(|v| v + 80.0).collect();
    let report = compare(&reference, &df!["x" => moved, "gate" => [1, 2].repeat(100)].unwrap()).unwrap();
    let words = |on| report.require(on).unwrap_err().to_string();
    assert!(words(FailOn::Drift).starts_with("1 of 1 columns drifted (100.0%): the data as a whole have drifted"));
    assert!(words(FailOn::Column).contains(": x\nsee what has changed"), "{}", words(FailOn::Column));
    assert!(words(FailOn::Schema).starts_with(
        "columns and types differ: dest: in reference (str), not in current; gate: in current (i32), not in reference"
    ));
    let same = compare(&reference, &reference).unwrap();
    for on in [FailOn::Drift, FailOn::Column, FailOn::Schema] {
        same.require(on).unwrap();
    }
}
