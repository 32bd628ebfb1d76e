"""Reference for gates: the paired bootstrap of two models' gains, every resample judged by scikit-learn.

pip install scikit-learn==1.9.1
python make_gate.py > gate.json

Each resample draws rows once and judges both models on them; the gain is the first model's advantage.
"""

import json

import numpy as np
from sklearn import metrics as m

rng = np.random.default_rng(11)
RESAMPLES = 4000
LOWER = {"log_loss", "brier", "rmse", "mae"}


def gains(statistics, truth, own, other, weight):
    better = lambda name, a, b: float(b - a if name in LOWER else a - b)
    drawn = {name: [] for name in statistics}
    for _ in range(RESAMPLES):
        pick = rng.integers(0, len(truth), len(truth))
        for name, statistic in statistics.items():
            y, w = truth[pick], weight[pick]
            drawn[name].append(better(name, statistic(y, own[pick], w), statistic(y, other[pick], w)))
    return {
        name: {
            "model": float(statistic(truth, own, weight)),
            "baseline": float(statistic(truth, other, weight)),
            "gain": better(name, statistic(truth, own, weight), statistic(truth, other, weight)),
            "std": float(np.std(drawn[name])),
            "interval": np.quantile(drawn[name], [0.025, 0.975]).tolist(),
            "chance": float(np.mean(np.array(drawn[name]) <= 0)),
        }
        for name, statistic in statistics.items()
    }


def binary(n):
    truth = (rng.random(n) < 0.3).astype(int)
    signal = 1.3 - 1.4 * truth - rng.standard_normal(n)
    # The champion sees almost the same as the model, a little less well.
    own = np.round(1 / (1 + np.exp(signal)), 6)
    other = np.round(1 / (1 + np.exp(signal + 0.8 * rng.standard_normal(n))), 6)
    weight = np.round(rng.gamma(2.0, 1.0, n), 3)
    statistics = {
        "roc_auc": lambda y, p, w: m.roc_auc_score(y, p, sample_weight=w),
        "average_precision": lambda y, p, w: m.average_precision_score(y, p, sample_weight=w),
        "log_loss": lambda y, p, w: m.log_loss(y, p, sample_weight=w, labels=[0, 1]),
        "brier": lambda y, p, w: np.average((p - y) ** 2, weights=w),
        "f1": lambda y, p, w: m.f1_score(y, (p > 0.5).astype(int), sample_weight=w),
    }
    return {
        "truth": truth.tolist(), "own": own.tolist(), "other": other.tolist(), "weight": weight.tolist(),
        "plain": gains(statistics, truth, own, other, np.ones(n)),
        "weighted": gains(statistics, truth, own, other, weight),
    }


def values(n):
    truth = rng.gamma(2.0, 3.0, n).round(6)
    own = (truth + rng.standard_normal(n)).round(6)
    other = (own + 0.4 * rng.standard_normal(n)).round(6)
    statistics = {
        "rmse": lambda y, p, w: m.root_mean_squared_error(y, p),
        "mae": lambda y, p, w: m.mean_absolute_error(y, p),
        "r2": lambda y, p, w: m.r2_score(y, p),
    }
    return {
        "truth": truth.tolist(), "own": own.tolist(), "other": other.tolist(),
        "plain": gains(statistics, truth, own, other, np.ones(n)),
    }


print(json.dumps({"binary": binary(400), "values": values(300)}))
