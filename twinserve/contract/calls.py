"""A way to call an endpoint."""

import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from twinserve.targets.opener import Reply

LIMIT_S = 30.0


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
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, fields, answer.read())

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
        return self._caller.call(method, path, (*headers, *self._headers), body)
