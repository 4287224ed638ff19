"""The answers that come over a connection, taken from its bytes by the parser that uvicorn uses."""

from typing import NamedTuple

import httptools

MOST_ANSWER_BYTES = 1 << 20
_OK = 200
_FRAMED_BY = {b"content-length", b"transfer-encoding"}


class ProtocolError(Exception):
    """The peer does not speak HTTP/1.1, or says more than anyone asked for."""


class Answer(NamedTuple):
    """A whole response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    keep_alive: bool

    @property
    def ok(self) -> bool:
        """Whether it is what was asked for: any other status is an error, never a sample."""
        return self.status == _OK

    def header(self, name: str) -> str | None:
        """The value of the first header of that name."""
        wanted = name.lower().encode("ascii")
        for key, value in self.headers:
            if key.lower() == wanted:
                return value.strip().decode("latin-1")
        return None


class AnswerParser:
    """Takes the answers of one connection, which are asked for one at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._fed = 0
        self._answer: Answer | None = None
        self.on_message_begin()

    def feed(self, data: bytes) -> Answer | None:
        """The answer that ends with ``data``, or None while it is not whole (RFC 9112, section 6).

        No data says that the peer has closed: a body without a length is then whole.

        Raises:
            ProtocolError: this is not one HTTP/1.1 answer, or it is over ``MOST_ANSWER_BYTES``.
        """
        if not data:
            return self._ended()
        self._fed += len(data)
        if self._fed > MOST_ANSWER_BYTES:
            raise ProtocolError("the answer is too long")
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise ProtocolError(f"not one answer: {error}") from None
        answer, self._answer = self._answer, None
        if answer is not None:
            self._fed = 0
        return answer

    def _ended(self) -> Answer | None:
        if not self._head_is_whole or any(name.lower() in _FRAMED_BY for name, _ in self._headers):
            return None
        return self._whole(keep_alive=False)

    def _whole(self, *, keep_alive: bool) -> Answer:
        return Answer(
            self._parser.get_status_code(), tuple(self._headers), self._body, keep_alive=keep_alive
        )

    def on_message_begin(self) -> None:
        if self._answer is not None:
            raise ProtocolError("more was sent than was asked for")
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_is_whole = False
        self._body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_is_whole = True

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._head_is_whole = False
        # An interim answer (1xx) is none yet: the real one follows.
        if self._parser.get_status_code() >= _OK:
            self._answer = self._whole(keep_alive=self._parser.should_keep_alive())
