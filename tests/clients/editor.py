"""An editor's side of `ironbook lsp`, over its standard input and output; writes and reads the protocol's frames itself."""

import json
import os
import queue
import subprocess
import threading

PATIENCE = 300


class Refused(Exception):
    """An error in the place of an answer."""


class Server:
    """A language server. One that `reads` is false is not read until `begin_to_read`."""

    def __init__(self, program, directory, *arguments, reads=True, **env):
        self.process = subprocess.Popen(
            [program, "lsp", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=directory,
            env={**os.environ, **env}
        )
        self.messages = queue.Queue()
        self.next = 0
        if reads:
            self.begin_to_read()

    def begin_to_read(self):
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        out = self.process.stdout
        while True:
            length = 0
            while (line := out.readline().strip()):
                name, _, value = line.partition(b": ")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                return
            self.messages.put(json.loads(out.read(length)))

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def wait(self, wanted):
        while True:
            message = self.messages.get(timeout=PATIENCE)
            if wanted(message):
                return message

    def ask(self, method, params):
        self.next += 1
        number = self.next
        self.send(id=number, method=method, params=params)
        answer = self.wait(lambda message: message.get("id") == number and "method" not in message)
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def once_read(self, method, uri, line, character, **more):
        """The same at a place; nothing while the language service reads, which refuses with that reason."""
        try:
            return self.at(method, uri, line, character, **more)
        except Refused as refused:
            assert "still reading" in str(refused), refused

    def diagnostics(self, uri):
        published = "textDocument/publishDiagnostics"
        told = self.wait(lambda m: m.get("method") == published and m["params"]["uri"] == uri)
        return told["params"]["diagnostics"]

    def end(self):
        self.ask("shutdown", None)
        self.send(method="exit", params=None)
        assert self.process.wait(PATIENCE) == 0

    def start(self):
        """What the server can do."""
        able = self.ask("initialize", {"capabilities": {}, "processId": os.getpid(), "rootUri": None})
        self.send(method="initialized", params={})
        return able["capabilities"]

    def open(self, uri, text):
        document = {"uri": uri, "languageId": "rust", "version": 1, "text": text}
        self.send(method="textDocument/didOpen", params={"textDocument": document})

    def at(self, method, uri, line, character, **more):
        where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}, **more}
        return self.ask(f"textDocument/{method}", where)

    def labels(self, uri, line, character):
        return [item["label"] for item in self.at("completion", uri, line, character)["items"]]
