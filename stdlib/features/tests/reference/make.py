"""Reference values for the feature steps: scikit-learn 1.9.1, numpy, pandas 2 (pip install scikit-learn==1.9.1 "pandas<3").

python make.py > steps.json

A small table with missing values, rare categories and a constant column is written with what scikit-learn's
transformers make of it; null stands for NaN.
"""

import json
import math

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

ROWS, TRAIN = 200, 150
rng = np.random.default_rng(7)


def plain(values):
    """Nested lists with null for NaN."""
    if isinstance(values, (list, tuple)):
        return [plain(v) for v in values]
    if isinstance(values, np.ndarray):
        return plain(values.tolist())
    if isinstance(values, float) and math.isnan(values):
        return None
    return values


def columns(matrix):
    whole = np.all(np.isnan(matrix) | (matrix == np.floor(matrix)))
    values = plain([matrix[:, j] for j in range(matrix.shape[1])])
    return [[v if v is None else int(v) for v in column] for column in values] if whole else values


def table():
    temp = np.round(rng.normal(12.0, 9.0, ROWS), 2)
    temp[rng.random(ROWS) < 0.15] = np.nan
    count = rng.poisson(3.0, ROWS).astype(float)
    count[rng.random(ROWS) < 0.1] = np.nan
    big = 1e9 + rng.random(ROWS)
    city = rng.choice(["Oslo", "Rome", "Lima", "Bern", "Kyiv", "Åre"], ROWS, p=[0.35, 0.3, 0.2, 0.1, 0.04, 0.01]).astype(object)
    city[rng.random(ROWS) < 0.08] = np.nan
    city[TRAIN + 3] = "Quito"
    hub = rng.choice(["A", "B", "C"], ROWS).astype(object)
    effect = pd.Series(city).map({"Oslo": 1.0, "Rome": -1.0, "Lima": 0.5}).fillna(0.0).to_numpy()
    value = np.round(effect + rng.normal(0.0, 1.0, ROWS), 3)
    return dict(temp=temp, count=count, big=big, city=city, hub=hub, flat=np.full(ROWS, 0.1)), value


DATA, VALUE = table()
BINARY = (VALUE > 0.2).astype(int)
THREE = np.where(VALUE > 0.8, "late", np.where(VALUE < -0.6, "early", "even")).astype(object)


def block(names, part):
    return pd.DataFrame({name: DATA[name][part] for name in names})


def fitted(transformer, names, y=None):
    """The training rows and the later rows, transformed."""
    train, later = block(names, slice(0, TRAIN)), block(names, slice(TRAIN, None))
    first = transformer.fit_transform(train, y) if y is not None else transformer.fit_transform(train)
    again = transformer.transform(train)
    result = dict(train=columns(np.asarray(again, dtype=float)),
                  later=columns(np.asarray(transformer.transform(later), dtype=float)))
    # Only cross-fitting makes the two differ.
    return result if y is None else dict(first=columns(np.asarray(first, dtype=float)), **result)


def imputed(strategy):
    return fitted(SimpleImputer(strategy=strategy, add_indicator=True), ["temp", "count"])


def one_hot(**options):
    encoder = OneHotEncoder(sparse_output=False, **options)
    result = fitted(encoder, ["city", "hub"])
    result["names"] = [str(name) for name in encoder.get_feature_names_out()]
    return result


def target(y, kind, **options):
    y = np.asarray(y)[:TRAIN]
    result = fitted(TargetEncoder(target_type=kind, shuffle=False, **options), ["city", "hub"], y)
    return result


def main():
    import sklearn
    import warnings
    warnings.simplefilter("ignore")
    out = dict(
        made_with=dict(scikit_learn=sklearn.__version__, pandas=pd.__version__, numpy=np.__version__),
        train=TRAIN,
        data={name: plain(list(values)) for name, values in DATA.items()},
        value=VALUE.tolist(), binary=BINARY.tolist(), three=THREE.tolist(),
        impute={s: imputed(s) for s in ("median", "mean", "most_frequent")},
        impute_text=SimpleImputer(strategy="most_frequent").fit_transform(block(["city"], slice(0, TRAIN)))[:, 0].tolist(),
        standardise=fitted(StandardScaler(), ["temp", "count", "big", "flat"]),
        min_max=fitted(MinMaxScaler(), ["temp", "count", "flat"]),
        one_hot=dict(
            plain=one_hot(handle_unknown="ignore"),
            drop_first=one_hot(handle_unknown="ignore", drop="first"),
            min_frequency=one_hot(handle_unknown="infrequent_if_exist", min_frequency=15),
            max_categories=one_hot(handle_unknown="ignore", max_categories=4),
            all_there=one_hot(handle_unknown="ignore", max_categories=3),
            both=one_hot(handle_unknown="infrequent_if_exist", min_frequency=15, drop="first"),
        ),
        ordinal=fitted(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), ["city", "hub"]),
        target=dict(
            continuous=target(VALUE, "continuous"),
            binary=target(BINARY, "binary"),
            multiclass=target(THREE, "multiclass"),
            smooth_continuous=target(VALUE, "continuous", smooth=12.5),
            smooth_binary=target(BINARY, "binary", smooth=0.0),
        ),
    )
    print(json.dumps(out, separators=(",", ":"), ensure_ascii=False))


main()
