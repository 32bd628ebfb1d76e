//! What is read from disk is what was written there, for every type that is kept.
#![expect(clippy::unwrap_used, reason = "what helps the tests fails as they do")]

use ironbook::learn::{
    DecisionTree, DecisionTreeRegressor, ElasticNet, Fit, Gbdt, GbdtRanker, GbdtRegressor, LinearRegression,
    LogisticRegression, MajorityBaseline, MeanBaseline, Predict, RandomForest, RandomForestRegressor, Ridge,
};
use ironbook::nn::{MlpClassifier, MlpRegressor};
use ironbook::polars::prelude::{TimeUnit, TimeZone, as_struct};
use ironbook::prelude::*;
use ironbook_core::keep::{Keeper, Known, known, named};
use std::any::Any;

fn keeper<T: Any>() -> Keeper {
    ironbook::init();
    let keeper = match known(std::any::TypeId::of::<T>()) {
        Some(Known::Kept(keeper)) => keeper,
        Some(Known::Never(why)) => panic!("never: {why}"),
        None => panic!("no keeper"),
    };
    assert!(named(std::any::type_name::<T>()).is_some(), "found by name after a restart");
    keeper
}

fn back<T: Any>(value: &T) -> T {
    let keeper = keeper::<T>();
    let mut bytes = Vec::new();
    keeper.write(value, &mut bytes).unwrap();
    *keeper.read(&bytes).unwrap().downcast::<T>().unwrap()
}

fn why_not<T: Any>(value: &T) -> String {
    keeper::<T>().write(value, &mut Vec::new()).unwrap_err().to_string()
}

fn frame() -> DataFrame {
    let days = Series::new("day".into(), [Some(1i32), None, Some(19_000)]).cast(&DataType::Date).unwrap();
    let zone = TimeZone::opt_try_new(Some("Europe/Vienna")).unwrap();
    let times = Series::new("at".into(), [Some(1i64), None, Some(-5)]);
    let times = times.cast(&DataType::Datetime(TimeUnit::Microseconds, zone)).unwrap();
    let span = Series::new("span".into(), [Some(1i64), None, Some(3)]);
    let span = span.cast(&DataType::Duration(TimeUnit::Nanoseconds)).unwrap();
    let clock = Series::new("clock".into(), [Some(1i64), None, Some(3)]).cast(&DataType::Time).unwrap();
    let lists = Series::new(
        "lists".into(),
        [
            Series::new("".into(), [1i64, 2]),
            Series::new_empty("".into(), &DataType::Int64),
            Series::new("".into(), [3i64]),
        ],
    );
    let decimal = Series::new("money".into(), ["1.25", "-3.50", "0.00"]).cast(&DataType::Decimal(10, 2)).unwrap();
    let mut df = df![
        "i8" => [Some(1i8), None, Some(-3)], "u8" => [1u8, 2, 3], "i16" => [1i16, 2, 3], "u16" => [1u16, 2, 3],
        "i32" => [1i32, 2, 3], "u64" => [1u64, u64::MAX, 3], "f32" => [1.5f32, f32::NAN, -0.0],
        "f64" => [Some(1.5), Some(f64::INFINITY), None], "bool" => [Some(true), None, Some(false)],
        "text" => [Some("zwölf"), None, Some("")],
    ]
    .unwrap();
    for series in [days, times, span, clock, lists, decimal] {
        df.with_column(series.into()).unwrap();
    }
    let parts = df.clone().lazy().select([as_struct(vec![col("i8"), col("text")]).alias("parts")]);
    df.with_column(parts.collect().unwrap().column("parts").unwrap().clone()).unwrap();
    df
}

#[test]
fn frames_of_all_types() {
    let df = frame();
    let read = back(&df);
    assert_eq!(read.schema(), df.schema());
    assert!(read.equals_missing(&df) || format!("{read:?}") == format!("{df:?}"), "{read:?}");
    let nan = |df: &DataFrame| df.column("f32").unwrap().f32().unwrap().get(1).unwrap().to_bits();
    assert_eq!(nan(&read), nan(&df));
    for column in df.columns() {
        let read = back(column);
        assert_eq!((read.name(), read.dtype(), read.len()), (column.name(), column.dtype(), column.len()));
        let series = column.as_materialized_series().clone();
        assert_eq!(format!("{:?}", back(&series)), format!("{series:?}"));
    }
}

#[test]
fn frames_without_rows_without_columns_in_chunks_and_in_slices() {
    let empty = frame().clear();
    assert_eq!(back(&empty).schema(), empty.schema());
    assert_eq!(back(&DataFrame::empty()).shape(), (0, 0));
    let mut chunks = frame();
    chunks.vstack_mut(&frame()).unwrap();
    let slice = chunks.slice(2, 3);
    for df in [chunks, slice] {
        assert_eq!(format!("{:?}", back(&df)), format!("{df:?}"));
    }
    let long = df!["x" => (0..1_000_000i64).collect::<Vec<_>>()].unwrap();
    assert!(back(&long).equals(&long));
}

#[test]
fn a_query_is_not_a_value() {
    ironbook::init();
    let Some(Known::Never(why)) = known(std::any::TypeId::of::<LazyFrame>()) else { panic!("a query was kept") };
    assert!(why.contains("query"));
}

