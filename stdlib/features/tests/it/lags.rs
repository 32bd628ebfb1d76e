//! Lags: what a row looks back on, in the training data, in later batches, and row after row.

use crate::{bits, data, numbers, text, times, uniform};
use ironbook_core::Persist;
use ironbook_data::{Kind, Matrix};
use ironbook_features::{FeatureError, FittedPipeline, Order, Pipeline};

const NONE: f64 = f64::NAN;

/// Delays of two aircraft; the rows of `b` are not in the order of their times.
fn training() -> ironbook_data::Dataset {
    data(vec![
        text("tail", &["a", "b", "a", "b", "a", ""]),
        times("at", &[1.0, 5.0, 2.0, 3.0, 4.0, 4.0]),
        numbers("delay", &[10.0, 20.0, 11.0, 21.0, NONE, 99.0]),
    ])
}

fn pipeline() -> Pipeline {
    Pipeline::new().lag("delay", [1, 2], Order::by("at").within("tail"))
}

fn fitted() -> FittedPipeline {
    pipeline().fit(&training()).unwrap()
}

fn batch(tail: &[&str], at: &[f64], delay: &[f64]) -> Matrix {
    Matrix::from_typed(vec![text("tail", tail), times("at", at), numbers("delay", delay)]).unwrap()
}

fn lags(made: &Matrix) -> [Vec<f64>; 2] {
    ["delay_lag1", "delay_lag2"].map(|name| made.by_name(name).unwrap().to_vec())
}

fn same(found: &[Vec<f64>; 2], expected: [&[f64]; 2]) {
    for (found, expected) in found.iter().zip(expected) {
        let alike = found.len() == expected.len()
            && found.iter().zip(expected).all(|(f, e)| f == e || f.is_nan() && e.is_nan());
        assert!(alike, "{found:?}, expected {expected:?}");
    }
}

#[test]
fn training_rows_look_back_on_training_rows() {
    let (fitted, made) = pipeline().fit_transform(&training()).unwrap();
    same(&lags(&made.features), [&[NONE, 21.0, 10.0, NONE, 11.0, NONE], &[NONE, NONE, NONE, NONE, 10.0, NONE]]);
    assert_eq!(made.features.names(), ["tail", "at", "delay", "delay_lag1", "delay_lag2"]);
    // The training data once more: every time is in the batch, so the history adds nothing.
    let again = fitted.transform(&training().features).unwrap();
    assert_eq!(bits(&again), bits(&made.features));
}

#[test]
fn later_rows_look_back_on_the_batch_and_the_history() {
    let fitted = fitted();
    // Of `a` the fit remembers 11 (at 2) and a missing value (at 4), of `b` 21 (at 3) and 20 (at 5).
    let made = fitted.transform(&batch(&["b", "a", "a", "c"], &[7.0, 6.0, 5.0, 6.0], &[1.0, 2.0, 3.0, 4.0])).unwrap();
    same(&lags(&made), [&[20.0, 3.0, NONE, NONE], &[21.0, NONE, 11.0, NONE]]);
    // A row between two remembered ones sees the earlier one only, and a row at a remembered time replaces it.
    let made = fitted.transform(&batch(&["b", "a", "a"], &[4.0, 4.0, 9.0], &[1.0, 2.0, 3.0])).unwrap();
    same(&lags(&made), [&[21.0, 11.0, 2.0], &[NONE, NONE, 11.0]]);
}

#[test]
fn rows_of_one_time_follow_each_other_as_they_come() {
    let made = fitted().transform(&batch(&["c", "c", "c"], &[7.0, 7.0, 7.0], &[1.0, 2.0, 3.0])).unwrap();
    same(&lags(&made), [&[NONE, 1.0, 2.0], &[NONE, NONE, 1.0]]);
}

#[test]
fn a_numeric_group_and_no_group() {
    let number = |values: [f64; 4]| {
        Matrix::from_typed(vec![
            numbers("id", &values),
            numbers("at", &[1.0, 2.0, 3.0, 4.0]),
            numbers("x", &[1.0, 2.0, 3.0, 4.0]),
        ])
    };
    let features = number([1.0, 0.0, 1.0, -0.0]).unwrap();
    let data = ironbook_data::Dataset::from_parts(features, vec![0.0; 4], "y");
    let (_, made) = Pipeline::new().lag("x", [1], Order::by("at").within("id")).fit_transform(&data).unwrap();
    assert_eq!(&made.features.by_name("x_lag1").unwrap()[2..], [1.0, 2.0]);
    let (_, made) = Pipeline::new().lag("x", [1], Order::by("at")).fit_transform(&data).unwrap();
    assert_eq!(&made.features.by_name("x_lag1").unwrap()[1..], [1.0, 2.0, 3.0]);
}

