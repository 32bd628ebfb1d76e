"""Sends a kernel messages that are wrong in their bytes, their structure or their transport, and sees that it lives on.

python fuzz.py [--messages 5000] [--seed 1]

After each batch the kernel has to answer on control and on shell within two seconds of its last sign of work, its process
has to be there, and nothing that it wrote may speak of a panic. The same seed sends the same messages.
"""

import argparse
import copy
import json
import random
import select
import sys
import time

import zmq
import zmtp
from cells import CELLS
from wire import DELIMITER, Kernel

BATCH = 1000
SILENCE = 2.0
DEEP = 200
TEXTS = ["", "x", "é🦀\u200d\u0301", "\ud800", "\0", "<IDS|MSG>", "a" * 3000, "%", "%%", "?", "%who?", "{}", "(((", "\"", "'a",
         "/*", "r#\"", "let", "fn main() {", "df.", "🦀.", "::<", "\r\n", "\u2028", "1e999", "-", "../../etc"]
NUMBERS = [0, -1, 1, 2, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, -2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf")]
REQUESTS = {
    "execute_request": {"code": ")", "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
                        "stop_on_error": False},
    "complete_request": {"code": "pri", "cursor_pos": 3},
    "inspect_request": {"code": "println", "cursor_pos": 3, "detail_level": 0},
    "is_complete_request": {"code": "let a = (1,"},
    "history_request": {"output": False, "raw": True, "hist_access_type": "tail", "n": 3, "session": 0, "start": 1, "stop": 5,
                        "pattern": "*", "unique": True},
    "kernel_info_request": {},
    "comm_info_request": {"target_name": "t"},
    "comm_open": {"comm_id": "c", "target_name": "t", "data": {}},
    "comm_msg": {"comm_id": "c", "data": {"a": 1}},
    "comm_close": {"comm_id": "c", "data": {}},
    "interrupt_request": {},
    "debug_request": {"type": "request", "seq": 1, "command": "initialize", "arguments": {}},
    "create_subshell_request": {},
    "delete_subshell_request": {"subshell_id": "nobody"},
    "list_subshell_request": {},
    "input_reply": {"value": "v", "status": "ok"},
    "connect_request": {},
    "status": {"execution_state": "busy"},
    "execute_reply": {"status": "ok"},
    "": {},
}
# A cell costs a compiler; a message in so many is one.
RARE = {"execute_request": 0.02, "create_subshell_request": 0.1, "interrupt_request": 0.2}


class Maker:
    """Makes one message after the other."""

    def __init__(self, seed, key):
        self.random = random.Random(seed)
        self.sign = key
        self.count = 0

    def value(self, depth=0):
        r = self.random
        kind = r.randrange(8 if depth < 3 else 4)
        if kind == 0:
            return r.choice(TEXTS)
        if kind == 1:
            return r.choice(NUMBERS)
        if kind in (2, 3):
            return r.choice([None, True, False])
        if kind == 4:
            return "".join(chr(r.choice([r.randrange(128), r.randrange(0x3000), r.randrange(0x10000, 0x10ffff)]))
                           for _ in range(r.randrange(20)))
        if kind == 5:
            return [self.value(depth + 1) for _ in range(r.randrange(4))]
        if kind == 6:
            return {str(self.value(3)): self.value(depth + 1) for _ in range(r.randrange(4))}
        nested = []
        for _ in range(r.randrange(DEEP)):
            nested = [nested]
        return nested

    def bend(self, content):
        """A copy with something changed: a value, a key less, a key more."""
        r = self.random
        content = copy.copy(content)
        for _ in range(r.randrange(3)):
            keys = list(content) or ["code"]
            what = r.randrange(4)
            key = r.choice(keys)
            if what == 0:
                content.pop(key, None)
            elif what == 1:
                content[str(self.value(3))] = self.value()
            else:
                content[key] = self.value()
        return content

    def dump(self, value):
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.5)
        return text.encode("utf-8", "surrogatepass")

    def parts(self):
        """Header, parent, metadata, content; some of them bent."""
        r = self.random
        kind = r.choice(list(REQUESTS))
        while r.random() > RARE.get(kind, 1):
            kind = r.choice(list(REQUESTS))
        self.count += 1
        header = {"msg_id": f"m{self.count}", "session": "fuzz", "username": "u", "msg_type": kind,
                  "date": "2026-01-01T00:00:00Z", "version": "5.4"}
        if r.random() < 0.05:
            header["subshell_id"] = self.value()
        content = REQUESTS[kind]
        if "code" in content and kind != "execute_request":
            content = {**content, "code": r.choice(TEXTS), "cursor_pos": r.randrange(8)}
        content = self.bend(content) if r.random() < 0.8 else content
        if kind == "execute_request" and isinstance(content.get("code"), str):
            content["code"] = r.choice([")", "", "  ", "(((", "\ud800", "\0", "%no_such_magic", "let", CELLS.product])
        header = self.bend(header) if r.random() < 0.3 else header
        if header.get("msg_type") != kind and r.random() < 0.8:
            header["msg_type"] = kind
        return [header, self.value() if r.random() < 0.1 else {}, self.value() if r.random() < 0.1 else {}, content]

    def frames(self):
        """A signed message whose structure is bent, or one whose bytes are."""
        r = self.random
        parts = [self.dump(part) for part in self.parts()]
        if r.random() < 0.1:
            at = r.randrange(4)
            parts[at] = r.choice([b"", b"{", b"null", b"\xff\xfe", b"[]", b"0" * 300, b"{\"a\":1,\"a\":2}", b"[" * 3000])
        frames = [DELIMITER, self.sign(parts), *parts]
        if r.random() < 0.05:
            frames += [r.randbytes(r.randrange(100)) for _ in range(r.randrange(4))]
        if r.random() < 0.05:
            frames = [r.randbytes(r.randrange(40)) for _ in range(r.randrange(3))] + frames
        return frames if r.random() < 0.6 else self.spoil(frames)

    def spoil(self, frames):
        r = self.random
        at = r.randrange(len(frames))
        what = r.randrange(7)
        if what == 0:
            return frames[:at] or [b""]
        if what == 1:
            return frames[:at] + frames[at + 1:] or [b""]
        if what == 2:
            return frames[:at] + [frames[at]] * 2 + frames[at + 1:]
        if what == 3:
            r.shuffle(frames)
            return frames
        if what == 4:
            return [r.randbytes(r.randrange(60)) for _ in range(r.randrange(1, 9))]
        changed = bytearray(frames[at])
        for _ in range(r.randrange(1, 4)):
            if changed and what == 5:
                changed[r.randrange(len(changed))] = r.randrange(256)
            elif changed:
                del changed[r.randrange(len(changed)):]
        frames[at] = bytes(changed)
        return frames

    def wire(self):
        """The bytes of one message on the transport; one in three hundred breaks that as well."""
        r = self.random
        said = zmtp.message(self.frames())
        if r.random() < 1 / 300:
            return r.choice([said[:r.randrange(len(said))], r.randbytes(r.randrange(1, 60)), zmtp.frame(b"\x04PING\0\0", zmtp.COMMAND),
                             zmtp.frame(b"\x05READY", zmtp.COMMAND), b"\x02" + b"\xff" * 8, b"\xf8\x02ab", zmtp.GREETING + said,
                             zmtp.frame(b"\x09SUBSCRIBEx", zmtp.COMMAND), zmtp.message([b"\x01" + r.randbytes(9)])]), True
        return said, False


