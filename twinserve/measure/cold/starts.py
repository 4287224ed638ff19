"""Cold starts: ask for a fresh instance, send its first request, keep what the answer proves."""

import contextlib
import socket
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass

from twinserve.config.errors import UserError
from twinserve.measure.cold.anatomy import Client, take_apart
from twinserve.measure.cold.proof import Part, Rejection, judge, read_instance, read_server_timing
from twinserve.measure.http.answer import Answer, AnswerParser, ProtocolError
from twinserve.measure.http.client import Call, post
from twinserve.targets.protocol import Endpoint

LIMIT_S = 60.0
POLL_S = 0.0005


@dataclass(frozen=True, slots=True)
class ColdSample:
    """A proven cold start; everything in milliseconds.

    Attributes:
        total_ms: from the start being asked for to the whole first answer. Where a platform starts
            an instance for a request, the request is what asks for it.
        connected_ms: of these, until the port took a connection.
        age_ms: of the process when it answered, by its own account.
        parts: what the start was spent on; they make up ``total_ms``.
        client: what this side's clock saw of the request.
    """

    instance: str
    total_ms: float
    connected_ms: float
    age_ms: float
    parts: tuple[Part, ...]
    client: Client


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, with moments on the clock of ``time.monotonic_ns``.

    Attributes:
        began_ns: before the first attempt to connect.
        tried_ns: before the attempt that succeeded.
        found_ns: when the host's address was known, in that attempt.
        sent_ns: before the request was sent, after what TLS takes.
        first_byte_ns: of the answer, or when it was clear that none would come.
        answer: None if the connection was closed before it was whole.
    """

    began_ns: int
    tried_ns: int
    found_ns: int
    connected_ns: int
    sent_ns: int
    first_byte_ns: int
    received_ns: int
    answer: Answer | None

    @property
    def client(self) -> Client:
        """The same as durations."""
        return Client(
            look_up_ms=(self.found_ns - self.tried_ns) / 1e6,
            connect_ms=(self.connected_ns - self.found_ns) / 1e6,
            secure_ms=(self.sent_ns - self.connected_ns) / 1e6,
            first_byte_ms=(self.first_byte_ns - self.sent_ns) / 1e6,
            last_byte_ms=(self.received_ns - self.first_byte_ns) / 1e6,
        )


def first_exchange(endpoint: Endpoint, body: bytes, *, limit_s: float = LIMIT_S) -> Exchange:
    """Connect as soon as the endpoint's port is open, and send it a prediction request.

    Raises:
        UserError: the endpoint has ended, or the limit has passed.
    """
    call = post(endpoint.predict_url, body, token=endpoint.token, headers=endpoint.headers)
    began = time.monotonic_ns()
    deadline = time.monotonic() + limit_s
    with _connected(endpoint, call, deadline) as (connection, tried, resolved):
        connected = time.monotonic_ns()
        sent, first, answer = _ask(endpoint, connection, call, deadline)
        received = time.monotonic_ns()
        return Exchange(
            began, tried, resolved, connected, sent, first or received, received, answer
        )


def classify_start(
    endpoint: Endpoint, exchange: Exchange, seen: Container[str]
) -> ColdSample | Rejection:
    """A sample if the exchange proves a cold start, else why it does not."""
    answer = exchange.answer
    if answer is None:
        return Rejection.NO_ANSWER
    if not answer.ok:
        return Rejection.NOT_200
    instance = read_instance(answer.header("x-instance"))
    # A process of this machine began when we spawned it; elsewhere the platform starts an instance
    # for a request, so it must be younger than that.
    local = endpoint.pid is not None
    asked_ns = endpoint.spawned_ns if local else exchange.began_ns
    since_ns = endpoint.spawned_ns if local else exchange.sent_ns
    rejection = judge(instance, seen, (exchange.received_ns - since_ns) / 1e6)
    if instance is None or rejection is not None:
        return rejection or Rejection.ANONYMOUS
    total_ms = (exchange.received_ns - asked_ns) / 1e6
    told = read_server_timing(answer.header("server-timing"))
    client, age_ms = exchange.client, instance.age_ms
    return ColdSample(
        instance=instance.name,
        total_ms=total_ms,
        connected_ms=(exchange.connected_ns - asked_ns) / 1e6,
        age_ms=age_ms,
        parts=take_apart(client, told, total_ms=total_ms, age_ms=age_ms, local=local),
        client=client,
    )


def prove(name: str, endpoint: Endpoint, body: bytes, seen: set[str]) -> ColdSample:
    """The sample of an endpoint that was just started; its instance is one of ``seen`` from now on.

    Raises:
        UserError: the start is not proven cold, or there is no answer.
    """
    sample = classify_start(endpoint, first_exchange(endpoint, body), seen)
    if not isinstance(sample, ColdSample):
        raise UserError(f"{name}: a start was not proven cold: {sample}")
    seen.add(sample.instance)
    return sample


@contextlib.contextmanager
def _connected(
    endpoint: Endpoint, call: Call, deadline: float
) -> Iterator[tuple[socket.socket, int, int]]:
    """A connection, when the attempt began that gave it, and when its address was known."""
    while True:
        tried = time.monotonic_ns()
        try:
            connection, resolved = _open(call, deadline)
        except OSError as error:
            _give_up_if_hopeless(endpoint, deadline, f"no connection ({error.strerror or error})")
            time.sleep(POLL_S)
            continue
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield connection, tried, resolved
        return


def _open(call: Call, deadline: float) -> tuple[socket.socket, int]:
    """A connection, and when it was known where to: looking that up is not the connection's time.

    Raises:
        OSError: none of the host's addresses takes one.
    """
    *others, last = socket.getaddrinfo(call.host, call.port, type=socket.SOCK_STREAM)
    for *_, address in others:
        resolved = time.monotonic_ns()
        with contextlib.suppress(OSError):
            return socket.create_connection((str(address[0]), call.port), _left(deadline)), resolved
    resolved = time.monotonic_ns()
    return socket.create_connection((str(last[-1][0]), call.port), _left(deadline)), resolved


def _ask(
    endpoint: Endpoint, connection: socket.socket, call: Call, deadline: float
) -> tuple[int, int, Answer | None]:
    """When the request was sent and its answer began (0 if it did not), and the answer."""
    sent, first_byte, parser = time.monotonic_ns(), 0, AnswerParser()
    try:
        with _secured(connection, call) as stream:
            sent = time.monotonic_ns()
            stream.sendall(call.payload)
            while True:
                stream.settimeout(_left(deadline))
                data = stream.recv(65536)
                first_byte = first_byte or time.monotonic_ns()
                answer = parser.feed(data)
                if answer is not None or not data:
                    return sent, first_byte, answer
    except TimeoutError:
        _give_up_if_hopeless(endpoint, deadline, "connected, but no answer")
    except (OSError, ProtocolError):
        pass
    return sent, first_byte, None


def _secured(connection: socket.socket, call: Call) -> socket.socket:
    if call.tls is None:
        return connection
    return call.tls.wrap_socket(connection, server_hostname=call.server_name)


def _left(deadline: float) -> float:
    """Seconds left, never none: zero would make a socket non-blocking."""
    return max(deadline - time.monotonic(), 0.001)


def _give_up_if_hopeless(endpoint: Endpoint, deadline: float, why: str) -> None:
    if (fault := endpoint.fault()) is not None:
        raise UserError(fault)
    if time.monotonic() >= deadline:
        raise UserError(f"{endpoint.name} at {endpoint.url}: {why} within the time limit")
