//! Splits.

use ironbook_eval::{EvalError, holdout_split, time_split};
use polars::prelude::*;

fn ints(df: &DataFrame, name: &str) -> Vec<i32> {
    df.column(name).unwrap().i32().unwrap().into_no_null_iter().collect()
}

#[test]
fn a_time_split_learns_from_the_past() {
    let df = df!["t" => [5, 1, 4, 2, 3], "row" => [0, 1, 2, 3, 4]].unwrap();
    let (train, test) = time_split(&df, "t", 0.6).unwrap();
    assert_eq!((ints(&train, "t"), ints(&test, "t")), (vec![1, 2, 3], vec![4, 5]));
    assert_eq!(ints(&train, "row"), [1, 3, 4]);
    for kind in [DataType::Date, DataType::Datetime(TimeUnit::Microseconds, None), DataType::Float64] {
        let mut cast = df.clone();
        let times = df.column("t").unwrap().cast(&kind).unwrap();
        cast.with_column(times).unwrap();
        assert_eq!(ints(&time_split(&cast, "t", 0.6).unwrap().1, "row"), [2, 0], "{kind}");
    }
}

#[test]
fn rows_of_one_time_are_never_split() {
    // The border wanted is in the middle of the 2s; their end is nearer than their beginning.
    let df = df!["t" => [1, 2, 2, 2, 2, 2, 3, 4], "row" => [0, 1, 2, 3, 4, 5, 6, 7]].unwrap();
    let (train, test) = time_split(&df, "t", 0.5).unwrap();
    assert_eq!((ints(&train, "row"), ints(&test, "row")), (vec![0, 1, 2, 3, 4, 5], vec![6, 7]));
    // All but the first row share a time, and so do all but the last.
    let df = df!["t" => [1, 2, 2, 2]].unwrap();
    assert_eq!(time_split(&df, "t", 0.9).unwrap().0.height(), 1);
    let df = df!["t" => [1, 1, 1, 2]].unwrap();
    assert_eq!(time_split(&df, "t", 0.1).unwrap().0.height(), 3);
}

#[test]
fn bad_times_are_refused() {
    let df =
        df!["t" => [Some(1), None, Some(3)], "f" => [1.0, f64::NAN, 2.0], "s" => ["a", "b", "c"], "one" => [7, 7, 7]];
    let df = df.unwrap();
    let error = |column: &str| time_split(&df, column, 0.5).unwrap_err();
    assert!(matches!(error("t"), EvalError::MissingTimes { count: 1, rows: 3, .. }));
    assert!(matches!(error("f"), EvalError::MissingTimes { count: 1, rows: 3, .. }));
    assert!(matches!(error("s"), EvalError::NotTime { .. }));
    assert!(matches!(error("one"), EvalError::OneTime { rows: 3, .. }));
    assert!(matches!(error("when"), EvalError::NoColumn { columns, .. } if columns == ["t", "f", "s", "one"]));
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(time_split(&df, "one", share), Err(EvalError::Share { .. })));
        assert!(matches!(holdout_split(&df, share, 0), Err(EvalError::Share { .. })));
    }
    assert!(matches!(time_split(&df.head(Some(1)), "one", 0.5), Err(EvalError::TooFewRows { rows: 1 })));
    assert!(matches!(holdout_split(&df.head(Some(0)), 0.5, 0), Err(EvalError::TooFewRows { rows: 0 })));
}

#[test]
fn a_holdout_split_has_each_row_once_and_repeats_for_its_seed() {
    let df = df!["row" => (0..1001).collect::<Vec<i32>>()].unwrap();
    let (train, test) = holdout_split(&df, 0.2, 7).unwrap();
    assert_eq!((train.height(), test.height()), (800, 201));
    let (mut rows, held) = (ints(&train, "row"), ints(&test, "row"));
    assert!(rows.is_sorted() && held.is_sorted());
    rows.extend(&held);
    rows.sort_unstable();
    assert_eq!(rows, (0..1001).collect::<Vec<i32>>());
    assert_eq!(held, ints(&holdout_split(&df, 0.2, 7).unwrap().1, "row"));
    assert_ne!(held, ints(&holdout_split(&df, 0.2, 8).unwrap().1, "row"));
}

#[test]
fn every_row_is_held_out_equally_often() {
    let df = df!["row" => (0..10).collect::<Vec<i32>>()].unwrap();
    let mut counts = [0u32; 10];
    for seed in 0..2000 {
        for row in ints(&holdout_split(&df, 0.3, seed).unwrap().1, "row") {
            counts[row as usize] += 1;
        }
    }
    // Expected 600 each, standard deviation 20.5.
    assert!(counts.iter().all(|c| (500..700).contains(c)), "{counts:?}");
}
