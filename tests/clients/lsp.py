"""An editor's side of `ironbook lsp`, over its standard input and output: `lsp.py IRONBOOK`.

Writes and reads the protocol's frames itself, so that nothing but Python is needed.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

PATIENCE = 120


class Server:
    def __init__(self, program, directory, **env):
        self.process = subprocess.Popen(
            [program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=directory, env={**os.environ, **env}
        )
        self.messages = queue.Queue()
        self.next = 0
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
        assert "error" not in answer, answer
        return answer["result"]

    def diagnostics(self, uri):
        published = "textDocument/publishDiagnostics"
        told = self.wait(lambda m: m.get("method") == published and m["params"]["uri"] == uri)
        return told["params"]["diagnostics"]

    def end(self):
        self.ask("shutdown", None)
        self.send(method="exit", params=None)
        assert self.process.wait(PATIENCE) == 0


def main(program):
    with tempfile.TemporaryDirectory() as directory:
        server = Server(program, directory, IRONBOOK_LANGUAGE="0")
        able = server.ask("initialize", {"capabilities": {}, "processId": os.getpid(), "rootUri": None})["capabilities"]
        for what in ["completionProvider", "hoverProvider", "codeActionProvider", "notebookDocumentSync"]:
            assert able[what], what
        server.send(method="initialized", params={})
        uri = f"file://{directory}/s.rs"
        text = '// %%\nlet table = df!("a" => [1, 2])?;\n// %%\nlet wrong: i32 = table.height();\ntable.he\n'
        document = {"uri": uri, "languageId": "rust", "version": 1, "text": text}
        server.send(method="textDocument/didOpen", params={"textDocument": document})
        found = server.diagnostics(uri)
        assert [one["code"] for one in found][:1] in (["E0308"], ["E0609"], ["E0615"]), found
        where = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 8}}
        labels = [item["label"] for item in server.ask("textDocument/completion", where)["items"]]
        assert "height" in labels and "head" in labels, labels
        server.end()
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
