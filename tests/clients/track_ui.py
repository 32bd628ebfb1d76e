"""Ironbook's tracking page in a headless Chromium, on a running server: track_ui.py BASE_URL [TEST...]

Instead of an address, a command that starts a server will do (`{port}` becomes a free port). IRONBOOK_SHOTS names a
directory for screenshots. Needs playwright, and Debian's chromium.
"""

import math
import os
import re
import secrets
import sys
import time
import unittest
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from track_data import BAIT, PATIENCE, Api, Data, spawn

SHOTS = os.environ.get("IRONBOOK_SHOTS")
POINTS = int(os.environ.get("IRONBOOK_UI_POINTS", "20000"))
RUNS = int(os.environ.get("IRONBOOK_UI_RUNS", "450"))
BASE = ""
# What a browser says of a page in a frame that reaches for what it must not have.
REFUSED = ["(?i)^console: .*(sandbox|content security policy)", "^error: .*Blocked a frame with origin \"null\"", "^error: Failed to fetch$"]
expect.set_options(timeout=min(PATIENCE, 15) * 1000)


class Page(unittest.TestCase):
    """Each test has a page of its own; all share one browser and one set of runs."""

    @classmethod
    def setUpClass(cls):
        cls.api = Api(BASE)
        cls.data = Data(cls.api, secrets.token_hex(4))
        cls.driver = sync_playwright().start()
        cls.browser = cls.driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.driver.stop()

    def setUp(self):
        self.troubles, self.allowed = [], []
        self.page = self.fresh()

    def fresh(self, **options):
        context = self.browser.new_context(**{"viewport": {"width": 1300, "height": 850}, **options})
        self.addCleanup(context.close)
        page = context.new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and self.troubles.append(f"console: {m.text}"))
        page.on("pageerror", lambda e: self.troubles.append(f"error: {e}"))
        page.on("dialog", lambda d: (self.troubles.append(f"dialog: {d.message}"), d.dismiss()))
        page.on("response", lambda r: r.status >= 400 and self.troubles.append(f"{r.status}: {r.url}"))
        page.on("request", lambda r: r.url.startswith(("http:", "https:")) and not r.url.startswith(BASE) and self.troubles.append(f"foreign request: {r.url}"))
        return page

    def tearDown(self):
        left = [text for text in self.troubles if not any(re.search(pattern, text) for pattern in self.allowed)]
        self.assertEqual(left, [])
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{self._testMethodName}.png")

    def open(self, place, page=None):
        page = page or self.page
        page.goto("about:blank")
        page.goto(f"{BASE}/#/{place}")
        page.wait_for_selector("html[data-ready]", state="attached", timeout=PATIENCE * 1000)
        return page

    def runs(self, query="", page=None):
        page = self.open(f"experiments/{self.data.experiment}{query}", page)
        expect(page.locator("table.grid tbody tr[data-id]").first).to_be_visible()
        return page

    def names(self):
        return self.page.locator("table.grid .name-cell a").all_inner_texts()

    def expect_names(self, names):
        expect(self.page.locator("table.grid .name-cell a")).to_have_text(names)


