"""Faults: killed, interrupted and vanished processes, ports and files that are not as they should be, clients that misbehave."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import zmtp
from cells import CELLS, PEER
from wire import DELIMITER, Client, Kernel, command, connection, descendants, gone, poll


def only_ironbook(test):
    return unittest.skipIf(PEER, "a matter of Ironbook")(test)


class Runtime(unittest.TestCase):
    """The process that runs cells."""

    def still_works(self, kernel):
        ran = kernel.client.run(CELLS.product)
        self.assertEqual(ran.reply.content["status"], "ok", ran.reply.content)
        self.assertEqual(ran.result(), "42")
        self.assertNotIn("panicked", kernel.printed)

    @only_ironbook
    def test_killed_during_a_cell(self):
        with Kernel() as kernel:
            before = kernel.client.run(CELLS.process).result()
            ran = kernel.client.run(CELLS.kill)
            self.assertEqual(ran.reply.content["status"], "error")
            self.assertIn("SIGKILL", json.dumps(ran.of("error")))
            self.still_works(kernel)
            self.assertNotEqual(kernel.client.run(CELLS.process).result(), before)
            self.assertTrue(gone(int(before)))

    @only_ironbook
    def test_killed_between_cells(self):
        with Kernel() as kernel:
            os.kill(int(kernel.client.run(CELLS.process).result()), signal.SIGKILL)
            kernel.client.run(CELLS.product)  # may be the one that notices
            self.still_works(kernel)

    def interrupted(self, kernel, code, started):
        running = kernel.client.execute(code)
        started(running)
        kernel.client.ask("interrupt_request", channel="control")
        ran = kernel.client.finish(running)
        self.assertEqual(ran.reply.content["status"], "error")
        self.still_works(kernel)

    @only_ironbook
    def test_interrupted_while_it_compiles(self):
        with Kernel() as kernel:
            self.assertEqual(kernel.client.run(CELLS.assign).reply.content["status"], "ok")

            def rustc():
                return [pid for pid, name in descendants(kernel.process.pid) if "rustc" in name]

            code = CELLS.compiles_forever.format(unique=random.getrandbits(32))
            self.interrupted(kernel, code, lambda _: poll(rustc, "compiler at work"))
            poll(lambda: not rustc(), "end of the compiler")
            self.assertEqual(kernel.client.run(CELLS.show).result(), "5")

    @only_ironbook
    def test_interrupted_in_a_long_call_of_the_library(self):
        with Kernel() as kernel:
            kernel.client.run(CELLS.assign)
            self.interrupted(kernel, CELLS.library, lambda running: kernel.client.until_prints(running, "started"))
            self.assertEqual(kernel.client.run(CELLS.show).result(), "5", "variables live on")

    def test_interrupted_in_a_loop(self):
        with Kernel() as kernel:
            kernel.client.run(CELLS.assign)
            self.interrupted(kernel, CELLS.forever, lambda running: kernel.client.until_prints(running, "started"))
            self.assertEqual(kernel.client.run(CELLS.show).result(), "5", "variables live on")

    @only_ironbook
    def test_a_second_interrupt_ends_what_does_not_listen(self):
        with Kernel() as kernel:
            running = kernel.client.execute(CELLS.deaf)
            kernel.client.until_prints(running, "started")
            for _ in range(2):
                kernel.client.ask("interrupt_request", channel="control")
            self.assertEqual(kernel.client.finish(running).reply.content["status"], "error")
            self.still_works(kernel)

    @only_ironbook
    def test_a_killed_kernel_leaves_nothing(self):
        with Kernel() as kernel:
            running = kernel.client.execute(CELLS.forever)
            kernel.client.until_prints(running, "started")
            below = [pid for pid, _ in descendants(kernel.process.pid)]
            self.assertTrue(below)
            kernel.process.kill()
            kernel.process.wait()
            poll(lambda: all(map(gone, below)), "end of the runtime", 20)

    def test_a_kernel_that_is_told_to_end_ends(self):
        with Kernel() as kernel:
            below = [pid for pid, _ in descendants(kernel.process.pid)]
            kernel.process.send_signal(signal.SIGTERM)
            kernel.wait(20)
            poll(lambda: all(map(gone, below)), "end of the runtime", 20)

    def test_a_kernel_whose_parent_is_gone_ends(self):
        with tempfile.TemporaryDirectory(prefix="ib-") as folder:
            settings = connection()
            path = Path(folder) / "connection.json"
            path.write_text(json.dumps(settings))
            argv, more = command(path)
            script = ("import os, subprocess, sys, time\nos.environ['JPY_PARENT_PID'] = str(os.getpid())\n"
                      "print(subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, "
                      "stderr=subprocess.DEVNULL).pid, flush=True)\ntime.sleep(600)")
            environment = {**os.environ, **more}
            with subprocess.Popen([sys.executable, "-c", script, *argv], stdout=subprocess.PIPE, text=True, cwd=folder,
                                  env=environment) as parent:
                pid = int(parent.stdout.readline())
                client = Client(settings)
                self.addCleanup(client.close)
                client.alive()
                parent.kill()
            poll(lambda: gone(pid), "end of the kernel", 20)


class Start(unittest.TestCase):
    """What a connection file may hold."""

    def refused(self, settings, *words):
        """Asserts that the kernel ends by itself, without a panic, and says why."""
        with Kernel(settings, client=False) as kernel:
            self.assertNotEqual(kernel.wait(30), 0)
            self.assertNotIn("panicked", kernel.printed)
            for word in words:
                self.assertIn(word, kernel.printed)

    def test_a_port_that_is_taken(self):
        for channel in ("shell", "iopub", "stdin", "control", "hb"):
            if PEER and channel != "shell":
                continue
            with self.subTest(channel):
                settings = connection()
                with zmtp.socket.socket() as holder:
                    holder.bind(("127.0.0.1", settings[f"{channel}_port"]))
                    holder.listen()
                    self.refused(settings, "in use", *([] if PEER else [str(settings[f"{channel}_port"])]))

    @only_ironbook
    def test_files_that_cannot_be_read(self):
        good = connection()
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {
                "empty": "", "not-json": "{", "list": "[]", "no-key": json.dumps({**good, "key": None}),
                "no-port": json.dumps({k: v for k, v in good.items() if k != "shell_port"}),
                "huge-port": json.dumps({**good, "shell_port": 70000}), "bytes": "\0\1\2",
                "text-port": json.dumps({**good, "hb_port": "eighty"}),
                "transport": json.dumps({**good, "transport": "carrier-pigeon"}),
                "scheme": json.dumps({**good, "signature_scheme": "hmac-md4000"}),
                "address": json.dumps({**good, "ip": "256.1.1.1"}),
            }.items():
                with self.subTest(name):
                    path = Path(folder) / f"{name}.json"
                    path.write_text(text)
                    self.ends(path)
            with self.subTest("missing"):
                self.ends(Path(folder) / "missing.json")
            with self.subTest("directory"):
                self.ends(Path(folder))

    def ends(self, path):
        argv, more = command(path)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                              env={**os.environ, **more, "NO_COLOR": "1"})
        self.assertNotIn(done.returncode, (0, 101), done.stderr)
        self.assertNotIn("panicked", done.stderr)
        self.assertIn(path.name, done.stderr, "the message names the file")

    def test_an_empty_key_means_no_signatures(self):
        with Kernel({**connection(), "key": ""}, client=False) as kernel:
            client = Client(kernel.settings, wait=False)
            client.sign = lambda parts: b""
            client.wait()
            self.assertEqual(client.run(CELLS.product).result(), "42")
            client.close()


class Clients(unittest.TestCase):
    """Clients that come, go and misbehave."""

    def test_two_clients_on_one_kernel(self):
        with Kernel() as kernel:
            one, two = kernel.client, kernel.connect()
            self.assertEqual(one.run(CELLS.assign).reply.content["status"], "ok")
            sent = two.execute(CELLS.show)
            seen = one.until_idle(sent)
            self.assertEqual([m.content["data"]["text/plain"] for m in seen if m.kind == "execute_result"], ["5"])
            self.assertEqual({m.parent["session"] for m in seen}, {two.session})
            self.assertEqual(two.reply(sent).content["status"], "ok")
            self.assertEqual(one.quiet("shell"), [], "a reply goes to the one who asked")
            # What both send at once runs one after the other, and each gets its replies in its order.
            sent = [(client, client.execute(CELLS.product)) for _ in range(3) for client in (one, two)]
            counts = [client.reply(each).content["execution_count"] for client, each in sent]
            self.assertEqual(sorted(counts), list(range(min(counts), min(counts) + 6)))
            self.assertEqual(counts[0::2], sorted(counts[0::2]))
            self.assertEqual(counts[1::2], sorted(counts[1::2]))
            running = one.execute(CELLS.ask, allow_stdin=True)
            self.assertEqual(one.receive("stdin").parent["msg_id"], running)
            self.assertEqual(two.quiet("stdin"), [], "a question goes to the one who runs the cell")
            two.ask("interrupt_request", channel="control")
            self.assertEqual(one.reply(running).content["status"], "error")
            two.close()

    def test_a_client_that_is_gone_in_mid_cell(self):
        with Kernel() as kernel, tempfile.TemporaryDirectory() as folder:
            leaver, go = kernel.connect(), os.path.join(folder, "go")
            running = leaver.execute(CELLS.until_file.format(path=go))
            leaver.until_prints(running, "started")
            leaver.close()
            open(go, "w").close()
            seen = kernel.client.until_idle(running)
            self.assertIn("went on", "".join(m.content["text"] for m in seen if m.kind == "stream"))
            self.assertEqual(kernel.client.run(CELLS.product).result(), "42")

    def test_a_client_that_is_gone_when_it_is_asked(self):
        with Kernel() as kernel:
            leaver = kernel.connect()
            running = leaver.execute(CELLS.ask, allow_stdin=True)
            leaver.receive("stdin")
            leaver.close()
            kernel.client.ask("interrupt_request", channel="control")
            kernel.client.until_idle(running)
            self.assertEqual(kernel.client.run(CELLS.product).result(), "42")

    def test_a_subscriber_that_never_reads(self):
        with Kernel() as kernel:
            deaf = [zmtp.never_reads(kernel.settings["iopub_port"]) for _ in range(2)]
            ran = kernel.client.run(CELLS.much.format(kilobytes=20_000))
            self.assertEqual(ran.reply.content["status"], "ok")
            self.assertTrue(ran.text().endswith("the end\n"))
            late = kernel.connect()
            self.assertEqual(late.run(CELLS.product).result(), "42")
            late.close()
            for one in deaf:
                one.close()
            self.assertEqual(kernel.client.run(CELLS.product).result(), "42")

    def test_a_client_that_takes_no_replies(self):
        with Kernel() as kernel:
            deaf = zmtp.connect(kernel.settings["shell_port"], receive_buffer=4096)
            for _ in range(2000):
                frames, _ = kernel.client.pack("kernel_info_request", {})
                deaf.sendall(zmtp.message(frames))
            self.assertEqual(kernel.client.run(CELLS.product).result(), "42")
            deaf.close()
            kernel.client.alive()

    @only_ironbook
    def test_too_much_output_keeps_its_ends(self):
        with Kernel() as kernel:
            ran = kernel.client.run(CELLS.much.format(kilobytes=50_000))
            text = ran.text()
            self.assertTrue(text.startswith("the start\n0123"))
            self.assertTrue(text.endswith("the end\n"))
            self.assertLess(len(text), 45_000_000)
            self.assertRegex(text + ran.text("stderr"), "(?i)truncated|left out")
            kernel.client.alive()


class Clock(unittest.TestCase):
    def test_a_clock_that_jumps(self):
        compiler = shutil.which("cc")
        if not compiler:
            assert not os.environ.get("CI"), "CI has a C compiler"
            self.skipTest("no C compiler")
        with tempfile.TemporaryDirectory(prefix="ib-") as folder:
            library, offset = os.path.join(folder, "clock.so"), os.path.join(folder, "offset")
            source = Path(__file__).with_name("clock.c")
            subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
            with Kernel(LD_PRELOAD=library, CLOCK_OFFSET=offset) as kernel:
                client = kernel.client
                years = {}
                for seconds in (0, -86_400 * 400, 86_400 * 4000, -5, 0):
                    running = client.execute(CELLS.forever)
                    client.until_prints(running, "started")
                    Path(offset + ".new").write_text(str(seconds))
                    os.replace(offset + ".new", offset)
                    client.ask("interrupt_request", channel="control")
                    self.assertEqual(client.finish(running).reply.content["status"], "error")
                    ran = client.run(CELLS.product)
                    self.assertEqual(ran.result(), "42")
                    years[seconds] = int(ran.reply.header["date"][:4])
                now = time.gmtime().tm_year
                self.assertIn(years[86_400 * 4000] - now, (10, 11), "the clock did jump")
                self.assertEqual(years[0], now)
                self.assertNotIn("panicked", kernel.printed)


class Hostile(unittest.TestCase):
    """Messages that are not what they should be: none is answered as if it were, and the kernel goes on."""

    def setUp(self):
        self.kernel = Kernel()
        self.addCleanup(self.kernel.close)
        self.client = self.kernel.client

    def tearDown(self):
        self.client.alive()
        self.assertEqual(self.client.run(CELLS.product).result(), "42")
        self.assertNotIn("panicked", self.kernel.printed)

    def raw(self, frames, channel="shell"):
        self.client.sockets[channel].send_multipart(frames)

    def unanswered(self):
        self.assertEqual(self.client.quiet("shell", 0.3), [])
        self.assertEqual([m.kind for m in self.client.quiet("iopub", 0.1) if m.kind == "execute_input"], [])

    def test_wrong_signatures(self):
        for signature in (b"", b"0" * 64, b"not hex", b"\xff" * 64, b"0" * 100_000):
            frames, _ = self.client.pack("execute_request", {"code": CELLS.product})
            frames[1] = signature
            self.raw(frames)
        frames, _ = self.client.pack("execute_request", {"code": CELLS.product})
        frames[5] = frames[5].replace(b"6", b"7")
        self.raw(frames)
        self.unanswered()

    def test_deeply_nested_text(self):
        texts = ["(" * 50_000, "if true {" * 3000, "|| " * 3000 + "1", "Vec<" * 3000, "[" * 3000 + "]" * 3000, "-" * 5000 + "1"]
        for text in texts if not PEER else ():
            with self.subTest(text[:10]):
                for kind, more in (("is_complete_request", {}), ("complete_request", {"cursor_pos": len(text)}),
                                   ("inspect_request", {"cursor_pos": len(text), "detail_level": 0})):
                    self.assertIn("status", self.client.ask(kind, {"code": text, **more}))
        for text in (texts[0], texts[1], texts[4]) if not PEER else ():
            with self.subTest(text[:10], run=True):
                self.assertEqual(self.client.run(text).reply.content["status"], "error")
        self.assertEqual(self.client.run(CELLS.product).result(), "42")

    def test_truncated_messages(self):
        frames, _ = self.client.pack("execute_request", {"code": CELLS.product})
        for length in range(1, len(frames)):
            self.raw(frames[:length])
            self.raw(frames[length:])
        self.raw([b""])
        self.raw([DELIMITER])
        self.raw([b"", DELIMITER, b""])
        self.unanswered()

    def test_a_message_that_is_sent_again(self):
        frames, head = self.client.pack("execute_request", {"code": CELLS.product, "silent": False})
        self.raw(frames)
        self.assertEqual(self.client.reply(head["msg_id"]).content["status"], "ok")
        self.client.until_idle(head["msg_id"])
        self.raw(frames)
        self.unanswered()

    def test_signed_nonsense(self):
        def signed(*parts):
            parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
            self.raw([DELIMITER, self.client.sign(parts), *parts])

        head = self.client.pack("execute_request", {})[1]
        signed(b"", b"", b"", b"")
        signed(b"{", b"{}", b"{}", b"{}")
        signed([], [], [], [])
        signed({}, {}, {}, {})
        signed(head, {}, {}, b"\xff\xfe")
        signed(head, {}, {}, b"[" * 100_000)
        signed({**head, "msg_type": 7}, {}, {}, {})
        signed({**head, "msg_id": None}, {}, {}, {})
        signed({**head, "msg_type": "execute_reply"}, {}, {}, {})
        signed({"msg_type": "execute_request"}, {}, {}, {"code": CELLS.product})
        asked = self.client.send("kernel_info_request")
        self.client.until_idle(asked)
        self.client.quiet("shell", 0.2)
        self.client.stray.clear()

    def test_requests_with_the_wrong_content(self):
        for kind in ("execute_request", "complete_request", "inspect_request", "history_request", "is_complete_request",
                     "comm_open", "comm_msg", "comm_close", "comm_info_request"):
            for content in ({}, {"code": 5}, {"code": None, "cursor_pos": "x"}, {"code": "", "cursor_pos": 1.5},
                            {"hist_access_type": "tail", "n": "many"}, {"hist_access_type": "none"}, {"comm_id": []}):
                self.client.send(kind, content)
        asked = self.client.send("kernel_info_request")
        self.client.until_idle(asked)
        self.client.quiet("shell", 0.2)
        self.client.quiet("iopub", 0.1)
        self.client.stray.clear()

    def test_huge_messages(self):
        code = ("// " if not PEER else "# ") + "x" * 20_000_000
        self.assertEqual(self.client.run(code).reply.content["status"], "ok")
        frames, head = self.client.pack("kernel_info_request", {})
        self.raw([*frames, *[b"y" * 1_000_000] * 10])
        self.client.reply(head["msg_id"])
        self.raw([b"i"] * 5000 + frames[:3])
        self.client.quiet("shell", 0.2)
        self.client.quiet("iopub", 0.1)
        self.client.stray.clear()

    def test_bytes_that_are_no_zmtp(self):
        for channel in ("shell", "control", "iopub", "stdin", "hb"):
            port = self.kernel.settings[f"{channel}_port"]
            for said in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000, b"\xff" * 1000, zmtp.GREETING[:30],
                         zmtp.GREETING + b"\x04\xff", zmtp.GREETING + zmtp.ready(b"NONSENSE"),
                         zmtp.GREETING + zmtp.ready(b"DEALER") + b"\x02" + b"\x7f" + b"\xff" * 7 + b"xx",
                         zmtp.GREETING + zmtp.ready(b"DEALER") + b"\xf8\x01x"):
                with self.subTest(channel, said=said[:80]):
                    one = zmtp.connect(port, handshake=False)
                    one.sendall(said)
                    one.close()
        beat = b"still there"
        self.client.sockets["hb"].send(beat)
        self.assertTrue(self.client.sockets["hb"].poll(5000))
        self.assertEqual(self.client.sockets["hb"].recv(), beat)


if __name__ == "__main__":
    unittest.main(verbosity=2)
