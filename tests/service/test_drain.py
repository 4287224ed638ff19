"""SIGTERM: whatever has reached the server's machine is answered, and then it ends soon."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
import uvloop
from service.server import LINGER_S, DrainingServer, _begin_no_more
from uvicorn.config import Config

from benchmarks.client import parse_answer, post
from config.card import load_card
from inference.asgi import Answer, Receive, Scope, Send
from inference.protocol import JoiningProtocol
from service import server as server_module
from targets.local import local_service
from targets.process import free_port
from targets.protocol import Endpoint
from targets.ready import wait_until_answering
from tests.stopping import ANSWERS_BEFORE, Clients

ENDED_WITHIN_S = 5.0
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture(scope="module")
def body(dist: Path) -> bytes:
    """A request that is answered with 200."""
    golden = load_card(dist / "service" / "model.json").golden[0]
    return json.dumps({"features": golden.features}).encode()


def wait_for_end(endpoint: Endpoint) -> float:
    """Seconds until the endpoint's process is gone."""
    began = time.monotonic()
    while endpoint.fault() is None:
        assert time.monotonic() < began + ENDED_WITHIN_S
        time.sleep(0.002)
    return time.monotonic() - began


def test_stop_under_load_loses_no_request(dist: Path, body: bytes) -> None:
    """Busy, resting and fresh connections: every request that was sent is answered."""
    with local_service(dist / "service").start() as endpoint:
        wait_until_answering(endpoint)
        pid = endpoint.pid
        assert pid
        account = Clients(endpoint, body).run_until_stopped(lambda: os.kill(pid, signal.SIGTERM))
        wait_for_end(endpoint)
    assert account.before >= ANSWERS_BEFORE
    assert not account.lost
    assert account.sent == account.answered > account.before
    assert account.last


async def answer_ok(_scope: Scope, _receive: Receive, send: Send) -> None:
    """The smallest application."""
    await Answer(200, [(b"content-length", b"2")], b"ok")(_scope, _receive, send)


async def started() -> tuple[DrainingServer, tuple[str, int]]:
    """A server in this process, and where it listens."""
    port = free_port()
    config = Config(answer_ok, port=port, http=JoiningProtocol, lifespan="off", log_config=None)
    config.load()
    server = DrainingServer(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    return server, ("127.0.0.1", port)


def test_connection_that_waits_to_be_accepted_is_served() -> None:
    """What the kernel accepted, and the server not yet, is answered and not reset."""

    async def stop_with_some_waiting() -> list[bytes]:
        server, address = await started()
        # Nothing is awaited from here on: the server cannot have seen any of them.
        waiting = [socket.create_connection(address, 5) for _ in range(10)]
        for connection in waiting:
            connection.sendall(REQUEST)
        await server.shutdown()
        return [received_of(connection) for connection in waiting]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        received = runner.run(stop_with_some_waiting())
    for one in received:
        assert one.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close\r\n" in one


def test_handshake_under_way_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the server closes its socket it waits for those who had begun to connect."""
    monkeypatch.setattr(server_module, "HANDSHAKE_S", 1.0)
    # Whoever connects now stands for one whose handshake had begun before.
    monkeypatch.setattr(server_module, "_begin_no_more", lambda _listener: None)

    async def stop_while_one_connects() -> bytes:
        server, address = await started()
        stopping = asyncio.create_task(server.shutdown())
        await asyncio.sleep(0.05)
        connection = await asyncio.to_thread(socket.create_connection, address, 5)
        connection.sendall(REQUEST)
        assert not stopping.done()
        await stopping
        return received_of(connection)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(stop_while_one_connects()).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels know no such filter")
def test_no_handshake_begins_once_the_server_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries gets no answer while it waits for the others, and is refused after that."""
    monkeypatch.setattr(server_module, "HANDSHAKE_S", 1.0)

    async def stop_and_try() -> None:
        server, address = await started()
        stopping = asyncio.create_task(server.shutdown())
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(socket.create_connection, address, 0.2)
        assert not stopping.done()
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await asyncio.to_thread(socket.create_connection, address, 5)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(stop_and_try())


def received_of(connection: socket.socket) -> bytes:
    """All that has come by a closed connection's end."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_connection_at_rest_delays_the_end_only_shortly(dist: Path, body: bytes) -> None:
    """A client that keeps its connection and says nothing holds nobody up for long."""
    with local_service(dist / "service").start() as endpoint:
        wait_until_answering(endpoint)
        assert endpoint.pid
        call = post(endpoint.predict_url, body)
        with socket.create_connection((call.host, call.port), 5) as connection:
            connection.sendall(call.payload)
            assert parse_answer(connection.recv(65536)) is not None
            os.kill(endpoint.pid, signal.SIGTERM)
            assert wait_for_end(endpoint) < LINGER_S + 1.5
            assert connection.recv(1) == b""


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels know no such filter")
def test_nobody_begins_to_connect_to_what_is_about_to_close() -> None:
    """Whoever has connected is still accepted and heard; a new attempt gets no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as before:
            _begin_no_more(listener)
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.2)
            before.sendall(b"a request")
            with listener.accept()[0] as accepted:
                assert accepted.recv(100) == b"a request"
            listener.settimeout(0)
            with pytest.raises(BlockingIOError):
                listener.accept()