class Opens(Page):
    """Every page, its time, its look."""

    def test_every_page_opens_without_an_error(self):
        d = self.data
        three = ",".join(d.runs[:3])
        for place, sight in [
            (f"experiments/{d.experiment}", "run-5"), (f"experiments/{d.experiment}/charts", "auc"), (f"experiments/{d.experiment}/models", "No logged model"),
            (f"experiments/{d.experiment}/traces", "No trace"), (f"runs/{d.whole}", "modified"), (f"runs/{d.whole}/charts", "loss"),
            (f"runs/{d.whole}/system", "cpu_utilization_percentage"), (f"runs/{d.whole}/artifacts", "report.md"), (f"runs/{d.whole}/code", "let answer = 42;"),
            (f"compare?runs={three}", "Compare 3 runs"), (f"compare/charts?runs={three}", "auc"), (f"compare/parallel?runs={three}", "Drag along an axis"),
            (f"compare/scatter?runs={three}", "Log x"), ("models", d.model), (f"models/{d.model}", "v2"),
        ]:
            with self.subTest(place):
                self.open(place)
                expect(self.page.locator("main").get_by_text(sight).first).to_be_visible()
                self.assertEqual(self.page.locator(".problem").count(), 0)

    def test_it_is_ready_soon(self):
        times, marks = [], []
        for _ in range(5):
            page = self.fresh()
            started = time.perf_counter()
            page.goto(f"{BASE}/#/experiments/{self.data.experiment}")
            page.wait_for_selector("table.grid tbody tr[data-id]")
            times.append((time.perf_counter() - started) * 1000)
            page.wait_for_selector("html[data-ready]", state="attached")
            marks.append(page.evaluate("() => performance.getEntriesByName('ready')[0].startTime"))
            size = page.evaluate("() => performance.getEntriesByType('resource').filter(e => !/ajax-api/.test(e.name)).reduce((a, e) => a + e.decodedBodySize, 0)")
            page.context.close()
        print(f"\nready {min(marks):.0f} to {max(marks):.0f} ms after the navigation began (rows seen from outside after {min(times):.0f} to {max(times):.0f} ms), {size / 1000:.0f} kB of page", file=sys.stderr)
        self.assertGreater(size, 0)

    def test_dark_and_light(self):
        def ground(page):
            red, green, blue = map(int, re.findall(r"\d+", page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor"))[:3])
            return (red + green + blue) / 3
        page = self.runs(page=self.fresh(color_scheme="dark"))
        self.assertLess(ground(page), 60)
        page.get_by_role("button", name="Theme: auto").click()
        page.get_by_role("button", name="Theme: dark").click()
        self.assertGreater(ground(page), 200)
        page.reload()
        page.wait_for_selector("html[data-ready]", state="attached")
        self.assertGreater(ground(page), 200)
        self.runs()
        self.assertGreater(ground(self.page), 200)

    def test_a_narrow_screen_scrolls_only_downwards(self):
        page = self.fresh(viewport={"width": 360, "height": 740})
        for place in (f"experiments/{self.data.experiment}", f"runs/{self.data.whole}", f"runs/{self.data.whole}/artifacts", f"runs/{self.data.whole}/charts",
                      f"compare?runs={','.join(self.data.runs)}", "models", f"models/{self.data.model}"):
            with self.subTest(place):
                self.open(place, page)
                page.wait_for_timeout(300)
                self.assertLessEqual(page.evaluate("() => document.documentElement.scrollWidth"), 360)

    def test_all_that_can_be_used_has_a_name(self):
        for place in (f"experiments/{self.data.experiment}", f"experiments/{self.data.experiment}/charts", f"runs/{self.data.whole}", f"runs/{self.data.whole}/artifacts",
                      f"compare?runs={','.join(self.data.runs)}", f"compare/scatter?runs={','.join(self.data.runs)}", "models", f"models/{self.data.model}"):
            with self.subTest(place):
                self.open(place)
                nameless = self.page.evaluate("""() => [...document.querySelectorAll('button, a, input, select, textarea, summary, [tabindex="0"]')].filter(el =>
                    !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.length || el.querySelector('img[alt]:not([alt=""])'))).map(el => el.outerHTML.slice(0, 120))""")
                self.assertEqual(nameless, [])

    def test_what_is_wrong_in_an_address_is_said(self):
        self.allowed = ["404"]
        self.page.goto(f"{BASE}/#/runs/{'0' * 32}")
        expect(self.page.get_by_role("alert")).to_contain_text("0" * 32)
        self.page.goto(f"{BASE}/#/nowhere")
        expect(self.page.get_by_role("alert")).to_contain_text("nowhere")


class Runs(Page):
    """The table of runs."""

    def test_filter(self):
        self.runs()
        box = self.page.get_by_label("Filter", exact=True)
        box.fill("metrics.auc > 0.72 and params.model = 'forest'")
        box.press("Enter")
        self.expect_names(["run-5", "run-4", "run-3"])
        self.page.reload()
        self.expect_names(["run-5", "run-4", "run-3"])
        expect(box).to_have_value("metrics.auc > 0.72 and params.model = 'forest'")

    def test_what_the_server_says_about_a_filter_is_shown(self):
        self.allowed = ["400"]
        self.runs()
        wrong = "metrics.auc >"
        box = self.page.get_by_label("Filter", exact=True)
        box.fill(wrong)
        box.press("Enter")
        said = self.api.refusal("runs/search", {"experiment_ids": [self.data.experiment], "filter": wrong})
        expect(self.page.get_by_role("alert")).to_have_text(said)
        box.fill("")
        box.press("Enter")
        expect(self.page.get_by_role("alert")).to_be_hidden()

    def test_quick_filters(self):
        self.runs()
        self.page.get_by_label("Status", exact=True).select_option("FAILED")
        self.expect_names(["run-4"])
        self.page.get_by_label("Status", exact=True).select_option("")
        self.page.get_by_label("Name contains").fill("RUN-2")
        self.expect_names(["run-2"])
        self.page.get_by_label("Name contains").fill("")
        self.page.get_by_label("Started").select_option("24 h")
        expect(self.page.get_by_role("link", name="run-0")).to_be_visible()
        self.page.get_by_label("Name contains").fill("no such run")
        expect(self.page.get_by_text("No run matches")).to_be_visible()
        self.page.get_by_role("button", name="Clear filters").click()
        expect(self.page.get_by_role("link", name="run-0")).to_be_visible()

    def test_sort(self):
        self.runs("?filter=params.model = 'forest'")
        head = self.page.locator("table.grid thead").get_by_role("button", name="auc", exact=True)
        head.click()
        expect(self.page.locator("th[aria-sort=descending]")).to_have_text("auc↓")
        # A child stands below its parent whatever the order.
        self.expect_names(["run-5", "run-4", "run-2", "run-3", "run-1", "run-0"])
        head.click()
        self.expect_names(["run-0", "run-1", "run-2", "run-3", "run-4", "run-5"])
        self.page.locator("table.grid thead").get_by_role("button", name="Duration").click()
        expect(self.page.locator("th[aria-sort=descending]")).to_have_text("Duration↓")
        self.assertEqual(self.names()[0], "run-0")

    def test_children_fold(self):
        self.runs()
        self.page.get_by_role("button", name="1 child run of run-2").click()
        expect(self.page.get_by_role("link", name="run-3")).to_have_count(0)
        self.page.get_by_role("button", name="1 child run of run-2").click()
        expect(self.page.get_by_role("link", name="run-3")).to_have_count(1)

    def test_columns_are_chosen_and_remembered(self):
        self.runs()
        head = self.page.locator("table.grid thead")
        expect(head.get_by_text("team")).to_have_count(0)
        self.page.get_by_role("button", name="Columns").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text("team", exact=True).click()
        dialog.get_by_text("loss", exact=True).click()
        dialog.get_by_role("button", name="Show").click()
        for _ in range(2):
            expect(head.get_by_text("team")).to_have_count(1)
            expect(head.get_by_text("loss")).to_have_count(0)
            self.page.reload()

    def test_the_table_is_saved(self):
        self.runs("?name=run-")
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Save the loaded runs as CSV").click()
        lines = Path(download.value.path()).read_text().splitlines()
        self.assertRegex(lines[0], r"^name,run_id,status,start_time,end_time,.*params\.lr")
        self.assertEqual([line.split(",")[0] for line in lines[1:]], [f"run-{at}" for at in (5, 4, 3, 2, 1, 0)])

    def test_keys(self):
        self.runs("?filter=params.model = 'forest'")
        self.page.keyboard.press("/")
        expect(self.page.get_by_label("Filter", exact=True)).to_be_focused()
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_label("Filter", exact=True)).to_have_value("params.model = 'forest'")
        for key in "jxjx":
            self.page.keyboard.press(key)
        expect(self.page.get_by_text("2 selected")).to_be_visible()
        self.page.keyboard.press("?")
        expect(self.page.get_by_role("dialog")).to_contain_text("Compare the selected runs")
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("c")
        expect(self.page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
        self.runs("?filter=params.model = 'forest'")
        self.page.keyboard.press("j")
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name="run-5")).to_be_visible()

    def test_shift_selects_a_range(self):
        self.runs("?filter=params.model = 'forest'")
        self.page.get_by_label("Select run-5").click()
        self.page.get_by_label("Select run-1").click(modifiers=["Shift"])
        expect(self.page.get_by_text("5 selected")).to_be_visible()

    def test_tag_delete_restore(self):
        name = f"gone-{secrets.token_hex(3)}"
        run = self.api.run(self.data.experiment, name)
        self.api.end(run)
        self.runs(f"?name={name}")
        self.page.get_by_label(f"Select {name}").check()
        self.page.get_by_role("button", name="Tag", exact=True).click()
        self.page.get_by_label("Name", exact=True).last.fill("kept")
        self.page.get_by_label("Value").fill("yes")
        self.page.get_by_role("button", name="Set", exact=True).click()
        expect(self.page.get_by_text("Tagged")).to_be_visible()
        tags = self.api.call("GET", "runs/get", {"run_id": run})["run"]["data"]["tags"]
        self.assertIn({"key": "kept", "value": "yes"}, tags)
        for verb, stage, view in (("Delete", "deleted", "deleted"), ("Restore", "active", "")):
            self.page.get_by_label(f"Select {name}").check()
            self.page.get_by_role("toolbar").get_by_role("button", name=verb).click()
            if verb == "Delete":
                self.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
            expect(self.page.get_by_role("link", name=name)).to_have_count(0)
            self.assertEqual(self.api.call("GET", "runs/get", {"run_id": run})["run"]["info"]["lifecycle_stage"], stage)
            self.page.get_by_label("View").select_option(view)
            expect(self.page.get_by_role("link", name=name)).to_have_count(1)

    def test_many_runs_scroll_with_few_rows_drawn(self):
        experiment = self.api.experiment(f"many {secrets.token_hex(4)}")
        for at in range(RUNS):
            self.api.run(experiment, f"many-{at:05}", start=1_700_000_000_000 + at * 1000)
        self.open(f"experiments/{experiment}")
        expect(self.page.get_by_role("link", name=f"many-{RUNS - 1:05}")).to_be_visible()
        box, drawn = self.page.locator(".grid-box"), 0
        for _ in range(200):
            box.evaluate("el => { el.scrollTop = el.scrollHeight; }")
            self.page.wait_for_timeout(60)
            drawn = max(drawn, self.page.locator("table.grid tbody tr[data-id]").count())
            if self.page.get_by_role("link", name="many-00000").count():
                break
        expect(self.page.get_by_role("link", name="many-00000")).to_be_visible()
        expect(self.page.locator(".tally")).to_have_text(f"{RUNS:,} runs")
        self.assertLess(drawn, 90)
        slowest = self.page.evaluate("""() => new Promise(done => { const box = document.querySelector('.grid-box'); let n = 0, worst = 0, last = performance.now();
            const turn = now => { worst = Math.max(worst, now - last); last = now; box.scrollTop = n * 97 % box.scrollHeight; if (++n < 90) requestAnimationFrame(turn); else done(worst); };
            requestAnimationFrame(turn); })""")
        print(f"\n{RUNS} runs: at most {drawn} rows drawn, slowest frame while scrolling {slowest:.0f} ms", file=sys.stderr)


