"""Times the script's cells in the stock Rust kernel, evcxr_jupyter 0.22.

cargo install evcxr_jupyter --version 0.22.0 --locked --root <peer>
python evcxr.py --peer <peer> build      once: polars and candle at both levels (half an hour)
python evcxr.py --peer <peer> run        the measurement, into results/evcxr.json

The kernel gets what its own documentation offers for speed: a kept directory (EVCXR_TMPDIR), its
compile cache (`:cache`), `:opt 0` beside its default. polars and candle come with the features of
our Cargo.toml in the versions of our Cargo.lock. A cell's time runs from sending its source to the
kernel's `idle`, which follows the last output.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

from common import RESULTS, ROOT, machine, read_cells
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

LEVELS = {"opt 0": ":opt 0\n", "default": ""}
CRATES = ["polars", "candle-core", "candle-nn"]
CACHE_MIB = 20_000


def std_folder() -> str:
    """Where rustc's shared std lies: the kernel's cells find it by a path relative to a folder that
    they are then moved out of, which fails for a kept directory beside the toolchain."""
    command = ["rustc", "--print", "target-libdir"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def setup_cell(level: str) -> tuple[str, dict]:
    """The `:dep` lines with our features and versions, and those versions."""
    ours = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    versions = {p["name"]: p["version"] for p in locked if p["name"] in CRATES}
    lines = [f":cache {CACHE_MIB}\n", LEVELS[level]]
    for name in CRATES:
        spec = ours[name] if isinstance(ours[name], dict) else {}
        features = json.dumps(spec.get("features", []))
        lines.append(f':dep {name} = {{ version = "={versions[name]}", features = {features} }}\n')
    return "".join(lines), versions


class Kernel:
    """One running kernel; `run` executes a cell and times it."""

    def __init__(self, peer: Path):
        spec = peer / "kernels" / "evcxr"
        spec.mkdir(parents=True, exist_ok=True)
        kept = peer / "kept"
        (peer / "config").mkdir(exist_ok=True)
        kept.mkdir(exist_ok=True)
        lock = peer / "Cargo.lock"  # ours as it was when the libraries were built
        if not lock.exists():
            shutil.copy(ROOT / "Cargo.lock", lock)
        argv = [str(peer / "bin" / "evcxr_jupyter"), "--control_file", "{connection_file}"]
        (spec / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "Rust", "language": "rust"})
        )
        env = os.environ | {
            "EVCXR_TMPDIR": str(kept),
            "EVCXR_CONFIG_DIR": str(peer / "config"),
            "XDG_CACHE_HOME": str(peer / "cache"),
            "LD_LIBRARY_PATH": std_folder(),
        }
        specs = KernelSpecManager(kernel_dirs=[str(peer / "kernels")], ensure_native_kernel=False)
        self.manager = KernelManager(kernel_name="evcxr", kernel_spec_manager=specs)
        self.manager.start_kernel(env=env, cwd=str(peer))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        # The kernel's start, which has no dependencies yet, empties the lock file.
        shutil.copy(lock, kept / "Cargo.lock")

    def run(self, source: str, timeout: float) -> dict:
        """Seconds until idle, what the cell printed, and its error if it had one."""
        began = time.perf_counter()
        request = self.client.execute(source)
        stdout, result, error = [], None, None
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                stdout.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                result = content["data"].get("text/plain")
            elif kind == "error":
                error = content["evalue"] or "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                break
        seconds = time.perf_counter() - began
        return {"seconds": round(seconds, 4), "stdout": "".join(stdout), "result": result,
                "error": error}

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def session(peer: Path, level: str, cells: list, timeout: float) -> list[dict]:
    """The setup and then the given cells in a fresh kernel."""
    kernel = Kernel(peer)
    try:
        setup = kernel.run(setup_cell(level)[0], timeout)
        if setup["error"]:
            raise SystemExit(f"the peer's setup failed at {level}:\n{setup['error']}")
        return [kernel.run(cell.source, timeout) for cell in cells]
    finally:
        kernel.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, required=True, help="where evcxr_jupyter is installed")
    parser.add_argument("--runs", type=int, default=3, help="sessions per level (default 3)")
    parser.add_argument("--level", choices=LEVELS, action="append", help="default: all")
    parser.add_argument("action", choices=["build", "run"])
    args = parser.parse_args()
    cells, levels = read_cells(), args.level or list(LEVELS)
    if args.action == "build":
        for level in levels:
            began = time.perf_counter()
            first = session(args.peer.resolve(), level, cells[:1], timeout=3 * 3600)[0]
            print(f"{level}: {time.perf_counter() - began:.0f} s  {first}")
        return
    record = {"peer": "evcxr_jupyter 0.22.0", "machine": machine(),
              "versions": setup_cell("default")[1], "runs": {}}
    for level in levels:
        # The first session after a build still fills caches; it is not counted.
        sessions = [session(args.peer.resolve(), level, cells, 600) for _ in range(args.runs + 1)]
        record["runs"][level] = sessions[1:]
        for cell, *timings in zip(cells, *sessions[1:], strict=True):
            seconds = sorted(t["seconds"] for t in timings)
            print(f"{level:<8}{cell.title:<50}{seconds[len(seconds) // 2]:8.3f} s"
                  f"  {timings[0]['error'] or ''}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "evcxr.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
