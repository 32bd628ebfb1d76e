"""What the kernel's benchmarks share: the two kernels, started by their kernelspecs, and the record of figures.

Both sides are driven by the client of tests/clients, over the same sockets, in turns. Needs tests/env/clients.txt.
evcxr_jupyter is no peer here: it has to be compiled for half an hour, and what it spends between request and reply is
compiling, which `cells/` compares.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "clients"))

try:
    from cells import Python, Rust
    from wire import Kernel
except ImportError as missing:
    print(f"SKIPPED: kernel ({missing}; tests/env/clients.txt lists what it needs)")
    sys.exit(0)

KERNELS = {"Ironbook": ("ironbook", Rust), "ipykernel": ("python3", Python)}
if only := os.environ.get("IRONBOOK_BENCH_KERNELS"):
    KERNELS = {name: KERNELS[name] for name in only.split(",")}


def prepare():
    """Builds Ironbook and puts its kernelspec where this process finds it."""
    if "Ironbook" not in KERNELS:
        return
    subprocess.run(["cargo", "build", "--quiet", "-p", "ironbook-repl"], cwd=ROOT, check=True)
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, capture_output=True,
                              text=True, check=True)
    ironbook = Path(json.loads(metadata.stdout)["target_directory"]) / "debug" / "ironbook"
    subprocess.run([ironbook, "setup"], cwd=ROOT, check=True)
    prefix = prepare.prefix = tempfile.TemporaryDirectory(prefix="ib-")
    subprocess.run([ironbook, "kernel", "install", "--prefix", prefix.name], check=True, stdout=subprocess.DEVNULL)
    os.environ["JUPYTER_PATH"] = f"{prefix.name}/share/jupyter"
    os.environ["IRONBOOK_HISTORY"] = f"{prefix.name}/history.jsonl"


def start(name, **environment):
    """A kernel, by its name in the tables, and its cells."""
    kernel, cells = KERNELS[name]
    return Kernel(kernel=kernel, **environment), cells


def table(title, figures, unit, limits):
    """Prints medians side by side with their ratio; says which limit is missed. `figures`: what -> kernel -> values."""
    names = list(KERNELS)
    print(f"\n{title}")
    print(f"{'':34}" + "".join(f"{name + ' ' + unit:>16}" for name in names) + f"{'ratio':>9}{'limit':>9}")
    good = True
    for what, values in figures.items():
        middle = {name: median(values[name]) for name in names if values.get(name)}
        ratio = f"{middle['Ironbook'] / middle['ipykernel']:9.3f}" if len(middle) == 2 and middle["ipykernel"] else f"{'':9}"
        limit = limits.get(what)
        missed = limit is not None and middle.get("Ironbook", 0) > limit
        good &= not missed
        print(f"{what:34}" + "".join(f"{middle[name]:16.2f}" if name in middle else f"{'-':>16}" for name in names) + ratio
              + (f"{limit:9g}{'  MISS' if missed else ''}" if limit is not None else ""))
    return good


def keep(name, figures):
    """Writes the figures of one benchmark into results.json."""
    path = HERE / "results.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[name] = {"date": datetime.date.today().isoformat(), "load": round(os.getloadavg()[0], 2), "cores": os.cpu_count(),
                  "figures": figures}
    path.write_text(json.dumps(kept, indent=1) + "\n")
