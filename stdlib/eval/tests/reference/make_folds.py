"""Reference folds: scikit-learn 1.9.1, numpy 2.4.6 (pip install scikit-learn==1.9.1).

python make_folds.py > folds.json
"""

import json
import warnings

import numpy as np
from sklearn import model_selection as ms

warnings.simplefilter("ignore")
rng = np.random.default_rng(5)


def folds(splitter, y, groups):
    return [test.tolist() for _, test in splitter.split(np.zeros(len(y)), y, groups)]


def case(name, y, groups, k):
    y, groups = np.asarray(y), np.asarray(groups)
    series = ms.TimeSeriesSplit(k, gap=2, max_train_size=7)
    return {
        "name": name,
        "folds": k,
        "y": y.tolist(),
        "groups": groups.tolist(),
        "k_fold": folds(ms.KFold(k), y, groups),
        "stratified": folds(ms.StratifiedKFold(k), y, groups),
        "group": folds(ms.GroupKFold(k), y, groups),
        "stratified_group": folds(ms.StratifiedGroupKFold(k), y, groups),
        "leave_one_out": folds(ms.LeaveOneGroupOut(), y, groups),
        "time": folds(ms.TimeSeriesSplit(k), y, groups),
        "time_gap": [[train.tolist(), test.tolist()] for train, test in series.split(y)],
        "holdout_sizes": [len(part) for part in ms.train_test_split(y, test_size=0.23, random_state=0)],
        "stratified_counts": [
            np.unique(part, return_counts=True)[1].tolist()
            for part in ms.train_test_split(y, test_size=0.23, random_state=0, stratify=y)
        ],
    }


def random(n, classes, groups):
    y = rng.choice(len(classes), size=n, p=classes)
    return y, rng.choice(groups, size=n, p=rng.dirichlet(np.full(groups, 2.0)))


cases = [
    case("even", [0, 1] * 12, np.repeat(np.arange(8), 3), 4),
    case("uneven", [3, 3, 3, 1, 1, 2, 3, 1, 2, 3, 1, 3, 2, 2, 3, 1, 1], np.arange(17) % 6, 3),
    case("random", *random(103, [0.5, 0.3, 0.2], 23), 5),
    case("rare class", *random(211, [0.93, 0.07], 40), 7),
    case("four classes", *random(150, [0.4, 0.3, 0.2, 0.1], 31), 2),
]
print(json.dumps(cases))
