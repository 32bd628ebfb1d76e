"""Writes trees_old.json: models in the form of XGBoost 1.7, with rows and margins.

Needs    pip install xgboost==1.7.6 numpy==1.26.4 pandas==1.5.3 scipy==1.11.4
Run      python stdlib/learn/tests/reference/make_trees_old.py            writes trees_old.json
         python stdlib/learn/tests/reference/make_trees_old.py check DIR  as in make_trees.py, with this version
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

ROWS = 12


def numbers(frame):
    columns = {}
    for name in frame.columns:
        values = frame[name].cat.codes.replace(-1, np.nan) if name == "port" else frame[name].astype("float64")
        columns[name] = [None if np.isnan(v) else float(v) for v in values.astype("float64")]
    return columns


def write():
    cases = {}
    for number, objective in enumerate(["binary:logistic", "multi:softprob", "count:poisson"]):
        rng = np.random.default_rng(number)
        frame = pd.DataFrame({name: rng.normal(size=300).astype("float32") for name in "abcd"})
        frame["port"] = pd.Categorical(rng.choice(["EWR", "JFK", "LGA", "ORD", "SFO"], 300))
        frame.loc[rng.random(300) < 0.15, "a"] = np.nan
        signal = frame.a.fillna(0.4) * frame.b + (frame.port == "JFK") - 0.7 * (frame.port == "SFO")
        signal = signal.to_numpy() + rng.normal(size=300) * 0.3
        target = [signal > 0.3, np.digitize(signal, [-0.2, 0.7]), rng.poisson(np.exp(signal / 2))][number]
        params = dict(objective=objective, max_depth=4, eta=0.3, tree_method="hist", max_cat_to_onehot=1, nthread=1)
        params |= dict(num_class=3) if number == 1 else dict(base_score=0.4)
        booster = xgb.train(params, xgb.DMatrix(frame, target, enable_categorical=True), 3)
        few = frame.iloc[:ROWS]
        margins = booster.predict(xgb.DMatrix(few, enable_categorical=True), output_margin=True)
        file = booster.save_raw("json").decode()
        cases[objective] = dict(file=file, columns=numbers(few), margins=np.atleast_2d(margins.T).tolist())
    path = Path(__file__).resolve().with_name("trees_old.json")
    path.write_text(json.dumps(cases) + "\n")


def check(folder):
    for path in sorted(Path(folder).glob("*.model.json")):
        booster = xgb.Booster(model_file=str(path))
        case = json.loads(Path(str(path).replace(".model.", ".rows.")).read_text())
        values = np.array([[np.nan if v is None else v for v in column] for column in case["columns"]], dtype="float32").T
        names, types = booster.feature_names, booster.feature_types
        rows = xgb.DMatrix(values, feature_names=names, feature_types=types, enable_categorical=True)
        margins = np.atleast_2d(booster.predict(rows, output_margin=True).T)
        print(f"{path.name:40} largest difference {np.abs(margins - np.array(case['margins'])).max():.1e}")


check(sys.argv[2]) if len(sys.argv) == 3 else write()
