"""The protocol, message by message: order on iopub, counts, errors, typing, history, comms, input, displays, subshells."""

import os
import signal
import tempfile
import unittest

from cells import CELLS, PEER
from wire import Kernel, poll


class Shared(unittest.TestCase):
    """Tests that share one kernel; each leaves it idle."""

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        cls.client = cls.kernel.client

    @classmethod
    def tearDownClass(cls):
        if "panicked" in cls.kernel.printed:
            raise AssertionError(f"the kernel panicked:\n{cls.kernel.printed}")
        cls.kernel.close()

    def ok(self, ran):
        self.assertEqual(ran.reply.content["status"], "ok", ran.reply.content)
        return ran

    def tearDown(self):
        self.assertEqual(self.client.quiet("iopub", 0.05), [], "came on iopub after idle")
        stray, self.client.stray = self.client.stray, []
        self.assertEqual(stray, [], "belongs to no request")


class Execution(Shared):
    def test_order_on_iopub_and_parents(self):
        ran = self.ok(self.client.run(CELLS.mixed))
        self.assertEqual(ran.kinds, ["busy", "execute_input", "stream", "stream", "execute_result", "idle"])
        self.assertEqual([c["name"] for c in ran.of("stream")], ["stdout", "stderr"])
        sent = self.client.sent[ran.reply.parent["msg_id"]]
        for message in [ran.reply, *ran.messages]:
            self.assertEqual(message.parent, sent, "the request's header is echoed as it was")
            self.assertEqual(message.header["version"].split(".")[0], "5")
            self.assertTrue(message.header["date"])
        sessions = {m.header["session"] for m in [ran.reply, *ran.messages]}
        self.assertEqual(len(sessions), 1)
        self.assertNotEqual(sessions, {self.client.session})
        identities = [m.header["msg_id"] for m in [ran.reply, *ran.messages]]
        self.assertEqual(len(set(identities)), len(identities), "each message has an id of its own")

    def test_unknown_header_fields_are_echoed(self):
        ran = self.ok(self.client.run(CELLS.assign, header={"extra": {"a": [1, None]}, "username": "é🦀"}))
        self.assertEqual(ran.reply.parent, self.client.sent[ran.reply.parent["msg_id"]])

    def test_parents_of_all_requests(self):
        for kind, content in [
            ("kernel_info_request", {}), ("comm_info_request", {}), ("is_complete_request", {"code": "1"}),
            ("history_request", {"output": False, "raw": True, "hist_access_type": "tail", "n": 1}),
            ("complete_request", {"code": "pri", "cursor_pos": 3}),
            ("inspect_request", {"code": CELLS.inspect, "cursor_pos": 3, "detail_level": 0}),
        ]:
            with self.subTest(kind):
                sent = self.client.send(kind, content)
                reply = self.client.reply(sent)
                self.assertEqual(reply.kind, kind.replace("_request", "_reply"))
                self.assertEqual(reply.parent, self.client.sent[sent])
                states = [m.content.get("execution_state") for m in self.client.until_idle(sent)]
                self.assertEqual(states, ["busy", "idle"])

    def test_counts(self):
        first = self.ok(self.client.run(CELLS.product))
        count = first.reply.content["execution_count"]
        self.assertEqual(first.of("execute_input")[0]["execution_count"], count)
        self.assertEqual(first.of("execute_result")[0]["execution_count"], count)
        self.assertEqual(first.result(), "42")
        failed = self.client.run(CELLS.fails)
        self.assertEqual(failed.reply.content["execution_count"], count + 1)
        self.assertEqual(self.client.run(CELLS.product).reply.content["execution_count"], count + 2)

    def test_silent(self):
        before = self.client.run(CELLS.product).reply.content["execution_count"]
        silent = self.ok(self.client.run(CELLS.product, silent=True))
        self.assertEqual(silent.kinds, ["busy", "idle"])
        self.assertEqual(self.client.run(CELLS.product).reply.content["execution_count"], before + 1)

    def test_without_history(self):
        self.client.run(CELLS.assign)
        before = self.client.run(CELLS.product).reply.content["execution_count"]
        unkept = self.ok(self.client.run(CELLS.plus, store_history=False))
        self.assertEqual(unkept.result(), "6")
        after = self.client.run(CELLS.product).reply.content["execution_count"]
        self.assertEqual(after, before + 1)
        history = self.client.ask("history_request", {"output": False, "raw": True, "hist_access_type": "tail", "n": 2})
        self.assertEqual([entry[2] for entry in history["history"]], [CELLS.product, CELLS.product])

    def test_empty_cells(self):
        for code in ["", "  \n\n"]:
            ran = self.ok(self.client.run(code))
            self.assertEqual([kind for kind in ran.kinds if kind != "execute_input"], ["busy", "idle"])

    def test_user_expressions(self):
        self.client.run(CELLS.assign)
        ran = self.ok(self.client.run("", user_expressions={"good": CELLS.plus, "bad": "nowhere", "broken": ")"}))
        found = ran.reply.content["user_expressions"]
        self.assertEqual(found["good"]["status"], "ok")
        self.assertEqual(found["good"]["data"]["text/plain"], "6")
        self.assertEqual(found["good"]["metadata"], {})
        for name in ("bad", "broken"):
            self.assertEqual(found[name]["status"], "error")
            self.assertTrue(found[name]["ename"])
            self.assertIsInstance(found[name]["traceback"], list)
        self.assertNotIn("stream", ran.kinds)
        self.assertNotIn("execute_result", ran.kinds)

    def test_errors(self):
        ran = self.client.run(CELLS.fails)
        reply = ran.reply.content
        self.assertEqual(reply["status"], "error")
        self.assertIn(CELLS.fails_with, reply["evalue"])
        self.assertTrue(reply["ename"])
        self.assertTrue(all(isinstance(line, str) for line in reply["traceback"]) and reply["traceback"])
        self.assertEqual([kind for kind in ran.kinds if kind != "stream"], ["busy", "execute_input", "error", "idle"])
        error = ran.of("error")[0]
        self.assertEqual({key: error[key] for key in ("ename", "evalue", "traceback")},
                         {key: reply[key] for key in ("ename", "evalue", "traceback")})

    def test_an_error_aborts_what_is_queued(self):
        queued = [self.client.execute(code) for code in (CELLS.start_and_fail, CELLS.says_on, CELLS.product)]
        replies = [self.client.reply(each).content for each in queued]
        self.assertEqual([reply["status"] for reply in replies], ["error", "aborted", "aborted"])
        kinds = [[m.kind for m in self.client.until_idle(each)] for each in queued]
        self.assertEqual(kinds[1:], [["status", "status"]] * 2, "an aborted cell shows nothing")
        self.ok(self.client.run(CELLS.says_on))

    def test_an_error_may_leave_the_queue_alone(self):
        queued = [self.client.execute(code, stop_on_error=False) for code in (CELLS.start_and_fail, CELLS.says_on)]
        first, second = (self.client.finish(each) for each in queued)
        self.assertEqual(first.reply.content["status"], "error")
        self.assertEqual(second.text(), "went on\n")

    def test_other_requests_are_not_aborted(self):
        failing = self.client.execute(CELLS.start_and_fail)
        asked = self.client.send("kernel_info_request")
        self.assertEqual(self.client.reply(failing).content["status"], "error")
        self.assertEqual(self.client.reply(asked).content["status"], "ok")
        self.client.until_idle(failing)
        self.client.until_idle(asked)

    def test_the_shell_runs_and_magics_speak(self):
        self.assertEqual(self.ok(self.client.run(CELLS.bash)).text(), "from the shell\n")
        self.ok(self.client.run(CELLS.magics))

    def test_help_goes_to_the_pager(self):
        ran = self.ok(self.client.run(CELLS.page))
        page, = ran.reply.content["payload"]
        self.assertEqual(page["source"], "page")
        self.assertEqual(page["start"], 0)
        self.assertTrue(page["data"]["text/plain"])

    def test_names_of_the_library_are_explained(self):
        if CELLS.language != "rust":
            return  # another kernel has other names
        for name, words in [("Vec", "contiguous"), ("roc_auc", "fn roc_auc")]:
            page, = self.ok(self.client.run(f"?{name}")).reply.content["payload"]
            self.assertIn(words, page["data"]["text/plain"], name)

    def test_what_a_front_end_says_of_its_page_reaches_promotion(self):
        if CELLS.language != "rust":
            return  # another kernel promotes nothing

        def page(cell, *deleted):
            return {"cellId": cell, "deletedCells": list(deleted), "recordTiming": False, "tags": [], "trusted": True}

        def promoted():
            ran = self.client.run("%promote of-the-page --target half --no-verify", metadata=page("last"))
            return ran.reply.content["status"], "\n".join([ran.text(), *ran.reply.content.get("traceback", [])])

        self.ok(self.client.run("let whole = vec![1.5, 2.5];", metadata=page("one")))
        self.ok(self.client.run("let half: f64 = whole.iter().sum::<f64>() / 2.0;", metadata=page("two")))
        # It is said until there is an answer, and this one is the answer to a cell that did not run.
        queued = [self.client.execute(CELLS.start_and_fail, metadata=page("three")),
                  self.client.execute(CELLS.says_on, metadata=page("four", "one"))]
        self.assertEqual([self.client.finish(each).reply.content["status"] for each in queued], ["error", "aborted"])
        status, said = promoted()
        self.assertEqual((status, "maker-gone" in said), ("error", True), said)
        self.ok(self.client.run("let whole = vec![1.5, 2.5];", metadata=page("one")))
        status, said = promoted()
        self.assertEqual(status, "ok", said)

    def test_a_page_of_lines_arrives_whole(self):
        ran = self.ok(self.client.run(CELLS.lines.format(count=10_000)))
        self.assertEqual(ran.text(), "".join(f"line {i}\n" for i in range(10_000)))