/// Rows of a few groups at random times, sorted by time; some values and groups are missing.
fn random(seed: u64, rows: usize, from: f64) -> Matrix {
    let u = uniform(seed, rows * 3);
    let mut at: Vec<f64> = u[..rows].iter().map(|u| from + (u * 30.0).floor()).collect();
    at.sort_by(f64::total_cmp);
    let tails = ["a", "b", "c", "d", ""];
    let tail: Vec<&str> = u[rows..2 * rows].iter().map(|u| tails[(u * 5.0) as usize]).collect();
    let delay: Vec<f64> = u[2 * rows..].iter().map(|&u| if u < 0.2 { NONE } else { u * 100.0 }).collect();
    batch(&tail, &at, &delay)
}

#[test]
fn a_stream_equals_the_batch() {
    for seed in 0..40 {
        let train = ironbook_data::Dataset::from_parts(random(seed, 60, 0.0), vec![0.0; 60], "y");
        // Half of the later rows fall into the time of the training data.
        let later = random(seed + 100, 50, 15.0);
        let fitted = pipeline().standardise("delay_lag1").fit(&train).unwrap();
        let whole = fitted.transform(&later).unwrap();
        for piece in [1, 7] {
            let mut stream = fitted.stream();
            for start in (0..50).step_by(piece) {
                let rows: Vec<usize> = (start..(start + piece).min(50)).collect();
                let made = stream.push(&later.select_rows(&rows)).unwrap();
                assert_eq!(bits(&made), bits(&whole.select_rows(&rows)), "seed {seed}, rows {rows:?}");
            }
        }
    }
}

#[test]
fn a_stream_refuses_rows_that_come_too_late_and_stays_as_it_was() {
    let fitted = fitted();
    let mut stream = fitted.stream();
    stream.push(&batch(&["a"], &[9.0], &[1.0])).unwrap();
    let late = batch(&["b", "a"], &[9.0, 8.0], &[5.0, 2.0]);
    assert!(matches!(stream.push(&late), Err(FeatureError::OutOfOrder { found: 8.0, last: 9.0, .. })));
    let made = stream.push(&batch(&["b", "a"], &[9.0, 9.0], &[5.0, 2.0])).unwrap();
    same(&lags(&made), [&[20.0, 1.0], &[21.0, NONE]]);
}

#[test]
fn the_history_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("features.json");
    let fitted = fitted();
    fitted.save(&path).unwrap();
    assert_eq!(FittedPipeline::load(&path).unwrap(), fitted);
}

#[test]
fn bad_orders_are_refused() {
    let refused = |pipeline: Pipeline, at: (String, Kind, Vec<f64>)| {
        let columns = vec![text("tail", &["a", "b"]), at, numbers("delay", &[1.0, 2.0])];
        pipeline.fit(&data(columns)).unwrap_err()
    };
    let error = refused(pipeline(), times("at", &[1.0, NONE]));
    assert!(matches!(&error, FeatureError::NoOrder { column, row: 1, .. } if column == "at"), "{error}");
    let error = refused(pipeline(), text("at", &["x", "y"]));
    assert!(matches!(&error, FeatureError::WrongKind { column, .. } if column == "at"), "{error}");
    let error = refused(pipeline(), times("at", &[1.0, f64::INFINITY]));
    assert!(matches!(&error, FeatureError::Infinite { row: 1, .. }), "{error}");
    for steps in [vec![], vec![1, 0]] {
        let zero = Pipeline::new().lag("delay", steps, Order::by("at"));
        let error = refused(zero, times("at", &[1.0, 2.0]));
        assert!(matches!(error, FeatureError::Parameter { name: "steps", .. }), "{error}");
    }
    let nowhere = Pipeline::new().lag("delay", [1], Order::by("when"));
    let error = refused(nowhere, times("at", &[1.0, 2.0]));
    assert!(matches!(&error, FeatureError::UnknownColumn { name, .. } if name == "when"), "{error}");
}
