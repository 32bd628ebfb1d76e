"""Times a drift report of two Parquet files that are read in pieces, beside the same in memory.

Needs    pip install -r tests/env/drift.txt      (numpy and pyarrow of it); 0.6 GB of disk
Run      python bench/drift/pieces.py [millions of rows of each file]            (10 unless told)

Five columns of numbers, of which three have no two values alike and one is zero in two of five rows, and one of text. What is
printed: seconds, resident memory at most, and how far the scores are off, beside the error that the report states.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

for name in ("RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "2"

try:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as missing:
    print(f"SKIPPED: drift in pieces ({missing}; tests/env/drift.txt lists what it needs)")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-drift", "--examples"]
    subprocess.run(command, cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/examples"


def write(path, millions, shift, rng):
    n, writer = 1_000_000, None
    for _ in range(millions):
        table = pa.table({
            "normal": rng.normal(shift, 1, n), "skewed": rng.gamma(2, 3, n) * (1 + shift), "uniform": rng.random(n) + 1e6,
            "delay": np.where(rng.random(n) < 0.4, 0, rng.exponential(20, n)), "hour": rng.integers(0, 24, n),
            "carrier": rng.choice(["AA", "UA", "DL", "B6"], n),
        })
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def run(command):
    """What it prints, and the resident memory of all children so far, which rises with the largest."""
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return out, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def main():
    millions = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    programs, rng = build(), np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("a.parquet", "b.parquet")]
        for path, shift in zip(paths, (0, 0.05)):
            write(path, millions, shift, rng)
        pieces, small = run([programs / "drift_pieces", *paths])
        memory, large = run([programs / "drift_bench", *paths, "1", Path(folder) / "page.html"])
    print(f"drift of two files of {millions},000,000 rows x 6 columns")
    print(f"in pieces: {pieces['seconds']:.1f} s with reading, {small:.2f} GB; in memory: {memory['compare_s']:.1f} s without, {large:.2f} GB")
    for column in pieces["columns"]:
        off = abs(column["score"] - memory["scores"][column["column"]])
        print(f"  {column['column']:10} score {column['score']:.6f}, off by {off:.1e}, at most {column['error'] or 0:.1e}")
        if off > (column["error"] or 1e-12):
            sys.exit("NOT REACHED: a score is off by more than the report says")


if __name__ == "__main__":
    main()