class Information(Shared):
    def test_kernel_info(self):
        info = self.client.ask("kernel_info_request")
        self.assertEqual(info["language_info"]["name"], CELLS.language)
        self.assertEqual(info["language_info"]["file_extension"], CELLS.extension)
        for key in ("mimetype", "version", "codemirror_mode", "pygments_lexer"):
            self.assertIn(key, info["language_info"])
        self.assertGreaterEqual(tuple(map(int, info["protocol_version"].split("."))), (5, 3))
        for key in ("implementation", "implementation_version", "banner"):
            self.assertTrue(info[key])
        self.assertIn("kernel subshells", info["supported_features"])

    def test_kernel_info_on_control(self):
        sent = self.client.send("kernel_info_request", channel="control")
        self.assertEqual(self.client.reply(sent, "control").content["status"], "ok")
        self.client.until_idle(sent)

    def test_welcome(self):
        first = self.client.welcome
        self.assertEqual((first.kind, first.content, first.parent), ("iopub_welcome", {"subscription": ""}, {}))
        if not PEER:  # ipykernel welcomes only the first subscriber
            second = self.kernel.connect(wait=False)
            self.assertEqual(second.receive("iopub").kind, "iopub_welcome")
            second.close()

    def test_heartbeat(self):
        for beat in (b"ping", b"", b"\xff\x00" * 1000):
            self.client.sockets["hb"].send(beat)
            self.assertTrue(self.client.sockets["hb"].poll(5000))
            self.assertEqual(self.client.sockets["hb"].recv(), beat)

    def test_comms(self):
        self.assertEqual(self.client.ask("comm_info_request", {}), {"status": "ok", "comms": {}})
        opened = self.client.send("comm_open", {"comm_id": "c1", "target_name": "nobody", "data": {"a": 1}})
        closed = [m for m in self.client.until_idle(opened) if m.kind == "comm_close"]
        self.assertEqual([m.content["comm_id"] for m in closed], ["c1"])
        for kind in ("comm_msg", "comm_close") if not PEER else ():  # ipykernel prints a warning, outside of any cell
            sent = self.client.send(kind, {"comm_id": "unknown", "data": {}})
            self.assertEqual([m.kind for m in self.client.until_idle(sent)], ["status", "status"])
        self.assertEqual(self.client.ask("comm_info_request", {"target_name": "nobody"})["comms"], {})

    @unittest.skipIf(PEER, "ipykernel has a debugger")
    def test_the_debugger_is_refused_in_words(self):
        request = {"type": "request", "seq": 7, "command": "initialize", "arguments": {}}
        sent = self.client.send("debug_request", request, channel="control")
        reply = self.client.reply(sent, "control")
        self.assertEqual(reply.kind, "debug_reply")
        self.assertEqual(reply.content["success"], False)
        self.assertEqual((reply.content["request_seq"], reply.content["command"]), (7, "initialize"))
        self.assertTrue(reply.content["message"])
        self.client.until_idle(sent)

    def test_unknown_requests_are_survived(self):
        for channel in ("shell", "control"):
            sent = self.client.send("no_such_request", {"a": 1}, channel=channel)
            if not PEER:  # ipykernel lets a client wait
                reply = self.client.reply(sent, channel)
                self.assertEqual((reply.kind, reply.content["status"]), ("no_such_reply", "error"))
                self.client.until_idle(sent)
            self.client.alive()
            strays = self.client.quiet("iopub") + [message for _, message in self.client.stray]
            self.assertEqual({m.kind for m in strays} - {"status"}, set(), strays)
            self.client.stray.clear()

    def test_control_answers_while_a_cell_runs(self):
        running = self.client.execute(CELLS.forever)
        self.client.until_prints(running, "started")
        self.assertEqual(self.client.ask("kernel_info_request", channel="control", timeout=5)["status"], "ok")
        self.client.ask("interrupt_request", channel="control", timeout=5)
        self.assertEqual(self.client.finish(running).reply.content["status"], "error")


