"""HTTP/1.1 with keep-alive over asyncio: as little work a request as correct framing allows.

A general client would be the bottleneck of the measurement: the ceiling answers tens of thousands
of requests a second.
"""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast
from urllib.parse import urlsplit

from twinserve.config.card import Card
from twinserve.config.errors import UserError

MOST_ANSWER_BYTES = 1 << 20
_OK = 200
_NO_CONTENT, _NOT_MODIFIED = 204, 304
# Beyond them int() refuses, and no answer is so long.
_MOST_DIGITS = 18
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
_FRAMING = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n|$)",
    re.IGNORECASE,
)


class ProtocolError(Exception):
    """The peer does not speak HTTP/1.1, or says more than anyone asked for."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is sent again and again: where to, and its bytes."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    payload: bytes

    @property
    def server_name(self) -> str | None:
        """The name that a certificate must carry; None without TLS."""
        return self.host if self.tls else None


def golden_body(card: Card) -> bytes:
    """The body of a request whose answer the model card knows.

    Raises:
        UserError: it knows none.
    """
    if not card.golden:
        raise UserError("the model card names no golden case to ask for")
    return json.dumps({"features": card.golden[0].features}).encode()


def post(
    url: str,
    body: bytes,
    tls: ssl.SSLContext | None = None,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Call:
    """A POST of JSON to ``url``.

    ``tls`` takes the place of the system's trust for https; ``token`` is what a private endpoint
    wants, ``headers`` what a middleware of the user's does.

    Raises:
        ValueError: the URL is not http or https, or names no host.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not an http or https URL: {url}")
    secure = parts.scheme == "https"
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n{bearer}{more}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Call(
        host=parts.hostname,
        port=parts.port or (443 if secure else 80),
        tls=(tls or ssl.create_default_context()) if secure else None,
        payload=head.encode("ascii") + body,
    )


class Answer(NamedTuple):
    """A whole response; ``head`` runs from the status line to the empty line, without it."""

    status: int
    head: bytes
    body: bytes
    keep_alive: bool

    @property
    def ok(self) -> bool:
        """Whether it is what was asked for: any other status is an error, never a sample."""
        return self.status == _OK

    def header(self, name: str) -> str | None:
        """The value of the first header of that name."""
        wanted = name.lower().encode("ascii")
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == wanted:
                return value.strip().decode("latin-1")
        return None


def parse_answer(buffer: bytes, *, ended: bool = False) -> Answer | None:
    """The answer at the start of ``buffer``, or None while it is not whole (RFC 9112, section 6).

    ``ended`` says that the peer has closed: a body without a length is then whole.

    Raises:
        ProtocolError: this is not one HTTP/1.1 answer, or it is over ``MOST_ANSWER_BYTES``.
    """
    if len(buffer) > MOST_ANSWER_BYTES:
        raise ProtocolError("the answer is too long")
    start = 0
    while True:
        end = buffer.find(b"\r\n\r\n", start)
        if end < 0:
            return None
        status = _status(buffer, start)
        if status >= _OK:
            break
        start = end + 4  # an interim answer (1xx): the real one follows
    head, first = buffer[start:end], end + 4
    length, chunked, keep_alive = _framing(head)
    if status in {_NO_CONTENT, _NOT_MODIFIED}:
        length, chunked = 0, False
    if chunked:
        found = _unchunk(buffer, first)
        if found is None:
            return None
        body, last = found
    elif length is not None:
        body, last = buffer[first : first + length], first + length
    else:
        return Answer(status, head, buffer[first:], keep_alive=False) if ended else None
    if len(buffer) > last:
        raise ProtocolError("more was sent than was asked for")
    return Answer(status, head, body, keep_alive) if len(buffer) == last else None


def _status(buffer: bytes, start: int) -> int:
    digits = buffer[start + 9 : start + 12]
    if not buffer.startswith(b"HTTP/1.", start) or not digits.isdigit():
        raise ProtocolError(f"not a status line: {buffer[start : start + 40]!r}")
    return int(digits)


def _framing(head: bytes) -> tuple[int | None, bool, bool]:
    """Length, if given; whether the body is chunked; whether the connection stays open."""
    length: int | None = None
    chunked = False
    keep_alive = head.startswith(b"HTTP/1.1")
    for match in _FRAMING.finditer(head):
        name, value = match[1].lower(), match[2]
        if name == b"content-length":
            if not value.isdigit() or len(value) > _MOST_DIGITS:
                raise ProtocolError(f"content-length is {value[:40]!r}")
            length = int(value)
        elif name == b"connection":
            keep_alive = value.lower() != b"close"
        else:
            chunked = value.lower() == b"chunked"
    return length, chunked, keep_alive


def _unchunk(buffer: bytes, at: int) -> tuple[bytes, int] | None:
    """The body whose chunks begin at ``at``, and where it ends; None while it is not whole."""
    body = b""
    while (line_end := buffer.find(b"\r\n", at)) >= 0:
        size_text = buffer[at:line_end].partition(b";")[0].strip()
        # int() alone would also take a sign, with which a body would never end.
        if not _CHUNK_SIZE.fullmatch(size_text):
            raise ProtocolError(f"not a chunk size: {size_text[:40]!r}")
        size = int(size_text, 16)
        if size == 0:
            # Trailer lines may follow, up to an empty line.
            end = buffer.find(b"\r\n\r\n", line_end)
            return (body, end + 4) if end >= 0 else None
        at = line_end + 2
        body += buffer[at : at + size]
        at += size + 2
    return None


class Listener(Protocol):
    """Whoever sends over connections and waits for what becomes of it."""

    def answered(self, connection: "Connection", answer: Answer) -> None:
        """A whole answer has come; the connection can send again if ``answer.keep_alive``."""

    def lost(self, connection: "Connection", *, waiting: bool) -> None:
        """The connection is gone; ``waiting`` if a request was still without its answer."""


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, call: Call, listener: Listener) -> None:
        self._payload = call.payload
        self._listener = listener
        self._buffer = b""
        self._waiting = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def send(self) -> None:
        """Send the request; the answer goes to the listener."""
        self._waiting = True
        self._transport.write(self._payload)

    def close(self) -> None:
        """Close without a farewell; the listener hears of it only as ``lost``."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._take(self._buffer + data if self._buffer else data, ended=False)

    def eof_received(self) -> None:
        """See ``asyncio.Protocol``."""
        if self._waiting and self._buffer:
            self._take(self._buffer, ended=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See ``asyncio.Protocol``."""
        waiting, self._waiting = self._waiting, False
        self._listener.lost(self, waiting=waiting)

    def _take(self, buffer: bytes, *, ended: bool) -> None:
        if not self._waiting:
            self.close()  # an answer to no request
            return
        try:
            answer = parse_answer(buffer, ended=ended)
        except ProtocolError:
            self.close()
            return
        if answer is None:
            self._buffer = buffer
            return
        self._buffer = b""
        self._waiting = False
        self._listener.answered(self, answer)
        if not answer.keep_alive:
            self.close()


async def connect(call: Call, listener: Listener) -> Connection:
    """Open a connection.

    Raises:
        OSError: it cannot be opened.
    """
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(call, listener),
        call.host,
        call.port,
        ssl=call.tls,
        server_hostname=call.server_name,
    )
    return connection
