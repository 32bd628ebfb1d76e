//! Models and servers of tests.

use ironbook_data::Dataset;
use ironbook_features::{Featured, Pipeline};
use ironbook_learn::{Fit, Gbdt, GbdtRegressor, Persist, Predict};
use ironbook_serve::{Background, Extra, Loaders, Options, Served, Source};
use ironbook_store::model::{NewModel, NewVersion};
use ironbook_store::store::{Artifacts, Experiments, Models, Registry};
use ironbook_store::{ArtifactsOf, ModelStatus, NewExperiment, SqliteStore, Store};
use polars::prelude::*;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub const CARRIERS: [&str; 4] = ["AA", "B6", "DL", "UA"];

/// Flights that are made up: late by carrier, hour and distance.
pub fn flights(rows: usize) -> DataFrame {
    let carrier: Vec<&str> = (0..rows).map(|i| CARRIERS[i * 7 % 4]).collect();
    let hour: Vec<Option<f64>> = (0..rows).map(|i| (i % 37 != 0).then_some((i * 5 % 24) as f64)).collect();
    let distance: Vec<i64> = (0..rows).map(|i| 100 + (i * 97 % 2400) as i64).collect();
    let time: Vec<i64> = (0..rows).map(|i| 1_357_000_000_000_000 + i as i64 * 3_600_000_000).collect();
    let score = |i: usize| hour[i].unwrap_or(12.0) + (i * 7 % 4) as f64 * 3.0 + distance[i] as f64 / 500.0;
    let late: Vec<&str> = (0..rows).map(|i| if score(i) > 18.0 { "late" } else { "on time" }).collect();
    let delay: Vec<f64> = (0..rows).map(|i| 2.0 * score(i) - 20.0).collect();
    let frame = df!["carrier" => carrier, "hour" => hour, "distance" => distance, "time" => time, "late" => late, "delay" => delay];
    let times = col("time").cast(DataType::Datetime(TimeUnit::Microseconds, None));
    frame.unwrap().lazy().with_columns([times]).collect().unwrap()
}

pub const COLUMNS: [&str; 4] = ["carrier", "hour", "distance", "time"];

pub fn late() -> Dataset {
    Dataset::new(&flights(600), &COLUMNS, "late").unwrap()
}

pub fn classifier(trees: usize) -> Gbdt {
    Gbdt::params().n_estimators(trees).num_leaves(7).fit(&late()).unwrap()
}

pub fn regressor() -> GbdtRegressor {
    let data = Dataset::new(&flights(600), &COLUMNS, "delay").unwrap();
    GbdtRegressor::params().n_estimators(10).fit(&data).unwrap()
}

pub fn featured() -> Featured<Gbdt> {
    let pipeline = Pipeline::new().one_hot(["carrier"]).then(Gbdt::params().n_estimators(10));
    pipeline.fit(&late()).unwrap()
}

/// Writes a model as a logged one lies in its directory.
pub fn logged<M: Persist>(model: &M, directory: &Path) {
    model.save(directory.join("model.json")).unwrap();
    let card = format!(
        "flavors:\n  ironbook:\n    data: \"model.json\"\n    format: \"{}\"\n    type: \"T\"\n    version: \"0\"\n",
        M::FORMAT
    );
    std::fs::write(directory.join("MLmodel"), card).unwrap();
}

/// Registers a model as the next version of `flights`, with the alias `champion`.
pub fn register<M: Persist>(store: &SqliteStore, model: &M) -> String {
    let directory = tempfile::tempdir().unwrap();
    logged(model, directory.path());
    let experiment = match store.experiment_by_name("Default").unwrap() {
        Some(found) => found.id,
        None => store.create_experiment(&NewExperiment::named("Default")).unwrap(),
    };
    let _ = store.create_registered("flights", None, &[]);
    let new = NewModel {
        experiment,
        name: Some("flights".to_owned()),
        model_type: None,
        source_run: None,
        params: Vec::new(),
        tags: Vec::new(),
    };
    let model = store.create_model(&new).unwrap();
    for file in ["model.json", "MLmodel"] {
        store.copy_artifact(ArtifactsOf::Model(&model.id), &directory.path().join(file), None).unwrap();
    }
    store.finish_model(&model.id, ModelStatus::Ready, None).unwrap();
    let version = NewVersion {
        name: "flights".to_owned(),
        source: format!("models:/{}", model.id),
        model_id: Some(model.id.clone()),
        ..NewVersion::default()
    };
    let version = store.create_version(&version).unwrap();
    store.set_alias("flights", "champion", &version.version).unwrap();
    version.version
}

/// What a server told.
pub type Told = Arc<Mutex<Vec<String>>>;

/// A running server.
pub struct Running {
    pub base: String,
    pub client: Client,
    pub server: Option<Background>,
    pub told: Told,
    /// Goes with the server.
    _directory: TempDir,
}

pub fn options() -> Options {
    Options { address: "127.0.0.1:0".parse().unwrap(), workers: 2, ..Options::default() }
}

fn running(served: Served, source: Option<Source>, options: Options, directory: TempDir) -> Running {
    let told = Told::default();
    let report = Arc::clone(&told);
    let report = Arc::new(move |text: &str| report.lock().unwrap().push(text.to_owned()));
    let server = Background::start(served, source, options, report).unwrap();
    let base = format!("http://{}", server.address());
    Running {
        base,
        client: Client::builder().no_proxy().build().unwrap(),
        server: Some(server),
        told,
        _directory: directory,
    }
}

/// A server over a model that was saved.
pub fn start_with<M: Persist + Predict>(model: &M, options: Options) -> Running {
    let directory = tempfile::tempdir().unwrap();
    logged(model, directory.path());
    let source = Source::new(directory.path().to_str().unwrap(), || unreachable!()).named(Some("flights".to_owned()));
    running(source.load().unwrap(), None, options, directory)
}

pub fn start<M: Persist + Predict>(model: &M) -> Running {
    start_with(model, options())
}

/// A server over a value of the user's own.
pub fn start_own(model: impl ironbook_serve::Model + 'static, options: Options) -> Running {
    let served = Served::own(Box::new(model), "own", "7", Extra::Refuse).unwrap();
    running(served, None, options, tempfile::tempdir().unwrap())
}

/// A server over `models:/flights@champion` of a store.
pub fn start_registered(store: &Arc<SqliteStore>, options: Options) -> Running {
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    let source = Source::new("models:/flights@champion", move || Ok(Arc::clone(&store))).loaders(Loaders::standard());
    running(source.load().unwrap(), Some(source), options, tempfile::tempdir().unwrap())
}

impl Running {
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.ask(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn send(&self, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        answer(self.ask(Method::POST, path).header("content-type", kind).body(body).send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.ask(Method::GET, path).send().await.unwrap()).await
    }

    /// The value of a line of the metrics; 0 where there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.ask(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    pub async fn stop(&mut self) {
        let server = self.server.take().unwrap();
        tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
    }
}

pub async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A row that is whole, as a record.
pub fn record() -> Value {
    json!({ "carrier": "UA", "hour": 17.0, "distance": 1400, "time": "2013-01-01T17:00:00" })
}

/// The same as a table.
pub fn split() -> Value {
    json!({ "dataframe_split": { "columns": COLUMNS, "data": [["UA", 17.0, 1400, "2013-01-01T17:00:00"]] } })
}
