"""The four that are asked: Ironbook's kernel with its language service and without, evcxr's completion, and rust-analyzer.

Each is given one session of sixty cells as it is used to: the kernel runs them; evcxr gets `:dep` lines, items, and variables
as `let x: T = todo!();` before every query (nothing is compiled or run); rust-analyzer gets a cargo project whose `main.rs`
holds the same, and the query as the end of its function. `names` of each gives what it would show, best first.
"""

import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

from common import ROOT, Session, programs
from wire import DEEP, descendants

PEERS = Path(os.environ.get("IRONBOOK_BENCH_PEERS") or Path.home() / ".cache/ironbook/peers")
PROBE = "std::num::NonZeroU8::MIN.trailing_z", "trailing_zeros"
READY_WITHIN = 900
OPEN = "async fn cells() -> ::core::result::Result<(), ::std::boxed::Box<dyn ::std::error::Error>> {\n"
CLOSE = "\n;\n::core::result::Result::Ok(()) }\nfn main() {}\n"


def plain(label):
    """A candidate's name without what its label shows behind it."""
    found = re.match(r"(?:r#)?\w+", label)
    return found[0].removeprefix("r#") if found else label


def distinct(names):
    return list(dict.fromkeys(map(plain, names)))


def memory(pid):
    """Megabytes that a process and those below it hold."""
    total = 0
    for one in [pid, *(below for below, _ in descendants(pid))]:
        try:
            status = Path(f"/proc/{one}/status").read_text()
        except FileNotFoundError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
    return total


def byte(text, at):
    return len(text[:at].encode())


def quality(typed, name):
    """As editors filter and order: what begins as typed, with or without its case, what a part begins with, what has the letters."""
    lower, small = name.lower(), typed.lower()
    if name.startswith(typed):
        return 0
    if lower.startswith(small):
        return 1
    if re.search(f"_{re.escape(small)}", lower):
        return 2
    letters = iter(lower)
    return 3 if lower[:1] == small[:1] and all(letter in letters for letter in small) else None


def extern_crates():
    """The crates that cells may name, as a manifest's lines: those that the library depends on, in its versions."""
    command = ["cargo", "metadata", "--format-version=1", "--offline", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    own = next(package for package in packages.values() if package["name"] == "ironbook")
    node = next(node for node in metadata["resolve"]["nodes"] if node["id"] == own["id"])
    lines = {"ironbook": f'{{ path = "{Path(own["manifest_path"]).parent}" }}'}
    for dep in node["deps"]:
        package = packages[dep["pkg"]]
        if package["source"] and any(kind["kind"] is None for kind in dep["dep_kinds"]):
            lines[package["name"]] = f'{{ version = "={package["version"]}", default-features = false }}'
    return lines


class Ironbook:
    """The kernel. Its memory is the language service's."""

    def __init__(self, session, language):
        began = time.perf_counter()
        self.session = Session(language)
        for text, name in (DEEP, PROBE) if language != "0" else ():
            while name not in self.names(text, len(text), ""):
                assert time.perf_counter() - began < READY_WITHIN, "the language service does not get ready"
                time.sleep(0.1)
        self.ready = time.perf_counter() - began
        for cell in session["cells"]:
            error = self.session.run(cell["text"])
            assert not error, (cell, error)

    def names(self, text, at, typed):
        return distinct(self.session.complete(text, at))

    def memory(self):
        below = descendants(self.session.kernel.process.pid)
        return sum(memory(pid) for pid, name in below if name.startswith("ironbook-lang"))

    def close(self):
        self.session.close()


class Evcxr:
    """evcxr's completion; keeps its order."""

    program = programs() / "examples/evcxr_peer"

    def __init__(self, session, _):
        kept = PEERS / "evcxr-completion"
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "config").mkdir(exist_ok=True)
        shutil.copy(ROOT / "Cargo.lock", kept / "Cargo.lock")
        environment = {**os.environ, "EVCXR_TMPDIR": str(kept), "EVCXR_CONFIG_DIR": str(kept / "config")}
        prelude = session["prelude"]
        deps = "".join(f":dep {name} = {value}\n" for name, value in extern_crates().items())
        self.before = deps + "use ::ironbook::prelude::*;\n" + prelude["items"] + prelude["variables"]
        self.environment, self.kept, self.deaths = environment, kept, 0
        self.start()

    def start(self):
        began = time.perf_counter()
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment,
                                        stderr=subprocess.DEVNULL, text=True)
        self.process.stdout.readline()
        # evcxr's start, which has no dependencies yet, empties the lock file.
        shutil.copy(ROOT / "Cargo.lock", self.kept / "Cargo.lock")
        found = self.names(PROBE[0], len(PROBE[0]), "")
        assert PROBE[1] in found, (self.error, found)
        self.ready = time.perf_counter() - began

    def names(self, text, at, typed):
        asked = {"text": self.before + text, "at": byte(self.before + text, len(self.before) + at)}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            # It died of the question, which then has no answer.
            self.deaths += 1
            self.process.wait()
            self.start()
            return []
        reply = json.loads(line)
        self.error = reply.get("error")
        return distinct(reply.get("names", []))

    def memory(self):
        return memory(self.process.pid)

    def close(self):
        self.process.kill()
        self.process.wait()


