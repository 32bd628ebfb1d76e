"""Times boosted trees on the flights, LightGBM, XGBoost and Ironbook side by side on this machine.

Needs    pip install lightgbm==4.7.0 xgboost-cpu==3.2.0 scikit-learn==1.9.1 pandas pyarrow
Run      python bench/boosting/run.py [splits]            (5 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-learn --example boost_bench`), in CARGO_TARGET_DIR if set.

The task: is a flight more than 15 minutes late? 80% of the 327,346 flights that arrived, 14 features as 32-bit numbers,
200 trees of 63 leaves, learning rate 0.1, two threads. Each split of the rows is fitted by every library in turn, twice;
the best time of each counts, the AUC is the mean over the splits. XGBoost grows its trees leaf by leaf as the others do.
Ironbook's model is also loaded by XGBoost, whose probabilities must be the same.

Fails (exit status 1) if Ironbook's fit takes longer than LightGBM's, its AUC is lower by more than 0.002, its predictions
take more than half of LightGBM's time, or one row takes 20 microseconds.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = 2
for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = str(THREADS)

try:
    import lightgbm as lgb
    import numpy as np
    import pandas as pd
    import xgboost as xgb
    from sklearn.metrics import roc_auc_score
except ImportError as missing:
    print(f"SKIPPED: boosting ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/flights/data"
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
FEATURES = ["month", "day", "hour", "minute", "carrier", "origin", "dest", "distance", *WEATHER]


def flights():
    """Features (float32) and target."""
    rows = pd.read_parquet(DATA / "flights.parquet").dropna(subset=["arr_delay"])
    weather = pd.read_parquet(DATA / "weather.parquet").drop_duplicates(["origin", "time_hour"])
    rows = rows.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    late = (rows["arr_delay"] > 15).to_numpy(dtype=np.int64)
    for name in ("carrier", "origin", "dest"):
        rows[name] = rows[name].astype("category").cat.codes
    return rows[FEATURES].astype("float32"), late


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-learn", "--example", "boost_bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/boost_bench"


def lightgbm(x, y, test):
    params = dict(objective="binary", num_leaves=63, learning_rate=0.1, num_threads=THREADS, verbosity=-1)
    start = time.perf_counter()
    model = lgb.train(params, lgb.Dataset(x, y), 200)
    fit = time.perf_counter() - start
    return fit, *predicted(lambda: model.predict(test, num_threads=THREADS))


def xgboost(x, y, test):
    model = xgb.XGBClassifier(n_estimators=200, max_depth=0, max_leaves=63, grow_policy="lossguide", learning_rate=0.1, n_jobs=THREADS)
    start = time.perf_counter()
    model.fit(x, y)
    fit = time.perf_counter() - start
    return fit, *predicted(lambda: model.predict_proba(test)[:, 1])


def predicted(predict):
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        p = predict()
        best = min(best, time.perf_counter() - start)
    return best, p


def ironbook(program, folder, test):
    out = subprocess.run([program, folder, "1"], check=True, capture_output=True, text=True)
    result = json.loads(out.stdout)
    p = np.fromfile(folder / "proba.f64")
    model = xgb.Booster(model_file=folder / "model.json")
    same = np.abs(model.predict(xgb.DMatrix(test)) - p).max()
    assert same < 1e-5, f"XGBoost reads other probabilities from Ironbook's file: {same}"
    return result["fit_s"], result["predict_s"], p, result["row_us"]


def main():
    splits = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    program = build()
    x, y = flights()
    fits, predicts, aucs, row = {}, {}, {}, np.inf
    for split in range(splits):
        train = np.random.default_rng(split).random(len(x)) < 0.8
        parts = x[train].reset_index(drop=True), y[train], x[~train].reset_index(drop=True), y[~train]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            parts[0].assign(late=parts[1]).to_parquet(folder / "train.parquet")
            parts[2].assign(late=parts[3]).to_parquet(folder / "test.parquet")
            for _ in range(2):
                results = {
                    "LightGBM": lightgbm(*parts[:3]),
                    "XGBoost": xgboost(*parts[:3]),
                    "Ironbook": ironbook(program, folder, parts[2]),
                }
                for peer, (fit, predict, p, *more) in results.items():
                    fits[peer] = min(fits.get(peer, np.inf), fit)
                    predicts[peer] = min(predicts.get(peer, np.inf), predict)
                    aucs.setdefault(peer, {})[split] = float(roc_auc_score(parts[3], p))
                    row = min([row, *more])
    report(fits, predicts, {peer: np.mean(list(of.values())) for peer, of in aucs.items()}, row, splits)


def report(fits, predicts, aucs, row, splits):
    print(f"{splits} splits, 200 trees of 63 leaves, {THREADS} threads, LightGBM {lgb.__version__}, XGBoost {xgb.__version__}")
    print(f"{'':10} {'fit s':>8} {'predict s':>10} {'AUC':>8}")
    for peer in fits:
        print(f"{peer:10} {fits[peer]:8.3f} {predicts[peer]:10.4f} {aucs[peer]:8.5f}")
    figures = [
        ("fit / LightGBM", fits["Ironbook"] / fits["LightGBM"], 1.0),
        ("predict / LightGBM", predicts["Ironbook"] / predicts["LightGBM"], 0.5),
        ("AUC below LightGBM", aucs["LightGBM"] - aucs["Ironbook"], 0.002),
        ("one row, microseconds", row, 20.0),
    ]
    for name, value, most in figures:
        print(f"{name:24} {value:9.4f}  at most {most:6}  {'ok' if value <= most else 'MISS'}")
    out = dict(splits=splits, fit_s=fits, predict_s=predicts, auc=aucs, row_us=row)
    Path(__file__).with_name("results.json").write_text(json.dumps(out, indent=1) + "\n")
    sys.exit(any(value > most for _, value, most in figures))


main()
