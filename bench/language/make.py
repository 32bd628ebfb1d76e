"""Makes the sessions and queries that are measured: `make.py [--queries] [hold_in | hold_out]`, with the Python of tests/env/clients.txt.

A session is sixty cells of examples, benchmarks and tests that run one after the other in one kernel. A name that two
sources give to different things has a number behind it in the later one; lines of magics are left out, loops of training
are shortened, and cells that then fail are left out.

A query is one of the cells again, cut where its author may have pressed Tab: after a dot or a path's colons and up to
three letters, or after up to three letters of a name. What the author wrote there is what is expected. A third is cut off
behind the cursor, in a third the open brackets are closed, as editors do, and in a third the rest of the cell follows.
Strings, magics and names that are being given are no places for a query. `--queries` draws them anew for sessions that are
there.
"""

import json
import random
import re
import sys
import tempfile
from pathlib import Path

from common import HERE, ROOT, SETS, Session, load, programs, words

CELLS = 60
QUERIES = 100
SEEDS = {"hold_in": 20261128, "hold_out": 7}
# How many queries of each kind; what a session has too few of is made up by members.
KINDS = {"path": 12, "name": 14, "type": 7, "macro": 3, "import": 5, "field": 4, "member": 55}
KEYWORDS = set(
    "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub"
    " ref return self Self static struct super trait true type unsafe use where while".split()
)
DEFINES = {"let", "fn", "struct", "enum", "trait", "mod", "mut", "ref", "for", "type", "static", "const", "|", "'", "as"}
SHORTER = [("usize = 15;", "usize = 1;"), ("n_estimators(200)", "n_estimators(20)"), ("epochs(6)", "epochs(1)"),
           ("2_000_000usize", "20_000usize")]


