"""What functions-framework or uvicorn would answer by themselves is answered by us, on both."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.attack.hostile import both_targets
from tests.attack.test_attack import comparable
from tests.wire import exchange, post, statuses


@dataclass(frozen=True)
class Pair:
    """Both targets: their ports, and what they log."""

    ports: tuple[int, ...]
    outputs: tuple[IO[bytes], ...]

    def logged(self) -> list[tuple[str, str, int]]:
        """Of each target's last request: method, path, status."""
        told = []
        for output in self.outputs:
            output.seek(0)
            http = json.loads(output.readlines()[-1])["httpRequest"]
            told.append((http["requestMethod"], http["requestUrl"], http["status"]))
        return told


@pytest.fixture(scope="module")
def pair(dist: Path) -> Iterator[Pair]:
    """Both, running."""
    with both_targets(dist) as (ports, outputs):
        yield Pair(tuple(ports), tuple(outputs))


def plain(line: bytes) -> bytes:
    """A request without a body."""
    return line + b" HTTP/1.1\r\nHost: here\r\n\r\n"


CASES = {
    "TRACE": (plain(b"TRACE /predict"), 405, ("TRACE", "/predict")),
    "PROPFIND": (plain(b"PROPFIND /predict"), 405, ("PROPFIND", "/predict")),
    "SEARCH": (plain(b"SEARCH /predict"), 405, ("SEARCH", "/predict")),
    "LINK": (plain(b"LINK /predict"), 405, ("LINK", "/predict")),
    "MOVE": (plain(b"MOVE /nope"), 404, ("MOVE", "/nope")),
    "robots": (plain(b"GET /robots.txt"), 404, ("GET", "/robots.txt")),
    "icon": (plain(b"HEAD /favicon.ico"), 404, ("HEAD", "/favicon.ico")),
    "line's end in a path": (post(path=b"/a%0ab"), 404, ("POST", "/a\nb")),
    "OPTIONS of all": (plain(b"OPTIONS *"), 404, ("OPTIONS", "*")),
    "a host alone": (plain(b"GET http://here/nope"), 404, ("GET", "/nope")),
    "no HTTP": (b"hello\r\n\r\n", 400, ("-", "-")),
    "CONNECT": (plain(b"CONNECT here:80"), 400, ("-", "-")),
    "raw path": (plain(b"GET /\xff"), 400, ("-", "-")),
    "half a body": (post()[:-1], 400, ("POST", "/predict")),
    "byte order mark": (post(b"\xef\xbb\xbf{}"), 400, ("POST", "/predict")),
    "gzip": (post(b"\x1f\x8b\x08\x00"), 415, ("POST", "/predict")),
    "long head": (plain(b"GET /" + b"a" * 70_000), 431, ("-", "-")),
}


@pytest.mark.parametrize(("sent", "status", "logged"), CASES.values(), ids=CASES.keys())
def test_answer_is_ours_and_logged(
    pair: Pair, sent: bytes, status: int, logged: tuple[str, str]
) -> None:
    """The same bytes from both, in the contract's form, and the same in both logs."""
    answers = [exchange(port, sent) for port in pair.ports]
    assert [statuses(answer) for answer in answers] == [[status], [status]]
    assert len(set(map(comparable, answers))) == 1
    for answer in answers:
        head = answer.partition(b"\r\n\r\n")[0]
        for field in (b"x-request-id: ", b"x-instance: i", b"access-control-allow-origin: *"):
            assert b"\r\n" + field in head
        assert b"\r\ncontent-type: application/problem+json" in head
        assert b"\r\nserver: " not in head
        assert (status == 405) == (b"\r\nallow: POST, OPTIONS" in head)
    assert pair.logged() == [(*logged, status)] * 2
