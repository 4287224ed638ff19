"""A plain HTTP server that keeps files for whoever knows the password."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

USER, PASSWORD = "somebody", "secret"


class Store(BaseHTTPRequestHandler):
    """Files of a folder for whoever knows the password; what is sent is written."""

    folder: Path

    def _is_let_in(self) -> bool:
        given = self.headers.get("Authorization", "")
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if given == f"Basic {login}":
            return True
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_GET(self) -> None:
        path = self.folder / unquote(self.path).lstrip("/")
        if not self._is_let_in():
            return
        content = path.read_bytes() if path.is_file() else None
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET" and content:
            self.wfile.write(content)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def do_PUT(self) -> None:
        path = self.folder / unquote(self.path).lstrip("/")
        content = self._body()
        if not self._is_let_in():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT  # noqa: N815 - http.server's name

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().strip(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    """The port of a server of this folder, and what ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfFolder", (Store,), {"folder": folder}))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    yield server.server_port, stop
    stop()
