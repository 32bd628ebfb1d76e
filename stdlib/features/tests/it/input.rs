//! What pipelines refuse, and in which words.

use crate::{data, numbers, text};
use ironbook_data::{Dataset, Kind, Matrix};
use ironbook_features::{FeatureError, Impute, OneHot, Ordinal, Pipeline, TargetEncode, Unknown, all_numeric};

const NONE: f64 = f64::NAN;

type Columns = Vec<(String, Kind, Vec<f64>)>;

fn good() -> Columns {
    vec![text("city", &["b", "a", "", "b"]), numbers("x", &[1.0, NONE, 3.0, 4.0]), numbers("flat", &[2.0; 4])]
}

/// The first line of the error and the second are both there.
fn refused(pipeline: &Pipeline, columns: Columns) -> FeatureError {
    let error = pipeline.fit(&data(columns)).unwrap_err();
    assert!(error.to_string().lines().count() >= 2, "{error}");
    error
}

#[test]
fn columns_that_are_not_there() {
    let error = refused(&Pipeline::new().standardise(["x", "y"]), good());
    assert!(matches!(&error, FeatureError::UnknownColumn { name, .. } if name == "y"), "{error}");
    assert!(error.to_string().contains("standardise") && error.to_string().contains("city, x, flat"), "{error}");
    let error = refused(&Pipeline::new().drop("x").log1p("x"), good());
    assert!(matches!(&error, FeatureError::UnknownColumn { step: "log1p", .. }), "{error}");
    let error = refused(&Pipeline::new().standardise(["x", "x"]), good());
    assert!(matches!(&error, FeatureError::NamedTwice { name, .. } if name == "x"), "{error}");
}

#[test]
fn columns_of_another_kind() {
    for pipeline in [
        Pipeline::new().standardise("city"),
        Pipeline::new().min_max("city"),
        Pipeline::new().log1p("city"),
        Pipeline::new().cyclical("city", 24.0),
        Pipeline::new().cyclical("x", ironbook_features::Cycle::Hour),
        Pipeline::new().impute("city", Impute::Median),
        Pipeline::new().impute("x", Impute::Text("none".to_owned())),
        Pipeline::new().lag("city", [1], ironbook_features::Order::by("flat")),
    ] {
        let error = refused(&pipeline, good());
        assert!(matches!(&error, FeatureError::WrongKind { .. }), "{error}");
    }
}

#[test]
fn columns_without_values() {
    let empty = || vec![text("city", &["", ""]), numbers("x", &[NONE, NONE])];
    for pipeline in [
        Pipeline::new().impute("x", Impute::Median),
        Pipeline::new().impute("x", Impute::Mean),
        Pipeline::new().impute(["city"], Impute::MostFrequent),
        Pipeline::new().standardise("x"),
        Pipeline::new().min_max("x"),
    ] {
        let error = refused(&pipeline, empty());
        assert!(matches!(&error, FeatureError::AllMissing { rows: 2, .. }), "{error}");
    }
    let constant = Pipeline::new().impute("x", Impute::Constant(7.0)).impute("city", Impute::Text("a".to_owned()));
    let (_, made) = constant.fit_transform(&data(empty())).unwrap();
    assert_eq!((made.features.column(1), made.features.column(0)), (&[7.0, 7.0][..], &[0.0, 0.0][..]));
}

#[test]
fn constant_columns_become_zero() {
    for pipeline in [Pipeline::new().standardise("flat"), Pipeline::new().min_max("flat")] {
        let (_, made) = pipeline.fit_transform(&data(good())).unwrap();
        assert_eq!(made.features.by_name("flat").unwrap(), [0.0; 4]);
    }
}

