"""A forward proxy on loopback that ends TLS itself and answers in Google's place."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from tests.google.api import Answer, DroppedError, Request, parse_target

LOOPBACK = "127.0.0.1"
# Of Linux only; elsewhere a number that does no harm.
QUICK_ACK = getattr(socket, "TCP_QUICKACK", socket.TCP_NODELAY)


class Proxy(ThreadingHTTPServer):
    """Listens on a free port; ``answer`` is called in a thread for each connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context: ssl.SSLContext, answer: Callable[[Request], Answer]) -> None:
        super().__init__((LOOPBACK, 0), _Connection)
        self.context = context
        self.answer = answer

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve, on the port given, until the context ends."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self.server_address[1]
        finally:
            self.shutdown()
            self.server_close()
            thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is what a test wants; anything of ours is answered with 400."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    host = ""

    def do_CONNECT(self) -> None:
        """Become the host that is asked for, within the same connection."""
        self.host = self.path.rpartition(":")[0]
        self.send_response(200, "Connection established")
        self.end_headers()
        server = cast("Proxy", self.server)
        self.connection = server.context.wrap_socket(self.connection, server_side=True)
        self.request = self.connection
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def handle_one_request(self) -> None:
        """Acknowledge at once: clients send head and body apart, and wait 40 ms in between."""
        self.connection.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        super().handle_one_request()

    def _answer(self) -> None:
        host, path, query = parse_target(self.host, self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, host, path, query, headers, self._body())
        try:
            answer = cast("Proxy", self.server).answer(request)
        except DroppedError:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - theirs

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._read(int(self.headers.get("Content-Length", "0")))
        blocks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            blocks.append(self._read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(blocks)

    def _read(self, size: int) -> bytes:
        block = self.rfile.read(size)
        if len(block) < size:
            # A client that is killed between head and body has asked for nothing.
            raise ConnectionAbortedError
        return block

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs
        """Stay silent: what came is kept in ``FakeGoogle.calls``."""