class Typing(Shared):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        assert cls.client.run(CELLS.names).reply.content["status"] == "ok"

    def complete(self, code, at):
        reply = self.client.ask("complete_request", {"code": code, "cursor_pos": at})
        self.assertEqual(reply["status"], "ok")
        return reply

    def test_completion(self):
        for what, (code, at, wanted) in CELLS.completions.items():
            with self.subTest(what):
                reply = self.complete(code, at)
                self.assertTrue(any(wanted in match for match in reply["matches"]), reply["matches"])
                self.assertLessEqual(reply["cursor_start"], at)
                self.assertGreaterEqual(reply["cursor_end"], at)
                self.assertIsInstance(reply["metadata"], dict)

    def test_positions_are_counted_in_code_points(self):
        code, at, start, end, wanted = CELLS.after_emoji
        reply = self.complete(code, at)
        self.assertEqual((reply["cursor_start"], reply["cursor_end"]), (start, end))
        self.assertIn(wanted, reply["matches"])
        code, at = CELLS.inspect_emoji
        found = self.client.ask("inspect_request", {"code": code, "cursor_pos": at, "detail_level": 0})
        self.assertTrue(found["found"])
        self.assertIn(CELLS.inspect_says, found["data"]["text/plain"])

    def test_positions_outside_are_survived(self):
        for at in (0, 10**9, -1, 2**63) if not PEER else (0,):
            for kind, more in (("complete_request", {}), ("inspect_request", {"detail_level": 1})):
                with self.subTest(kind, at=at):
                    reply = self.client.ask(kind, {"code": "🦀ab", "cursor_pos": at, **more}, timeout=10)
                    self.assertIn(reply["status"], ("ok", "error"))

    def test_inspection_of_nothing(self):
        found = self.client.ask("inspect_request", {"code": "nowhere_at_all", "cursor_pos": 5, "detail_level": 0})
        self.assertEqual((found["status"], found["found"], found["data"]), ("ok", False, {}))

    def test_is_complete(self):
        for status in ("complete", "incomplete", "invalid"):
            for code in getattr(CELLS, status):
                with self.subTest(code):
                    reply = self.client.ask("is_complete_request", {"code": code})
                    self.assertEqual(reply["status"], status)
                    self.assertEqual("indent" in reply, status == "incomplete")


