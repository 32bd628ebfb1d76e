"""ZMTP 3.0 over a bare socket: for saying what no ZeroMQ library would say, and for not reading."""

import os
import socket
import struct

GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f" + b"\x03\0" + b"NULL".ljust(20, b"\0") + b"\0" + b"\0" * 31
MORE, LONG, COMMAND = 1, 2, 4


def frame(body, flags=0):
    """A frame of any length."""
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack("BB", flags, len(body)) + body


def message(parts):
    """A message of several frames."""
    return b"".join(frame(part, MORE) for part in parts[:-1]) + frame(parts[-1])


def property(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def ready(kind, identity=b""):
    """The command that ends the handshake."""
    return frame(b"\x05READY" + property(b"Socket-Type", kind) + property(b"Identity", identity), COMMAND)


def connect(port, kind=b"DEALER", handshake=True, timeout=10, receive_buffer=None):
    """A connection, with the handshake behind it unless told otherwise."""
    one = socket.socket()
    if receive_buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    one.settimeout(timeout)
    one.connect(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if handshake:
        one.sendall(GREETING)
        exactly(one, 64)
        one.sendall(ready(kind, os.urandom(8).hex().encode() if kind == b"DEALER" else b""))
        read_frame(one)
    return one


def exactly(one, count):
    got = b""
    while len(got) < count:
        more = one.recv(count - len(got))
        if not more:
            raise ConnectionError("the kernel closed the connection")
        got += more
    return got


def read_frame(one):
    """One frame: its flags and its body."""
    flags, = exactly(one, 1)
    length, = struct.unpack(">Q", exactly(one, 8)) if flags & LONG else exactly(one, 1)
    return flags, exactly(one, length)


def never_reads(port):
    """A subscriber to everything that reads nothing from here on."""
    one = connect(port, b"SUB", receive_buffer=4096)
    one.sendall(frame(b"\x01"))
    return one
