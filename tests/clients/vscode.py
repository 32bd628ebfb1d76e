"""VS Code's extension in a real VS Code, which code-server shows in a headless Chromium: `vscode.py IRONBOOK [TEST ..]`.

IRONBOOK_TEST_VSCODE names code-server's program; editors/vscode/README.md says how to install it. IRONBOOK_SHOTS names a
directory for screenshots. Needs Debian's chromium and npm.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from service import beside
from wire import PATIENCE, Kernel, descendants, poll, ports

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "ironbook"
CODE = os.environ.get("IRONBOOK_TEST_VSCODE")
SHOTS = os.environ.get("IRONBOOK_SHOTS")
EXTENSION = Path(__file__).resolve().parents[2] / "editors" / "vscode"
expect.set_options(timeout=PATIENCE * 1000)

SCRIPT = """\
// %% Read
let frame = df!["carrier" => ["AA", "UA", "DL"], "delay" => [4.5, -2.0, 11.0]]?;
fn twice(x: i32) -> i32 {
    x   * 2
}
// %% [markdown]
// # Words
// %% Use
let total = frame.heigth() + 1;
let four = twice(2);
"""
CELLS = ['let frame = df!["delay" => [4.5, -2.0, 11.0]]?;', "fn twice(x: i32) -> i32 { x * 2 }",
         "let total = frame.heigth() + 1;", "let four = twice(2);"]
OURS = {"display_name": "Ironbook (Rust ML)", "language": "rust", "name": "ironbook"}
SETTINGS = {"ironbook.path": PROGRAM, "workbench.startupEditor": "none", "terminal.integrated.gpuAcceleration": "off",
            "files.autoSave": "afterDelay", "files.autoSaveDelay": 100, "editor.inlayHints.enabled": "off"}


def notebook(cells, kernelspec):
    cells = [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text} for text in cells]
    metadata = {"kernelspec": kernelspec, "language_info": {"name": "rust", "file_extension": ".rs"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


class Server:
    """code-server over a folder, with the extension as it is installed: packed."""

    def __init__(self, folder, settings, environment):
        self.folder, (self.port,) = folder, ports(1)
        self.work, self.data = folder / "work", folder / "data"
        self.work.mkdir()
        (self.data / "User").mkdir(parents=True)
        self.settings = self.data / "User" / "settings.json"
        self.settings.write_text(json.dumps(SETTINGS | settings))
        self.log = folder / "server.log"
        config = folder / "config.yaml"
        config.write_text("auth: none\ncert: false\n")
        own = ["--config", str(config), "--user-data-dir", str(self.data), "--extensions-dir", str(folder / "extensions")]
        subprocess.run([CODE, *own, "--install-extension", str(packed(folder))], check=True, timeout=120, capture_output=True)
        options = [*own, "--bind-addr", f"127.0.0.1:{self.port}", "--disable-telemetry", "--disable-update-check",
                   "--disable-workspace-trust", str(self.work)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([CODE, *options], stdout=log, stderr=log, env={**os.environ, **environment},
                                            start_new_session=True)
        poll(self.answers, "a server")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log.read_text()}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=30) as answer:
                return answer.status == 200

    def servers(self):
        """The language servers that run below it."""
        return [pid for pid, name in descendants(self.process.pid) if name == "ironbook"]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def packed(folder):
    """The extension's archive."""
    own = folder / "extension"
    shutil.copytree(EXTENSION, own)
    for licence in EXTENSION.parents[1].glob("LICENSE-*"):
        shutil.copy(licence, own)
    if not (own / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=own, check=True,
                       timeout=120, capture_output=True)
    target = folder / "ironbook.vsix"
    subprocess.run([sys.executable, str(own / "pack.py"), str(target)], check=True, timeout=60, capture_output=True)
    return target


