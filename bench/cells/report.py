"""Prints the table of ratios from results/ironbook.json and results/evcxr.json; exit 1 on a missed figure.

python report.py            the stored results, with the day and machine of each
"""

import json
import sys
from statistics import median

from common import RESULTS, read_cells

FIRST_VARIABLE = "first variable"


def medians(sessions: list[list[dict]]) -> list[float]:
    """Seconds per cell: the median over the sessions."""
    return [median(cell["seconds"] for cell in cells) for cells in zip(*sessions, strict=True)]


def load(name: str) -> dict:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        sys.exit(f"{path.name} is missing: run that side first (see README.md)")
    return json.loads(path.read_text())


def differences(cells: list, ours: list[dict], theirs: list[dict]) -> list[str]:
    """Cells that failed or printed something else in the other kernel."""
    found = []
    for cell, a, b in zip(cells, ours, theirs, strict=True):
        if a["error"] or b["error"]:
            found.append(f"{cell.title}: failed: {a['error'] or b['error']}")
        elif a["stdout"].strip() != b["stdout"].strip():
            found.append(f"{cell.title}: printed {a['stdout']!r} against {b['stdout']!r}")
    return found


class Figures:
    """The figures to hold, each printed with its limit."""

    def __init__(self):
        self.missed = 0

    def check(self, name: str, value: float, limit: float, *, at_least: bool = False) -> None:
        held = value >= limit if at_least else value <= limit
        self.missed += not held
        sign = ">=" if at_least else "<="
        print(f"{'ok  ' if held else 'MISS'} {name:<58}{value:9.3f}  {sign} {limit:g}")


def table(cells: list, auto: list[float], tier0: list[float], peer: dict) -> list[float]:
    """One line per cell; returns the ratios against the peer's faster level."""
    print(f"{'':<50}{'auto':>8}{'tier 0':>8}" + "".join(f"{n:>15}" for n in peer) + f"{'ratio':>8}")
    ratios = []
    for i, cell in enumerate(cells):
        others = [seconds[i] for seconds in peer.values()]
        ratios.append(min(others) / auto[i])
        print(f"{cell.kind:<6}{cell.title:<44}{auto[i]:8.3f}{tier0[i]:8.3f}"
              + "".join(f"{s:15.3f}" for s in others) + f"{ratios[-1]:8.1f}")
    return ratios


def main() -> None:
    cells, ours, theirs = read_cells(), load("ironbook"), load("evcxr")
    for side in (ours, theirs):
        about = side["machine"]
        print(f"{side['peer']}: {about['date']}, {about['cpu']}, {about['cores']} cores, "
              f"load {about['load']}, {about['rustc']}")
    auto, tier0 = medians(ours["runs"]["auto"]), medians(ours["runs"]["opt 0"])
    peer = {f"evcxr {level}": medians(runs) for level, runs in theirs["runs"].items()}
    print()
    ratios = table(cells, auto, tier0, peer)
    first = next(i for i, cell in enumerate(cells) if cell.title == FIRST_VARIABLE)
    floor = median(ours["floor"])
    glue = [seconds for cell, seconds in zip(cells, tier0, strict=True) if cell.kind == "glue"]
    prelude = median(ours["floor with the prelude"])
    print(f"\nthe floor, an empty crate against the same dylib: {floor:.3f} s; "
          f"one that imports the prelude: {prelude:.3f} s\n")
    figures = Figures()
    figures.check("times faster, median cell", median(ratios), 6, at_least=True)
    figures.check("times faster, first variable", ratios[first], 40, at_least=True)
    figures.check("slowest cell at tier 0, seconds", max(tier0), 0.6)
    figures.check("slowest cell at auto, seconds", max(auto), 1.5)
    figures.check("glue cells against the floor, the worst of them", max(glue) / floor, 1.6)
    for name, (value, limit) in ours.get("figures", {}).items():
        figures.check(name, value, limit)
    wrong = differences(cells, ours["runs"]["auto"][0], next(iter(theirs["runs"].values()))[0])
    for line in wrong:
        print(f"MISS {line}")
    sys.exit(1 if wrong or figures.missed else 0)


if __name__ == "__main__":
    main()
