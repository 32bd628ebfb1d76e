"""`ironbook` on a pseudo-terminal, at two sizes: all that a person does in a session, and what the screen then shows.

    python tests/clients/terminal.py IRONBOOK
"""

import os
import random
import re
import sys
import tempfile
import termios
import unittest
from pathlib import Path

import nbformat
import psutil
from cells import Rust
from screen import COUNT, Screen
from wire import poll

# What the program has by now; what it has not is not looked at.
HAS = {
    "indentation": True,  # lines that begin where they belong
    "highlighting": True,  # colours while a cell is typed
    "hints": True,  # what history suggests, in grey behind the cursor
    "edit": True,  # %edit, and Ctrl-X Ctrl-E
    "fitting": True,  # tables that are no wider than the terminal
    "sessions": True,  # `ironbook repl --existing`
}
HAS.update({name: True for name in os.environ.get("IRONBOOK_TERMINAL_HAS", "").split(",") if name})

IRONBOOK = "ironbook"


def data():
    """Ironbook's data, where the library is."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("IRONBOOK_HOME") or Path(cache) / "ironbook")


class Sessions:
    """A home and a directory of its own for each test, so that nothing is remembered from another."""

    size = (24, 80)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ib-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("home", "run", "work"):
            (self.folder / name).mkdir()
        for name in ("std", "std-cuda", "rustc"):
            if (data() / name).exists():
                (self.folder / "home" / name).symlink_to(data() / name)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
            "IRONBOOK_HOME": str(self.folder / "home"), "IRONBOOK_HISTORY": str(self.folder / "home/history.jsonl"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "TERM": "xterm-256color",
        }

    def start(self, *command, **environment):
        command = command or (IRONBOOK,)
        screen = Screen(list(command), self.size, {**self.environment, **environment}, self.folder / "work")
        self.addCleanup(screen.close)
        return screen

    def session(self, **environment):
        screen = self.start(**environment)
        screen.prompt(1)
        return screen

    def ask(self, screen, number, text):
        """Enters a cell; the lines that it shows."""
        screen.enter(text)
        return screen.answers(number)

    def leave(self, screen):
        screen.control("d")
        self.assertEqual(screen.ends(), 0)

    # Typing.

    def test_it_begins_and_ends(self):
        screen = self.session()
        self.assertRegex(screen.shown()[0], r"^Ironbook \d+\.\d+\.\d+\. %help for magics, Ctrl-D to quit\.$")
        self.assertEqual(self.ask(screen, 1, "1 + 1"), ["2"])
        self.assertEqual(self.ask(screen, 2, "let a = 1;"), [])
        screen.enter("")
        screen.until(lambda: screen.at_cursor() == "[3]:" and screen.lines().count("[3]:") == 2, "the same prompt")
        self.leave(screen)

    def test_cells_of_several_lines(self):
        screen = self.session()
        screen.enter("fn twice(x: i32) -> i32 {")
        if HAS["indentation"]:
            screen.until(lambda: screen.at_cursor() == "" and screen.cursor() == (2, 4), "an indented line")
            screen.enter("2 * x")
        else:
            screen.until(lambda: screen.cursor()[1] == 0 and "twice" in screen.shown()[screen.cursor()[0] - 1], "a line")
            screen.enter("    2 * x")
        screen.enter("}")
        screen.prompt(2)
        self.assertEqual(self.ask(screen, 2, "twice(21)"), ["42"])
        screen.paste("let a = 1;\nlet b = [\n    2,\n    3,\n];\na + b[1]")
        screen.sees(r"a \+ b\[1\]$")
        self.assertTrue(screen.at_cursor().endswith("a + b[1]"), "a paste runs nothing")
        screen.enter("")
        self.assertEqual(screen.answers(3)[-1:], ["4"])
        screen.enter("let s = \"two")
        screen.enter("lines\";")
        screen.prompt(5)
        self.assertEqual(self.ask(screen, 5, "s"), ['"two\\nlines"'])

    def test_what_is_pasted_while_a_cell_runs_is_one_cell(self):
        screen = self.session()
        screen.enter("std::thread::sleep(std::time::Duration::from_secs(2));")
        screen.runs()
        # As VS Code does it that runs a cell in its terminal: in pieces, of which the last is there after the prompt.
        screen.keys("\x1b[200~fn twice(x: i32) -> i32 {\r    2 * x\r}\r\r")
        screen.until(lambda: not termios.tcgetattr(screen.program.child_fd)[3] & termios.ISIG, "the end of the cell")
        screen.keys("let a = twice(20);\ra + 2\x1b[201~")
        screen.enter("")
        self.assertEqual(screen.answers(2)[-1:], ["42"])
        screen.enter("let b = 1;")
        screen.prompt(4)

    def test_characters_of_all_widths(self):
        screen = self.session()
        text = 'let 名前 = "漢字ä🦀é";'
        screen.keys(text)
        screen.until(lambda: screen.at_cursor() == "[1]: " + text, "the text")
        self.assertEqual(screen.cursor()[1], 5 + 22)
        for _ in range(3):
            screen.keys("\x1b[D")
        screen.until(lambda: screen.cursor()[1] == 5 + 19, "the cursor behind the crab")
        screen.keys("\x7f")
        screen.until(lambda: screen.at_cursor() == '[1]: let 名前 = "漢字äé";' and screen.cursor()[1] == 5 + 17, "no crab")
        screen.enter("")
        screen.prompt(2)
        self.assertEqual(self.ask(screen, 2, "(名前.chars().count(), 名前)"), ['(4, "漢字äé")'])

    def test_completion(self):
        screen = self.session()
        self.ask(screen, 1, "let temperature = 21.5;")
        screen.keys("temper\t")
        screen.until(lambda: screen.at_cursor().startswith("[2]: temperature"), "the name")
        screen.enter("")
        self.assertEqual(screen.answers(2), ["21.5"])
        screen.keys("%who\t\t")
        screen.sees(r"%who +List the names of the variables|%who\b.*%whos")
        screen.sees(r"%whos\b")
        screen.control("c")
        screen.prompt(3)

    def test_candidates_have_types_and_calls_stand_above_their_arguments(self):
        screen = self.session()
        self.ask(screen, 1, 'let df = df!["carrier" => ["AA", "UA"], "delay" => [4.5, -2.0]]?;')
        screen.keys("df.he\t")
        screen.sees(r"^  height +\(\) -> usize")
        screen.control("u")
        screen.keys("df.head(\t")
        screen.sees(r"^  fn head\(&self, length: Option<usize>\)")
        screen.sees(r"^  df +DataFrame")
        screen.control("u")
        self.assertIn("-2.0", " ".join(self.ask(screen, 2, "df?")), "a peek at the value")
        self.leave(screen)

    def test_candidates_are_chosen_in_their_list(self):
        screen = self.session()
        self.ask(screen, 1, "let zyx = 1; let zyx_b = 2; let zyx_c = 3;")
        at = lambda text: screen.until(lambda: screen.at_cursor() == f"[2]: {text}", repr(text))
        chosen = lambda name: screen.sees(rf"^> {name}\b")
        screen.keys("10 + zy\t")
        screen.sees(r"^  zyx_b +i32")
        at("10 + zyx")
        names = [line.split()[0] for line in screen.shown() if line.startswith("  zyx")]
        self.assertEqual(sorted(names), sorted(set(names)), "each once")
        screen.keys("\t")
        at(f"10 + {names[0]}")
        chosen(names[0])
        screen.keys("\x1b[B")
        at(f"10 + {names[1]}")
        screen.keys("\x1b[Z")
        at(f"10 + {names[0]}")
        screen.keys("\x1b")
        at("10 + zyx")
        screen.until(lambda: not any(line.startswith("  zyx") for line in screen.shown()), "no list")
        screen.keys("\t\x1b[A")
        at(f"10 + {names[-1]}")
        screen.keys("\r")
        screen.until(lambda: not any(line.startswith(">") for line in screen.shown()), "no list")
        at(f"10 + {names[-1]}")
        screen.enter("")
        self.assertEqual(screen.answers(2), [str(10 + {"zyx": 1, "zyx_b": 2, "zyx_c": 3}[names[-1]])])
        self.leave(screen)

    def test_a_session_that_cannot_be_kept_names_the_directory(self):
        sessions = self.folder / "home/sessions"
        sessions.write_text("in the way")
        screen = self.session()
        screen.enter("1 + 1")
        screen.prompt(2)
        said = re.sub(r"\s+", "", "".join(screen.lines()))
        self.assertIn(f"{sessions}:".replace(" ", ""), said)
        self.assertIn("IRONBOOK_HOMEnamesadirectorythatcanbewritten", said)

    def test_the_second_interrupt_in_a_row_tells_how_to_leave(self):
        screen = self.session()
        screen.keys("let half =")
        screen.control("c")
        screen.until(lambda: screen.at_cursor() == "[1]:", "an empty prompt")
        self.assertNotIn("Ctrl-D quits.", screen.shown())
        screen.control("c")
        screen.sees(r"^Ctrl-D quits\.$")
        screen.prompt(1)
        screen.control("c")
        screen.until(lambda: sum(line.startswith("[1]:") for line in screen.lines()) == 4, "one more prompt")
        self.assertEqual(screen.lines().count("Ctrl-D quits."), 1)
        self.leave(screen)

    def test_candidates_are_there_while_the_language_service_is_slow(self):
        service = self.folder / "service"
        service.write_text("#!/bin/sh\necho '{\"Ready\":{\"seconds\":0,\"crates\":1}}'\nexec cat > /dev/null\n")
        service.chmod(0o755)
        self.environment["IRONBOOK_LANGUAGE"] = str(service)
        screen = self.session()
        self.ask(screen, 1, 'let df = df!["carrier" => ["AA", "UA"], "delay" => [4.5, -2.0]]?;')
        screen.keys("df.he\t")
        screen.sees(r"^  height +\(\) -> usize")
        screen.control("u")
        screen.keys("df.head(\t")
        screen.sees(r"^  fn head\(&self, length: Option<usize>\)")
        screen.control("u")
        self.leave(screen)

    def test_history_over_two_sessions(self):
        screen = self.session()
        self.ask(screen, 1, "let marker = 111;")
        self.ask(screen, 2, "let other = 222;")
        self.ask(screen, 3, "marker + other")
        screen.keys("\x1b[A")
        screen.until(lambda: screen.at_cursor() == "[4]: marker + other", "the last cell")
        screen.keys("\x1b[A")
        screen.until(lambda: screen.at_cursor() == "[4]: let other = 222;", "the one before")
        screen.keys("\x1b[B")
        screen.until(lambda: screen.at_cursor() == "[4]: marker + other", "the last cell again")
        screen.enter("")
        self.assertEqual(screen.answers(4), ["333"])
        self.leave(screen)
        again = self.session()
        again.keys("\x1b[A")
        again.until(lambda: again.at_cursor() == "[1]: marker + other", "the last cell of the session before")
        again.control("c")
        again.prompt(1)
        again.control("r")
        again.keys("let mark")
        again.sees(r"let marker = 111;")
        again.enter("")
        found = lambda: re.fullmatch(r"\[2\]\*?:|\[1\]: let marker = 111;", again.at_cursor())
        if again.until(found, "what was found").group().startswith("[1]"):
            again.enter("")
        again.prompt(2)
        self.assertEqual(self.ask(again, 2, "marker"), ["111"])

    def test_what_is_typed_has_colours(self):
        screen = self.session()
        screen.keys("let word = \"text\"; // why")
        screen.sees("why$")
        self.assertEqual(len(screen.colours("let word")) > 2, HAS["highlighting"])
        screen.control("c")
        screen.prompt(1)
        if HAS["hints"]:
            self.ask(screen, 1, "let remembered = 1;")
            screen.keys("let rem")
            screen.until(lambda: screen.at_cursor() == "[2]: let remembered = 1;", "the hint")
            self.assertEqual(screen.cursor()[1], 12)
            screen.keys("\x1b[C")
            screen.until(lambda: screen.cursor()[1] == 24, "the hint, taken")
            screen.control("c")

    def test_an_editor_of_ones_own(self):
        if not HAS["edit"]:
            return
        script = self.folder / "editor"
        script.write_text("#!/bin/sh\nsed -i s/6/7/ \"$1\"\n")
        script.chmod(0o755)
        screen = self.session(EDITOR=str(script), VISUAL="")
        self.assertEqual(self.ask(screen, 1, "6 * 6"), ["36"])
        screen.enter("%edit")
        screen.until(lambda: screen.at_cursor() == "[2]: 7 * 6", "the edited cell")
        screen.enter("")
        self.assertEqual(screen.answers(2), ["42"])
        screen.keys("6 + 1")
        screen.keys("\x18\x05")
        screen.until(lambda: screen.at_cursor() == "[3]: 7 + 1", "the edited text")
        screen.enter("")
        self.assertEqual(screen.answers(3), ["8"])

    # Stopping.

    def test_control_c_while_typing(self):
        screen = self.session()
        for text in ("let half = (", "let s = \"open"):
            screen.keys(text)
            screen.sees(re.escape(text))
            screen.control("c")
            screen.prompt(1)
        self.assertEqual(self.ask(screen, 1, "1"), ["1"])

    def test_control_c_while_it_compiles(self):
        screen = self.session()
        self.ask(screen, 1, "let kept = 5;")
        screen.paste(Rust.compiles_forever.format(unique=random.getrandbits(32)))
        screen.sees("SLOW$")
        screen.enter("")
        poll(lambda: self.compilers(), "compiler at work")
        screen.runs()
        screen.control("c")
        screen.prompt(3)
        self.assertIn("interrupted", "\n".join(screen.answers(2)))
        self.assertEqual(self.ask(screen, 3, "kept"), ["5"])
        poll(lambda: not self.compilers(), "end of the compiler")

    def compilers(self):
        """The compilers of this test's sessions."""
        found = []
        for process in psutil.process_iter(["name", "cwd"]):
            if process.info["name"] == "rustc" and (process.info["cwd"] or "").startswith(str(self.folder.resolve())):
                found.append(process)
        return found

    def test_control_c_while_it_runs(self):
        screen = self.session()
        self.ask(screen, 1, "let kept = 5;")
        screen.enter(Rust.forever_line)
        screen.sees("^started$")
        screen.runs()
        screen.control("c")
        self.assertIn("interrupted", "\n".join(screen.answers(2)))
        self.assertEqual(self.ask(screen, 3, "kept"), ["5"])
        screen.enter(Rust.deaf.replace("\n", " "))
        screen.until(lambda: screen.shown().count("started") == 2 or screen.at_cursor() == "started", "the cell runs")
        screen.sees("^started$")
        screen.runs()
        screen.control("c")
        # Behind the echo the program goes to a new line, once it has taken the press.
        screen.until(lambda: screen.at_cursor() == "" and "^C" in screen.shown()[screen.cursor()[0] - 1], "a line of its own")
        screen.control("c")
        said = "".join(screen.answers(4))
        self.assertIn("ended", said)
        self.assertIn("restored from disk: 1 variable: `kept`", said)
        self.assertNotIn("within", said, "the second press ends it, not the clock")
        self.assertEqual(self.ask(screen, 5, "kept + 1"), ["6"])

    def test_questions(self):
        screen = self.session()
        screen.enter('let name = ironbook::input("name? ")?;')
        screen.until(lambda: screen.at_cursor() == "name?", "the question")
        screen.enter("Änn")
        screen.prompt(2)
        self.assertEqual(self.ask(screen, 2, "name"), ['"Änn"'])
        screen.enter('let secret = ironbook::password("word? ")?;')
        screen.until(lambda: screen.at_cursor() == "word?", "the question")
        screen.enter("hidden")
        screen.prompt(4)
        self.assertFalse(any("hidden" in line for line in screen.lines()))
        screen.enter('ironbook::input("again? ")?')
        screen.until(lambda: screen.at_cursor() == "again?", "the question")
        screen.runs()
        screen.control("c")
        self.assertIn("interrupted", "\n".join(screen.answers(4)))
        self.assertEqual(self.ask(screen, 5, "secret"), ['"hidden"'])

    def test_control_z_and_back(self):
        screen = self.start("bash", "--norc", "--noprofile", "-i", PS1="shell> ")
        screen.until(lambda: screen.at_cursor() == "shell>", "a shell")
        screen.enter(IRONBOOK)
        screen.prompt(1)
        screen.keys("let a = 6")
        screen.sees(r"let a = 6$")
        screen.control("z")
        screen.until(lambda: screen.at_cursor() == "shell>", "the shell")
        screen.sees("Stopped")
        screen.enter("fg")
        screen.sees(r"^\[1\]: let a = 6$")
        screen.enter(";")
        screen.prompt(2)
        self.assertEqual(self.ask(screen, 2, "a * 7"), ["42"])
        screen.control("d")
        screen.until(lambda: screen.at_cursor() == "shell>", "the shell")

    def test_who_wants_to_leave_is_told_how(self):
        screen = self.session()
        for number, text in enumerate(("exit", "quit()"), 1):
            screen.enter(text)
            screen.until(lambda: screen.ended or "Ctrl-D" in "\n".join(screen.lines()[1:]), "how to quit")
            if screen.ended:
                self.assertEqual(screen.ends(), 0)
                return
            screen.prompt(number + 1)
        self.leave(screen)

    # Showing.

    def test_the_size_changes(self):
        screen = self.session()
        rows, columns = self.size
        screen.keys("let number = 5")
        screen.sees("number = 5$")
        screen.resize(rows - 4, columns - 20)
        screen.keys("0;")
        screen.sees("number = 50;$")
        screen.resize(rows + 6, columns + 20)
        screen.enter("")
        screen.prompt(2)
        self.assertEqual(self.ask(screen, 2, "number"), ["50"])
        go = self.folder / "go"
        screen.enter(Rust.until_file.replace("\n", " ").format(path=go))
        screen.sees("^started$")
        screen.resize(*self.size)
        go.touch()
        self.assertIn("went on", screen.answers(3))

    def test_magics_help_and_the_shell(self):
        screen = self.session()
        self.ask(screen, 1, "let words = vec![\"a\", \"b\"];")
        self.assertEqual(self.ask(screen, 2, "%who"), ["words"])
        self.assertRegex("\n".join(self.ask(screen, 3, "%whos")), r"words +Vec<&str> .* 1")
        self.assertEqual(self.ask(screen, 4, "!echo $((6 * 7)) ü"), ["42 ü"])
        self.assertIn("Vec<&str>", "\n".join(self.ask(screen, 5, "words?")))
        self.assertIn("%time", "\n".join(self.ask(screen, 6, "%help time")))
        self.assertIn("did you mean", "\n".join(self.ask(screen, 7, "%whoo")))
        self.assertRegex("\n".join(self.ask(screen, 8, "%time words.len()")), r"wall .*CPU")
        self.assertEqual(self.ask(screen, 9, "%save work.rs 1 4"), ["Wrote 2 cells to work.rs"])
        self.assertEqual(self.ask(screen, 10, "%notebook work"), ["Wrote 7 cells to work.ipynb"])
        notebook = nbformat.read(self.folder / "work/work.ipynb", as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        self.assertEqual(notebook.cells[1].outputs[0].text, "words\n")
        self.assertEqual(self.ask(screen, 11, "%run work.rs"), ["42 ü"])
        # The text of a file stands in the next cell, to be changed.
        screen.enter("%load work.rs")
        screen.sees(r"^\[13\]: // %load work\.rs$")
        screen.control("c")
        screen.prompt(13)

    def test_errors_have_colours_unless_unwanted(self):
        wrong = "let text: String = 5;"
        screen = self.session()
        said = "\n".join(self.ask(screen, 1, wrong))
        self.assertIn("error[E0308]: mismatched types", said)
        self.assertIn("cell 1:1:20", said)
        self.assertIn("│           ───┬──   ┬", said)
        self.assertNotEqual(screen.colours("mismatched types"), {"default"})
        self.assertIn("panic: boom", self.ask(screen, 2, 'panic!("boom")'))
        plain = self.session(NO_COLOR="1")
        self.assertIn("error[E0308]: mismatched types", "\n".join(self.ask(plain, 1, wrong)))
        self.assertEqual(plain.all_colours(), {"default"})

    def test_progress_is_drawn_in_place(self):
        screen = self.session()
        screen.paste(Rust.progress.format(pause=40))
        screen.sees(r"counted")
        screen.enter("")
        screen.sees(r"^counting ━+.* \d+/40")
        self.assertEqual([line for line in screen.answers(1) if "counting" in line and "/40" in line], [])
        self.assertIn("counted", screen.lines())

    def test_long_lines_and_long_outputs(self):
        screen = self.session()
        rows, columns = self.size
        long = "abcdefghij" * 70
        screen.keys(f'"{long}"')
        screen.until(lambda: f'"{long}"' in "".join(line.strip() for line in screen.shown()), "the whole line")
        self.assertEqual(screen.cursor()[1], (5 + 702) % columns)
        screen.enter(".len()")
        self.assertEqual(screen.answers(1)[-1:], ["700"])
        lines = self.ask(screen, 2, 'for i in 0..3000 { println!("line {i}"); }')
        self.assertEqual(lines, [f"line {i}" for i in range(3000)])
        self.assertEqual(self.ask(screen, 3, 'print!("no end of line");'), ["no end of line"])
        said = "".join(self.ask(screen, 4, '"x".repeat(5000)'))
        self.assertEqual(said.count("x"), 5000)

    def test_a_table_that_is_too_wide(self):
        screen = self.session()
        names = ", ".join(f'"column_{i}" => [{i}, {i + 1}]' for i in range(40))
        screen.paste(f"let wide = df!({names})?;")
        screen.sees(r"\)\?;$")
        screen.enter("")
        screen.prompt(2)
        lines = self.ask(screen, 2, "wide")
        table = [line for line in lines if line.startswith(("┌", "│", "└", "╞", "├"))]
        if HAS["fitting"] or self.size[1] >= 100:
            self.assertTrue(all(line[-1] in "┐│┘╡┤" for line in table) and len(table) + 1 == len(lines), "\n".join(lines))
        self.assertIn("│ column_0 │", "\n".join(lines))
        self.assertRegex(lines[-1], "^2 rows x 40 columns")

    def test_a_second_terminal(self):
        if not HAS["sessions"]:
            return
        screen = self.session()
        self.ask(screen, 1, "let shared = 5;")
        other = self.start(IRONBOOK, "repl", "--existing")
        other.prompt(2)
        self.assertEqual(self.ask(other, 2, "shared"), ["5"])
        self.leave(other)
        screen.enter("shared + 1")
        screen.prompt(4)  # cell 2 was the other's
        self.assertIn("6", screen.lines())
        self.leave(screen)


class Small(Sessions, unittest.TestCase):
    size = (24, 80)


class Large(Sessions, unittest.TestCase):
    size = (60, 200)


def tearDownModule():
    print(f"{COUNT['interactions']} interactions")


if __name__ == "__main__":
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_file():
        IRONBOOK = sys.argv.pop(1)
    unittest.main(verbosity=2)
