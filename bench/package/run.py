"""Times Ironbook's installation without a build: from the archive to the first cell, in an empty home, with no cargo.

Run      python bench/package/run.py [rounds]         (3 unless told)
         It builds and packs (`ironbook package`), with CARGO_TARGET_DIR and IRONBOOK_HOME as they are set.

Each round unpacks the archive into a new directory and runs two cells of new sessions, each in a home of its own: nothing
is remembered or cached from the round before, except by the system's page cache. PATH has rustc, cc and ld only.
`unpack` is `tar xzf`; `first cell` is all of `ironbook -e '1 + 1'`, from the start of the process to its end; `polars`
makes, sums and shows a data frame. The table says `ok` or `MISS` against 10 s from unpacked archive to first result.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
LIMIT = 10.0
ROOT = Path(__file__).resolve().parents[2]
CELLS = {
    "first cell": "1 + 1",
    "polars": 'df!["a" => [1, 2, 3]]?.lazy().select([col("a").sum()]).collect()?',
}


def timed(arguments, **options):
    began = time.perf_counter()
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"{arguments} failed:\n{done.stdout}{done.stderr}")
    return took, done.stdout


def tools(folder):
    """The compiler itself, not rustup's proxy, and the linker."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, capture_output=True, text=True, check=True)
    programs = {"rustc": f"{sysroot.stdout.strip()}/bin/rustc", "cc": shutil.which("cc"), "ld": shutil.which("ld")}
    folder.mkdir()
    for name, path in programs.items():
        (folder / name).symlink_to(path)
    return folder


def main():
    with tempfile.TemporaryDirectory() as desk:
        desk = Path(desk)
        cargo = ["cargo", "run", "-q", "-p", "ironbook-repl", "--", "package", "--out", str(desk)]
        subprocess.run(cargo[:5] + ["--", "setup"], cwd=ROOT, check=True, capture_output=True)
        took, report = timed(cargo, cwd=ROOT)
        print(report, f"packed in {took:.1f} s", sep="")
        (archive,) = desk.glob("*.tar.gz")
        path = tools(desk / "tools")
        best = {}
        for turn in range(ROUNDS):
            place = desk / f"round{turn}"
            place.mkdir()
            times = {"unpack": timed(["tar", "xzf", archive, "-C", place])[0]}
            (program,) = place.glob("*/bin/ironbook")
            for name, code in CELLS.items():
                home = place / name
                home.mkdir()
                times[name], _ = timed([program, "-e", code], env={"HOME": str(home), "PATH": str(path)}, cwd=home)
            for name, took in times.items():
                best.setdefault(name, []).append(took)
            shutil.rmtree(place)
        for name, seconds in best.items():
            said = "" if name == "unpack" else ("ok" if max(seconds) <= LIMIT else "MISS")
            print(f"{name:<12} best {min(seconds):6.2f} s   worst {max(seconds):6.2f} s   {said}")
        sys.exit(any(max(seconds) > LIMIT for name, seconds in best.items() if name != "unpack"))


if __name__ == "__main__":
    main()