class Run(Page):
    """One run."""

    def test_overview(self):
        self.open(f"runs/{self.data.whole}")
        row = self.page.get_by_label("Metrics").get_by_role("row", name="auc")
        expect(row.get_by_role("cell").nth(2)).to_have_text("0.5000")
        expect(row.get_by_role("cell").nth(1)).to_have_text(f"{0.5 + 0.1 * (1 - math.exp(-149 / 20)):.4f}")
        expect(row.get_by_role("cell").nth(4)).to_have_text("149")
        main = self.page.locator("main")
        for text in ("9f2c41d7be", "modified", "Seed", "page.ipynb", "flights", "training", "team"):
            expect(main.get_by_text(text).first).to_be_visible()
        expect(main.get_by_role("link", name=self.data.model).first).to_be_visible()

    def test_tags_notes_and_name_are_edited(self):
        run = self.api.run(self.data.experiment, "to edit")
        self.api.end(run)
        self.open(f"runs/{run}")
        self.page.get_by_role("button", name="Add tag").click()
        self.page.get_by_label("Name", exact=True).fill("stage")
        self.page.get_by_label("Value").fill("trial")
        self.page.get_by_role("button", name="Set", exact=True).click()
        expect(self.page.locator(".chip", has_text="trial")).to_be_visible()
        self.page.get_by_role("button", name="Add notes").click()
        self.page.get_by_label("Text, Markdown").fill("a **bold** step\n\n- one\n- two")
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.locator("strong", has_text="bold")).to_be_visible()
        expect(self.page.locator(".text li")).to_have_text(["one", "two"])
        self.page.get_by_label("What to do with this run").click()
        self.page.get_by_role("button", name="Rename").click()
        self.page.get_by_label("Name", exact=True).fill("edited")
        self.page.get_by_role("dialog").get_by_role("button", name="Rename").click()
        expect(self.page.get_by_role("heading", name="edited")).to_be_visible()
        told = self.api.call("GET", "runs/get", {"run_id": run})["run"]
        tags = {tag["key"]: tag["value"] for tag in told["data"]["tags"]}
        self.assertEqual((told["info"]["run_name"], tags["stage"], tags["mlflow.note.content"]), ("edited", "trial", "a **bold** step\n\n- one\n- two"))
        self.page.get_by_role("button", name="Remove tag stage").click()
        expect(self.page.locator(".chip", has_text="trial")).to_have_count(0)
        self.assertNotIn("stage", [tag["key"] for tag in self.api.call("GET", "runs/get", {"run_id": run})["run"]["data"]["tags"]])

    def test_a_curve_grows_while_the_run_logs(self):
        run = self.api.run(self.data.experiment, "live")
        self.api.metrics(run, "live", [0.1, 0.2, 0.3])
        self.open(f"runs/{run}/charts")
        canvas = self.page.locator("[data-metric=live] canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile("0.3000"))
        before = self.drawn(canvas)
        self.assertGreater(before, 50)
        for first, value in ((3, 0.9), (4, 0.4)):
            self.api.metrics(run, "live", [value], first)
            expect(canvas).to_have_attribute("aria-label", re.compile(f"{value:.4f}"))
        # A metric that is new gets a chart of its own.
        self.api.metrics(run, "later", [1.0, 2.0])
        expect(self.page.locator("[data-metric=later] canvas")).to_be_visible()
        self.api.end(run)
        expect(self.page.locator("header .status")).to_have_text("Finished")

    def drawn(self, canvas):
        """How many pixels have the colour of the first line."""
        return canvas.evaluate("""el => { const { data } = el.getContext('2d').getImageData(0, 0, el.width, el.height); let n = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i + 2] - data[i] > 90) n++; return n; }""")

    def test_values_without_steps_are_drawn_over_time(self):
        run = self.api.run(self.data.experiment, "stepless", start=int(time.time() * 1000) - 5000)
        for value in (1.0, 3.0, 2.0):
            self.api.call("POST", "runs/log-metric", {"run_id": run, "key": "still", "value": value, "timestamp": int(time.time() * 1000), "step": 0})
            time.sleep(0.05)
        self.api.end(run)
        self.open(f"runs/{run}/charts")
        canvas = self.page.locator("[data-metric=still] canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile("2"))
        box = canvas.bounding_box()
        self.page.mouse.move(box["x"] + 60, box["y"] + 60)
        expect(self.page.locator("[data-metric=still] .readout")).to_contain_text("step 0")
        self.assertGreater(self.drawn(canvas), 150)

    def test_charts(self):
        self.open(f"runs/{self.data.whole}/charts")
        card = self.page.locator("[data-metric=loss]")
        canvas = card.locator("canvas")
        canvas.scroll_into_view_if_needed()
        expect(canvas).to_have_attribute("aria-label", re.compile("run-0 0.01"))
        self.assertGreater(self.drawn(canvas), 100)
        box = canvas.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
        expect(card.locator(".readout")).to_contain_text(re.compile(r"Step (6|7)\d"))
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=4)
        self.page.mouse.up()
        expect(card.get_by_role("button", name="Whole range")).to_be_visible()
        self.page.mouse.move(box["x"] + 60, box["y"] + 60)
        expect(card.locator(".readout")).to_contain_text(re.compile(r"Step (6|7)\d"))
        card.get_by_role("button", name="Whole range").click()
        self.page.mouse.move(box["x"] + 30, box["y"] + 100)
        expect(card.locator(".readout")).to_contain_text("Step 0")
        before = canvas.screenshot()
        for change in (lambda: self.page.get_by_label("Log scale").check(), lambda: self.page.get_by_label("Smoothing").fill("0.9"), lambda: self.page.get_by_label("Over").select_option("time")):
            change()
            self.page.wait_for_timeout(150)
            after = canvas.screenshot()
            self.assertNotEqual(before, after)
            before = after
        with self.page.expect_download() as download:
            card.get_by_role("button", name="CSV").click()
        lines = Path(download.value.path()).read_text().splitlines()
        self.assertEqual((lines[0], len(lines)), ("run,run_id,step,timestamp,value", 151))

    def test_a_long_history_is_thinned_and_zoom_brings_it_back(self):
        run = self.api.run(self.data.experiment, "long")
        self.api.metrics(run, "long", [math.sin(step / 300) for step in range(POINTS)])
        self.api.end(run)
        asked = []
        self.page.on("response", lambda r: "bulk-interval" in r.url and asked.append(r))
        started = time.perf_counter()
        self.open(f"runs/{run}/charts")
        canvas = self.page.locator("[data-metric=long] canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile("long"))
        expect(canvas).to_be_visible()
        self.assertGreater(self.drawn(canvas), 100)
        print(f"\n{POINTS} points: drawn after {(time.perf_counter() - started) * 1000:.0f} ms", file=sys.stderr)
        self.assertLess(len(asked[0].json()["metrics"]), 3000)
        box = canvas.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] * 0.52, box["y"] + 60, steps=3)
        with self.page.expect_response(lambda r: "bulk-interval" in r.url and "start_step" in r.url) as detail:
            self.page.mouse.up()
        steps = [point["step"] for point in detail.value.json()["metrics"]]
        inside = [step for step in steps if POINTS * 0.4 < step < POINTS * 0.6]
        self.assertGreater(len(inside), 100)
        self.assertLessEqual(min(b - a for a, b in zip(inside, inside[1:])), 1)