@unittest.skipIf(PEER, "a request of our own")
class Checks(Shared):
    """Cells that are checked before they run."""

    def check(self, *texts, wanted=None, timeout=60):
        cells = [{"id": f"c{at}", "text": text} for at, text in enumerate(texts)]
        wanted = [f"c{len(texts) - 1}"] if wanted is None else wanted
        sent = self.client.send("ironbook_check_request", {"cells": cells, "wanted": wanted})
        reply = self.client.reply(sent, timeout=timeout)
        self.assertEqual((reply.kind, reply.content["status"]), ("ironbook_check_reply", "ok"), reply.content)
        return reply.content

    def found(self, *texts, **more):
        return {cell["id"]: cell["diagnostics"] for cell in self.check(*texts, **more)["cells"]}

    def test_a_mistake_has_the_compilers_code_place_and_fix(self):
        self.ok(self.client.run("let names = vec![1, 2];"))
        text = 'let crab = "🦀"; names.lenn()'
        (only,) = self.found(text)["c0"]
        self.assertEqual((only["severity"], only["code"]), ("error", "E0599"))
        # The crab is one code point and two UTF-16 units.
        self.assertEqual((only["start"], only["end"]), (text.index("lenn") + 1, text.index("lenn") + 5))
        edits = only["fixes"][0]["edits"]
        self.assertEqual(edits, [{"cell": "c0", "start": only["start"], "end": only["end"], "text": "len"}])
        self.assertEqual(self.found("names.len()"), {"c0": []})
        self.assertEqual(self.client.run("names.len()").result(), "2", "nothing of it was run")

    def test_cells_above_count_whether_they_ran_or_not(self):
        above = "struct Pair { left: i32 }\nlet pair = Pair { left: 1 };"
        reply = self.check(above, "pair.left + pair.right")
        self.assertEqual(reply["ran"], [])
        self.assertEqual([one["code"] for one in reply["cells"][0]["diagnostics"]], ["E0609"])
        self.ok(self.client.run(above))
        reply = self.check(above, "pair.left + pair.right")
        self.assertEqual(reply["ran"], ["c0"])
        self.assertEqual([one["code"] for one in reply["cells"][0]["diagnostics"]], ["E0609"])
        # A cell above that is wrong is not held against those below.
        self.assertEqual(self.found("let broken = nothing();", "broken + 1"), {"c1": []})
        # Several at once; of a cell that has run, nothing is to be said.
        found = self.found(above, "let a: i32 = 1.5;", "a.sqrt()", wanted=["c0", "c1", "c2"])
        self.assertEqual([one["code"] for one in found["c1"]], ["E0308"])
        self.assertEqual(found["c0"], [])

    def test_a_column_that_a_table_lacks_is_told(self):
        self.ok(self.client.run('let mut rides = df!["day" => [1, 2], "late" => [0.5, 1.0]]?;'))

        def doubts(*texts):
            told = self.found(*texts)[f"c{len(texts) - 1}"]
            return [(one["code"], one["fixes"][0]["edits"][0]["text"]) for one in told]

        unknown = [("ironbook::unknown_column", '"day"')]
        self.assertEqual(doubts('rides.clone().lazy().filter(col("dya").gt(lit(1))).collect()?'), unknown)
        self.assertEqual(doubts('rides.column("dya")?.len() // ironbook: allow(unknown_column)'), [])
        # A cell above that has not run makes its own tables, and changes those that are there.
        self.assertEqual(doubts('let few = df!["day" => [1]]?;', 'few.column("dya")?.len()'), unknown)
        self.assertEqual(doubts('rides.rename("day", "dya".into())?;', 'rides.column("dya")?.len()'), [])

    def test_what_was_lost_or_reset_has_to_run_again(self):
        made, kind = "let kept_here = vec![1];", "struct Reset { left: i32 }"
        self.ok(self.client.run(made))
        self.ok(self.client.run(kind))
        first = self.check(made, kind, "kept_here.len() as i32 + Reset { left: 1 }.left")
        self.assertEqual(first["ran"], ["c0", "c1"])
        self.client.run("std::process::abort()")
        after = self.check(made, kind, "kept_here.len() as i32 + Reset { left: 1 }.left")
        # What was lost with the process has come back from the disk.
        self.assertEqual((after["ran"], after["cells"][0]["diagnostics"]), (["c0", "c1"], []))
        self.ok(self.client.run("%reset -f"))
        after = self.check(made, kind, "kept_here.len() as i32 + Reset { left: 1 }.left")
        self.assertEqual((after["ran"], after["cells"][0]["diagnostics"]), ([], []))
        self.assertNotEqual(after["session"], first["session"])

    def test_magics_are_lowered_and_wrong_ones_told(self):
        (only,) = self.found("%tiem 1 + 1")["c0"]
        self.assertEqual((only["severity"], only["start"]), ("error", 0))
        self.assertEqual(self.found("%%time\nlet a = 1;\na + 1"), {"c0": []})

    def test_cells_are_checked_and_completed_while_another_runs(self):
        self.ok(self.client.run("let numbers = vec![1, 2];"))
        running = self.client.execute(CELLS.forever)
        self.client.until_prints(running, "started")
        (only,) = self.found("numbers.lenn()", timeout=20)["c0"]
        self.assertEqual(only["code"], "E0599")
        for kind, more in (("complete_request", {}), ("inspect_request", {"detail_level": 1})):
            reply = self.client.ask(kind, {"code": "numbers.len", "cursor_pos": 11, **more}, timeout=5)
            self.assertEqual(reply["status"], "ok")
        self.client.ask("interrupt_request", channel="control", timeout=5)
        self.client.finish(running)

    def test_what_cells_above_would_leave_is_completed(self):
        self.ok(self.client.run("1"))
        above = 'let sails = vec![1.5, 2.5];\nstruct Boat { mast: f64 }'
        self.assertEqual(self.found(above, "sails.pus", wanted=["c0"])["c0"], [])

        def matches(code, **more):
            return self.client.ask("complete_request", {"code": code, "cursor_pos": len(code), **more})["matches"]

        self.assertIn("sails", matches("sai", ironbook_above=["c0"]))
        self.assertIn("push", matches("sails.pus", ironbook_above=["other", "c0"]))
        self.assertIn("Boat", matches("Boa", ironbook_above=["c0"]))
        self.assertNotIn("sails", matches("sai"), "it has not run")
        self.assertNotIn("sails", matches("sai", ironbook_above=["other"]))
        # What has been run since stands on other ground.
        self.ok(self.client.run("let sailor = 1;"))
        self.assertEqual(matches("sai", ironbook_above=["c0"])[0], "sailor")
        self.assertNotIn("sails", matches("sai", ironbook_above=["c0"]))
        self.assertEqual(self.client.ask("complete_request", {"code": "sai", "cursor_pos": 3, "ironbook_above": 7})["status"], "ok")

    def test_what_cannot_be_read_is_refused_and_nonsense_is_survived(self):
        for kind, content in (("check", {"cells": 1}), ("definition", {"code": 1})):
            sent = self.client.send(f"ironbook_{kind}_request", content)
            self.assertEqual(self.client.reply(sent).content["status"], "error")
        sent = self.client.send("ironbook_definition_request", {"code": "nowhere", "cursor_pos": 3})
        nothing = self.client.reply(sent).content
        self.assertEqual((nothing["status"], nothing["found"]), ("ok", False))
        for text in ("((((" * 5000, "\0", "}" * 100, "\u202e let", 'let s = "', "", "🦀" * 1000):
            self.check(text)
        self.assertEqual(self.client.ask("kernel_info_request")["status"], "ok")


