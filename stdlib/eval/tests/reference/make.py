"""Reference values for the metrics: scikit-learn 1.9.1, numpy 2.4.6 (pip install scikit-learn==1.9.1).

python make.py > metrics.json
"""

import json

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(20)


def case(name, truth, score, weight=None):
    truth, score = np.asarray(truth, dtype=int), np.asarray(score, dtype=float)
    weight = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=float)
    predicted = (score > 0.5).astype(int)
    fpr, tpr, thresholds = metrics.roc_curve(truth, score)
    out = {
        "name": name,
        "truth": truth.tolist(),
        "score": score.tolist(),
        "weight": weight.tolist(),
        "roc_auc": metrics.roc_auc_score(truth, score),
        "average_precision": metrics.average_precision_score(truth, score),
        "log_loss": metrics.log_loss(truth, score),
        "brier": metrics.brier_score_loss(truth, score),
        "accuracy": metrics.accuracy_score(truth, predicted),
        "precision": metrics.precision_score(truth, predicted, zero_division=0),
        "recall": metrics.recall_score(truth, predicted, zero_division=0),
        "f1": metrics.f1_score(truth, predicted, zero_division=0),
        "confusion": metrics.confusion_matrix(truth, predicted).ravel().tolist(),
        "fpr": fpr.tolist(),
        "tpr": tpr.tolist(),
        "thresholds": ["inf" if np.isinf(t) else t for t in thresholds.tolist()],
        "weighted": {
            "roc_auc": metrics.roc_auc_score(truth, score, sample_weight=weight),
            "average_precision": metrics.average_precision_score(truth, score, sample_weight=weight),
            "log_loss": metrics.log_loss(truth, score, sample_weight=weight),
            "brier": metrics.brier_score_loss(truth, score, sample_weight=weight),
            "accuracy": metrics.accuracy_score(truth, predicted, sample_weight=weight),
        },
    }
    return out


def random(n, noise):
    truth = rng.random(n) < 0.3
    return truth, np.clip(0.2 + 0.3 * truth + noise * rng.standard_normal(n), 0.0, 1.0)


cases = [
    case("four rows", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]),
    case("perfect", [0, 0, 1, 1, 1], [0.1, 0.2, 0.6, 0.7, 0.9]),
    case("reversed", [1, 1, 0, 0], [0.1, 0.2, 0.6, 0.7]),
    case("one score", [0, 1, 1, 0, 1], [0.3] * 5),
    case("certain errors", [0, 1, 0, 1], [1.0, 0.0, 0.0, 1.0]),
    case("tiny probabilities", [0, 1, 1, 0], [1e-300, 1e-17, 1.0 - 1e-16, 0.5]),
    case("random", *random(200, 0.2)),
    case("random, weighted", *random(150, 0.3), np.floor(rng.random(150) * 3)),
    case("ties, weighted", rng.random(300) < 0.4, np.round(rng.random(300), 1), rng.random(300)),
]
print(json.dumps(cases))
