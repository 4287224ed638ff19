"""One connection: how long and how much a client may keep an instance waiting."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
import uvloop
from uvicorn.config import Config

from tests.wire import connect, exchange, post, statuses, until_closed
from twinserve.inference.asgi import Answer, Receive, Scope, Send
from twinserve.inference.endpoint import PredictionHandler
from twinserve.inference.http.limits import Limits
from twinserve.inference.http.server import DrainingServer, options
from twinserve.targets.process import free_port

SHORT_S = 0.3
LONG_S = 60.0
GOOD = b'{"features": [1, 2, 3, 4]}'
MakeEndpoint = Callable[..., PredictionHandler]
Told = TypeVar("Told")


def long(**given: float) -> Limits:
    """Limits that no test reaches, but for those that are given."""
    others = dict.fromkeys(("first_byte_s", "head_s", "body_s", "idle_s"), LONG_S)
    return Limits(**{**others, **given})


@asynccontextmanager
async def serving(application: object, limits: Limits) -> AsyncIterator[int]:
    """A server in this process; the port that it listens on."""
    port = free_port()
    config = Config(application, host="127.0.0.1", port=port, **options(limits))  # type: ignore[arg-type]
    server = DrainingServer(config, limits)
    running = asyncio.create_task(server._serve())  # noqa: SLF001 - signals are the process's
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await running


def run(application: object, limits: Limits, client: Callable[[int], Told]) -> Told:
    """What a client, in a thread of its own, makes of a server."""

    async def exchange_with() -> Told:
        async with serving(application, limits) as port:
            return await asyncio.to_thread(client, port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(exchange_with())


def problem(received: bytes) -> dict[str, object]:
    """Of the last answer, whose status line it repeats."""
    head, _, body = received.rpartition(b"\r\n\r\n")
    assert b"content-type: application/problem+json\r\n" in head
    told: dict[str, object] = json.loads(body)
    assert told["status"] == statuses(received)[-1]
    assert str(told["request_id"]).encode() in head
    return told


def sent_and_held(data: bytes) -> Callable[[int], bytes]:
    """A client that sends this, keeps its side open, and takes what comes."""
    return lambda port: exchange(port, data, half_close=False)


def test_client_that_says_nothing_is_left(make_endpoint: MakeEndpoint) -> None:
    """There is nothing to answer: the connection is closed."""
    assert run(make_endpoint(), long(first_byte_s=SHORT_S), sent_and_held(b"")) == b""


@pytest.mark.parametrize(
    ("sent", "limit", "what"),
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
    what: str,
) -> None:
    """After its time: 408 in the contract's form, a line of log like any other, and the end."""
    received = run(make_endpoint(), long(**{limit: SHORT_S}), sent_and_held(sent))
    assert problem(received)["detail"] == f"the {what} of a request must come within 0.3 s"
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
        found = [statuses(exchange(port, post(GOOD))) for _ in range(5)]
        for connection in held:
            connection.close()
        return [one for status in found for one in status]

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


@pytest.mark.parametrize(
    "sent",
    [
        post(GOOD, b"X: " + b"a" * 70_000),
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5_000_000,
        b"GET /" + b"a" * 5_000_000,
        post(GOOD, *[b"a: b"] * 2000),
        post(b"1\r\n{\r\n0\r\nX: " + b"a" * 500_000, b"Transfer-Encoding: chunked"),
        post(b"1;" + b"a" * 500_000, b"Transfer-Encoding: chunked"),
    ],
    ids=["long", "endless field", "endless path", "many fields", "trailer", "chunk extension"],
)
def test_head_and_framing_have_a_size(make_endpoint: MakeEndpoint, sent: bytes) -> None:
    """431, read no further, and the answer arrives though the client is still sending."""
    received = run(make_endpoint(), long(), sent_and_held(sent))
    assert problem(received)["title"] == "Request Header Fields Too Large"
    assert statuses(received) == [431]


