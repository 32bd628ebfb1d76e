"""Jupyter's wire over bare ZeroMQ: a client that sees every byte, and a kernel started by its kernelspec.

Nothing here is lenient: signatures are checked, a message that was not asked for is kept and reported, and each wait has
a deadline. `IRONBOOK_CLIENT_KERNEL` names the kernel, `ironbook` unless told.
"""

import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from jupyter_client.kernelspec import KernelSpecManager

NAME = os.environ.get("IRONBOOK_CLIENT_KERNEL", "ironbook")
DELIMITER = b"<IDS|MSG>"
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
QUIET = {"RUST_BACKTRACE": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
# Long enough for a busy machine; nothing waits that long when all is well.
PATIENCE = float(os.environ.get("IRONBOOK_CLIENT_PATIENCE", "60"))

DEEP = (
    "macro_rules! probe { ($name:ident) => { struct Probe { $name: u8 } } }\nprobe!(quizzical);\n"
    "fn of(probe: Probe) -> u8 { probe.quiz",
    "quizzical",
)
"""A text, and a name at its end that only the language service knows: a macro makes it."""


def ports(count):
    """Free ports, below those that the system gives to clients: one that calls a kernel again and again while it
    starts could otherwise be given the very port that it calls, and would be connected to itself."""
    found = []
    while len(found) < count:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def connection(transport="tcp", folder=None):
    """What a connection file holds."""
    numbers = ports(5) if transport == "tcp" else range(1, 6)
    where = "127.0.0.1" if transport == "tcp" else str(Path(folder) / "k")
    return {
        "transport": transport, "ip": where, "key": uuid.uuid4().hex, "signature_scheme": "hmac-sha256",
        "kernel_name": NAME, **{f"{name}_port": port for name, port in zip(CHANNELS, numbers)},
    }


def address(settings, channel):
    port = settings[f"{channel}_port"]
    joint = ":" if settings["transport"] == "tcp" else "-"
    return f"{settings['transport']}://{settings['ip']}{joint}{port}"


@dataclass(repr=False)
class Message:
    """A message as it came, taken apart, and when."""

    identities: list
    header: dict
    parent: dict
    metadata: dict
    content: dict
    buffers: list
    at: float

    @property
    def kind(self):
        return self.header["msg_type"]

    @property
    def unasked(self):
        """Whether it is one of the two that a kernel sends of its own accord."""
        return not self.parent and (self.kind == "iopub_welcome" or self.content == {"execution_state": "starting"})

    def __repr__(self):
        return f"<{self.kind} {json.dumps(self.content)[:200]} for {self.parent.get('msg_type')}>"


@dataclass
class Ran:
    """A cell that was run: its reply, and what came on iopub from busy to idle."""

    reply: Message
    messages: list = field(default_factory=list)

    @property
    def kinds(self):
        return [m.content["execution_state"] if m.kind == "status" else m.kind for m in self.messages]

    def of(self, kind):
        return [m.content for m in self.messages if m.kind == kind]

    def text(self, name="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == name)

    def result(self):
        return self.of("execute_result")[0]["data"]["text/plain"]


class Client:
    """One client of a kernel, with sockets and a session of its own."""

    def __init__(self, settings, wait=True):
        self.settings = settings
        self.key = settings["key"].encode()
        self.session = uuid.uuid4().hex
        self.sent = {}
        self.stray = []
        self.context = zmq.Context()
        self.sockets = {}
        kinds = {"shell": zmq.DEALER, "control": zmq.DEALER, "stdin": zmq.DEALER, "iopub": zmq.SUB, "hb": zmq.REQ}
        for channel, kind in kinds.items():
            socket = self.context.socket(kind)
            socket.linger = 0
            socket.reconnect_ivl = 5
            if kind == zmq.DEALER:
                socket.setsockopt(zmq.IDENTITY, self.session.encode())
            if kind == zmq.SUB:
                socket.rcvhwm = 0
                socket.subscribe(b"")
            socket.connect(address(settings, channel))
            self.sockets[channel] = socket
        if wait:
            self.wait()

    def wait(self):
        """Waits until the kernel answers and its iopub is heard; ipykernel welcomes only the first subscriber."""
        deadline = time.monotonic() + PATIENCE
        self.reply(self.send("kernel_info_request"))
        while not self.sockets["iopub"].poll(100):
            self.reply(self.send("kernel_info_request"), timeout=max(0, deadline - time.monotonic()))
        self.welcome = self.receive("iopub")
        last = self.send("kernel_info_request")
        self.reply(last)
        self.until_idle(last)
        self.stray.clear()

    def close(self):
        self.context.destroy(0)

    def sign(self, parts):
        return hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()

    def pack(self, kind, content, header=None, parent=None, metadata=None):
        """The frames of a new message, signature first, and its header."""
        head = {
            "msg_id": uuid.uuid4().hex, "session": self.session, "username": "tester", "msg_type": kind,
            "date": time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime()), "version": "5.5", **(header or {}),
        }
        parts = [json.dumps(part).encode() for part in (head, parent or {}, metadata or {}, content)]
        return [DELIMITER, self.sign(parts), *parts], head

    def send(self, kind, content=None, channel="shell", **more):
        """Sends a request; gives its id."""
        frames, head = self.pack(kind, content or {}, **more)
        self.sent[head["msg_id"]] = head
        self.sockets[channel].send_multipart(frames)
        return head["msg_id"]

    def unpack(self, frames):
        at = frames.index(DELIMITER)
        signature, *parts = frames[at + 1:at + 6]
        assert signature == self.sign(parts), "a message with a wrong signature came from the kernel"
        return Message(frames[:at], *(json.loads(part) for part in parts), frames[at + 6:], time.monotonic())

    def receive(self, channel, timeout=None):
        """The next message on a channel."""
        timeout = PATIENCE if timeout is None else timeout
        if not self.sockets[channel].poll(timeout * 1000):
            raise TimeoutError(f"nothing came on {channel} in {timeout} s")
        return self.unpack(self.sockets[channel].recv_multipart())

    def quiet(self, channel, seconds=0.2):
        """The messages that still come within a moment; there should be none."""
        came = []
        while self.sockets[channel].poll(seconds * 1000):
            message = self.unpack(self.sockets[channel].recv_multipart())
            if not message.unasked:
                came.append(message)
        return came

    def next(self, channel, to, deadline):
        """The next message of a channel that belongs to a request; those of other requests are kept in `stray`."""
        for kept in self.stray:
            if kept[0] == channel and kept[1].parent.get("msg_id") == to:
                self.stray.remove(kept)
                return kept[1]
        while True:
            message = self.receive(channel, max(0, deadline - time.monotonic()))
            if message.parent.get("msg_id") == to:
                return message
            if not message.unasked:
                self.stray.append((channel, message))

    def reply(self, to, channel="shell", timeout=None):
        """The reply to a request."""
        return self.next(channel, to, time.monotonic() + (PATIENCE if timeout is None else timeout))

    def ask(self, kind, content=None, channel="shell", timeout=None, header=None):
        """Sends a request, gives the content of its reply, and sees busy and idle around it."""
        sent = self.send(kind, content, channel, header=header)
        reply = self.reply(sent, channel, timeout)
        assert reply.kind == kind.replace("_request", "_reply"), reply
        states = [message.content.get("execution_state") for message in self.until_idle(sent, timeout)]
        assert (states[0], states[-1]) == ("busy", "idle"), states
        return reply.content

    def execute(self, code, **options):
        """Sends a cell; gives its id."""
        header, metadata = options.pop("header", None), options.pop("metadata", None)
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": True, **options,
        }
        return self.send("execute_request", content, header=header, metadata=metadata)

    def until(self, to, found, timeout=None):
        """iopub messages of a request up to the first for which `found` holds; gives all of them."""
        timeout = PATIENCE if timeout is None else timeout
        deadline = time.monotonic() + timeout
        came = []
        while not came or not found(came[-1]):
            try:
                came.append(self.next("iopub", to, deadline))
            except TimeoutError:
                raise TimeoutError(f"after {timeout} s on iopub only {came}, besides {self.stray}") from None
        return came

    def until_idle(self, to, timeout=None):
        return self.until(to, lambda m: m.kind == "status" and m.content["execution_state"] == "idle", timeout)

    def until_prints(self, to, text, timeout=None):
        """Waits until a cell has printed a text."""
        printed = []

        def found(message):
            if message.kind == "stream":
                printed.append(message.content["text"])
            return text in "".join(printed)

        return self.until(to, found, timeout)

    def finish(self, to, timeout=None):
        """Waits for the end of a cell that was sent."""
        messages = self.until_idle(to, timeout)
        return Ran(self.reply(to, timeout=timeout), messages)

    def run(self, code, timeout=None, **options):
        """Runs a cell to its end."""
        return self.finish(self.execute(code, **options), timeout)

    def alive(self, timeout=10):
        """Asserts that the kernel answers."""
        assert self.reply(self.send("kernel_info_request"), timeout=timeout).content["status"] == "ok"


