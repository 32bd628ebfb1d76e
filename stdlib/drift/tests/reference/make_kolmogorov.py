"""p-values of two-sample Kolmogorov-Smirnov statistics, on a grid that goes through every formula. scipy 1.17.1.

pip install -r tests/env/drift.txt
python make_kolmogorov.py > kolmogorov.json
"""

import json
import math

import numpy as np
from scipy.stats import kstwo
from scipy.stats._stats_py import _attempt_exact_2kssamp

SIZES = [
    (1, 1), (1, 7), (3, 3), (10, 10), (9, 12), (50, 75), (40, 1000), (100, 9973), (1000, 1000), (997, 1009), (10000, 10000),
    (2, 20000), (20, 20000), (100, 10001), (135, 30000), (150, 11000), (1000, 20000), (9000, 12000), (15000, 15000),
    (80000, 90000), (200000, 300000), (400000, 2000000), (3000000, 4000000),
]
# In units of 1 / sqrt(harmonic size): from next to nothing to far beyond any doubt.
STEPS = [0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.86, 0.9, 1.0, 1.2, 1.36, 1.45, 1.5, 1.7, 2.0, 2.5, 4.0, 8.0, 19.0]


def p_value(d, n1, n2):
    """As `ks_2samp(method="auto")` once it has its statistic."""
    if max(n1, n2) <= 10000:
        done, _, p = _attempt_exact_2kssamp(n1, n2, math.gcd(n1, n2), d, "two-sided")
        if done:
            return float(np.clip(p, 0, 1))
    return float(np.clip(kstwo.sf(d, np.round(n1 * n2 / (n1 + n2))), 0, 1))


def main():
    rows = []
    for n1, n2 in SIZES:
        lcm = n1 // math.gcd(n1, n2) * n2
        for step in STEPS:
            d = step / math.sqrt(n1 * n2 / (n1 + n2))
            d = min(round(d * lcm), lcm) / lcm
            if 0 < d <= 1 and (not rows or rows[-1][2] != d):
                rows.append([n1, n2, d, p_value(d, n1, n2)])
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


main()