@unittest.skipIf(PEER, "ipykernel shows other things")
class Peeks(Shared):
    def inspect(self, code):
        return self.client.ask("inspect_request", {"code": code, "cursor_pos": len(code), "detail_level": 0})["data"]

    def test_an_inspection_shows_the_beginning_of_a_value(self):
        self.ok(self.client.run('let ages = vec![41, 23];\nlet many: Vec<u64> = (0..1_000_000).collect();'))
        told = self.inspect("ages")
        self.assertIn("[41, 23]", told["text/plain"])
        self.assertIn("[41, 23]", told["text/html"])
        # Nobody knows how long it takes to show what is large.
        self.assertNotIn("[0, 1", self.inspect("many")["text/plain"])
        self.assertEqual(self.client.run("ages.len()").result(), "2")

    def test_nobody_waits_for_a_value_while_a_cell_runs(self):
        self.ok(self.client.run("let here = 12345;"))
        running = self.client.execute(CELLS.forever)
        self.client.until_prints(running, "started")
        self.assertNotIn("12345", self.inspect("here")["text/plain"])
        self.client.ask("interrupt_request", channel="control", timeout=5)
        self.client.finish(running)
        self.assertIn("12345", self.inspect("here")["text/plain"])

    def test_a_value_that_panics_when_it_is_shown_harms_nobody(self):
        self.ok(self.client.run("struct Shy;\nimpl std::fmt::Debug for Shy {\n    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) "
                                "-> std::fmt::Result { panic!(\"no\") }\n}\nlet shy = Shy;"))
        self.assertIn("shy: Shy", self.inspect("shy")["text/plain"])
        self.assertEqual(self.client.run("1 + 1").result(), "2")

    def test_a_look_runs_no_code_of_cells(self):
        self.ok(self.client.run("struct Deadly;\nimpl std::fmt::Debug for Deadly {\n    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) "
                                "-> std::fmt::Result { std::process::abort() }\n}\nlet deadly = vec![Deadly];\nlet alive = 7;"))
        self.assertIn("deadly: Vec<Deadly>", self.inspect("deadly")["text/plain"])
        self.assertEqual(self.client.run("alive").result(), "7")


