"""Studies that Optuna and Ironbook write in turns and at once, in one SQLite database.

    python tests/clients/tune_optuna.py PROGRAM [ARGUMENT ...]

PROGRAM is a hand of Ironbook's: with IRONBOOK_TUNE_HAND="ROLE DATABASE STUDY TRIALS" it works on the database and says
what it has to say on lines that begin with "ack ". `cargo test -p ironbook-tune optuna` starts this script with one.
Needs the packages of tests/env/tune.txt.
"""

import datetime
import json
import math
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import optuna
from optuna.distributions import distribution_to_json
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="ironbook-tune-"))


def hand(role, database, study, trials=0):
    """What Ironbook says; waits for its end."""
    return started(role, database, study, trials)()


def started(role, database, study, trials=0):
    """As `hand`, but waits only when the result is called."""
    environment = {**os.environ, "IRONBOOK_TUNE_HAND": f"{role} {database} {study} {trials}"}
    process = subprocess.Popen(sys.argv[1:], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ended():
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{role}: {out}{err}"
        return [json.loads(line.split("ack ", 1)[1]) for line in out.splitlines() if "ack " in line]

    return ended


def url(database):
    return f"sqlite:///{database}"


def objective(trial):
    """The same as Ironbook's hand has."""
    x = trial.suggest_float("x", -5, 5)
    rate = trial.suggest_float("rate", 1e-5, 1.0, log=True)
    share = trial.suggest_float("share", 0.0, 1.0, step=0.1)
    depth = trial.suggest_int("depth", 1, 9)
    width = trial.suggest_int("width", 16, 256, step=16)
    size = trial.suggest_int("size", 1, 1000, log=True)
    kind = trial.suggest_categorical("kind", ["a", None, True, 2, 2.5])
    trial.set_user_attr("note", {"of": ["python"]})
    value = x * x + abs(math.log10(rate) + 2) + share + abs(depth - 4) + width / 256 + size / 1000 + (kind is None)
    for step in range(1, 6):
        trial.report(math.nan if step == 2 else value * (1 + 1 / step), step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    if trial.number % 10 == 3:
        raise ValueError("no luck")
    return math.inf if trial.number % 10 == 7 else value


def number(value):
    """JSON has no infinities."""
    return value if value is None or math.isfinite(value) else repr(float(value))


def as_python_sees(study):
    rows = []
    for trial in study.trials:
        params = [
            [name, json.loads(distribution_to_json(distribution)), distribution.to_internal_repr(trial.params[name])]
            for name, distribution in trial.distributions.items()
        ]
        times = [
            None if moment is None else round(moment.astimezone(datetime.timezone.utc).timestamp() * 1e6)
            for moment in (trial.datetime_start, trial.datetime_complete)
        ]
        rows.append(
            {
                "number": trial.number,
                "state": trial.state.name,
                "value": number(trial.value),
                "params": params,
                "reports": [[step, number(value)] for step, value in sorted(trial.intermediate_values.items())],
                "user": trial.user_attrs,
                "system": sorted(trial.system_attrs),
                "times": times,
            }
        )
    return rows


def same(database, name):
    """Both sides read the same in the database."""
    study = optuna.load_study(study_name=name, storage=url(database))
    python, rust = as_python_sees(study), hand("show", database, name)
    assert len(python) == len(rust), (len(python), len(rust))
    for ours, theirs in zip(rust, python):
        assert ours == theirs, f"\n{ours}\n{theirs}"
    numbers = [trial.number for trial in study.trials]
    assert numbers == list(range(len(numbers))), numbers
    return study


def schema(database):
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        versions = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("version_info", "alembic_version")]
    return [[re.sub(r"\s+", " ", text or "").replace("( ", "(").replace(" )", ")") for text in row] for row in rows], versions


def tables_are_optunas():
    theirs, ours = FOLDER / "theirs.db", FOLDER / "ours.db"
    optuna.create_study(study_name="s", storage=url(theirs))
    hand("begin", ours, "s", 1)
    assert schema(ours) == schema(theirs), f"\n{schema(ours)}\n{schema(theirs)}"


def ours_goes_on_in_optuna():
    database = FOLDER / "a.db"
    hand("begin", database, "late", 40)
    study = same(database, "late")
    states = {state: sum(trial.state == state for trial in study.trials) for state in TrialState}
    assert states[TrialState.COMPLETE] > 5 and states[TrialState.PRUNED] > 0 and states[TrialState.FAIL] > 0, states
    assert study.direction.name == "MINIMIZE" and study.best_trial.state == TrialState.COMPLETE
    assert optuna.importance.get_param_importances(study).keys() == study.best_params.keys()
    for sampler in (optuna.samplers.TPESampler(seed=1), optuna.samplers.TPESampler(multivariate=False, seed=2)):
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
        study = optuna.load_study(study_name="late", storage=url(database), sampler=sampler, pruner=pruner)
        study.optimize(objective, n_trials=15, catch=(ValueError,))
    assert len(same(database, "late").trials) == 70
    hand("resume", database, "late", 20)
    study = same(database, "late")
    assert len(study.trials) == 90
    best = hand("best", database, "late")[0]
    assert best["number"] == study.best_trial.number and best["value"] == study.best_value, best
    importances = optuna.importance.get_param_importances(study)
    for name, share in best["importances"].items():
        assert abs(share - importances[name]) < 1e-9, (name, share, importances[name])


def optunas_goes_on_in_ours():
    database = FOLDER / "b.db"
    study = optuna.create_study(study_name="theirs", storage=url(database), direction="maximize",
                                sampler=optuna.samplers.TPESampler(seed=3),
                                pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3))
    study.set_user_attr("who", "python")
    study.optimize(lambda trial: -objective(trial), n_trials=25, catch=(ValueError,))
    study.enqueue_trial({"x": 0.5, "kind": None, "depth": 4})
    same(database, "theirs")
    hand("resume", database, "theirs", 15)
    study = same(database, "theirs")
    assert len(study.trials) == 40 and study.direction.name == "MAXIMIZE"
    queued = study.trials[25]
    assert (queued.params["x"], queued.params["kind"], queued.params["depth"]) == (0.5, None, 4), queued.params
    study.optimize(lambda trial: -objective(trial), n_trials=5, catch=(ValueError,))
    same(database, "theirs")
    optuna.delete_study(study_name="theirs", storage=url(database))
    assert hand("list", database, "-") == [[]]


