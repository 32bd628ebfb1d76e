"""Reference values of drift: what Evidently says of pairs of columns, by default and by each test that it allows.

Evidently 0.7.23, scipy 1.17.1, numpy 2.4.6, pandas 2.3.3 (tests/env/drift.txt).

pip install -r tests/env/drift.txt
python make.py > reference.json

Samples are made by recipes that the test repeats bit for bit, so that they need not be stored: a linear congruential
generator, and sums and products of its numbers.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats
from evidently import Dataset, Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset

warnings.filterwarnings("ignore")
MASK = (1 << 64) - 1
FLIGHTS = Path(__file__).resolve().parents[4] / "examples/flights/data/flights.parquet"


def uniforms(seed, count):
    state, out = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        out.append((state >> 11) / float(1 << 53))
    return out


def sample(recipe):
    """kind, seed, rows; then shift and scale; every so many values are missing or infinite."""
    kind, n = recipe["kind"], recipe["rows"]
    shift, scale = recipe.get("shift", 0.0), recipe.get("scale", 1.0)
    if kind == "bell":
        u = uniforms(recipe["seed"], 12 * n)
        values = [sum(u[12 * i + j] for j in range(12)) - 6.0 for i in range(n)]
    elif kind == "skew":
        values = [u * u * u for u in uniforms(recipe["seed"], n)]
    elif kind in ("whole", "text", "flag"):
        values = [float(int(u * u * recipe["values"])) for u in uniforms(recipe["seed"], n)]
    elif kind == "constant":
        values = [0.0] * n
    values = [shift + scale * v for v in values]
    dtype = recipe["dtype"]
    if dtype == "str":
        values = [f"c{int(v)}" for v in values]
    elif dtype == "bool":
        values = [v >= 1.0 for v in values]
    elif dtype == "i64":
        values = [int(v) for v in values]
    elif dtype == "f32":
        values = [float(np.float32(v)) for v in values]
    if (every := recipe.get("missing", 0)) > 0:
        values = [None if i % every == every - 1 else v for i, v in enumerate(values)]
    if (every := recipe.get("infinite", 0)) > 0:
        values = [float("inf") if i % every == 0 else v for i, v in enumerate(values)]
    return values


def series(recipe):
    dtype, values = recipe["dtype"], sample(recipe)
    gaps = any(v is None for v in values)
    if dtype in ("str", "bool"):
        return pd.Series(values, dtype=object if gaps or dtype == "str" else bool)
    if dtype == "i64" and not gaps:
        return pd.Series(values, dtype="int64")
    return pd.Series([np.nan if v is None else v for v in values], dtype="float32" if dtype == "f32" else "float64")


def pair(name, reference, current):
    return {"name": name, "reference": reference, "current": current}


def r(kind, seed, rows, dtype="f64", **more):
    return {"kind": kind, "seed": seed, "rows": rows, "dtype": dtype, **more}


PAIRS = [
    pair("same distribution", r("bell", 1, 300), r("bell", 2, 250)),
    pair("shifted", r("bell", 3, 300), r("bell", 4, 250, shift=0.4)),
    pair("equal sizes", r("bell", 5, 200), r("bell", 6, 200, shift=0.15)),
    pair("sizes with a common divisor", r("bell", 7, 120), r("bell", 8, 900, scale=1.3)),
    pair("no overlap", r("bell", 9, 40), r("bell", 10, 30, shift=100.0)),
    pair("tiny samples", r("bell", 11, 7), r("bell", 12, 6, shift=0.5)),
    pair("one row", r("bell", 13, 1), r("bell", 14, 1)),
    pair("the same rows", r("bell", 15, 500), r("bell", 15, 500)),
    pair("ties", r("whole", 16, 400, values=30), r("whole", 17, 333, values=33)),
    pair("ties of halves", r("whole", 18, 400, values=40, scale=0.5), r("whole", 19, 400, values=41, scale=0.5)),
    pair("skewed", r("skew", 20, 800), r("skew", 21, 700, scale=1.1)),
    pair("constant", r("constant", 0, 50, shift=3.5), r("constant", 0, 40, shift=3.5)),
    pair("two constants", r("constant", 0, 50, shift=3.5), r("constant", 0, 40, shift=4.5)),
    pair("constant now", r("bell", 22, 100), r("constant", 0, 60)),
    pair("constant, many rows", r("constant", 0, 1500, shift=2.0), r("constant", 0, 1600, shift=2.0)),
    pair("two constants, many rows", r("constant", 0, 1500, shift=2.0), r("constant", 0, 1600, shift=5.0)),
    pair("two values", r("flag", 23, 300, values=2), r("flag", 24, 200, values=2, scale=1.0)),
    pair("three values", r("whole", 25, 300, values=3, scale=0.25), r("whole", 26, 280, values=3, scale=0.25)),
    pair("five values", r("whole", 27, 300, values=5), r("whole", 28, 280, values=5)),
    pair("six values", r("whole", 29, 300, values=6), r("whole", 30, 280, values=6)),
    pair("five values, many rows", r("whole", 31, 3000, values=5), r("whole", 32, 2000, values=5)),
    pair("twenty values, many rows", r("whole", 33, 3000, values=20), r("whole", 34, 2000, values=22)),
    pair("missing", r("bell", 35, 300, missing=7), r("bell", 36, 250, missing=3, shift=0.3)),
    pair("missing, and infinite", r("bell", 37, 300, missing=11, infinite=13), r("bell", 38, 250, infinite=50)),
    pair("missing takes it below the limit", r("bell", 39, 1100, missing=5), r("bell", 40, 500)),
    pair("a thousand rows", r("bell", 41, 1000), r("bell", 42, 1200, shift=0.02)),
    pair("a thousand and one", r("bell", 43, 1001), r("bell", 44, 1200, shift=0.02)),
    pair("many rows", r("bell", 45, 4000), r("bell", 46, 3000, shift=0.1)),
    pair("many rows, exact no more", r("bell", 47, 4000), r("bell", 48, 12000, shift=0.03)),
    pair("many rows, the same distribution", r("bell", 49, 15000), r("bell", 50, 11000)),
    pair("few against many", r("bell", 51, 20), r("bell", 52, 12000, shift=0.2)),
    pair("a hundred against many", r("bell", 53, 130), r("bell", 54, 11000, shift=0.05)),
    pair("a hundred against many, apart", r("bell", 55, 130), r("bell", 56, 11000, shift=0.5)),
    pair("a large difference", r("bell", 57, 15000), r("bell", 58, 12000, shift=1.5)),
    pair("single precision", r("bell", 59, 2000, "f32", shift=50.0), r("bell", 60, 1800, "f32", shift=50.2)),
    pair("single precision, few rows", r("skew", 61, 500, "f32", scale=30.0), r("skew", 62, 450, "f32", scale=31.0)),
    pair("large numbers", r("bell", 63, 1500, shift=1e9, scale=1e5), r("bell", 64, 1500, shift=1e9, scale=1.2e5)),
    pair("small numbers", r("bell", 65, 1500, scale=1e-5), r("bell", 66, 1500, scale=2e-5)),
    pair("whole numbers", r("whole", 67, 700, "i64", values=50), r("whole", 68, 800, "i64", values=55)),
    pair("whole numbers, many rows", r("whole", 69, 2500, "i64", values=300), r("whole", 70, 2600, "i64", values=330)),
    pair("whole numbers with few values", r("whole", 71, 500, "i64", values=8), r("whole", 72, 400, "i64", values=9)),
    pair("whole numbers with few values now", r("whole", 73, 500, "i64", values=60), r("whole", 74, 90, "i64", values=9)),
    pair("whole numbers with few values, many rows", r("whole", 75, 5000, "i64", values=8), r("whole", 76, 400, "i64", values=9)),
    pair("booleans", r("flag", 77, 300, "bool", values=3), r("flag", 78, 250, "bool", values=4)),
    pair("booleans, many rows", r("flag", 79, 3000, "bool", values=3), r("flag", 80, 2500, "bool", values=4)),
    pair("always true", r("constant", 0, 300, "bool", shift=1.0), r("constant", 0, 250, "bool", shift=1.0)),
    pair("text, two values", r("text", 81, 300, "str", values=2), r("text", 82, 250, "str", values=2)),
    pair("text, few rows", r("text", 83, 300, "str", values=7), r("text", 84, 250, "str", values=7)),
    pair("text, a new category", r("text", 85, 300, "str", values=6), r("text", 86, 250, "str", values=7)),
    pair("text, a category gone", r("text", 87, 300, "str", values=7), r("text", 88, 250, "str", values=6)),
    pair("text, nothing in common", r("text", 89, 300, "str", values=3), r("text", 90, 250, "str", values=3, shift=5.0)),
    pair("text, one value", r("constant", 0, 300, "str"), r("constant", 0, 250, "str")),
    pair("text, missing", r("text", 91, 300, "str", values=7, missing=4), r("text", 92, 250, "str", values=8, missing=9)),
    pair("text, many rows", r("text", 93, 3000, "str", values=40), r("text", 94, 2500, "str", values=44)),
    pair("text, many values", r("text", 95, 3000, "str", values=700), r("text", 96, 2500, "str", values=750)),
]


def value(method, reference, current):
    run = Report([ValueDrift(column="x", method=method)]).run(
        Dataset.from_pandas(pd.DataFrame({"x": current})), Dataset.from_pandas(pd.DataFrame({"x": reference}))
    )
    return float(run.dict()["metrics"][0]["value"])


def judged(case):
    reference, current = series(case["reference"]), series(case["current"])
    kind = str(Dataset.from_pandas(pd.DataFrame({"x": current})).column("x").type.value)
    clean = [s.replace([-np.inf, np.inf], np.nan).dropna() for s in (reference, current)]
    usual = get_stattest(clean[0], clean[1], kind, None)
    tests = {"num": ["ks", "wasserstein"], "cat": ["chisquare", "z"]}[kind] + ["jensenshannon", "psi"]
    result = usual(clean[0], clean[1], kind, None)
    default = value(None, reference, current)
    assert default == result.drift_score
    out = {
        "kind": kind, "default": usual.name, "threshold": usual.default_threshold,
        "score": default, "drifted": bool(result.drifted), "tests": {},
    }
    for test in tests:
        score = value(test, reference, current)
        # One category has no chi-square.
        out["tests"][test] = None if np.isnan(score) else score
    return case | out


def flights():
    """Evidently's preset on the flights of the example, first half of the year against the second."""
    table = pd.read_parquet(FLIGHTS)
    reference, current = table[table.month <= 6], table[table.month > 6]
    run = Report([DataDriftPreset()]).run(current, reference).dict()
    scores, share = {}, None
    for metric in run["metrics"]:
        if metric["metric_name"].startswith("DriftedColumnsCount"):
            share = {k: float(v) for k, v in metric["value"].items()}
        else:
            scores[metric["config"]["column"]] = float(metric["value"])
    return {"scores": scores, "drifted": share}


def main():
    rng = np.random.default_rng(3)
    p = [rng.uniform(size=12).round(3).tolist(), [0.01, 0.04, 0.03, 0.005, 0.9], [0.02, 0.02, 0.5], [0.3]]
    json.dump(
        {
            "pairs": [judged(case) for case in PAIRS],
            "fdr": [{"p": p, "adjusted": scipy.stats.false_discovery_control(p).tolist()} for p in p],
            "flights": flights(),
        },
        sys.stdout, indent=1,
    )


if __name__ == "__main__":
    main()
