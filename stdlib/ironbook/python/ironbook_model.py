"""Predicts with a model that Ironbook saved, with numpy and pandas only; MLflow's python_function flavour loads it.

`predict` gives a class per row for classifiers and a number otherwise; with params {"predict_method": "predict_proba"}
a table of the classes' probabilities. Columns are matched by name; text by its names, as in Ironbook.
"""

import json
import os

import numpy as np
import pandas as pd


def _load_pyfunc(path):
    if os.path.isdir(path):
        path = os.path.join(path, "model.json")
    with open(path, encoding="utf-8") as file:
        return Model(json.load(file))


class Model:
    """A model from its file."""

    def __init__(self, saved):
        if "learner" in saved:
            kept = json.loads(saved["learner"]["attributes"]["ironbook"])
            name, self.signature = kept["format"], kept["meta"]["signature"]
            self.scores = _Booster(saved["learner"], kept["meta"]["objective"])
        else:
            name, model = saved["format"], saved["model"]
            self.signature = (model.get("fitted") or model)["signature"]
            if name not in _FORMATS:
                raise ValueError(f"this loader does not know models of the format {name}; load it in Ironbook")
            self.scores = _FORMATS[name](model)
        self.format = name
        self.classes = self.signature.get("classes")

    def predict(self, model_input, params=None):
        method = (params or {}).get("predict_method", "predict")
        if method not in ("predict", "predict_proba"):
            raise ValueError(f"predict_method is {method!r}, expected 'predict' or 'predict_proba'")
        table = self._columns(model_input)
        if self.classes is None:
            if method == "predict_proba":
                raise ValueError("only classifiers have probabilities")
            return self.scores.values(table)
        names = np.array(self.classes.get("text") or [_whole(v) for v in self.classes["values"]])
        shares = self.scores.shares(table, len(names))
        if method == "predict_proba":
            return pd.DataFrame(shares, columns=[str(name) for name in names])
        return names[self.scores.choose(shares)]

    def _columns(self, table):
        """The features in the order of the fit, as numbers; text as its codes, NaN where it is not known."""
        features = self.signature["features"]
        if not isinstance(table, pd.DataFrame):
            table = np.asarray(table)
            if table.ndim != 2 or table.shape[1] != len(features):
                raise ValueError(f"the input has the shape {table.shape}, expected (rows, {len(features)})")
            table = pd.DataFrame(table, columns=[feature["name"] for feature in features])
        missing = [feature["name"] for feature in features if feature["name"] not in table.columns]
        if missing:
            raise ValueError(f"the input lacks the columns {missing}")
        out = np.empty((len(table), len(features)))
        for j, feature in enumerate(features):
            column, kind = table[feature["name"]], feature.get("kind", "numeric")
            if isinstance(kind, dict):
                codes = {name: float(code) for code, name in enumerate(kind["categorical"])}
                out[:, j] = column.map(codes).astype(float).to_numpy()
            elif kind == "time" and not pd.api.types.is_numeric_dtype(column):
                times = pd.to_datetime(column)
                seconds = (times - pd.Timestamp("1970-01-01")) / pd.Timedelta(seconds=1)
                out[:, j] = seconds.to_numpy(dtype=float)
            else:
                out[:, j] = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
        return out


def _whole(value):
    return int(value) if float(value).is_integer() else value


def _sigmoid(x):
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-x))


def _softmax(scores):
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _both(second):
    return np.column_stack([1.0 - second, second])


class _Scores:
    """What gives shares of classes or values for a table of numbers."""

    def choose(self, shares):
        return shares.argmax(axis=1)


