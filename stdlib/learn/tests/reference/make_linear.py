"""Reference coefficients of the linear models: scikit-learn 1.9.1, numpy 2.4.6 (pip install scikit-learn==1.9.1).

python make_linear.py > linear.json

The features are made by a 64-bit generator that the Rust test repeats, so only the results are stored. Iterative
solvers run at tolerances far below what the tests ask for.
"""

import json
import warnings

import numpy as np
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge

warnings.simplefilter("ignore")


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
    noise = uniform(case["seed"] + 1, n)
    signal = 1.5 * x[:, 0] - x[:, 1] + 0.25 * noise
    if "near_copy" in case:
        x[:, -1] = x[:, 0] + case["near_copy"] * x[:, -1]
    if case.get("sum"):
        x[:, -1] = x[:, 0] + x[:, 1]
    x = x * np.array(case.get("scale", [1.0] * p)) + np.array(case.get("offset", [0.0] * p))
    weights = np.floor(uniform(case["seed"] + 2, n) * 4.0) if case.get("weighted") else None
    if "classes" in case:
        y = np.minimum(np.floor((signal + 1.3) / 2.6 * case["classes"]), case["classes"] - 1).astype(int)
    else:
        y = 3.0 + signal
    return x, y, weights


SCALE = dict(scale=[1e3, 1e-3, 1.0, 50.0], offset=[2e3, 0.0, 5.0, 1015.0])
LINEAR = [
    dict(name="plain", rows=300, cols=4, seed=1),
    dict(name="no intercept", rows=300, cols=4, seed=2, fit_intercept=False),
    dict(name="unscaled", rows=300, cols=4, seed=3, **SCALE),
    # Scales further apart and scikit-learn takes a column for dependent (its tol of 1e-6 on singular values) and drops it.
    dict(name="weighted", rows=300, cols=4, seed=4, weighted=True, scale=[10.0, 0.1, 1.0, 50.0], offset=[20.0, 0.0, 5.0, 1015.0]),
    dict(name="near copy", rows=300, cols=4, seed=5, near_copy=1e-5),
    dict(name="dependent", rows=300, cols=4, seed=6, sum=True),
    dict(name="dependent, unscaled", rows=300, cols=4, seed=7, sum=True, scale=[2.0, 0.5, 30.0, 1.0]),
    dict(name="constant", rows=300, cols=3, seed=8, scale=[1.0, 1.0, 0.0], offset=[0.0, 0.0, 0.1]),
    dict(name="more columns than rows", rows=20, cols=30, seed=9),
    dict(name="several blocks", rows=9001, cols=3, seed=10),
    dict(name="far", rows=1000, cols=3, seed=11, offset=[1e8, -1e6, 0.0]),
]
RIDGE = [dict(case, alpha=alpha) for case in LINEAR[:6] + LINEAR[7:] for alpha in (0.1, 50.0)]
SPARSE = [dict(case, alpha=alpha, l1_ratio=ratio)
          for case in (LINEAR[0], LINEAR[1], LINEAR[3], LINEAR[9]) for alpha, ratio in ((0.01, 1.0), (0.05, 1.0), (0.02, 0.4))]
SPARSE += [dict(LINEAR[5], alpha=0.02, l1_ratio=0.5), dict(LINEAR[8], alpha=0.01, l1_ratio=0.7)]
CLASSES = dict(rows=600, cols=4, seed=31)
LOGISTIC = [
    dict(name="three classes", **CLASSES, classes=3),
    dict(name="five classes", **dict(CLASSES, seed=32), classes=5, c=10.0),
    dict(name="three classes, no penalty", **dict(CLASSES, seed=33), classes=3, c="inf"),
    dict(name="three classes, no intercept", **dict(CLASSES, seed=34), classes=3, fit_intercept=False),
    dict(name="three classes, unscaled", **dict(CLASSES, seed=35), classes=3, **SCALE),
    dict(name="three classes, weighted", **dict(CLASSES, seed=36), classes=3, weighted=True),
    dict(name="three classes, balanced", **dict(CLASSES, seed=37), classes=3, balanced=True),
    dict(name="four classes, wide", rows=500, cols=60, seed=38, classes=4),
    dict(name="two classes, L1", **dict(CLASSES, seed=41), classes=2, c=0.2, l1_ratio=1.0),
    dict(name="two classes, elastic net", **dict(CLASSES, seed=42), classes=2, c=0.2, l1_ratio=0.5),
    dict(name="two classes, L1, no intercept", **dict(CLASSES, seed=43), classes=2, c=0.1, l1_ratio=1.0, fit_intercept=False),
    dict(name="two classes, L1, weighted", **dict(CLASSES, seed=44), classes=2, c=0.05, l1_ratio=1.0, weighted=True),
    dict(name="three classes, L1", **dict(CLASSES, seed=45), classes=3, c=0.1, l1_ratio=1.0),
    dict(name="three classes, elastic net", **dict(CLASSES, seed=46), classes=3, c=0.1, l1_ratio=0.3),
    dict(name="two classes, L1, wide", rows=300, cols=80, seed=47, classes=2, c=0.3, l1_ratio=1.0),
]


def regression(case):
    x, y, weights = data(case)
    intercept = case.get("fit_intercept", True)
    if "l1_ratio" in case:
        model = ElasticNet(alpha=case["alpha"], l1_ratio=case["l1_ratio"], fit_intercept=intercept, tol=1e-14, max_iter=1_000_000)
    elif "alpha" in case:
        model = Ridge(alpha=case["alpha"], fit_intercept=intercept, solver="svd")
    else:
        model = LinearRegression(fit_intercept=intercept)
    model.fit(x, y, sample_weight=weights)
    return dict(case, coef=model.coef_.tolist(), intercept=float(model.intercept_), r2=model.score(x, y, weights))


def logistic(case):
    x, y, weights = data(case)
    c = float(case.get("c", 1.0))
    options = dict(C=c, fit_intercept=case.get("fit_intercept", True), max_iter=1_000_000,
                   class_weight="balanced" if case.get("balanced") else None)
    if "l1_ratio" in case:
        model = LogisticRegression(solver="saga", l1_ratio=case["l1_ratio"], tol=1e-12, random_state=0, **options)
    else:
        model = LogisticRegression(solver="newton-cholesky", tol=1e-12, **options)
    model.fit(x, y, sample_weight=weights)
    return dict(case, coef=model.coef_.tolist(), intercept=model.intercept_.tolist() if np.ndim(model.intercept_) else [0.0] * len(model.coef_),
                proba=model.predict_proba(x[:10]).tolist(), predict=model.predict(x[:40]).tolist())


def main():
    out = dict(linear=[regression(c) for c in LINEAR], ridge=[regression(c) for c in RIDGE],
               sparse=[regression(c) for c in SPARSE], logistic=[logistic(c) for c in LOGISTIC])
    print(json.dumps(out, separators=(",", ":")))


main()
