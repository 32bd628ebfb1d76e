"""Whole notebooks through nbclient, papermill and nbconvert."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat
from cells import CELLS, PEER
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from wire import NAME

PACKAGE = Path(__file__).resolve().parents[2] / "kernel" / "papermill"


def notebook(*cells):
    """A notebook of these cells; one given as (source, tag) has that tag."""
    made = []
    for cell in cells:
        source, *tags = cell if isinstance(cell, tuple) else (cell,)
        made.append(new_code_cell(source, metadata={"tags": tags}))
    spec = {"name": NAME, "display_name": NAME, "language": CELLS.language}
    return new_notebook(cells=made, metadata={"kernelspec": spec, "language_info": {"name": CELLS.language}})


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ib-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def client(self, made, **options):
        return NotebookClient(made, kernel_name=NAME, resources={"metadata": {"path": str(self.folder)}}, **options)


class NbClient(Folder):
    def test_cells_run_in_order(self):
        made = notebook(CELLS.hello, CELLS.assign, CELLS.plus, CELLS.table, CELLS.update, CELLS.progress.format(pause=20))
        made.cells.insert(0, new_markdown_cell("# Title"))
        self.client(made, timeout=120).execute()
        nbformat.validate(made)
        _, hello, _, plus, table, updated, progress = made.cells
        self.assertEqual(printed(hello), "hello, world\n")
        self.assertEqual(plus.outputs[0].data["text/plain"], "6")
        self.assertEqual(plus.outputs[0].execution_count, 3)
        self.assertIn("<table", table.outputs[0].data["text/html"])
        self.assertEqual(len(updated.outputs), 1, "an update replaces its display")
        self.assertIn("after", updated.outputs[0].data["text/markdown"])
        bars = [output for output in progress.outputs if output.output_type == "display_data"]
        self.assertEqual(len(bars), 1)
        self.assertIn("40/40", bars[0].data["text/html"], "the notebook keeps the last state of a bar")

    def test_a_failing_cell_ends_it(self):
        made = notebook(CELLS.assign, CELLS.fails, CELLS.hello)
        with self.assertRaises(CellExecutionError) as caught:
            self.client(made, timeout=120).execute()
        self.assertIn(CELLS.fails_with, str(caught.exception))
        nbformat.validate(made)
        self.assertEqual(made.cells[1].outputs[-1].output_type, "error")
        self.assertEqual(made.cells[2].outputs, [])

    def test_a_cell_may_fail(self):
        made = notebook((CELLS.fails, "raises-exception"), CELLS.hello)
        self.client(made, timeout=120).execute()
        self.assertEqual(printed(made.cells[1]), "hello, world\n")

    def test_a_cell_over_its_time_is_interrupted(self):
        made = notebook(CELLS.assign, CELLS.forever, CELLS.show)
        client = self.client(made, timeout=10, interrupt_on_timeout=True, allow_errors=True)
        try:
            client.execute()
        except CellTimeoutError:
            self.fail("the interrupted cell did not end")
        self.assertIn("started", printed(made.cells[1]))
        self.assertEqual(made.cells[1].outputs[-1].output_type, "error")
        self.assertEqual(made.cells[2].outputs[0].data["text/plain"], "5", "the session lives on")


class Papermill(Folder):
    """papermill knows no Rust by itself; the package in kernel/papermill teaches it."""

    def papermill(self, *arguments, path=()):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
        return subprocess.run([sys.executable, "-m", "papermill", *map(str, arguments)], cwd=self.folder, env=environment,
                              capture_output=True, text=True, timeout=240)

    def test_parameters(self):
        path = []
        if not PEER:
            path = [self.folder / "package"]
            source = shutil.copytree(PACKAGE, self.folder / "source")  # setuptools builds beside its sources
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
                       "--disable-pip-version-check", "--no-index", "--target", path[0], source]
            subprocess.run(install, check=True, timeout=240)
        nbformat.write(notebook((CELLS.parameters, "parameters"), CELLS.parameters_shown), self.folder / "in.ipynb")
        (self.folder / "p.yaml").write_text(
            "count: 3\nlabel: 'a \"b\" \\ é'\nshare: 0.25\nflag: true\nlist: [4, 5, 6]\n")
        done = self.papermill("in.ipynb", "out.ipynb", "-f", "p.yaml", path=path)
        self.assertEqual(done.returncode, 0, done.stderr)
        made = nbformat.read(self.folder / "out.ipynb", as_version=4)
        nbformat.validate(made)
        self.assertEqual(made.cells[1].metadata.tags, ["injected-parameters"])
        self.assertEqual(printed(made.cells[2]), CELLS.parameters_text + "\n", made.cells[1].source)
        if not PEER:
            listed = self.papermill("--help-notebook", "in.ipynb", path=path)
            self.assertEqual(listed.returncode, 0, listed.stderr)
            for word in ("count", "label", '"one"', "share", "0.5"):
                self.assertIn(word, listed.stdout)

    def test_a_failing_cell(self):
        nbformat.write(notebook(CELLS.fails, CELLS.hello), self.folder / "in.ipynb")
        done = self.papermill("in.ipynb", "out.ipynb")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(CELLS.fails_with, done.stderr)


class NbConvert(Folder):
    def test_html_with_table_and_picture(self):
        nbformat.write(notebook(CELLS.hello, CELLS.table, CELLS.chart), self.folder / "in.ipynb")
        command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--output", "out.html", "in.ipynb"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        page = (self.folder / "out.html").read_text()
        self.assertIn("hello, world", page)
        self.assertRegex(page, r"<table[^>]*>")
        self.assertTrue("ann" in page and "41" in page)
        self.assertRegex(page, r'<img[^>]* src="data:image/(svg\+xml|png);base64,|<svg')

    @unittest.skipIf(PEER, "the peer's chart is a toy without a bitmap")
    def test_a_page_to_print_keeps_the_picture(self):
        nbformat.write(notebook(CELLS.chart), self.folder / "in.ipynb")
        command = [sys.executable, "-m", "nbconvert", "--to", "latex", "--execute", "--output", "out.tex", "in.ipynb"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = (self.folder / "out.tex").read_text()
        name = re.search(r"\{([^{}]*\.png)\}", text)
        self.assertIsNotNone(name, text[-3000:])
        self.assertTrue((self.folder / name[1]).read_bytes().startswith(b"\x89PNG"))

    def test_a_failing_cell(self):
        nbformat.write(notebook(CELLS.fails), self.folder / "in.ipynb")
        command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "in.ipynb"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=240)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(CELLS.fails_with, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