class Artifacts(Page):
    """The files of a run."""

    def show(self, path):
        self.open(f"runs/{self.data.whole}/artifacts?path={path}")
        expect(self.page.locator(".preview header b")).to_have_text(path)
        return self.page.locator(".shown")

    def test_text_json_table_and_markdown(self):
        expect(self.show("notes.txt")).to_contain_text("plain words")
        expect(self.show("config.json")).to_contain_text('"depth": 6')
        shown = self.show("rows.csv")
        expect(shown.get_by_role("columnheader")).to_have_text(["name", "value"])
        expect(shown.get_by_role("cell")).to_have_text(["first", "1.5", "a, b", "2"])
        self.page.get_by_role("button", name="Source").click()
        expect(shown).to_contain_text('"a, b",2')
        expect(self.show("report.md").locator("strong")).to_have_text("0.93")
        expect(self.show("cells/cell-0001.rs")).to_contain_text("let answer = 42;")

    def test_pictures(self):
        for path in ("plots/curve.png", "picture.svg"):
            image = self.show(path).locator("img")
            expect(image).to_be_visible()
            self.page.wait_for_timeout(200)
            self.assertGreater(image.evaluate("el => el.naturalWidth"), 0, path)

    def test_a_page_is_shown_and_runs_nothing_here(self):
        self.allowed = REFUSED
        frame = self.show("page.html").locator("iframe")
        sandbox = frame.get_attribute("sandbox")
        self.assertIsNotNone(sandbox)
        self.assertNotIn("allow-same-origin", sandbox)
        expect(self.page.frame_locator("iframe").get_by_role("heading", name="A page")).to_be_visible()
        self.page.wait_for_timeout(300)
        self.assertIsNone(self.page.evaluate("() => window.hacked ?? null"))
        if "allow-scripts" in sandbox:
            # Ironbook's server sends the page so that it can be drawn whole: its script has run, in an origin that is nobody's.
            expect(self.page.frame_locator("iframe").locator("body")).to_contain_text("ran")
            expect(self.page.frame_locator("iframe").locator("body")).not_to_contain_text("reached")
            self.assertEqual(self.page.frames[1].evaluate("() => self.origin"), "null")

    def test_download(self):
        self.show("rows.csv")
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Download").click()
        self.assertEqual(Path(download.value.path()).read_bytes(), b'name,value\nfirst,1.5\n"a, b",2\n')
        self.assertEqual(download.value.suggested_filename, "rows.csv")

    def test_folders_open(self):
        self.open(f"runs/{self.data.whole}/artifacts")
        self.page.get_by_role("button", name="plots").click()
        self.page.get_by_role("button", name="curve.png").click()
        expect(self.page.locator(".shown img")).to_be_visible()
        self.assertIn("path=plots%2Fcurve.png", self.page.url)


