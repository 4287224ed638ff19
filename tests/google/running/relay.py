"""Bytes of HTTP/1.1 between a client and a process, in both directions, as they come."""

import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from socket import IPPROTO_TCP, SHUT_WR, TCP_NODELAY
from socket import socket as Socket  # noqa: N812 - a field has that name
from typing import BinaryIO

HEAD_LIMIT = 64 * 1024
BLOCK = 64 * 1024
LINGER_S = 1.0


@dataclass(frozen=True, slots=True)
class Head:
    """The start line and headers of a message, as they came."""

    raw: bytes

    @property
    def start(self) -> list[str]:
        """The three words of the first line."""
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)

    def get(self, name: str) -> str:
        """The first header of that name, or nothing."""
        for line in self.raw.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return ""

    def without_empty(self, name: str) -> "Head":
        """The same without a header of that name whose value is empty, which proxies may drop."""
        kept = [
            line
            for line in self.raw.split(b"\r\n")
            if line.rstrip().lower() != f"{name.lower()}:".encode()
        ]
        return Head(b"\r\n".join(kept))

    @property
    def closes(self) -> bool:
        """Whether the sender ends the connection after this message."""
        return "close" in self.get("Connection").lower() or self.start[-1] == "HTTP/1.0"


@dataclass(slots=True)
class Peer:
    """The socket of a side, with a reader over it."""

    socket: Socket
    reader: BinaryIO

    @classmethod
    def over(cls, connection: Socket) -> "Peer":
        """A peer; small messages are not held back."""
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return cls(connection, connection.makefile("rb"))

    def read_head(self) -> Head | None:
        """The next message's head, or None when the sender is done."""
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            line = self.reader.readline(HEAD_LIMIT)
            if not line or len(raw) > HEAD_LIMIT:
                return None
            raw += line if raw or line != b"\r\n" else b""
        return Head(raw)

    def readable(self) -> bool:
        """Whether something, be it the end, has come unasked."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def close(self) -> None:
        """End the connection without losing what was sent last: the rest is read away first."""
        try:
            self.socket.shutdown(SHUT_WR)
            self.socket.settimeout(LINGER_S)
            while self.socket.recv(BLOCK):
                pass
        except OSError:
            pass
        self.reader.close()
        self.socket.close()


def relay_request(head: Head, client: Peer, upstream: Peer) -> bool:
    """Send a request on; False if the process would not take all of it."""
    upstream.socket.sendall(head.raw)
    if head.get("Expect").lower() == "100-continue":
        client.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    for block in _body(head, client.reader, until_close=False):
        try:
            upstream.socket.sendall(block)
        except OSError:
            return False
    return True


def relay_answer(method: str, client: Peer, upstream: Peer) -> Head | None:
    """Send the answer on; its head, or None if there was no answer."""
    head = upstream.read_head()
    while head is not None and head.start[1] == "100":
        head = upstream.read_head()
    if head is None:
        return None
    client.socket.sendall(head.raw)
    status = int(head.start[1])
    if method != "HEAD" and status not in {204, 304}:
        for block in _body(head, upstream.reader, until_close=True):
            client.socket.sendall(block)
    return head


def _body(head: Head, reader: BinaryIO, *, until_close: bool) -> Iterator[bytes]:
    """The message's body as it comes, with the framing of chunks."""
    length = head.get("Content-Length")
    if "chunked" in head.get("Transfer-Encoding").lower():
        yield from _chunks(reader)
    elif length:
        yield from _blocks(reader, int(length))
    elif until_close:
        while block := _read1(reader)(BLOCK):
            yield block


def _chunks(reader: BinaryIO) -> Iterator[bytes]:
    while line := reader.readline(HEAD_LIMIT):
        yield line
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        yield from _blocks(reader, size + 2)
    while line := reader.readline(HEAD_LIMIT):
        yield line
        if line == b"\r\n":
            break


def _blocks(reader: BinaryIO, length: int) -> Iterator[bytes]:
    while length and (block := _read1(reader)(min(length, BLOCK))):
        length -= len(block)
        yield block


def _read1(reader: BinaryIO) -> Callable[[int], bytes]:
    read1: Callable[[int], bytes] = reader.read1  # type: ignore[attr-defined]
    return read1
