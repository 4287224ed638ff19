"""Clients that send or take much: what is read and written no faster than they take it."""

import contextlib
import socket
import time

import pytest

from tests.inference.serving import GOOD, LONG_S, SHORT_S, MakeEndpoint, long, run
from tests.wire import connect, exchange, post, statuses
from twinserve.inference.asgi import Answer, Receive, Scope, Send


def test_whoever_does_not_read_is_not_read() -> None:
    """Its requests wait in its own hands; once it reads, every one is answered, in order."""
    answered = 0

    async def count(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal answered
        answered += 1
        body = b"%06d" % answered
        await Answer(200, [(b"content-length", b"6")], body)(_scope, _receive, send)

    def push(port: int) -> tuple[int, bytes]:
        sent, requests = 0, post() * 100_000
        with connect(port) as connection:
            connection.settimeout(1.0)
            try:
                while sent < len(requests):
                    sent += connection.send(requests[sent : sent + 65536])
            except TimeoutError:
                connection.settimeout(LONG_S)
            answered_by_then = answered
            assert sent < len(requests)
            whole = sent // len(post())
            received = b""
            while received.count(b"HTTP/1.1 200") < whole:
                received += connection.recv(1 << 20)
            return whole - answered_by_then, received

    waiting, received = run(count, long(), push)
    assert waiting > 0
    numbers = [int(part[:6]) for part in received.split(b"\r\n\r\n")[1:]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_whoever_takes_no_answer_is_left() -> None:
    """Nobody holds an answer for ever."""

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        body = b"x" * 20_000_000
        await Answer(200, [(b"content-length", b"20000000")], body)(_scope, _receive, send)

    def stall(port: int) -> int:
        with connect(port) as connection:
            connection.sendall(post())
            assert connection.recv(10)
            # Until the other side has gone, whatever lies in between is not looked at.
            while not _was_reset(connection):
                time.sleep(0.01)
            return 0

    assert run(large, long(body_s=SHORT_S), stall) == 0


@pytest.mark.nightly
def test_large_answer_arrives_whole_after_a_half_close() -> None:
    """However long its client takes, as long as it takes some of it."""

    async def large(_scope: Scope, _receive: Receive, send: Send) -> None:
        body = b"x" * 20_000_000
        await Answer(200, [(b"content-length", b"20000000")], body)(_scope, _receive, send)

    def read(port: int) -> int:
        return len(exchange(port, post()))

    assert run(large, long(body_s=5), read) > 20_000_000


def _was_reset(connection: socket.socket) -> bool:
    """Whether sending fails, some time after the other side has gone."""
    try:
        connection.sendall(b"\r\n")
    except OSError:
        return True
    return False


def test_large_bodies_take_turns(make_endpoint: MakeEndpoint) -> None:
    """As many as fit are read at once; the others wait unread, and are answered in the end."""
    limit = 16 * 1024 * 1024
    request = post(GOOD.ljust(limit))

    def crowd(port: int) -> tuple[int, list[int]]:
        first, second, third = (connect(port) for _ in range(3))
        for connection in (first, second):
            connection.sendall(request[:-1])
        third.settimeout(1.0)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < len(request):
                sent += third.send(request[sent : sent + 65536])
        third.settimeout(LONG_S)
        answered = []
        for connection, rest in ((first, request[-1:]), (second, request[-1:])):
            connection.sendall(rest)
            answered += statuses(connection.recv(65536))
        third.sendall(request[sent:])
        answered += statuses(third.recv(65536))
        for connection in (first, second, third):
            connection.close()
        return sent, answered

    sent, answered = run(make_endpoint(limit=limit), long(), crowd)
    assert sent < len(request)
    assert answered == [200] * 3