class Compare(Page):
    """Runs side by side."""

    def test_what_differs_and_who_is_best(self):
        self.runs()
        for name in ("run-1", "run-5"):
            self.page.get_by_label(f"Select {name}", exact=True).check()
        self.page.get_by_role("button", name="Compare").click()
        table = self.page.locator(".compare")
        expect(table.locator("tr[data-key=lr]")).to_have_class("differs")
        expect(table.locator("tr[data-key=depth]")).not_to_have_class("differs")
        heads = table.get_by_role("table", name="Metrics").get_by_role("columnheader").all_inner_texts()[1:]
        auc, loss = table.locator("tr[data-key=auc] td"), table.locator("tr[data-key=loss] td")
        expect(auc.nth(1 + heads.index("run-5"))).to_have_class("best")
        expect(auc.nth(1 + heads.index("run-1"))).not_to_have_class("best")
        expect(loss.nth(1 + heads.index("run-1"))).to_have_class("best")
        self.page.get_by_role("button", name="loss: Less is better").click()
        expect(loss.nth(1 + heads.index("run-1"))).not_to_have_class("best")
        self.page.get_by_label("Only params and tags that differ").check()
        expect(table.locator("tr[data-key=depth]")).to_have_count(0)
        expect(table.locator("tr[data-key=lr]")).to_have_count(1)

    def test_pictures_of_several_runs(self):
        runs = ",".join(self.data.runs)
        self.open(f"compare/charts?runs={runs}")
        canvas = self.page.locator("[data-metric=auc] canvas")
        expect(canvas).to_have_attribute("aria-label", re.compile("run-0.*run-5"))
        box = canvas.bounding_box()
        self.page.mouse.move(box["x"] + 200, box["y"] + 80)
        expect(self.page.locator("[data-metric=auc] .readout tr")).to_have_count(6)
        self.open(f"compare/parallel?runs={runs}")
        lines = self.page.locator(".para path[data-run]")
        expect(lines).to_have_count(6)
        grip = self.page.locator(".grip[data-axis='params.lr']").bounding_box()
        middle = grip["x"] + grip["width"] / 2
        self.page.mouse.move(middle, grip["y"] + 2)
        self.page.mouse.down()
        self.page.mouse.move(middle, grip["y"] + grip["height"] / 2, steps=4)
        self.page.mouse.up()
        expect(self.page.locator(".para path.off")).to_have_count(3)
        self.open(f"compare/scatter?runs={runs}")
        expect(self.page.locator(".dots circle")).to_have_count(6)
        self.page.locator(".dots circle").first.click()
        expect(self.page.get_by_role("heading", name="run-0")).to_be_visible()


