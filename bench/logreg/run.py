"""Times a logistic regression on the flights, scikit-learn and Ironbook side by side on this machine.

Needs    pip install scikit-learn==1.9.1 pandas==3.1.1 pyarrow==26.0.1
Run      python bench/logreg/run.py [rounds]            (5 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-learn --example logreg_bench`), in CARGO_TARGET_DIR if set.

The task: is a flight more than 15 minutes late? 80% of the 327,346 flights that arrived, 14 features; missing values
are 0. Two matrices: `scaled` (each column standardised) and `plain` (as it is). Both sides fit the same matrix in
memory with C = 1, two threads, and take turns; the best time of each counts. scikit-learn runs at its defaults (lbfgs,
tol 1e-4, 100 steps) and with the solver that suits this shape best (newton-cholesky). A `+` behind the steps says that
scikit-learn warned that it had not converged.

`difference` is the largest difference between two coefficients (intercept included) times the column's deviation,
against scikit-learn's newton-cholesky at tol 1e-12, which is the minimum to about ten digits.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

THREADS = "2"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = THREADS

try:
    import numpy as np
    import pandas as pd
    import sklearn
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as missing:
    print(f"SKIPPED: logreg ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/flights/data"
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
FEATURES = ["month", "day", "hour", "minute", "carrier", "origin", "dest", "distance", *WEATHER]


def flights():
    """Training matrix (float64) and target."""
    rows = pd.read_parquet(DATA / "flights.parquet").dropna(subset=["arr_delay"])
    weather = pd.read_parquet(DATA / "weather.parquet").drop_duplicates(["origin", "time_hour"])
    rows = rows.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    late = (rows["arr_delay"] > 15).to_numpy(dtype=np.int64)
    for name in ("carrier", "origin", "dest"):
        rows[name] = rows[name].astype("category").cat.codes
    features = rows[FEATURES].astype("float64").fillna(0.0)
    train = np.random.default_rng(0).random(len(rows)) < 0.8
    return features[train].reset_index(drop=True), late[train]


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-learn", "--example", "logreg_bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/logreg_bench"


def timed(make, x, y):
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = make().fit(x, y)
    return time.perf_counter() - start, model, any("converge" in str(w.message) for w in caught)


def ironbook(program, path):
    out = subprocess.run([program, path, "3"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def solution(model, unfinished):
    model = model[-1] if hasattr(model, "steps") else model
    steps = f"{int(np.ravel(model.n_iter_)[0])}{'+' if unfinished else ''}"
    return np.append(model.coef_[0], model.intercept_[0]), steps


PEERS = {
    "scikit-learn lbfgs": lambda: LogisticRegression(),
    "scikit-learn newton-cholesky": lambda: LogisticRegression(solver="newton-cholesky"),
    "scikit-learn scaler + lbfgs": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)),
}


def compare(case, x, y, program, folder, rounds):
    path = folder / f"{case}.parquet"
    x.assign(late=y).to_parquet(path)
    values = np.ascontiguousarray(x.to_numpy())
    exact = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=500)
    exact, _ = solution(*timed(lambda: exact, values, y)[1:])
    unit = np.append(values.std(axis=0), 1.0)
    # A pipeline on columns that are already standardised would only repeat the first peer.
    peers = {name: make for name, make in PEERS.items() if not (case == "scaled" and "scaler" in name)}
    best = {name: np.inf for name in [*peers, "Ironbook"]}
    found = {}
    for _ in range(rounds):
        for name, make in peers.items():
            seconds, model, unfinished = timed(make, values, y)
            best[name] = min(best[name], seconds)
            found[name] = solution(model, unfinished)
        result = ironbook(program, path)
        assert result["converged"] and result["rows"] == len(y)
        best["Ironbook"] = min(best["Ironbook"], *result["fit_s"])
        found["Ironbook"] = (np.append(result["coef"], result["intercept"]), str(result["n_iter"]))
    for name, seconds in best.items():
        coef, n_iter = found[name]
        # The pipeline minimises another objective (it penalises scaled coefficients), so its coefficients say nothing here.
        difference = "" if "scaler" in name else f"{np.abs((coef - exact) * unit).max():.1e}"
        ratio = best["Ironbook"] / seconds
        print(f"{case:8} {name:30} {seconds:9.3f} {n_iter:>6} {difference:>11} {ratio:10.2f}", flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    program = build()
    x, y = flights()
    print(f"{x.shape[0]} rows x {x.shape[1]} features, {THREADS} threads, best of {rounds} rounds, scikit-learn {sklearn.__version__}")
    print(f"{'matrix':8} {'':30} {'seconds':>9} {'steps':>6} {'difference':>11} {'Ironbook /':>10}")
    with tempfile.TemporaryDirectory() as folder:
        scaled = (x - x.mean()) / x.std(ddof=0)
        compare("scaled", scaled, y, program, Path(folder), rounds)
        compare("plain", x, y, program, Path(folder), rounds)


main()
