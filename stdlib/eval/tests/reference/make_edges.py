"""Reference values at the edges: probabilities on the borders of bins, targets that do not vary, average precision of many
classes, and intervals corrected for bias and skewness. scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.

pip install scikit-learn==1.9.1 scipy
python make_edges.py > edges.json
"""

import json

import numpy as np
import scipy.stats
from sklearn import metrics as m
from sklearn.calibration import calibration_curve

rng = np.random.default_rng(17)


def calibration(bins):
    # Means of trees: multiples of a tenth that are not what a tenth times them rounds to.
    proba = np.minimum(np.r_[np.arange(11) * 0.1, np.arange(11) / 10, np.cumsum(np.full(10, 0.1))].repeat(7), 1.0)
    truth = (rng.random(len(proba)) < proba).astype(int)
    out = {"bins": bins, "truth": truth.tolist(), "proba": proba.tolist()}
    for strategy in ("uniform", "quantile"):
        observed, mean = calibration_curve(truth, proba, n_bins=bins, strategy=strategy)
        out[strategy] = [observed.tolist(), mean.tolist()]
    return out


def classes(n, k):
    truth = rng.choice(k, size=n, p=[0.6, 0.25, 0.1, 0.05])
    proba = rng.dirichlet(np.ones(k), n) + np.eye(k)[truth] * 0.3
    proba = (proba / proba.sum(axis=1, keepdims=True)).round(1)
    proba[:, 0] = 1 - proba[:, 1:].sum(axis=1)
    weight = rng.integers(0, 3, n)
    hot = np.eye(k)[truth]
    return {
        "truth": truth.tolist(), "proba": proba.T.tolist(), "weight": weight.tolist(),
        "average_precision": m.average_precision_score(hot, proba),
        "weighted": m.average_precision_score(hot, proba, sample_weight=weight),
    }


def constant(value, n):
    truth, predicted = np.full(n, value), value + rng.standard_normal(n).round(3)
    return {
        "truth": truth.tolist(), "predicted": predicted.tolist(),
        "r2": m.r2_score(np.zeros(n), predicted - value), "explained": m.explained_variance_score(np.zeros(n), predicted - value),
    }


def intervals(name, values, statistic):
    out = {"name": name, "values": values.tolist(), "statistic": float(statistic(values))}
    for method in ("percentile", "BCa"):
        found = scipy.stats.bootstrap(
            (values,), statistic, vectorized=False, n_resamples=20_000, method=method, rng=np.random.default_rng(1)
        ).confidence_interval
        out[method] = [float(found.low), float(found.high)]
    return out


print(json.dumps({
    "calibration": [calibration(10), calibration(5), calibration(3)],
    "classes": classes(200, 4),
    "constant": [constant(0.1, 10), constant(1 / 3, 7), constant(1e9 + 0.1, 11)],
    "intervals": [
        intervals("mean of a skewed sample", rng.exponential(2.0, 40).round(4), np.mean),
        intervals("a share near 1", (rng.random(60) < 0.95).astype(float), np.mean),
        intervals("deviation", rng.standard_normal(50).round(4), np.std),
    ],
}))