class Models(Page):
    """The registry."""

    def aliases(self, name):
        model = self.api.call("GET", "registered-models/get", {"name": name})["registered_model"]
        return {alias["alias"]: str(alias["version"]) for alias in model.get("aliases", [])}

    def test_aliases(self):
        self.open(f"models/{self.data.model}")
        self.page.get_by_role("button", name="Add an alias to version 1").click()
        self.page.get_by_role("textbox", name="Alias").fill("champion")
        self.page.get_by_role("button", name="Set", exact=True).click()
        expect(self.page.get_by_role("button", name="Remove alias champion")).to_be_visible()
        self.assertEqual(self.aliases(self.data.model), {"champion": "1"})
        self.page.get_by_role("button", name="Remove alias champion").click()
        expect(self.page.get_by_role("button", name="Remove alias champion")).to_have_count(0)
        self.assertEqual(self.aliases(self.data.model), {})

    def test_a_refused_alias_says_why(self):
        self.allowed = ["400"]
        self.open(f"models/{self.data.model}")
        self.page.get_by_role("button", name="Add an alias to version 1").click()
        self.page.get_by_role("textbox", name="Alias").fill("latest")
        self.page.get_by_role("button", name="Set", exact=True).click()
        said = self.api.refusal("registered-models/alias", {"name": self.data.model, "alias": "latest", "version": "1"})
        expect(self.page.get_by_role("dialog").get_by_role("alert")).to_have_text(said)

    def test_stage_description_tag_and_deletion(self):
        self.open(f"models/{self.data.model}")
        self.page.get_by_label("Stage of version 2").select_option("Staging")
        expect(self.page.get_by_text("Version 2 is in Staging now.")).to_be_visible()
        self.page.get_by_role("button", name="Edit").click()
        self.page.get_by_label("Text, Markdown").fill("Says **whether**.")
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.locator("strong", has_text="whether")).to_be_visible()
        self.page.get_by_label("What to do with version 2").click()
        self.page.get_by_role("button", name="Set tag").click()
        self.page.get_by_label("Name", exact=True).fill("checked")
        self.page.get_by_label("Value").fill("yes")
        self.page.get_by_role("button", name="Set", exact=True).click()
        expect(self.page.get_by_text("checked yes")).to_be_visible()
        version = self.api.call("GET", "model-versions/get", {"name": self.data.model, "version": "2"})["model_version"]
        self.assertEqual((version["current_stage"], version["tags"]), ("Staging", [{"key": "checked", "value": "yes"}]))

    def test_a_run_is_registered(self):
        name = f"made-{secrets.token_hex(4)}"
        self.open(f"runs/{self.data.whole}")
        self.page.get_by_role("button", name="Register model").click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog.get_by_label("Artifact")).to_have_value("model")
        dialog.get_by_label("Model", exact=False).first.fill(name)
        dialog.get_by_label("Alias").fill("candidate")
        dialog.get_by_role("button", name="Register").click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()
        self.assertEqual(self.aliases(name), {"candidate": "1"})
        made = self.api.call("GET", "model-versions/get", {"name": name, "version": "1"})["model_version"]
        self.assertEqual(made["run_id"], self.data.whole)
        self.assertTrue(made["source"].endswith("/model"), made["source"])
        self.page.get_by_role("button", name="Add an alias to version 1")
        self.page.get_by_label("What to do with this model").click()
        self.page.get_by_role("button", name="Delete").last.click()
        self.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(self.page.get_by_role("heading", name="Models")).to_be_visible()
        expect(self.page.get_by_role("link", name=name)).to_have_count(0)