def notebook(path):
    cells = json.loads((ROOT / path).read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def script(path):
    parts = re.split(r"^// %% ?(.*)\n", (ROOT / path).read_text(), flags=re.MULTILINE)
    # A corpus has later texts of a cell, which are called 2' and so on.
    return [text for title, text in zip(parts[1::2], parts[2::2]) if "'" not in title and "[markdown]" not in title]


def sources(name):
    """Paths with their cells; no file is in both sets."""
    corpus = sorted(path.relative_to(ROOT) for path in (ROOT / "promotion/tests/corpus").glob("*.rs"))
    # The longer sessions first: more of them looks like what people write.
    corpus = sorted(corpus, key=lambda path: -(ROOT / path).stat().st_size)
    if name == "hold_in":
        files = ["examples/flights/flights.ipynb", "examples/digits/digits.ipynb", "bench/cells/cells.rs", *corpus[::2]]
    else:
        files = ["examples/flights/loop.ipynb", "bench/cells/models.rs", *corpus[1::2]]
    return [(str(path), notebook(path) if str(path).endswith("ipynb") else script(path)) for path in files]


def without_magics(text):
    for long, short in SHORTER:
        text = text.replace(long, short)
    lines = text.splitlines()
    if any(line.startswith("%%") for line in lines):
        return ""
    return "\n".join(line for line in lines if not re.match(r"\s*[%!?]", line)).strip()


def given(text):
    """Names that a cell gives: variables outside of brackets, and items."""
    names, depth, all_words = set(), 0, words(text)
    for at, (_, word, _) in enumerate(all_words):
        depth += (word in "([{") - (word in ")]}")
        follow = [other for _, other, _ in all_words[at + 1:at + 12]]
        if depth == 0 and word == "let":
            upto = next((place for place, other in enumerate(follow) if other in ("=", ":", ";")), len(follow))
            names.update(other for other in follow[:upto] if re.match(r"[a-z_]\w*$", other) and other not in KEYWORDS)
        elif depth == 0 and word in ("fn", "struct", "enum", "trait", "mod", "macro_rules", "static", "const"):
            names.update(other for other in follow[:2] if re.match(r"\w+$", other) and other not in KEYWORDS)
    return names


def renamed(text, names):
    """A cell with other names for some of its own."""
    out, last, all_words = [], 0, words(text)
    for at, (kind, word, start) in enumerate(all_words):
        before = all_words[at - 1][1] if at else ""
        after = all_words[at + 1][1] if at + 1 < len(all_words) else ""
        new = word
        if kind == "string":
            new = re.sub(r"\{(\w+)(?=[:}])", lambda found: "{" + names.get(found[1], found[1]), word)
        elif kind == "name" and before not in (".", "::") and after != "::":
            is_field = after == ":" and before not in ("let", "mut")
            new = word if is_field else names.get(word, word)
        out += [text[last:start], new]
        last = start + len(word)
    return "".join(out) + text[last:]


def session(name, kernel):
    """Sixty cells that run, each with its source."""
    taken, cells = set(), []
    for number, (path, texts) in enumerate(sources(name), 1):
        texts = [text for text in map(without_magics, texts) if text]
        own = set().union(*(given(text) for text in texts)) if texts else set()
        other = {word: f"{word}_{number}" for word in own & taken}
        for text in texts:
            if len(cells) == CELLS:
                return cells
            text = renamed(text, other)
            if error := kernel.run(text):
                print(f"left out, of {path}: {error.splitlines()[0]}", file=sys.stderr)
                continue
            cells.append({"source": path, "text": text})
            taken |= given(text)
    return cells


def kind_of(all_words, at, scope):
    """What a name is at its place; nothing for one that no user completes."""
    kind, word, _ = all_words[at]
    before = all_words[at - 1][1] if at else ""
    after = all_words[at + 1][1] if at + 1 < len(all_words) else ""
    if kind != "name" or word in KEYWORDS or len(word) < 2:
        return None
    statement = [other for _, other, _ in all_words[:at]]
    end = max((place for place, other in enumerate(statement) if other in (";", "]", ")")), default=-1)
    if "use" in statement[end + 1:]:
        return "import" if before in ("::", "{", ",") else None
    if before == ".":
        return "member"
    if before == "::":
        return "path"
    if before in DEFINES or after == "=>" or is_pattern(all_words, at):
        return None
    if after == ":":
        return "field" if is_literal(all_words, at) else None
    if after == "!":
        return "macro"
    if word[0].isupper():
        return "type" if len(word) > 2 else None
    return "name" if len(word) > 2 and word in scope else None


def is_pattern(all_words, at):
    """Whether the name stands between a `let` and its `=`: it is being given."""
    before = [word for _, word, _ in all_words[max(0, at - 12):at]]
    let = max((place for place, word in enumerate(before) if word == "let"), default=None)
    return let is not None and not {"=", ":", ";"} & set(before[let:])


def is_literal(all_words, at):
    """Whether the name before a colon stands in a struct literal: the brace belongs to a type's name in an expression."""
    depth = 0
    for place in range(at - 1, 0, -1):
        word = all_words[place][1]
        depth += (word in ")]}") - (word in "([{")
        if depth < 0:
            owner, before = all_words[place - 1][1], all_words[place - 2][1] if place > 1 else ""
            return word == "{" and owner[0].isupper() and before not in ("struct", "enum", "trait", "impl", "for", "union")
    return False


def closed(text):
    """The brackets that a text leaves open, closed."""
    pairs, still = {"(": ")", "[": "]", "{": "}"}, []
    for kind, word, _ in words(text):
        if kind == "mark" and word in pairs:
            still.append(pairs[word])
        elif kind == "mark" and still and word == still[-1]:
            still.pop()
    return text + "".join(reversed(still))


def places(cells, draw):
    """All places of a session, in a drawn order."""
    scope = set().union(*(given(cell["text"]) for cell in cells))
    found = []
    for number, cell in enumerate(cells):
        all_words = words(cell["text"])
        local = scope | {word for kind, word, _ in all_words if kind == "name" and re.match(r"[a-z]", word)}
        for at, (_, word, start) in enumerate(all_words):
            if kind := kind_of(all_words, at, local):
                found.append((kind, number, word, start, all_words[at - 2][1] if at > 1 else ""))
    draw.shuffle(found)
    return found


def query(cells, place, draw):
    kind, number, word, start, _ = place
    cell = cells[number]
    least = 0 if kind in ("member", "path", "import", "field") else 1
    typed = draw.randint(least, min(3, len(word) - 1))
    before, after = cell["text"][:start + typed], cell["text"][start + len(word):]
    shape = draw.choice(["cut", "closed", "rest"])
    text = {"cut": before, "closed": closed(before), "rest": before + after}[shape]
    return {"kind": kind, "shape": shape, "source": cell["source"], "cell": number, "expected": word, "typed": word[:typed],
            "at": len(before), "text": text}


def queries(name, cells):
    draw = random.Random(SEEDS[name])
    found, seen = [], set()
    all_places = places(cells, draw)
    for kind, number in KINDS.items():
        of_kind = [place for place in all_places if place[0] == kind]
        missing = number if kind != "member" else QUERIES - len(found)
        for place in of_kind:
            if missing and (key := (kind, place[2], place[4])) not in seen:
                seen.add(key)
                found.append(query(cells, place, draw))
                missing -= 1
    draw.shuffle(found)
    assert len(found) == QUERIES, len(found)
    return found


def prelude(kernel, log):
    """What the kernel tells its language service: what stands before the cells, items, and variables with their types."""
    while not log.exists() or '"text"' not in log.read_text():
        kernel.complete("let nothing = 1; noth", 21)
    text = next(json.loads(line)["text"] for line in log.read_text().splitlines() if '"text"' in line)
    before, variables = text.split("async fn __ironbook_cell()", 1)
    head, items = before.split("\n", 2)[:2], before.split("\n", 2)[2]
    variables = variables.split("{\n", 1)[1].split("let nothing", 1)[0]
    return {"head": "\n".join(head) + "\n", "items": items, "variables": variables}


def draw_again(name):
    """Other queries for the session that is there."""
    made = load(name)
    keep(name, {**made, "seed": SEEDS[name], "queries": queries(name, made["cells"])})


def keep(name, made):
    (HERE / f"{name}.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {len(made['cells'])} cells, {len(made['queries'])} queries")


def make(name):
    with tempfile.TemporaryDirectory() as folder:
        log, program = Path(folder) / "log", Path(folder) / "language"
        # Keeps what the kernel tells its service.
        program.write_text(f'#!/bin/sh\ntee -a {log} | {programs()}/ironbook-language "$@"\n')
        program.chmod(0o755)
        kernel = Session(program)
        try:
            cells = session(name, kernel)
            assert len(cells) == CELLS, len(cells)
            made = {"seed": SEEDS[name], "prelude": prelude(kernel, log), "cells": cells, "queries": queries(name, cells)}
        finally:
            kernel.close()
    keep(name, made)


if __name__ == "__main__":
    again = "--queries" in sys.argv
    for each in [name for name in sys.argv[1:] if name in SETS] or SETS:
        (draw_again if again else make)(each)
