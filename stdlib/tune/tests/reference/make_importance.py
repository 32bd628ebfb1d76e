"""Importances of Optuna 5.0.0 (PED-ANOVA) on random trials.

    pip install -r tests/env/tune.txt
    python make_importance.py > importance.json
"""

import json
import math

import optuna
from optuna.distributions import distribution_to_json
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

optuna.logging.set_verbosity(optuna.logging.ERROR)


def mixed(trial):
    x = trial.suggest_float("x", -1, 1)
    rate = trial.suggest_float("rate", 1e-5, 1.0, log=True)
    depth = trial.suggest_int("depth", 1, 12)
    size = trial.suggest_int("size", 1, 500, log=True)
    share = trial.suggest_float("share", 0.0, 1.0, step=0.1)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    trial.suggest_int("only", 4, 4)
    return x * x + (math.log10(rate) + 2) ** 2 + abs(depth - 5) / 3 + share * 0.1 + (kind == "b") * 0.5 + size / 1e4


def branches(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.suggest_categorical("booster", ["gbtree", "dart"]) == "dart":
        return x + trial.suggest_float("drop", 0, 0.5) ** 2
    return x + 0.2 + trial.suggest_int("leaves", 2, 64, step=2) / 300


def moving(trial):
    return trial.suggest_float("x", 0, 1 + trial.number % 2) + trial.suggest_int("y", 0, 9) / 5


def infinite(trial):
    x = trial.suggest_float("x", 0, 1)
    y = trial.suggest_float("y", 0, 1)
    return math.inf if x > 0.9 else x + y / 10


def flat(trial):
    trial.suggest_float("x", 0, 1)
    trial.suggest_float("y", 0, 1)
    return 1.0


CASES = [(mixed, 150, "minimize"), (mixed, 90, "maximize"), (mixed, 7, "minimize"), (branches, 120, "minimize"),
         (moving, 80, "minimize"), (infinite, 60, "minimize"), (flat, 20, "minimize"), (branches, 1, "minimize")]


def case(number, objective, trials, direction):
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=number))
    study.optimize(objective, n_trials=trials)
    rows, kinds = [], []
    for trial in study.trials:
        params = []
        for name, distribution in trial.distributions.items():
            kind = [name, distribution_to_json(distribution)]
            if kind not in kinds:
                kinds.append(kind)
            params.append([kinds.index(kind), distribution.to_internal_repr(trial.params[name])])
        rows.append([params, str(trial.value)])
    raw = PedAnovaImportanceEvaluator().evaluate(study)
    return {"name": f"{objective.__name__} {trials}", "direction": direction, "kinds": kinds, "trials": rows, "raw": raw,
            "shares": get_param_importances(study)}


print(json.dumps([case(number, *each) for number, each in enumerate(CASES)]))