def command(path, kernel=None):
    """The kernelspec's command for a connection file, and its environment."""
    spec = KernelSpecManager().get_kernel_spec(kernel or NAME)
    argv = [part.replace("{connection_file}", str(path)) for part in spec.argv]
    if argv[0] in ("python", "python3"):
        argv[0] = sys.executable
    return argv, spec.env


class Kernel:
    """A kernel process, and a first client of it. Use it in `with`: it then ends, whatever happens."""

    def __init__(self, settings=None, transport="tcp", client=True, kernel=None, directory=None, **environment):
        self.folder = tempfile.TemporaryDirectory(prefix="ib-")
        self.settings = settings or connection(transport, self.folder.name)
        self.path = Path(self.folder.name) / "connection.json"
        self.path.write_text(json.dumps(self.settings))
        self.log = Path(self.folder.name) / "log"
        argv, more = command(self.path, kernel)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                argv, cwd=directory or self.folder.name, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **more, **QUIET, **environment}, start_new_session=True)
        self.client = None
        if client:
            try:
                self.client = self.connect()
            except TimeoutError as error:
                self.close()
                raise TimeoutError(f"the kernel did not start ({error}):\n{self.printed}") from None

    @property
    def printed(self):
        """What the process itself wrote to stdout and stderr."""
        return self.log.read_text(errors="replace")

    def connect(self, **options):
        """One more client."""
        return Client(self.settings, **options)

    def wait(self, timeout=None):
        """The exit status, once the process has ended."""
        return self.process.wait(PATIENCE if timeout is None else timeout)

    def close(self):
        if self.client:
            self.client.close()
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"\nthe kernel wrote:\n{self.printed}", file=sys.stderr)
        self.close()


def descendants(pid):
    """Processes below one, each with its name."""
    below, found = {}, []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            except (FileNotFoundError, ProcessLookupError):
                continue
            below.setdefault(int(rest.split()[1]), []).append((int(entry.name), name))
    queue = [pid]
    while queue:
        children = below.get(queue.pop(), [])
        found += children
        queue += [child for child, _ in children]
    return found


def poll(found, what, timeout=None):
    """Asks again and again until something is there; gives it."""
    timeout = PATIENCE if timeout is None else timeout
    deadline = time.monotonic() + timeout
    while True:
        if value := found():
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} in {timeout} s")
        time.sleep(0.01)


def gone(pid):
    """Whether a process has ended, all of its threads included: they hold its files."""
    try:
        ended = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        return ended and len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return True
