"""Values that charts are checked against: bins, counts, quartiles, whiskers.

Made with numpy 2.4.6. Tukey's rule for whiskers is written out here: the values furthest out within one and a half
interquartile ranges of the box. Run: python make.py (writes numpy.json beside itself).
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(7)
samples = {
    "normal": rng.normal(size=500),
    "skewed": rng.exponential(3.0, size=1000) - 1.0,
    "heavy": rng.standard_t(2, size=300),
    "few": rng.normal(size=7),
}
out = {}
for name, values in samples.items():
    values = np.round(values, 6)
    edges = np.histogram_bin_edges(values, bins="fd")
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    inside = values[(values >= q1 - 1.5 * (q3 - q1)) & (values <= q3 + 1.5 * (q3 - q1))]
    out[name] = {
        "values": values.tolist(),
        "edges": edges.tolist(),
        "counts": np.histogram(values, edges)[0].tolist(),
        "ten": np.histogram(values, 10)[0].tolist(),
        "quartiles": [q1, median, q3],
        "whiskers": [min(inside.min(), q1), max(inside.max(), q3)],
        "outliers": sorted(values[(values < inside.min()) | (values > inside.max())].tolist()),
    }
# Values on the edges of bins, as sums and products of tenths round them.
for name, values in {"tenths": np.arange(31) * 0.1, "sums": np.cumsum(np.full(31, 0.1)), "parts": np.arange(31) / 10}.items():
    counts = {str(bins): np.histogram(values, bins)[0].tolist() for bins in (3, 10, 30, 31)}
    out[name] = {"values": values.tolist(), "bins": counts}
scores = rng.normal(0.8, 0.05, size=(4, 5)).round(6)
out["scores"] = {"values": scores.tolist(), "mean": scores.mean(1).tolist(), "std": scores.std(1).tolist()}
pathlib.Path(__file__).with_name("numpy.json").write_text(json.dumps(out))
