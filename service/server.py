"""uvicorn's server, ending in such a way that no request which reached this machine is lost."""

import asyncio
import os
import socket
import struct
import sys
from contextlib import suppress

from uvicorn.server import Server

from inference.protocol import JoiningProtocol

# How long a connection at rest may still bring a request that was under way when the end came.
LINGER_S = 0.5
POLL_S = 0.01
# For handshakes that are under way when the end comes.
HANDSHAKE_S = 0.05

_SO_ATTACH_FILTER = 26
# Load the flags; if SYN is among them drop the packet, else let it pass.
_NO_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))


class DrainingServer(Server):
    """Answers what has been sent, says ``Connection: close`` with it, and only then closes.

    uvicorn closes every connection that waits for its next request, and the listening socket with
    all that the kernel has accepted for it: whatever was on its way there is reset.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then end as uvicorn does."""
        # The list that every later answer's headers begin with; it makes uvicorn close after it.
        self.server_state.default_headers.append((b"connection", b"close"))
        connections = self.server_state.connections
        for connection in list(connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_complete:
                cycle.keep_alive = False
        await self._take_what_waits()
        deadline = asyncio.get_running_loop().time() + LINGER_S
        while connections and not self.force_exit:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(POLL_S)
        await super().shutdown(sockets)

    async def _take_what_waits(self) -> None:
        """Stop listening, and serve the connections that the kernel has accepted until then."""
        loop = asyncio.get_running_loop()
        copies: list[socket.socket] = []
        for server in self.servers:
            # A copy keeps the socket, and with it the queue, alive when the server closes its own.
            copies += [socket.socket(fileno=os.dup(one.fileno())) for one in server.sockets]
            server.close()
        for listener in copies:
            listener.settimeout(0)
            _begin_no_more(listener)
        await asyncio.sleep(HANDSHAKE_S)
        for listener in copies:
            with listener:
                accepted = _accept_all(listener)
            for connection in accepted:
                await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        return JoiningProtocol(self.config, self.server_state, self.lifespan.state)


def _begin_no_more(listener: socket.socket) -> None:
    """Have the kernel drop every attempt to connect that begins from now on.

    A handshake that is under way when a listening socket is closed is reset, with the request that
    its client, for whom it is over, has sent. Whoever is dropped tries again, and is then refused.
    Source: Linux, "Linux Socket Filtering"; a filter of a TCP socket sees the TCP header first.
    """
    if sys.platform != "linux":
        return
    from array import array

    program = array("B", b"".join(struct.pack("=HBBI", *one) for one in _NO_SYN))
    attached = struct.pack("@HP", len(_NO_SYN), program.buffer_info()[0])
    # Where a sandbox knows no filters, the window stays as small as it is.
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attached)


def _accept_all(listener: socket.socket) -> list[socket.socket]:
    accepted = []
    while True:
        try:
            accepted.append(listener.accept()[0])
        except BlockingIOError:
            return accepted
