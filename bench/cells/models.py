"""Times the cells of models.rs, which fit, judge, explain and keep models, into results/models.json.

python models.py [--sessions 3]         builds what it runs, the standard library included

Each session starts with an empty compile cache; the first one, which learns the paths of types, is not counted. Exits
with 1 if the median of a cell's compile time is above 0.4 seconds.
"""

import argparse
import json
import os
import sys
from statistics import median

from common import HERE, RESULTS, machine, read_cells
from ironbook import build, lines, sessions

LIMIT = 0.4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=3, help="sessions (default 3)")
    args = parser.parse_args()
    os.environ.setdefault("RUST_BACKTRACE", "0")
    example, _ = build()
    script = HERE / "models.rs"
    counted = sessions(lines(example, "script", str(script), "auto", str(args.sessions)))[1:]
    record = {"machine": machine(), "limit": LIMIT, "cells": []}
    for cell, *timings in zip(read_cells(script), *counted, strict=True):
        if timings[0]["error"]:
            raise SystemExit(f"{cell.title} failed: {timings[0]['error']}")
        compile_s, run_s = (median(t[key] for t in timings) for key in ("compile_s", "run_s"))
        ok = cell.kind != "model" or compile_s <= LIMIT
        record["cells"].append({"cell": cell.title, "compile_s": compile_s, "run_s": run_s, "ok": ok})
        print(f"{cell.title:<60}{compile_s:8.3f} s compiled {run_s:8.3f} s run  {'' if ok else 'MISS'}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "models.json").write_text(json.dumps(record, indent=1) + "\n")
    return 0 if all(cell["ok"] for cell in record["cells"]) else 1


if __name__ == "__main__":
    sys.exit(main())
