"""The life of the language service below kernels: `language.py IRONBOOK`.

It starts with the session, knows crates of `%dep`, survives deaths, ends with its kernel, and is not there where it is not
wanted. Where the service or the sources of std are missing, a script in its place shows when one would be started.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service import below, beside, matches
from wire import Kernel, descendants, gone, poll

PATIENCE = 300


def defined(client, code, at):
    """Where crates define what stands at a place."""
    return client.reply(client.send("ironbook_definition_request", {"code": code, "cursor_pos": at})).content


def crate(directory):
    """A crate of one's own."""
    root = Path(directory) / "shapes"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text('[package]\nname = "shapes"\nversion = "0.1.0"\nedition = "2024"\n')
    (root / "src/lib.rs").write_text(
        "/// A circle.\npub struct Circle { pub radius: f64 }\nimpl Circle { pub fn surface(&self) -> f64 { self.radius } }\n"
        "pub fn circles() -> Vec<Circle> { Vec::new() }\n")


def whole_life(service, directory):
    crate(directory)
    with Kernel(directory=directory, IRONBOOK_LANGUAGE=str(service)) as kernel:
        client = kernel.client
        client.run("let names = vec![String::from(\"a\")];")
        # Nobody has asked anything.
        first, = poll(lambda: below(kernel.process.pid), "a service")
        # Added while it loads: known as soon as it has.
        added = client.run("%dep shapes --path shapes", timeout=PATIENCE)
        assert added.reply.content["status"] == "ok", added.reply.content
        poll(lambda: "surface" in matches(client, "shapes::circles().iter().map(|c| c.su"), "a crate's method", PATIENCE)
        assert below(kernel.process.pid) == [first], "it was not started again"
        chain = "let (a, b) = (names[0].clone(), 1); a.pus"
        poll(lambda: "push_str" in matches(client, chain), "a chain's type", PATIENCE)
        derived = "#[derive(serde::Serialize)]\nstruct S { a: i32 }\nuse serde::Serialize;\nlet s = S { a: 1 };\ns.serial"
        poll(lambda: "serialize" in matches(client, derived), "what a derive makes", PATIENCE)
        told = defined(client, 'let ü = "🦀"; names.concat()', 20)
        assert told["path"].endswith("slice.rs"), told["path"]
        assert told["text"].splitlines()[told["line"]][told["start"]:told["end"]] == "concat", told["line"]
        assert not defined(client, "names", 2)["found"], "of a cell"

        os.kill(first, 9)
        began = time.monotonic()
        assert "names" in matches(client, "nam"), "what is known at once"
        assert time.monotonic() - began < 5, "a completion waited for the service"
        poll(lambda: "surface" in matches(client, "shapes::circles().iter().map(|c| c.su"), "it again", PATIENCE)

        # What the session forgets is not known any more.
        done = client.run("%reset -f")
        assert done.reply.content["status"] == "ok", done.reply.content
        assert "names" not in matches(client, "nam")
        assert "push_str" not in matches(client, chain)

        services = below(kernel.process.pid)
        everything = services + [pid for one in services for pid, _ in descendants(one)]
        os.kill(kernel.process.pid, 9)
        poll(lambda: all(gone(pid) for pid in everything), "the end of the service", 10)


def restart(service, directory):
    """The kernel is shut down while the service loads."""
    with Kernel(directory=directory, IRONBOOK_LANGUAGE=str(service)) as kernel:
        kernel.client.run("let a = 1;")
        loading, = poll(lambda: below(kernel.process.pid), "a service")
        kernel.client.ask("shutdown_request", {"restart": True}, channel="control")
        kernel.wait()
        poll(lambda: gone(loading), "the end of the service", 10)


def when(program, directory):
    """Who starts a service: a script in its place writes down that it was started."""
    started = Path(directory) / "started"
    script = Path(directory) / "service"
    script.write_text(f"#!/bin/sh\necho x >> {started}\nwhile read line; do :; done\n")
    script.chmod(0o755)
    env = {**os.environ, "IRONBOOK_LANGUAGE": str(script)}
    for arguments in [["-e", "1 + 1"], ["run", "script.rs"]]:
        (Path(directory) / "script.rs").write_text("// %%\n1 + 1\n")
        done = subprocess.run([program, *arguments], cwd=directory, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done
        assert not started.exists(), arguments
    with Kernel(directory=directory, IRONBOOK_LANGUAGE=str(script)) as kernel:
        kernel.client.run("1 + 1")
        poll(lambda: started.exists() and started.read_text(), "a start")
        kernel.client.run("1 + 2")
        assert started.read_text() == "x\n", f"it is started once: {started.read_text()!r}"
    started.unlink()
    # Beside the program, as users have it: unless it is switched off.
    config = Path(directory) / "config.toml"
    for text, variable, wanted in [("", "0", False), ("language = false\n", "", False), ("language = true\n", "", True)]:
        config.write_text(text)
        with Kernel(directory=directory, IRONBOOK_LANGUAGE=variable, IRONBOOK_CONFIG=str(config)) as kernel:
            kernel.client.run("1 + 1")
            is_there = Path(program).with_name("ironbook-language").is_file()
            if wanted and is_there:
                poll(lambda: below(kernel.process.pid), "a service")
            elif not wanted:
                assert not below(kernel.process.pid), (text, variable)


def main(program):
    parts = [lambda directory: when(program, directory)]
    if service := beside(program):
        parts += [lambda directory: restart(service, directory), lambda directory: whole_life(service, directory)]
    for part in parts:
        with tempfile.TemporaryDirectory() as directory:
            part(directory)
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
