//! What is refused, and in which words.

use ironbook_plot::{Chart, PlotError, grid};

const NONE: &[f64] = &[];

#[test]
fn lengths_must_agree() {
    let error = Chart::line(&[1, 2, 3], &[1.0, 2.0]).unwrap_err();
    assert!(matches!(error, PlotError::Lengths { first_len: 3, second_len: 2, .. }));
    assert_eq!(error.to_string(), "x has 3 values and y has 2\ngive both one length");
    assert!(matches!(Chart::scatter(&[1.0], NONE), Err(PlotError::Lengths { first_len: 1, second_len: 0, .. })));
    assert!(matches!(Chart::bar(&["a"], &[1, 2]), Err(PlotError::Lengths { first: "labels", second: "values", .. })));
    assert!(matches!(Chart::roc(&[0.0, 1.0], &[1.0], 0.5), Err(PlotError::Lengths { first: "fpr", .. })));
}

#[test]
fn empty_input_is_named() {
    assert!(matches!(Chart::line(NONE, NONE), Err(PlotError::Empty { what: "x" })));
    assert!(matches!(Chart::bar(&Vec::<String>::new(), NONE), Err(PlotError::Empty { what: "labels" })));
    assert!(matches!(Chart::roc(NONE, NONE, 0.5), Err(PlotError::Empty { what: "fpr" })));
}

#[test]
fn nothing_finite_is_refused() {
    let nan = [f64::NAN, f64::INFINITY];
    assert!(matches!(Chart::line(&[1, 2], &nan), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::scatter(&nan, &[1, 2]), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::bar(&["a", "b"], &nan), Err(PlotError::NothingFinite)));
}

#[test]
fn rates_lie_between_0_and_1() {
    assert!(
        matches!(Chart::roc(&[0.0, 1.5], &[0.0, 1.0], 0.5), Err(PlotError::Rate { what: "fpr", value }) if value == 1.5)
    );
    assert!(matches!(Chart::roc(&[0.0, 1.0], &[f64::NAN, 1.0], 0.5), Err(PlotError::Rate { what: "tpr", .. })));
    assert!(matches!(Chart::roc(&[0.0, 1.0], &[0.0, 1.0], 81.0), Err(PlotError::Rate { what: "auc", .. })));
}

#[test]
fn series_of_another_kind_are_refused_with_the_right_method() {
    let bars = Chart::bar(&["a"], &[1]).unwrap();
    assert!(bars.clone().series("s", &[1], &[1]).unwrap_err().to_string().contains(".bars(name, &values)"));
    assert!(bars.curve("s", &[0], &[0], 0.5).is_err());
    let roc = Chart::roc(&[0, 1], &[0, 1], 0.5).unwrap();
    assert!(roc.series("s", &[1], &[1]).unwrap_err().to_string().contains(".curve("));
    let line = Chart::line(&[1], &[1]).unwrap();
    assert!(line.bars("s", &[1]).unwrap_err().to_string().contains(".series("));
}

#[test]
fn files_are_named_after_their_format() {
    let chart = Chart::line(&[1, 2], &[1, 2]).unwrap();
    assert!(matches!(chart.save("chart.gif"), Err(PlotError::Extension { .. })));
    assert!(matches!(chart.save("no/such/directory/chart.svg"), Err(PlotError::Write { .. })));
    let dir = tempfile::tempdir().unwrap();
    for (name, start) in [("a.png", &b"\x89PNG"[..]), ("a.SVG", b"<svg"), ("a.json", b"{")] {
        let path = dir.path().join(name);
        chart.save(&path).unwrap();
        assert!(std::fs::read(path).unwrap().starts_with(start), "{name}");
    }
}

#[test]
fn sizes_are_kept_within_bounds() {
    let chart = Chart::line(&[1, 2], &[1, 2]).unwrap().size(1, 100_000);
    assert_eq!((chart.width(), chart.height()), (200, 4000));
}

/// First line and second line of an error.
fn words(error: &PlotError) -> (String, String) {
    let text = error.to_string();
    let (what, advice) = text.split_once('\n').unwrap();
    (what.to_owned(), advice.to_owned())
}

#[test]
fn empty_and_missing_values_of_every_kind() {
    let (nan, none) = ([f64::NAN], Vec::<Vec<f64>>::new());
    let labels = Vec::<String>::new();
    assert!(matches!(Chart::histogram(NONE), Err(PlotError::Empty { what: "values" })));
    assert!(matches!(Chart::histogram(&nan), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::boxplot(&labels, &none), Err(PlotError::Empty { what: "labels" })));
    assert!(matches!(Chart::boxplot(&["a"], &[vec![]]), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::heatmap(&labels, &labels, &none), Err(PlotError::Empty { .. })));
    assert!(matches!(Chart::heatmap(&labels, &["a"], &[vec![]]), Err(PlotError::Empty { what: "x labels" })));
    assert!(matches!(Chart::heatmap(&["a"], &["a"], &[nan.to_vec()]), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::confusion(&labels, &none), Err(PlotError::Empty { .. })));
    assert!(matches!(Chart::calibration(NONE, NONE, NONE), Err(PlotError::Empty { what: "predicted" })));
    assert!(matches!(Chart::calibration(&nan, &nan, &[0]), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::pr(NONE, NONE, 0.5), Err(PlotError::Empty { what: "recall" })));
    assert!(matches!(Chart::beeswarm(&labels, &none, &none), Err(PlotError::Empty { what: "features" })));
    assert!(matches!(Chart::beeswarm(&["a"], &[nan.to_vec()], &[vec![]]), Err(PlotError::NothingFinite)));
    assert!(matches!(Chart::waterfall(0.0, &labels, NONE), Err(PlotError::Empty { what: "labels" })));
    assert!(matches!(Chart::learning_curve(NONE, &none, &none), Err(PlotError::Empty { what: "steps" })));
    assert!(matches!(Chart::learning_curve(&[1], &[vec![]], &[vec![0.5]]), Err(PlotError::NothingFinite)));
    assert!(matches!(grid(Vec::new(), 2), Err(PlotError::Empty { what: "charts" })));
}

