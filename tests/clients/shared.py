"""One session for a notebook and terminals: the same variables, each sees what the other does, either can end it.

    python tests/clients/shared.py IRONBOOK
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import termios
import unittest
from pathlib import Path

from cells import CELLS
from console import Terminal
from jupyter_client import BlockingKernelClient
from wire import PATIENCE, Kernel, descendants, gone, poll

IRONBOOK = "ironbook"


def data():
    """Ironbook's data, where the library is."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("IRONBOOK_HOME") or Path(cache) / "ironbook")


class Case(unittest.TestCase):
    """Sessions of its own: the register of others' is not looked at."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ib-")
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name) / "home"
        self.home.mkdir()
        for name in ("std", "std-cuda", "rustc"):
            if (data() / name).exists():
                (self.home / name).symlink_to(data() / name)
        self.runtime = Path(folder.name) / "run"
        self.runtime.mkdir()
        self.addCleanup(lambda: self.stop("--all"))
        self.environment = {
            **os.environ, "IRONBOOK_HOME": str(self.home), "IRONBOOK_HISTORY": str(self.home / "history.jsonl"),
            "XDG_RUNTIME_DIR": str(self.runtime), "JUPYTER_RUNTIME_DIR": str(self.runtime), "TERM": "xterm",
        }

    def terminal(self, *arguments, size=(40, 120)):
        """A terminal that has its first prompt."""
        terminal = self.program(*arguments, size=size)
        terminal.expect(r"\[\d+\]: \r?$")
        return terminal

    def program(self, *arguments, size=(40, 120)):
        terminal = Terminal(IRONBOOK, list(arguments), env=self.environment, encoding="utf-8", dimensions=size,
                            timeout=PATIENCE, echo=False)
        self.addCleanup(terminal.close, force=True)
        return terminal

    def notebook(self, **environment):
        """A kernel that was started for a notebook, and the notebook's client."""
        own = {name: self.environment[name] for name in ("IRONBOOK_HOME", "IRONBOOK_HISTORY")}
        kernel = Kernel(directory=self.home, **own, **environment)
        self.addCleanup(kernel.close)
        return kernel

    def sessions(self):
        said = subprocess.run([IRONBOOK, "sessions", "--json"], env=self.environment, capture_output=True, check=True,
                              timeout=PATIENCE)
        return json.loads(said.stdout)

    def run_ironbook(self, *arguments):
        return subprocess.run([IRONBOOK, *arguments], env=self.environment, capture_output=True, text=True, check=True,
                              timeout=PATIENCE)

    def stop(self, *arguments):
        return subprocess.run([IRONBOOK, "sessions", "stop", *arguments], env=self.environment, capture_output=True,
                              text=True, timeout=PATIENCE)

    def ask(self, terminal, line, answer):
        """Enters a line and waits for what it shows, then for the prompt."""
        terminal.send(line + "\r")
        terminal.expect(answer)
        terminal.expect(r"\[\d+\]: \r?$")


