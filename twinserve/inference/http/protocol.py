"""One client's connection: uvicorn's HTTP protocol, with bounds on time and memory.

What uvicorn leaves open is closed here: no more is read while an answer waits, every stage of a
request has its time, and what cannot be read is refused by the application, as anything else is.
"""

import asyncio
import urllib.parse
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from twinserve.inference.asgi import declared_length
from twinserve.inference.contract import Problem
from twinserve.inference.http.limits import BETWEEN, BODY, HEAD, Limits, make_room
from twinserve.inference.http.transport import JoiningTransport

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

# Bytes that are parsed at once: the requests in them may wait for their turn as objects; all that
# follows waits as the bytes that it is.
SLICE = 2048
# Bytes of answers that a client has not taken, beyond which nothing more is answered.
MOST_UNTAKEN = 16 * 1024
# Bytes around a chunked body, for each byte of it, beyond what a head may have.
MOST_FRAMING = 16
MOST_FIELDS = 500
# Method and path of what could not be read.
UNREAD = "-"


class Cycle(RequestResponseCycle):
    """uvicorn's request and its response; a request that turns out bad raises that when read.

    Attributes:
        refused: why the rest of the body will not come.
    """

    refused: Problem | None = None

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's own types of messages
        """See ASGI."""
        event = self.message_event
        if self.more_body or not event.is_set() or self.disconnected or self.response_complete:
            message: Any = await super().receive()
            if self.refused is not None:
                raise self.refused
            return message
        # The whole body is here, as it is nearly always.
        event.clear()
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": False}


class Flow(FlowControl):
    """Reads on only if no request waits for the answer to the one before it."""

    def __init__(self, connection: "Connection") -> None:
        super().__init__(connection.transport)  # type: ignore[arg-type]
        self._connection = connection

    def resume_reading(self) -> None:
        """See uvicorn."""
        if self.read_paused and not self._connection.pipeline:
            self.read_paused = False
            self._connection.read_on()


class Connection(HttpToolsProtocol):
    """A client, from its connecting to its end.

    Attributes:
        stage: ``BETWEEN`` requests, or in the ``HEAD`` or ``BODY`` of one.
        since: when that began, on the event loop's clock.
        untaken: bytes of answers that the client had not taken when that was last looked at.
        stalled_since: since when it has taken none.
    """

    transport: JoiningTransport  # type: ignore[assignment]
    cycle: Cycle
    flow: Flow

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits
        self.stage = BETWEEN
        self.since = self.stalled_since = 0.0
        self.untaken = 0
        # Of the head or the body so far: raw bytes, and those of the body proper.
        self._raw = self._body = 0
        # Read from the socket, and not looked at yet.
        self._unread: memoryview = memoryview(b"")
        self._deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection, if need be in the place of another."""
        super().connection_made(JoiningTransport(transport, self.loop))  # type: ignore[arg-type]
        self.flow = Flow(self)
        self.transport.set_write_buffer_limits(high=MOST_UNTAKEN)
        self.since = self.loop.time()
        if len(self.connections) > self.limits.at_most:
            make_room(self, self.connections)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not looked at."""
        self._deaf, self._unread = True, memoryview(b"")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self._deaf:
            return
        if len(data) <= SLICE and not self._unread:
            self._feed(data)
        else:
            self._unread = memoryview(bytes(self._unread) + data)
            self._look()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whoever has said all may still listen: answer, then close."""
        if self.stage == BODY:
            self.refuse(Problem(400, "the connection was closed before the body was whole"))
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """The client does not take what it has asked for."""
        self.stalled_since = self.loop.time()
        super().pause_writing()

    def read_on(self) -> None:
        """Look at what is unread, then read more; whoever had to wait has all its time again."""
        self.since = self.loop.time()
        if self._unread:
            self.loop.call_soon(self._look)
        else:
            self.transport.resume_reading()

    def _look(self) -> None:
        """Parse piece by piece until a request has to wait."""
        while self._unread and not self.flow.read_paused:
            size = SLICE if self.stage != BODY else max(SLICE, self._body_left())
            piece, self._unread = self._unread[:size], self._unread[size:]
            self._feed(piece)
        if self._unread:
            self.transport.pause_reading()
        elif not self.flow.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def _body_left(self) -> int:
        for name, value in self.scope["headers"]:
            if name == b"content-length":
                return (declared_length(value) or 0) - self._body
        return 0

    def _feed(self, data: bytes | memoryview) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._go_on_without(offer, bytes(data))
        except httptools.HttpParserError:
            self.refuse(Problem(400, "the request is not HTTP that can be read"))
        if self.stage != BETWEEN:
            self._raw += len(data)
            most = self.limits.head_bytes + MOST_FRAMING * self._body
            if self._raw > most or len(self.headers) > MOST_FIELDS:
                part = "head of a request" if self.stage == HEAD else "framing of a body"
                limits = f"{self.limits.head_bytes} bytes and {MOST_FIELDS} fields"
                self.refuse(Problem(431, f"the {part} may have at most {limits}"))

    def _go_on_without(self, offer: httptools.HttpParserUpgrade, data: bytes) -> None:
        """Read the request as if it did not offer another protocol, which its server may ignore.

        The parser takes all that follows for that protocol's, a body as well.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self.refuse(Problem(400, "CONNECT is for proxies, and this is none"))
            return
        lines = [b"%b %b HTTP/%b" % (method, self.url, version.encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._feed(b"\r\n".join([*lines, b"", b""]) + data[offer.args[0] :])

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self.stage, self.since, self._raw, self._body = HEAD, self.loop.time(), 0, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request's head is whole: answer it, or have it wait for its turn."""
        parser = self.parser
        if parser.should_upgrade():
            return
        scope: Any = self.scope
        version = parser.get_http_version()
        scope["method"] = parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        if self.url == b"*":
            path, scope["raw_path"], scope["query_string"] = "*", b"*", b""
        else:
            url = httptools.parse_url(self.url)
            # `http://host` alone means its root.
            scope["raw_path"], scope["query_string"] = url.path or b"/", url.query or b""
            path = scope["raw_path"].decode("ascii")
        scope["path"] = urllib.parse.unquote(path) if "%" in path else path
        self.stage, self.since, self._raw = BODY, self.loop.time(), 0
        # What may come after a chunked body is nobody's.
        self.headers = []
        self._answer(keep_alive=version != "1.0" and parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += len(body)
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """A request is whole; one that offers another protocol is read again without that."""
        if self.stage == BODY:
            self.stage, self.since = BETWEEN, self.loop.time()
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _answer(self, *, keep_alive: bool) -> None:
        before = self.cycle
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,  # type: ignore[arg-type]
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_response_complete(self) -> None:
        """An answer is on its way: the next request's turn."""
        self.server_state.total_requests += 1
        if self.stage == BETWEEN:
            self.since = self.loop.time()
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        self.flow.resume_reading()

    def refuse(self, problem: Problem) -> None:
        """Answer with a problem, in its turn, and listen no more."""
        self._deaf, self._unread = True, memoryview(b"")
        self.transport.lingers = True
        if self.stage != BODY:
            super().on_message_begin()
            self.scope |= {"method": UNREAD, "path": UNREAD, "raw_path": b"", "query_string": b""}
            self.scope["refused"] = problem  # type: ignore[typeddict-unknown-key]
            self.stage = BETWEEN
            self._answer(keep_alive=False)
            self.cycle.more_body = False
        elif self.cycle.response_complete:
            self.transport.close()
        else:
            self.stage = BETWEEN
            self.cycle.refused, self.cycle.keep_alive = problem, False
            self.cycle.message_event.set()
