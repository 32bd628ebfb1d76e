"""Writes profile.json: a small table and what pandas, SciPy and scikit-learn say of it.

Needs    pip install pandas==2.3.3 scipy==1.17.1 scikit-learn==1.9.1
Run      python stdlib/data/tests/reference/make_profile.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats.contingency import association
from sklearn.metrics import roc_auc_score

LEVELS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
ROWS = 300


def table():
    random = np.random.default_rng(7)
    x = random.normal(50, 10, ROWS).round(1)
    table = pd.DataFrame({
        "x": x,
        "count": random.poisson(2, ROWS),
        "skewed": np.exp(random.normal(0, 1.5, ROWS)).round(3),
        "large": (1e9 + random.normal(0, 1, ROWS)).round(4),
        "group": random.choice(list("abcde"), ROWS),
    })
    table["y"] = (0.3 * x + random.normal(0, 3, ROWS)).round(2)
    table["kind"] = np.where(random.random(ROWS) < 0.7, table["group"].map(dict(zip("abcde", "uuvvw"))), "w")
    table["late"] = table["y"] + random.normal(0, 3, ROWS) > 16
    for name, share in (("x", 0.1), ("y", 0.07), ("group", 0.05)):
        table.loc[random.random(ROWS) < share, name] = None
    table.loc[290:, :] = table.loc[0:9, :].to_numpy()
    return table.astype({"x": float, "y": float, "skewed": float, "large": float, "count": int, "late": bool})


def of_number(values):
    return {
        "mean": values.mean(), "std": values.std(), "skew": values.skew(), "kurtosis": values.kurt(),
        "min": values.min(), "max": values.max(), "quantiles": values.quantile(LEVELS).tolist(),
        "zeros": int((values == 0).sum()),
    }


def ratio(groups, values):
    both = pd.DataFrame({"g": groups, "v": values}).dropna()
    mean = both.v.mean()
    between = sum(len(part) * (part.v.mean() - mean) ** 2 for _, part in both.groupby("g"))
    return float(np.sqrt(between / ((both.v - mean) ** 2).sum()))


def main():
    data = table()
    numeric = data.select_dtypes(["number", "bool"]).astype(float)
    # A shift changes no correlation, and pandas loses digits of values that are large and alike.
    numeric["large"] -= 1e9
    known = data.dropna(subset=["x"])
    found = {
        "data": {name: [None if pd.isna(v) else v for v in data[name].tolist()] for name in data},
        "repeated": int(data.duplicated().sum()),
        "distinct": {name: int(data[name].nunique()) for name in data},
        "missing": {name: int(data[name].isna().sum()) for name in data},
        "numbers": {name: of_number(data[name]) for name in data.select_dtypes("number")},
        "names": list(numeric),
        "pearson": numeric.corr().to_numpy().tolist(),
        "spearman": numeric.corr("spearman").to_numpy().tolist(),
        "cramers_v": float(association(pd.crosstab(data["group"], data["kind"]).to_numpy(), method="cramer")),
        "ratio_group_y": ratio(data["group"], data["y"]),
        "ratio_group_x": ratio(data["group"], data["x"]),
        "auc_x": float(roc_auc_score(known["late"], known["x"])),
        "auc_missing": float(roc_auc_score(data["late"], data["x"].isna())),
    }
    Path(__file__).with_name("profile.json").write_text(json.dumps(found, default=lambda value: value.item()) + "\n")


main()
