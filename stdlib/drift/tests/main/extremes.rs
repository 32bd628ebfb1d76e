//! Values at the ends of their types: no panic, no wrong verdict, and JSON that is read back.

use ironbook_drift::{ColumnKind, Detail, DriftOptions, DriftReport, Test, Verdict, compare};
use polars::prelude::{Column, DataFrame, DataType, NamedFrom, Series, TimeUnit, TimeZone, df};

fn frame(column: Column) -> DataFrame {
    DataFrame::new(column.len(), vec![column]).unwrap()
}

#[track_caller]
fn compared(options: &DriftOptions, reference: Column, current: Column) -> DriftReport {
    let report = options.compare(&frame(reference), &frame(current)).unwrap();
    let read: DriftReport = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(read, report);
    for shown in [report.to_page(), report.to_text(80)] {
        assert!(!shown.contains("NaN") && !shown.contains(">inf<"), "{shown}");
    }
    report
}

fn floats(values: impl Iterator<Item = f64>) -> Column {
    Column::new("x".into(), values.collect::<Vec<_>>())
}

/// A power of two.
fn power(of: i32) -> f64 {
    2f64.powi(of)
}

#[test]
fn scores_do_not_depend_on_the_unit() {
    let skewed = |shift: f64, unit: f64| floats((0..2000).map(|i| (f64::from(i * i % 977) - 400.0 + shift) * unit));
    for test in [Test::Ks, Test::Wasserstein, Test::Psi, Test::JensenShannon] {
        let options = DriftOptions::new().test("x", test);
        let score = |unit: f64| {
            let result = compared(&options, skewed(0.0, unit), skewed(60.0, unit)).columns[0].result.unwrap();
            (result.score, test.is_drift(result.score, result.threshold))
        };
        let usual = score(1.0);
        // Beyond 2^512 squares have no float, at 2^1014 the distance between the ends has none.
        for unit in [power(40), power(600), power(1014)] {
            let (found, drift) = score(unit);
            assert!((found - usual.0).abs() <= 1e-9 * usual.0.max(1.0), "{test} at {unit:e}: {found}, not {}", usual.0);
            assert_eq!(drift, usual.1, "{test} at {unit:e}");
        }
    }
    let single =
        |shift: f64| floats((0..2000).map(|i| (f64::from(i % 977) + shift) * 1e20)).cast(&DataType::Float32).unwrap();
    let report = compared(&DriftOptions::new(), single(0.0), single(300.0));
    assert_eq!(report.columns[0].verdict, Verdict::Drifted, "{:?}", report.columns[0].result);
}

#[test]
fn ends_of_floats_are_numbers_like_others() {
    let wide = |rows: i32| {
        floats((0..rows).map(|i| match i % 31 {
            0 => f64::MAX,
            1 => f64::MIN,
            k => f64::from(k - 15) * 1e307 + f64::from(i) * 1e299,
        }))
    };
    for (rows, test) in [200, 2000].into_iter().flat_map(|rows| Test::ALL.map(|test| (rows, test))) {
        if !test.is_for_numbers() {
            continue;
        }
        let report = compared(&DriftOptions::new().test("x", test), wide(rows), wide(rows / 2));
        let Detail::Numbers { summary, histogram } = &report.columns[0].detail else { panic!("{report:?}") };
        let summary = summary.reference.unwrap();
        assert!((1e306..f64::MAX).contains(&summary.std) && summary.mean.abs() < summary.std, "{summary:?}");
        assert!(histogram.edges.is_sorted() && histogram.edges.len() == 31, "{histogram:?}");
        let sum: f64 = histogram.shares.reference.iter().sum();
        assert!((sum + histogram.below.reference + histogram.above.reference - 1.0).abs() < 1e-9, "{histogram:?}");
    }
    // A constant reference has no width: the distance is as large as floats are.
    let report = compared(&DriftOptions::new().test("x", Test::Wasserstein), floats([0.0; 30].into_iter()), wide(30));
    assert_eq!(report.columns[0].result.unwrap().score, f64::MAX);
}

