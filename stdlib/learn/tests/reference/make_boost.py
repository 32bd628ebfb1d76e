"""Reference predictions for boosted trees: LightGBM 4.7.0, XGBoost 3.2.0, scikit-learn 1.9.1, numpy 2.4.6.

pip install lightgbm==4.7.0 xgboost-cpu==3.2.0 scikit-learn==1.9.1
python make_boost.py > boost.json

The rows are made by a 64-bit generator that the Rust test repeats, so only results are stored. Features have at most
100 values each, which every library puts into bins of their own: the trees can be compared, not only their quality.
"""

import json

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from sklearn.metrics import log_loss, roc_auc_score

ROWS, KEPT = 1500, 200
# In later rounds splits of nearly equal gain come up, and the libraries' rounding decides between them.
ROUNDS = 4


def uniform(seed, count):
    """SplitMix64: the top 53 bits as numbers in [0, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) / 2.0**53


def rows(seed, n, case):
    """Features x0..x4 (x3 depends on nothing), a score that they explain in part, and uniform noise."""
    u = uniform(seed, n * 7).reshape(7, n)
    x = np.floor(u[:5] * 100.0) / 4.0
    if case.get("categories"):
        x[4] = np.floor(u[4] * case["categories"])
        push = (x[4] * 7.0) % 11.0 - 5.0
    else:
        push = np.where(x[4] > 20.0, 3.0, 0.0)
    gone = u[5] < 0.15 if case.get("missing") else np.zeros(n, bool)
    score = x[0] - 0.5 * x[1] + np.where(gone, 6.0, 0.02 * x[2] * x[2]) + push
    x[2][gone] = np.nan
    return x.T, score, u[6]


def target(case, score, noise):
    kind = case["target"]
    if kind == "value":
        return score + 8.0 * noise
    if kind == "class":
        return (score + 24.0 * (noise - 0.5) > 12.0).astype(float)
    if kind == "classes":
        return np.clip(np.floor((score + 16.0 * (noise - 0.5)) / 10.0) + 1.0, 0.0, 2.0)
    if kind == "count":
        return np.floor(np.maximum(score, 0.0) * noise * 0.25)
    if kind == "amount":
        return np.maximum(score, 1.0) * (0.25 + noise)
    return np.clip(np.floor((score + 20.0 * (noise - 0.5)) / 8.0), 0.0, 4.0)


def weights(case, n):
    return np.floor(uniform(case["seed"] + 2, n) * 3.0) + 1.0 if case.get("weighted") else None


CASES = [
    dict(name="squared", seed=1, target="value", objective="regression"),
    dict(name="missing", seed=2, target="value", objective="regression", missing=True),
    dict(name="penalties", seed=3, target="value", objective="regression", reg_alpha=20.0, reg_lambda=5.0),
    dict(name="small steps", seed=3, target="class", objective="binary", max_delta_step=0.9),
    dict(name="shallow", seed=4, target="value", objective="regression", max_depth=3, missing=True),
    dict(name="monotone", seed=5, target="value", objective="regression", monotone=[1, -1, 0, 1, 0]),
    dict(name="weighted", seed=6, target="value", objective="regression", weighted=True, min_child_samples=1),
    dict(name="gain", seed=6, target="value", objective="regression", min_split_gain=400.0),
    dict(name="absolute", seed=7, target="value", objective="l1"),
    dict(name="huber", seed=7, target="value", objective="huber", alpha=2.0),
    dict(name="quantile", seed=7, target="value", objective="quantile", alpha=0.8),
    dict(name="poisson", seed=8, target="count", objective="poisson"),
    dict(name="gamma", seed=9, target="amount", objective="gamma"),
    dict(name="tweedie", seed=8, target="count", objective="tweedie", tweedie_variance_power=1.3),
    dict(name="binary", seed=10, target="class", objective="binary"),
    dict(name="binary missing", seed=11, target="class", objective="binary", missing=True, reg_lambda=1.0),
    dict(name="positive weight", seed=11, target="class", objective="binary", scale_pos_weight=3.0),
    dict(name="binary weighted", seed=12, target="class", objective="binary", weighted=True, min_child_samples=1),
    dict(name="classes", seed=13, target="classes", objective="multiclass", num_class=3),
    dict(name="few categories", seed=14, target="value", objective="regression", categories=3),
    dict(name="categories", seed=15, target="value", objective="regression", categories=30),
    dict(name="binary categories", seed=16, target="class", objective="binary", categories=30),
    dict(name="ranking", seed=17, target="grade", objective="lambdarank"),
]
OWN = {"name", "seed", "target", "missing", "weighted", "categories", "monotone"}


def fitted(case):
    x, score, noise = rows(case["seed"], ROWS, case)
    y, w = target(case, score, noise), weights(case, ROWS)
    params = {key: value for key, value in case.items() if key not in OWN}
    params |= dict(num_leaves=12, learning_rate=0.2, verbosity=-1, num_threads=1, min_data_in_bin=1, seed=1)
    params |= dict(deterministic=True, force_row_wise=True, feature_pre_filter=False)
    if "monotone" in case:
        params |= dict(monotone_constraints=case["monotone"], monotone_constraints_method="basic")
    group = [20] * (ROWS // 20) if case["target"] == "grade" else None
    categorical = [4] if case.get("categories") else []
    data = lgb.Dataset(x, y, weight=w, group=group, categorical_feature=categorical, params=params)
    model = lgb.train(params, data, 20 if group else ROUNDS)
    margins = model.predict(x, raw_score=True)
    if case["target"] == "grade":
        found = dict(ndcg=ndcg(y.reshape(-1, 20), margins.reshape(-1, 20)))
        # How wide the range of other settings is: XGBoost's.
        other = xgb.XGBRanker(n_estimators=20, learning_rate=0.2, grow_policy="lossguide", max_leaves=12, max_depth=0)
        other.fit(x, y, qid=np.arange(ROWS) // 20)
        found["xgboost_ndcg"] = ndcg(y.reshape(-1, 20), other.predict(x).reshape(-1, 20))
        return case | found
    if case["objective"] == "quantile":
        # Libraries define the quantile of a sample in different ways, so the leaves differ a little.
        off = y - margins
        return case | dict(pinball=float(np.maximum(0.8 * off, -0.2 * off).mean()))
    return case | dict(margins=np.round(margins[:KEPT], 6).tolist(), spread=float(margins.std()))


def ndcg(grades, scores, places=10):
    discount = 1.0 / np.log2(np.arange(2, places + 2))
    dcg = lambda order: ((2.0 ** np.take_along_axis(grades, order, 1)[:, :places] - 1.0) * discount).sum(1)
    best = dcg(np.argsort(-grades, kind="stable"))
    return float(np.where(best > 0, dcg(np.argsort(-scores, kind="stable")) / np.maximum(best, 1e-9), 1.0).mean())


def quality(seed):
    """AUC and log loss on fresh rows, of the three libraries' kind of trees."""
    case = dict(seed=seed, target="class", missing=True)
    n = 6000
    x, score, noise = rows(seed, n, case)
    y = target(case, score, noise)
    train = slice(0, 4000)
    test = slice(4000, n)
    out = dict(seed=seed)
    light = lgb.LGBMClassifier(n_estimators=60, num_threads=1, verbosity=-1).fit(x[train], y[train])
    extra = xgb.XGBClassifier(n_estimators=60, learning_rate=0.1, grow_policy="lossguide", max_leaves=31, max_depth=0)
    extra.fit(x[train], y[train])
    for name, model in (("lightgbm", light), ("xgboost", extra)):
        p = model.predict_proba(x[test])[:, 1]
        out[name] = dict(auc=roc_auc_score(y[test], p), log_loss=log_loss(y[test], p))
    return out


print(json.dumps(dict(cases=[fitted(case) for case in CASES], quality=[quality(seed) for seed in range(20, 25)])))
