"""JupyterLab in a headless Chromium: a server over a directory, notebooks in pages of the browser, and what their tests share.

IRONBOOK_SHOTS names a directory for screenshots. Needs Debian's chromium.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
from notebooks import notebook
from playwright.sync_api import expect, sync_playwright
from wire import PATIENCE, poll, ports

SHOTS = os.environ.get("IRONBOOK_SHOTS")
expect.set_options(timeout=PATIENCE * 1000)


class Server:
    """A Jupyter server over a directory, with settings and workspaces of its own; what else its kernels find around them."""

    def __init__(self, folder, environment):
        self.token, (self.port,) = secrets.token_hex(16), ports(1)
        private = {name: str(folder / "private" / name.lower()) for name in (
            "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")}
        config = Path(private["JUPYTER_CONFIG_DIR"]) / "labconfig"
        config.mkdir(parents=True)
        off = {"@jupyterlab/apputils-extension:announcements": True}
        (config / "page_config.json").write_text(json.dumps({"disabledExtensions": off}))
        self.log = folder / "server.log"
        options = [f"--port={self.port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}",
                   "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder / 'work'}",
                   "--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], stdout=log, stderr=log,
                                            env={**os.environ, **private, **environment}, start_new_session=True)
        poll(self.answers, f"server:\n{self.log.read_text()}")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log.read_text()}")
        with contextlib.suppress(urllib.error.URLError):
            return self.ask("/api/status")

    def ask(self, path, method="GET"):
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def end_kernels(self):
        for session in self.ask("/api/sessions"):
            # One may have ended by now.
            with contextlib.suppress(urllib.error.HTTPError):
                self.ask(f"/api/sessions/{session['id']}", "DELETE")

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/doc/tree/{name}?token={self.token}"

    def close(self):
        # As a user ends it: the kernels are shut down with it.
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Notebook:
    """A notebook that is open in a page of the browser."""

    def __init__(self, context, server, name):
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: print("page error:", error, file=sys.stderr))
        self.page.goto(server.url(name))
        self.idle()

    def idle(self):
        # What is shown as idle before there is a kernel would not do.
        self.page.wait_for_function("""() => {
            const context = window.jupyterapp?.shell?.currentWidget?.sessionContext, kernel = context?.session?.kernel;
            return context?.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle";
        }""", timeout=PATIENCE * 1000)

    def menu(self, name, entry):
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{name}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).first.click()

    def accept(self):
        self.page.locator(".jp-Dialog .jp-mod-accept").click()

    def cell(self, at):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(at)

    def output(self, at):
        return self.cell(at).locator(".jp-Cell-outputArea")

    def type(self, text):
        """Writes into a new cell at the end, and gives its number."""
        cells = self.page.locator(".jp-Notebook .jp-Cell")
        at = cells.count()
        self.cell(at - 1).locator(".cm-content").click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        expect(cells).to_have_count(at + 1)
        self.cell(at).locator(".cm-content").click()
        # As pasted: the editor would close brackets and indent what is typed.
        self.page.keyboard.insert_text(text)
        return at

    def retype(self, text):
        """Writes another text into the cell that is edited."""
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def touch(self, at):
        """Types a space at the end of a cell."""
        self.cell(at).locator(".cm-content").click()
        self.page.keyboard.press("End")
        self.page.keyboard.type(" ")

    def run(self, text):
        at = self.type(text)
        self.page.keyboard.press("Control+Enter")
        return at

    def shot(self, name):
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png")


class InLab(unittest.TestCase):
    """Tests that share a server and a browser; each has a window of its own."""

    VIEW = {"width": 1200, "height": 1600}
    ENVIRONMENT = {}

    @classmethod
    def setUpClass(cls):
        browser = shutil.which("chromium")
        assert browser, "chromium is not installed"
        cls.enterClassContext(contextlib.ExitStack())
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="ib-")))
        cls.work = folder / "work"
        cls.work.mkdir()
        cls.server = Server(folder, cls.ENVIRONMENT)
        cls.addClassCleanup(cls.server.close)
        playwright = cls.enterClassContext(sync_playwright())
        cls.browser = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-dev-shm-usage"])
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        # A kernel whose page is closed runs on, and its language service reads the library beside the next test's.
        self.addCleanup(self.server.end_kernels)
        self.context = self.browser.new_context(viewport=self.VIEW)
        self.addCleanup(self.context.close)
        self.addCleanup(self.explain)

    def explain(self):
        """After a failure: what the page showed, and what the server wrote."""
        failed = self._outcome.result.errors + self._outcome.result.failures
        if any(test is self for test, _ in failed):
            folder = Path(SHOTS or tempfile.gettempdir())
            for number, page in enumerate(self.context.pages):
                path = folder / f"failed-{self._testMethodName}-{number}.png"
                page.screenshot(path=path)
                print(f"\nthe page as it was: {path}", file=sys.stderr)
            print(self.server.log.read_text()[-3000:], file=sys.stderr)

    def open(self, name, *cells):
        nbformat.write(notebook(*cells), self.work / name)
        return self.opened(name)

    def opened(self, name):
        return Notebook(self.context, self.server, name)
