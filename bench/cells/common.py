"""What the two sides of the benchmark share: the script's cells, and a record of the machine."""

import datetime
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = HERE / "results"


@dataclass
class Cell:
    """One cell of the script: its kind and title from the `// %% kind: title` line, its source."""

    kind: str
    title: str
    source: str


def read_cells(path: Path = HERE / "cells.rs") -> list[Cell]:
    """The cells of a script in percent format, in order."""
    parts = re.split(r"(?m)^// %% (\w+): (.*)\n", path.read_text())[1:]
    return [
        Cell(kind, title, source.strip())
        for kind, title, source in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    ]


def machine() -> dict:
    """Date, processor, cores, load and rustc of this measurement."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "rustc": rustc.stdout.strip(),
    }
