"""Load on one endpoint: at a fixed arrival rate for latency, back to back for throughput."""

import asyncio
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from twinserve.measure.http.answer import Answer
from twinserve.measure.http.client import Call, Connection, connect

T = TypeVar("T")

MOST_CONNECTIONS = 64
FIRST_CONNECTIONS = 4
# An endpoint that only ever fails is not asked for ever.
MOST_ERRORS = 1000
RECONNECT_S = 0.01
GRACE_S = 20.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The answers to requests that were due at a fixed rate.

    Attributes:
        latencies_ms: from the due moment to the whole answer, of those answered 200, in the order
            in which they came; without the warm-up.
        late_ms: how long after its due moment each request was handed out: the client's own share.
        errors: requests answered otherwise, or not at all; those of the warm-up included.
    """

    latencies_ms: list[float]
    late_ms: list[float]
    errors: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """Answers with status 200 in the measured seconds; errors those of the warm-up included."""

    answers: int
    seconds: float
    errors: int

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


def fixed_rate(call: Call, *, requests: int, rate: float, warm_up: int) -> Arrivals:
    """Send ``warm_up`` + ``requests`` requests, one every 1/``rate`` seconds, answered or not.

    Latency counts from the moment a request was due, so that a stall of the server shows in every
    request that had to wait for it, and not only in the request that met it.
    """
    (arrivals,) = fixed_rate_in_turns([call], requests=requests, rate=rate, warm_up=warm_up)
    return arrivals


def fixed_rate_in_turns(
    calls: Sequence[Call], *, requests: int, rate: float, warm_up: int
) -> list[Arrivals]:
    """The same of several endpoints at once, each at that rate, whose requests fall due in turns.

    What slows the machine for a moment slows neighbours alike.
    """
    loops = [_OpenLoop(call, requests=requests, rate=rate, warm_up=warm_up) for call in calls]

    async def run() -> list[Arrivals]:
        for loop in loops:
            await loop.open()
        began = asyncio.get_running_loop().time() + 1 / rate
        turn = 1 / rate / len(loops)
        running = (loop.run(began + turn * place) for place, loop in enumerate(loops))
        return await asyncio.gather(*running)

    return _run(run, _precise_loop)


def back_to_back(
    call: Call, *, connections: int, seconds: float, warm_up_seconds: float
) -> Throughput:
    """Keep every connection busy: each sends its next request when its answer has come."""
    loop = _ClosedLoop(call, connections)
    return _run(lambda: loop.run(warm_up_seconds, seconds), _fast_loop)


def _run(
    main: Callable[[], Coroutine[Any, Any, T]],
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> T:
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def _precise_loop() -> asyncio.AbstractEventLoop:
    """Timers to the microsecond: select's timeout is that fine, epoll's and uvloop's are 1 ms."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def _fast_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class _OpenLoop:
    """Requests fall due whatever the server does; a free connection takes the oldest one."""

    def __init__(self, call: Call, *, requests: int, rate: float, warm_up: int) -> None:
        self._call = call
        self._warm_up = warm_up
        self._total = warm_up + requests
        self._interval = 1 / rate
        self._due: deque[tuple[int, float]] = deque()
        self._free: deque[Connection] = deque()
        self._asked: dict[Connection, tuple[int, float]] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._open = 0
        self._settled = 0
        self._latencies: list[float] = []
        self._late: list[float] = []
        self._errors = 0

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._finished = self._loop.create_future()
        await asyncio.gather(*(self._connect() for _ in range(FIRST_CONNECTIONS)))

    async def run(self, began: float) -> Arrivals:
        self._began = began
        self._loop.call_at(self._began, self._arrive, 0)
        try:
            async with asyncio.timeout(self._total * self._interval + GRACE_S):
                await self._finished
        except TimeoutError:
            self._errors += self._total - self._settled
        self._finished.cancel()
        for connection in (*self._free, *self._asked):
            connection.close()
        return Arrivals(self._latencies, self._late, self._errors)

    def answered(self, connection: Connection, answer: Answer) -> None:
        position, due = self._asked.pop(connection)
        if not answer.ok:
            self._errors += 1
        elif position >= self._warm_up:
            self._latencies.append((self._loop.time() - due) * 1e3)
        if answer.keep_alive:
            self._free.append(connection)
        self._settle()
        self._hand_out()

    def lost(self, connection: Connection, *, waiting: bool) -> None:
        self._open -= 1
        if waiting:
            del self._asked[connection]
            self._errors += 1
            self._settle()
        elif connection in self._free:
            self._free.remove(connection)

    def _arrive(self, position: int) -> None:
        due = self._began + position * self._interval
        if position >= self._warm_up:
            self._late.append((self._loop.time() - due) * 1e3)
        self._due.append((position, due))
        self._hand_out()
        if position + 1 < self._total:
            self._loop.call_at(due + self._interval, self._arrive, position + 1)

    def _hand_out(self) -> None:
        # The connection that rested longest goes first, so that none rests until it is closed.
        while self._due and self._free:
            connection = self._free.popleft()
            self._asked[connection] = self._due.popleft()
            connection.send()
        wanted = min(len(self._due), MOST_CONNECTIONS - self._open) - len(self._opening)
        for _ in range(wanted):
            task = self._loop.create_task(self._connect())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        try:
            connection = await connect(self._call, self)
        except OSError:
            # What waited for this connection is the error; the next request due tries again.
            if self._due:
                self._due.popleft()
                self._errors += 1
                self._settle()
            return
        self._open += 1
        self._free.append(connection)
        self._hand_out()

    def _settle(self) -> None:
        self._settled += 1
        if self._settled == self._total and not self._finished.done():
            self._finished.set_result(None)


class _ClosedLoop:
    """As many requests under way as there are connections."""

    def __init__(self, call: Call, connections: int) -> None:
        self._call = call
        self._wanted = connections
        self._connections: set[Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._answers = 0
        self._errors = 0
        self._stopped = False

    async def run(self, warm_up: float, seconds: float) -> Throughput:
        for _ in range(self._wanted):
            self._open()
        await asyncio.sleep(warm_up)
        began, before = time.perf_counter(), self._answers
        await asyncio.sleep(seconds)
        ended, after = time.perf_counter(), self._answers
        self._stopped = True
        for task in self._opening:
            task.cancel()
        for connection in self._connections:
            connection.close()
        return Throughput(after - before, ended - began, self._errors)

    def answered(self, connection: Connection, answer: Answer) -> None:
        if answer.ok:
            self._answers += 1
        else:
            self._errors += 1
        if answer.keep_alive and not self._stopped:
            connection.send()

    def lost(self, connection: Connection, *, waiting: bool) -> None:
        self._connections.discard(connection)
        if self._stopped:
            return
        self._errors += waiting
        self._open()

    def _open(self) -> None:
        if self._errors >= MOST_ERRORS:
            return
        task = asyncio.get_running_loop().create_task(self._connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        try:
            connection = await connect(self._call, self)
        except OSError:
            self._errors += 1
            await asyncio.sleep(RECONNECT_S)
            self._open()
            return
        self._connections.add(connection)
        connection.send()
