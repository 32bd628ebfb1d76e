"""complete_request to its reply: variables, functions, methods, magics and columns; inspect_request beside them.

python complete.py [--repeats 30]

Figures: each under 30 ms at the median. The first completion of each kind stands in a table of its own.
"""

import argparse
import sys
import time

from common import KERNELS, keep, prepare, start, table

KINDS = ["variables", "functions", "methods", "magics", "columns"]
LIMITS = dict.fromkeys([*KINDS, "inspect"], 30)


def timed(client, kind, content, wanted):
    began = time.perf_counter()
    sent = client.send(kind, content)
    reply = client.reply(sent)
    taken = time.perf_counter() - began
    client.until_idle(sent)
    assert wanted in str(reply.content), f"{wanted} is not in {reply.content}"
    return 1000 * taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    prepare()
    first = {what: {name: [] for name in KERNELS} for what in LIMITS}
    later = {what: {name: [] for name in KERNELS} for what in LIMITS}
    for name in KERNELS:
        kernel, cells = start(name)
        with kernel:
            assert kernel.client.run(cells.names).reply.content["status"] == "ok"
            for number in range(args.repeats + 1):
                into = later if number else first
                for what in KINDS:
                    code, at, wanted = cells.completions[what]
                    # Another line each time, so that nothing answers from a memory of the same text.
                    head = f"let n{number} = {number};\n" if name == "Ironbook" else f"n{number} = {number}\n"
                    content = {"code": head + code, "cursor_pos": len(head) + at}
                    into[what][name].append(timed(kernel.client, "complete_request", content, wanted))
                code, at = cells.inspect_emoji
                content = {"code": code, "cursor_pos": at, "detail_level": 0}
                into["inspect"][name].append(timed(kernel.client, "inspect_request", content, cells.inspect_says))
    table("the first of each kind", first, "ms", {})
    good = table(f"later ones, median of {args.repeats}", later, "ms", LIMITS)
    keep("complete", {what: {name: sorted(v)[len(v) // 2] for name, v in each.items()} for what, each in later.items()})
    sys.exit(0 if good else 1)


main()
