"""JupyterLab in a headless Chromium: run all, table, chart and progress, complete, interrupt, restart, save."""

import re
import shutil
import unittest
from pathlib import Path

import nbformat
from browser import InLab
from cells import CELLS, PEER
from notebooks import printed
from playwright.sync_api import expect
from wire import poll

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flights"


class Lab(InLab):
    def test_a_notebook_from_run_all_to_save(self):
        lab = self.open("n.ipynb", CELLS.names, CELLS.table, CELLS.chart, CELLS.progress.format(pause=100))
        lab.menu("Run", "Run All Cells")
        bar = lab.output(3).locator("progress")
        expect(bar).to_be_visible()
        early = float(bar.get_attribute("value"))
        lab.shot("progress")
        expect(lab.output(1).locator("table")).to_contain_text("ann")
        expect(lab.output(2).locator(".vega-embed canvas, .vega-embed svg").first).to_be_visible()
        expect(lab.output(3)).to_contain_text("counted")
        expect(lab.output(3)).to_contain_text("40/40")
        expect(lab.output(3).locator("progress")).to_have_count(1)
        self.assertLess(early, 40)
        lab.idle()
        lab.shot("run-all")

        lab.type("temper")
        lab.page.keyboard.press("Tab")
        at = lab.page.locator(".jp-Notebook .jp-Cell").count() - 1
        expect(lab.page.locator(".jp-Completer").or_(lab.cell(at).get_by_text("temperature")).first).to_be_visible()
        lab.shot("completion")
        if lab.page.locator(".jp-Completer").is_visible():
            expect(lab.page.locator(".jp-Completer-item", has_text="temperature").first).to_be_visible()
            lab.page.keyboard.press("Enter")
        expect(lab.cell(at).locator(".cm-content")).to_have_text("temperature")
        lab.page.keyboard.press("Shift+Tab")
        expect(lab.page.locator(".jp-Tooltip")).to_contain_text(CELLS.inspect_says)
        lab.shot("tooltip")
        lab.page.keyboard.press("Escape")
        lab.page.keyboard.press("Control+Enter")
        expect(lab.output(at)).to_contain_text("21.5")

        at = lab.type("words.")
        lab.page.keyboard.press("Tab")
        expect(lab.page.locator(".jp-Completer-item").first).to_be_visible()
        lab.shot("methods")
        lab.page.keyboard.press("Escape")

        at = lab.run(CELLS.forever)
        expect(lab.output(at)).to_contain_text("started")
        lab.page.locator('[data-jp-item-name="interrupt"]').click()
        expect(lab.output(at).locator('[data-mime-type="application/vnd.jupyter.error"], [data-mime-type$=".stderr"]').first).to_be_visible()
        lab.idle()
        lab.shot("interrupted")
        at = lab.run(CELLS.product)
        expect(lab.output(at)).to_contain_text("42")

        lab.page.keyboard.press("Control+s")
        expect(lab.page.locator(".jp-mod-dirty")).to_have_count(0)
        poll(lambda: "42" in (self.work / "n.ipynb").read_text().split("started")[-1], "saved output")
        saved = nbformat.read(self.work / "n.ipynb", as_version=4)
        nbformat.validate(saved)
        _, table, chart, progress, *_, forever, product = saved.cells
        self.assertIn("<table", table.outputs[0].data["text/html"])
        self.assertIn("application/vnd.vegalite.v5+json", chart.outputs[0].data)
        bars = [output for output in progress.outputs if output.output_type == "display_data"]
        self.assertEqual(len(bars), 1)
        self.assertIn("40/40", bars[0].data["text/html"])
        self.assertTrue(printed(progress).endswith("counted\n"))
        self.assertEqual(forever.outputs[-1].output_type, "error")
        self.assertEqual(product.outputs[0].data["text/plain"], "42")

    @unittest.skipIf(PEER, "the example is Rust")
    def test_the_example(self):
        shutil.copytree(EXAMPLE, self.work / "flights", ignore=shutil.ignore_patterns("*.png", "*.py"))
        lab = self.opened("flights/flights.ipynb")
        lab.menu("Run", "Run All Cells")
        cells = nbformat.read(self.work / "flights" / "flights.ipynb", as_version=4).cells
        last = max(at for at, cell in enumerate(cells) if cell.cell_type == "code")
        seen = lab.page.locator(".jp-OutputArea-output progress")
        expect(seen.first).to_be_visible(timeout=300_000)
        lab.shot("example-progress")
        expect(lab.cell(last).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=300_000)
        lab.idle()
        lab.page.keyboard.press("Control+s")
        expect(lab.page.locator(".jp-mod-dirty")).to_have_count(0)
        path = self.work / "flights" / "flights.ipynb"
        saved = poll(lambda: (read := nbformat.read(path, as_version=4)).cells[last].get("outputs") and read, "saved outputs")
        nbformat.validate(saved)
        outputs = [output for cell in saved.cells for output in cell.get("outputs", [])]
        self.assertEqual([output for output in outputs if output.output_type == "error"], [])
        kinds = {kind for output in outputs for kind in output.get("data", {})}
        self.assertLessEqual({"text/html", "application/vnd.vegalite.v5+json"}, kinds)
        charts = [at for at, cell in enumerate(saved.cells) if any(
            "application/vnd.vegalite.v5+json" in output.get("data", {}) for output in cell.get("outputs", []))]
        for at in charts:
            lab.cell(at).scroll_into_view_if_needed()
            expect(lab.output(at).locator(".vega-embed canvas, .vega-embed svg").first).to_be_visible()
            lab.shot(f"example-chart-{at}")

    def test_restart_while_a_cell_runs(self):
        lab = self.open("restart.ipynb", CELLS.assign, CELLS.forever)
        lab.menu("Run", "Run All Cells")
        expect(lab.output(1)).to_contain_text("started")
        expect(lab.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
        lab.menu("Kernel", "Restart Kernel…")
        lab.accept()
        lab.idle()
        at = lab.run(CELLS.product)
        expect(lab.output(at)).to_contain_text("42")
        expect(lab.cell(at).locator(".jp-InputPrompt")).to_have_text("[1]:")
        lab.shot("restarted")
        lab.menu("Kernel", "Restart Kernel and Run All Cells…")
        lab.accept()
        expect(lab.output(at)).not_to_contain_text("42")  # outputs of the run before are gone
        expect(lab.cell(0).locator(".jp-InputPrompt")).to_have_text("[1]:")
        expect(lab.output(1)).to_contain_text("started")
        lab.page.locator('[data-jp-item-name="interrupt"]').click()
        lab.idle()

    @unittest.skipIf(PEER, "another kernel promotes nothing")
    def test_promotion_knows_of_deleted_cells_and_of_tags(self):
        lab = self.open("promote.ipynb", ("let share = 0.5;", "parameters"), "let whole = vec![1.5, 2.5];",
                        "let part = whole[0] * share;", "%promote part-of-it --target part --no-verify")
        cells = lab.page.locator(".jp-Notebook .jp-Cell")

        def again(at, count):
            lab.cell(at).locator(".jp-InputPrompt").click()
            lab.page.keyboard.press("Control+Enter")
            expect(lab.cell(at).locator(".jp-InputPrompt")).to_have_text(f"[{count}]:")

        lab.menu("Run", "Run All Cells")
        expect(lab.output(3)).to_contain_text("part-of-it 1.0.0")
        expect(lab.output(3)).to_contain_text("param share")
        lab.cell(1).locator(".jp-InputPrompt").click()
        lab.page.keyboard.press("d")
        lab.page.keyboard.press("d")
        expect(cells).to_have_count(3)
        again(2, 5)
        expect(lab.output(2)).to_contain_text("maker-gone")
        expect(lab.output(2)).to_contain_text("put the cell that makes `whole` back and run it")
        lab.shot("maker-gone")
        # The same cell is back, and with its next run the kernel knows.
        lab.page.keyboard.press("z")
        expect(cells).to_have_count(4)
        again(1, 6)
        again(3, 7)
        expect(lab.output(3)).to_contain_text("nothing has changed")

    def test_a_question_is_asked_in_the_cell(self):
        lab = self.open("ask.ipynb", CELLS.ask)
        lab.menu("Run", "Run All Cells")
        box = lab.output(0).locator("input.jp-Stdin-input")
        expect(box).to_be_visible()
        box.fill("Ann")
        box.press("Enter")
        expect(lab.output(0)).to_contain_text("hello Ann")

    def test_two_notebooks_at_once(self):
        first = self.open("one.ipynb", CELLS.assign, CELLS.sleeps, CELLS.show)
        second = self.open("two.ipynb", CELLS.sleeps, CELLS.product)
        for lab in (first, second):
            lab.menu("Run", "Run All Cells")
        expect(second.output(1)).to_contain_text("42")
        expect(first.output(1)).to_contain_text("slept")
        expect(first.output(2)).to_contain_text("5")
        self.assertGreaterEqual(len(self.server.ask("/api/kernels")), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
