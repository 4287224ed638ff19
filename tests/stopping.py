"""Clients of an endpoint that is told to stop under load, and an account of what came of it."""

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from twinserve.measure.http.answer import Answer, AnswerParser, ProtocolError
from twinserve.measure.http.client import post
from twinserve.targets.protocol import Endpoint

# For what hangs, not for what is slow.
LIMIT_S = 300.0
# Before the endpoint is stopped; by then all clients are under way.
ANSWERS_BEFORE = 500
# A request every so often over a connection that rests in between, as behind a load balancer.
REST_S = 0.02
BUSY, RESTING, FRESH = 6, 4, 3


@dataclass(frozen=True)
class Account:
    """What came of all requests.

    Attributes:
        before: answers by the moment of the stop.
        last: answers with ``Connection: close``.
        lost: what became of each request that was sent and not answered.
    """

    sent: int
    answered: int
    before: int
    last: int
    lost: dict[str, int]


class Clients:
    """Send predictions until nobody listens any more."""

    def __init__(self, endpoint: Endpoint, body: bytes) -> None:
        self._call = post(endpoint.predict_url, body)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._deadline = time.monotonic() + LIMIT_S

    def run_until_stopped(self, stop: Callable[[], object]) -> Account:
        """Load the endpoint, stop it in the midst of that, and wait for every client's end."""
        kinds = [self._busy] * BUSY + [self._resting] * RESTING + [self._fresh] * FRESH
        with ThreadPoolExecutor(len(kinds)) as pool:
            running = [pool.submit(kind) for kind in kinds]
            while self._counts["answered"] < ANSWERS_BEFORE and time.monotonic() < self._deadline:
                time.sleep(0.001)
            before = self._counts["answered"]
            stop()
            for client in running:
                client.result()
        counts = self._counts
        return Account(counts["sent"], counts["answered"], before, counts["last"], dict(self._lost))

    def _busy(self) -> None:
        while (connection := self._connect()) is not None:
            with connection:
                while self._ask(connection):
                    pass

    def _resting(self) -> None:
        while (connection := self._connect()) is not None:
            with connection:
                # What has been closed meanwhile is not used again.
                while self._ask(connection) and not select.select([connection], [], [], REST_S)[0]:
                    pass

    def _fresh(self) -> None:
        while (connection := self._connect()) is not None:
            with connection:
                self._ask(connection)

    def _connect(self) -> socket.socket | None:
        if time.monotonic() > self._deadline:
            self._count("timed out")
            return None
        try:
            return socket.create_connection((self._call.host, self._call.port), LIMIT_S)
        except OSError:
            return None

    def _ask(self, connection: socket.socket) -> bool:
        """Send one request and read its answer; whether the connection takes another."""
        self._count("sent")
        try:
            connection.sendall(self._call.payload)
            answer = _receive(connection)
        except (OSError, ProtocolError) as error:
            return self._lose(type(error).__name__)
        if answer is None or not answer.ok:
            return self._lose("closed without an answer" if answer is None else str(answer.status))
        self._count("answered", *([] if answer.keep_alive else ["last"]))
        return answer.keep_alive

    def _count(self, *names: str) -> None:
        with self._lock:
            self._counts.update(names)

    def _lose(self, why: str) -> bool:
        with self._lock:
            self._lost[why] += 1
        return False


def _receive(connection: socket.socket) -> Answer | None:
    """An answer, or None if the connection ends before it is whole."""
    parser = AnswerParser()
    while True:
        data = connection.recv(65536)
        answer = parser.feed(data)
        if answer is not None or not data:
            return answer
