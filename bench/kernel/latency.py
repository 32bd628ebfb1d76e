"""From execute_request to idle for cells that need no compiling: what the kernel itself costs.

python latency.py [--repeats 7] [--cells 50]

Figures: a cell that is already compiled under 5 ms at the median.
"""

import argparse
import sys
import time

from common import KERNELS, keep, prepare, start, table

LIMITS = {"a bare variable": 5, "a compiled cell": 5, "a compiled cell that prints": 5}


def timed(client, code):
    began = time.perf_counter()
    sent = client.execute(code)
    client.until_idle(sent)
    taken = time.perf_counter() - began
    reply = client.reply(sent)
    assert reply.content["status"] == "ok", reply.content
    return 1000 * taken


def asked(client):
    began = time.perf_counter()
    client.reply(sent := client.send("kernel_info_request"))
    taken = time.perf_counter() - began
    client.until_idle(sent)
    return 1000 * taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--cells", type=int, default=50)
    args = parser.parse_args()
    prepare()
    figures = {what: {name: [] for name in KERNELS} for what in [*LIMITS, "kernel_info"]}
    running = {name: start(name) for name in KERNELS}
    for kernel, cells in running.values():
        for code in (cells.assign, cells.show, cells.plus, cells.hello):
            timed(kernel.client, code)
    for _ in range(args.repeats):
        for name, (kernel, cells) in running.items():
            for what, code in zip(LIMITS, (cells.show, cells.plus, cells.hello)):
                figures[what][name] += [timed(kernel.client, code) for _ in range(args.cells)]
            figures["kernel_info"][name] += [asked(kernel.client) for _ in range(args.cells)]
    for kernel, _ in running.values():
        kernel.close()
    good = table(f"execute_request to idle, median of {args.repeats * args.cells}", figures, "ms", LIMITS)
    for name in KERNELS:
        worst = sorted(figures["a compiled cell"][name])
        print(f"{name}: 95th percentile of a compiled cell {worst[int(0.95 * len(worst))]:.2f} ms")
    keep("latency", {what: {name: sorted(v)[len(v) // 2] for name, v in each.items()} for what, each in figures.items()})
    sys.exit(0 if good else 1)


main()
