"""What Jupyter's clients get of the language service: `language.py PROGRAM`, the built `ironbook-language`.

Answers are there at once, and become richer when the service is ready; it may die at any time.
"""

import os
import signal
import sys
import time

from wire import Kernel, descendants

# The names cannot be known from the session's own index: a closure's parameter, and a chain behind it.
CLOSURE = "names.iter().map(|name| name."
CHAIN = "names.iter().map(|name| name.len()).max().unw"
LOADS = 240


def names(client, code):
    began = time.monotonic()
    reply = client.ask("complete_request", {"code": code, "cursor_pos": len(code)}).content
    taken = time.monotonic() - began
    assert reply["status"] == "ok", reply
    assert taken < 3, f"{taken} s"
    assert len(set(reply["matches"])) == len(reply["matches"]), "a name stands there twice"
    typed = {one["text"]: one for one in reply["metadata"]["_jupyter_types_experimental"]}
    return reply["matches"], typed


def until(client, code, name):
    deadline = time.monotonic() + LOADS
    while name not in (found := names(client, code))[0]:
        assert time.monotonic() < deadline, found[0][:20]
        time.sleep(0.5)
    return found


def service(kernel):
    for pid in descendants(kernel.process.pid):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if b"ironbook-language" in file.read():
                return pid
    return None


def main(program):
    with Kernel(IRONBOOK_LANGUAGE=program) as kernel:
        client = kernel.client
        assert service(kernel) is None, "nobody has asked yet"
        assert client.run('let names = vec![String::from("a")];').reply.content["status"] == "ok"
        assert "names" in names(client, "nam")[0]
        until(client, CLOSURE, "to_uppercase")
        found, typed = until(client, CHAIN, "unwrap_or")
        assert "fn" in typed["unwrap_or"]["signature"], typed["unwrap_or"]
        # While a cell runs.
        request = client.send("execute_request", {"code": "std::thread::sleep(std::time::Duration::from_secs(3)); 1"})
        assert "to_uppercase" in names(client, CLOSURE)[0]
        client.finish(request)
        asked = {"code": "names.iter().map(|name| name.len()).count()", "cursor_pos": 38, "detail_level": 0}
        reply = client.ask("inspect_request", asked).content
        assert reply["found"] and "text/html" in reply["data"], reply
        # It dies: what the session knows is still there, and it comes back.
        os.kill(service(kernel), signal.SIGKILL)
        assert "names" in names(client, "nam")[0]
        until(client, CLOSURE, "to_uppercase")
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