class Analyzer:
    """rust-analyzer over LSP as an editor starts it, with its own settings; its candidates in the order of an editor."""

    program = Path(os.environ.get("IRONBOOK_BENCH_ANALYZER") or PEERS / "rust-analyzer/bin/rust-analyzer")

    def __init__(self, session, _):
        project = PEERS / "equal-project"
        (project / "src").mkdir(parents=True, exist_ok=True)
        deps = "".join(f"{name} = {value}\n" for name, value in extern_crates().items())
        manifest = f'[package]\nname = "equal"\nedition = "2024"\n\n[dependencies]\n{deps}\n[workspace]\n'
        (project / "Cargo.toml").write_text(manifest)
        shutil.copy(ROOT / "Cargo.lock", project / "Cargo.lock")
        prelude = session["prelude"]
        self.before = prelude["head"] + prelude["items"] + OPEN + prelude["variables"]
        main = project / "src/main.rs"
        main.write_text(self.before + CLOSE)
        self.uri, self.version, self.number = f"file://{main}", 1, 0
        self.lines = self.before.count("\n")
        environment = {**os.environ, "CARGO_TARGET_DIR": str(project / "target")}
        began = time.perf_counter()
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=project,
                                        stderr=subprocess.DEVNULL, env=environment)
        self.answers, self.told, self.working, self.quiet = queue.Queue(), [], set(), threading.Event()
        threading.Thread(target=self.read, daemon=True).start()
        self.begin(project)
        deadline = time.monotonic() + READY_WITHIN
        while not self.quiet.is_set() or self.working or PROBE[1] not in self.names(PROBE[0], len(PROBE[0]), "trailing_z"):
            assert time.monotonic() < deadline, f"rust-analyzer does not get ready: {self.told[-5:]}"
            time.sleep(0.1)
        self.ready = time.perf_counter() - began

    def begin(self, project):
        completion = {"completionItem": {
            "snippetSupport": True, "labelDetailsSupport": True, "insertReplaceSupport": True,
            "resolveSupport": {"properties": ["documentation", "detail", "additionalTextEdits"]}}}
        capabilities = {"textDocument": {"completion": completion}, "window": {"workDoneProgress": True},
                        "experimental": {"serverStatusNotification": True}}
        folders = [{"uri": f"file://{project}", "name": "equal"}]
        self.ask("initialize", {"processId": os.getpid(), "rootUri": f"file://{project}", "capabilities": capabilities,
                                "workspaceFolders": folders})
        self.send({"method": "initialized", "params": {}})
        document = {"uri": self.uri, "languageId": "rust", "version": 1, "text": self.before + CLOSE}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        while line := self.process.stdout.readline():
            length = 0
            while line.strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                line = self.process.stdout.readline()
            message = json.loads(self.process.stdout.read(length))
            if "method" not in message:
                self.answers.put(message)
            elif "id" in message:
                # Of what it asks of an editor, all is well.
                configuration = message["method"] == "workspace/configuration"
                result = [None] * len(message["params"]["items"]) if configuration else None
                self.send({"id": message["id"], "result": result})
            else:
                self.hear(message["method"], message["params"])

    def hear(self, method, params):
        if method == "$/progress":
            change = self.working.add if params["value"]["kind"] == "begin" else self.working.discard
            if params["value"]["kind"] != "report":
                change(params["token"])
        elif method == "experimental/serverStatus":
            self.told.append(params)
            if params["quiescent"]:
                self.quiet.set()

    def ask(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            answer = self.answers.get(timeout=READY_WITHIN)
            if answer.get("id") == self.number:
                return answer.get("result")

    def names(self, text, at, typed):
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.send({"method": "textDocument/didChange", "params": {
            "textDocument": document, "contentChanges": [{"text": self.before + text + CLOSE}]}})
        before = text[:at].split("\n")
        place = {"line": self.lines + len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}
        found = self.ask("textDocument/completion", {"textDocument": {"uri": self.uri}, "position": place})
        items = found["items"] if isinstance(found, dict) else found or []
        rated = [(quality(typed, item.get("filterText") or item["label"]), item.get("sortText") or item["label"], item["label"])
                 for item in items]
        return distinct(label for _, _, label in sorted(one for one in rated if one[0] is not None))

    def memory(self):
        return memory(self.process.pid)

    def close(self):
        self.process.kill()
        self.process.wait()


SYSTEMS = {"Ironbook": (Ironbook, ""), "Ironbook instant": (Ironbook, "0"), "evcxr": (Evcxr, ""),
           "rust-analyzer": (Analyzer, "")}