#[test]
fn tables_need_a_value_per_pair() {
    let error = Chart::heatmap(&["a", "b"], &["r", "s"], &[vec![1.0, 2.0], vec![3.0]]).unwrap_err();
    assert_eq!(words(&error).0, "row 1 of values has 1 values instead of 2");
    assert!(matches!(Chart::heatmap(&["a"], &["r", "s"], &[vec![1.0]]), Err(PlotError::Lengths { .. })));
    assert!(matches!(Chart::confusion(&["a", "b"], &[vec![1, 2], vec![3]]), Err(PlotError::Row { row: 1, .. })));
    let error = Chart::confusion(&["a"], &[vec![-3.0]]).unwrap_err();
    assert_eq!(words(&error).0, "counts holds -3, which counts nothing");
    let many: Vec<String> = (0..201).map(|i| i.to_string()).collect();
    let error = Chart::heatmap(&many, &["r"], &[vec![1.0; 201]]).unwrap_err();
    assert_eq!(words(&error).0, "x labels has 201 entries, and a chart shows 200 at most");
    assert!(matches!(Chart::boxplot(&many, &vec![vec![1.0]; 201]), Err(PlotError::TooMany { most: 100, .. })));
    let swarm = Chart::beeswarm(&["a"], &[vec![1.0, 2.0]], &[vec![1.0]]);
    assert!(matches!(swarm, Err(PlotError::Row { what: "colour", row: 0, found: 1, expected: 2 })));
}

#[test]
fn contributions_must_add_up() {
    let error = Chart::waterfall(0.1, &["hour"], &[f64::NAN]).unwrap_err();
    assert_eq!(words(&error).0, "contributions holds NaN for \"hour\"");
    assert!(matches!(Chart::waterfall(f64::INFINITY, &["a"], &[1]), Err(PlotError::NotFinite { what: "base", .. })));
}

#[test]
fn calibration_takes_shares_and_counts() {
    assert!(matches!(Chart::calibration(&[1.2], &[0.5], &[3]), Err(PlotError::Rate { what: "predicted", .. })));
    assert!(matches!(Chart::calibration(&[0.2], &[50.0], &[3]), Err(PlotError::Rate { what: "observed", .. })));
    assert!(matches!(Chart::calibration(&[0.2], &[0.5], &[-1]), Err(PlotError::Count { .. })));
    assert!(matches!(Chart::calibration(&[0.2], &[0.5], &[1, 2]), Err(PlotError::Lengths { second: "counts", .. })));
    assert!(matches!(Chart::pr(&[0.5], &[1.5], 0.5), Err(PlotError::Rate { what: "precision", .. })));
}

#[test]
fn what_a_kind_does_not_have_is_refused() {
    let roc = || Chart::roc(&[0, 1], &[0, 1], 0.5).unwrap();
    let error = roc().log_y().unwrap_err();
    assert_eq!(words(&error).0, "a ROC or precision-recall chart has no logarithmic vertical axis");
    assert!(roc().time_x().is_err() && roc().bins(3).is_err() && roc().values("v", &[1]).is_err());
    assert!(roc().stacked().is_err() && roc().band(&[1], &[1]).is_err() && roc().error_bars(&[1]).is_err());
    let bars = || Chart::bar(&["a"], &[1]).unwrap();
    assert!(matches!(bars().vline(0.0, "v"), Err(PlotError::Unfit { .. })));
    assert!(bars().hline(0.5, "half").is_ok() && bars().log_y().is_err());
    assert!(matches!(bars().error_bars(&[1, 2]), Err(PlotError::Lengths { .. })));
    let table = Chart::confusion(&["a"], &[vec![1]]).unwrap();
    assert!(matches!(table.hline(0.0, "h"), Err(PlotError::Unfit { .. })));
    let line = || Chart::line(&[1, 2], &[1, 2]).unwrap();
    assert!(matches!(line().hline(f64::NAN, "h"), Err(PlotError::Reference { .. })));
    assert!(matches!(line().log_y().unwrap().hline(0.0, "h"), Err(PlotError::Reference { .. })));
    assert!(matches!(line().band(&[1], &[1, 2]), Err(PlotError::Lengths { .. })));
    assert!(matches!(grid(vec![line()], 1).unwrap().hline(0.0, "h"), Err(PlotError::Unfit { .. })));
}

#[test]
fn logarithms_and_dates_need_values_that_have_them() {
    assert!(matches!(Chart::line(&[1, 2], &[0, -1]).unwrap().log_y(), Err(PlotError::Log)));
    assert!(matches!(Chart::line(&[-1, 0], &[2, 1]).unwrap().log_x(), Err(PlotError::Log)));
    let error = Chart::line(&[1.5e12], &[1.0]).unwrap().time_x().unwrap_err();
    assert_eq!(words(&error).0, "1500000000000 seconds since 1970 lie beyond the years 1 to 9999");
}
