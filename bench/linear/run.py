"""Times linear models, scikit-learn and Ironbook side by side on this machine.

Needs    pip install scikit-learn==1.9.1
Run      python bench/linear/run.py [rounds]            (3 unless told)

Random matrices of three sizes (the middle one of the flights' shape), in memory on both sides, scikit-learn at its
defaults (but for l1, where saga gets 100 rounds), two threads each. Both take turns; the best time of each counts. The
goal for linear and ridge is at most half of scikit-learn's time; the other two are printed only. `difference` is the
largest difference between two coefficients. Results go to results.json.
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
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = THREADS

try:
    import numpy as np
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
except ImportError as missing:
    print(f"SKIPPED: linear ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

warnings.simplefilter("ignore")
HERE = Path(__file__).resolve().parent
GOAL = 0.5
SIZES = [(10_000, 20), (262_000, 14), (1_000_000, 50)]
MODELS = {
    "linear": (LinearRegression, SIZES),
    "ridge": (Ridge, SIZES),
    "multinomial": (LogisticRegression, SIZES[:2]),
    "l1": (lambda: LogisticRegression(C=0.01, l1_ratio=1.0, solver="saga", max_iter=100), SIZES[:1]),
}


def build():
    subprocess.run(["cargo", "build", "-q", "-p", "ironbook-learn", "--example", "linear_bench"], cwd=HERE.parents[1], check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target")) / "debug/examples/linear_bench"


def compare(program, name, make, rows, cols, rounds, path):
    rng = np.random.default_rng(rows)
    x = rng.normal(size=(rows, cols))
    signal = x[:, :5] @ np.arange(1.0, 6.0) + rng.normal(size=rows)
    y = {"multinomial": np.digitize(signal, [-3.0, 3.0]), "l1": (signal > 0.0).astype(int)}.get(name, signal)
    np.concatenate([x.T.ravel(), y.astype(float)]).tofile(path)
    best, ours = np.inf, np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        model = make().fit(x, y)
        best = min(best, time.perf_counter() - start)
        out = subprocess.run([program, name, path, str(rows), "3"], check=True, capture_output=True, text=True)
        result = json.loads(out.stdout)
        ours = min(ours, *result["fit_s"])
    difference = float(np.abs(np.ravel(model.coef_) - result["coef"]).max())
    ratio = ours / best
    verdict = "" if name in ("multinomial", "l1") else "ok" if ratio <= GOAL else "MISS"
    print(f"{name:12} {rows:9} x {cols:<3} {best:10.4f} {ours:10.4f} {ratio:8.2f} {difference:11.1e} {verdict}", flush=True)
    return dict(model=name, rows=rows, cols=cols, scikit_learn_s=best, ironbook_s=ours, ratio=ratio, difference=difference, verdict=verdict)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    program = os.environ.get("IRONBOOK_LINEAR_BENCH") or build()
    print(f"{'model':12} {'size':>15} {'scikit s':>10} {'Ironbook s':>10} {'ratio':>8} {'difference':>11}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.bin"
        results = [compare(program, n, make, *size, rounds, path) for n, (make, sizes) in MODELS.items() for size in sizes]
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(any(r["verdict"] == "MISS" for r in results))


main()