class History(unittest.TestCase):
    def entries(self, client, **content):
        reply = client.ask("history_request", {"output": False, "raw": True, **content})
        self.assertEqual(reply["status"], "ok")
        return reply["history"]

    def test_tail_range_search_and_the_next_session(self):
        with tempfile.TemporaryDirectory() as home:
            keep = {"IPYTHONDIR": home} if PEER else {"IRONBOOK_HISTORY": os.path.join(home, "history.jsonl")}
            with Kernel(**keep) as kernel:
                client = kernel.client
                for code in (CELLS.assign, CELLS.show, CELLS.product, CELLS.product):
                    client.run(code)
                tail = self.entries(client, hist_access_type="tail", n=3)
                self.assertEqual([entry[2] for entry in tail], [CELLS.show, CELLS.product, CELLS.product])
                session, line = tail[0][0], tail[0][1]
                found = self.entries(client, hist_access_type="range", session=session, start=line, stop=line + 2)
                self.assertEqual([entry[2] for entry in found], [CELLS.show, CELLS.product])
                now = self.entries(client, hist_access_type="range", session=0, start=1, stop=2)
                self.assertEqual([entry[2] for entry in now], [CELLS.assign])
                outputs = self.entries(client, hist_access_type="range", session=0, start=3, stop=4, output=True)
                self.assertEqual(outputs[0][2], [CELLS.product, "42" if PEER else None])
                found = self.entries(client, hist_access_type="search", pattern="6*", n=10)
                self.assertEqual([entry[2] for entry in found], [CELLS.product] * 2)
                found = self.entries(client, hist_access_type="search", pattern="6*", n=10, unique=True)
                self.assertEqual(len(found), 1)
                self.assertEqual(self.entries(client, hist_access_type="search", pattern="nothing*", n=10), [])
                client.ask("shutdown_request", {"restart": False}, channel="control")
                self.assertEqual(kernel.wait(), 0)
            with Kernel(**keep) as kernel:
                tail = self.entries(kernel.client, hist_access_type="tail", n=4)
                self.assertEqual([e[2] for e in tail], [CELLS.assign, CELLS.show, CELLS.product, CELLS.product])
                self.assertEqual({entry[0] for entry in tail}, {session})
                before = self.entries(kernel.client, hist_access_type="range", session=-1, start=1, stop=3)
                self.assertEqual([entry[2] for entry in before], [CELLS.assign, CELLS.show])


class Input(Shared):
    def answer(self, running, prompt, password, value):
        request = self.client.receive("stdin")
        self.assertEqual(request.kind, "input_request")
        self.assertEqual(request.content, {"prompt": prompt, "password": password})
        self.assertEqual(request.parent["msg_id"], running)
        frames, _ = self.client.pack("input_reply", {"value": value, "status": "ok"}, parent=request.header)
        self.client.sockets["stdin"].send_multipart(frames)

    def test_a_line(self):
        running = self.client.execute(CELLS.ask, allow_stdin=True)
        self.answer(running, "your name? ", False, "Ann é🦀")
        self.assertIn("hello Ann é🦀\n", self.ok(self.client.finish(running)).text())

    def test_two_lines_and_an_empty_one(self):
        running = self.client.execute(CELLS.ask_twice, allow_stdin=True)
        self.answer(running, "first? ", False, "")
        self.answer(running, "second? ", False, "two")
        self.assertIn(" and two\n", self.ok(self.client.finish(running)).text())

    def test_a_password_is_not_shown(self):
        running = self.client.execute(CELLS.secret, allow_stdin=True)
        self.answer(running, "pw: ", True, "hunter2")
        ran = self.ok(self.client.finish(running))
        self.assertIn("7 letters\n", ran.text())
        self.assertNotIn("hunter2", ran.text() + ran.text("stderr"))

    def test_a_client_without_input_is_told(self):
        ran = self.client.run(CELLS.ask, allow_stdin=False)
        self.assertEqual(ran.reply.content["status"], "error")
        self.assertIn(CELLS.no_such_stdin, ran.reply.content["evalue"])
        self.assertEqual(self.client.quiet("stdin", 0.1), [])

    def test_waiting_for_input_can_be_interrupted(self):
        running = self.client.execute(CELLS.ask, allow_stdin=True)
        self.assertEqual(self.client.receive("stdin").kind, "input_request")
        os.kill(self.kernel.process.pid, signal.SIGINT)
        self.assertEqual(self.client.finish(running).reply.content["status"], "error")
        running = self.client.execute(CELLS.ask, allow_stdin=True)
        self.answer(running, "your name? ", False, "Bob")
        self.assertIn("hello Bob\n", self.ok(self.client.finish(running)).text())


    @unittest.skipIf(PEER, "ipykernel takes any answer")
    def test_only_the_answer_to_the_question_that_waits_is_taken(self):
        first = self.client.execute(CELLS.ask, allow_stdin=True)
        old = self.client.receive("stdin")
        os.kill(self.kernel.process.pid, signal.SIGINT)
        self.client.finish(first)
        running = self.client.execute(CELLS.ask, allow_stdin=True)
        question = self.client.receive("stdin")
        late, _ = self.client.pack("input_reply", {"value": "late", "status": "ok"}, parent=old.header)
        self.client.sockets["stdin"].send_multipart(late)
        other = self.kernel.connect()
        stranger, _ = other.pack("input_reply", {"value": "stranger", "status": "ok"})
        other.sockets["stdin"].send_multipart(stranger)
        other.alive()
        right, _ = self.client.pack("input_reply", {"value": "Carl", "status": "ok"}, parent=question.header)
        self.client.sockets["stdin"].send_multipart(right)
        self.assertIn("hello Carl\n", self.ok(self.client.finish(running)).text())
        other.close()
        self.client.quiet("iopub", 0.2)
        self.client.stray.clear()

    @unittest.skipIf(PEER, "these are cells in Rust")
    def test_an_expression_asks_nobody(self):
        ran = self.ok(self.client.run("1", allow_stdin=True, user_expressions={"x": 'ironbook::input("q")?'}))
        self.assertIn("nobody", ran.reply.content["user_expressions"]["x"]["evalue"])


