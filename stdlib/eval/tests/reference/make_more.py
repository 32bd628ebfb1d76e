"""Reference values of the other metrics: scikit-learn 1.9.1, scipy 1.18.0, numpy 2.4.6.

pip install scikit-learn==1.9.1 scipy
python make_more.py > more.json
"""

import itertools
import json

import numpy as np
import sklearn.calibration
from sklearn import metrics as m

rng = np.random.default_rng(11)


def listed(x):
    return np.asarray(x).tolist()


def curves(truth, score, weight):
    out = {}
    for name, w in (("plain", None), ("weighted", weight)):
        fpr, tpr, thresholds = m.roc_curve(truth, score, sample_weight=w, drop_intermediate=False)
        precision, recall, cuts = m.precision_recall_curve(truth, score, sample_weight=w)
        out[name] = {
            "fpr": listed(fpr), "tpr": listed(tpr),
            "precision": listed(precision), "recall": listed(recall), "thresholds": listed(cuts),
            "ks": float(np.max(tpr - fpr)),
        }
    return out


def binary(name, n, digits):
    truth = (rng.random(n) < 0.35).astype(int)
    score = np.clip(np.round(0.3 + 0.25 * truth + 0.2 * rng.standard_normal(n), digits), 0, 1)
    weight = rng.integers(0, 4, n) / 4
    predicted = (score > 0.5).astype(int)
    calibration = {}
    for strategy in ("uniform", "quantile"):
        observed, mean = sklearn.calibration.calibration_curve(truth, score, n_bins=8, strategy=strategy)
        calibration[strategy] = [listed(observed), listed(mean)]
    f1 = max(((m.f1_score(truth, score >= t), t) for t in np.unique(score)), key=lambda x: (x[0], x[1]))
    return {
        "name": name, "truth": listed(truth), "score": listed(score), "weight": listed(weight),
        "curves": curves(truth, score, weight), "calibration": calibration,
        "best_f1": f1[0],
        "balanced_accuracy": m.balanced_accuracy_score(truth, predicted),
        "mcc": m.matthews_corrcoef(truth, predicted),
        "kappa": m.cohen_kappa_score(truth, predicted),
        "weighted_mcc": m.matthews_corrcoef(truth, predicted, sample_weight=weight),
        "weighted_precision": m.precision_score(truth, predicted, sample_weight=weight),
        "weighted_recall": m.recall_score(truth, predicted, sample_weight=weight),
        "weighted_f1": m.f1_score(truth, predicted, sample_weight=weight),
    }


def classes(name, n, k, rare=False):
    truth = rng.choice(k, size=n, p=rng.dirichlet(np.full(k, 0.7 if rare else 5.0)))
    truth[:k] = np.arange(k)
    logits = rng.standard_normal((n, k)) + 1.5 * np.eye(k)[truth]
    proba = np.exp(logits)
    proba /= proba.sum(axis=1, keepdims=True)
    if rare:
        proba = np.round(proba, 1)
        proba[:, 0] = 1 - proba[:, 1:].sum(axis=1)
        proba = np.clip(proba, 0, 1)
        proba /= proba.sum(axis=1, keepdims=True)
    predicted = proba.argmax(axis=1)
    weight = rng.random(n)
    labels = np.arange(k)
    out = {"name": name, "truth": listed(truth), "proba": listed(proba.T), "predicted": listed(predicted), "weight": listed(weight)}
    for key, w in (("plain", None), ("weighted", weight)):
        auc = lambda **how: m.roc_auc_score(truth, proba, labels=labels, sample_weight=w, **how)
        out[key] = {
            "confusion": listed(m.confusion_matrix(truth, predicted, sample_weight=w).astype(float)),
            "accuracy": m.accuracy_score(truth, predicted, sample_weight=w),
            "balanced_accuracy": m.balanced_accuracy_score(truth, predicted, sample_weight=w),
            "kappa": m.cohen_kappa_score(truth, predicted, sample_weight=w),
            "mcc": m.matthews_corrcoef(truth, predicted, sample_weight=w),
            "log_loss": m.log_loss(truth, proba, labels=labels, sample_weight=w),
            "brier": m.brier_score_loss(truth, proba, labels=labels, sample_weight=w, scale_by_half=False),
            "ovr_macro": auc(multi_class="ovr", average="macro"),
            "ovr_weighted": auc(multi_class="ovr", average="weighted"),
            "ovr_micro": auc(multi_class="ovr", average="micro"),
            "top_2": m.top_k_accuracy_score(truth, proba, k=2, labels=labels, sample_weight=w),
        }
        for average in ("macro", "micro", "weighted"):
            for metric in (m.precision_score, m.recall_score, m.f1_score):
                value = metric(truth, predicted, average=average, zero_division=0, sample_weight=w)
                out[key][metric.__name__.split("_")[0] + "_" + average] = value
    out["plain"]["ovo_macro"] = m.roc_auc_score(truth, proba, labels=labels, multi_class="ovo", average="macro")
    out["plain"]["ovo_weighted"] = m.roc_auc_score(truth, proba, labels=labels, multi_class="ovo", average="weighted")
    return out


