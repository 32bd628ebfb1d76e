"""`jupyter console` on a pseudo-terminal: run, complete, answer a question, interrupt, leave."""

import os
import re
import sys
import unittest

import pexpect
from cells import CELLS
from wire import NAME, PATIENCE


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?$")


class Terminal(pexpect.spawn):
    """A program on a terminal, read without colours and movements of the cursor."""

    kept = ""

    def read_nonblocking(self, size=1, timeout=-1):
        text = self.kept + super().read_nonblocking(size, timeout)
        unfinished = UNFINISHED.search(text)
        self.kept = unfinished.group() if unfinished else ""
        return ESCAPES.sub("", text[:len(text) - len(self.kept)])


class Console(unittest.TestCase):
    def setUp(self):
        # The terminal does not answer when asked where its cursor is; prompt_toolkit would wait for that.
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.console = Terminal(sys.executable, ["-m", "jupyter_console", "--kernel", NAME], env=environment,
                                encoding="utf-8", dimensions=(40, 120), timeout=PATIENCE)
        self.addCleanup(self.console.close, force=True)
        self.prompt(1)

    def prompt(self, number):
        self.console.expect(rf"In \[{number}\]: ")

    def enter(self, line):
        self.console.send(line + "\r")

    def test_a_session(self):
        console = self.console
        self.enter(CELLS.hello)
        console.expect(r"\nhello, world\r")
        self.prompt(2)
        self.enter(CELLS.product)
        console.expect(r"Out\[2\]: 42\r")
        self.prompt(3)
        self.enter(CELLS.assign)
        self.prompt(4)
        self.enter(CELLS.fails)
        console.expect(rf"\n[^\r]*{CELLS.fails_with}[^\r]*\r")
        self.prompt(5)
        console.send("%wh\t")
        console.expect("%whos")
        console.sendcontrol("c")  # empties the line
        self.enter(CELLS.forever_line)
        console.expect(r"\nstarted\r")
        console.sendcontrol("c")
        self.prompt(6)
        self.enter(CELLS.show)
        console.expect(r"Out\[6\]: 5\r")
        self.prompt(7)
        console.sendcontrol("d")
        console.expect(r"exit \(\[y\]/n\)\?")
        console.send("y\r")
        console.expect(pexpect.EOF)
        console.wait()
        self.assertEqual(console.exitstatus, 0)

    def test_a_question(self):
        ask, show = CELLS.ask.split("\n")
        self.enter(ask)
        self.console.expect(r"\r\s*your name\? ")
        self.enter("Ann")
        self.prompt(2)
        self.enter(show)
        self.console.expect(r"\nhello Ann\r")


if __name__ == "__main__":
    unittest.main(verbosity=2)