#[test]
fn infinite_and_huge_values() {
    let infinite = || vec![numbers("x", &[1.0, f64::INFINITY, 3.0])];
    let finite = vec![numbers("x", &[1.0, 2.0, 3.0])];
    for pipeline in [
        Pipeline::new().impute("x", Impute::Mean),
        Pipeline::new().standardise("x"),
        Pipeline::new().min_max(all_numeric()),
        Pipeline::new().log1p("x"),
        Pipeline::new().cyclical("x", 2.0),
        Pipeline::new().one_hot("x"),
    ] {
        let error = refused(&pipeline, infinite());
        assert!(matches!(&error, FeatureError::Infinite { row: 1, .. }), "{error}");
        let fitted = pipeline.fit(&data(finite.clone())).unwrap();
        // Later, categories may well be unknown, but nothing is computed with infinities.
        let later = fitted.transform(&Matrix::from_typed(infinite()).unwrap());
        let unknown = later.as_ref().is_ok_and(|made| made.names()[0] == "x_1");
        assert!(unknown || matches!(&later, Err(FeatureError::Infinite { row: 1, .. })), "{later:?}");
    }
    for pipeline in
        [Pipeline::new().standardise("x"), Pipeline::new().min_max("x"), Pipeline::new().impute("x", Impute::Mean)]
    {
        let error = refused(&pipeline, vec![numbers("x", &[f64::MAX, f64::MIN, NONE])]);
        assert!(matches!(&error, FeatureError::TooLarge { .. }), "{error}");
    }
    let error = refused(&Pipeline::new().log1p("x"), vec![numbers("x", &[0.0, 1.0, -1.0])]);
    assert!(matches!(&error, FeatureError::OutOfRange { row: 2, value: -1.0, .. }), "{error}");
}

#[test]
fn no_rows_and_one_row() {
    let none = Dataset::from_parts(Matrix::from_typed(vec![numbers("x", &[])]).unwrap(), vec![], "y");
    assert!(matches!(Pipeline::new().fit(&none), Err(FeatureError::NoRows)));
    let fitted = Pipeline::new().one_hot("city").standardise("x").fit(&data(good())).unwrap();
    let empty = Matrix::from_typed(good()).unwrap().select_rows(&[]);
    let made = fitted.transform(&empty).unwrap();
    assert_eq!((made.rows(), made.cols()), (0, 5));
    let one = || vec![text("city", &["a"]), numbers("x", &[3.0])];
    let (_, made) = Pipeline::new().one_hot("city").standardise("x").fit_transform(&data(one())).unwrap();
    assert_eq!(made.features.data(), [1.0, 0.0]);
    let error = refused(&Pipeline::new().target_encode("city"), one());
    assert!(matches!(&error, FeatureError::FewRows { needed: 2, rows: 1, .. }), "{error}");
}

#[test]
fn unknown_categories() {
    let later =
        Matrix::from_typed(vec![text("city", &["a", "z"]), numbers("x", &[1.0, 1.0]), numbers("flat", &[2.0; 2])]);
    let later = later.unwrap();
    for pipeline in [
        Pipeline::new().one_hot_with("city", OneHot::new().unknown(Unknown::Refuse)),
        Pipeline::new().ordinal_with("city", Ordinal::new().unknown(Unknown::Refuse)),
    ] {
        let error = pipeline.fit(&data(good())).unwrap().transform(&later).unwrap_err();
        assert!(matches!(&error, FeatureError::UnknownCategory { row: 1, value, .. } if value == "\"z\""), "{error}");
    }
    let made = Pipeline::new().ordinal("city").fit(&data(good())).unwrap().transform(&later).unwrap();
    assert!(made.get(0, 0) == 0.0 && made.get(1, 0).is_nan());
    let made = Pipeline::new().fit(&data(good())).unwrap().transform(&later).unwrap();
    assert!(made.get(0, 0) == 0.0 && made.get(1, 0).is_nan(), "text that passes");
    let order = Pipeline::new().ordinal_with("city", Ordinal::new().order(["b", "c"]));
    let error = refused(&order, good());
    assert!(matches!(&error, FeatureError::UnknownCategory { row: 1, .. }), "{error}");
}

