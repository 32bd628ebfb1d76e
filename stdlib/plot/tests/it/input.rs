//! What is refused, and in which words.

use ironbook_plot::{Chart, PlotError};

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
