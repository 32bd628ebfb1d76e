"""Completion of Ironbook beside evcxr's and rust-analyzer's: `run.py`, with the Python of tests/env/clients.txt.

`--build` builds the peers (once; rust-analyzer takes ten minutes), `--only hold_in` measures one set, `--systems A,B` some
systems, `--some 12` the first queries only, which are not kept, `--lost` shows the queries that a peer does better, of the set
that may be looked at. See README.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

from common import HERE, ROOT, SETS, load
from systems import PEERS, SYSTEMS, Analyzer, Evcxr

RESULTS = HERE / "results.json"
LIMITS = {"Ironbook": 150, "Ironbook instant": 30}
BETTER = 95


def build():
    subprocess.run(["cargo", "build", "-p", "ironbook-language", "--example", "evcxr_peer"], cwd=ROOT, check=True)
    if not Analyzer.program.exists():
        command = ["cargo", "install", "ra_ap_rust-analyzer", "--version", "=0.0.347", "--locked", "--root",
                   PEERS / "rust-analyzer"]
        subprocess.run(command, check=True)


def shorter(query):
    """The query before its last letter was typed."""
    text, at = query["text"], query["at"]
    return text[:at - 1] + text[at:], at - 1, query["typed"][:-1]


def timed(system, text, at, typed):
    began = time.perf_counter()
    names = system.names(text, at, typed)
    return (time.perf_counter() - began) * 1000, names


def measured(name, session):
    """Figures of a system: milliseconds of the first question about a text and of that after one more letter, and ranks."""
    make, language = SYSTEMS[name]
    system = make(session, language)
    try:
        fresh, typed, ranks, firsts = [], [], [], []
        for query in session["queries"]:
            fresh.append(timed(system, *shorter(query))[0])
            took, names = timed(system, query["text"], query["at"], query["typed"])
            typed.append(took)
            ranks.append(names.index(query["expected"]) + 1 if query["expected"] in names else None)
            firsts.append(names[:5])
        return {"ready_s": round(system.ready, 2), "memory_mb": round(system.memory()), "first_ms": summary(fresh),
                "letter_ms": summary(typed), "deaths": getattr(system, "deaths", 0), **quality(ranks), "ranks": ranks, "shown": firsts}
    finally:
        system.close()


def summary(took):
    return {"median": round(statistics.median(took), 1), "p95": round(sorted(took)[int(len(took) * 0.95) - 1], 1),
            "most": round(max(took), 1)}


def quality(ranks):
    hits = {f"hit@{most}": sum(rank is not None and rank <= most for rank in ranks) for most in (1, 5)}
    mean = statistics.mean(1 / rank if rank else 0 for rank in ranks)
    return {**hits, "found": sum(rank is not None for rank in ranks), "mrr": round(mean, 3)}


def against(ours, peer):
    """Queries where the first candidate is as right or more so, and where what was meant stands as high or higher, higher, and
    lower; what is not there is last."""
    far = 10**6
    pairs = [(mine or far, theirs or far) for mine, theirs in zip(ours["ranks"], peer["ranks"])]
    return {"first": sum(mine == 1 or theirs != 1 for mine, theirs in pairs),
            "same or better": sum(mine <= theirs for mine, theirs in pairs),
            "better": sum(mine < theirs for mine, theirs in pairs), "worse": sum(mine > theirs for mine, theirs in pairs)}


def table(name, figures):
    print(f"\n{name}: {len(next(iter(figures.values()))['ranks'])} queries in a session of 60 cells")
    print(f"{'':20}{'first ms':>10}{'95%':>8}{'letter ms':>11}{'95%':>8}{'hit@1':>7}{'hit@5':>7}{'found':>7}{'MRR':>7}"
          f"{'ready s':>9}{'MB':>7}")
    for system, one in figures.items():
        print(f"{system:20}{one['first_ms']['median']:10.1f}{one['first_ms']['p95']:8.0f}{one['letter_ms']['median']:11.1f}"
              f"{one['letter_ms']['p95']:8.0f}{one['hit@1']:7}{one['hit@5']:7}{one['found']:7}{one['mrr']:7.3f}"
              f"{one['ready_s']:9.1f}{one['memory_mb']:7}")
    if "Ironbook" not in figures:
        return True
    ours, good = figures["Ironbook"], True
    for system in ("evcxr", "rust-analyzer"):
        if system in figures:
            counts, peer = against(ours, figures[system]), figures[system]
            ratio = ours["letter_ms"]["median"] / peer["letter_ms"]["median"]
            good &= counts["first"] >= BETTER
            print(f"beside {system}: the first suggestion is the same or better in {counts['first']} (limit {BETTER}); what was "
                  f"meant stands as high or higher in {counts['same or better']}, higher in {counts['better']}, lower in "
                  f"{counts['worse']}; time {ratio:.2f}, memory "
                  f"{ours['memory_mb'] / peer['memory_mb']:.2f} of its")
    for system, limit in LIMITS.items():
        if system in figures:
            good &= figures[system]["letter_ms"]["median"] < limit
    return good


def lost(session, figures):
    """Queries that a peer does better, and what the two show first."""
    for peer in ("evcxr", "rust-analyzer"):
        for query, mine, theirs, shown, other in zip(
                session["queries"], figures["Ironbook"]["ranks"], figures.get(peer, {}).get("ranks", []),
                figures["Ironbook"]["shown"], figures.get(peer, {}).get("shown", [])):
            if (mine or 10**6) > (theirs or 10**6):
                before = query["text"][max(0, query["at"] - 60):query["at"]]
                print(f"{peer} {query['kind']} {query['shape']} {before!r} -> {query['expected']}\n  {mine} {shown}\n  {theirs} {other}")


def missing(name):
    program = {"evcxr": Evcxr.program, "rust-analyzer": Analyzer.program}.get(name)
    if program is None or program.exists():
        return False
    print(f"SKIPPED: {name} ({program} is not there; `run.py --build` builds it)")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--only", choices=SETS)
    parser.add_argument("--systems")
    parser.add_argument("--some", type=int)
    parser.add_argument("--lost", action="store_true")
    options = parser.parse_args()
    if options.build:
        return build()
    subprocess.run(["cargo", "build", "--quiet", "-p", "ironbook-repl", "-p", "ironbook-language"], cwd=ROOT, check=True)
    wanted = options.systems.split(",") if options.systems else list(SYSTEMS)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    good = True
    for name in [options.only] if options.only else SETS:
        session, figures = load(name), {} if options.some else kept.setdefault(name, {})
        session["queries"] = session["queries"][:options.some]
        for system in wanted:
            if not missing(system):
                began = time.perf_counter()
                figures[system] = measured(system, session)
                print(f"{name}: {system} measured in {time.perf_counter() - began:.0f} s", flush=True)
        good &= table(name, figures)
        if options.lost and name == "hold_in":
            lost(session, figures)
        if not options.some:
            kept["load"] = [round(one, 2) for one in os.getloadavg()]
            RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    return 0 if good or options.some else 1


if __name__ == "__main__":
    raise SystemExit(main())
