"""`ironbook lsp` as an editor meets it: `lsp.py IRONBOOK`.

Alone; attached to a kernel's session; and, where the language service and the sources of std are, with that.
"""

import os
import sys
import tempfile
import threading
import time

from editor import PATIENCE, Server
from service import below, beside, matches
from wire import Kernel, poll


def alone(program, directory):
    server = Server(program, directory, IRONBOOK_LANGUAGE="0")
    able = server.start()
    for what in ["completionProvider", "hoverProvider", "codeActionProvider", "notebookDocumentSync"]:
        assert able[what], what
    assert "renameProvider" not in able, able
    uri = f"file://{directory}/s.rs"
    server.open(uri, '// %%\nlet table = df!("a" => [1, 2])?;\n// %%\nlet wrong: i32 = table.height();\ntable.he\n')
    found = server.diagnostics(uri)
    assert [one["code"] for one in found][:1] in (["E0308"], ["E0609"], ["E0615"]), found
    labels = server.labels(uri, 4, 8)
    assert "height" in labels and "head" in labels, labels
    server.end()


def unread(program, directory):
    """An editor that reads nothing for a while is heard all the same, and then gets each answer once."""
    server = Server(program, directory, reads=False, IRONBOOK_LANGUAGE="0")
    uri = f"file://{directory}/s.rs"
    numbers = range(1, 3001)

    def write():
        server.send(id=0, method="initialize", params={"capabilities": {}})
        server.send(method="initialized", params={})
        server.open(uri, "// %%\nlet a: i32 = 1;\n")
        for number in numbers:
            server.send(id=number, method="textDocument/documentSymbol", params={"textDocument": {"uri": uri}})
            server.send(method="$/cancelRequest", params={"id": number})

    writing = threading.Thread(target=write, daemon=True)
    writing.start()
    writing.join(60)
    assert not writing.is_alive(), "the server waits for an editor that writes"
    server.begin_to_read()
    answered = [server.wait(lambda message: "id" in message and "method" not in message)["id"] for _ in range(3001)]
    assert sorted(answered) == [0, *numbers], "each request has one answer"
    server.next = 3001
    server.end()


def attached(program, directory):
    """What is alive in a session is known, also while a cell runs, and no longer once it is gone."""
    with Kernel(directory=directory) as kernel:
        client = kernel.client
        client.until_idle(client.execute("let fares = vec![1.5, 2.5];"))
        server = Server(program, directory, "--existing", str(kernel.path), IRONBOOK_LANGUAGE="0")
        server.start()
        uri = f"file://{directory}/live.rs"
        server.open(uri, "// %%\nlet own = 1;\n// %%\nfar\nfares\now\n")
        poll(lambda: "fares" in server.labels(uri, 3, 3), "a live variable")
        server.diagnostics(uri)
        assert "own" in server.labels(uri, 5, 2)
        hover = server.at("hover", uri, 4, 2)
        assert "Vec<f64>" in hover["contents"]["value"], hover
        # What is alive is not missing; what nobody has is.
        second = f"file://{directory}/missing.rs"
        server.open(second, "// %%\nfares.len()\n// %%\nnobody\n")
        missing = server.diagnostics(second)
        assert [one["range"]["start"]["line"] for one in missing] == [3], missing

        # Another editor on the session: one ends, one is killed, and the first goes on.
        others = [Server(program, directory, "--existing", str(kernel.path), IRONBOOK_LANGUAGE="0") for _ in range(2)]
        for other in others:
            other.start()
            other.open(uri, "// %%\nfar\n")
            poll(lambda other=other: "fares" in other.labels(uri, 1, 3), "a live variable in another editor")
        others[0].end()
        others[1].process.kill()
        others[1].process.wait()
        assert "fares" in server.labels(uri, 3, 3)
        client.until_idle(client.execute("let fares_after = 1;"))
        poll(lambda: "fares_after" in server.labels(uri, 3, 3), "a variable made after the editors were gone")

        running = client.execute("std::thread::sleep(std::time::Duration::from_secs(600));")
        client.until(running, lambda message: message.kind == "execute_input")
        began = time.monotonic()
        assert "fares" in server.labels(uri, 3, 3)
        assert time.monotonic() - began < 5, "a completion waited for the cell"
        client.ask("interrupt_request", channel="control")
        client.until_idle(running)

        client.until_idle(client.execute("%reset -f"))
        assert "fares" not in server.labels(uri, 3, 3)
        # Without a kernel the page is what is left.
        kernel.process.kill()
        kernel.wait()
        assert "own" in server.labels(uri, 5, 2)
        server.end()