class Window:
    """A window of VS Code."""

    def __init__(self, context, server):
        self.server, self.page = server, context.new_page()
        self.keys = self.page.keyboard
        self.page.goto(f"http://127.0.0.1:{server.port}/?folder={server.work}")
        expect(self.page.locator(".explorer-folders-view .monaco-list-row").first).to_be_visible()
        # Until the extensions are known, a notebook is opened as text.
        poll(self.knows_us, "the extension")

    def knows_us(self):
        self.keys.press("F1")
        expect(self.page.locator(".quick-input-widget input")).to_be_focused()
        self.keys.type("Ironbook: Show the Log")
        self.page.wait_for_timeout(300)
        found = self.page.locator(".quick-input-list .monaco-list-row", has_text="Ironbook: Show the Log").count()
        self.keys.press("Escape")
        expect(self.page.locator(".quick-input-widget")).to_be_hidden()
        return found

    def open(self, name):
        self.page.locator(".explorer-folders-view .monaco-list-row", has_text=name).dblclick()
        expect(self.page.locator(".code-cell-row" if name.endswith(".ipynb") else ".view-line").first).to_be_visible()

    def command(self, name):
        self.keys.press("F1")
        expect(self.page.locator(".quick-input-widget input")).to_be_focused()
        self.keys.type(name)
        self.page.locator(".quick-input-list .monaco-list-row", has_text=name).first.click()
        expect(self.page.locator(".quick-input-widget")).to_be_hidden()

    def go(self, line, column):
        self.keys.press("Control+g")
        expect(self.page.locator(".quick-input-widget input")).to_be_focused()
        self.keys.type(f"{line}:{column}")
        self.keys.press("Enter")
        self.at(line, column)

    def at(self, line, column):
        """The cursor comes to a place."""
        expect(self.status(f"Ln {line}, Col {column}")).to_be_visible()

    def status(self, words):
        return self.page.locator(".statusbar-item", has_text=words).first

    def mistakes(self):
        return self.page.locator(".squiggly-error")

    def candidate(self, name):
        return self.page.locator(".suggest-widget .monaco-list-row", has_text=name).first

    def cell(self, at, where="End"):
        """Begins to edit a cell of a notebook."""
        self.page.locator(".code-cell-row").nth(at).locator(".view-line").first.click()
        self.keys.press(where)

    def hover(self, words):
        """What is told of what the cursor stands at, once it is known."""
        told = self.page.locator(".monaco-hover:not(.hidden)").first

        def asked():
            self.keys.press("Escape")
            self.keys.press("Control+k")
            self.keys.press("Control+i")
            self.page.wait_for_timeout(1000)
            return told.is_visible() and words in told.inner_text().replace("\xa0", " ")

        poll(asked, words)
        return told

    def fix(self, words):
        """Chooses a quick fix for what the cursor stands at."""
        self.keys.press("Control+.")
        choice = self.page.locator(".action-widget .monaco-list-row", has_text=words)
        expect(choice).to_be_visible()
        self.keys.press("Enter")

    def saved(self, name, wanted):
        """What was changed is in the file before long."""
        path = self.server.work / name
        poll(lambda: wanted(path.read_text()), f"in {name}")

    def shot(self, name):
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(SHOTS) / f"vscode-{name}.png")


class InCode(unittest.TestCase):
    """Tests that share a server and a browser; each has a window of its own."""

    SETTINGS = {}
    ENVIRONMENT = {"IRONBOOK_LANGUAGE": "0"}

    @classmethod
    def setUpClass(cls):
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="ib-", ignore_cleanup_errors=True)))
        cls.server = Server(folder, cls.settings(), cls.ENVIRONMENT)
        cls.addClassCleanup(cls.server.close)
        playwright = cls.enterClassContext(sync_playwright())
        cls.browser = playwright.chromium.launch(executable_path=shutil.which("chromium"),
                                                 args=["--no-sandbox", "--disable-dev-shm-usage"])
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def settings(cls):
        return cls.SETTINGS

    def setUp(self):
        for path in self.server.work.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.context = self.browser.new_context(viewport={"width": 1200, "height": 800})
        self.addCleanup(self.context.close)
        self.addCleanup(self.explain)

    def explain(self):
        """After a failure: what the window showed."""
        failed = self._outcome.result.errors + self._outcome.result.failures
        if any(test is self for test, _ in failed):
            for number, page in enumerate(self.context.pages):
                path = Path(SHOTS or tempfile.gettempdir()) / f"failed-{self._testMethodName}-{number}.png"
                page.screenshot(path=path)
                print(f"\nthe window as it was: {path}", file=sys.stderr)

    def window(self, files):
        for name, text in files.items():
            path = self.server.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Window(self.context, self.server)

    def script(self, text=SCRIPT):
        window = self.window({"train.rs": text})
        window.open("train.rs")
        expect(window.status("Rust Cells (Ironbook)")).to_be_visible()
        return window


