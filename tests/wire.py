"""Requests as bytes, for clients that hold to no library's manners."""

import contextlib
import socket

LIMIT_S = 30.0
NEEDS_NO_MODEL = b'{"features": [5.1, 3.5, 1.4, 0.2]}'


def post(
    body: bytes = NEEDS_NO_MODEL, *fields: bytes, path: bytes = b"/predict", host: bytes = b"here"
) -> bytes:
    """A request for a prediction, with further header fields."""
    lines = [b"POST %b HTTP/1.1" % path, b"Host: " + host, *fields]
    if not any(field.lower().startswith((b"content-length", b"transfer-")) for field in fields):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


def connect(port: int, limit_s: float = LIMIT_S) -> socket.socket:
    """A connection to this machine's port."""
    return socket.create_connection(("127.0.0.1", port), limit_s)


def until_closed(connection: socket.socket) -> bytes:
    """All that comes until the other side ends, one way or the other."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


def exchange(port: int, sent: bytes, *, half_close: bool = True) -> bytes:
    """Send, say that this is all, and take what comes until the end."""
    with connect(port) as connection:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(sent)
            if half_close:
                # What the other side has answered is there, though it may have ended by now.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
        return until_closed(connection)


def statuses(received: bytes) -> list[int]:
    """Of each answer; bodies hold no such line."""
    lines = [line for line in received.split(b"\r\n") if b"HTTP/1.1 " in line]
    return [int(line.rpartition(b"HTTP/1.1 ")[2][:3]) for line in lines]