class Target:
    """The kernel under fire, with a good client that asks whether it is well."""

    def __init__(self, seed):
        self.kernel = Kernel()
        self.client = self.kernel.client
        self.maker = Maker(seed, self.client.sign)
        self.random = random.Random(seed + 1)

    def batch(self, count):
        """Sends so many messages on one channel, over as many connections as it takes."""
        channel, kind = self.random.choice([("shell", b"DEALER")] * 6 + [("control", b"DEALER")] * 2 + [
            ("stdin", b"DEALER"), ("hb", b"REQ"), ("iopub", b"SUB")])
        port = self.kernel.settings[f"{channel}_port"]
        sent = 0
        while sent < count:
            one = zmtp.connect(port, kind)
            try:
                while sent < count:
                    said, broken = self.maker.wire()
                    self.give(one, said)
                    sent += 1
                    if broken and self.random.random() < 0.7:
                        break
            except (ConnectionError, TimeoutError):
                sent += 1  # the kernel hung up on what was broken
            finally:
                one.close()
        return channel

    def give(self, one, said):
        """Sends everything, taking what comes back meanwhile."""
        view = memoryview(said)
        while view:
            readable, writable, _ = select.select([one], [one], [], SILENCE * 5)
            if readable and not one.recv(1 << 16):
                raise ConnectionError("closed")
            if writable:
                view = view[one.send(view):]
            elif not readable:
                raise AssertionError("the kernel takes nothing any more")
            self.drain()

    def drain(self):
        """Takes what iopub has; says whether there was something."""
        iopub, some = self.client.sockets["iopub"], False
        while iopub.getsockopt(zmq.EVENTS) & zmq.POLLIN:
            iopub.recv_multipart()
            some = True
        return some

    def well(self):
        """The kernel answers, on control at once, on shell after what it has still to do."""
        for channel in ("control", "shell"):
            asked = self.client.send("kernel_info_request", channel=channel)
            last = time.monotonic()
            while True:
                if self.drain():
                    last = time.monotonic()
                if self.client.sockets[channel].poll(20):
                    if self.client.receive(channel).parent.get("msg_id") == asked:
                        break
                if self.kernel.process.poll() is not None:
                    raise AssertionError(f"the kernel ended with {self.kernel.process.returncode}")
                if time.monotonic() - last > SILENCE:
                    raise AssertionError(f"no answer on {channel} {SILENCE} s after the last sign")
        if "panicked" in self.kernel.printed:
            raise AssertionError("the kernel panicked")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    target = Target(args.seed)
    began, sent, where = time.monotonic(), 0, {}
    with target.kernel as kernel:
        while sent < args.messages:
            count = min(BATCH, args.messages - sent)
            try:
                channel = target.batch(count)
                sent += count
                where[channel] = where.get(channel, 0) + count
                target.well()
            except AssertionError as error:
                sys.exit(f"seed {args.seed}, {sent} messages, the last batch on {channel}: {error}\n{kernel.printed[-5000:]}")
            if sent % 100_000 == 0:
                print(f"{sent} messages, {time.monotonic() - began:.0f} s", flush=True)
        memory = open(f"/proc/{kernel.process.pid}/status").read().split("VmRSS:")[1].split()[0]
        ran = target.client.run(CELLS.product)
        if ran.reply.content["status"] != "ok":
            sys.exit(f"after {sent} messages a cell fails: {ran.reply.content}")
    taken = time.monotonic() - began
    print(f"{sent} messages, seed {args.seed}: no panic, no hang; {taken:.1f} s, {sent / taken:.0f} a second, "
          f"{int(memory) / 1000:.0f} MB at the end; {where}")


if __name__ == "__main__":
    main()