class Scripts(InCode):
    def test_a_mistake_is_underlined_explained_and_mended(self):
        window = self.script()
        expect(window.mistakes()).to_have_count(1)
        window.go(9, 19)
        hover = window.hover("no method named `heigth` found for struct `DataFrame`")
        expect(hover).to_contain_text("E0599")
        window.shot("mistake")
        window.keys.press("Escape")
        window.fix("there is a method `height` with a similar name")
        window.saved("train.rs", lambda text: "let total = frame.height() + 1;" in text)
        expect(window.mistakes()).to_have_count(0)

    def test_candidates_tell_what_they_take_and_give(self):
        window = self.script()
        expect(window.mistakes()).to_have_count(1)
        window.go(10, 21)
        window.keys.press("Enter")
        window.keys.type("frame.he")
        head = window.candidate("head")
        expect(head).to_contain_text("(length: Option<usize>)")
        expect(head).to_contain_text("DataFrame")
        window.keys.press("Control+Space")
        expect(window.page.locator(".suggest-details")).to_contain_text("Get the head of the DataFrame")
        window.shot("complete")
        window.keys.press("Escape")
        window.keys.press("Shift+Home")
        window.keys.type('frame.select([col("')
        expect(window.candidate("carrier")).to_contain_text("str")
        expect(window.candidate("delay")).to_contain_text("f64")

    def test_f12_goes_to_another_cell(self):
        window = self.script()
        expect(window.mistakes()).to_have_count(1)
        window.go(10, 13)
        window.keys.press("F12")
        window.at(3, 4)

    def test_cells_are_formatted_and_folded(self):
        window = self.script()
        expect(window.mistakes()).to_have_count(1)
        window.command("Format Document")
        window.saved("train.rs", lambda text: "    x * 2\n}\n// %% [markdown]\n// # Words\n// %% Use\n" in text)
        window.command("Fold All")
        expect(window.page.locator(".view-line", has_text="fn twice")).to_have_count(0)
        expect(window.page.locator(".view-line", has_text="// %% Use")).to_be_visible()

    def test_a_script_that_is_opened_again_is_ours_again(self):
        window = self.script()
        window.command("View: Close Editor")
        window.open("train.rs")
        expect(window.status("Rust Cells (Ironbook)")).to_be_visible()
        expect(window.mistakes()).to_have_count(1)

    def test_a_file_becomes_a_script_with_its_first_marker(self):
        window = self.window({"plain.rs": "let a: i32 = 1;\n"})
        window.open("plain.rs")
        expect(window.page.locator(".statusbar-item", has_text=re.compile("^Rust$"))).to_be_visible()
        window.page.locator(".view-line").first.click()
        window.keys.press("Control+Home")
        window.keys.type("// %% First")
        expect(window.status("Rust Cells (Ironbook)")).to_be_visible()
        window.keys.press("Control+End")
        window.keys.type("let b: i32 = \"text\";")
        expect(window.mistakes()).to_be_visible()

    def test_cells_run_one_after_another_in_the_terminal(self):
        window = self.script("// %%\nlet a = 20;\nlet b = 1;\n// %% [markdown]\n// Words\n// %%\n// %%time\n"
                             "fn twice(x: i32) -> i32 {\n    x * 2\n}\n\ntwice(a + b)\n")
        window.go(2, 1)
        for line in [5, 7, 13]:
            window.keys.press("Shift+Enter")
            window.at(line, 1)
        shown = window.page.locator(".xterm-rows")
        expect(shown).to_contain_text("42")
        # Two cells, of which the second is timed.
        expect(shown).to_contain_text("[3]:")
        expect(shown).to_contain_text("wall")
        expect(shown).not_to_contain_text("[4]:")
        window.shot("terminal")

    def test_a_program_that_is_missing_is_named(self):
        settings = self.server.work / ".vscode" / "settings.json"
        settings.parent.mkdir()
        settings.write_text(json.dumps({"ironbook.path": "/nowhere/ironbook"}))
        window = self.script()
        told = window.page.locator(".notification-toast")
        expect(told).to_contain_text("/nowhere/ironbook is not found")
        expect(told).to_contain_text("ironbook.path")
        settings.write_text(json.dumps({"ironbook.path": PROGRAM}))
        expect(window.mistakes()).to_have_count(1)


