"""Floods: 10,000 lines, complete and in order; 50 MB, the kernel answering meanwhile and the end arriving.

python output.py [--repeats 5]

Figures: the lines in under 1 s. Of the 50 MB Ironbook leaves the middle out and says so, ipykernel sends all.
"""

import argparse
import sys
import threading
import time

from common import KERNELS, keep, prepare, start, table

LIMITS = {"10,000 lines, s": 1, "worst kernel_info during 50 MB, s": 2}


def lines(kernel, cells):
    began = time.perf_counter()
    ran = kernel.client.run(cells.lines.format(count=10_000))
    taken = time.perf_counter() - began
    assert ran.text() == "".join(f"line {i}\n" for i in range(10_000)), "lines are missing or out of order"
    return taken


class Watch(threading.Thread):
    """Asks on control, again and again; keeps the longest wait."""

    def __init__(self, kernel):
        super().__init__()
        self.client = kernel.connect(wait=False)
        self.client.sockets["iopub"].unsubscribe(b"")
        self.end = threading.Event()
        self.worst = 0.0

    def run(self):
        while not self.end.wait(0.05):
            began = time.perf_counter()
            self.client.reply(self.client.send("kernel_info_request", channel="control"), "control")
            self.worst = max(self.worst, time.perf_counter() - began)
        self.client.close()


def flood(kernel, cells):
    watch = Watch(kernel)
    watch.start()
    began = time.perf_counter()
    ran = kernel.client.run(cells.much.format(kilobytes=50_000), timeout=300)
    taken = time.perf_counter() - began
    watch.end.set()
    watch.join()
    text = ran.text()
    assert text.startswith("the start\n") and text.endswith("the end\n"), "an end is missing"
    assert len(text) > 50_000_000 or "left out" in text, "what is missing is not said"
    return taken, watch.worst, len(text) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    prepare()
    whats = ["10,000 lines, s", "50 MB to idle, s", "worst kernel_info during 50 MB, s", "MB that arrive of 50"]
    figures = {what: {name: [] for name in KERNELS} for what in whats}
    for name in KERNELS:
        kernel, cells = start(name)
        with kernel:
            lines(kernel, cells)
            for _ in range(args.repeats):
                figures[whats[0]][name].append(lines(kernel, cells))
            for _ in range(max(1, args.repeats // 2)):
                for what, value in zip(whats[1:], flood(kernel, cells)):
                    figures[what][name].append(value)
            kernel.client.alive()
    good = table(f"floods, median of {args.repeats}", figures, "", LIMITS)
    keep("output", figures)
    sys.exit(0 if good else 1)


main()
