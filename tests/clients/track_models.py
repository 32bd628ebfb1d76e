"""Models that Ironbook registered, loaded by MLflow's own client from Ironbook's server: the predictions are the same.

Called with the path of the `ironbook` command; runs in a Python that has mlflow and xgboost.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
import mlflow
import numpy as np
import pandas as pd
import xgboost

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIXED = ["carrier", "origin", "hour", "minute", "distance", "time_hour"]
NUMBERS = ["hour", "minute", "distance"]

SCRIPT = r"""
use ironbook::data::read_parquet;
use ironbook::learn::*;
use ironbook::nn::{MlpClassifier, MlpRegressor};
let flights = read_parquet("flights.parquet")?;
let known = flights.clone().lazy().filter(col("arr_delay").is_not_null())
    .with_columns([col("arr_delay").gt(lit(15)).alias("late"), col("arr_delay").cast(DataType::Float64).alias("delay")])
    .collect()?.head(Some(3000));
let mixed = ["carrier", "origin", "hour", "minute", "distance", "time_hour"];
let numbers = ["hour", "minute", "distance"];
let late = Dataset::new(&known, &mixed, "late")?;
let late_numbers = Dataset::new(&known, &numbers, "late")?;
let delay = Dataset::new(&known, &mixed, "delay")?;
let delay_numbers = Dataset::new(&known, &numbers, "delay")?;
let origin = Dataset::new(&known, &["carrier", "hour", "minute", "distance"], "origin")?;
let origin_numbers = Dataset::new(&known, &numbers, "origin")?;
fn keep(name: &str, values: serde_json::Value) -> std::io::Result<()> {
    std::fs::write(format!("{name}.json"), values.to_string())
}
macro_rules! classify {
    ($name:literal, $params:expr, $data:expr) => {{
        let model = $params.fit($data)?;
        ironbook::models::register(&model, $name, Some("champion"))?;
        let shares = model.predict_probas(&$data.features)?;
        let columns: Vec<&[f64]> = (0..shares.cols()).map(|k| shares.column(k)).collect();
        keep($name, serde_json::json!({"values": model.predict(&$data.features)?, "shares": columns}))?;
    }};
}
macro_rules! regress {
    ($name:literal, $params:expr, $data:expr) => {{
        let model = $params.fit($data)?;
        ironbook::models::register(&model, $name, Some("champion"))?;
        keep($name, serde_json::json!({"values": model.predict(&$data.features)?}))?;
    }};
}

// %%
%track start models

// %%
classify!("majority", MajorityBaseline::params(), &late);
classify!("logistic", LogisticRegression::params(), &late_numbers);
classify!("tree", DecisionTree::params().max_depth(6), &late);
classify!("forest", RandomForest::params().n_estimators(7), &late);
classify!("gbdt", Gbdt::params().n_estimators(20), &late);
classify!("gbdt-numbers", Gbdt::params().n_estimators(20), &late_numbers);
classify!("mlp", MlpClassifier::params().hidden([8]).epochs(2), &late);
classify!("logistic-of-3", LogisticRegression::params().max_iter(2000), &origin_numbers);
classify!("forest-of-3", RandomForest::params().n_estimators(7), &origin);
classify!("gbdt-of-3", Gbdt::params().n_estimators(10), &origin);
classify!("mlp-of-3", MlpClassifier::params().hidden([8]).epochs(2), &origin);

// %%
regress!("mean", MeanBaseline::params(), &delay);
regress!("linear", LinearRegression::params(), &delay_numbers);
regress!("ridge", Ridge::params(), &delay_numbers);
regress!("elastic", ElasticNet::params(), &delay_numbers);
regress!("tree-regressor", DecisionTreeRegressor::params().max_depth(6), &delay);
regress!("forest-regressor", RandomForestRegressor::params().n_estimators(7), &delay);
regress!("gbdt-regressor", GbdtRegressor::params().n_estimators(20), &delay);
regress!("mlp-regressor", MlpRegressor::params().hidden([8]).epochs(2), &delay);

// %%
let featured = Pipeline::new().impute(features::all_numeric(), Impute::Median).then(Gbdt::params().n_estimators(5)).fit(&late)?;
%track register featured --as featured --alias champion
%track end