class Shared(Case):
    def test_both_have_the_same_variables(self):
        kernel = self.notebook()
        self.assertEqual(kernel.client.run("let from_notebook = 20;").reply.content["status"], "ok")
        terminal = self.program("repl", "--existing")
        terminal.expect(r"Attached to [0-9a-f]{6}: 1 variable, 1 cell\.")
        terminal.expect(r"\[2\]: \r?$")
        terminal.send("let from_terminal = from_notebook + 1;\r")
        terminal.expect(r"\[3\]: \r?$")
        self.assertEqual(kernel.client.run("from_terminal * 2").result(), "42")
        terminal.sendcontrol("d")
        terminal.expect("The session goes on")
        terminal.wait()
        self.assertEqual(terminal.exitstatus, 0)
        self.assertEqual(kernel.client.run("from_terminal").result(), "21", "leaving ends nothing")

    def test_what_the_notebook_does_is_shown_above_the_prompt(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        terminal.send("half a li")
        terminal.expect("half a li")
        kernel.client.run('println!("one");\nprintln!("two");\n6 * 7')
        terminal.expect(r'── notebook \[1\]: println!\("one"\); …\r\n')
        terminal.expect(r"│ one\r\n")
        terminal.expect(r"│ two\r\n")
        terminal.expect(r"│ 42\r\n")
        terminal.expect(r"\[1\]: half a li")
        kernel.client.run("nowhere_at_all")
        terminal.expect(r"── notebook \[2\]: nowhere_at_all\r\n")
        terminal.expect(r"│ .*cannot find value")
        terminal.expect(r"half a li")
        terminal.sendcontrol("c")
        terminal.expect(r"\[3\]: \r?$")

    def test_a_flood_of_the_notebook_is_cut(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        kernel.client.run(CELLS.lines.format(count=20000))
        terminal.expect(r"│ line 99\r\n")
        terminal.expect(r"│ … [\d,]+ more lines\r\n")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_what_is_larger_than_a_clients_backlog_arrives_and_is_cut(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        kernel.client.run('display(&Markdown("x".repeat(20 << 20)));')
        terminal.expect(r"│ x{1000,}…\r\n")
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        kernel.client.alive()

    def test_a_terminal_that_stood_still_hears_again(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        os.kill(terminal.pid, signal.SIGSTOP)
        for _ in range(5):  # more than may wait for a client
            kernel.client.run('display(&Markdown("x".repeat(20 << 20)));')
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.expect("some outputs of other clients may be missing")
        kernel.client.run('println!("and on");')
        terminal.expect(r"│ and on\r\n")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_the_notebook_sees_what_the_terminal_does(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        terminal.send('println!("from the terminal");\r')
        seen = []
        while not seen or seen[-1].content.get("execution_state") != "idle" or "code" not in str(seen):
            seen.append(kernel.client.receive("iopub"))
        inputs = [message for message in seen if message.kind == "execute_input"]
        self.assertEqual(inputs[0].content["code"], 'println!("from the terminal");')
        self.assertEqual(inputs[0].parent["username"], "terminal")

    def test_two_terminals(self):
        first = self.terminal("repl", "--keep")
        poll(self.sessions, "session")
        second = self.terminal("repl", "--existing")
        self.ask(second, "let x = 5; x", r"\n5\r\n")
        first.expect(r"── terminal \[1\]: let x = 5; x\r\n")
        first.expect(r"│ 5\r\n")
        self.ask(first, "x + 1", r"\n6\r\n")
        self.assertEqual(self.stop("--all").returncode, 0)

    def test_jupyters_client_attaches_to_a_terminals_session(self):
        terminal = self.terminal()
        self.ask(terminal, "let x = 5; x", r"\n5\r\n")
        client = BlockingKernelClient(connection_file=self.sessions()[0]["connection_file"])
        client.load_connection_file()
        client.start_channels()
        self.addCleanup(client.stop_channels)
        client.wait_for_ready(timeout=PATIENCE)
        heard = []
        reply = client.execute_interactive("let y = x + 1; y", output_hook=heard.append, timeout=PATIENCE)
        self.assertEqual(reply["content"]["status"], "ok")
        results = [m["content"]["data"]["text/plain"] for m in heard if m["msg_type"] == "execute_result"]
        self.assertEqual(results, ["6"])
        terminal.expect(r"── notebook \[2\]: let y = x \+ 1; y\r\n")
        self.ask(terminal, "x + y", r"\n11\r\n")

    def test_progress_and_notes_are_the_terminals_own(self):
        terminal = self.terminal()
        terminal.send(CELLS.progress.format(pause=30).replace("\n", " ") + "\r")
        terminal.expect(r"counting [━╸ ]+ \d+/40")
        terminal.expect(r"counted\r\n")

    def test_a_question_goes_to_who_asked(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        running = kernel.client.execute('let name = ironbook::input("your name? ")?;', allow_stdin=True)
        question = kernel.client.receive("stdin")
        terminal.expect(r"── notebook \[1\]")
        terminal.send('let mine = ironbook::input("and yours? ")?;\r')
        terminal.expect(r"waiting for another client's cell \[1\]")
        kernel.client.send("input_reply", {"value": "Ann"}, channel="stdin", parent=question.header)
        kernel.client.finish(running)
        terminal.expect(r"and yours\? $")
        self.assertEqual(kernel.client.quiet("stdin"), [])
        terminal.send("Bob\r")
        terminal.expect(r"\[3\]: \r?$")
        self.assertEqual(kernel.client.run('format!("{name} {mine}")').result(), '"Ann Bob"')

    def test_a_question_whose_cell_is_interrupted_elsewhere_is_dropped(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        terminal.send('let mine = ironbook::input("and yours? ")?;\r')
        terminal.expect(r"\nand yours\? $")
        kernel.client.send("interrupt_request", channel="control")
        terminal.expect(r"\[2\]: \r?$")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_a_secret_is_not_shown(self):
        terminal = self.terminal()
        terminal.send('let word = ironbook::password("pw: ")?;\r')
        terminal.expect(r"\r\npw: $")
        terminal.send("swordfish\r")
        terminal.expect(r"\[2\]: \r?$")
        self.assertNotIn("swordfish", terminal.before)
        self.ask(terminal, "word.len()", r"\n9\r\n")

    def test_words_come_from_the_session(self):
        kernel = self.notebook()
        kernel.client.run(CELLS.names.replace("\n", " "))
        terminal = self.terminal("repl", "--existing")
        terminal.send("temper\t")
        terminal.expect("temperature")
        terminal.sendcontrol("c")
        terminal.expect(r"\[2\]: \r?$")

    def test_connect_info_says_how(self):
        terminal = self.terminal()
        terminal.send("%connect_info\r")
        terminal.expect(r'"transport": "ipc"')
        terminal.expect(r"ironbook repl --existing ([0-9a-f]{6})")
        again = self.terminal("repl", "--existing", terminal.match.group(1))
        self.ask(again, "6 * 7", r"\n42\r\n")
        alone = subprocess.run([IRONBOOK, "-e", "%connect_info"], env=self.environment, capture_output=True, text=True)
        self.assertIn("without a kernel", alone.stdout)


class Interrupts(Case):
    def test_the_terminal_interrupts_its_cell_and_variables_stay(self):
        terminal = self.terminal()
        self.ask(terminal, "let x = 5; x", r"\n5\r\n")
        terminal.send(CELLS.forever_line + "\r")
        terminal.expect(r"\nstarted\r\n")
        terminal.sendcontrol("c")
        terminal.expect(r"interrupted")
        terminal.expect(r"\[3\]: \r?$")
        self.ask(terminal, "x + 1", r"\n6\r\n")

    def test_a_second_press_ends_a_cell_that_does_not_listen(self):
        terminal = self.terminal()
        terminal.send(CELLS.deaf.replace("\n", " ") + "\r")
        terminal.expect(r"\nstarted\r\n")
        terminal.sendcontrol("c")
        terminal.expect(r"\r\n")
        terminal.sendcontrol("c")
        terminal.expect(r"\[2\]: \r?$")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_the_notebook_interrupts_the_terminals_cell(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        terminal.send(CELLS.forever_line + "\r")
        terminal.expect(r"\nstarted\r\n")
        kernel.client.send("interrupt_request", channel="control")
        terminal.expect(r"interrupted")
        terminal.expect(r"\[2\]: \r?$")

    def test_a_waiting_cell_is_taken_back_and_the_other_goes_on(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        running = kernel.client.execute(CELLS.forever)
        kernel.client.until_prints(running, "started")
        terminal.expect(r"│ started\r\n")
        terminal.send("let mine = 1;\r")
        terminal.expect(r"waiting for another client's cell \[1\]")
        terminal.sendcontrol("c")
        terminal.expect("taken back")
        terminal.expect(r"\[2\]: let mine = 1;\r?$")
        terminal.sendcontrol("c")
        terminal.expect("Ctrl-C once more interrupts it")
        self.assertTrue(self.sessions()[0]["state"] == "busy", "it still runs")
        terminal.expect(r"\[2\]: \r?$")
        terminal.sendcontrol("c")
        self.assertEqual(kernel.client.finish(running).reply.content["status"], "error")
        terminal.expect(r"│ .*interrupted")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_a_question_is_interrupted(self):
        terminal = self.terminal()
        terminal.send('let name = ironbook::input("your name? ")?;\r')
        terminal.expect(r"\r\nyour name\? $")
        terminal.sendcontrol("c")
        terminal.expect(r"\[2\]: \r?$")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_the_failure_of_one_aborts_no_cell_of_the_other(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        running = kernel.client.execute(CELLS.start_and_fail)
        kernel.client.until_prints(running, "started")
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        self.assertEqual(kernel.client.finish(running).reply.content["status"], "error")


class Ends(Case):
    """What ends, and what does not."""

    def processes(self, terminal):
        return poll(lambda: len(descendants(terminal.pid)) >= 2 and descendants(terminal.pid), "kernel and runtime")

    def test_leaving_ends_the_terminals_own_session(self):
        terminal = self.terminal()
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        processes = self.processes(terminal)
        terminal.sendcontrol("d")
        terminal.wait()
        self.assertEqual(terminal.exitstatus, 0)
        poll(lambda: all(gone(pid) for pid, _ in processes), "end of the kernel")
        self.assertEqual(self.sessions(), [])
        self.assertEqual(list(self.runtime.glob("ironbook-*")), [], "nothing is left")

    def test_a_killed_terminal_leaves_no_process(self):
        terminal = self.terminal()
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        processes = self.processes(terminal)
        terminal.send(CELLS.forever_line + "\r")
        terminal.expect(r"\nstarted\r\n")
        os.kill(terminal.pid, signal.SIGKILL)
        poll(lambda: all(gone(pid) for pid, _ in processes), "end of the kernel")
        self.assertEqual(self.sessions(), [])
        self.assertEqual(list(self.runtime.glob("ironbook-*")), [], "nothing is left")

    def test_a_terminated_terminal_ends_its_session_and_leaves_the_terminal_as_it_was(self):
        terminal = self.terminal()
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        processes = self.processes(terminal)
        before = termios.tcgetattr(terminal.child_fd)[3] & termios.ICANON
        os.kill(terminal.pid, signal.SIGTERM)
        poll(lambda: all(gone(pid) for pid, _ in processes), "end of the kernel")
        after = termios.tcgetattr(terminal.child_fd)[3] & termios.ICANON
        terminal.wait()
        self.assertEqual((before, bool(after), terminal.exitstatus), (0, True, 143))

    def test_a_closed_terminal_leaves_no_process(self):
        terminal = self.terminal()
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        processes = self.processes(terminal)
        terminal.close(force=False)
        poll(lambda: all(gone(pid) for pid, _ in processes), "end of the kernel")

    def test_a_kept_session_is_come_back_to(self):
        terminal = self.terminal("repl", "--keep")
        self.ask(terminal, "let x = 5; x", r"\n5\r\n")
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait()
        [session] = self.sessions()
        self.assertEqual((session["started_by"], session["state"]), ("terminal", "idle"))
        again = self.terminal("repl", "--existing", session["id"])
        self.ask(again, "x + 1", r"\n6\r\n")
        again.sendcontrol("d")
        again.wait()
        self.assertEqual(len(self.sessions()), 1)
        said = self.stop(session["id"])
        self.assertEqual((said.returncode, self.sessions()), (0, []), said)
        poll(lambda: gone(session["pid"]), "end of the kernel")

    def test_a_killed_kernel_is_told_and_another_one_started(self):
        terminal = self.terminal()
        self.ask(terminal, "let x = 5; x", r"\n5\r\n")
        os.kill(self.sessions()[0]["pid"], signal.SIGKILL)
        terminal.expect(r"the session has ended: its process was killed \(signal 9\)")
        terminal.expect(r"the next cell goes on with what is on disk")
        terminal.expect(r"\[2\]: \r?$")
        self.ask(terminal, "x + 1", r"1 cell so far, 1 variable back\r\n6\r\n")
        [session] = self.sessions()
        self.assertEqual([entry.stem for entry in self.home.glob("running/*")], [session["id"]])

    def test_a_session_that_was_left_is_gone_on_with(self):
        terminal = self.terminal()
        self.ask(terminal, "fn twice(n: i32) -> i32 { n * 2 } twice(4)", r"\n8\r\n")
        self.ask(terminal, "let x = 21; x", r"\n21\r\n")
        terminal.sendcontrol("d")
        terminal.wait()
        [ended] = json.loads(self.run_ironbook("sessions", "--ended", "--json").stdout)
        self.assertEqual((ended["killed"], ended["executions"]), (False, 2), ended)
        again = self.program("repl", "--resume")
        again.expect(r"2 cells so far, 1 variable back\r\n")
        again.expect(r"\[4\]: \r?$")
        self.ask(again, "twice(x)", r"\n42\r\n")
        second = self.program("repl", "--resume", ended["id"])
        second.expect(r"session [0-9a-f]+ is running")
        second.expect(r"\[\d\]: \r?$")

    def test_a_notebook_goes_on_with_a_session_that_was_killed(self):
        first = self.notebook()
        self.assertEqual(first.client.run("let x = 41; x").result(), "41")
        os.kill(first.process.pid, signal.SIGKILL)
        first.wait()
        second = self.notebook()
        ran = second.client.run("1")
        self.assertIn("was killed; `%resume", str([message.content for message in ran.messages]))
        third = self.notebook()
        ran = third.client.run("%resume")
        self.assertIn("1 variable back", ran.text("stdout"))
        self.assertEqual(third.client.run("x + 1").result(), "42")

    def test_a_killed_runtime_costs_a_notebook_nothing(self):
        kernel = self.notebook()
        self.assertEqual(kernel.client.run("let x = 41; x").result(), "41")
        [runtime] = [pid for pid, name in descendants(kernel.process.pid) if name.startswith("ironbook-runtim")]
        os.kill(runtime, signal.SIGKILL)
        poll(lambda: gone(runtime), "end of the runtime")
        ran = kernel.client.run("x")
        self.assertEqual(ran.result(), "41")
        self.assertIn("restored from disk: 1 variable", str([message.content for message in ran.messages]))
        self.assertEqual(kernel.client.run("x + 1").result(), "42")

    def test_a_kernel_that_is_killed_during_a_cell_is_told(self):
        terminal = self.terminal()
        terminal.send(CELLS.forever_line + "\r")
        terminal.expect(r"\nstarted\r\n")
        os.kill(self.sessions()[0]["pid"], signal.SIGKILL)
        terminal.expect(r"the session has ended: its process was killed")
        terminal.expect(r"\[1\]: \r?$")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_another_client_shuts_the_session_down(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing")
        kernel.client.send("shutdown_request", {"restart": False}, channel="control")
        terminal.expect(r"the session has ended: another client has shut it down")
        terminal.expect(r"\[1\]: \r?$")
        terminal.sendcontrol("d")
        terminal.wait()
        self.assertEqual(terminal.exitstatus, 0)

    def test_another_client_restarts_the_kernel(self):
        first = self.notebook()
        terminal = self.terminal("repl", "--existing")
        self.ask(terminal, "let x = 5; x", r"\n5\r\n")
        first.client.send("shutdown_request", {"restart": True}, channel="control")
        first.wait()
        own = {name: self.environment[name] for name in ("IRONBOOK_HOME", "IRONBOOK_HISTORY")}
        second = Kernel(settings=first.settings, **own)
        self.addCleanup(second.close)
        terminal.expect(r"the session was restarted; its variables are gone")
        self.ask(terminal, "x", r"cannot find value")
        self.assertEqual(second.client.run("6 * 7").result(), "42")

    def test_a_notebooks_kernel_that_dies_and_is_started_again_is_found_again(self):
        first = self.notebook()
        terminal = self.terminal("repl", "--existing")
        self.ask(terminal, "let x = 5; x", r"\n5\r\n")
        os.kill(first.process.pid, signal.SIGKILL)
        first.wait()
        terminal.expect("the connection to the session is lost; it is tried again")
        own = {name: self.environment[name] for name in ("IRONBOOK_HOME", "IRONBOOK_HISTORY")}
        second = Kernel(settings=first.settings, **own)
        self.addCleanup(second.close)
        terminal.expect(r"the session was restarted; its variables are gone")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_a_kernel_that_stands_still_is_told(self):
        terminal = self.terminal()
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        pid = self.sessions()[0]["pid"]
        os.kill(pid, signal.SIGSTOP)
        terminal.expect("the kernel does not answer")
        [session] = self.sessions()
        self.assertEqual(session["state"], "not answering")
        os.kill(pid, signal.SIGCONT)
        terminal.expect("the kernel answers again")
        self.ask(terminal, "6 * 7", r"\n42\r\n")

    def test_a_kernel_that_stands_still_during_a_cell_is_given_up(self):
        terminal = self.terminal()
        terminal.send(CELLS.forever_line + "\r")
        terminal.expect(r"\nstarted\r\n")
        os.kill(self.sessions()[0]["pid"], signal.SIGSTOP)
        terminal.expect(r"the kernel does not answer; Ctrl-C twice gives it up\r\n")
        terminal.sendcontrol("c")
        terminal.expect(r"\r\n")
        terminal.sendcontrol("c")
        terminal.expect("the session has ended")
        self.ask(terminal, "6 * 7", r"\n42\r\n")


class Sessions(Case):
    def refused(self, *arguments):
        said = subprocess.run([IRONBOOK, "repl", "--existing", *arguments], env=self.environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        self.assertEqual(said.returncode, 2, said)
        return said.stderr

    def test_none_runs(self):
        self.assertIn("no sessions", self.refused())
        self.assertIn("there is no session `abc`", self.refused("abc"))
        said = subprocess.run([IRONBOOK, "sessions"], env=self.environment, capture_output=True, text=True)
        self.assertEqual((said.returncode, said.stdout), (0, ""))
        self.assertIn("No sessions run", said.stderr)

    def test_they_are_listed(self):
        kernel = self.notebook(JPY_SESSION_NAME="/data/flights.ipynb")
        kernel.client.run("let x = 5;")
        running = kernel.client.execute(CELLS.forever)
        kernel.client.until_prints(running, "started")
        self.terminal("repl")
        listed = poll(lambda: len(self.sessions()) == 2 and self.sessions(), "two sessions")
        states = {session["started_by"]: session["state"] for session in listed}
        self.assertEqual(states["jupyter"], "busy")
        notebook = next(session for session in listed if session["started_by"] == "jupyter")
        self.assertEqual((notebook["notebook"], notebook["variables"]), ("/data/flights.ipynb", 1))
        self.assertGreater(notebook["memory_bytes"], 10 << 20)
        table = subprocess.run([IRONBOOK, "sessions"], env=self.environment, capture_output=True, text=True).stdout
        self.assertRegex(table, rf"{notebook['id']}  notebook +/data/flights.ipynb .* busy in \[2\]")

    def test_the_table_fits_a_narrow_terminal(self):
        self.notebook(JPY_SESSION_NAME="/data/a/long/way/down/to/the/notebooks/of/this/year/flights.ipynb")
        shown = self.program("sessions", size=(24, 80))
        shown.expect(r"flights\.ipynb")
        shown.expect("attaches this terminal")
        shown.wait()

    def test_attach_and_stop(self):
        kernel = self.notebook()
        [session] = self.sessions()
        terminal = self.terminal("sessions", "attach", session["id"][:4])
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        said = self.stop(session["id"])
        self.assertIn("as it was asked to", said.stderr)
        terminal.expect("another client has shut it down")
        self.assertEqual(kernel.wait(), 0)

    def test_one_that_stands_still_is_killed(self):
        kernel = self.notebook()
        os.kill(kernel.process.pid, signal.SIGSTOP)
        said = self.stop("--all")
        self.assertIn("by SIGKILL", said.stderr)
        self.assertEqual(kernel.wait(), -signal.SIGKILL)
        self.assertEqual(self.sessions(), [])

    def test_what_a_killed_kernel_left_behind_is_cleaned_up(self):
        kernel = self.notebook()
        os.kill(kernel.process.pid, signal.SIGKILL)
        kernel.wait()
        self.assertEqual(self.sessions(), [])
        self.assertEqual(list(self.home.glob("running/*")), [])

    def test_a_script_runs_in_a_session(self):
        kernel = self.notebook()
        kernel.client.run("let x = 5;")
        said = subprocess.run([IRONBOOK, "repl", "--existing"], env=self.environment, capture_output=True, text=True,
                              input="// %%\nlet y = x + 1;\n// %%\ny\n// %%\nnowhere_at_all\n// %%\n1\n")
        self.assertEqual((said.returncode, said.stdout), (1, "6\n"), said.stderr)
        self.assertEqual(kernel.client.run("y").result(), "6")

    def test_a_connection_file_is_found_by_path_and_by_name(self):
        kernel = self.notebook()
        terminal = self.terminal("repl", "--existing", str(kernel.path))
        self.ask(terminal, "6 * 7", r"\n42\r\n")
        (self.runtime / "kernel-77.json").write_text(json.dumps(kernel.settings))
        by_name = self.terminal("repl", "--existing", "kernel-77.json")
        self.ask(by_name, "6 * 7", r"\n42\r\n")

    def test_a_kernel_of_another_language_is_refused(self):
        with Kernel(kernel="python3") as kernel:
            terminal = self.program("repl", "--existing", str(kernel.path))
            terminal.expect("that kernel is ipython, for python")
            terminal.wait()
            self.assertEqual(terminal.exitstatus, 2)

    def test_a_wrong_key_is_told(self):
        kernel = self.notebook()
        wrong = self.runtime / "wrong.json"
        wrong.write_text(json.dumps({**kernel.settings, "key": "another"}))
        terminal = self.program("repl", "--existing", str(wrong))
        terminal.expect("the key of the connection file is not that of the kernel")
        terminal.wait()
        kernel.client.alive()

    def test_files_and_sockets_are_the_users_alone(self):
        self.terminal()
        poll(self.sessions, "session")
        [folder] = self.runtime.glob("ironbook-*")
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.name != "log"}
        self.assertEqual(set(modes.values()), {0o600}, modes)
        [entry] = (self.home / "running").glob("*.json")
        self.assertEqual(entry.stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    IRONBOOK = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