class _Tree:
    """A tree as arrays; -1 is no child."""

    def __init__(self, feature, threshold, left, right, default_left, sets, value, output):
        self.feature = np.asarray(feature, dtype=np.int64)
        self.threshold = np.asarray(threshold, dtype=np.float32)
        self.left = np.asarray(left, dtype=np.int64)
        self.right = np.asarray(right, dtype=np.int64)
        self.default_left = np.asarray(default_left, dtype=bool)
        self.sets, self.value, self.output = sets, value, output

    def leaves(self, table):
        """The leaf of each row; values are compared as 32-bit floats."""
        at = np.zeros(len(table), dtype=np.int64)
        rows = np.arange(len(table))
        while rows.size:
            rows = rows[self.left[at[rows]] >= 0]
            node = at[rows]
            value = table[rows, self.feature[node]]
            left = value < self.threshold[node]
            for split in np.intersect1d(node, list(self.sets)) if self.sets else ():
                here = node == split
                left[here] = ~np.isin(value[here], self.sets[split])
            left = np.where(np.isnan(value), self.default_left[node], left)
            at[rows] = np.where(left, self.left[node], self.right[node])
        return at


class _Ensemble(_Scores):
    """Sums of trees."""

    def sums(self, table):
        with np.errstate(over="ignore"):
            table = table.astype(np.float32)
        out = np.tile(np.asarray(self.base, dtype=float), (len(table), 1))
        for tree in self.trees:
            values = tree.value[tree.leaves(table)]
            if self.width == 1:
                out[:, tree.output] += values[:, 0]
            else:
                out += values
        return out


class _Booster(_Ensemble):
    """Gradient boosted trees from XGBoost's JSON."""

    def __init__(self, learner, objective):
        model = learner["gradient_booster"]["model"]
        self.base = json.loads(learner["attributes"]["ironbook_base"])
        self.width, self.objective = 1, learner["objective"]["name"]
        self.trees = [self._tree(tree, output) for tree, output in zip(model["trees"], model["tree_info"])]

    @staticmethod
    def _tree(tree, output):
        starts, sizes = tree["categories_segments"], tree["categories_sizes"]
        sets = {
            node: np.array(tree["categories"][start : start + size], dtype=np.float32)
            for node, start, size in zip(tree["categories_nodes"], starts, sizes)
        }
        value = np.asarray(tree["base_weights"], dtype=float)[:, None]
        # Thresholds are written with the digits of a 32-bit float.
        return _Tree(
            tree["split_indices"], tree["split_conditions"], tree["left_children"], tree["right_children"],
            tree["default_left"], sets, value, output,
        )

    def values(self, table):
        sums = self.sums(table)[:, 0]
        if self.objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
            return np.exp(sums)
        return sums

    def shares(self, table, classes):
        sums = self.sums(table)
        return _both(_sigmoid(sums[:, 0])) if sums.shape[1] == 1 else _softmax(sums)


class _Forest(_Ensemble):
    """Trees whose leaves hold shares or means, divided by the number of trees."""

    def __init__(self, model):
        ensemble = model["fitted"]["ensemble"]
        self.base, self.width = ensemble["base"], ensemble["width"]
        self.trees = [self._tree(tree) for tree in ensemble["trees"]]

    def _tree(self, lines):
        feature = lines["feature"].split()
        inner = [node for node, of in enumerate(feature) if of != "-"]

        def full(line, kind, empty):
            out = np.full(len(feature), empty, dtype=kind)
            out[inner] = [float(number) for number in line]
            return out

        sets = {}
        for line in lines.get("categories", ()):
            node, *categories = line.split()
            sets[int(node)] = np.array(categories, dtype=np.float32)
        return _Tree(
            [0 if of == "-" else int(of) for of in feature],
            full(lines["threshold"].split(), np.float32, 0),
            full(lines["left"].split(), np.int64, -1),
            full(lines["right"].split(), np.int64, -1),
            full(list(lines["default_left"]), bool, False),
            sets,
            np.array(lines["value"].split(), dtype=float).reshape(len(feature), self.width),
            lines["output"],
        )

    def values(self, table):
        return self.sums(table)[:, 0]

    def shares(self, table, classes):
        shares = np.clip(self.sums(table), 0.0, 1.0)
        return _both(shares[:, 0]) if shares.shape[1] == 1 else shares


