"""Reference values for trees and forests: scikit-learn 1.9.1, numpy 2.4.6 (pip install scikit-learn==1.9.1).

python make_forest.py > forest.json

The features are made by a 64-bit generator that the Rust test repeats, so only the results are stored. Single trees are
stored node by node; of two splits that are equally good scikit-learn takes one at random, so each case is fitted with
several seeds, over data that is made anew until all come out the same. Forests are stored as means and deviations over 20 seeds.
"""

import json

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def uniform(seed, count):
    """SplitMix64: the top 53 bits as numbers in [0, 1)."""
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) / 2.0**53


def data(seed, n, p, classes, holes, steps, weighted):
    """Columns in [0, 1); targets from a curve over the first three and noise; `classes` is 0 for a regression."""
    x = uniform(seed, n * p).reshape(p, n).T
    signal = 2.0 * x[:, 0] * x[:, 1] + (x[:, 2] - 0.5) ** 2 + 0.4 * uniform(seed + 1, n)
    y = np.floor(np.minimum(signal / 1.5, 0.999999) * classes) if classes else signal
    if steps:
        x = np.floor(x * steps)
    if holes:
        # Missing where the target is large, more often than elsewhere: missing values tell something.
        gone = uniform(seed + 3, n * p).reshape(p, n).T < holes * (0.5 + (signal > 0.7)[:, None])
        gone[:, 2:] = False
        x[gone] = np.nan
    weights = np.floor(uniform(seed + 2, n) * 4.0) if weighted else None
    return x, y, weights


CASES = [
    dict(name="gini of two classes", seed=1, classes=2, params=dict(min_samples_leaf=12)),
    dict(name="entropy of two classes", seed=2, classes=2, params=dict(criterion="entropy", max_depth=5, min_samples_leaf=5)),
    dict(name="gini of four classes", seed=3, classes=4, params=dict(min_samples_leaf=12)),
    dict(name="log loss of four classes", seed=4, classes=4, params=dict(criterion="log_loss", min_samples_leaf=8)),
    dict(name="squared error", seed=5, classes=0, params=dict(min_samples_leaf=4)),
    dict(name="squared error, split of many", seed=6, classes=0, params=dict(min_samples_split=40, min_samples_leaf=3)),
    dict(name="weights, two classes", seed=7, classes=2, weighted=True, params=dict(min_samples_leaf=12)),
    dict(name="weights, four classes", seed=8, classes=4, weighted=True, params=dict(min_samples_leaf=12)),
    dict(name="weights, squared error", seed=9, classes=0, weighted=True, params=dict(min_samples_split=40, min_samples_leaf=3)),
    dict(name="balanced", seed=10, classes=2, params=dict(class_weight="balanced", min_samples_leaf=25)),
    dict(name="balanced, four classes", seed=11, classes=4, params=dict(class_weight="balanced", min_samples_leaf=25)),
    dict(name="missing, two classes", seed=12, classes=2, holes=0.2, params=dict(min_samples_leaf=12)),
    dict(name="missing, four classes", seed=13, classes=4, holes=0.2, params=dict(min_samples_leaf=12)),
    dict(name="missing, squared error", seed=14, classes=0, holes=0.2, params=dict(min_samples_leaf=4)),
    dict(name="missing and weights", seed=15, classes=0, holes=0.3, weighted=True, params=dict(max_depth=5, min_samples_leaf=6)),
    dict(name="few leaves, best first", seed=16, classes=2, params=dict(max_leaf_nodes=9, min_samples_leaf=5)),
    dict(name="few leaves of numbers", seed=17, classes=0, params=dict(max_leaf_nodes=17, min_samples_leaf=5)),
    dict(name="least decrease", seed=18, classes=4, params=dict(min_impurity_decrease=0.01, min_samples_leaf=10)),
    dict(name="least decrease of numbers", seed=19, classes=0, params=dict(min_impurity_decrease=0.001, min_samples_leaf=3)),
    dict(name="pruned", seed=20, classes=2, params=dict(ccp_alpha=0.008, min_samples_leaf=10)),
    dict(name="pruned numbers", seed=21, classes=0, params=dict(ccp_alpha=0.0008, min_samples_leaf=5)),
    dict(name="pruned, four classes", seed=22, classes=4, params=dict(ccp_alpha=0.006, criterion="entropy", min_samples_leaf=10)),
    dict(name="whole numbers", seed=23, classes=0, steps=7, params=dict(max_depth=6, min_samples_leaf=6)),
    dict(name="whole numbers, four classes", seed=24, classes=4, steps=9, holes=0.1, params=dict(max_depth=4, min_samples_leaf=10)),
]


