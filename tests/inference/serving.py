"""A server in this process and a client in a thread: what connections are tested with."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import uvloop
from uvicorn.config import Config

from tests.wire import exchange, statuses
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


def run_once(application: object, sent: bytes) -> bytes:
    """A client that half-closes."""
    return run(application, long(), lambda port: exchange(port, sent))
