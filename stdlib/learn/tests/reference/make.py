"""Reference coefficients for the logistic regression: scikit-learn 1.9.1, numpy 2.4.6 (pip install scikit-learn==1.9.1).

python make.py > logistic.json

The features are made by a 64-bit generator that the Rust test repeats, so only the results are stored.
"""

import json
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("error")


def uniform(seed, count):
    """SplitMix64: the top 53 bits as numbers in [0, 1)."""
    out, state, mask = [], seed, (1 << 64) - 1
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        out.append(((z ^ (z >> 31)) >> 11) / 2.0**53)
    return np.array(out)


def data(case):
    n, p = case["rows"], case["cols"]
    x = uniform(case["seed"], n * p).reshape(p, n).T - 0.5
    # Targets follow the first two features and noise, so that no case is separable.
    noise = uniform(case["seed"] + 1, n)
    y = (1.5 * x[:, 0] - x[:, 1] + case["shift"] + noise > 0.5).astype(int)
    if "near_copy" in case:
        x[:, -1] = x[:, 0] + case["near_copy"] * x[:, -1]
    x = x * np.array(case.get("scale", [1.0] * p)) + np.array(case.get("offset", [0.0] * p))
    weights = np.floor(uniform(case["seed"] + 2, n) * 4.0) if case.get("weighted") else None
    return x, y, weights


CASES = [
    dict(name="plain", rows=500, cols=4, seed=1, shift=0.0),
    dict(name="weak penalty", rows=500, cols=4, seed=2, shift=0.1, c=100.0),
    dict(name="strong penalty", rows=500, cols=4, seed=3, shift=0.1, c=0.01),
    dict(name="no penalty", rows=500, cols=4, seed=3, shift=0.1, c="inf"),
    dict(name="no intercept", rows=500, cols=4, seed=4, shift=0.3, fit_intercept=False),
    dict(name="unscaled", rows=800, cols=4, seed=5, shift=0.1, scale=[1e3, 1e-3, 1.0, 50.0], offset=[2e3, 0.0, 5.0, 1015.0], c=10.0),
    dict(name="ill-conditioned", rows=800, cols=5, seed=6, shift=0.1, near_copy=1e-4, c=1e4),
    dict(name="weighted", rows=700, cols=4, seed=7, shift=0.1, weighted=True),
    dict(name="balanced", rows=700, cols=4, seed=8, shift=-0.35, balanced=True),
    dict(name="weighted and balanced", rows=700, cols=4, seed=9, shift=-0.35, weighted=True, balanced=True),
    dict(name="constant feature", rows=300, cols=3, seed=10, shift=0.0, scale=[1.0, 1.0, 0.0], offset=[0.0, 0.0, 0.1]),
    dict(name="several blocks", rows=9001, cols=3, seed=11, shift=0.0),
    dict(name="wide", rows=600, cols=300, seed=12, shift=0.0),
    dict(name="wide, unscaled", rows=1500, cols=120, seed=13, shift=0.0, near_copy=0.05, c=10.0,
         scale=[10.0 ** (j % 7 - 3) for j in range(120)], offset=[float(j % 5) for j in range(120)]),
]


def check(model, x, y, weights, c):
    """The gradient of the objective at the solution must vanish, whatever the solver says of itself."""
    w = model.coef_[0]
    rows = np.ones(len(y)) if weights is None else weights.copy()
    if model.class_weight == "balanced":
        rows *= np.where(y == 1, rows.sum() / (2 * rows[y == 1].sum()), rows.sum() / (2 * rows[y == 0].sum()))
    residual = rows * (model.predict_proba(x)[:, 1] - y)
    moved = x - (x.mean(axis=0) if model.fit_intercept else 0.0)
    spread = np.sqrt((moved**2).mean(axis=0))
    gradient = (moved.T @ residual + w / c) / rows.sum() / np.where(spread > 1e-12, spread, 1.0)
    assert np.abs(gradient).max() < 1e-11, gradient
    assert not model.fit_intercept or abs(residual.sum()) / rows.sum() < 1e-11, residual.sum()


def solve(case):
    x, y, weights = data(case)
    c = np.inf if case.get("c") == "inf" else case.get("c", 1.0)
    # newton-cholesky is exact where lbfgs stops early; both minimise the same objective.
    model = LogisticRegression(
        C=c,
        fit_intercept=case.get("fit_intercept", True),
        class_weight="balanced" if case.get("balanced") else None,
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=500,
    )
    with warnings.catch_warnings():
        # With so small a tolerance its line search complains once it stands at the minimum.
        warnings.simplefilter("ignore")
        model.fit(x, y, sample_weight=weights)
    check(model, x, y, weights, c)
    return {
        **case,
        "positives": int(y.sum()),
        "coef": model.coef_[0].tolist(),
        "intercept": float(np.ravel(model.intercept_)[0]),
        "proba": model.predict_proba(x[:20])[:, 1].tolist(),
        "predict": model.predict(x[:20]).tolist(),
    }


print(json.dumps([solve(case) for case in CASES], indent=1))