#[test]
fn large_whole_numbers_are_one_category_each() {
    let codes = |first: i64| Column::new("x".into(), (0..300).map(|i| first + (i % 3) * 4096).collect::<Vec<i64>>());
    let report = compared(&DriftOptions::new(), codes(1 << 60), codes(1 << 60));
    let Detail::Categories(table) = &report.columns[0].detail else { panic!("{report:?}") };
    let names: Vec<&str> = table.top.iter().map(|category| category.name.as_str()).collect();
    assert_eq!(names, ["1152921504606846976", "1152921504606851072", "1152921504606855168"]);
    // Neighbours beyond 2^53 are one number to floats, on whichever side they are.
    let near = |step: i64| Column::new("x".into(), (0..300).map(|i| (1i64 << 60) + i % 3 * step).collect::<Vec<i64>>());
    let report = compared(&DriftOptions::new(), near(1), near(2));
    let Detail::Categories(table) = &report.columns[0].detail else { panic!("{report:?}") };
    assert_eq!((table.top.len(), table.new_count, report.drifted_columns), (1, 0, 0));
}

#[test]
fn a_column_that_lost_its_values_stays_what_it_was() {
    let many = Column::new("x".into(), (0..2000).collect::<Vec<i32>>());
    let report = compared(&DriftOptions::new(), many, Column::full_null("x".into(), 100, &DataType::Int32));
    let column = &report.columns[0];
    assert_eq!((column.kind, column.verdict), (ColumnKind::Numeric, Verdict::Drifted));
    let few = Column::new("x".into(), [1, 2].repeat(500));
    let report = compared(&DriftOptions::new(), few, Column::full_null("x".into(), 100, &DataType::Int32));
    assert_eq!(report.columns[0].kind, ColumnKind::Categorical);
    assert!(
        !report.to_text(80).contains('→') || report.to_text(80).matches('→').count() == 1,
        "{}",
        report.to_text(80)
    );
}

#[test]
fn times_that_no_calendar_has_are_shown_as_they_are() {
    let shown = |series: Series| {
        let report = compared(&DriftOptions::new(), series.clone().into(), series.into());
        match &report.columns[0].detail {
            Detail::Times { first, last } => [&first.reference, &last.current].map(|t| t.clone().unwrap()),
            other => panic!("{other:?}"),
        }
    };
    let stamps =
        |unit| Series::new("x".into(), [i64::MIN + 1, 0, i64::MAX]).cast(&DataType::Datetime(unit, None)).unwrap();
    assert_eq!(shown(stamps(TimeUnit::Microseconds))[1], "9223372036854775807 as datetime[μs]");
    assert_eq!(shown(stamps(TimeUnit::Milliseconds))[0], "-9223372036854775807 as datetime[ms]");
    assert_eq!(shown(stamps(TimeUnit::Nanoseconds))[1], "2262-04-11 23:47:16.854775807");
    let days = Series::new("x".into(), [i32::MIN, i32::MAX]).cast(&DataType::Date).unwrap();
    assert_eq!(shown(days), ["-2147483648 as date", "2147483647 as date"]);
    let days = Series::new("x".into(), [18_262, 18_271]).cast(&DataType::Date).unwrap();
    assert_eq!(shown(days), ["2020-01-01", "2020-01-10"]);
    let zone = DataType::Datetime(TimeUnit::Microseconds, TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap());
    let local = Series::new("x".into(), [0i64, 43_200_000_000]).cast(&zone).unwrap();
    assert_eq!(shown(local), ["1970-01-01 01:00:00+01:00", "1970-01-01 13:00:00+01:00"]);
}

#[test]
fn a_score_at_its_threshold_falls_as_evidentlys_does() {
    // ks_stattest.py and the like: `<=` for ks, `<` for chisquare and z, `>=` for distances.
    let at = Test::ALL.map(|test| test.is_drift(test.default_threshold(), test.default_threshold()));
    assert_eq!(at, [true, false, false, true, true, true]);
}

#[test]
fn names_cannot_become_markup() {
    let evil = "<script>alert(1)</script>";
    let quote = "\"><img src=x onerror=alert(1)>";
    let reference = df![evil => [evil, quote].repeat(100), "a&b'" => [1.5, 2.5].repeat(100), quote => [1].repeat(200)];
    let current = df![evil => [evil, "<mark>"].repeat(100), "a&b'" => [1.5, 2.5].repeat(100), "<s>" => [1].repeat(200)];
    let (reference, current) = (reference.unwrap(), current.unwrap());
    let report = DriftOptions::new().names(evil, quote).compare(&reference, &current).unwrap();
    for html in [report.to_page(), report.to_html()] {
        for tag in ["<script", "<img", "<mark", "<s>", "\"\"", "alert(1)\""] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("&lt;img src=x"), "names are there, as text");
    }
    assert_eq!(compare(&reference, &reference).unwrap().drifted_columns, 0);
}
