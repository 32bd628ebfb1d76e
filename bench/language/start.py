"""What the language service costs a kernel while it loads: `start.py IRONBOOK`, with the Python of tests/env/clients.txt.

Seconds from the start of a session to the first answer that only the service knows (15 s), beside a series of ordinary cells
and alone; what those cells take meanwhile, against the same without the service (1.1 times); the service's memory when it is
ready and after a hundred questions (1.5 GB); and that there is none where it is switched off.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests/clients"))

import wire
from wire import DEEP, Kernel, descendants

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = 25
"""So long cells are run, one after the other."""
CELLS = [
    'let df{n} = df!("age" => [{n}.0, 2.0, 3.0], "fare" => [3.0, 4.0, 5.0])?;\ndf{n}.height()',
    "let total{n}: f64 = (0..1000).map(|i| i as f64 * {n}.5).sum();\ntotal{n}",
    'println!("{{}}", [{n}, 2, 3].iter().map(|x| x.to_string()).collect::<Vec<_>>().join("-"));',
    "struct Point{n} {{ x: f64, y: f64 }}\nimpl Point{n} {{ fn norm(&self) -> f64 {{ self.x.hypot(self.y) }} }}\n"
    "Point{n} {{ x: {n}.0, y: 1.0 }}.norm()",
    'let words{n} = "a b c {n}".split(" ").map(str::to_owned).collect::<Vec<_>>();\nwords{n}.len()',
]


def memory(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def services(kernel):
    """The service with what it has started itself."""
    below = descendants(kernel.process.pid)
    own = [pid for pid, name in below if name.startswith("ironbook-lang")]
    return own + [pid for one in own for pid, _ in descendants(one)]


def knows(client):
    """Whether the answer is one that only the service can give."""
    reply = client.ask("complete_request", {"code": DEEP[0], "cursor_pos": len(DEEP[0])})
    return DEEP[1] in reply["matches"]


def series(program, language, tag):
    """Seconds of each cell and when it ended, and when the service knew."""
    wire.command = lambda path, kernel=None: ([program, "kernel", "start", "-f", str(path), "--no-cache"], {})
    began = time.perf_counter()
    took, ready = [], None
    with Kernel(IRONBOOK_LANGUAGE=language) as kernel:
        # The first cell waits for the session.
        kernel.client.run("let first = 1;")
        if not language:
            assert services(kernel), "no service was started"
        number = 0
        while time.perf_counter() - began < SECONDS or (not language and ready is None):
            number += 1
            code = CELLS[number % len(CELLS)].format(n=tag + number)
            start = time.perf_counter()
            ran = kernel.client.run(code)
            took.append((number % len(CELLS), time.perf_counter() - start, ready is None))
            assert ran.reply.content["status"] == "ok", ran.reply.content
            if ready is None and not language and knows(kernel.client):
                ready = time.perf_counter() - began
        if language:
            assert not services(kernel), "it is switched off, and runs"
    return took, ready


def alone(program):
    """Seconds to ready without any cell, and memory then and after a hundred questions."""
    began = time.perf_counter()
    with Kernel() as kernel:
        kernel.client.run("let first = 1;")
        while not knows(kernel.client):
            time.sleep(0.1)
        ready = time.perf_counter() - began
        first = sum(memory(pid) for pid in services(kernel))
        for number in range(100):
            code = DEEP[0].replace("u8", f"[u8; {number}]")
            kernel.client.ask("complete_request", {"code": code, "cursor_pos": len(code)})
        return ready, first, sum(memory(pid) for pid in services(kernel))


def by_kind(rounds, wanted):
    """The median of each kind of cell."""
    kinds = {}
    for took, _ in rounds:
        for kind, seconds, loading in took:
            if wanted(loading):
                kinds.setdefault(kind, []).append(seconds)
    return {kind: statistics.median(seconds) for kind, seconds in kinds.items()}


def main(program):
    os.chdir(tempfile.gettempdir())
    off, on = [], []
    for turn in range(ROUNDS):
        off.append(series(program, "0", turn * 2000))
        on.append(series(program, "", turn * 2000 + 1000))
    without, loading = by_kind(off, lambda _: True), by_kind(on, lambda loading: loading)
    after = by_kind(on, lambda loading: not loading)
    for kind, seconds in sorted(without.items()):
        print(f"cell {kind}: {seconds * 1000:.0f} ms without, {loading[kind] * 1000:.0f} ms while it loads, "
              f"{after.get(kind, 0) * 1000:.0f} ms after")
    ratio = statistics.mean(loading[kind] / without[kind] for kind in without)
    print(f"cells while it loads: {ratio:.2f} times (1.1)")
    print(f"ready beside cells after {', '.join(f'{ready:.1f}' for _, ready in on)} s (15 s)")
    ready, first, later = alone(program)
    print(f"ready alone after {ready:.1f} s; memory {first:.0f} MB, after 100 questions {later:.0f} MB (1.5 GB)")
    print("switched off: no process, 0 MB")


if __name__ == "__main__":
    main(sys.argv[1])