@unittest.skipIf(PEER, "these are cells in Rust")
class Threads(Shared):
    def test_what_a_thread_prints_between_cells_is_kept_for_the_next(self):
        with tempfile.TemporaryDirectory() as folder:
            done = os.path.join(folder, "done")
            self.ok(self.client.run('std::thread::spawn(|| {\n    std::thread::sleep(std::time::Duration::from_millis(300));\n'
                                    '    for i in 0..3000 { println!("{i:099}"); }\n'
                                    f'    std::fs::write("{done}", "").unwrap();\n}});'))
            poll(lambda: os.path.exists(done), "end of the thread's work, though no cell runs", 20)
            self.ok(self.client.run(CELLS.product, silent=True))
            ran = self.ok(self.client.run(CELLS.product))
            self.assertEqual(ran.text().splitlines(), [f"{i:099}" for i in range(3000)])


class Displays(Shared):
    def test_html(self):
        shown, = self.ok(self.client.run(CELLS.bold)).of("display_data")
        self.assertEqual(shown["data"]["text/html"], "<b>x</b>")
        self.assertIn("text/plain", shown["data"])
        self.assertEqual(shown["metadata"], {})

    def test_updates(self):
        ran = self.ok(self.client.run(CELLS.update))
        first, = ran.of("display_data")
        second, = ran.of("update_display_data")
        self.assertIn("before", first["data"]["text/markdown"])
        self.assertIn("after", second["data"]["text/markdown"])
        self.assertTrue(first["transient"]["display_id"])
        self.assertEqual(first["transient"]["display_id"], second["transient"]["display_id"])
        later, = self.ok(self.client.run(CELLS.update_later)).of("update_display_data")
        self.assertEqual(later["transient"]["display_id"], first["transient"]["display_id"])

    def test_clear(self):
        ran = self.ok(self.client.run(CELLS.clear))
        kinds = [kind for kind in ran.kinds if kind in ("stream", "clear_output")]
        self.assertEqual(kinds, ["stream", "clear_output", "stream"])
        self.assertEqual(ran.of("clear_output"), [{"wait": False}])

    def test_tables_and_charts(self):
        table = self.ok(self.client.run(CELLS.table)).of("execute_result")[0]["data"]
        self.assertIn("ann", table["text/html"])
        ran = self.ok(self.client.run(CELLS.chart))
        shown = (ran.of("execute_result") + ran.of("display_data"))[0]["data"]
        self.assertIn("application/vnd.vegalite.v5+json", shown)
        self.assertIsInstance(shown["application/vnd.vegalite.v5+json"], dict)
        self.assertTrue(shown["image/svg+xml" if PEER else "image/png"])

    def test_progress_is_one_display_that_is_updated(self):
        ran = self.ok(self.client.run(CELLS.progress.format(pause=20)))
        first, = ran.of("display_data")
        updates = ran.of("update_display_data")
        self.assertGreater(len(updates), 1)
        identities = {each["transient"]["display_id"] for each in [first, *updates]}
        self.assertEqual(len(identities), 1)
        self.assertIn("40/40", updates[-1]["data"]["text/html"])
        self.assertIn("counting", updates[-1]["data"]["text/html"])