def in_a_kernel(service, directory):
    """A kernel asks the service about a cell that is typed, over the variables of its session."""
    with Kernel(directory=directory, IRONBOOK_LANGUAGE=str(service)) as kernel:
        client = kernel.client
        client.until_idle(client.execute("let names = vec![String::from(\"a\")];\nstruct P { x: f64 }"))
        assert "names" in matches(client, "nam"), "what is known at once"
        chain = "let (a, b) = (names[0].clone(), 1); a.pus"
        poll(lambda: "push_str" in matches(client, chain), "a deep completion", PATIENCE)
        assert "x" in matches(client, "let all = vec![P { x: 1.0 }]; all.iter().map(|p| p.")
        asked = {"code": "let (a, b) = (1, names.len()); b", "cursor_pos": 32, "detail_level": 0}
        told = client.ask("inspect_request", asked)
        assert "usize" in told["data"]["text/plain"], told


def deep(service, program, directory):
    """Types of chains, names in all cells, and a service that is killed while it is asked."""
    server = Server(program, directory, IRONBOOK_LANGUAGE=str(service))
    able = server.start()
    assert able["renameProvider"] and able["definitionProvider"], able
    uri = f"file://{directory}/deep.rs"
    text = (
        '// %%\nlet names = vec!["a".to_owned()];\nfn twice(n: usize) -> usize { n * 2 }\n'
        "// %%\nnames.iter().map(|name| name.len()).su\n"
        "// %%\nlet n = twice(names.len());\n"
        "// %%\nlet m = 1;\nlet total = n + m;\n"
    )
    server.open(uri, text)
    server.diagnostics(uri)

    def details():
        items = server.at("completion", uri, 4, 38)["items"]
        return {item["label"]: item.get("detail", "") for item in items}

    def named():
        return server.once_read("references", uri, 2, 4, context={"includeDeclaration": True})

    # Definitions are found without the service, too.
    poll(named, "an answer of the service", PATIENCE)
    where = server.at("definition", uri, 6, 10)
    assert details()["sum"].startswith("fn sum") or "pub fn sum" in details()["sum"], details()["sum"]
    assert where[0]["range"]["start"] == {"line": 2, "character": 3}, where
    assert [one["range"]["start"]["line"] for one in named()] == [2, 6], named()
    uses = server.at("references", uri, 2, 4, context={"includeDeclaration": False})
    assert [one["range"]["start"]["line"] for one in uses] == [6], uses
    call = server.at("signatureHelp", uri, 6, 14)
    assert call["signatures"][0]["label"].startswith("fn twice(n: usize)"), call
    edits = server.at("rename", uri, 2, 4, newName="double")["changes"][uri]
    assert sorted(edit["range"]["start"]["line"] for edit in edits) == [2, 6], edits
    # `n + m` would be `n + n`.
    server.next += 1
    clash = {"textDocument": {"uri": uri}, "position": {"line": 8, "character": 4}, "newName": "n"}
    server.send(id=server.next, method="textDocument/rename", params=clash)
    refused = server.wait(lambda message: message.get("id") == server.next)
    assert "`n`" in refused["error"]["message"], refused

    killed = below(server.process.pid)
    assert len(killed) == 1, killed
    os.kill(killed[0], 9)
    began = time.monotonic()
    assert "names" in server.labels(uri, 4, 3), "the page's own names"
    assert time.monotonic() - began < 5, "a completion waited for the service"
    again = poll(lambda: server.once_read("definition", uri, 6, 10), "an answer after the service's death", PATIENCE)
    assert again == where, again
    server.end()


def main(program):
    parts = [lambda directory: alone(program, directory), lambda directory: unread(program, directory),
             lambda directory: attached(program, directory)]
    if service := beside(program):
        parts.append(lambda directory: deep(service, program, directory))
        parts.append(lambda directory: in_a_kernel(service, directory))
    for part in parts:
        with tempfile.TemporaryDirectory() as directory:
            part(directory)
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
