"""Times prediction and exact SHAP values of the same trees, LightGBM, shap and Ironbook side by side on this machine.

Needs    pip install lightgbm==4.7.0 shap==0.51.0 scikit-learn==1.9.1 pandas pyarrow
Run      python bench/shap/run.py [rounds]            (3 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-explain --example shap_bench`), in CARGO_TARGET_DIR if set.

Both tasks take 200 trees of 63 leaves that LightGBM fitted; Ironbook reads LightGBM's own file, so that the trees are
the same and every result can be compared. `flights`: raw scores of the fifth of the flights that was held out, in one
batch and row by row. `shap`: 5,000 rows of 20 features (scikit-learn's `make_classification`). Two threads each (shap has
one), sides take turns, the best time of each counts. `cpu` is the processor time of the best round, which says more where
the machine is shared. `difference` is the largest difference to LightGBM's result.

The table says `ok` or `MISS` against: batch and SHAP values at most 0.5 of LightGBM's time (SHAP values of shap's as
well), one row under 20 microseconds, differences of at most 1e-6. Results go to results.json.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = "2"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = THREADS

try:
    import lightgbm as lgb
    import numpy as np
    import pandas as pd
    import shap
    from sklearn.datasets import make_classification
except ImportError as missing:
    print(f"SKIPPED: shap ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = ROOT / "examples/flights/data"
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
FEATURES = ["month", "day", "hour", "minute", "carrier", "origin", "dest", "distance", *WEATHER]
PARAMS = dict(objective="binary", num_leaves=63, learning_rate=0.1, num_threads=int(THREADS), verbosity=-1)


def flights():
    rows = pd.read_parquet(DATA / "flights.parquet").dropna(subset=["arr_delay"])
    weather = pd.read_parquet(DATA / "weather.parquet").drop_duplicates(["origin", "time_hour"])
    rows = rows.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    late = (rows["arr_delay"] > 15).to_numpy(dtype=np.int64)
    for name in ("carrier", "origin", "dest"):
        rows[name] = rows[name].astype("category").cat.codes
    features = rows[FEATURES].astype("float32")
    train = np.random.default_rng(0).random(len(rows)) < 0.8
    return lgb.train(PARAMS, lgb.Dataset(features[train], late[train]), 200), features[~train]


def made():
    x, y = make_classification(20000, 20, n_informative=10, random_state=0)
    x = pd.DataFrame(x.astype("float32"), columns=[f"x{j}" for j in range(20)])
    return lgb.train(PARAMS, lgb.Dataset(x, y), 200), x.iloc[:5000]


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-explain", "--example", "shap_bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/shap_bench"


def timed(work):
    cpu, start = time.process_time(), time.perf_counter()
    result = work()
    return time.perf_counter() - start, time.process_time() - cpu, np.asarray(result)


def ironbook(program, folder, rows, what, times):
    """The best of `times` runs in one process; the processor time is the mean over them, reading included."""
    out = folder / "out.json"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [program, folder / "model.txt", rows, what, str(times), out]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / times
    return min(json.loads(line)["seconds"]), cpu, np.array(json.loads(out.read_text()))


def race(case, sides, limits, rounds, results):
    """`limits`: for each peer the largest ratio allowed; `None` for a limit in seconds."""
    best, values = {}, {}
    for _ in range(rounds):
        for name, work in sides.items():
            seconds, cpu, values[name] = work()
            if name not in best or seconds < best[name][0]:
                best[name] = (seconds, cpu)
    ours, first = best["Ironbook"], next(iter(sides))
    missed = False
    for name, (seconds, cpu) in best.items():
        difference = float(np.abs(values[name] - values[first][: len(values[name])]).max())
        ratio = ours[0] / seconds
        verdict = ""
        if name in limits:
            fine = seconds <= limits[name] if name == "Ironbook" else ratio <= limits[name]
            verdict = "ok" if fine else "MISS"
        if name == "Ironbook" and difference > 1e-6:
            verdict = "MISS"
        missed |= verdict == "MISS"
        print(f"{case:12} {name:10} {seconds:12.6f} {cpu:9.3f} {difference:11.1e} {ratio:11.3f} {verdict}", flush=True)
        results.append(dict(case=case, side=name, seconds=seconds, cpu=cpu, difference=difference, ratio=ratio))
    return missed


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    program = build()
    results, missed = [], False
    print(f"200 trees x 63 leaves, {THREADS} threads, best of {rounds} rounds, LightGBM {lgb.__version__}, shap {shap.__version__}")
    print(f"{'task':12} {'':10} {'seconds':>12} {'cpu':>9} {'difference':>11} {'Ironbook /':>11}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        model, x = flights()
        model.save_model(folder / "model.txt")
        x.to_parquet(folder / "rows.parquet")
        rows = folder / "rows.parquet"
        sides = {
            "LightGBM": lambda: timed(lambda: model.predict(x, raw_score=True)),
            "Ironbook": lambda: ironbook(program, folder, rows, "predict", 5),
        }
        missed |= race("batch", sides, {"LightGBM": 0.5}, rounds, results)
        thousand = x.to_numpy()[:1000]
        one = lambda: np.concatenate([model.predict(row[None], raw_score=True, num_threads=1) for row in thousand])

        def single():
            seconds, cpu, scores = timed(one)
            return seconds / 1000, cpu / 1000, scores

        sides = {"LightGBM": single, "Ironbook": lambda: ironbook(program, folder, rows, "row", 5)}
        missed |= race("one row", sides, {"Ironbook": 20e-6}, rounds, results)

        model, x = made()
        model.save_model(folder / "model.txt")
        x.to_parquet(rows)
        sides = {
            "LightGBM": lambda: timed(lambda: model.predict(x, pred_contrib=True)[:, :-1].ravel()),
            "shap": lambda: timed(lambda: np.asarray(shap.TreeExplainer(model).shap_values(x)).ravel()),
            "Ironbook": lambda: ironbook(program, folder, rows, "shap", 2),
        }
        missed |= race("SHAP values", sides, {"LightGBM": 0.5, "shap": 0.5}, min(rounds, 2), results)
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if missed else 0)


main()
