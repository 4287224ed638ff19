"""Requests by their bytes: what is read, refused, or passed over."""

import json
import socket

import pytest

from tests.inference.serving import GOOD, MakeEndpoint, long, problem, run, run_once, sent_and_held
from tests.wire import connect, exchange, post, statuses, until_closed


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
