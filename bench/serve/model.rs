//! Makes what `bench/serve/run.py` serves: flights' boosted trees in a registry, as a directory, and one row as a request.
//!
//! `cargo run -p ironbook-serve --example serve_model -- DIRECTORY`; with `--champion VERSION` it only moves the alias.
#![expect(clippy::unwrap_used, reason = "a program of the benchmark")]

use ironbook_data::{Dataset, Kind, read_parquet};
use ironbook_learn::{Fit, Gbdt, Persist, Predict};
use ironbook_store::SqliteStore;
use ironbook_store::store::{Artifacts, Registry};
use ironbook_track::{ModelFiles, RunOptions, Status};
use polars::prelude::{IntoLazy, col, lit};
use serde_json::json;
use std::path::Path;

const COLUMNS: [&str; 14] = [
    "time_hour",
    "month",
    "day",
    "hour",
    "minute",
    "origin",
    "dest",
    "carrier",
    "flight",
    "tailnum",
    "distance",
    "sched_arr_time",
    "air_time",
    "dep_delay",
];
const LOADER: &str = include_str!("../../stdlib/ironbook/python/ironbook_model.py");

fn main() {
    let directory = std::env::args().nth(1).unwrap();
    let directory = Path::new(&directory);
    if let Some(version) = std::env::args().nth(3) {
        let store = SqliteStore::open(&ironbook_track::locate(directory)).unwrap();
        return store.set_alias("late-flights", "champion", &version).unwrap();
    }
    std::fs::create_dir_all(directory.join("model")).unwrap();
    let flights =
        read_parquet(std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../examples/flights/data/flights.parquet")
            .unwrap();
    let known = flights.lazy().filter(col("arr_delay").is_not_null());
    let known = known.with_columns([col("arr_delay").gt(lit(15)).alias("late")]).collect().unwrap().head(Some(60_000));
    let data = Dataset::new(&known, &COLUMNS, "late").unwrap();
    let run = ironbook_track::start("serve", RunOptions::default().directory(directory)).unwrap();
    for (seed, alias) in [(1, Some("challenger")), (2, Some("champion"))] {
        let model = Gbdt::params().n_estimators(200).num_leaves(63).seed(seed).subsample(0.8).fit(&data).unwrap();
        let signature = model.signature();
        let input = |kind: &Kind| match kind {
            Kind::Numeric => "any",
            Kind::Categorical(_) => "string",
            Kind::Time => "datetime",
        };
        let files = ModelFiles {
            kind: "Gbdt",
            format: Gbdt::FORMAT,
            type_path: "::ironbook::learn::Gbdt",
            inputs: signature.features.iter().map(|f| (f.name.clone(), input(&f.kind))).collect(),
            output: "long",
            mark: signature.mark,
            proba: true,
            xgboost: false,
            loader: Some(LOADER),
            write: &|path| model.save(path),
        };
        ironbook_track::register_model(&files, "late-flights", alias).unwrap();
    }
    ironbook_track::end(Status::Finished).unwrap();
    drop(run);
    let store = SqliteStore::open(&ironbook_track::locate(directory)).unwrap();
    let champion = store.version_by_alias("late-flights", "champion").unwrap();
    let id = champion.model_id.unwrap();
    store.fetch_artifact(ironbook_store::ArtifactsOf::Model(&id), "", &directory.join("model")).unwrap();
    let row = json!(["2013-06-14T17:00:00", 6, 14, 17, 30, "JFK", "LAX", "AA", 181, "N328AA", 2475, 2042, 330, 12]);
    let request = json!({ "dataframe_split": { "columns": COLUMNS, "data": [row] } });
    std::fs::write(directory.join("request.json"), request.to_string()).unwrap();
}
