"""Writes permutation.json: the permutation importances of a logistic regression, by scikit-learn and exactly.

Needs    pip install scikit-learn==1.9.1 numpy==2.4.6
Run      python stdlib/explain/tests/reference/make.py

`exact` is the mean over all permutations of a column: for the log loss each row meets each value of the column equally
often, so it is a mean over all pairs of rows.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

ROWS, REPEATS = 40, 3000


def exact(model, x, y):
    base = log_loss(y, model.predict_proba(x)[:, 1])
    drops = []
    for j in range(x.shape[1]):
        losses = []
        for other in range(ROWS):
            changed = x.copy()
            changed[:, j] = x[other, j]
            losses.append(log_loss(y, model.predict_proba(changed)[:, 1]))
        drops.append(np.mean(losses) - base)
    return drops


rng = np.random.default_rng(3)
x = rng.normal(size=(ROWS, 3)).round(3)
y = (x @ [1.5, -0.5, 0.0] + rng.normal(size=ROWS) > 0).astype(float)
model = LogisticRegression(tol=1e-12, max_iter=1000).fit(x, y)
case = dict(columns=x.T.tolist(), target=y.tolist(), exact_log_loss=exact(model, x, y))
for metric, scoring in [("log_loss", "neg_log_loss"), ("roc_auc", "roc_auc"), ("accuracy", "accuracy")]:
    found = permutation_importance(model, x, y, scoring=scoring, n_repeats=REPEATS, random_state=0)
    case[metric] = dict(mean=found.importances_mean.tolist(), std=found.importances_std.tolist())
path = Path(__file__).resolve().with_name("permutation.json")
path.write_text(json.dumps(case) + "\n")
