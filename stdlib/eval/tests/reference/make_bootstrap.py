"""Reference bootstrap: scipy 1.18 and scikit-learn 1.9.1, every resample drawn row by row and judged from scratch.

pip install scikit-learn==1.9.1 scipy
python make_bootstrap.py > bootstrap.json

For each case the deviation of the metrics over resamples, and scipy's percentile interval.
"""

import json

import numpy as np
import scipy.stats
from sklearn import metrics as m

rng = np.random.default_rng(3)
RESAMPLES = 4000


def spread(rows, statistics, data):
    draws = {name: [] for name in statistics}
    for _ in range(RESAMPLES):
        pick = rng.integers(0, rows, rows)
        for name, statistic in statistics.items():
            draws[name].append(statistic(*(column[pick] for column in data)))
    return {
        name: {"mean": float(np.mean(v)), "std": float(np.std(v)), "interval": np.quantile(v, [0.025, 0.975]).tolist()}
        for name, v in draws.items()
    }


def binary(name, n, digits):
    truth = (rng.random(n) < 0.3).astype(int)
    proba = np.round(1 / (1 + np.exp(1.3 - 1.4 * truth - rng.standard_normal(n))), digits)
    weight = np.round(rng.gamma(2.0, 1.0, n), 3)
    yes = lambda p: (p > 0.5).astype(int)
    metrics = {
        "roc_auc": lambda y, p, w: m.roc_auc_score(y, p, sample_weight=w),
        "average_precision": lambda y, p, w: m.average_precision_score(y, p, sample_weight=w),
        "log_loss": lambda y, p, w: m.log_loss(y, p, sample_weight=w, labels=[0, 1]),
        "brier": lambda y, p, w: np.average((p - y) ** 2, weights=w),
        "accuracy": lambda y, p, w: np.average(yes(p) == y, weights=w),
        "f1": lambda y, p, w: m.f1_score(y, yes(p), sample_weight=w),
        "mcc": lambda y, p, w: m.matthews_corrcoef(y, yes(p), sample_weight=w),
    }
    one = np.ones(n)
    scipys = scipy.stats.bootstrap(
        (truth, proba), lambda y, p: np.average((p - y) ** 2), paired=True, vectorized=False,
        n_resamples=RESAMPLES, method="percentile", rng=rng,
    ).confidence_interval
    return {
        "name": name, "truth": truth.tolist(), "proba": proba.tolist(), "weight": weight.tolist(),
        "plain": spread(n, metrics, (truth, proba, one)),
        "weighted": spread(n, metrics, (truth, proba, weight)),
        "scipy_brier": [scipys.low, scipys.high],
    }


def values(n):
    truth = rng.gamma(2.0, 3.0, n)
    predicted = 0.7 * truth + 2.0 + rng.standard_normal(n)
    metrics = {
        "rmse": m.root_mean_squared_error,
        "mae": m.mean_absolute_error,
        "r2": m.r2_score,
        "median_absolute_error": m.median_absolute_error,
        "explained_variance": m.explained_variance_score,
        "bias": lambda y, p: float(np.mean(y - p)),
    }
    return {"truth": truth.round(6).tolist(), "predicted": predicted.round(6).tolist(), "plain": spread(n, metrics, (truth, predicted))}


def classes(n, k):
    truth = np.r_[np.arange(k), rng.choice(k, size=n - k, p=[0.5, 0.3, 0.2])]
    logits = rng.standard_normal((n, k)) + 1.2 * np.eye(k)[truth]
    proba = np.exp(logits)
    proba = (proba / proba.sum(axis=1, keepdims=True)).round(5)
    proba[:, 0] = 1 - proba[:, 1:].sum(axis=1)
    best = lambda p: p.argmax(axis=1)
    metrics = {
        "roc_auc": lambda y, p: m.roc_auc_score(y, p, multi_class="ovr"),
        "log_loss": m.log_loss,
        "accuracy": lambda y, p: m.accuracy_score(y, best(p)),
        "f1_macro": lambda y, p: m.f1_score(y, best(p), average="macro"),
        "mcc": lambda y, p: m.matthews_corrcoef(y, best(p)),
        "average_precision": lambda y, p: m.average_precision_score(np.eye(k)[y], p),
    }
    return {"truth": truth.tolist(), "proba": proba.T.tolist(), "plain": spread(n, metrics, (truth, proba))}


print(json.dumps({
    "binary": [binary("continuous", 400, 6), binary("ties", 400, 1)],
    "values": values(300),
    "classes": classes(300, 3),
}))