def grow(case, seed, x, y, weights):
    model = DecisionTreeClassifier if case["classes"] else DecisionTreeRegressor
    return model(random_state=seed, **case["params"]).fit(x, y, sample_weight=weights)


def structure(model):
    tree = model.tree_
    return [tree.feature.tolist(), tree.threshold.tolist(), tree.children_left.tolist(), tree.children_right.tolist()]


def tree_case(case):
    case = {"rows": 400, "cols": 5, "holes": 0.0, "steps": 0, "weighted": False, **case}
    shape = [case["cols"], case["classes"], case["holes"], case["steps"], case["weighted"]]
    while True:
        x, y, weights = data(case["seed"], case["rows"], *shape)
        model = grow(case, 0, x, y, weights)
        # Fractional weights that differ in the tenth digit show ties that only rounding decides.
        nearly = [] if "class_weight" not in case["params"] else [(1.0 if weights is None else weights) * (1.0 + 1e-10 * np.random.default_rng(k).random(len(y))) for k in range(5)]
        fits = [grow(case, seed, x, y, weights) for seed in range(1, 6)] + [grow(case, 0, x, y, w) for w in nearly]
        if all(structure(fit) == structure(model) for fit in fits):
            break
        case["seed"] += 100
    new = data(case["seed"] + 100_000, 100, *shape)[0]
    tree = model.tree_
    inner = tree.children_left >= 0
    return {
        **case,
        "feature": [int(f) if f >= 0 else -1 for f in tree.feature],
        # A split between missing and known values has an infinite threshold.
        "threshold": [float(t) if np.isfinite(t) else "inf" for t in np.where(inner, tree.threshold, 0.0)],
        "left": np.where(inner, tree.children_left, 0).tolist(),
        "right": np.where(inner, tree.children_right, 0).tolist(),
        "missing_left": np.where(inner, tree.missing_go_to_left, 0).tolist(),
        "cover": tree.weighted_n_node_samples.tolist(),
        "importances": model.feature_importances_.tolist(),
        "predict": (model.predict_proba(new) if case["classes"] else model.predict(new)).tolist(),
    }


def spread(values):
    return [float(np.mean(values)), float(np.std(values, ddof=1))]


FORESTS = [
    dict(name="two classes", seed=90001, classes=2, params=dict()),
    dict(name="two classes, missing values", seed=90002, classes=2, holes=0.3, params=dict()),
    dict(name="four classes, entropy", seed=90003, classes=4, params=dict(criterion="entropy")),
    dict(name="four classes, half of the rows", seed=90004, classes=4, params=dict(max_samples=0.5, min_samples_leaf=3)),
    dict(name="numbers", seed=90005, classes=0, params=dict()),
    dict(name="numbers, a third of the features", seed=90006, classes=0, holes=0.2, params=dict(max_features=0.4)),
    dict(name="numbers, few leaves", seed=90007, classes=0, params=dict(max_leaf_nodes=20)),
]


def forest_case(case):
    case = {"rows": 600, "cols": 6, "holes": 0.0, "steps": 0, "weighted": False, **case}
    shape = [case["cols"], case["classes"], case["holes"], case["steps"], case["weighted"]]
    x, y, _ = data(case["seed"], case["rows"], *shape)
    new, truth, _ = data(case["seed"] + 100_000, 2000, *shape)
    scores, oob, leaves, importances = [], [], [], []
    for seed in range(20):
        model = RandomForestClassifier if case["classes"] else RandomForestRegressor
        model = model(60, oob_score=True, random_state=seed, n_jobs=2, **case["params"]).fit(x, y)
        if case["classes"] == 2:
            scores.append(roc_auc_score(truth, model.predict_proba(new)[:, 1]))
        elif case["classes"]:
            scores.append(model.score(new, truth))
        else:
            scores.append(np.sqrt(np.mean((model.predict(new) - truth) ** 2)))
        oob.append(model.oob_score_)
        leaves.append(np.mean([tree.tree_.n_leaves for tree in model.estimators_]))
        importances.append(model.feature_importances_)
    return {**case, "score": spread(scores), "oob": spread(oob), "leaves": spread(leaves), "importances": np.mean(importances, axis=0).tolist()}


def short(value):
    """Ten digits are more than the comparison needs."""
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list):
        return [short(v) for v in value]
    return {key: short(v) for key, v in value.items()} if isinstance(value, dict) else value


results = {"trees": [tree_case(case) for case in CASES], "forests": [forest_case(case) for case in FORESTS]}
for tree in results["trees"]:
    threshold = tree.pop("threshold")
    tree.update(short(tree))
    tree["threshold"] = threshold
results["forests"] = short(results["forests"])
print(json.dumps(results).replace("}, {", "},\n{"))
