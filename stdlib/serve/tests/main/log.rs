//! The request log, read as a data frame.

use crate::support::{CARRIERS, classifier, options, record, regressor, start_own, start_with};
use ironbook_learn::{Classification, Predict, PredictProba, Task};
use ironbook_serve::{Classifier, LogOptions, Options};
use polars::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn read(directory: &Path) -> DataFrame {
    let frames = files(directory).into_iter().map(|file| ironbook_data::read_parquet(file).unwrap().lazy());
    concat(frames.collect::<Vec<_>>(), UnionArgs::default()).unwrap().collect().unwrap()
}

fn with_log(directory: &Path) -> Options {
    Options { log: Some(LogOptions::new(directory)), ..options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answered_row_is_logged_once_with_what_was_asked_and_answered() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = start_with(&classifier(5), with_log(directory.path()));
    let mut unknown = record();
    unknown["carrier"] = json!("ZZ");
    unknown["hour"] = Value::Null;
    let rows = json!([record(), unknown]);
    let answered =
        server.ask(Method::POST, "/predict").header("x-request-id", "mine-1").json(&rows).send().await.unwrap();
    assert_eq!(answered.headers()["x-request-id"], "mine-1");
    let told: Value = answered.json().await.unwrap();
    let response =
        server.ask(Method::POST, "/invocations").json(&json!({ "instances": [record()] })).send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(server.post("/predict", json!([{ "hour": 1 }])).await.0, 422);
    server.stop().await;
    let log = read(directory.path());
    let schema: Vec<(String, DataType)> =
        log.schema().iter().map(|(name, kind)| (name.to_string(), kind.clone())).collect();
    let utc = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    let expected = [
        ("request_id", DataType::String),
        ("row", DataType::UInt32),
        ("time", utc),
        ("model", DataType::String),
        ("version", DataType::String),
        ("latency_ms", DataType::Float64),
        ("input.carrier", DataType::String),
        ("input.hour", DataType::Float64),
        ("input.distance", DataType::Float64),
        ("input.time", DataType::Datetime(TimeUnit::Microseconds, None)),
        ("output.prediction", DataType::String),
        ("output.probability.late", DataType::Float64),
        ("output.probability.on time", DataType::Float64),
    ];
    assert_eq!(schema, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let texts = |name: &str| -> Vec<Option<String>> {
        log.column(name).unwrap().str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts("request_id"), [some("mine-1"), some("mine-1"), Some(id)]);
    assert_eq!(texts("input.carrier"), [some("UA"), some("ZZ"), some("UA")]);
    assert_eq!((texts("model"), texts("version")), (vec![some("flights"); 3], vec![some("1"); 3]));
    let numbers = |name: &str| log.column(name).unwrap().f64().unwrap().to_vec();
    assert_eq!(numbers("input.hour"), [Some(17.0), None, Some(17.0)]);
    let row: Vec<Option<u32>> = log.column("row").unwrap().u32().unwrap().to_vec();
    assert_eq!(row, [Some(0), Some(1), Some(0)]);
    for i in 0..2 {
        let answer = &told["predictions"][i];
        assert_eq!(texts("output.prediction")[i].as_deref(), answer["prediction"].as_str());
        assert_eq!(numbers("output.probability.late")[i], answer["probability"]["late"].as_f64());
    }
    assert!(numbers("latency_ms").iter().all(|ms| ms.unwrap() > 0.0 && ms.unwrap() < 60_000.0));
    let time = log.column("input.time").unwrap().cast(&DataType::Int64).unwrap();
    assert_eq!(time.i64().unwrap().get(0), Some(1_357_059_600_000_000));
    let asked = log.column("time").unwrap().cast(&DataType::Int64).unwrap().i64().unwrap().get(0).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as i64;
    assert!((now - asked) < 600_000_000 && asked <= now);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_classes_of_numbers_and_redacted_columns() {
    let directory = tempfile::tempdir().unwrap();
    let redacted =
        LogOptions { redact: vec!["carrier".to_owned(), "hour".to_owned()], ..LogOptions::new(directory.path()) };
    let mut server = start_with(&regressor(), Options { log: Some(redacted), ..options() });
    server.post("/predict", record()).await;
    server.stop().await;
    let log = read(directory.path());
    assert_eq!(log.column("input.carrier").unwrap().null_count(), 1);
    assert_eq!(log.column("input.hour").unwrap().null_count(), 1);
    assert_eq!(log.column("input.hour").unwrap().dtype(), &DataType::Float64);
    assert_eq!(log.column("output.prediction").unwrap().dtype(), &DataType::Float64);
    assert!(!log.get_column_names().iter().any(|name| name.starts_with("output.probability")));

    let numbers = tempfile::tempdir().unwrap();
    let data = ironbook_data::Dataset::from_parts(
        ironbook_data::Matrix::from_columns(vec![("x".into(), (0..50).map(f64::from).collect())]).unwrap(),
        (0..50).map(|i| f64::from(i / 20)).collect(),
        "y",
    );
    use ironbook_learn::Fit;
    let model = ironbook_learn::Gbdt::params().n_estimators(5).min_child_samples(2).fit(&data).unwrap();
    assert_eq!(<<ironbook_learn::Gbdt as Predict>::Task as Task>::NAME, Classification::NAME);
    let rows = ironbook_data::Matrix::from_columns(vec![("x".into(), vec![49.0])]).unwrap();
    let shares = model.predict_probas(&rows).unwrap();
    let mut server = start_own(Classifier(model), with_log(numbers.path()));
    let (_, told) = server.post("/invocations", json!({ "instances": [{ "x": 49 }] })).await;
    assert_eq!(told["predictions"], json!([2]));
    server.stop().await;
    let log = read(numbers.path());
    assert_eq!(log.column("output.prediction").unwrap().i64().unwrap().get(0), Some(2));
    assert_eq!(log.column("output.probability.2").unwrap().f64().unwrap().get(0), Some(shares.get(0, 2)));
    assert_eq!(log.column("version").unwrap().str().unwrap().get(0), Some("7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_requests_can_soon_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = start_with(&classifier(2), with_log(directory.path()));
    server.ask(Method::POST, "/predict").json(&record()).send().await.unwrap();
    let complete = || files(directory.path()).iter().any(|file| file.extension().is_some_and(|end| end == "parquet"));
    // Half of the time after which later files are complete.
    for _ in 0..150 {
        if complete() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(complete(), "{:?}", files(directory.path()));
    assert_eq!(read(directory.path()).height(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_completed_by_size_and_by_time_and_requests_sampled() {
    let directory = tempfile::tempdir().unwrap();
    let often =
        LogOptions { rotate_every: Duration::from_millis(40), sample: 0.5, ..LogOptions::new(directory.path()) };
    let mut server = start_with(&classifier(2), Options { log: Some(often), ..options() });
    let mut asked = BTreeSet::new();
    while files(directory.path()).iter().filter(|file| !file.to_string_lossy().contains("unfinished")).count() < 3 {
        let answer = server.ask(Method::POST, "/predict").json(&record()).send().await.unwrap();
        asked.insert(answer.headers()["x-request-id"].to_str().unwrap().to_owned());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.stop().await;
    let log = read(directory.path());
    let logged: Vec<String> =
        log.column("request_id").unwrap().str().unwrap().iter().map(|id| id.unwrap().to_owned()).collect();
    let distinct: BTreeSet<String> = logged.iter().cloned().collect();
    assert!(distinct.len() == logged.len() && distinct.is_subset(&asked));
    assert!(logged.len() < asked.len() && logged.len() * 5 > asked.len(), "{} of {}", logged.len(), asked.len());

    let large = tempfile::tempdir().unwrap();
    let by_size = LogOptions { rotate_bytes: 1, ..LogOptions::new(large.path()) };
    let mut server = start_with(&classifier(2), Options { log: Some(by_size), ..options() });
    let rows: Vec<Value> = (0..9000)
        .map(|i| json!({ "carrier": CARRIERS[i % 4], "hour": i % 24, "distance": i, "time": "2013-01-01" }))
        .collect();
    for _ in 0..3 {
        assert_eq!(server.post("/predict", json!(rows)).await.0, 200);
    }
    server.stop().await;
    assert_eq!(files(large.path()).len(), 3);
    let log = read(large.path());
    assert_eq!(log.height(), 27_000);
    let distance = log.column("input.distance").unwrap().f64().unwrap().sum().unwrap();
    assert_eq!(distance, 3.0 * (0..9000).sum::<i32>() as f64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_is_removed_and_a_strange_directory_refused() {
    let directory = tempfile::tempdir().unwrap();
    let left = directory.path().join(".requests-20260301T120000.000Z-1-1.parquet.unfinished");
    std::fs::write(&left, "PAR1").unwrap();
    let mut server = start_with(&classifier(2), with_log(directory.path()));
    server.stop().await;
    assert!(!left.exists() && files(directory.path()).is_empty());
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let served =
        ironbook_serve::Served::own(Box::new(Classifier(classifier(2))), "m", "1", Default::default()).unwrap();
    let refused = ironbook_serve::Background::start(served, None, with_log(&file), Arc::new(|_| {}));
    assert!(matches!(refused, Err(ironbook_serve::ServeError::Log { .. })));
    let served =
        ironbook_serve::Served::own(Box::new(Classifier(classifier(2))), "m", "1", Default::default()).unwrap();
    let log = LogOptions { redact: vec!["speed".to_owned()], ..LogOptions::new(directory.path()) };
    let refused =
        ironbook_serve::Background::start(served, None, Options { log: Some(log), ..options() }, Arc::new(|_| {}));
    assert!(matches!(refused, Err(ironbook_serve::ServeError::Redact { column, .. }) if column == "speed"));
}