def both_at_once():
    database = FOLDER / "c.db"
    hand("begin", database, "shared", 5)
    ended = started("resume", database, "shared", 150)

    def python(seed):
        study = optuna.load_study(study_name="shared", storage=url(database), sampler=optuna.samplers.TPESampler(seed=seed))
        study.optimize(objective, n_trials=25, catch=(ValueError,))

    threads = [threading.Thread(target=python, args=(seed,)) for seed in (1, 2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    ended()
    study = same(database, "shared")
    assert len(study.trials) == 205, len(study.trials)
    assert all(trial.state.is_finished() for trial in study.trials)


def a_grid_in_turns():
    database = FOLDER / "d.db"
    grid = {"x": [0.5, 1.5, 2.5], "kind": ["a", "b"], "n": [1, 2]}
    study = optuna.create_study(study_name="grid", storage=url(database), sampler=optuna.samplers.GridSampler(grid, seed=5))
    seen = lambda trial: trial.suggest_float("x", 0, 3) + trial.suggest_int("n", 0, 9) + (trial.suggest_categorical("kind", ["a", "b"]) == "a")
    study.optimize(seen, n_trials=5)
    hand("grid", database, "grid")
    study = same(database, "grid")
    places = sorted(tuple(trial.params[name] for name in ("x", "n", "kind")) for trial in study.trials)
    assert len(places) == 12 and len(set(places)) == 12, places
    assert optuna.samplers.GridSampler(grid, seed=5).is_exhausted(study)


def the_dashboard_opens_it():
    database = FOLDER / "e.db"
    hand("begin", database, "shown", 30)
    hand("begin", database, "second", 3)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = pathlib.Path(sys.executable).parent / "optuna-dashboard"
    server = subprocess.Popen([program, url(database), "--port", str(port), "--host", "127.0.0.1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{page}/dashboard/", timeout=5)
                break
            except OSError:
                assert server.poll() is None, "the dashboard has ended"
                time.sleep(0.1)
        get = lambda path: json.load(urllib.request.urlopen(page + path, timeout=30))
        studies = {study["study_name"]: study for study in get("/api/studies")["study_summaries"]}
        assert set(studies) == {"shown", "second"}, studies
        shown = get(f"/api/studies/{studies['shown']['study_id']}")
        assert len(shown["trials"]) == 30, len(shown["trials"])
        states = {trial["state"] for trial in shown["trials"]}
        assert {"Complete", "Fail"} <= states, states
        assert {space["name"] for space in shown["union_search_space"]} >= {"x", "rate", "kind"}
        importances = get(f"/api/studies/{studies['shown']['study_id']}/param_importances")["param_importances"][0]
        assert abs(sum(each["importance"] for each in importances) - 1) < 1e-6, importances
    finally:
        server.terminate()
        server.wait()


def main():
    try:
        for test in (tables_are_optunas, ours_goes_on_in_optuna, optunas_goes_on_in_ours, both_at_once, a_grid_in_turns,
                     the_dashboard_opens_it):
            began = time.time()
            test()
            print(f"{test.__name__}: {time.time() - began:.1f} s", flush=True)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


main()