def regression(name, truth, predicted, weight):
    truth, predicted = np.asarray(truth, float), np.asarray(predicted, float)
    out = {"name": name, "truth": listed(truth), "predicted": listed(predicted), "weight": listed(weight)}
    for key, w in (("plain", None), ("weighted", weight)):
        out[key] = {
            "mse": m.mean_squared_error(truth, predicted, sample_weight=w),
            "rmse": m.root_mean_squared_error(truth, predicted, sample_weight=w),
            "mae": m.mean_absolute_error(truth, predicted, sample_weight=w),
            "median": m.median_absolute_error(truth, predicted, sample_weight=w),
            "r2": m.r2_score(truth, predicted, sample_weight=w),
            "explained": m.explained_variance_score(truth, predicted, sample_weight=w),
            "mape": m.mean_absolute_percentage_error(truth, predicted, sample_weight=w),
            "pinball": m.mean_pinball_loss(truth, predicted, sample_weight=w, alpha=0.3),
            "d2": m.d2_absolute_error_score(truth, predicted, sample_weight=w),
        }
        if (truth >= 0).all() and (predicted > 0).all():
            out[key]["poisson"] = m.mean_poisson_deviance(truth, predicted, sample_weight=w)
    out["max"] = m.max_error(truth, predicted)
    return out


def orders(hit, s):
    """All ways in which relevant rows can lie in the order of the scores: rows of one score in any order."""
    ways = []
    for score in np.unique(s)[::-1]:
        tied = hit[s == score]
        places = itertools.combinations(range(len(tied)), int(tied.sum()))
        ways.append([np.isin(np.arange(len(tied)), some) for some in places])
    return [np.concatenate(way) for way in itertools.product(*ways)]


def ranking(name, queries, digits):
    relevance, scores, groups, per = [], [], [], []
    for q in range(queries):
        n = int(rng.integers(2, 15))
        y = rng.choice([0, 0, 1, 2, 3], size=n)
        s = np.round(y * 0.4 + rng.standard_normal(n), digits)
        at = np.arange(1, n + 1)
        relevant = (y > 0).sum()
        average = lambda hit, k: float((hit[:k] * (hit[:k].cumsum() / at[:k])).sum() / min(k, relevant)) if relevant else 0.0
        over = lambda metric: float(np.mean([metric(hit) for hit in orders(y > 0, s)]))
        per.append({
            "ndcg": m.ndcg_score([y], [s]), "ndcg_3": m.ndcg_score([y], [s], k=3),
            "map": over(lambda hit: average(hit, n)), "map_3": over(lambda hit: average(hit, 3)),
            "mrr": over(lambda hit: 1 / at[hit][0] if relevant else 0.0),
            "precision_3": over(lambda hit: hit[:3].sum() / 3),
        })
        # Without ties this is scikit-learn's own number.
        if relevant and len(np.unique(s)) == n:
            assert abs(per[-1]["map"] - m.average_precision_score(y > 0, s)) < 1e-12
        relevance += listed(y); scores += listed(s); groups += [q * 7 % 101] * n
    order = rng.permutation(len(groups)) if digits > 3 else np.arange(len(groups))
    of = lambda x: [x[i] for i in order]
    means = {key: float(np.mean([p[key] for p in per])) for key in per[0]}
    return {"name": name, "relevance": of(relevance), "scores": of(scores), "groups": of(groups), **means}


n = 120
y = rng.gamma(2.0, 3.0, n)
print(json.dumps({
    "binary": [binary("continuous", 150, 6), binary("ties", 180, 1)],
    "classes": [classes("four", 140, 4), classes("rare, ties", 160, 5, rare=True), classes("three", 60, 3)],
    "regression": [
        regression("gamma", y, np.abs(y + rng.standard_normal(n)) + 0.01, rng.random(n)),
        regression("even weights", [3, -0.5, 2, 7], [2.5, 0.0, 2, 8], [1, 1, 1, 1]),
        regression("counts", rng.poisson(3, n), rng.gamma(3.0, 1.0, n), rng.integers(0, 3, n)),
        regression("constant", [2.0, 2.0, 2.0], [2.0, 2.5, 1.0], [1, 2, 1]),
        regression("exact", [1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [1, 2, 1]),
    ],
    "ranking": [ranking("continuous", 20, 6), ranking("ties", 15, 0)],
}))