class _Linear(_Scores):
    """A weighted sum."""

    def __init__(self, model):
        self.coef, self.intercept = np.array(model["coef"], dtype=float), model["intercept"]

    def values(self, table):
        return table @ self.coef + self.intercept


class _Logistic(_Scores):
    """Log-odds that are weighted sums."""

    def __init__(self, model):
        self.seen, self.intercepts = model["seen"], np.array(model["intercepts"], dtype=float)
        self.coef = np.array(model["coef"], dtype=float).reshape(len(self.intercepts), -1)

    def shares(self, table, classes):
        scores = table @ self.coef.T + self.intercepts
        some = _both(_sigmoid(scores[:, 0])) if scores.shape[1] == 1 else _softmax(scores)
        # A class that the fit had no rows of is impossible to the model.
        shares = np.zeros((len(table), classes))
        shares[:, self.seen] = some
        return shares


class _Majority(_Scores):
    def __init__(self, model):
        self.prior = model["prior"]

    def shares(self, table, classes):
        return _both(np.full(len(table), self.prior))


class _Mean(_Scores):
    def __init__(self, model):
        self.mean = model["mean"]

    def values(self, table):
        return np.full(len(table), self.mean)


class _Network(_Scores):
    """Vectors of text beside standardised numbers, then linear layers with ReLU between them."""

    def __init__(self, model):
        self.columns = model["fitted"]["encoding"]["columns"]
        self.scale, self.mean = model.get("scale", 1.0), model.get("mean", 0.0)
        weights = {
            name: np.array(of["values"], dtype=np.float32).reshape(of["shape"])
            for name, of in model["fitted"]["weights"].items()
        }
        text = sorted((name for name in weights if name.startswith("text.")), key=lambda name: int(name.split(".")[1]))
        self.tables = [weights[name] for name in text]
        numbers = sorted({int(name.split(".")[1]) for name in weights if name.startswith("layers.")})
        self.layers = [(weights[f"layers.{i}.weight"], weights[f"layers.{i}.bias"]) for i in numbers]

    def outputs(self, table):
        numbers, vectors = [], []
        for j, column in enumerate(self.columns):
            x = table[:, j]
            if "number" in column:
                of = column["number"]
                numbers.append(np.where(np.isnan(x), 0.0, (x - of["mean"]) / of["scale"]))
                if of["missing"]:
                    numbers.append(np.isnan(x).astype(float))
            else:
                code = np.where(np.isnan(x), 0.0, x + 1.0).astype(np.int64)
                vectors.append(self.tables[len(vectors)][code])
        parts = [np.column_stack(numbers).astype(np.float32)] if numbers else []
        x = np.concatenate(parts + vectors, axis=1)
        for i, (weight, bias) in enumerate(self.layers):
            x = x @ weight.T + bias
            if i + 1 < len(self.layers):
                x = np.maximum(x, 0)
        return x.astype(float)

    def values(self, table):
        return self.outputs(table)[:, 0] * self.scale + self.mean

    def shares(self, table, classes):
        outputs = self.outputs(table)
        return _both(_sigmoid(outputs[:, 0])) if outputs.shape[1] == 1 else _softmax(outputs)


_FORMATS = {
    "ironbook/majority_baseline": _Majority,
    "ironbook/mean_baseline": _Mean,
    "ironbook/linear_regression": _Linear,
    "ironbook/ridge": _Linear,
    "ironbook/elastic_net": _Linear,
    "ironbook/logistic_regression": _Logistic,
    "ironbook/decision_tree": _Forest,
    "ironbook/decision_tree_regressor": _Forest,
    "ironbook/random_forest": _Forest,
    "ironbook/random_forest_regressor": _Forest,
    "ironbook/mlp_classifier": _Network,
    "ironbook/mlp_regressor": _Network,
}
