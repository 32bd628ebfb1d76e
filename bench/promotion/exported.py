#!/usr/bin/env python3
"""Builds, runs, tests and lints the crate of a promoted version as its users would, with cargo alone.

    python3 bench/promotion/exported.py PROJECT [--target DIR] [--name NAME]

PROJECT has `pipelines/<name>/<version>` with its sources (no `--link`). With `--target DIR`, what that target directory has
compiled is used, as where CARGO_TARGET_DIR is set; without it the crate has its own, and everything is compiled. Prints a line
for each step: seconds, CPU seconds, what cargo compiled and what it found compiled. Ends with status 1 when a step failed.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

# What `cargo run` tells its program of itself; a build script that looks at it would run again.
OWN = ("CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_")


def cargo(version: pathlib.Path, arguments: list[str], target: pathlib.Path | None, after: list[str] = ()) -> tuple[bool, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    environment.pop("CARGO_TARGET_DIR", None)
    if target:
        environment["CARGO_TARGET_DIR"] = str(target)
    command = ["cargo", *arguments, "--locked", "--offline", "--message-format=json-render-diagnostics", *after]
    done = subprocess.run(command, cwd=version, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    artifacts = []
    for line in done.stdout.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            if line.startswith("test result") or line.startswith("test "):
                print("    " + line)
            continue
        if isinstance(message, dict) and message.get("reason") == "compiler-artifact":
            artifacts.append(message)
    counts = {}
    for artifact in artifacts:
        whose = "registry" if artifact["package_id"].startswith("registry+") else "own"
        kind = "found" if artifact["fresh"] else "compiled"
        counts[whose, kind] = counts.get((whose, kind), 0) + 1
    words = ", ".join(f"{count} {kind} ({whose})" for (whose, kind), count in sorted(counts.items()))
    return done.returncode == 0, words


def cpu() -> float:
    """CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=pathlib.Path)
    parser.add_argument("--target", type=pathlib.Path)
    parser.add_argument("--name", default="late-flights")
    options = parser.parse_args()
    project = options.project.resolve()
    number = lambda path: [int(part) for part in path.name.split(".")]
    versions = [path for path in (project / "pipelines" / options.name).iterdir() if (path / "pipeline.toml").is_file()]
    version = max(versions, key=number)
    lock = (version / "Cargo.lock").read_bytes()
    steps = [
        ("build", ["build"], []),
        ("run", ["run"], ["--", "run", "--no-track", "--force"]),
        ("run again", ["run"], ["--", "run", "--no-track"]),
        ("test", ["test"], []),
        ("clippy", ["clippy", "--all-targets"], ["--", "-D", "warnings"]),
    ]
    failed = []
    for name, arguments, after in steps:
        began, before = time.perf_counter(), cpu()
        good, words = cargo(version, arguments, options.target and options.target.resolve(), after)
        took = f"{time.perf_counter() - began:8.1f} s {cpu() - before:8.1f} s CPU"
        print(f"{name:10} {took}  {'ok' if good else 'FAILED'}  {words}", flush=True)
        if not good:
            failed.append(name)
    if (version / "Cargo.lock").read_bytes() != lock:
        failed.append("Cargo.lock, which cargo has changed")
    print(f"failed: {', '.join(failed)}" if failed else "all well")
    sys.exit(bool(failed))


main()
