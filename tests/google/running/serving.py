"""Where a service's URLs listen: one port for the service, one for each tag."""

import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from tests.google.running.relay import Head, Peer, relay_answer, relay_request

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Google's front end answers itself; the page is one that its documentation shows."""

    status: int
    title: str
    text: str

    @property
    def raw(self) -> bytes:
        """As sent."""
        body = (
            f"\n<html><head>\n<title>{self.status} {self.title}</title>\n</head>\n<body>\n"
            f"<h1>Error: {self.title}</h1>\n<h2>{self.text}</h2>\n</body></html>\n"
        ).encode()
        head = (
            f"HTTP/1.1 {self.status} {self.title}\r\nContent-Type: text/html; charset=UTF-8\r\n"
            f"Server: Google Frontend\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body


# https://cloud.google.com/run/docs/troubleshooting has these.
FORBIDDEN = Refusal(
    403, "Forbidden", "Your client does not have permission to get URL from this server."
)
UNAUTHORIZED = Refusal(
    401, "Unauthorized", "Your client does not have permission to the requested URL."
)
# "411. That's an error. POST requests require a Content-length header": Google's front ends, of
# requests that may have a body and give neither length nor coding.
LENGTH_REQUIRED = Refusal(411, "Length Required", "Requests require a Content-length header.")
LONG = frozenset({"POST", "PUT", "PATCH"})
NOT_FOUND = Refusal(404, "Page not found", "The requested URL was not found on this server.")
UNAVAILABLE = Refusal(503, "Service Unavailable", "The service you requested is not available.")

Route = Callable[[Head], "int | Refusal"]


class Listener(socketserver.ThreadingTCPServer):
    """A port whose requests ``route`` sends on to a process's port, or refuses."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, route: Route) -> None:
        super().__init__((LOOPBACK, 0), _Client)
        self.route = route
        self.url = f"http://{LOOPBACK}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away."""


class _Client(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        client = Peer.over(self.request)
        upstream: Peer | None = None
        port = 0
        route = cast("Listener", self.server).route
        try:
            while (head := client.read_head()) is not None:
                destination = LENGTH_REQUIRED if _lacks_length(head) else route(head)
                if isinstance(destination, Refusal):
                    client.socket.sendall(destination.raw)
                    break
                if upstream is None or port != destination or upstream.readable():
                    upstream, port = _renew(upstream, destination), destination
                whole = relay_request(head.without_empty("Content-Type"), client, upstream)
                answer = relay_answer(head.start[0], client, upstream)
                if answer is None:
                    client.socket.sendall(UNAVAILABLE.raw)
                if answer is None or not whole or head.closes or answer.closes:
                    break
        except OSError:
            pass
        finally:
            client.close()
            if upstream is not None:
                upstream.socket.close()


def _lacks_length(head: Head) -> bool:
    return head.start[0] in LONG and not (
        head.get("Content-Length") or head.get("Transfer-Encoding")
    )


def _renew(old: Peer | None, port: int) -> Peer:
    if old is not None:
        old.socket.close()
    return Peer.over(socket.create_connection((LOOPBACK, port)))


@dataclass(slots=True)
class Listeners:
    """The ports in use, by service and tag; a URL stays the same as long as its service is."""

    _open: dict[tuple[str, str], Listener] = field(default_factory=dict)

    def url(self, service: str, tag: str, route: Route) -> str:
        """The URL of a service (no tag) or of one of its tags."""
        key = (service, tag)
        if key not in self._open:
            self._open[key] = Listener(route)
        return self._open[key].url

    def close(self, service: str | None = None) -> None:
        """Stop listening, for one service or for all."""
        for key in [key for key in self._open if service in {None, key[0]}]:
            listener = self._open.pop(key)
            listener.shutdown()
            listener.server_close()
