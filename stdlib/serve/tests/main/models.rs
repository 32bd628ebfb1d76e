//! Every kind of model that the library saves, alone and behind a pipeline.

use crate::support::{flights, start};
use ironbook_data::{Dataset, Matrix};
use ironbook_features::Pipeline;
use ironbook_learn::{
    DecisionTree, DecisionTreeRegressor, ElasticNet, Fit, Gbdt, GbdtRegressor, LinearRegression, LogisticRegression,
    MajorityBaseline, MeanBaseline, Persist, Predict, RandomForest, RandomForestRegressor, Ridge,
};
use serde_json::{Value, json};

const NUMBERS: [&str; 2] = ["distance", "hour"];

fn data(target: &str) -> Dataset {
    use polars::prelude::*;
    let whole = flights(300).lazy().with_columns([col("hour").fill_null(lit(12.0))]).collect().unwrap();
    Dataset::new(&whole, &NUMBERS, target).unwrap()
}

/// What the server says is what the model says, one row after another and all at once.
async fn agrees<M: Persist + Predict>(model: &M, rows: &Matrix, names: Option<[&str; 2]>) {
    let server = start(model);
    let word = |value: f64| names.map_or_else(|| json!(value), |names| json!(names[value as usize]));
    let expected: Vec<Value> = model.predict(rows).unwrap().into_iter().map(word).collect();
    let value = |i: usize, j: usize| match rows.kinds()[j].categories() {
        Some(names) => json!(names[rows.get(i, j) as usize]),
        None => json!(rows.get(i, j)),
    };
    let list = |i: usize| (0..rows.cols()).map(|j| value(i, j)).collect::<Vec<_>>();
    let all: Vec<Value> = (0..rows.rows()).map(|i| json!(list(i))).collect();
    let form = |data: &[Value]| json!({ "dataframe_split": { "columns": rows.names(), "data": data } });
    let (status, told) = server.post("/invocations", form(&all)).await;
    assert_eq!((status, &told["predictions"]), (200, &json!(expected)), "{} {told}", M::FORMAT);
    for i in 0..3 {
        let (_, told) = server.post("/invocations", form(&all[i..=i])).await;
        assert_eq!(told["predictions"][0], expected[i], "{}", M::FORMAT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn classifiers() {
    let data = data("late");
    let (rows, names) = (data.features.select_rows(&(0..80).collect::<Vec<_>>()), Some(["late", "on time"]));
    agrees(&MajorityBaseline::params().fit(&data).unwrap(), &rows, names).await;
    agrees(&LogisticRegression::params().fit(&data).unwrap(), &rows, names).await;
    agrees(&DecisionTree::params().max_depth(4).fit(&data).unwrap(), &rows, names).await;
    agrees(&RandomForest::params().n_estimators(5).fit(&data).unwrap(), &rows, names).await;
    agrees(&Gbdt::params().n_estimators(5).fit(&data).unwrap(), &rows, names).await;
    let steps = || Pipeline::new().standardise(["distance"]).drop(["hour"]);
    agrees(&steps().then(LogisticRegression::params()).fit(&data).unwrap(), &rows, names).await;
    agrees(&steps().then(Gbdt::params().n_estimators(5)).fit(&data).unwrap(), &rows, names).await;
    let known = Dataset::new(&flights(300), &["carrier", "hour", "distance"], "late").unwrap();
    let rows = known.features.select_rows(&[1, 2, 3, 4]);
    let steps = Pipeline::new().one_hot(["carrier"]).drop(["hour"]);
    agrees(&steps.then(RandomForest::params().n_estimators(3)).fit(&known).unwrap(), &rows, names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_values() {
    let data = data("delay");
    let rows = data.features.select_rows(&(0..80).collect::<Vec<_>>());
    agrees(&MeanBaseline::params().fit(&data).unwrap(), &rows, None).await;
    agrees(&LinearRegression::params().fit(&data).unwrap(), &rows, None).await;
    agrees(&Ridge::params().fit(&data).unwrap(), &rows, None).await;
    agrees(&ElasticNet::params().fit(&data).unwrap(), &rows, None).await;
    agrees(&DecisionTreeRegressor::params().max_depth(4).fit(&data).unwrap(), &rows, None).await;
    agrees(&RandomForestRegressor::params().n_estimators(5).fit(&data).unwrap(), &rows, None).await;
    agrees(&GbdtRegressor::params().n_estimators(5).fit(&data).unwrap(), &rows, None).await;
    let steps = Pipeline::new().standardise(["distance"]);
    agrees(&steps.then(Ridge::params()).fit(&data).unwrap(), &rows, None).await;
}

/// Linear models take no missing values, and say which column has them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_refuses_is_named() {
    let server = start(&Ridge::params().fit(&data("delay")).unwrap());
    let (status, told) = server.post("/predict", json!([{ "distance": 5, "hour": null }])).await;
    assert_eq!((status, &told["fields"][0]["field"]), (422, &json!("hour")), "{told}");
}
