"""One way to call an endpoint, whether it is an application in this process or far away."""

import asyncio
import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import flask

from twinserve.inference.asgi import Message, Receive, Scope, Send

LIMIT_S = 30.0


@dataclass(frozen=True)
class Reply:
    """An answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Caller(Protocol):
    """Something that can be asked."""

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        """Send a request; a body given as a list goes out in chunks, without a length."""


class HttpCaller:
    """Over a socket. No header is added but ``Host``, the body's length or coding, the token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._parts = urlsplit(url)
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        """See ``Caller``."""
        with self._connection() as connection:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if self._token:
                connection.putheader("Authorization", f"Bearer {self._token}")
            if isinstance(body, list):
                connection.putheader("Transfer-Encoding", "chunked")
            elif body or method in {"POST", "PUT"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None, encode_chunked=isinstance(body, list))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        assert self._parts.hostname
        connection = kind(self._parts.hostname, self._parts.port, timeout=LIMIT_S)
        try:
            yield connection
        finally:
            connection.close()


class InProcessCaller:
    """An ASGI application, called as a server would."""

    def __init__(self, application: object) -> None:
        self._application = application

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        """See ``Caller``."""
        chunks = body if isinstance(body, list) else [body]
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        if not isinstance(body, list) and (body or method in {"POST", "PUT"}):
            raw.append((b"content-length", str(len(body)).encode()))
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"testserver"), *raw],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        return asyncio.run(self._exchange(scope, chunks))

    async def _exchange(self, scope: Scope, chunks: list[bytes]) -> Reply:
        incoming = iter(chunks)
        left = len(chunks)
        sent: list[Message] = []

        async def receive() -> Message:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": next(incoming), "more_body": left > 0}

        async def send(message: Message) -> None:
            sent.append(message)

        application = self._application
        assert callable(application)
        receiving: Receive = receive
        sending: Send = send
        await application(scope, receiving, sending)
        start, *parts = sent
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        # A server keeps the body of an answer to HEAD to itself.
        body = b"" if scope["method"] == "HEAD" else b"".join(part["body"] for part in parts)
        return Reply(start["status"], headers, body)


class IntroducedCaller:
    """Another caller, whose requests bear further headers, which a middleware wants."""

    def __init__(self, caller: Caller, headers: Mapping[str, str]) -> None:
        self._caller = caller
        self._headers = tuple(headers.items())

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        """See ``Caller``."""
        return self._caller.call(method, path, (*headers, *self._headers), body)


class FlaskCaller:
    """A function called with a Flask request, as Google's documentation tests one."""

    def __init__(self, bundle: Path) -> None:
        spec = spec_from_file_location("function_of_this_bundle", bundle / "main.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self._predict = module.predict

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        """See ``Caller``."""
        data = b"".join(body) if isinstance(body, list) else body
        application = flask.Flask(__name__)
        with application.test_request_context(
            path, method=method, headers=list(headers), data=data
        ):
            answer = self._predict(flask.request)
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, found, b"" if method == "HEAD" else answer.get_data())
