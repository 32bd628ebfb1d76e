//! Frames as matrices, datasets and vectors.

use ironbook_core::inspect::Inspect as _;
use ironbook_data::{DataError, Dataset, FrameExt as _, Kind, Matrix};
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
fn text_becomes_codes_of_its_names_in_order() {
    let df = df!["carrier" => [Some("UA"), None, Some("AA"), Some("UA")]].unwrap();
    let matrix = Matrix::from_frame(&df, &["carrier"]).unwrap();
    assert_eq!(matrix.kinds(), [Kind::Categorical(["AA".to_owned(), "UA".to_owned()].into())]);
    assert_eq!(bits(matrix.column(0)), bits(&[1.0, f64::NAN, 0.0, 1.0]));
    assert!(matrix.to_frame().unwrap().equals_missing(&df), "and back");
    let all = DataFrame::new_infer_height(vec![Column::full_null("t".into(), 2, &DataType::String)]).unwrap();
    let matrix = Matrix::from_frame(&all, &["t"]).unwrap();
    assert_eq!((matrix.kinds(), matrix.column(0)[1].is_nan()), (&[Kind::Categorical([].into())][..], true));
    assert_eq!(Kind::Categorical(["a".to_owned(), "b".to_owned()].into()).to_string(), "text (a, b)");
}

#[test]
fn categorical_columns_of_polars_are_text() {
    let df = df!["c" => ["b", "a", "b"]].unwrap();
    let categories = DataType::from_categories(Categories::global());
    let df = df.lazy().select([col("c").cast(categories)]).collect().unwrap();
    assert_eq!(Matrix::from_frame(&df, &["c"]).unwrap().column(0), [1.0, 0.0, 1.0]);
}

#[test]
fn dates_and_times_become_seconds() {
    let day = |unit| DataType::Datetime(unit, None);
    let df = df!["day" => [Some(1i32), None], "at" => [1_500i64, -1], "noon" => [43_200_000_000_000i64, 0]].unwrap();
    let df = df.lazy().select([
        col("day").cast(DataType::Date),
        col("at").cast(day(TimeUnit::Milliseconds)),
        col("at").cast(day(TimeUnit::Nanoseconds)).alias("fine"),
        col("noon").cast(DataType::Time),
    ]);
    let matrix = Matrix::from_frame(&df.collect().unwrap(), &["day", "at", "fine", "noon"]).unwrap();
    assert!(matrix.kinds().iter().all(|kind| *kind == Kind::Time));
    assert_eq!(bits(matrix.column(0)), bits(&[86_400.0, f64::NAN]));
    assert_eq!(matrix.column(1), [1.5, -0.001]);
    assert_eq!(matrix.column(2)[0], 1e-6, "to the microsecond");
    assert_eq!(matrix.column(3), [43_200.0, 0.0]);
}

/// The hour of the day is the hour that the clock shows there, in winter and in summer.
#[test]
fn times_with_a_zone_count_by_its_clock() {
    let zone = TimeZone::opt_try_new(Some("America/New_York")).unwrap();
    let utc = df!["at" => [1_357_020_000i64 * 1000, 1_373_792_400 * 1000]].unwrap(); // 2013-01-01 06:00, 2013-07-14 09:00
    let at = col("at").cast(DataType::Datetime(TimeUnit::Milliseconds, zone));
    let matrix = Matrix::from_frame(&utc.lazy().select([at]).collect().unwrap(), &["at"]).unwrap();
    let hours: Vec<f64> = matrix.column(0).iter().map(|s| s.rem_euclid(86_400.0) / 3600.0).collect();
    assert_eq!(hours, [1.0, 5.0]);
}

/// An hour that the clock shows twice is not refused.
#[test]
fn the_hour_that_comes_twice_is_read() {
    let zone = TimeZone::opt_try_new(Some("America/New_York")).unwrap();
    let df = df!["at" => [1_383_454_800i64 * 1000, 1_383_458_400 * 1000]].unwrap(); // 2013-11-03 05:00 and 06:00 UTC
    let at = col("at").cast(DataType::Datetime(TimeUnit::Milliseconds, zone));
    let matrix = Matrix::from_frame(&df.lazy().select([at]).collect().unwrap(), &["at"]).unwrap();
    assert_eq!(matrix.column(0)[0], matrix.column(0)[1], "both show 01:00");
}

#[test]
fn what_is_no_feature_is_refused_with_a_way_on() {
    let df = df!["took" => [5i64]].unwrap();
    let df = df.lazy().select([col("took").cast(DataType::Duration(TimeUnit::Milliseconds))]).collect().unwrap();
    let error = Matrix::from_frame(&df, &["took"]).unwrap_err();
    assert!(matches!(&error, DataError::NotNumeric { name, .. } if name == "took"), "{error:?}");
    assert!(error.to_string().contains(".cast(DataType::Int64)"), "{error}");
    let text = flights().floats("carrier").unwrap_err().to_string();
    assert!(text.starts_with("column \"carrier\" is of type str, not numeric\nencode it: "), "{text}");
}

