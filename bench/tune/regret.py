"""What Optuna's TPE is short of the optimum on twelve standard functions: 20 seeds, 200 trials, in regret.json.

    python bench/tune/regret.py > bench/tune/regret.json        # Optuna 5.0.0, numpy 2.4.6; some minutes

Recorded once. `regret.rs` has the same functions, and `run.py` compares.
"""

import json
import math

import optuna

TRIALS, SEEDS = 200, 20
SHIFTS = [0.5, -1.0, 1.5, -2.0, 0.25, 1.0]


def shifted(values):
    """So that no optimum lies in the middle of its range, where a sampler may begin."""
    return [value - shift for value, shift in zip(values, SHIFTS)]


def sphere(x):
    return sum(v * v for v in shifted(x))


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def rastrigin(x):
    return sum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in shifted(x))


def ackley(x):
    x = shifted(x)
    n = len(x)
    spread = math.sqrt(sum(v * v for v in x) / n)
    waves = sum(math.cos(2 * math.pi * v) for v in x) / n
    return -20 * math.exp(-0.2 * spread) - math.exp(waves) + 20 + math.e


def griewank(x):
    x = shifted(x)
    product = 1.0
    for i, v in enumerate(x):
        product *= math.cos(v / math.sqrt(i + 1))
    return sum(v * v for v in x) / 4000 - product + 1


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    middle = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def styblinski(x):
    return sum(v**4 - 16 * v * v + 5 * v for v in x) / 2 + 39.16616570377142 * len(x)


def branin(x):
    a, b = x[0], x[1]
    return (b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10 - 0.39788735772973816


def camel(x):
    a, b = x[0], x[1]
    return (4 - 2.1 * a * a + a**4 / 3) * a * a + a * b + (4 * b * b - 4) * b * b + 1.0316284534898774


def goldstein(x):
    a, b = x[0], x[1]
    left = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a * a - 14 * b + 6 * a * b + 3 * b * b)
    right = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a * a + 48 * b - 36 * a * b + 27 * b * b)
    return left * right - 3


ALPHA = [1.0, 1.2, 3.0, 3.2]
A3 = [[3.0, 10, 30], [0.1, 10, 35], [3.0, 10, 30], [0.1, 10, 35]]
P3 = [[0.3689, 0.1170, 0.2673], [0.4699, 0.4387, 0.7470], [0.1091, 0.8732, 0.5547], [0.0381, 0.5743, 0.8828]]
A6 = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
P6 = [[0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
      [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381]]


def hartmann(x, a, p):
    total = 0.0
    for alpha, row, centre in zip(ALPHA, a, p):
        total += alpha * math.exp(-sum(w * (v - c) ** 2 for w, v, c in zip(row, x, centre)))
    return -total


def hartmann3(x):
    return hartmann(x, A3, P3) + 3.862779787332660


def hartmann6(x):
    return hartmann(x, A6, P6) + 3.322368011415515


# Each with its parameters' ranges; all have the optimum 0.
FUNCTIONS = {
    "sphere": (sphere, [(-5.0, 5.0)] * 5),
    "rosenbrock": (rosenbrock, [(-2.0, 2.0)] * 4),
    "rastrigin": (rastrigin, [(-5.12, 5.12)] * 5),
    "ackley": (ackley, [(-32.768, 32.768)] * 5),
    "griewank": (griewank, [(-60.0, 60.0)] * 5),
    "levy": (levy, [(-10.0, 10.0)] * 5),
    "styblinski": (styblinski, [(-5.0, 5.0)] * 5),
    "branin": (branin, [(-5.0, 10.0), (0.0, 15.0)]),
    "camel": (camel, [(-3.0, 3.0), (-2.0, 2.0)]),
    "goldstein": (goldstein, [(-2.0, 2.0)] * 2),
    "hartmann3": (hartmann3, [(0.0, 1.0)] * 3),
    "hartmann6": (hartmann6, [(0.0, 1.0)] * 6),
}


def regret(name, seed, sampler):
    function, ranges = FUNCTIONS[name]
    study = optuna.create_study(sampler=sampler(seed=seed))
    study.optimize(lambda trial: function([trial.suggest_float(f"x{i}", *ends) for i, ends in enumerate(ranges)]), n_trials=TRIALS)
    return study.best_value


def main():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    result = {"optuna": optuna.__version__, "trials": TRIALS, "functions": {}}
    for name in FUNCTIONS:
        result["functions"][name] = {
            "tpe": [regret(name, seed, optuna.samplers.TPESampler) for seed in range(SEEDS)],
            "random": [regret(name, seed, optuna.samplers.RandomSampler) for seed in range(SEEDS)],
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
