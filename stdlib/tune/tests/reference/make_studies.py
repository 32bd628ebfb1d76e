"""Whole studies of Optuna 5.0.0 (numpy 2.4.6, scipy 1.17.1): parameters and values, trial by trial.

    pip install -r tests/env/tune.txt
    python make_studies.py > studies.json

With one job and `optuna_stream()` the Rust samplers draw the same numbers in the same order, so each study has to be the
same. The objectives are polynomials, so that both sides compute them to the last bit.
"""

import json

import numpy as np
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)

# numpy leaves the order of equal values open, and it depends on the processor; here and in Rust it is that of trials.
unstable = np.argsort


def stable(values, axis=-1, kind=None, **rest):
    return unstable(values, axis=axis, kind="stable", **rest)


np.argsort = stable

# Categories that were seen equally often are equally good, and the last bit of a sum decides between them: a study is
# comparable up to the first such trial.
UNDECIDED = []
compare = optuna.samplers.TPESampler._compare.__func__


def watched(cls, samples, values):
    near = np.abs(values - np.max(values)) < 1e-12
    if any(len(set(column[near])) > 1 for column in samples.values()):
        UNDECIDED.append(True)
    return compare(cls, samples, values)


optuna.samplers.TPESampler._compare = classmethod(watched)


def smooth(trial):
    x = [trial.suggest_float(f"x{i}", -5, 5) for i in range(4)]
    return sum((v - i) ** 2 for i, v in enumerate(x))


def scales(trial):
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    size = trial.suggest_int("size", 1, 1000, log=True)
    share = trial.suggest_float("share", 0.0, 1.0, step=0.05)
    depth = trial.suggest_int("depth", 2, 30)
    width = trial.suggest_int("width", 16, 256, step=16)
    return (rate - 0.1) ** 2 + (share - 0.3) ** 2 + ((depth - 9) / 10) ** 2 + ((width - 64) / 100) ** 2 + (size - 40) ** 2 / 1e5


def choices(trial):
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    flag = trial.suggest_categorical("flag", [True, False])
    x = trial.suggest_float("x", -1, 1)
    return {"a": 0.0, "b": 0.3, "c": 1.0}[kind] + (0.2 if flag else 0.0) + (x - 0.25) ** 2


def branches(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.suggest_categorical("booster", ["gbtree", "dart"]) == "dart":
        x += trial.suggest_float("drop", 0, 0.5)
        n = trial.suggest_int("n", 1, 4)
        return (x - 0.7) ** 2 + n * 0.01
    return (x - 0.2) ** 2 + 0.05


def moving(trial):
    n = trial.number
    x = trial.suggest_float("x", 0, 1 + n % 3)
    y = trial.suggest_int("y", n % 2, 10)
    return (x - 0.8) ** 2 + (y - 4) ** 2 / 10


def pruned(trial):
    x = trial.suggest_float("x", -2, 2)
    y = trial.suggest_float("y", -2, 2)
    value = x * x + y * y
    for step in range(9):
        trial.report(value * (1 + 0.1 * (8 - step)), step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return value


def failing(trial):
    x = trial.suggest_float("x", -2, 2)
    if trial.number % 7 == 3:
        raise ValueError("no luck")
    if trial.number % 11 == 5:
        return float("nan")
    if trial.number % 13 == 6:
        return float("inf")
    return x * x


PRUNERS = {
    "none": optuna.pruners.NopPruner,
    "median": lambda: optuna.pruners.MedianPruner(),
    "asha": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
    "hyperband": lambda: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=3),
    "hyperband_auto": lambda: optuna.pruners.HyperbandPruner(),
}

STUDIES = [
    # objective, trials, sampler, pruner, direction
    ("smooth", 120, {"kind": "tpe"}, "none", "minimize"),
    ("smooth", 120, {"kind": "tpe"}, "none", "maximize"),
    ("smooth", 120, {"kind": "tpe", "multivariate": False}, "none", "minimize"),
    ("smooth", 60, {"kind": "tpe", "n_startup_trials": 5, "n_ei_candidates": 7}, "none", "minimize"),
    ("scales", 150, {"kind": "tpe"}, "none", "minimize"),
    ("scales", 150, {"kind": "tpe", "multivariate": False}, "none", "minimize"),
    ("scales", 40, {"kind": "random"}, "none", "minimize"),
    ("choices", 120, {"kind": "tpe"}, "none", "minimize"),
    ("choices", 120, {"kind": "tpe", "multivariate": False}, "none", "minimize"),
    ("choices", 20, {"kind": "random"}, "none", "minimize"),
    ("branches", 120, {"kind": "tpe"}, "none", "minimize"),
    ("moving", 100, {"kind": "tpe"}, "none", "minimize"),
    ("pruned", 100, {"kind": "tpe"}, "median", "minimize"),
    ("pruned", 100, {"kind": "tpe"}, "asha", "minimize"),
    ("pruned", 150, {"kind": "tpe"}, "hyperband", "minimize"),
    ("pruned", 150, {"kind": "tpe"}, "hyperband_auto", "minimize"),
    ("pruned", 60, {"kind": "random"}, "median", "maximize"),
    ("failing", 100, {"kind": "tpe"}, "none", "minimize"),
]


# Where choices alone decide, many seeds are needed to see long studies.
STUDIES += [("choices", 120, {"kind": "tpe", "multivariate": False}, "none", "minimize") for _ in range(4)]


def run(number, objective, trials, settings, pruner, direction):
    settings = dict(settings, seed=100 + number)
    given = {key: value for key, value in settings.items() if key != "kind"}
    sampler = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}[settings["kind"]](**given)
    name = f"{objective}-{number}"
    study = optuna.create_study(study_name=name, sampler=sampler, pruner=PRUNERS[pruner](), direction=direction)
    UNDECIDED.clear()
    ends = lambda study, _: study.stop() if UNDECIDED else None
    study.optimize(globals()[objective], n_trials=trials, catch=(ValueError,), callbacks=[ends])
    rows = []
    for trial in study.trials[: -1 if UNDECIDED else None]:
        params = {key: trial.distributions[key].to_internal_repr(value) for key, value in trial.params.items()}
        value = None if trial.value is None else repr(trial.value)
        rows.append([trial.state.name, value, params, len(trial.intermediate_values)])
    return {"name": name, "objective": objective, "sampler": settings, "pruner": pruner, "direction": direction, "trials": rows}


print("[")
print(",\n".join(json.dumps(run(number, *study)) for number, study in enumerate(STUDIES)))
print("]")
