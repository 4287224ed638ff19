"""Told to end: whatever has reached a target's machine is answered, and then it ends soon."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pytest
import uvloop
from uvicorn.config import Config

from tests import wire
from tests.stopping import ANSWERS_BEFORE, Clients
from tests.tools import is_running, wait_until
from twinserve.config.card import load_card
from twinserve.config.layout import MONITORING_MEMBER
from twinserve.inference.asgi import Answer, Receive, Scope, Send
from twinserve.inference.http import server as server_module
from twinserve.inference.http.limits import Limits
from twinserve.inference.http.server import ENDING, LINGER_S, DrainingServer, options
from twinserve.measure.http.answer import AnswerParser
from twinserve.measure.http.client import post
from twinserve.targets.local import local_target
from twinserve.targets.process import free_port
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering
from twinserve.targets.tree import process_tree

TARGETS = ("service", "function")
# A machine may be busy; what is asked for is `end_s`.
PATIENCE_S = 60.0
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture(scope="module")
def body(dist: Path) -> bytes:
    """A request that is answered with 200."""
    golden = load_card(dist / "service" / "model.json").golden[0]
    return json.dumps({"features": golden.features}).encode()


@dataclass(frozen=True)
class Running:
    """A target, its processes, and what it logs."""

    endpoint: Endpoint
    output: IO[bytes]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.endpoint.url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """Of the process that a platform tells to end."""
        assert self.endpoint.pid
        return self.endpoint.pid

    def logged(self) -> list[dict[str, object]]:
        """Each line so far."""
        self.output.seek(0)
        return [json.loads(line) for line in self.output]


@contextmanager
def running(bundle: Path) -> Iterator[Running]:
    """A target that answers."""
    with tempfile.TemporaryFile() as output:
        target = replace(local_target(bundle.name, bundle), output=output)
        with target.start() as endpoint:
            wait_until_answering(endpoint)
            yield Running(endpoint, output)


def wait_for_end(endpoint: Endpoint) -> float:
    """Seconds until the endpoint's process is gone."""
    began = time.monotonic()
    while endpoint.fault() is None:
        assert time.monotonic() < began + PATIENCE_S
        time.sleep(0.002)
    return time.monotonic() - began


def stop_under_load(bundle: Path, body: bytes) -> None:
    """Busy, resting and fresh connections: every request that was sent is answered."""
    with running(bundle) as target:
        account = Clients(target.endpoint, body).run_until_stopped(
            lambda: os.kill(target.pid, signal.SIGTERM)
        )
        wait_for_end(target.endpoint)
    assert account.before >= ANSWERS_BEFORE
    assert not account.lost
    assert account.sent == account.answered > account.before
    assert account.last


@pytest.mark.parametrize("name", TARGETS)
def test_stop_under_load_loses_no_request(name: str, dist: Path, body: bytes) -> None:
    """Twice on each target, at every change."""
    for _ in range(2):
        stop_under_load(dist / name, body)


@pytest.mark.nightly
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("number", range(30))
def test_no_stop_of_many_loses_a_request(name: str, number: int, dist: Path, body: bytes) -> None:
    """Thirty times on each target, each night."""
    assert number < 30
    stop_under_load(dist / name, body)


@contextmanager
def held(port: int, body: bytes) -> Iterator[list[socket.socket]]:
    """Clients that do nothing, do half, and do not read: ten of each."""
    request = wire.post(body)
    connections = [wire.connect(port) for _ in range(40)]
    for connection in connections[10:20]:
        connection.sendall(request[:20])
    for connection in connections[20:30]:
        connection.sendall(request[:-5])
    for connection in connections[30:]:
        connection.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            for _ in range(1000):
                connection.send(request * 100)
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def last_figures(target: Running) -> list[dict[str, object]]:
    """The lines of figures, of which the instance wrote one, at its end."""
    return [line for line in target.logged() if MONITORING_MEMBER in line]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_every_signal_ends_it_soon_whatever_clients_do(
    name: str, number: signal.Signals, rebundled: Callable[..., Path], dist: Path, body: bytes
) -> None:
    """With half requests and stalled readers held: refusals, the last figures, no fault."""
    bundle = rebundled(dist / name, end_s=5)
    with running(bundle) as target, held(target.port, body) as connections:
        processes = process_tree(target.pid)
        os.kill(target.pid, number)
        assert wait_for_end(target.endpoint) < PATIENCE_S
        connections[20].settimeout(PATIENCE_S)
        assert wire.statuses(wire.until_closed(connections[20])) == [408]
        assert not [member for member in process_tree(target.pid) if member in processes]
        assert len(last_figures(target)) == 1
        assert not [line for line in target.logged() if line["severity"] == "ERROR"]


@pytest.mark.parametrize("name", TARGETS)
def test_nobody_at_the_log_does_not_hold_up_the_end(name: str, dist: Path, body: bytes) -> None:
    """A pipe that nobody reads stops neither answers nor the end."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb") as output:
        target = replace(local_target(name, dist / name), output=output)
        with target.start() as endpoint:
            wait_until_answering(endpoint)
            port = int(endpoint.url.rpartition(":")[2])
            with wire.connect(port) as connection:
                for _ in range(1000):
                    connection.sendall(wire.post(body))
                    assert wire.statuses(connection.recv(65536)) == [200]
            assert endpoint.pid
            os.kill(endpoint.pid, signal.SIGTERM)
            assert wait_for_end(endpoint) < PATIENCE_S


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_worker_ends_with_its_master(dist: Path, body: bytes) -> None:
    """A master that is killed leaves nobody behind, and the last figures are told."""
    with running(dist / "function") as target:
        assert wire.statuses(wire.exchange(target.port, wire.post(body))) == [200]
        (worker,) = [member.pid for member in process_tree(target.pid) if member.pid != target.pid]
        os.kill(target.pid, signal.SIGKILL)
        wait_until(lambda: not is_running(worker))
        assert len(last_figures(target)) == 1


async def answer_ok(_scope: Scope, _receive: Receive, send: Send) -> None:
    """The smallest application."""
    await Answer(200, [(b"content-length", b"2")], b"ok")(_scope, _receive, send)


async def started() -> tuple[DrainingServer, tuple[str, int]]:
    """A server in this process, and where it listens."""
    port, limits = free_port(), Limits()
    config = Config(answer_ok, port=port, **options(limits))
    config.load()
    server = DrainingServer(config, limits)
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
    for answer in received:
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close\r\n" in answer


def test_handshake_under_way_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the server closes its socket it waits for those who had begun to connect."""
    monkeypatch.setattr(server_module, "HANDSHAKE_S", 1.0)

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


def received_of(connection: socket.socket) -> bytes:
    """All that has come by a closed connection's end."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("name", TARGETS)
def test_connection_at_rest_delays_the_end_only_shortly(
    name: str, rebundled: Callable[..., Path], dist: Path, body: bytes
) -> None:
    """A client that says nothing is left after a moment, long before anything else would end it."""
    # Whatever else closes a connection at rest comes after the test has lost its patience.
    bundle = rebundled(dist / name, end_s=100 * PATIENCE_S, idle_s=100 * PATIENCE_S)
    with running(bundle) as target:
        call = post(target.endpoint.predict_url, body)
        with socket.create_connection((call.host, call.port), PATIENCE_S) as connection:
            connection.sendall(call.payload)
            assert AnswerParser().feed(connection.recv(65536)) is not None
            began = time.monotonic()
            os.kill(target.pid, signal.SIGTERM)
            assert connection.recv(1) == b""
            assert time.monotonic() - began >= LINGER_S
            wait_for_end(target.endpoint)
