"""A server of a test's own on the loopback, there for as long as a block runs."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler

HOST = "127.0.0.1"


class QuietHandler(BaseHTTPRequestHandler):
    """Answers in one piece, and tells nobody of it.

    Who is one names ``BaseHTTPRequestHandler`` too, by which ruff knows names as ``do_GET``.
    """

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send it; after HEAD without the body."""
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(handler: Callable[..., BaseRequestHandler]) -> Iterator[str]:
    """The address at which a handler takes each request, on a thread of its own."""
    server = ThreadingHTTPServer((HOST, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
