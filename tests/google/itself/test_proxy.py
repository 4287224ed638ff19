"""What the proxy takes for a request."""

import socket
import ssl

import pytest

from tests.google.api import Answer, Request
from tests.google.proxy import LOOPBACK, Proxy

BODY = b'{"metadata": {}}'


@pytest.mark.parametrize("sent", [b"", BODY[:5], BODY])
def test_request_that_is_cut_asks_for_nothing(sent: bytes) -> None:
    """A client that was killed between head and body changes nothing, as at Google's."""
    requests: list[Request] = []

    def answer(request: Request) -> Answer:
        requests.append(request)
        return Answer(200)

    head = f"PUT /v1/services/a HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    with (
        Proxy(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), answer).running() as port,
        socket.create_connection((LOOPBACK, port)) as client,
    ):
        client.sendall(head + sent)
        client.shutdown(socket.SHUT_WR)
        answered = client.makefile("rb").read()
    assert bool(answered) == (sent == BODY)
    assert [request.body for request in requests] == [BODY] * (sent == BODY)
