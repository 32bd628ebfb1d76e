"""JupyterLab's extension in a headless Chromium: mistakes underlined while typing, fixes, types, imports, inspection."""

import re
import unittest

import nbformat
from browser import InLab
from cells import PEER
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect
from service import installed
from wire import DEEP, PATIENCE, poll

FRAME = ('let df = df!["carrier" => ["AA", "UA", "DL"], "delay" => [4.5, -2.0, 11.0]]?;\n'
         "let count = 3;")
SERVICE = None if PEER else installed()
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


class Typing(InLab):
    """A page whose console is heard."""

    VIEW = {"width": 1200, "height": 700}

    def setUp(self):
        super().setUp()
        self.said = []

    def opened(self, name):
        # What the page says while it loads counts as well.
        self.context.on("console", lambda said: self.said.append(said))
        return super().opened(name)

    def python(self, name, *cells):
        """A notebook of another kernel, not opened."""
        cells = [new_code_cell(text) for text in cells]
        nbformat.write(new_notebook(cells=cells, metadata=PYTHON), self.work / name)

    def errors(self):
        """What the browser's console calls an error, apart from pictures and translations that a server may lack."""
        texts = [said.text for said in self.said if said.type == "error" or "Ironbook" in said.text]
        return [text for text in texts if "Failed to load resource" not in text]

    def run_first(self, page):
        page.cell(0).locator(".cm-content").click()
        page.page.keyboard.press("Control+Enter")
        expect(page.cell(0).locator(".jp-InputPrompt")).to_have_text("[1]:")
        page.idle()

    def completes(self, page, cell, wanted):
        """Another kernel completes what was typed; its first completion can take longer than JupyterLab waits."""
        def done():
            page.page.keyboard.press("Tab")
            page.page.wait_for_timeout(500)
            return cell.locator(".cm-content").inner_text().strip() == wanted

        poll(done, "completion by the other kernel")

    def marks(self, page, at, grave="error"):
        return page.cell(at).locator(f".ib-Mark.ib-mod-{grave}")