#[test]
fn tensors_of_all_types_and_layouts() {
    let device = Device::Cpu;
    let base = Tensor::arange(0f32, 24., &device).unwrap().reshape((2, 3, 4)).unwrap();
    for dtype in
        [DType::U8, DType::U32, DType::I16, DType::I32, DType::I64, DType::BF16, DType::F16, DType::F32, DType::F64]
    {
        let tensor = base.to_dtype(dtype).unwrap();
        let read = back(&tensor);
        assert_eq!((read.dtype(), read.dims()), (tensor.dtype(), tensor.dims()));
        assert_eq!(format!("{read:?} {read}"), format!("{tensor:?} {tensor}"));
    }
    for odd in
        [base.t().unwrap(), base.narrow(1, 1, 2).unwrap(), base.sum_all().unwrap(), base.narrow(0, 0, 0).unwrap()]
    {
        let read = back(&odd);
        assert_eq!(
            (read.dims(), read.flatten_all().unwrap().to_vec1::<f32>().unwrap()),
            (odd.dims(), odd.flatten_all().unwrap().to_vec1::<f32>().unwrap())
        );
    }
    let bits = |tensor: &Tensor| tensor.to_vec1::<f64>().unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let odd = Tensor::new(&[f64::NAN, -0.0, f64::NEG_INFINITY], &device).unwrap();
    assert_eq!(bits(&back(&odd)), bits(&odd));
}

#[test]
fn a_tensor_on_its_way_to_gradients_is_not_kept_without_them() {
    let var = Var::new(&[1f32, 2.], &Device::Cpu).unwrap();
    let loss = var.as_tensor().sqr().unwrap().sum_all().unwrap();
    assert!(why_not(&loss).contains("gradients"));
    back(&loss.detach());
}

fn data(target: Vec<f64>) -> Dataset {
    let xs: Vec<f64> = (0..60).map(|i| if i == 7 { f64::NAN } else { f64::from(i * 37 % 60) }).collect();
    let zs: Vec<f64> = (0..60).map(|i| f64::from(i) / 7.0).collect();
    let matrix = Matrix::from_columns(vec![("x".into(), xs), ("z".into(), zs)]).unwrap();
    Dataset::from_parts(matrix, target, "y")
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn matrices_and_datasets() {
    let mut dataset = data((0..60).map(f64::from).collect());
    dataset.weights = Some(vec![0.5; 60]);
    dataset.groups = Some((0..60).map(|i| i / 10).collect());
    dataset.classes = Some(vec!["a".into(), "b".into()]);
    let read = back(&dataset);
    assert_eq!(bits(read.features.data()), bits(dataset.features.data()));
    assert_eq!((read.features.names(), read.features.kinds()), (dataset.features.names(), dataset.features.kinds()));
    assert_eq!(
        (read.target, read.target_name, read.weights, read.groups, read.classes),
        (dataset.target, dataset.target_name, dataset.weights, dataset.groups, dataset.classes)
    );
    let typed = Matrix::from_frame(&df!["t" => ["b", "a"], "n" => [1.5, f64::NAN]].unwrap(), &["t", "n"]).unwrap();
    let read = back(&typed);
    assert_eq!((read.kinds(), bits(read.data())), (typed.kinds(), bits(typed.data())));
}

/// Predictions of a model that was read are those of the model that was written, bit for bit.
fn same<M: Predict + Any>(model: &M, data: &Dataset) {
    let features = back(&data.features);
    assert_eq!(bits(&back(model).predict(&features).unwrap()), bits(&model.predict(&data.features).unwrap()));
}

#[test]
fn models() {
    let classes = {
        let mut data = data((0..60).map(|i| f64::from(i % 2)).collect());
        data.features = back(&filled().features);
        data
    };
    let numbers = { Dataset { target: (0..60).map(|i| f64::from(i).sin()).collect(), ..classes.clone() } };
    same(&MajorityBaseline::params().fit(&classes).unwrap(), &classes);
    same(&MeanBaseline::params().fit(&numbers).unwrap(), &numbers);
    same(&LinearRegression::params().fit(&numbers).unwrap(), &numbers);
    same(&Ridge::params().fit(&numbers).unwrap(), &numbers);
    same(&ElasticNet::params().fit(&numbers).unwrap(), &numbers);
    same(&LogisticRegression::params().fit(&classes).unwrap(), &classes);
    same(&DecisionTree::params().fit(&classes).unwrap(), &classes);
    same(&DecisionTreeRegressor::params().fit(&numbers).unwrap(), &numbers);
    same(&RandomForest::params().n_estimators(5).fit(&classes).unwrap(), &classes);
    same(&RandomForestRegressor::params().n_estimators(5).fit(&numbers).unwrap(), &numbers);
    same(&Gbdt::params().n_estimators(5).fit(&classes).unwrap(), &classes);
    same(&GbdtRegressor::params().n_estimators(5).fit(&numbers).unwrap(), &numbers);
    let ranked = Dataset { groups: Some((0..60).map(|i| i / 10).collect()), ..classes.clone() };
    same(&GbdtRanker::params().n_estimators(5).fit(&ranked).unwrap(), &ranked);
    same(&MlpClassifier::params().epochs(2).fit(&classes).unwrap(), &classes);
    same(&MlpRegressor::params().epochs(2).fit(&numbers).unwrap(), &numbers);
}

/// The same data without a missing value.
fn filled() -> Dataset {
    let mut dataset = data(vec![0.0; 60]);
    let columns = dataset.features.names().iter().map(|name| {
        let index = dataset.features.names().iter().position(|other| other == name).unwrap();
        let column = &dataset.features.data()[index * 60..(index + 1) * 60];
        (name.clone(), column.iter().map(|v| if v.is_nan() { 3.0 } else { *v }).collect())
    });
    dataset.features = Matrix::from_columns(columns.collect()).unwrap();
    dataset
}
