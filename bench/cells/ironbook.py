"""Times the script's cells in Ironbook's session, and what else the figures ask for, into results/ironbook.json.

python ironbook.py [--sessions 5]       builds what it runs, the standard library included

Each session starts with an empty compile cache; the first one, which learns the paths of types, is not counted.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from common import HERE, RESULTS, ROOT, machine, read_cells

SCRIPT = str(HERE / "cells.rs")
TIERS = {"auto": "auto", "opt 0": "0"}


def build() -> tuple[Path, Path]:
    """The measuring example and the `ironbook` command."""
    for what in (["-p", "ironbook-session", "--example", "bench_cells"], ["-p", "ironbook-repl"]):
        subprocess.run(["cargo", "build", "--quiet", *what], cwd=ROOT, check=True)
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT,
                              capture_output=True, text=True, check=True)
    debug = Path(json.loads(metadata.stdout)["target_directory"]) / "debug"
    example, ironbook = debug / "examples" / "bench_cells", debug / "ironbook"
    subprocess.run([ironbook, "setup"], cwd=ROOT, check=True)
    return example, ironbook


def lines(example: Path, *args: str) -> list[dict]:
    """What the example printed."""
    done = subprocess.run([example, *args], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench_cells {' '.join(args)} failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def sessions(printed: list[dict]) -> list[list[dict]]:
    """The lines grouped by session."""
    count = 1 + max(line["session"] for line in printed)
    return [[line for line in printed if line["session"] == number] for number in range(count)]


def growth(example: Path) -> tuple[float, str]:
    """The cost of the cells around the 300th in units of those around the 10th of a young session
    that takes turns with the old one; cells of one kind only."""
    *cells, alive = lines(example, "growth")
    failed = [cell["error"] for cell in cells if cell["error"]]
    if failed:
        raise SystemExit(f"a cell of the growing session failed: {failed[0]}")

    def of(session: int, after: int) -> float:
        return median(c["seconds"] for c in cells
                      if c["session"] == session and c["index"] > after and c["stdout"])

    return of(0, 288) / of(1, 6), f"{alive['variables']} variables, {alive['items']} items"


def first_result(ironbook: Path, times: int = 5) -> float:
    """Seconds from starting the command to its end, for one cell that has to be compiled."""
    taken = []
    for number in range(times):
        code = f'println!("first result {time.time_ns()} {number}")'
        began = time.perf_counter()
        subprocess.run([ironbook, "-e", code], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return median(taken)


def front_end_megabytes(ironbook: Path) -> float:
    """The largest resident size of the front-end process while it runs the script."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.ipynb"
        command = [ironbook, "run", SCRIPT, "-o", out]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = max([peak, *(int(s.split()[1]) for s in status.splitlines() if "VmHWM" in s)])
            except (FileNotFoundError, ProcessLookupError):
                break
            time.sleep(0.01)
        if process.wait() != 0:
            raise SystemExit("ironbook run failed on the script")
    return peak / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=5, help="sessions per tier (default 5)")
    args = parser.parse_args()
    os.environ.setdefault("RUST_BACKTRACE", "0")
    example, ironbook = build()
    record = {"peer": "ironbook", "machine": machine(), "runs": {}}
    for name, tier in TIERS.items():
        counted = sessions(lines(example, "script", SCRIPT, tier, str(args.sessions)))[1:]
        record["runs"][name] = counted
        for cell, *timings in zip(read_cells(), *counted, strict=True):
            seconds = median(t["seconds"] for t in timings)
            print(f"{name:<8}{cell.title:<50}{seconds:8.3f} s  {timings[0]['error'] or ''}")
    floor = lines(example, "floor", "9")
    record["floor"] = [line["seconds"] for line in floor]
    record["floor with the prelude"] = [line["prelude_s"] for line in floor]
    again = sessions(lines(example, "rerun", SCRIPT))[1]
    ratio, alive = growth(example)
    record["figures"] = {
        f"the 300th cell against the 10th ({alive})": (ratio, 1.15),
        "compiles of an unchanged script": (sum(cell["compiles"] for cell in again), 0),
        "its overhead per cell, milliseconds": (
            1000 * max(cell["seconds"] - cell["run_s"] for cell in again), 10),
        "`ironbook` to first result, seconds": (first_result(ironbook), 0.6),
        "front-end process, MB": (front_end_megabytes(ironbook), 50),
    }
    for name, (value, limit) in record["figures"].items():
        print(f"{name}: {value:.3f} (at most {limit})")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ironbook.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
