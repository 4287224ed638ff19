"""What a call sends, and what becomes of what nobody asked for."""

import asyncio

import pytest

from twinserve.measure.http.answer import Answer
from twinserve.measure.http.client import Connection, post

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("url", "host", "port", "line", "secure"),
    [
        ("http://127.0.0.1:8080/predict", "127.0.0.1", 8080, b"POST /predict HTTP/1.1", False),
        ("http://example.test", "example.test", 80, b"POST / HTTP/1.1", False),
        ("https://example.test/x", "example.test", 443, b"POST /x HTTP/1.1", True),
    ],
)
def test_a_call_says_where_and_what(
    url: str, host: str, port: int, line: bytes, *, secure: bool
) -> None:
    """Host, port, path and TLS come from the URL; the body follows with its length."""
    call = post(url, b"body")
    assert (call.host, call.port, call.tls is not None) == (host, port, secure)
    assert call.server_name == (host if secure else None)
    assert call.payload.startswith(line)
    assert call.payload.endswith(b"Content-Length: 4\r\n\r\nbody")


@pytest.mark.parametrize("url", ["ftp://example.test", "http://", "example.test"])
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    """Only http and https URLs with a host."""
    with pytest.raises(ValueError, match="not an http or https URL"):
        post(url, b"")


class Aborted(asyncio.Transport):
    """A transport that only remembers whether it was aborted."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def answered(self, _connection: Connection, answer: Answer) -> None:
        self.told.append(answer)

    def lost(self, _connection: Connection, *, waiting: bool) -> None:
        self.told.append(waiting)


def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    """It is no answer to the next request either."""
    transport, listener = Aborted(), Listener()
    connection = Connection(post("http://example.test", b""), listener)
    connection.connection_made(transport)
    connection.data_received(OK + b"Content-Length: 0\r\n\r\n")
    connection.eof_received()
    connection.connection_lost(None)
    assert transport.aborted
    assert listener.told == [False]
