"""A plain HTTP server that keeps files for whoever knows the password."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote

from tests.loopback import QuietHandler, served

USER, PASSWORD = "somebody", "secret"


@dataclass
class Store:
    """What is kept, and what was asked for.

    Attributes:
        folder: of the files.
        port: where it listens.
        given: paths whose content somebody has been given, or a part of it.
        stuck: paths of which the second half does not come for as long as they are named here.
    """

    folder: Path
    port: int = 0
    given: list[str] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)


class Handler(QuietHandler, BaseHTTPRequestHandler):
    """Files for whoever knows the password; what is sent is written."""

    store: Store

    def do_GET(self) -> None:
        if not self._is_let_in():
            return
        content = self._path().read_bytes() if self._path().is_file() else None
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET" and content:
            self.store.given.append(self.path)
            with suppress(OSError):
                self._write(content)

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def do_PUT(self) -> None:
        content = self._body()
        if not self._is_let_in():
            return
        self._path().parent.mkdir(parents=True, exist_ok=True)
        self._path().write_bytes(content)
        self.answer(200, b"")

    do_POST = do_PUT  # noqa: N815 - http.server's name

    def _is_let_in(self) -> bool:
        given = self.headers.get("Authorization", "")
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if given == f"Basic {login}":
            return True
        self.answer(401, b"", {"WWW-Authenticate": "Basic"})
        return False

    def _path(self) -> Path:
        return self.store.folder / unquote(self.path).lstrip("/")

    def _write(self, content: bytes) -> None:
        half = len(content) // 2
        self.wfile.write(content[:half])
        while self.path in self.store.stuck:
            time.sleep(0.05)
        self.wfile.write(content[half:])

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().strip(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


@contextmanager
def kept(folder: Path) -> Iterator[Store]:
    """A server of this folder."""
    store = Store(folder)
    kind = type("OfStore", (Handler,), {"store": store})
    with served(kind) as url:
        store.port = int(url.rpartition(":")[2])
        try:
            yield store
        finally:
            store.stuck.clear()