class Logged(Page):
    """Logged models and traces."""

    def test_a_logged_model(self):
        name = f"logged-{secrets.token_hex(3)}"
        model = self.api.model(self.data.experiment, name, self.data.whole)
        self.open(f"experiments/{self.data.experiment}/models")
        self.page.get_by_role("link", name=name).click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()
        expect(self.page.get_by_role("table", name="Params")).to_contain_text("max_depth")
        expect(self.page.locator(".chip", has_text=BAIT)).to_be_visible()
        self.page.get_by_role("button", name="Remove tag kind").click()
        expect(self.page.locator(".chip")).to_have_count(0)
        self.page.get_by_role("button", name="Register model").click()
        self.page.get_by_role("combobox", name="Model").fill(name)
        self.page.get_by_role("dialog").get_by_role("button", name="Register").click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()
        expect(self.page.get_by_role("table", name="Versions")).to_contain_text("v1")
        version = self.api.call("GET", "model-versions/get", {"name": name, "version": "1"})["model_version"]
        self.assertEqual((version["source"], version["run_id"]), (f"models:/{model}", self.data.whole))
        self.page.get_by_role("table", name="Versions").get_by_role("link", name="model").click()
        expect(self.page.locator(".crumbs")).to_have_text("Logged models")

    def test_a_trace(self):
        trace = self.api.trace(self.data.experiment, "step")
        if trace is None:
            self.skipTest("the server takes no spans as JSON")
        self.open(f"experiments/{self.data.experiment}/traces")
        self.page.get_by_role("table", name="Traces").get_by_role("link").first.click()
        spans = self.page.locator(".spans button")
        expect(spans).to_have_count(2)
        expect(spans.nth(1)).to_contain_text("step 1")
        spans.nth(1).click()
        expect(self.page.locator(".span-detail")).to_contain_text(BAIT)
        self.assertIsNone(self.page.evaluate("() => window.hacked ?? null"))