@unittest.skipIf(PEER, "another kernel has no such extension")
class Language(Typing):
    def test_a_mistake_is_underlined_explained_and_mended_before_the_cell_runs(self):
        page = self.open("mistake.ipynb", FRAME)
        self.run_first(page)
        at = page.type("let total = df.heigth() + count;")
        expect(self.marks(page, at)).to_have_text("heigth")
        self.assertEqual(page.cell(at).locator(".jp-InputPrompt").inner_text(), "[ ]:")
        self.marks(page, at).hover()
        tooltip = page.page.locator(".ib-Tooltip")
        expect(tooltip).to_contain_text("no method named `heigth` found for struct `DataFrame`")
        expect(tooltip).to_contain_text("E0599")
        page.shot("mistake-light")
        tooltip.locator("button").first.click()
        expect(page.cell(at).locator(".cm-content")).to_contain_text("df.height()")
        # It mends one mistake; the other one was not seen before.
        expect(self.marks(page, at)).not_to_have_text("heigth")
        page.page.keyboard.press("Control+z")
        expect(page.cell(at).locator(".cm-content")).to_contain_text("df.heigth()")
        expect(self.marks(page, at).first).to_be_visible()
        page.retype("let total = df.height() + 1;")
        expect(page.cell(at).locator(".ib-Mark")).to_have_count(0)
        self.assertEqual(self.errors(), [])

    def test_marks_go_when_the_cell_runs_and_below_when_it_is_mended(self):
        page = self.open("marks.ipynb", "let a: i32 = \"text\";", "fn twice(x: i32) -> i32 { x * 2 }", "twice(\"two\")")
        page.touch(2)
        # The cells above were not run: `twice` is known all the same, and only what was typed in is marked.
        expect(self.marks(page, 2)).to_have_text('"two"')
        expect(page.cell(0).locator(".ib-Mark")).to_have_count(0)
        page.cell(1).locator(".cm-content").click()
        page.retype("fn twice(x: &str) -> String { x.repeat(2) }")
        expect(page.cell(2).locator(".ib-Mark")).to_have_count(0)
        page.touch(0)
        expect(self.marks(page, 0)).to_have_text('"text"')
        page.page.keyboard.press("Control+Enter")
        expect(page.cell(0).locator(".jp-OutputArea-output").first).to_contain_text("E0308")
        expect(page.cell(0).locator(".ib-Mark")).to_have_count(0)
        self.assertEqual(self.errors(), [])

    def test_a_check_that_is_lost_is_asked_again(self):
        page = self.open("lost.ipynb", FRAME)
        self.run_first(page)
        page.page.evaluate("""() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const send = kernel.sendShellMessage.bind(kernel);
            window.lost = 0;
            kernel.sendShellMessage = (message, ...rest) => {
                if (message.header.msg_type === 'ironbook_check_request' && !window.lost) {
                    window.lost += 1;
                    throw new Error('lost');
                }
                return send(message, ...rest);
            };
        }""")
        at = page.type("let total = df.heigth() + count;")
        expect(self.marks(page, at)).to_have_text("heigth")
        self.assertEqual(page.page.evaluate("window.lost"), 1)

    def test_magics_are_known_and_a_wrong_one_is_marked(self):
        page = self.open("magics.ipynb", FRAME)
        self.run_first(page)
        good = page.type("%%time\ndf.height()")
        bad = page.type("%tiem df.height()")
        expect(self.marks(page, bad).first).to_be_visible()
        expect(page.cell(good).locator(".ib-Mark")).to_have_count(0)

    def test_a_cell_is_checked_while_another_runs(self):
        page = self.open("busy.ipynb", FRAME, "loop { std::thread::sleep(std::time::Duration::from_millis(20)); }")
        self.run_first(page)
        page.cell(1).locator(".cm-content").click()
        page.page.keyboard.press("Control+Enter")
        expect(page.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
        at = page.type("df.heigth()")
        expect(self.marks(page, at)).to_have_text("heigth")
        page.retype("df.hei")
        page.page.keyboard.press("Tab")
        expect(page.page.locator(".jp-Completer-item").first).to_contain_text("height")
        page.page.keyboard.press("Enter")
        expect(page.cell(at).locator(".cm-content")).to_have_text("df.height")
        page.page.locator('[data-jp-item-name="interrupt"]').click()
        page.idle()

    def test_completion_has_types_and_adds_the_use(self):
        page = self.open("complete.ipynb", FRAME)
        self.run_first(page)
        at = page.type("df.he")
        page.page.keyboard.press("Tab")
        item = page.page.locator(".jp-Completer-item", has_text="head").first
        expect(item).to_contain_text("-> DataFrame")
        page.shot("complete-light")
        names = page.page.locator(".jp-Completer-item .jp-Completer-match").all_inner_texts()
        self.assertEqual(len(names), len(set(names)), names)
        page.page.keyboard.press("Escape")
        at = page.type("df.")
        page.page.keyboard.press("Tab")
        expect(page.page.locator(".jp-Completer-item").first).to_be_visible()
        page.shot("methods-light")
        page.page.keyboard.press("Escape")
        # The kernel's ranking, not the alphabet's: `get_row` only resembles what is typed. Nor does a second Tab cut it.
        at = page.type("df.gro")
        page.page.keyboard.press("Tab")
        expect(page.page.locator(".jp-Completer-item").first).to_contain_text("group_by")
        self.assertIn("get_row", page.page.locator(".jp-Completer-item .jp-Completer-match").all_inner_texts())
        page.page.keyboard.press("Tab")
        expect(page.cell(at).locator(".cm-content")).to_have_text("df.gro")
        page.page.keyboard.press("Enter")
        expect(page.cell(at).locator(".cm-content")).to_contain_text("df.group_by")
        self.assertEqual(self.errors(), [])

    def test_a_name_that_is_not_in_scope_brings_its_use(self):
        page = self.open("use.ipynb", "let one = 1;")
        self.run_first(page)
        written = self.used(page, "%%time\nlet begun = BTreeMa")
        expect(written).to_have_text(["%%time", "use std::collections::BTreeMap;", "let begun = BTreeMap"])
        # Behind what has to come before it.
        written = self.used(page, "#![allow(unused)]\n%pwd\n!true\nlet begun = BTreeMa")
        expect(written).to_have_text(["#![allow(unused)]", "%pwd", "!true", "use std::collections::BTreeMap;", "let begun = BTreeMap"])

    def offer(self, page, text, *names):
        """Types and completes what a kernel says that has a language service, which takes its time to come up."""
        end = len(text)
        start = end - len("BTreeMa")
        told = [{"start": start, "end": end, "text": f"std::collections::{name}", "type": "class", "signature": f"struct {name}<K, V>",
                 "summary": "An ordered map.", "name": name, "import": f"use std::collections::{name};"} for name in names]
        content = {"status": "ok", "matches": [one["text"] for one in told], "cursor_start": start, "cursor_end": end,
                   "metadata": {"_jupyter_types_experimental": told}}
        page.page.evaluate("""content => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            kernel.requestComplete = async () => ({ content });
        }""", content)
        at = page.type(text)
        page.page.keyboard.press("Tab")
        return at

    def used(self, page, text):
        at = self.offer(page, text, "BTreeMap")
        written = page.cell(at).get_by_text("use std::collections::BTreeMap;")
        expect(page.page.locator(".jp-Completer-item").or_(written).first).to_be_visible()
        if page.page.locator(".jp-Completer-item").count():
            page.page.keyboard.press("Enter")
        return page.cell(at).locator(".cm-line")

    def test_a_use_goes_to_no_other_notebook(self):
        self.python("other.ipynb", "BTreeMap = 1")
        page = self.open("first.ipynb", "let one = 1;")
        self.run_first(page)
        self.offer(page, "let begun = BTreeMa", "BTreeMap", "BTreeMapper")
        expect(page.page.locator(".jp-Completer-item").first).to_be_visible()
        page.page.keyboard.press("Escape")
        page.page.evaluate("window.jupyterapp.commands.execute('docmanager:open', { path: 'other.ipynb' })")
        page.page.wait_for_function("window.jupyterapp.shell.currentWidget?.context?.path === 'other.ipynb'")
        page.idle()
        cell = page.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
        cell.first.locator(".cm-content").click()
        page.page.keyboard.press("Shift+Enter")
        expect(cell).to_have_count(2)
        page.idle()
        cell.last.locator(".cm-content").click()
        page.page.keyboard.insert_text("BTreeMa")
        self.completes(page, cell.last, "BTreeMap")
        written = page.page.evaluate("""() => [...window.jupyterapp.shell.widgets('main')]
            .find(widget => widget.context?.path === 'first.ipynb').content.widgets.at(-1).model.sharedModel.getSource()""")
        self.assertEqual(written, "let begun = BTreeMa")

    def test_inspection_peeks_at_the_value(self):
        page = self.open("inspect.ipynb", FRAME)
        self.run_first(page)
        at = page.type("df")
        page.page.keyboard.press("Shift+Tab")
        tooltip = page.page.locator(".jp-Tooltip")
        expect(tooltip).to_contain_text("df: DataFrame")
        expect(tooltip).to_contain_text("3 x 2")
        expect(tooltip).to_contain_text("-2.0")
        page.shot("inspect-light")
        page.page.keyboard.press("Escape")
        at = page.type("df.head(Some(1))")
        for _ in range(9):
            page.page.keyboard.press("ArrowLeft")
        page.page.keyboard.press("Shift+Tab")
        expect(tooltip).to_contain_text("fn head(&self")
        page.shot("inspect-method-light")

    def test_what_cells_above_will_make_is_completed_before_they_run(self):
        page = self.open("above.ipynb", FRAME, "let mean = 1;")
        page.idle()
        page.cell(1).locator(".cm-content").click()
        page.retype("let mean = df.heigth();")
        expect(self.marks(page, 1)).to_have_text("heigth")
        page.retype("let mean = df.hei")
        page.page.keyboard.press("Tab")
        expect(page.page.locator(".jp-Completer-item").first).to_contain_text("() -> usize")
        self.assertEqual(self.errors(), [])

    def test_f12_goes_to_a_definition_in_another_cell(self):
        page = self.open("go.ipynb", "fn twice(x: i32) -> i32 {\n    x * 2\n}", "let (a, b) = (1, 2);\nlet mut größe = vec![3];",
                         "größe.append(&mut größe.clone());", "twice(a) + b + größe[0]",
                         "for (teil, zahl) in größe.iter().enumerate() { teil + zahl }")
        page.idle()

        def goes(column, at, selected, of=3):
            page.cell(of).locator(".cm-content").click()
            page.page.keyboard.press("Home")
            for _ in range(column):
                page.page.keyboard.press("ArrowRight")
            page.page.keyboard.press("F12")
            expect(page.cell(at)).to_have_class(re.compile("jp-mod-active"))
            poll(lambda: page.page.evaluate("window.getSelection().toString()") == selected, "the name is selected")

        goes(2, 0, "twice")
        goes(6, 1, "a")
        goes(11, 1, "b")
        # Not to where it is lent.
        goes(16, 1, "größe")
        goes(49, 4, "teil", of=4)
        self.assertEqual(self.errors(), [])

    def test_the_dark_theme(self):
        page = self.open("dark.ipynb", FRAME)
        self.run_first(page)
        page.page.evaluate("""() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})""")
        expect(page.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        at = page.type("let half = df.heigth() / 2;\nlet unused = 1;")
        expect(self.marks(page, at).first).to_be_visible()
        self.marks(page, at).first.hover()
        expect(page.page.locator(".ib-Tooltip")).to_be_visible()
        page.shot("mistake-dark")
        page.page.mouse.move(5, 5)
        at = page.type("df.")
        page.page.keyboard.press("Tab")
        expect(page.page.locator(".jp-Completer-item").first).to_be_visible()
        page.shot("complete-dark")
        page.page.keyboard.press("Escape")
        at = page.type("df")
        page.page.keyboard.press("Shift+Tab")
        expect(page.page.locator(".jp-Tooltip")).to_contain_text("df: DataFrame")
        page.shot("inspect-dark")

    def test_a_notebook_of_another_kernel_is_left_alone(self):
        self.python("python.ipynb", "value = 1", "nothing.here(")
        sent = []
        # Before the page is there: only sockets that open after that are heard.
        hear = lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame)))
        self.context.on("page", lambda page: page.on("websocket", hear))
        page = self.opened("python.ipynb")
        self.run_first(page)
        at = page.type("value.bit_l")
        self.completes(page, page.cell(at), "value.bit_length")
        page.page.wait_for_timeout(1000)
        expect(page.page.locator(".ib-Mark, .ib-Completer-item")).to_have_count(0)
        self.assertTrue(any("execute_request" in frame for frame in sent), "the frames are heard")
        self.assertFalse(any("ironbook" in frame for frame in sent))
        self.assertEqual(self.errors(), [])


