"""What making and measuring the queries share: a kernel of Ironbook, sessions as data, words of Rust."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "clients"))
SETS = ("hold_in", "hold_out")
# Cells of the examples fit models.
CELL_WITHIN = 300

WORD = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>b?r(?P<fence>\#*)".*?"(?P=fence)|b?"(?:\\.|[^"\\])*")"""
    r"""|(?P<char>b?'(?:\\.[^']*|[^'\\])')|(?P<lifetime>'\w+)|(?P<number>\d[\d_]*(?:\.\d[\d_]*)?(?:e-?\d+)?\w*)"""
    r"""|(?P<name>(?:r\#)?[^\W\d]\w*)|(?P<mark>::|->|=>|\.\.=|\.\.|&&|\|\||[<>=!+\-*/%^&|]=|[^\s\w])""",
    re.DOTALL | re.VERBOSE,
)


def words(text):
    """Kind, text and start of each word of Rust code; comments are left out."""
    found = [(match.lastgroup if match.lastgroup != "fence" else "string", match.group(), match.start())
             for match in WORD.finditer(text)]
    return [word for word in found if word[0] != "comment"]


def load(name):
    return json.loads((HERE / f"{name}.json").read_text())


def programs():
    """Where cargo puts what it builds."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    metadata = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Path(json.loads(metadata.stdout)["target_directory"]) / "debug"


class Session:
    """A kernel in a directory with the examples' data. `language` names the language service; 0: none."""

    def __init__(self, language):
        from wire import Kernel

        self.folder = tempfile.TemporaryDirectory(prefix="ib-")
        place = Path(self.folder.name)
        self.ironbook = programs() / "ironbook"
        subprocess.run([self.ironbook, "kernel", "install", "--prefix", place / "prefix"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.environ["JUPYTER_PATH"] = f"{place}/prefix/share/jupyter"
        (place / "data").mkdir()
        for data in ["examples/flights/data", "examples/digits/data", "promotion/tests/corpus/data"]:
            for file in (ROOT / data).iterdir():
                if file.suffix in (".csv", ".parquet", ".json"):
                    (place / "data" / file.name).symlink_to(file)
        (place / "examples").symlink_to(ROOT / "examples")
        environment = {"IRONBOOK_LANGUAGE": str(language), "IRONBOOK_HISTORY": f"{place}/history.jsonl"}
        self.kernel = Kernel(kernel="ironbook", directory=place, **environment)
        self.client = self.kernel.client

    def run(self, text):
        """The error of a cell; none if it ran."""
        reply = self.client.run(text, timeout=CELL_WITHIN).reply.content
        return None if reply["status"] == "ok" else reply["evalue"]

    def complete(self, text, at):
        """Names that may stand at a character of a text."""
        content = {"code": text, "cursor_pos": at}
        content = self.client.reply(self.client.send("complete_request", content)).content
        told = content["metadata"]["_jupyter_types_experimental"]
        assert len(told) == len(content["matches"])
        return [one["name"] for one in told]

    def close(self):
        self.kernel.close()
        self.folder.cleanup()
