"""A program on a pseudo-terminal, and its screen as a person sees it: what is asserted is what stands there, not bytes."""

import re
import termios
import time

import pexpect
import pyte
from wire import PATIENCE

COUNT = {"interactions": 0}


class Screen:
    """A program on a terminal of this size, which answers what programs ask of terminals."""

    def __init__(self, command, size, environment, folder):
        self.rows, self.columns = size
        self.program = pexpect.spawn(command[0], command[1:], env=environment, cwd=str(folder), dimensions=size,
                                     timeout=PATIENCE)
        self.emulator = pyte.HistoryScreen(self.columns, self.rows, history=20_000)
        self.emulator.write_process_input = self.program.send
        self.stream = pyte.ByteStream(self.emulator)
        self.ended = False

    def close(self):
        self.program.close(force=True)

    # What a person does.

    def keys(self, text):
        """Types, without Enter."""
        COUNT["interactions"] += 1
        self.program.send(text)

    def enter(self, text):
        self.keys(text + "\r")

    def paste(self, text):
        self.keys(f"\x1b[200~{text}\x1b[201~")

    def control(self, letter):
        COUNT["interactions"] += 1
        self.program.sendcontrol(letter)

    def resize(self, rows, columns):
        COUNT["interactions"] += 1
        self.reshape(rows, columns)
        self.rows, self.columns = rows, columns
        self.program.setwinsize(rows, columns)

    def reshape(self, rows, columns):
        """As xterm does it: rows go at the bottom, unless the cursor would go with them; lines are cut, not wrapped."""
        emulator, (row, column) = self.emulator, self.cursor()
        above = max(0, row - rows + 1)
        emulator.history.top.extend(emulator.buffer[gone] for gone in range(above))
        kept = {number - above: dict(emulator.buffer[number]) for number in range(above, self.rows)}
        emulator.resize(rows, columns)
        emulator.buffer.clear()
        for number in range(rows):
            emulator.buffer[number].update({at: cell for at, cell in kept.get(number, {}).items() if at < columns})
        emulator.cursor.y, emulator.cursor.x = row - above, min(column, columns - 1)

    # What a person sees.

    def shown(self):
        """The lines of the screen, without blanks behind them."""
        return [line.rstrip() for line in self.emulator.display]

    def lines(self):
        """All lines, those that have scrolled away as well."""
        gone = [self.text(line) for line in self.emulator.history.top]
        lines = gone + self.shown()
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def text(self, line):
        return "".join(line[column].data for column in range(self.columns)).rstrip()

    def cursor(self):
        return self.emulator.cursor.y, self.emulator.cursor.x

    def at_cursor(self):
        """The line in which the cursor stands."""
        return self.shown()[self.cursor()[0]]

    def colours(self, word):
        """The colours of the newest line that has a word in it."""
        row = max(number for number, line in enumerate(self.shown()) if word in line)
        cells = [self.emulator.buffer[row][column] for column in range(self.columns)]
        return {cell.fg for cell in cells if cell.data.strip()}

    def all_colours(self):
        return {cell.fg for row in range(self.rows) for cell in self.emulator.buffer[row].values()}

    # Waiting: as long as it takes, within patience.

    def read(self):
        try:
            self.stream.feed(self.program.read_nonblocking(1 << 16, 0.05))
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            self.ended = True

    def until(self, holds, what):
        """Reads until something holds of the screen, and returns it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = holds()
            if found:
                return found
            if self.ended or time.monotonic() > deadline:
                why = "the program ended" if self.ended else "not in time"
                screen = "\n".join(self.lines()[-self.rows:])
                raise AssertionError(f"{what}: {why}; cursor at {self.cursor()}, on the screen:\n{screen}")
            self.read()

    def sees(self, pattern):
        """Waits for a line of the screen that a pattern is found in; the match."""
        found = lambda: next(filter(None, (re.search(pattern, line) for line in reversed(self.shown()))), None)
        return self.until(found, f"a line like {pattern!r}")

    def prompt(self, number):
        """Waits for an empty prompt of this number, the cursor behind it."""
        self.until(lambda: re.fullmatch(rf"\[{number}\]\*?:", self.at_cursor()), f"the prompt [{number}]")

    def answers(self, number):
        """Waits for the prompt after this cell; the lines between the two, without how long it took, which slow cells tell."""
        self.prompt(number + 1)
        lines = self.lines()
        begins = max(at for at, line in enumerate(lines) if re.match(rf"\[{number}\]\*?:", line))
        took = re.compile(r"[\d.]+ \w+ \(compiling [\d.]+ \w+\)$")
        return [line for line in lines[begins + 1:-1] if not took.match(line.strip())]

    def runs(self):
        """Waits until the program reads no keys, so that Ctrl-C is a signal."""
        self.until(lambda: termios.tcgetattr(self.program.child_fd)[3] & termios.ISIG, "a running cell")

    def ends(self):
        """Waits for the program's end; its exit status."""
        while not self.ended:
            self.until(lambda: self.read() or self.ended, "the end")
        self.program.wait()
        return self.program.exitstatus