class Ends(unittest.TestCase):
    def interrupt(self, kernel, how):
        client = kernel.client
        running = client.execute(CELLS.forever)
        client.until_prints(running, "started")
        how()
        ran = client.finish(running)
        self.assertEqual(ran.reply.content["status"], "error")
        self.assertIn("error", ran.kinds)
        self.assertEqual(client.run(CELLS.product).result(), "42")

    def test_interrupt_by_message_and_by_signal(self):
        with Kernel() as kernel:
            kernel.client.run(CELLS.assign)
            sent = []
            self.interrupt(kernel, lambda: sent.append(kernel.client.send("interrupt_request", channel="control")))
            self.assertEqual(kernel.client.reply(sent[0], "control").content, {"status": "ok"})
            self.interrupt(kernel, lambda: os.kill(kernel.process.pid, signal.SIGINT))
            self.assertEqual(kernel.client.run(CELLS.show).result(), "5", "variables live on")

    def test_an_interrupt_of_nothing_is_harmless(self):
        with Kernel() as kernel:
            self.assertEqual(kernel.client.ask("interrupt_request", channel="control")["status"], "ok")
            os.kill(kernel.process.pid, signal.SIGINT)
            kernel.client.alive()
            self.assertEqual(kernel.client.run(CELLS.product).result(), "42")

    def shut_down(self, channel, restart):
        with Kernel() as kernel:
            client = kernel.client
            if not PEER:
                runtime = int(client.run(CELLS.process).result())
            reply = client.ask("shutdown_request", {"restart": restart}, channel=channel)
            self.assertEqual(reply, {"status": "ok", "restart": restart})
            self.assertEqual(kernel.wait(20), 0)
            if not PEER:
                poll(lambda: not os.path.exists(f"/proc/{runtime}"), "end of the runtime", 10)

    def test_shutdown(self):
        self.shut_down("control", False)
        self.shut_down("shell", False)

    def test_restart(self):
        self.shut_down("control", True)

    def test_shutdown_while_a_cell_runs(self):
        with Kernel() as kernel:
            running = kernel.client.execute(CELLS.forever)
            kernel.client.until_prints(running, "started")
            reply = kernel.client.ask("shutdown_request", {"restart": False}, channel="control")
            self.assertEqual(reply["status"], "ok")
            if not PEER:  # ipykernel waits for its cell, and its manager kills it
                self.assertEqual(kernel.wait(20), 0)

    @unittest.skipIf(PEER, "of libzmq we know it")
    def test_over_ipc_again_after_a_kill(self):
        with Kernel(transport="ipc") as first:
            first.client.run(CELLS.product)
            mode = os.stat(f"{first.settings['ip']}-{first.settings['shell_port']}").st_mode & 0o777
            self.assertEqual(mode, 0o600)
            os.kill(first.process.pid, signal.SIGKILL)
            first.wait()
            with Kernel(settings=first.settings) as second:
                self.assertEqual(second.client.run(CELLS.product).result(), "42")

    def test_over_ipc(self):
        with Kernel(transport="ipc") as kernel:
            self.assertEqual(kernel.client.run(CELLS.product).result(), "42")
            reply = kernel.client.ask("shutdown_request", {"restart": False}, channel="control")
            self.assertEqual(reply["status"], "ok")
            self.assertEqual(kernel.wait(20), 0)


@unittest.skipIf(PEER, "these are Ironbook's own")
class Surroundings(unittest.TestCase):
    def test_directory_environment_and_standard_input(self):
        with Kernel(IRONBOOK_SAYS="so") as kernel:
            shown = kernel.client.run('println!("{}", std::env::current_dir()?.display());\n'
                                      'println!("{}", std::env::var("IRONBOOK_SAYS")?);\n'
                                      'println!("{}", std::io::read_to_string(std::io::stdin())?.len());')
            self.assertEqual(shown.text(), f"{os.path.realpath(kernel.folder.name)}\nso\n0\n", shown.reply.content)

    def test_the_log_tells_of_messages_and_never_of_data(self):
        secret = "swordfish"
        with Kernel(IRONBOOK_LOG="debug") as kernel:
            ran = kernel.client.run(f'let word = "{secret}";\nprintln!("{{word}}");\nword')
            self.assertEqual(ran.reply.content["status"], "ok")
            kernel.client.run(f"{secret}(")
            kernel.client.ask("complete_request", {"code": secret, "cursor_pos": 3})
            self.assertIn("execute_request", kernel.printed)
            self.assertIn("complete_request", kernel.printed)
            self.assertNotIn(secret, kernel.printed)
        with Kernel(IRONBOOK_LOG="off") as kernel:
            kernel.client.send("no_such_message")
            kernel.client.alive()
            self.assertEqual(kernel.printed, "")


class Subshells(unittest.TestCase):
    def test_a_subshell_answers_while_a_cell_runs(self):
        with Kernel() as kernel, tempfile.TemporaryDirectory() as folder:
            client = kernel.client
            control = {"channel": "control"}
            self.assertEqual(client.ask("list_subshell_request", **control), {"status": "ok", "subshell_id": []})
            made = client.ask("create_subshell_request", **control)
            self.assertEqual(made["status"], "ok")
            subshell = made["subshell_id"]
            self.assertEqual(client.ask("list_subshell_request", **control)["subshell_id"], [subshell])
            go = os.path.join(folder, "go")
            running = client.execute(CELLS.until_file.format(path=go))
            client.until_prints(running, "started")
            header = {"subshell_id": subshell}
            self.assertEqual(client.ask("kernel_info_request", header=header, timeout=10)["status"], "ok")
            reply = client.ask("complete_request", {"code": "pri", "cursor_pos": 3}, header=header, timeout=10)
            self.assertEqual(reply["status"], "ok")
            aside = client.finish(client.execute(CELLS.aside, header=header), timeout=10)
            self.assertEqual(aside.reply.content["status"], "ok", aside.reply.content)
            self.assertEqual({m.parent["subshell_id"] for m in [aside.reply, *aside.messages]}, {subshell})
            if not PEER:
                refused = client.finish(client.execute(CELLS.product, header=header), timeout=10)
                self.assertIn("magics that only look", refused.reply.content["evalue"])
            open(go, "w").close()
            self.assertEqual(client.finish(running).reply.content["status"], "ok")
            self.assertEqual(client.ask("delete_subshell_request", {"subshell_id": subshell}, **control), {"status": "ok"})
            self.assertEqual(client.ask("list_subshell_request", **control)["subshell_id"], [])
            gone = client.ask("delete_subshell_request", {"subshell_id": "nobody"}, **control)
            self.assertEqual(gone["status"], "error")
            lost = client.ask("execute_request", {"code": CELLS.product}, header={"subshell_id": "nobody"}, timeout=10)
            self.assertEqual(lost["status"], "error")
            client.alive()


if __name__ == "__main__":
    unittest.main(verbosity=2)
