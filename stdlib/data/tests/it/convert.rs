//! Frames as matrices, datasets and vectors.

use ironbook_core::inspect::Inspect as _;
use ironbook_data::{DataError, Dataset, FrameExt as _, Matrix};
use polars::prelude::*;

fn flights() -> DataFrame {
    df![
        "distance" => [1400i32, 760, 1089],
        "rain" => [Some(0.5f32), None, Some(0.0)],
        "night" => [true, false, true],
        "carrier" => ["UA", "AA", "UA"],
        "delay" => [Some(3i64), None, Some(-2)],
        "late" => [Some(true), Some(false), None],
    ]
    .unwrap()
}

#[test]
fn a_matrix_has_columns_in_the_order_given() {
    let matrix = Matrix::from_frame(&flights(), &["night", "distance", "rain"]).unwrap();
    assert_eq!((matrix.rows(), matrix.cols()), (3, 3));
    assert_eq!(matrix.names(), ["night", "distance", "rain"]);
    assert_eq!(matrix.column(0), [1.0, 0.0, 1.0]);
    assert_eq!(matrix.column(1), [1400.0, 760.0, 1089.0]);
    assert!(matrix.get(1, 2).is_nan(), "null becomes NaN");
    assert_eq!((matrix.get(0, 2), matrix.get(2, 2)), (0.5, 0.0));
    assert_eq!(matrix.by_name("distance"), Some(&[1400.0, 760.0, 1089.0][..]));
    assert_eq!(matrix.data().len(), 9);
    assert_eq!((matrix.shape().as_deref(), matrix.heap_bytes()), (Some("3 x 3"), 72));
}

#[test]
fn names_may_be_any_kind_of_string() {
    let owned: Vec<String> = vec!["distance".into()];
    assert_eq!(Matrix::from_frame(&flights(), &owned).unwrap(), Matrix::from_frame(&flights(), &["distance"]).unwrap());
}

#[test]
fn chunks_and_sizes_of_integers_do_not_matter() {
    let mut df = flights();
    df.vstack_mut(&flights()).unwrap();
    assert_eq!(df.floats("distance").unwrap(), [1400.0, 760.0, 1089.0, 1400.0, 760.0, 1089.0]);
    for dtype in [DataType::Int8, DataType::UInt64, DataType::Float32, DataType::Decimal(10, 2)] {
        let small = df!["x" => [1, 2]].unwrap().lazy().select([col("x").cast(dtype.clone())]).collect().unwrap();
        assert_eq!(small.floats("x").unwrap(), [1.0, 2.0], "{dtype}");
    }
}

#[test]
fn text_and_dates_are_refused_with_a_way_on() {
    let error = Matrix::from_frame(&flights(), &["carrier"]).unwrap_err();
    assert!(matches!(&error, DataError::NotNumeric { name, .. } if name == "carrier"));
    let text = error.to_string();
    assert!(text.starts_with("column \"carrier\" is of type str, not numeric\nencode it: "), "{text}");
    let df = df!["day" => [0]].unwrap().lazy().select([col("day").cast(DataType::Date)]).collect().unwrap();
    let text = df.floats("day").unwrap_err().to_string();
    assert!(text.contains("type date") && text.contains(".dt().month()"), "{text}");
}

/// The hint for categories is code that runs.
#[test]
fn the_hint_for_text_works() {
    let mut df = flights();
    df = df.columns_to_dummies(vec!["carrier"], None, false, false).unwrap();
    assert_eq!(df.floats("carrier_UA").unwrap(), [1.0, 0.0, 1.0]);
}

#[test]
fn unknown_and_repeated_columns_are_named() {
    let error = Matrix::from_frame(&flights(), &["distence"]).unwrap_err();
    assert_eq!(error.to_string(), "there is no column \"distence\"\ndid you mean \"distance\"?");
    let error = Matrix::from_frame(&flights(), &["wind"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no column \"wind\"\nthere are: distance, rain, night, carrier, delay, late"
    );
    assert!(
        matches!(Matrix::from_frame(&flights(), &["rain", "rain"]), Err(DataError::DuplicateColumn { name }) if name == "rain")
    );
    assert!(matches!(Matrix::from_frame(&flights(), &[""; 0]), Err(DataError::NoColumns)));
}

#[test]
fn matrices_from_vectors_and_back_to_frames() {
    let matrix = Matrix::from_columns(vec![("a".into(), vec![1.0, 2.0]), ("b".into(), vec![3.0, 4.0])]).unwrap();
    assert_eq!(matrix.to_frame().unwrap(), df!["a" => [1.0, 2.0], "b" => [3.0, 4.0]].unwrap());
    assert_eq!(matrix.select_rows(&[1, 1, 0]).column(1), [4.0, 4.0, 3.0]);
    let uneven = Matrix::from_columns(vec![("a".into(), vec![1.0]), ("b".into(), vec![])]);
    assert!(matches!(uneven, Err(DataError::Length { expected: 1, found: 0, .. })));
}

#[test]
fn a_dataset_joins_features_and_target() {
    let df = flights().drop_nulls(Some(&["late"])).unwrap();
    let data = Dataset::new(&df, &["distance", "night"], "late").unwrap();
    assert_eq!((data.rows(), data.features.cols(), data.target_name.as_str()), (2, 2, "late"));
    assert_eq!(data.target, [1.0, 0.0]);
    let second = data.select_rows(&[1]);
    assert_eq!((second.target, second.features.column(0).to_vec()), (vec![0.0], vec![760.0]));
    assert_eq!(format!("{data:?}"), "Dataset 2 x 2 [distance, night] -> late");
}

#[test]
fn targets_must_be_there_and_complete() {
    let df = flights();
    let error = Dataset::new(&df, &["distance"], "late").unwrap_err();
    assert!(matches!(error, DataError::NullTarget { count: 1, rows: 3, .. }));
    assert!(error.to_string().starts_with("the target \"late\" is null in 1 of 3 rows\n"));
    assert!(matches!(Dataset::new(&df, &["distance"], "carrier"), Err(DataError::NotNumeric { .. })));
    assert!(
        matches!(Dataset::new(&df, &["distance"], "lte"), Err(DataError::UnknownColumn { near, .. }) if near == ["late"])
    );
    assert!(matches!(Dataset::new(&df, &["distance", "late"], "late"), Err(DataError::TargetIsFeature { .. })));
    let error = Dataset::new(&df.head(Some(0)), &["distance"], "late").unwrap_err();
    assert!(matches!(error, DataError::NoRows));
    assert_eq!(error.to_string(), "the table has no rows\ncheck the filter or join that made it");
}

#[test]
fn columns_as_vectors() {
    let df = flights();
    assert!(df.floats("delay").unwrap()[1].is_nan());
    assert_eq!(df.floats("night").unwrap(), [1.0, 0.0, 1.0]);
    assert_eq!(df.strings("carrier").unwrap(), ["UA", "AA", "UA"]);
    assert_eq!(df.strings("distance").unwrap(), ["1400", "760", "1089"]);
    assert_eq!(df.bools("night").unwrap(), [true, false, true]);
    assert!(matches!(df.bools("delay"), Err(DataError::NotBoolean { .. })));
    assert!(matches!(df.bools("late"), Err(DataError::Nulls { count: 1, rows: 3, .. })));
    assert!(matches!(df.strings("delay"), Err(DataError::Nulls { count: 1, .. })));
    assert!(matches!(df.strings("carier"), Err(DataError::UnknownColumn { near, .. }) if near == ["carrier"]));
}