#[test]
fn parameters_out_of_range() {
    let name = |pipeline: Pipeline| match refused(&pipeline, good()) {
        FeatureError::Parameter { name, .. } => name,
        other => panic!("{other}"),
    };
    assert_eq!(name(Pipeline::new().impute("x", Impute::Constant(NONE))), "Constant");
    assert_eq!(name(Pipeline::new().cyclical("x", 0.0)), "period");
    assert_eq!(name(Pipeline::new().cyclical("x", f64::INFINITY)), "period");
    assert_eq!(name(Pipeline::new().one_hot_with("city", OneHot::new().min_frequency(0))), "min_frequency");
    assert_eq!(name(Pipeline::new().one_hot_with("city", OneHot::new().max_categories(1))), "max_categories");
    assert_eq!(name(Pipeline::new().target_encode_with("city", TargetEncode::new().folds(1))), "folds");
    assert_eq!(name(Pipeline::new().target_encode_with("city", TargetEncode::new().smooth(-1.0))), "smooth");
    assert_eq!(name(Pipeline::new().ordinal_with("city", Ordinal::new().order(["b", "a", "b"]))), "order");
}

#[test]
fn names_that_are_taken() {
    let columns = vec![numbers("x", &[1.0, NONE]), numbers("x_missing", &[1.0, 2.0])];
    let error = refused(&Pipeline::new().impute("x", Impute::Mean.with_indicator()), columns);
    assert!(matches!(&error, FeatureError::Taken { name, step: "impute" } if name == "x_missing"), "{error}");
    let error = refused(&Pipeline::new().one_hot("city"), vec![text("city", &["missing", ""])]);
    assert!(matches!(&error, FeatureError::Taken { name, .. } if name == "city_missing"), "{error}");
    let error = refused(&Pipeline::new().drop(["city", "x", "flat"]), good());
    assert!(matches!(&error, FeatureError::NothingLeft), "{error}");
}

#[test]
fn other_columns_at_transform() {
    let fitted = Pipeline::new().standardise("x").fit(&data(good())).unwrap();
    let other = Matrix::from_typed(vec![text("city", &["a"]), numbers("X", &[1.0]), numbers("flat", &[1.0])]).unwrap();
    let error = fitted.transform(&other).unwrap_err();
    let FeatureError::Columns { missing, unexpected, .. } = &error else { panic!("{error}") };
    assert_eq!((missing, unexpected), (&vec!["x".to_owned()], &vec!["X".to_owned()]));
    let other = Matrix::from_typed(vec![text("city", &["a"]), text("x", &["1"]), numbers("flat", &[1.0])]).unwrap();
    let error = fitted.transform(&other).unwrap_err();
    assert!(matches!(&error, FeatureError::Kind { column, .. } if column == "x"), "{error}");
}

#[test]
fn bad_targets_and_quantities() {
    let target = |target: Vec<f64>| {
        let data = Dataset { target, ..data(good()) };
        Pipeline::new().target_encode("city").fit(&data).unwrap_err()
    };
    assert!(matches!(target(vec![0.0, NONE, 1.0, 1.0]), FeatureError::Target { row: 1, .. }));
    assert!(matches!(target(vec![0.0, 1.0]), FeatureError::Length { features: 4, found: 2 }));
    let many: Vec<f64> = (0..10_001).map(f64::from).collect();
    let error = refused(&Pipeline::new().one_hot("x"), vec![numbers("x", &many)]);
    assert!(matches!(&error, FeatureError::ManyLevels { .. }), "{error}");
}

/// An identifier as a category would take all memory there is.
#[test]
fn indicators_that_take_too_much_memory_are_refused() {
    let rows = 40_000;
    let names: Vec<String> = (0..rows).map(|i| format!("id{i:05}")).collect();
    let column = ("id".to_owned(), Kind::Categorical(names.into()), (0..rows).map(f64::from).collect());
    let error = refused(&Pipeline::new().one_hot("id"), vec![column.clone()]);
    assert!(matches!(&error, FeatureError::TooWide { made: 40_000, rows: 40_000, .. }), "{error}");
    assert!(error.to_string().contains("take 12 GB"), "{error}");
    // The way on that the message names.
    let pipeline = Pipeline::new().one_hot_with("id", OneHot::new().max_categories(50));
    assert_eq!(pipeline.fit(&data(vec![column])).unwrap().outputs().len(), 50);
}