class Notebooks(InCode):
    def test_cells_are_checked_mended_and_gone_between(self):
        window = self.window({"book.ipynb": notebook(CELLS, OURS)})
        window.open("book.ipynb")
        expect(window.mistakes()).to_have_count(1)
        window.cell(2, "Home")
        for _ in range(20):
            window.keys.press("ArrowRight")
        window.fix("there is a method `height` with a similar name")
        window.saved("book.ipynb", lambda text: "let total = frame.height() + 1;" in text)
        expect(window.mistakes()).to_have_count(0)
        window.cell(3)
        for _ in range(4):
            window.keys.press("ArrowLeft")
        window.keys.press("F12")
        expect(window.status("Cell 2 of 4")).to_be_visible()
        window.cell(3)
        window.keys.type("\nlet wrong: i32 = frame.height();")
        expect(window.mistakes()).to_have_count(1)
        window.keys.press("Control+a")
        window.keys.type("frame.lazy().select([col(\"")
        expect(window.candidate("delay")).to_contain_text("f64")
        window.shot("notebook")

    def test_others_are_left_alone(self):
        package = {"crate/Cargo.toml": "[package]\nname = \"a\"\n", "crate/src/lib.rs": "// %% Part\npub fn f() -> i32 { \"\" }\n"}
        evcxr = notebook(CELLS, {"display_name": "Rust", "language": "rust", "name": "rust"})
        window = self.window(package | {"other.ipynb": evcxr, "train.rs": SCRIPT})
        window.open("other.ipynb")
        window.page.locator(".explorer-folders-view .monaco-list-row", has_text="crate").click()
        window.page.locator(".explorer-folders-view .monaco-list-row", has_text="src").click()
        window.open("lib.rs")
        expect(window.page.locator(".statusbar-item", has_text=re.compile("^Rust$"))).to_be_visible()
        self.assertEqual(self.server.servers(), [])
        # What is ours is served beside.
        window.open("train.rs")
        expect(window.mistakes()).to_have_count(1)
        self.assertEqual(len(self.server.servers()), 1)
        window.open("other.ipynb")
        expect(window.page.locator(".code-cell-row")).to_have_count(4)
        expect(window.mistakes()).to_have_count(0)


class Attached(InCode):
    """With a running session."""

    @classmethod
    def settings(cls):
        cls.kernel = cls.enterClassContext(Kernel())
        client = cls.kernel.client
        client.until_idle(client.execute('let fares = df!["price" => [1.5, 2.5]]?;'))
        return {"ironbook.existing": str(cls.kernel.path)}

    def test_values_are_known(self):
        window = self.script("// %%\nfares.height()\n")
        window.go(2, 3)
        hover = window.hover("fares: DataFrame")
        expect(hover).to_contain_text("2 x 1")
        expect(hover).to_contain_text("2.5")
        window.shot("value")
        expect(window.mistakes()).to_have_count(0)

    def test_a_session_is_chosen(self):
        window = self.script("// %%\nfares.height()\n")
        window.command("Ironbook: Attach to a Running Session...")
        choices = window.page.locator(".quick-input-list .monaco-list-row")
        expect(choices.filter(has_text="1 variables").first).to_be_visible()
        choices.filter(has_text="None").click()
        settings = self.server.work / ".vscode" / "settings.json"
        poll(lambda: settings.exists() and '"ironbook.existing": ""' in settings.read_text(), "the choice")
        # Without the session nobody knows it.
        expect(window.mistakes()).to_have_count(1)


@unittest.skipUnless(CODE and beside(PROGRAM), "no language service")
class Deep(InCode):
    """With the language service."""

    ENVIRONMENT = {}

    def test_names_of_all_cells_calls_and_uses(self):
        window = self.script()
        expect(window.mistakes()).to_have_count(1)

        def called():
            window.go(10, 18)
            window.keys.press("Control+Shift+Space")
            window.page.wait_for_timeout(1000)
            return window.page.locator(".parameter-hints-widget.visible").is_visible()

        poll(called, "the signature of a call", PATIENCE * 3)
        expect(window.page.locator(".parameter-hints-widget")).to_contain_text("fn twice(x: i32) -> i32")
        window.shot("signature")
        window.keys.press("Escape")
        window.go(10, 13)
        window.keys.press("F2")
        expect(window.page.locator(".rename-box input")).to_be_focused()
        window.keys.press("Control+a")
        window.keys.type("double")
        window.keys.press("Enter")
        window.saved("train.rs", lambda text: "fn double(x: i32)" in text and "let four = double(2);" in text)
        window.go(10, 22)
        window.keys.press("Enter")
        window.keys.type("let begun = BTreeMa")

        def offered():
            window.keys.press("Control+Space")
            window.page.wait_for_timeout(4000)
            return window.candidate("BTreeMap").is_visible()

        # On a busy machine the service's first answer comes after the editor has given up.
        poll(offered, "a name with its use")
        expect(window.candidate("BTreeMap")).to_contain_text("use std::collections::BTreeMap")
        window.keys.press("Enter")
        window.saved("train.rs", lambda text: "// %% Use\nuse std::collections::BTreeMap;\nlet total" in text)


if __name__ == "__main__":
    if not CODE or not shutil.which("chromium") or not shutil.which("npm"):
        print("SKIPPED vscode.py: IRONBOOK_TEST_VSCODE, chromium or npm is missing")
    else:
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
