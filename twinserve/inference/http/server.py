"""The server of both targets: uvicorn's, which keeps time, and loses nothing when it ends."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from uvicorn.server import Server

from twinserve.inference.http.limits import BETWEEN, Limits, check, too_slow
from twinserve.inference.http.protocol import Connection
from twinserve.inference.logs import OUTPUT, write_event

if TYPE_CHECKING:
    from uvicorn.config import Config

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
# How long a connection at rest may still bring a request that was under way when the end came.
LINGER_S = 0.5
POLL_S = 0.01
# For handshakes that are under way when the end comes.
HANDSHAKE_S = 0.05
# Of the time that there is for the end: for a refusal to be taken, for the log to be read, and for
# what uvicorn waits for by itself.
REFUSAL_S = 1.0
LOG_S = 1.0
RESERVE_S = REFUSAL_S + LOG_S + 2.0
# The kernel keeps so much for each connection and direction, whatever its client does: memory that
# an instance is charged for. Within a data centre no more than that is ever on its way.
SOCKET_BYTES = 32 * 1024


def options(limits: Limits, *, lifespan: bool = False) -> dict[str, Any]:
    """What both targets ask of uvicorn; lowers the limits to what there is room for.

    Args:
        limits: what a client may keep an instance waiting for.
        lifespan: the application is told when the server starts and ends.
    """
    return {
        "backlog": limits.fit(),
        "http": partial(Connection, limits=limits),
        "loop": "uvloop",
        "ws": "none",
        "lifespan": "on" if lifespan else "off",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        # Nobody here asks who the client is, so what a stranger says of it is not read either.
        "proxy_headers": False,
        # What is left then has no client any more.
        "timeout_graceful_shutdown": 1,
    }


class DrainingServer(Server):
    """Answers what has been sent, says ``Connection: close`` with it, and only then closes.

    uvicorn closes every connection that waits for its next request, and the listening socket with
    all that the kernel has accepted for it: whatever was on its way there is reset.

    Attributes:
        at_end: called once everything has been answered.
        parent: the process without which this one ends.
    """

    def __init__(
        self,
        config: "Config",
        limits: Limits,
        at_end: Callable[[], None] | None = None,
        parent: int | None = None,
    ) -> None:
        super().__init__(config)
        self._limits = limits
        self._at_end = at_end
        self._parent = parent

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by the signal that asked for it, once all is said; see uvicorn."""
        for number in ENDING:
            signal.signal(number, self.handle_exit)
        yield
        if self._at_end is not None:
            self._at_end()
        OUTPUT.flush_within(LOG_S)
        for asked in self._captured_signals[:1]:
            # SIGQUIT would leave a dump of all memory behind.
            last = int(signal.SIGTERM) if asked == signal.SIGQUIT else asked
            signal.signal(last, signal.SIG_DFL)
            signal.raise_signal(last)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, with bounds on what the kernel keeps."""
        await super().startup(sockets)
        for listener in self._copies():
            with listener:
                for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                    listener.setsockopt(socket.SOL_SOCKET, option, SOCKET_BYTES)

    async def on_tick(self, counter: int) -> bool:
        """Close what has had its time, and write what the log had no room for; see uvicorn."""
        now = asyncio.get_running_loop().time()
        for connection in list(self._connections):
            check(connection, now)
        OUTPUT.flush()
        if self._parent is not None and os.getppid() != self._parent:
            return True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then end as uvicorn does, which waits for the lifespan of own routes."""
        last = asyncio.get_running_loop().time() + self._limits.end_s - LOG_S
        end = asyncio.get_running_loop().time() + self._limits.end_s - RESERVE_S
        # The list that every later answer's headers begin with; it makes uvicorn close after it.
        self.server_state.default_headers.append((b"connection", b"close"))
        for connection in list(self._connections):
            if connection.cycle is not None and not connection.cycle.response_complete:
                connection.cycle.keep_alive = False
        await self._take_what_waits(sockets or [])
        await self._until_closed(asyncio.get_running_loop().time() + LINGER_S)
        for connection in list(self._connections):
            connection.shutdown()
        await self._until_closed(end)
        for connection in list(self._connections):
            if connection.stage != BETWEEN:
                too_slow(connection)
        await self._until_closed(end + REFUSAL_S)
        for connection in list(self._connections):
            connection.transport.abort()
        try:
            async with asyncio.timeout_at(last):
                await super().shutdown(sockets)
        except TimeoutError:
            write_event("ERROR", "the lifespan of the own routes took too long to end")

    @property
    def _connections(self) -> Iterable[Connection]:
        return self.server_state.connections  # type: ignore[return-value]

    async def _until_closed(self, deadline: float) -> None:
        now = asyncio.get_running_loop().time
        while self._connections and not self.force_exit and now() < deadline:
            OUTPUT.flush()
            await asyncio.sleep(POLL_S)

    async def _take_what_waits(self, sockets: Iterable[socket.socket]) -> None:
        """Stop listening, and serve the connections that the kernel has accepted until then."""
        loop = asyncio.get_running_loop()
        # A copy keeps the socket, and with it the queue, alive when the server closes its own.
        copies = self._copies()
        for server in self.servers:
            server.close()
        for given in sockets:
            given.close()
        for listener in copies:
            listener.settimeout(0)
        await asyncio.sleep(HANDSHAKE_S)
        for listener in copies:
            with listener:
                accepted = _accept_all(listener)
            for connection in accepted:
                await loop.connect_accepted_socket(self._protocol, connection)

    def _copies(self) -> list[socket.socket]:
        listeners = [listener for server in self.servers for listener in server.sockets]
        return [socket.socket(fileno=os.dup(listener.fileno())) for listener in listeners]

    def _protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(self.config, self.server_state, self.lifespan.state)


def _accept_all(listener: socket.socket) -> list[socket.socket]:
    accepted = []
    while True:
        try:
            accepted.append(listener.accept()[0])
        except BlockingIOError:
            return accepted
