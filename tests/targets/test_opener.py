"""Requests to endpoints where the user's shell has a proxy: it never answers for them."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from twinserve.config.errors import UserError
from twinserve.targets.google.access import status_without_token
from twinserve.targets.opener import ask, is_loopback
from twinserve.targets.process import free_port
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering


class Refusing(BaseHTTPRequestHandler):
    """A proxy that lets nothing through."""

    def do_GET(self) -> None:
        """403, as a company's proxy says of a host that is not on its list."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(403)

    do_CONNECT = do_POST = do_GET  # noqa: N815 - the handler's names

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A proxy in every variable that names one; what it was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    asked: list[str] = []
    server.asked = asked  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        for spelling in (name, name.upper()):
            monkeypatch.setenv(spelling, f"http://127.0.0.1:{server.server_port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_refusal_of_a_proxy_is_no_readiness(proxy: list[str]) -> None:
    """An endpoint that is not up yet is waited for, and its end is told."""
    url = f"http://127.0.0.1:{free_port()}"
    endpoint = Endpoint("service", url, time.monotonic_ns(), fault=lambda: "service ended")
    with pytest.raises(UserError, match="service ended"):
        wait_until_answering(endpoint)
    assert proxy == []


@pytest.mark.parametrize(
    "url", ["http://endpoint.invalid/predict", "https://endpoint.invalid/predict"]
)
def test_refusal_of_a_proxy_is_no_answer_of_another_machine(url: str, proxy: list[str]) -> None:
    """Plain HTTP passes it by; a tunnel that it refuses is an error of the connection."""
    with pytest.raises(OSError, match=r"\w"):
        ask(url, 5)
    assert proxy == (["endpoint.invalid:443"] if url.startswith("https") else [])


def test_refusal_of_a_proxy_makes_no_endpoint_private(proxy: list[str]) -> None:
    """Google's own 403 says that a token is wanted; a proxy's says nothing of the endpoint."""
    with pytest.raises(UserError, match="no answer"):
        status_without_token("https://endpoint.invalid")
    assert proxy


def test_a_refusal_is_an_answer_too() -> None:
    """With its status, its headers in lower case, and its body; and it is no error."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    server.asked = []  # type: ignore[attr-defined]
    with server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        reply = ask(f"http://127.0.0.1:{server.server_port}/predict", 5, body=b"{}")
        thread.join()
    assert reply.status == 403
    assert reply.headers["content-type"].startswith("text/html")
    assert b"Forbidden" in reply.body


def test_what_is_no_http_is_no_answer() -> None:
    """A port that something else listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def greet() -> None:
            with listening.accept()[0] as connection:
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(OSError, match="SSH"):
            ask(f"http://127.0.0.1:{port}", 5)
        thread.join()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/predict", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("https://service.run.app", False),
        ("https://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_this_machine_is_told_from_others(url: str, *, expected: bool) -> None:
    """By its addresses and its name."""
    assert is_loopback(url) is expected