#[test]
fn codes_without_a_name_are_refused() {
    let kind = || Kind::Categorical(["a".to_owned(), "b".to_owned()].into());
    for code in [2.0, -1.0, 0.5, f64::INFINITY] {
        let error = Matrix::from_typed(vec![("c".into(), kind(), vec![0.0, code])]).unwrap_err();
        assert!(matches!(&error, DataError::Code { name, categories: 2, .. } if name == "c"), "{error:?}");
    }
    let typed = vec![("c".into(), kind(), vec![1.0, f64::NAN]), ("t".into(), Kind::Time, vec![0.0, 1.0])];
    let matrix = Matrix::from_typed(typed).unwrap();
    assert_eq!(matrix.select_rows(&[1]).kinds(), [kind(), Kind::Time]);
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
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
fn a_text_target_keeps_the_names_of_its_classes() {
    let data = Dataset::new(&flights(), &["distance"], "carrier").unwrap();
    assert_eq!(
        (data.target.as_slice(), data.classes.as_deref()),
        (&[1.0, 0.0, 1.0][..], Some(&["AA", "UA"].map(String::from)[..]))
    );
    assert_eq!(data.select_rows(&[0]).classes.map(|names| names.len()), Some(2), "all names stay");
    let number = Dataset::new(&flights(), &["distance"], "night").unwrap();
    assert_eq!(number.classes, None);
}

#[test]
fn weights_and_groups_go_with_their_rows() {
    let df =
        df!["x" => [1, 2, 3], "y" => [0, 1, 0], "w" => [0.5, 2.0, 0.0], "hole" => [Some(1.0), None, None]].unwrap();
    let data = Dataset::new(&df, &["x"], "y").unwrap().with_weights_of(&df, "w").unwrap().with_groups(vec![7, 7, 9]);
    let two = data.select_rows(&[2, 0]);
    assert_eq!((two.weights.as_deref(), two.groups.as_deref()), (Some(&[0.0, 0.5][..]), Some(&[9, 7][..])));
    let error = data.clone().with_weights_of(&df, "hole").unwrap_err();
    assert!(matches!(&error, DataError::Nulls { name, count: 2, rows: 3 } if name == "hole"), "{error:?}");
    assert!(matches!(data.clone().with_weights_of(&df, "v"), Err(DataError::UnknownColumn { .. })));
    assert!(matches!(data.with_weights_of(&flights(), "carrier"), Err(DataError::NotNumeric { .. })));
}

#[test]
fn targets_must_be_there_and_complete() {
    let df = flights();
    let error = Dataset::new(&df, &["distance"], "late").unwrap_err();
    assert!(matches!(error, DataError::NullTarget { count: 1, rows: 3, .. }));
    assert!(error.to_string().starts_with("the target \"late\" is null in 1 of 3 rows\n"));
    let nested = DataFrame::new_infer_height(vec![df.clone().into_struct("s".into()).into_column()]).unwrap();
    let nested = nested.hstack(df.columns()).unwrap();
    assert!(matches!(Dataset::new(&nested, &["distance"], "s"), Err(DataError::NotNumeric { .. })));
    let dated = df.clone().lazy().with_column(col("distance").cast(DataType::Date).alias("day")).collect().unwrap();
    let error = Dataset::new(&dated, &["distance"], "day").unwrap_err();
    assert!(matches!(&error, DataError::NotNumeric { name, .. } if name == "day"), "{error:?}");
    assert!(
        matches!(Dataset::new(&df, &["distance"], "lte"), Err(DataError::UnknownColumn { near, .. }) if near == ["late"])
    );
    assert!(matches!(Dataset::new(&df, &["distance", "late"], "late"), Err(DataError::TargetIsFeature { .. })));
    let error = Dataset::new(&df.head(Some(0)), &["distance"], "late").unwrap_err();
    assert!(matches!(error, DataError::NoRows));
    assert_eq!(error.to_string(), "the table has no rows\ncheck the file, filter or join that made it");
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

/// Names are compared by their hashes: one row of thousands of columns is a prediction like any other.
#[test]
fn many_columns_take_no_time() {
    let columns: Vec<(String, Vec<f64>)> =
        (0..20_000).map(|j| (format!("a_rather_long_prefix_{j}"), vec![0.0])).collect();
    let start = std::time::Instant::now();
    for _ in 0..10 {
        Matrix::from_columns(columns.clone()).unwrap();
    }
    // 0.05 s; pair by pair it takes half a minute.
    assert!(start.elapsed().as_secs_f64() < 5.0, "{:?}", start.elapsed());
}