class Experiments(Page):
    """The list of experiments."""

    def test_create_rename_delete_restore(self):
        name = f"made {secrets.token_hex(4)}"
        self.runs()
        self.page.get_by_role("button", name="New experiment").click()
        self.page.get_by_label("Name", exact=True).last.fill(name)
        self.page.get_by_role("button", name="Create", exact=True).click()
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()
        expect(self.page.get_by_text("No run yet")).to_be_visible()
        self.page.get_by_label("What to do with this experiment").click()
        self.page.get_by_role("button", name="Rename").click()
        self.page.get_by_role("dialog").get_by_label("Name", exact=True).fill(f"{name} again")
        self.page.get_by_role("dialog").get_by_role("button", name="Rename").click()
        expect(self.page.get_by_role("heading", name=f"{name} again")).to_be_visible()
        self.page.get_by_label("What to do with this experiment").click()
        self.page.locator(".menu[open]").get_by_role("button", name="Delete").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(self.page.get_by_role("link", name=f"{name} again")).to_have_count(0)
        self.page.get_by_role("button", name="Deleted").click()
        self.page.get_by_role("listitem").filter(has_text=f"{name} again").get_by_role("button", name="Restore").click()
        expect(self.page.get_by_role("heading", name=f"{name} again")).to_be_visible()
        told = self.api.call("GET", "experiments/get-by-name", {"experiment_name": f"{name} again"})["experiment"]
        self.assertEqual(told["lifecycle_stage"], "active")


class Hostile(Page):
    """Text that would like to be code, and a server that goes away."""

    def test_nothing_that_is_logged_is_run(self):
        self.allowed = REFUSED
        d = self.data
        places = [f"experiments/{d.experiment}", f"experiments/{d.experiment}/charts", f"runs/{d.bait}", f"runs/{d.bait}/charts", f"compare?runs={d.bait},{d.whole}",
                  f"compare/parallel?runs={d.bait},{d.whole}", f"compare/scatter?runs={d.bait},{d.whole}", "models", f"models/{d.model}",
                  *(f"runs/{d.whole}/artifacts?path={path}" for path in ("bait.md", "bait.csv", "bait.json", "page.html", "picture.svg"))]
        for place in places:
            with self.subTest(place):
                self.open(place)
                self.page.wait_for_timeout(150)
                found = self.page.evaluate("""() => ({ hacked: window.hacked ?? null, images: document.querySelectorAll('img[src="x"]').length,
                    scripts: document.querySelectorAll('script').length, links: [...document.querySelectorAll('a')].filter(a => /^\\s*javascript:/i.test(a.getAttribute('href') ?? '')).length })""")
                self.assertEqual(found, {"hacked": None, "images": 0, "scripts": 1, "links": 0})
        self.open(f"runs/{d.bait}")
        expect(self.page.get_by_role("heading", name=BAIT)).to_be_visible()

    def test_the_page_is_served_with_a_policy(self):
        answer = self.page.goto(f"{BASE}/")
        self.assertRegex(answer.headers.get("content-security-policy", ""), r"default-src 'self'")
        self.assertNotIn("unsafe", answer.headers["content-security-policy"])

    def test_a_server_that_is_away_is_waited_for(self):
        self.allowed = ["ERR_", "Failed to load"]
        self.runs()
        self.page.route("**/ajax-api/**", lambda route: route.abort())
        self.page.route("**/health", lambda route: route.abort())
        self.page.evaluate("() => { location.hash = '#/models'; }")
        expect(self.page.locator("#banner")).to_be_visible()
        expect(self.page.get_by_role("alert")).to_contain_text("does not answer")
        self.page.unroute("**/ajax-api/**")
        self.page.unroute("**/health")
        expect(self.page.locator("#banner")).to_be_hidden()
        expect(self.page.get_by_role("heading", name="Models")).to_be_visible()


def main():
    global BASE
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    server, process = sys.argv.pop(1), None
    BASE = server.rstrip("/")
    if not server.startswith("http"):
        process, BASE = spawn(server)
    try:
        unittest.main()
    finally:
        if process:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
