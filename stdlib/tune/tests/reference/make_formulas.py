"""Formulas of Optuna 5.0.0's TPE one by one (numpy 2.4.6, scipy 1.17.1).

    pip install -r tests/env/tune.txt
    python make_formulas.py > formulas.json
"""

import json
import math

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_gamma, default_weights

unstable = np.argsort
np.argsort = lambda values, axis=-1, kind=None, **rest: unstable(values, axis=axis, kind="stable", **rest)

rng = np.random.RandomState(5)
PARAMETERS = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)


def normal():
    ends = [(-1, 1), (-0.1, 3), (0.5, 2), (3, 4), (-9, -8), (8, 30), (-40, -39), (38.5, 41), (-100, 100), (-1e-3, 1e-3),
            (0, 5), (-5, 0), (-60, -59.9), (25, 25.1), (-2, 50), (-300, -299)]
    shares = [1e-15, 1e-9, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-9]
    rows = []
    for a, b in ends:
        a, b = float(a), float(b)
        mass = float(_truncnorm._log_gauss_mass(np.array([a]), np.array([b]))[0])
        points = [float(_truncnorm.ppf(np.array([q]), np.array([a]), np.array([b]))[0]) for q in shares]
        rows.append({"a": a, "b": b, "log_mass": mass, "points": points})
    at = [-300.0, -40.0, -21.0, -19.5, -8.0, -3.0, -1.0, -0.2, 0.0, 0.2, 1.0, 3.0, 5.9, 6.1, 9.0]
    return {"shares": shares, "rows": rows, "at": at, "log_cdf": [float(v) for v in _truncnorm._log_ndtr(np.array(at))]}


SPACES = {
    "float": {"x": FloatDistribution(-5, 5)},
    "log": {"x": FloatDistribution(1e-5, 1.0, log=True)},
    "step": {"x": FloatDistribution(0.0, 2.0, step=0.25)},
    "int": {"x": IntDistribution(3, 40)},
    "int_step": {"x": IntDistribution(0, 100, step=10)},
    "int_log": {"x": IntDistribution(1, 1000, log=True)},
    "choice": {"x": CategoricalDistribution(["a", "b", "c", "d"])},
    "all": {
        "a": FloatDistribution(-5, 5),
        "b": FloatDistribution(1e-5, 1.0, log=True),
        "c": CategoricalDistribution([1, 2, 3]),
        "d": IntDistribution(3, 40),
        "e": FloatDistribution(0.0, 1.0),
        "f": FloatDistribution(0.0, 9.0),
        "g": FloatDistribution(0.0, 2.0),
    },
}


def draw(distribution, count):
    if isinstance(distribution, CategoricalDistribution):
        return rng.randint(0, len(distribution.choices), count).astype(float)
    low, high = distribution.low, distribution.high
    if distribution.log:
        values = np.exp(rng.uniform(math.log(low), math.log(high), count))
    else:
        values = rng.uniform(low, high, count)
    if distribution.step is not None:
        values = low + np.round((values - low) / distribution.step) * distribution.step
    return np.clip(values, low, high)


def estimator(name, count):
    space = SPACES[name]
    observed = {key: draw(distribution, count) for key, distribution in space.items()}
    mixture = _ParzenEstimator(observed, space, PARAMETERS)
    points = {key: draw(distribution, 6) for key, distribution in space.items()}
    inner = mixture._mixture_distribution
    kernels = []
    for distribution in inner.distributions:
        if hasattr(distribution, "mu"):
            kernels.append({"mu": distribution.mu.tolist(), "sigma": distribution.sigma.tolist()})
        else:
            kernels.append({"choices": np.atleast_2d(distribution.weights).tolist()})
    return {
        "name": f"{name} {count}",
        "space": [distribution_to_json(distribution) for distribution in space.values()],
        "observed": [values.tolist() for values in observed.values()],
        "weights": inner.weights.tolist(),
        "kernels": kernels,
        "points": [values.tolist() for values in points.values()],
        "log_pdf": mixture.log_pdf(points).tolist(),
    }


# Observations beyond a range that has moved.
def moved():
    space = {"x": FloatDistribution(0.0, 1.0)}
    observed = {"x": np.array([0.5, 1.5, -3.0, 0.9, 7.0])}
    SPACES["moved"] = space
    mixture = _ParzenEstimator(observed, space, PARAMETERS)
    points = {"x": np.array([0.0, 0.1, 0.5, 0.99])}
    kernel = mixture._mixture_distribution.distributions[0]
    return {
        "name": "moved",
        "space": [distribution_to_json(space["x"])],
        "observed": [observed["x"].tolist()],
        "weights": mixture._mixture_distribution.weights.tolist(),
        "kernels": [{"mu": kernel.mu.tolist(), "sigma": kernel.sigma.tolist()}],
        "points": [points["x"].tolist()],
        "log_pdf": mixture.log_pdf(points).tolist(),
    }


print(
    json.dumps(
        {
            "gamma": [default_gamma(n) for n in range(400)],
            "weights": {str(n): default_weights(n).tolist() for n in [0, 1, 2, 24, 25, 26, 27, 28, 60]},
            "normal": normal(),
            "estimators": [estimator(name, n) for name in SPACES for n in [0, 1, 2, 3, 7, 26, 130]] + [moved()],
        }
    )
)
