"""From starting the kernel's process to its kernel_info_reply, to its first result, and the memory of the process.

python start.py [--repeats 7]

Figures: ready in under 0.3 s; the process that answers (for Ironbook not the one that runs cells) under 50 MB.
"""

import argparse
import sys
import time

from common import KERNELS, keep, prepare, start, table

LIMITS = {"kernel_info_reply, s": 0.3, "front end when ready, MB": 50, "front end after cells, MB": 50}


def resident(kernel):
    status = open(f"/proc/{kernel.process.pid}/status").read()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    prepare()
    whats = ["kernel_info_reply, s", "first result, s", "front end when ready, MB", "front end after cells, MB"]
    figures = {what: {name: [] for name in KERNELS} for what in whats}
    for number in range(args.repeats + 1):
        for name in KERNELS:
            began = time.perf_counter()
            kernel, cells = start(name, client=False)
            with kernel:
                client = kernel.client = kernel.connect(wait=False)
                client.alive(60)
                ready = time.perf_counter() - began
                memory = resident(kernel)
                ran = client.reply(client.execute(cells.product))
                assert ran.content["status"] == "ok", ran.content
                result = time.perf_counter() - began
                for code in (cells.names, cells.table, cells.hello, cells.fails):
                    client.reply(client.execute(code))
                if number:  # the first start of each fills caches
                    for what, value in zip(whats, (ready, result, memory, resident(kernel))):
                        figures[what][name].append(value)
    good = table(f"start, median of {args.repeats}", figures, "", LIMITS)
    keep("start", figures)
    sys.exit(0 if good else 1)


main()
