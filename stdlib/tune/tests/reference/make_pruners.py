"""Decisions of Optuna 5.0.0's pruners on histories of trials that run beside each other.

    pip install -r tests/env/tune.txt
    python make_pruners.py > pruners.json

Each history is a list of events: a trial begins, reports, is judged, ends. Reports have gaps, ties, NaN and infinities.
"""

import json
import math
import random

import optuna
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)

PRUNERS = {
    "median": {},
    "median ": {"n_startup_trials": 2, "n_warmup_steps": 3, "interval_steps": 2},
    "median  ": {"n_startup_trials": 1, "n_min_trials": 4},
    "percentile": {"percentile": 25.0, "n_startup_trials": 3},
    "percentile ": {"percentile": 90.0, "n_startup_trials": 0, "interval_steps": 3},
    "asha": {},
    "asha ": {"min_resource": 1, "reduction_factor": 2},
    "asha  ": {"min_resource": 2, "reduction_factor": 3, "min_early_stopping_rate": 1},
    "asha   ": {"min_resource": 1, "reduction_factor": 2, "bootstrap_count": 3},
    "hyperband": {},
    "hyperband ": {"max_resource": 9},
    "hyperband  ": {"min_resource": 2, "max_resource": 40, "reduction_factor": 4},
    "hyperband   ": {"max_resource": 16, "reduction_factor": 2, "bootstrap_count": 2},
}
KINDS = {
    "median": optuna.pruners.MedianPruner,
    "percentile": optuna.pruners.PercentilePruner,
    "asha": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
}


def number(value):
    return value if math.isfinite(value) else str(value)


def history(name, direction, seed):
    rng = random.Random(seed)
    settings = PRUNERS[name]
    pruner = KINDS[name.strip()](**settings)
    study = optuna.create_study(study_name=f"history-{seed}", direction=direction, pruner=pruner)
    events, open_trials, quality = [], {}, {}
    while len(events) < 500:
        if not open_trials or (len(open_trials) < 5 and rng.random() < 0.15):
            trial = study.ask()
            open_trials[trial.number] = [trial, 0]
            quality[trial.number] = rng.choice([rng.uniform(0, 1), round(rng.uniform(0, 1), 1)])
            events.append(["ask"])
            continue
        key = rng.choice(sorted(open_trials))
        trial, step = open_trials[key]
        step += rng.choice([-1, 0, 0, 0, 1, 2]) if step else rng.choice([0, 1])
        value = quality[key] + 1 / (1 + step) + rng.choice([0.0, rng.uniform(-0.2, 0.2)])
        value = rng.choice([round(value, 5)] * 30 + [math.nan, math.inf, -math.inf])
        trial.report(value, step)
        open_trials[key][1] = step + 1
        events.append(["report", key, step, number(value)])
        verdict = bool(trial.should_prune())
        events.append(["judge", key, verdict])
        if verdict and rng.random() < 0.8:
            study.tell(trial, state=TrialState.PRUNED)
            events.append(["tell", key, "pruned", None])
            del open_trials[key]
        elif step > rng.uniform(6, 60):
            if rng.random() < 0.1:
                study.tell(trial, state=TrialState.FAIL)
                events.append(["tell", key, "failed", None])
            else:
                study.tell(trial, quality[key])
                events.append(["tell", key, "complete", quality[key]])
            del open_trials[key]
    return {"kind": name.strip(), "settings": settings, "direction": direction, "name": f"history-{seed}", "events": events}


cases = [(name, direction) for name in PRUNERS for direction in ["minimize", "maximize"]]
print(json.dumps([history(name, direction, seed) for seed, (name, direction) in enumerate(cases)]))
