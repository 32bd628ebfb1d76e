#!/usr/bin/env python3
"""Flights as a pipeline beside the same stages called one after the other in one `main`.

    python3 bench/promotion/overhead.py PROJECT [ROUNDS]

PROJECT has `pipelines/late-flights/<version>`, made by `ironbook promote flights.ipynb --name late-flights`. Both programs are
compiled by the same compiler with the same options against the library's dylib. The pipeline runs with an empty cache each
time, so that it also writes and reads every value; `one` keeps them in memory and writes none.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ONE = """
pub fn one() -> ironbook::pipeline::Result<()> {
    let (flights, weather) = flights_and_weather("data/flights.parquet", "data/weather.parquet")?;
    let joined = joined(flights, weather, 15)?;
    let (train, test) = train_and_test(joined, 0.75)?;
    let baseline = baseline(train.clone())?;
    let boosted = boosted(train)?;
    let report = report(boosted, test.clone())?;
    gate(baseline, report, test)
}
"""
MAIN = """mod stages;
fn main() {
    ironbook::init();
    if let Err(error) = stages::one() { panic!("{error:?}") }
}
"""


def library() -> pathlib.Path:
    home = os.environ.get("IRONBOOK_HOME") or os.path.expanduser("~/.cache/ironbook")
    copies = [path.parent for path in pathlib.Path(home, "std").glob("*/manifest.json")]
    return max(copies, key=lambda path: path.stat().st_mtime)


def build(source: pathlib.Path, to: pathlib.Path) -> None:
    copy = library()
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    (dylib,) = copy.glob("*ironbook_std.so")
    command = ["rustc", str(source), "--edition=2024", "--crate-type", "bin", "--crate-name", "one"]
    command += ["-C", "prefer-dynamic", "-C", "opt-level=1", "-C", f"link-arg=-Wl,-rpath,{copy}"]
    command += ["-C", f"link-arg=-Wl,-rpath,{sysroot}/lib/rustlib/x86_64-unknown-linux-gnu/lib", "-A", "warnings"]
    command += ["--extern", f"ironbook={dylib}", "-L", f"dependency={copy / 'deps'}", "-o", str(to)]
    subprocess.run(command, check=True)


def main() -> None:
    project = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    versions = sorted((project / "pipelines/late-flights").iterdir())
    version = [path for path in versions if (path / "pipeline.toml").is_file()][-1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "src").mkdir()
        (folder / "pipeline.toml").write_bytes((version / "pipeline.toml").read_bytes())
        (folder / "src/stages.rs").write_text((version / "src/stages.rs").read_text() + ONE)
        (folder / "src/main.rs").write_text(MAIN)
        build(folder / "src/main.rs", folder / "one")
        (folder / "src/main.rs").write_text((version / "src/main.rs").read_text().replace("#[cfg(test)]\nmod tests;\n", ""))
        build(folder / "src/main.rs", folder / "pipeline")
        times = {"one main": [], "pipeline": []}
        for turn in range(rounds):
            for name in times:
                cache = folder / f"cache-{turn}"
                program = [str(folder / "one")] if name == "one main" else [
                    str(folder / "pipeline"), "run", "--no-track", "--quiet", "--jobs", "1", "--cache", str(cache)]
                began = time.perf_counter()
                subprocess.run(program, cwd=project, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - began)
        best = {name: min(of) for name, of in times.items()}
        middle = {name: statistics.median(of) for name, of in times.items()}
        print(json.dumps({"best_s": best, "median_s": middle}, indent=2))
        print(f"a pipeline takes {best['pipeline'] / best['one main']:.3f} times one main (best of {rounds}), "
              f"{middle['pipeline'] / middle['one main']:.3f} times by the median")


main()