class Deep(Typing):
    """With the language service, which the other tests do without."""

    ENVIRONMENT = {"IRONBOOK_LANGUAGE": str(SERVICE)}

    def test_completion_offers_what_only_the_service_knows(self):
        text, name = DEEP
        page = self.open("deep.ipynb", FRAME)
        self.run_first(page)
        at = page.type(text)
        offered = page.page.locator(".jp-Completer-item", has_text=name)

        def offers():
            page.page.keyboard.press("Escape")
            page.cell(at).locator(".cm-content").click()
            page.page.keyboard.press("Control+End")
            page.page.keyboard.press("Tab")
            page.page.wait_for_timeout(1000)
            return offered.is_visible() or name in page.cell(at).inner_text().split("probe.")[-1]

        poll(offers, "the name, once the service has read the library", 4 * PATIENCE)

    def test_f12_opens_the_source_of_what_a_crate_defines(self):
        page = self.open("source.ipynb", FRAME, 'let head = "🦀"; df.height()')
        self.run_first(page)
        source = page.page.locator("#ironbook-source")

        def opens():
            page.cell(1).locator(".cm-content").click()
            page.page.keyboard.press("End")
            page.page.keyboard.press("ArrowLeft")
            page.page.keyboard.press("ArrowLeft")
            page.page.keyboard.press("F12")
            page.page.wait_for_timeout(1000)
            return source.is_visible()

        # It gives way to what runs beside it while it reads.
        poll(opens, "the source, once the service has read it", 4 * PATIENCE)
        poll(lambda: page.page.evaluate("window.getSelection().toString()") == "height", "the name is selected")
        expect(source.locator(".cm-line", has_text="pub fn height(&self) -> usize")).to_be_in_viewport()
        page.shot("source")
        page.page.keyboard.insert_text("changed")
        expect(source.locator(".cm-content")).not_to_contain_text("changed")
        # What the notebook defines is nearer than a method of that name.
        page.cell(1).locator(".cm-content").click()
        page.retype("fn height() -> i32 { 1 }\nheight()")
        page.page.keyboard.press("ArrowLeft")
        page.page.keyboard.press("ArrowLeft")
        page.page.keyboard.press("F12")
        expect(page.cell(1)).to_have_class(re.compile("jp-mod-active"))
        poll(lambda: page.page.evaluate("window.getSelection().toString()") == "height", "the name is selected")
        self.assertEqual(self.errors(), [])


def load_tests(loader, tests, pattern):
    return tests if SERVICE else loader.loadTestsFromTestCase(Language)


if __name__ == "__main__":
    unittest.main(verbosity=2)
