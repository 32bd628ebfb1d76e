"""How long an editor waits for help in a script of sixty cells: `latency.py IRONBOOK`, with the Python of tests/env/clients.txt.

A hundred completions in the last cell, first without the language service and then with it: milliseconds from request to
answer (the median is to be below 30 and 150), and how often what is meant is among the candidates. Then the time until the
service is ready (15 s), its memory (1.5 GB), and the time from a pause in typing to diagnostics (500 ms).
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests/clients"))

from editor import Server
from service import below

CELLS = [
    'let df{n} = df!("age" => [1.0, 2.0], "fare" => [3.0, 4.0])?;',
    "fn scaled{n}(x: f64, by: f64) -> f64 {{ x * by }}",
    "struct Point{n} {{ x: f64, y: f64 }}\nimpl Point{n} {{ fn norm(&self) -> f64 {{ self.x.hypot(self.y) }} }}",
    "let p{n} = Point{m} {{ x: 1.0, y: 2.0 }};\nlet names{n} = vec![String::from(\"a\"), String::from(\"b\")];",
    "let total{n}: f64 = (0..10).map(|i| scaled{k}(i as f64, 0.5)).sum();",
    "let lazy{n} = df{j}.clone().lazy().filter(col(\"age\").gt(lit(1.0)));",
]
"""What is typed, and what is meant; the fifth, third and so on of ten cells of each kind."""
QUERIES = [
    ("df{n}.hei", "height"), ("df{n}.clone().la", "lazy"), ("lazy{n}.clone().gro", "group_by"), ("p{n}.no", "norm"),
    ("names{n}.iter().map(|name| name.le", "len"), ("names{n}.iter().enumerate().fil", "filter"),
    ("let t = (p{n}.x, 1); t.0.sq", "sqrt"), ("total{n}.pow", "powi"), ("scal", "scaled{s}"), ("col(\"age\").me", "mean"),
]


def script():
    cells = []
    for round in range(10):
        base = round * 6
        at = {"n": base, "m": base - 1, "k": base - 3, "j": base - 5}
        for step, cell in enumerate(CELLS):
            names = {**at, "n": base + step, "m": base + 2, "k": base + 1, "j": base}
            cells.append(cell.format(**names))
    return "".join(f"// %%\n{cell}\n" for cell in cells) + "// %%\n"


def queries():
    for round in range(10):
        base = round * 6
        for text, meant in QUERIES:
            kinds = {"df": base, "lazy": base + 5, "p": base + 3, "names": base + 3, "total": base + 4, "scal": base + 1}
            kind = next((kinds[name] for name in kinds if text.startswith(name)), base + 3)
            yield text.format(n=kind), meant.format(s=base + 1)


def asked(server, uri, text, version):
    """Milliseconds of each completion, and how many had what was meant."""
    line = text.count("\n")
    took, found = [], 0
    for typed, meant in queries():
        version += 1
        change = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text + typed}]}
        server.send(method="textDocument/didChange", params=change)
        began = time.perf_counter()
        items = server.at("completion", uri, line, len(typed))["items"]
        took.append((time.perf_counter() - began) * 1000)
        found += any(item["label"] == meant for item in items)
    return took, found


def shown(what, took, found):
    took.sort()
    print(f"{what}: median {statistics.median(took):.1f} ms, 95% {took[94]:.1f} ms, most {took[-1]:.1f} ms; "
          f"{found} of {len(took)} had what was meant")


def memory(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def ready(server, uri, text):
    """Seconds from the start of the server to the first list that is whole."""
    line = text.count("\n")
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text + "names3.iter().ma"}]}
    server.send(method="textDocument/didChange", params=change)
    while server.at("completion", uri, line, 16)["isIncomplete"]:
        time.sleep(0.05)


def main(program):
    text = script()
    print(f"{text.count('// %%') - 1} cells")
    for what, language in [("at once", "0"), ("deep", "")]:
        with tempfile.TemporaryDirectory() as directory:
            began = time.perf_counter()
            server = Server(program, directory, **{**os.environ, "IRONBOOK_LANGUAGE": language})
            server.start()
            uri = f"file://{directory}/s.rs"
            server.open(uri, text)
            errors = [one["message"] for one in server.diagnostics(uri)]
            assert not errors, errors
            if what == "at once":
                print(f"all cells checked after {time.perf_counter() - began:.1f} s")
                change = [{"text": text + "let wrong: i32 = \"x\";\n"}]
                began = time.perf_counter()
                server.send(method="textDocument/didChange",
                            params={"textDocument": {"uri": uri, "version": 2}, "contentChanges": change})
                assert server.diagnostics(uri)
                print(f"diagnostics {(time.perf_counter() - began) * 1000:.0f} ms after the last key")
            else:
                ready(server, uri, text)
                print(f"ready after {time.perf_counter() - began:.1f} s")
            shown(what, *asked(server, uri, text, 10))
            print(f"memory of the service: {sum(memory(pid) for pid in below(server.process.pid)):.0f} MB")
            server.end()


if __name__ == "__main__":
    main(sys.argv[1])
