"""Makes assist/src/usual.txt, how usual names are: `usual.py`.

Counted are the examples in the documentation of std, of the crates that cells can meet and of Ironbook's own, and the functions of
Ironbook's own: in how many of them a name is called, or stands as a type. A name's level is the number of doublings from 20
that its count reaches, 7 at most; names of level 0 are left out. Notebooks and scripts are not counted, since queries are
made of them.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

from common import ROOT

FROM, LEVELS = 20, 7
CALL = re.compile(r"(?:\.|::|\b)([a-z_]\w*)(?:::<[^()]{0,40}>)?!?[(\[{]")
MODULE = re.compile(r"\b([a-z_]\w*)::")
FIELD = re.compile(r"\.([a-z_]\w*)\b")
TYPE = re.compile(r"\b([A-Z]\w+)")


def folders():
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    std = Path(sysroot) / "lib/rustlib/src/rust/library"
    registry = next(Path.home().glob(".cargo/registry/src/*"))
    lines = [line.split() for line in (ROOT / "tests/features.txt").read_text().splitlines() if not line.startswith("#")]
    met = set(re.findall(r'"([a-z][\w-]*)"', (ROOT / "language/src/crates.rs").read_text()))
    crates = [registry / f"{name}-{version[1:]}" for name, version, *_ in lines
              if name in met or name.split("-")[0] in ("polars", "candle")]
    return [std / "core", std / "alloc", std / "std", ROOT / "stdlib", *crates]


def examples(text):
    """The code in the documentation of a file."""
    found, block = [], None
    for line in text.splitlines():
        doc = re.match(r"\s*//[/!] ?(.*)", line)
        if not doc:
            block = None
        elif doc[1].strip().startswith("```"):
            if block is None:
                block = []
            else:
                found.append("\n".join(block))
                block = None
        elif block is not None:
            block.append(re.sub(r"^# |//.*", "", doc[1]))
    return found


def functions(text):
    return re.split(r"\n(?=\s*(?:pub )?fn )", re.sub(r"(?m)^\s*//.*$", "", text))


def counts():
    found = Counter()
    for folder in folders():
        for file in sorted(folder.rglob("*.rs")):
            if "stdarch" in file.parts:
                continue
            try:
                text = file.read_text()
            except UnicodeDecodeError:
                continue
            own = functions(text) if folder == ROOT / "stdlib" else []
            for code in [*examples(text), *own]:
                found.update(set(CALL.findall(code)) | set(MODULE.findall(code)) | set(FIELD.findall(code)) | set(TYPE.findall(code)))
    return found


def main():
    levels = {level: [] for level in range(LEVELS, 0, -1)}
    for name, count in counts().items():
        level = min(LEVELS, sum(count >= FROM * 2**doubling for doubling in range(LEVELS)))
        if level:
            levels[level].append(name)
    text = "".join(f"{level} {' '.join(sorted(names))}\n" for level, names in levels.items())
    (ROOT / "assist/src/usual.txt").write_text(text)
    print({level: len(names) for level, names in levels.items()})


if __name__ == "__main__":
    main()
