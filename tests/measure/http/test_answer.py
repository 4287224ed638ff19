"""Framing of HTTP/1.1 answers."""

import pytest

from twinserve.measure.http.answer import Answer, AnswerParser, ProtocolError

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
    early = [AnswerParser().feed(received[:cut]) for cut in range(len(received))]
    answer = AnswerParser().feed(received)
    assert early == [None] * len(received)
    assert answer is not None
    assert (answer.body, answer.keep_alive) == (body, keep_alive)


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """Neither length nor chunks: the body is whole when the peer has closed."""
    received = OK + b"Server: x\r\n\r\nabc"
    parser = AnswerParser()
    assert parser.feed(received) is None
    assert parser.feed(b"") == Answer(200, ((b"Server", b"x"),), b"abc", keep_alive=False)


@pytest.mark.parametrize("cut", [1, 20, 38])
def test_answers_of_a_connection_follow_each_other(cut: int) -> None:
    """Each is its own, wherever the bytes were parted."""
    parser = AnswerParser()
    for body in (b"abc", b"de"):
        received = OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        assert parser.feed(received[:cut]) is None
        answer = parser.feed(received[cut:])
        assert answer == Answer(
            200, ((b"Content-Length", b"%d" % len(body)),), body, keep_alive=True
        )


@pytest.mark.parametrize("framing", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_an_answer_that_is_cut_short_is_none(framing: str) -> None:
    """The peer has closed before the length that it told, or before the last chunk."""
    parser = AnswerParser()
    assert parser.feed(OK + f"{framing}\r\n\r\n".encode()) is None
    assert parser.feed(b"") is None


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
        AnswerParser().feed(received)


def test_an_endless_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may not grow without bound."""
    monkeypatch.setattr("twinserve.measure.http.answer.MOST_ANSWER_BYTES", 10)
    with pytest.raises(ProtocolError):
        AnswerParser().feed(OK)


@pytest.mark.parametrize(("status", "ok"), [(200, True), (201, False), (503, False)])
def test_only_200_is_an_answer_to_count(status: int, *, ok: bool) -> None:
    """Any other status is an error."""
    assert Answer(status, (), b"", keep_alive=True).ok is ok


def test_headers_are_found_whatever_their_case() -> None:
    """A header's name has no case; one that is missing is None."""
    answer = AnswerParser().feed(OK + b"Content-Length: 0\r\nX-Instance:  i1; age=2 \r\n\r\n")
    assert answer is not None
    assert answer.header("x-instance") == "i1; age=2"
    assert answer.header("server-timing") is None
