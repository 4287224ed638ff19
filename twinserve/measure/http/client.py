"""HTTP/1.1 with keep-alive over asyncio: as little work a request as correct framing allows.

A general client would be the bottleneck of the measurement: the ceiling answers tens of thousands
of requests a second.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import urlsplit

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.measure.http.answer import Answer, AnswerParser, ProtocolError


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


class Listener(Protocol):
    """Whoever sends over connections and waits for what becomes of it."""

    def answered(self, connection: "Connection", answer: Answer) -> None:
        """A whole answer has come; the connection can send again if ``answer.keep_alive``."""

    def lost(self, connection: "Connection", *, waiting: bool) -> None:
        """The connection is gone; ``waiting`` if a request was still without its answer."""


class Connection(asyncio.Protocol):
    """A connection, one request at a time."""

    def __init__(self, call: Call, listener: Listener) -> None:
        self._payload = call.payload
        self._listener = listener
        self._parser = AnswerParser()
        self._waiting = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def send(self) -> None:
        """Send the request; the answer goes to the listener."""
        self._waiting = True
        self._transport.write(self._payload)

    def close(self) -> None:
        """Close without a farewell; the listener hears of it only as ``lost``."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def eof_received(self) -> None:
        if self._waiting:
            self._take(b"")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        waiting, self._waiting = self._waiting, False
        self._listener.lost(self, waiting=waiting)

    def _take(self, data: bytes) -> None:
        if not self._waiting:
            self.close()  # an answer to no request
            return
        try:
            answer = self._parser.feed(data)
        except ProtocolError:
            self.close()
            return
        if answer is None:
            return
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
