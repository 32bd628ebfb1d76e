"""Times random forests, scikit-learn and Ironbook side by side on this machine.

Needs    pip install scikit-learn==1.9.1 pandas==3.1.1 pyarrow==26.0.1
Run      python bench/forest/run.py [rounds]            (2 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-learn --example forest_bench`), in CARGO_TARGET_DIR if set.

100 trees at the defaults of both sides, on three tables: scikit-learn's digits (1,437 rows x 64 to fit, 360 to predict),
and the flights (is a flight more than 15 minutes late? 14 features with missing values) with 50,000 rows and with all
of the 80% that are for training; the other 20% are predicted. Both sides get the same matrices and two threads, and take
turns, each round with seeds of its own; the best time of each counts, the quality is the mean over all fits. `predict` is
the second prediction of a model; `first` the first one, in which Ironbook lays its trees out for reading.

Exits with 1 if a figure is missed: fit and predict at most 0.5 of scikit-learn's time, quality not below its by more than
0.002 plus what chance explains.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = "2"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = THREADS

try:
    import numpy as np
    import pandas as pd
    import sklearn
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
except ImportError as missing:
    print(f"SKIPPED: forest ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = ROOT / "examples/flights/data"
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
FEATURES = ["month", "day", "hour", "minute", "carrier", "origin", "dest", "distance", *WEATHER]
TREES = 100
# Fits per round: small tables are noisier.
SEEDS = {"digits": 5, "flights 50k": 2, "flights": 1}


def flights():
    rows = pd.read_parquet(DATA / "flights.parquet").dropna(subset=["arr_delay"])
    weather = pd.read_parquet(DATA / "weather.parquet").drop_duplicates(["origin", "time_hour"])
    rows = rows.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    for name in ("carrier", "origin", "dest"):
        rows[name] = rows[name].astype("category").cat.codes
    table = rows[FEATURES].astype("float32").astype("float64")
    table["y"] = (rows["arr_delay"] > 15).astype("int64")
    train = np.random.default_rng(0).random(len(table)) < 0.8
    return table[train].reset_index(drop=True), table[~train].reset_index(drop=True)


def digits():
    bunch = load_digits()
    table = pd.DataFrame(bunch.data, columns=[f"p{j}" for j in range(64)]).assign(y=bunch.target)
    table = table.iloc[np.random.default_rng(0).permutation(len(table))].reset_index(drop=True)
    return table[:1437].reset_index(drop=True), table[1437:].reset_index(drop=True)


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-learn", "--example", "forest_bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/forest_bench"


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def quality(y, classes, second):
    return roc_auc_score(y, second) if second is not None else float(np.mean(classes == y))


def peer(train, test, seeds):
    (x, y), (new, truth) = train, test
    for seed in seeds:
        fit_s, model = timed(lambda: RandomForestClassifier(TREES, n_jobs=int(THREADS), random_state=seed).fit(x, y))
        first_s, shares = timed(lambda: model.predict_proba(new))
        predict_s, _ = timed(lambda: model.predict_proba(new))
        two = shares.shape[1] == 2
        leaves = sum(int(tree.tree_.n_leaves) for tree in model.estimators_)
        yield fit_s, first_s, predict_s, quality(truth, shares.argmax(axis=1), shares[:, 1] if two else None), leaves


def ironbook(program, paths, truth, seeds):
    out = subprocess.run([program, *paths, str(TREES), *map(str, seeds)], check=True, capture_output=True, text=True)
    for run in json.loads(out.stdout)["runs"]:
        score = run["accuracy"] if run["second"] is None else quality(truth, None, run["second"])
        yield run["fit_s"], run["first_predict_s"], run["predict_s"], score, run["leaves"]


def compare(case, train, test, program, folder, rounds):
    paths = [folder / f"{case}-{part}.parquet" for part in ("train", "test")]
    train.to_parquet(paths[0])
    test.to_parquet(paths[1])
    arrays = [(np.ascontiguousarray(t.drop(columns="y"), dtype=np.float32), t["y"].to_numpy()) for t in (train, test)]
    runs = {"scikit-learn": [], "Ironbook": []}
    for k in range(rounds):
        seeds = range(k * SEEDS[case], (k + 1) * SEEDS[case])
        runs["scikit-learn"] += peer(*arrays, seeds)
        runs["Ironbook"] += ironbook(program, paths, arrays[1][1], seeds)
    best = {side: np.min([run[:3] for run in all], axis=0) for side, all in runs.items()}
    mean = {side: np.mean([run[3:] for run in all], axis=0) for side, all in runs.items()}
    spread = np.sqrt(sum(np.var([run[3] for run in all], ddof=1) / len(all) for all in runs.values() if len(all) > 1))
    for side in runs:
        fit, first, predict = best[side]
        print(f"{case:12} {side:13} {fit:8.2f} {first:9.3f} {predict:9.3f} {mean[side][0]:9.4f} {mean[side][1]:10.0f}")
    ratio = best["Ironbook"] / best["scikit-learn"]
    lost = mean["scikit-learn"][0] - mean["Ironbook"][0]
    ok = {"fit": ratio[0] <= 0.5, "predict": ratio[2] <= 0.5, "quality": lost <= 0.002 + 2 * spread}
    verdict = " ".join(f"{name} {'ok' if good else 'MISS'}" for name, good in ok.items())
    print(f"{case:12} {'ratio':13} {ratio[0]:8.2f} {ratio[1]:9.2f} {ratio[2]:9.2f} {-lost:+9.4f}            {verdict}", flush=True)
    sides = {
        side: {"fit_s": best[side][0], "first_predict_s": best[side][1], "predict_s": best[side][2], "quality": mean[side][0]}
        for side in runs
    }
    return {"case": case, "rows": len(train), "ok": all(ok.values()), **sides}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    program = build()
    train, test = flights()
    sample = train.sample(50_000, random_state=1).reset_index(drop=True)
    cases = [("digits", *digits()), ("flights 50k", sample, test), ("flights", train, test)]
    print(f"{TREES} trees, {THREADS} threads, best of {rounds} rounds, scikit-learn {sklearn.__version__}; quality: accuracy (digits), AUC")
    print(f"{'table':12} {'':13} {'fit s':>8} {'first s':>9} {'predict s':>9} {'quality':>9} {'leaves':>10}")
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(*case, program, Path(folder), rounds) for case in cases]
    (HERE / "results.json").write_text(json.dumps(results, indent=1, default=float) + "\n")
    return 0 if all(result["ok"] for result in results) else 1


sys.exit(main())