def test_head_up_to_its_size_is_read(make_endpoint: MakeEndpoint) -> None:
    """In one piece, or in many."""
    request = post(GOOD, b"X: " + b"a" * 64_000)

    def in_pieces(port: int) -> list[int]:
        with connect(port) as connection:
            for start in range(0, len(request), 999):
                connection.sendall(request[start : start + 999])
            return statuses(connection.recv(65536))

    assert statuses(run(make_endpoint(), long(), lambda port: exchange(port, request))) == [200]
    assert run(make_endpoint(), long(), in_pieces) == [200]


@pytest.mark.parametrize("requests", [1, 3, 200])
def test_whoever_has_said_all_is_answered(make_endpoint: MakeEndpoint, requests: int) -> None:
    """A client that closes its side with its last request gets every answer, in order."""
    sent = b"".join(
        post(GOOD, b"X-Request-Id: r%d" % number, b"X: " + b"a" * 300) for number in range(requests)
    )
    for received in run(
        make_endpoint(), long(), lambda port: [exchange(port, sent) for _ in range(50)]
    ):
        assert statuses(received) == [200] * requests
        ids = [line for line in received.split(b"\r\n") if line.startswith(b"x-request-id")]
        assert ids == [b"x-request-id: r%d" % number for number in range(requests)]


def run_once(application: object, sent: bytes) -> bytes:
    """A client that half-closes."""
    return run(application, long(), lambda port: exchange(port, sent))


def test_body_that_ends_early_is_refused_to_whoever_listens(make_endpoint: MakeEndpoint) -> None:
    """A client that closes its side within a body gets 400."""
    received = run_once(make_endpoint(), post(GOOD)[:-4])
    assert problem(received)["detail"] == "the connection was closed before the body was whole"


OFFERS = (
    (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
    (b"Connection: upgrade", b"Upgrade: something/2"),
)


@pytest.mark.parametrize("offer", OFFERS, ids=["h2c", "websocket", "another"])
@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_offer_to_upgrade_is_passed_over(
    make_endpoint: MakeEndpoint, offer: tuple[bytes, ...], pieces: int
) -> None:
    """The request counts as if it had not been made, its body and what follows included."""
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    sent = post(GOOD, *offer) + post(chunked, *offer, b"Transfer-Encoding: chunked") + post(GOOD)

    def in_pieces(port: int) -> list[int]:
        with connect(port) as connection:
            size = len(sent) // pieces
            for number in range(pieces + 1):
                connection.sendall(sent[number * size : (number + 1) * size])
            connection.shutdown(socket.SHUT_WR)
            return statuses(until_closed(connection))

    assert run(make_endpoint(), long(), in_pieces) == [200, 200, 200]


def test_whoever_waits_for_100_gets_it_first(make_endpoint: MakeEndpoint) -> None:
    """Then the body is sent, and the answer comes."""

    def wait(port: int) -> list[int]:
        request = post(GOOD, b"Expect: 100-continue")
        with connect(port) as connection:
            connection.sendall(request[: -len(GOOD)])
            first = connection.recv(65536)
            connection.sendall(GOOD)
            return statuses(first) + statuses(connection.recv(65536))

    assert run(make_endpoint(), long(), wait) == [100, 200]


@pytest.mark.parametrize(
    "bad",
    [
        b"hello\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 4300 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        post(b"zz\r\n", b"Transfer-Encoding: chunked"),
    ],
    ids=["no HTTP", "raw path", "CONNECT", "HTTP/2", "a huge length", "a negative length", "chunk"],
)
def test_what_cannot_be_read_is_refused_in_its_turn(
    make_endpoint: MakeEndpoint, capfd: pytest.CaptureFixture[str], bad: bytes
) -> None:
    """After the answers to what came before: 400 as a problem, logged as any request is."""
    received = run_once(make_endpoint(), post(GOOD) * 3 + bad)
    assert statuses(received) == [200, 200, 200, 400]
    assert problem(received)["detail"]
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["httpRequest"]["status"] for line in lines] == [200, 200, 200, 400]


def test_length_of_zeros_is_the_number_that_it_is(make_endpoint: MakeEndpoint) -> None:
    """However many stand in front."""
    length = b"Content-Length: " + b"0" * 4300 + b"%d" % len(GOOD)
    assert statuses(run_once(make_endpoint(), post(GOOD, length))) == [200]


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
