"""Writes background.json: shap's interventional values of a small LightGBM model against a background of 20 rows.

Needs    pip install lightgbm==4.7.0 shap==0.51.0 numpy==2.4.6 pandas==2.3.3
Run      python stdlib/explain/tests/reference/make_background.py
"""

import json
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import shap

rng = np.random.default_rng(5)
x = pd.DataFrame(rng.normal(size=(500, 4)).astype("float32"), columns=list("abcd"))
y = (x.a * x.b + x.c + rng.normal(size=500) * 0.3).to_numpy()
params = dict(objective="regression", num_leaves=15, verbosity=-1, num_threads=1)
model = lgb.train(params, lgb.Dataset(x, y), 5)
some, background = x.iloc[:15], x.iloc[100:120]
explainer = shap.TreeExplainer(model, data=background, feature_perturbation="interventional")
columns = lambda rows: {name: rows[name].astype("float64").tolist() for name in rows}
case = dict(
    file=model.model_to_string(),
    columns=columns(some),
    background=columns(background),
    values=explainer.shap_values(some).tolist(),
    base=float(np.ravel(explainer.expected_value)[0]),
)
Path(__file__).resolve().with_name("background.json").write_text(json.dumps(case) + "\n")
