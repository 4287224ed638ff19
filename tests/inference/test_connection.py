"""One connection: how long a client may keep an instance waiting, and who makes room."""

import asyncio
import json
import time

import pytest

from tests.inference.serving import (
    GOOD,
    SHORT_S,
    MakeEndpoint,
    long,
    problem,
    run,
    sent_and_held,
)
from tests.wire import connect, exchange, post, statuses, until_closed
from twinserve.inference.asgi import Answer, Receive, Scope, Send


def test_client_that_says_nothing_is_left(make_endpoint: MakeEndpoint) -> None:
    """There is nothing to answer: the connection is closed."""
    assert run(make_endpoint(), long(first_byte_s=SHORT_S), sent_and_held(b"")) == b""


@pytest.mark.parametrize(
    ("sent", "limit", "part"),
    [
        (b"POST /predict HTTP/1.1\r\nHost: a", "head_s", "head"),
        (b"\r\nPO", "head_s", "head"),
        (post(GOOD)[:-5], "body_s", "body"),
        (post(b"7\r\n{", b"Transfer-Encoding: chunked"), "body_s", "body"),
    ],
    ids=["head", "first line", "body", "chunked body"],
)
def test_request_that_does_not_become_whole_is_refused(
    make_endpoint: MakeEndpoint,
    capfd: pytest.CaptureFixture[str],
    sent: bytes,
    limit: str,
    part: str,
) -> None:
    """After its time: 408 in the contract's form, a line of log like any other, and the end."""
    received = run(make_endpoint(), long(**{limit: SHORT_S}), sent_and_held(sent))
    assert problem(received)["detail"] == f"the {part} of a request must come within 0.3 s"
    assert statuses(received) == [408]
    assert b"connection: close\r\n" in received
    (line,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert line["severity"] == "WARNING"
    assert line["httpRequest"]["status"] == 408


def test_connection_at_rest_is_kept_so_long(make_endpoint: MakeEndpoint) -> None:
    """It takes the next request until then, and is closed after that."""

    def ask_twice(port: int) -> bytes:
        with connect(port) as connection:
            for _ in range(2):
                connection.sendall(post(GOOD))
                assert statuses(connection.recv(65536)) == [200]
            return until_closed(connection)

    assert run(make_endpoint(), long(idle_s=SHORT_S), ask_twice) == b""


def test_late_refusal_does_not_stop_a_body_on_its_way(make_endpoint: MakeEndpoint) -> None:
    """A body that is refused unread is taken and thrown away: the connection is good for more."""

    def too_long_then_right(port: int) -> list[int]:
        with connect(port) as connection:
            connection.sendall(post(b" " * 500_000))
            connection.sendall(post(GOOD))
            received = b""
            while len(statuses(received)) < 2:
                received += connection.recv(65536)
            return statuses(received)

    assert run(make_endpoint(), long(), too_long_then_right) == [413, 200]


def test_one_more_connection_closes_the_one_idle_the_longest(make_endpoint: MakeEndpoint) -> None:
    """Of those that ask for nothing the oldest goes; those who ask are answered."""

    def crowd(port: int) -> tuple[bytes, list[int]]:
        first = connect(port)
        # Longer than the event loop's clock takes for one step.
        time.sleep(0.05)
        others = []
        for _ in range(3):
            connection = connect(port)
            others.append(connection)
            connection.sendall(post(GOOD))
            assert statuses(connection.recv(65536)) == [200]
        with first:
            left = until_closed(first)
        answered = []
        for connection in others:
            with connection:
                connection.sendall(post(GOOD))
                answered += statuses(connection.recv(65536))
        return left, answered

    assert run(make_endpoint(), long(at_most=3), crowd) == (b"", [200, 200, 200])


def test_crowd_of_halves_keeps_nobody_out(make_endpoint: MakeEndpoint) -> None:
    """Half requests hold their places only until somebody else wants one."""

    def crowd(port: int) -> list[int]:
        held = [connect(port) for _ in range(30)]
        for connection in held:
            connection.sendall(post(GOOD)[:20])
        answers = [statuses(exchange(port, post(GOOD))) for _ in range(5)]
        for connection in held:
            connection.close()
        return [code for codes in answers for code in codes]

    assert run(make_endpoint(), long(at_most=10), crowd) == [200] * 5


def test_no_place_among_those_who_are_being_answered_is_told() -> None:
    """Nobody is thrown out whose answer is on its way: the newcomer is refused."""
    answering = asyncio.Event()

    async def patient(scope: Scope, _receive: Receive, send: Send) -> None:
        if "refused" in scope:
            await Answer(503, [(b"content-length", b"0")], b"")(scope, _receive, send)
            answering.set()
        else:
            await answering.wait()
            await Answer(200, [(b"content-length", b"0")], b"")(scope, _receive, send)

    def crowd(port: int) -> list[int]:
        with connect(port) as first:
            first.sendall(post())
            refused = exchange(port, post())
            return statuses(refused) + statuses(first.recv(65536))

    assert run(patient, long(at_most=1), crowd) == [503, 200]
