"""Framing of HTTP/1.1 answers, and what a call sends."""

import asyncio

import pytest

from twinserve.measure.http import client
from twinserve.measure.http.client import Answer, Connection, ProtocolError, parse_answer, post

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


@pytest.mark.parametrize(
    ("received", "body", "keep_alive"),
    [
        (OK + b"Content-Length: 3\r\n\r\nabc", b"abc", True),
        (OK + b"content-length:0\r\n\r\n", b"", True),
        (OK + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", b"", True),
        (
            CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            b"abcde",
            True,
        ),
        (CHUNKED + b"1\r\na\r\n0\r\nTrailer: x\r\n\r\n", b"a", True),
        (
            HINTS + OK + b"Content-Length: 1\r\n\r\na",
            b"a",
            True,
        ),
    ],
)
def test_an_answer_is_whole_at_its_last_byte_and_not_before(
    received: bytes, body: bytes, *, keep_alive: bool
) -> None:
    """Every beginning of an answer is no answer yet; all of it is the answer."""
    early = [parse_answer(received[:cut]) for cut in range(len(received))]
    answer = parse_answer(received)
    assert early == [None] * len(received)
    assert answer is not None
    assert (answer.body, answer.keep_alive) == (body, keep_alive)


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """Neither length nor chunks: the body is whole when the peer has closed."""
    received = OK + b"Server: x\r\n\r\nabc"
    assert parse_answer(received) is None
    assert parse_answer(received, ended=True) == Answer(
        200, OK + b"Server: x", b"abc", keep_alive=False
    )


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        OK + b"Content-Length: three\r\n\r\nabc",
        OK + b"Content-Length: 1\r\n\r\nab",
        OK + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\nabc",
        CHUNKED + b"xyz\r\nabc\r\n",
        CHUNKED + b"-5\r\nabc\r\n",
    ],
)
def test_what_is_not_one_answer_is_refused(received: bytes) -> None:
    """A wrong status line, length or chunk size, or bytes beyond the end, are errors."""
    with pytest.raises(ProtocolError):
        parse_answer(received)


def test_an_endless_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may not grow without bound."""
    monkeypatch.setattr(client, "MOST_ANSWER_BYTES", 10)
    with pytest.raises(ProtocolError):
        parse_answer(OK)


@pytest.mark.parametrize(("status", "ok"), [(200, True), (201, False), (503, False)])
def test_only_200_is_an_answer_to_count(status: int, *, ok: bool) -> None:
    """Any other status is an error."""
    assert Answer(status, b"", b"", keep_alive=True).ok is ok


def test_headers_are_found_whatever_their_case() -> None:
    """A header's name has no case; one that is missing is None."""
    answer = Answer(200, OK + b"Content-Length: 0\r\nX-Instance:  i1; age=2 ", b"", keep_alive=True)
    assert answer.header("x-instance") == "i1; age=2"
    assert answer.header("server-timing") is None


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
        """See ``asyncio.WriteTransport``."""
        self.aborted = True


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def answered(self, _connection: Connection, answer: Answer) -> None:
        """See ``twinserve.measure.http.client.Listener``."""
        self.told.append(answer)

    def lost(self, _connection: Connection, *, waiting: bool) -> None:
        """See ``twinserve.measure.http.client.Listener``."""
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
