"""Times the profile of the flights, Ironbook and ydata-profiling side by side on this machine.

Needs    pip install ydata-profiling==4.18.1 pyarrow setuptools      (in an environment of its own)
Run      python bench/profile/run.py [rounds]            (3 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-data --example profile_bench`), in CARGO_TARGET_DIR if set.

The task: examples/flights/data/flights.parquet (336,776 rows x 15 columns), in memory, to a profile with correlations
and its HTML page. Both sides have two threads and take turns; the best time of each counts. ydata-profiling runs as
`minimal=True` (no correlations, no duplicate rows) and with Pearson and Spearman correlations and duplicate rows, as
Ironbook computes them; its interaction plots are off, and it draws no sample table. The floor is what pandas takes for
describe, nunique, both correlations and duplicated, without any page.
"""

import json
import os
import subprocess
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "2"
os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "True"
warnings.simplefilter("ignore")

try:
    import pandas as pd
except ImportError as missing:
    print(f"SKIPPED: profile ({missing}; bench/requirements.txt lists what it needs)")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples/flights/data/flights.parquet"
LIMIT_S = 1.0  # the figure: a profile of the flights in under a second
MOST_BYTES = 1_000_000  # and its page under a megabyte


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-data", "--example", "profile_bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/profile_bench"


def ironbook(program):
    out = subprocess.run([program, DATA, "3"], check=True, capture_output=True, text=True)
    found = json.loads(out.stdout)
    return min(found["with_html_s"]), found["html_bytes"]


def ydata(data, minimal):
    from ydata_profiling import ProfileReport

    options = {"minimal": True} if minimal else {
        "correlations": {"auto": {"calculate": False}, "pearson": {"calculate": True}, "spearman": {"calculate": True}},
        "interactions": {"continuous": False, "targets": []},
        "samples": {"head": 0, "tail": 0},
    }
    start = time.perf_counter()
    page = ProfileReport(data.copy(), progress_bar=False, pool_size=2, **options).to_html()
    return time.perf_counter() - start, len(page.encode())


def floor(data):
    start = time.perf_counter()
    data.describe(include="all")
    data.nunique()
    data.duplicated().sum()
    numbers = data.select_dtypes("number")
    numbers.corr()
    numbers.corr("spearman")
    return time.perf_counter() - start, 0


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    program = build()
    data = pd.read_parquet(DATA)
    sides = {
        "Ironbook": lambda: ironbook(program),
        "ydata-profiling, minimal": lambda: ydata(data, True),
        "ydata-profiling, same content": lambda: ydata(data, False),
        "pandas, no page": lambda: floor(data),
    }
    best = {name: (float("inf"), 0) for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            best[name] = min(best[name], run())
    own, size = best["Ironbook"]
    print(f"{len(data)} rows x {data.shape[1]} columns, 2 threads, best of {rounds} rounds, "
          f"ydata-profiling {version('ydata-profiling')}, pandas {pd.__version__}")
    print(f"{'':32} {'seconds':>9} {'page, kB':>9} {'Ironbook /':>10}")
    for name, (seconds, page) in best.items():
        print(f"{name:32} {seconds:9.3f} {page / 1000:9.0f} {own / seconds:10.4f}")
    checks = {f"under {LIMIT_S:.0f} s": own < LIMIT_S, "page under 1 MB": size < MOST_BYTES}
    for what, held in checks.items():
        print(f"{what:32} {'ok' if held else 'MISS'}")
    results = {"seconds": {name: s for name, (s, _) in best.items()}, "page_bytes": {name: p for name, (_, p) in best.items()}}
    Path(__file__).with_name("results.json").write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(0 if all(checks.values()) else 1)


main()
