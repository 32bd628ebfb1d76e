"""Writes trees.json: small models of XGBoost and LightGBM as their own files, with rows, margins, SHAP values.

Needs    pip install xgboost-cpu==3.2.0 lightgbm==4.7.0 shap==0.51.0 numpy==2.4.6 pandas==2.3.3
Run      python stdlib/learn/tests/reference/make_trees.py            writes trees.json
         python stdlib/learn/tests/reference/make_trees.py check DIR  loads the *.json in DIR with XGBoost and compares

`check` is for the models that the test `written_files_read_the_same` exports (IRONBOOK_EXPORT=DIR): what XGBoost
predicts with each is compared with the margins that stand beside it in DIR, the largest difference is printed, and
XGBoost's margins go to trees_checked.json together with a hash (FNV-1a) of the file, so that the test notices when
files are written in another way than XGBoost has checked. make_trees_old.py checks them with XGBoost 1.7.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
ROWS = 24


def table(seed, rows=400):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=rows).astype("float32") for name in "abcd"})
    frame["port"] = pd.Categorical(rng.choice(["EWR", "JFK", "LGA", "ORD", "SFO"], rows))
    frame.loc[rng.random(rows) < 0.15, "a"] = np.nan
    frame.loc[rng.random(rows) < 0.1, "port"] = np.nan
    signal = frame.a.fillna(0.4) * frame.b + (frame.port == "JFK") - 0.7 * (frame.port == "SFO") + 0.5 * frame.c
    return frame, signal.to_numpy() + rng.normal(size=rows) * 0.3, rng


def numbers(frame):
    """The columns as numbers: codes for text, null for missing."""
    columns = {}
    for name in frame.columns:
        values = frame[name].cat.codes.replace(-1, np.nan) if name == "port" else frame[name].astype("float64")
        columns[name] = [None if np.isnan(v) else float(v) for v in values.astype("float64")]
    return columns


def xgboost_models():
    import xgboost as xgb

    cases = {}
    targets = {
        "binary:logistic": lambda s, rng: (s > 0.3).astype(int),
        "multi:softprob": lambda s, rng: np.digitize(s, [-0.2, 0.7]),
        "reg:squarederror": lambda s, rng: s,
        "count:poisson": lambda s, rng: rng.poisson(np.exp(s / 2)),
        "rank:ndcg": lambda s, rng: np.digitize(s, [0, 1]),
    }
    for number, (objective, target) in enumerate(targets.items()):
        frame, signal, rng = table(number)
        y = target(signal, rng)
        data = xgb.DMatrix(frame, y, enable_categorical=True)
        if objective.startswith("rank"):
            data.set_group([20] * 20)
        params = dict(objective=objective, max_depth=4, eta=0.3, max_cat_to_onehot=1, seed=0, nthread=1)
        if objective.startswith("multi"):
            params["num_class"] = 3
        booster = xgb.train(params, data, 4)
        if objective.startswith("binary"):
            booster.set_attr(best_iteration="2")
        few = frame.iloc[:ROWS]
        some = xgb.DMatrix(few, enable_categorical=True)
        cases[objective] = dict(
            file=booster.save_raw("json").decode(),
            columns=numbers(few),
            margins=np.atleast_2d(booster.predict(some, output_margin=True).T).tolist(),
            leaves=booster.predict(some, pred_leaf=True).reshape(ROWS, -1).T.astype(int).tolist(),
            contributions=contributions(booster.predict(some, pred_contribs=True)),
        )
    return cases


def contributions(values):
    """Per output, per row: the features and the base."""
    values = values[:, None, :] if values.ndim == 2 else values
    return values.transpose(1, 0, 2).tolist()


def lightgbm_models():
    import lightgbm as lgb
    import shap

    cases = {}
    for number, objective in enumerate(["binary", "multiclass", "regression", "rf"]):
        frame, signal, _ = table(10 + number)
        y = {"binary": signal > 0.3, "multiclass": np.digitize(signal, [-0.2, 0.7])}.get(objective, signal)
        params = dict(objective=objective, num_leaves=12, min_data_in_leaf=8, verbosity=-1, num_threads=1)
        params |= dict(min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1)
        if objective == "multiclass":
            params["num_class"] = 3
        if objective == "rf":
            params |= dict(objective="regression", boosting="rf", bagging_freq=1, bagging_fraction=0.7)
        booster = lgb.train(params, lgb.Dataset(frame, y), 4)
        few = frame.iloc[:ROWS]
        # One feature fewer than columns in each block: the last number is the base.
        raw = booster.predict(few, pred_contrib=True).reshape(ROWS, -1, frame.shape[1] + 1)
        cases[objective] = dict(
            file=booster.model_to_string(),
            columns=numbers(few),
            # Raw scores of a forest are sums, its predictions are means.
            margins=np.atleast_2d(booster.predict(few, raw_score=objective != "rf").T).tolist(),
            contributions=raw.transpose(1, 0, 2).tolist(),
        )
        if objective == "rf":
            del cases[objective]["contributions"]
        if objective == "regression":
            explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
            values = explainer.shap_values(few, check_additivity=False)
            cases[objective]["shap"] = dict(values=values.tolist(), base=float(np.ravel(explainer.expected_value)[0]))
    return cases


def check(folder):
    import xgboost as xgb

    checked = {}
    for path in sorted(Path(folder).glob("*.model.json")):
        booster = xgb.Booster(model_file=path)
        case = json.loads(path.with_name(path.name.replace(".model.", ".rows.")).read_text())
        values = np.array([[np.nan if v is None else v for v in column] for column in case["columns"]], dtype="float32").T
        rows = xgb.DMatrix(values, feature_names=booster.feature_names, feature_types=booster.feature_types, enable_categorical=True)
        margins = np.atleast_2d(booster.predict(rows, output_margin=True).T)
        difference = np.abs(margins - np.array(case["margins"])).max()
        print(f"{path.name:40} {margins.shape[1]} rows, largest difference {difference:.1e}")
        assert difference < 1e-6
        checked[path.name.split(".")[0]] = dict(hash=f"{fnv(path.read_bytes()):016x}", margins=margins.tolist())
    (HERE / "trees_checked.json").write_text(json.dumps(checked) + "\n")


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


if len(sys.argv) == 3 and sys.argv[1] == "check":
    check(sys.argv[2])
else:
    result = dict(xgboost=xgboost_models(), lightgbm=lightgbm_models())
    (HERE / "trees.json").write_text(json.dumps(result) + "\n")
