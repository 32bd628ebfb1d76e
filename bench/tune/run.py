"""Studies beside Optuna's, on the same machine: seconds, what a late trial costs, and regret. Prints a table of ratios.

    python bench/tune/run.py            # in a Python with tests/env/tune.txt; with rustuna beside it that as well
    python bench/tune/run.py --mine     # without running the peers; regret is compared with regret.json in any case
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = {"memory 1000x40": 0.5, "sqlite 300x5": 0.5}


def example(name, *arguments):
    command = ["cargo", "run", "--quiet", "-p", "ironbook-tune", "--example", name, "--", *arguments]
    done = subprocess.run(command, cwd=HERE, check=True, text=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def peers():
    """Seconds of Optuna and Rustuna for what `speed.rs` does."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(n):
        return lambda trial: sum((trial.suggest_float(f"x{i}", -5, 5) - i % 3) ** 2 for i in range(n))

    def seconds(library, n, trials, storage=None, **settings):
        study = library.create_study(sampler=library.samplers.TPESampler(seed=0, **settings), storage=storage)
        began = time.perf_counter()
        study.optimize(objective(n), n_trials=trials)
        return time.perf_counter() - began, study.best_value

    found = {"memory 1000x40": {"optuna": seconds(optuna, 40, 1000)}}
    found["memory 1000x40, one by one"] = {"optuna": seconds(optuna, 40, 1000, multivariate=False)}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite 300x5"] = {"optuna": seconds(optuna, 5, 300, f"sqlite:///{folder}/study.db")}
    try:
        import rustuna
    except ImportError:
        print("SKIPPED: rustuna is not installed")
    else:
        found["memory 1000x40"]["rustuna"] = seconds(rustuna, 40, 1000)
    return found


def interval(differences, rounds=10_000):
    """Median, and the 95% interval of it by bootstrap."""
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(differences, k=len(differences))) for _ in range(rounds))
    return statistics.median(differences), medians[round(0.025 * rounds)], medians[round(0.975 * rounds)]


def regret():
    """Differences to Optuna's recorded regrets, in units of its median regret on each function."""
    recorded = json.loads((HERE / "regret.json").read_text())["functions"]
    seeds = str(len(recorded["sphere"]["tpe"]))
    missed = False
    for sampler, words in [("tpe", "our random numbers"), ("tpe-optuna", "Optuna's random numbers")]:
        (ours,) = example("tune_regret", sampler, "0", seeds)
        differences = []
        for name, theirs in recorded.items():
            unit = statistics.median(theirs["tpe"])
            differences += [(a - b) / unit for a, b in zip(ours[name], theirs["tpe"])]
        median, low, high = interval(differences)
        missed |= high >= 0.05
        print(f"regret, {words}: median difference {median:+.1%}, 95% interval {low:+.1%} to {high:+.1%} (below +5%)")
        if sampler == "tpe":
            for name, theirs in recorded.items():
                print(f"  {name:11} ours {statistics.median(ours[name]):9.4g}  Optuna {statistics.median(theirs['tpe']):9.4g}"
                      f"  random {statistics.median(theirs['random']):9.4g}")
        else:
            print(f"  studies that differ from Optuna's by more than 1e-6: {sum(abs(d) > 1e-6 for d in differences)} of {len(differences)}")
    return missed


def main():
    missed = False
    theirs = {} if "--mine" in sys.argv else peers()
    late = {}
    for row in example("tune_speed"):
        what = row["what"]
        if "s" not in row:
            late[what] = row
            print(f"{what:28} ask {row['ask_us']:7.0f} us  tell {row['tell_us']:6.2f} us, after work {row['after_work_us']:6.2f} us")
            continue
        limit = TARGETS.get(what)
        missed |= limit is not None and row["s"] > limit
        line = f"{what:28} {row['s']:7.3f} s" + (f" (at most {limit})" if limit else "")
        for peer, (seconds, best) in theirs.get(what, {}).items():
            line += f"  {peer} {seconds:.2f} s: {seconds / row['s']:.0f} times"
        print(line)
    for place in ("memory", "sqlite"):
        ratio = late[f"{place} 10000x5"]["after_work_us"] / late[f"{place} 1000x5"]["after_work_us"]
        missed |= ratio > 1.5
        print(f"{place}: the 10,000th tell costs {ratio:.2f} times the 1,000th (at most 1.5)")
    missed |= regret()
    sys.exit("a figure is missed" if missed else 0)


main()