// %%
%track load models:/gbdt@champion
let again = model.predict(&late.features)?;
keep("again", serde_json::json!({"values": again}))?;

// %%
%track load models:/featured/1 --into whole
assert_eq!(whole.predict(&late.features)?, featured.predict(&late.features)?);
"""


def main():
    ironbook = sys.argv[1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ironbook-models-"))
    server = None
    try:
        shutil.copy(ROOT / "examples/flights/data/flights.parquet", folder)
        (folder / "models.rs").write_text(SCRIPT)
        done = subprocess.run([ironbook, "run", "models.rs"], cwd=folder, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
        port = free_port()
        command = [ironbook, "track", "server", "--port", str(port), "--store", str(folder / ".ironbook")]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait(f"http://127.0.0.1:{port}/health")
        mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")
        compare(folder)
    finally:
        if server:
            server.terminate()
            server.wait()
        shutil.rmtree(folder)
    print("ok")


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(address):
    for _ in range(200):
        try:
            return urllib.request.urlopen(address, timeout=1)
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{address} does not answer")


def compare(folder):
    table = pd.read_parquet(folder / "flights.parquet")
    table = table[table["arr_delay"].notna()].head(3000).reset_index(drop=True)
    table["hour"], table["minute"] = table["hour"].astype(float), table["minute"].astype(float)
    table["distance"] = table["distance"].astype(float)
    table["time_hour"] = pd.to_datetime(table["time_hour"]).dt.tz_localize(None)
    classes = {"late": [0, 1], "origin": sorted(table["origin"].unique())}
    for name in sorted(path.stem for path in folder.glob("*.json")):
        if name == "again":
            continue
        kept = json.loads((folder / f"{name}.json").read_text())
        model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
        inputs = [column.name for column in model.metadata.signature.inputs]
        found = np.asarray(model.predict(table[inputs]))
        if "shares" in kept:
            names = classes["origin" if name.endswith("3") else "late"]
            expected = np.array([names[int(value)] for value in kept["values"]])
            assert (found == expected).all(), (name, (found != expected).sum())
            shares = model.predict(table[inputs], params={"predict_method": "predict_proba"})
            assert list(shares.columns) == [str(each) for each in names], shares.columns
            worst = np.abs(shares.to_numpy() - np.array(kept["shares"]).T).max()
        else:
            expected = np.array(kept["values"])
            worst = (np.abs(found - expected) / np.maximum(1, np.abs(expected))).max()
        # Networks add up 32-bit numbers in another order.
        limit = 1e-4 if name.startswith("mlp") else 1e-9
        assert worst < limit, (name, worst)
        print(f"{name:18} {len(inputs)} inputs, largest difference {worst:.1e}")
    again = json.loads((folder / "again.json").read_text())["values"]
    assert again == json.loads((folder / "gbdt.json").read_text())["values"]

    booster = mlflow.xgboost.load_model("models:/gbdt-numbers@champion")
    shares = booster.predict(xgboost.DMatrix(table[NUMBERS]))
    kept = json.loads((folder / "gbdt-numbers.json").read_text())["shares"][1]
    assert np.abs(shares - np.array(kept)).max() < 1e-6
    print("gbdt-numbers also as XGBoost's")

    client = mlflow.MlflowClient()
    version = client.get_model_version_by_alias("gbdt", "champion")
    run = client.get_run(version.run_id)
    assert run.data.params["model"] == "Gbdt" and run.data.params["n_estimators"] == "20", run.data.params
    assert "fit_seconds" in run.data.metrics and run.data.tags.get("mlflow.parentRunId"), run.data
    assert {entry.dataset.name for entry in run.inputs.dataset_inputs} >= {"flights"}, run.inputs
    logged = client.get_logged_model(version.source.removeprefix("models:/"))
    assert logged.status == "READY" and logged.params["model"] == "Gbdt", logged
    featured = client.get_model_version_by_alias("featured", "champion")
    flavors = mlflow.models.get_model_info(featured.source).flavors
    assert "python_function" not in flavors and flavors["ironbook"]["type"].endswith("Gbdt>"), flavors
    example = mlflow.pyfunc.load_model("models:/gbdt@champion").input_example
    assert example is not None and list(example.columns) == MIXED, example


main()
