"""Load at a fixed rate and back to back: what is a sample, what is an error, what a stall shows."""

import http.client
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.measure.fakes import BODY, fake_target, raw_peer, unused_port, wait_for_port
from twinserve.measure.cold.starts import first_exchange
from twinserve.measure.http import load
from twinserve.measure.http.client import post
from twinserve.measure.http.load import (
    Arrivals,
    Throughput,
    back_to_back,
    fixed_rate,
    fixed_rate_in_turns,
)
from twinserve.targets.protocol import Endpoint

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
STALL_S = 0.5
FEWEST = 300


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A well-behaved endpoint that has answered once."""
    with fake_target().start() as endpoint:
        first_exchange(endpoint, BODY)
        yield endpoint


@pytest.fixture
def frozen(endpoint: Endpoint) -> Iterator[None]:
    """A moment after the test began, the endpoint stands still for ``STALL_S``."""
    assert endpoint.pid
    pid, never = endpoint.pid, threading.Event()

    def freeze() -> None:
        never.wait(STALL_S)
        os.kill(pid, signal.SIGSTOP)
        never.wait(STALL_S)
        os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=freeze)
    thread.start()
    yield
    thread.join()


def under_both_loads(mode: str, requests: int) -> tuple[Arrivals, Throughput]:
    """What both loads see of an endpoint that answers in this mode."""
    with fake_target(mode).start() as endpoint:
        call = post(endpoint.predict_url, BODY)
        first_exchange(endpoint, BODY)
        arrivals = fixed_rate(call, requests=requests, rate=200, warm_up=0)
        taken = back_to_back(call, connections=2, seconds=0.2, warm_up_seconds=0)
    return arrivals, taken


def test_a_fixed_rate_gives_one_latency_for_each_request(endpoint: Endpoint) -> None:
    """Every request is a sample but those of the warm-up."""
    call = post(endpoint.predict_url, BODY)
    arrivals = fixed_rate(call, requests=100, rate=400, warm_up=20)
    assert (len(arrivals.latencies_ms), len(arrivals.late_ms)) == (100, 100)
    assert arrivals.errors == 0


def test_two_endpoints_are_asked_in_turns_each_at_the_rate(endpoint: Endpoint) -> None:
    """Each has latencies and errors of its own."""
    good = post(endpoint.predict_url, BODY)
    bad = post(f"http://127.0.0.1:{unused_port()}/predict", BODY)
    calls = [good, good]
    first, second = fixed_rate_in_turns(calls, requests=50, rate=200, warm_up=5)
    assert (len(first.latencies_ms), len(second.latencies_ms)) == (50, 50)
    answering, silent = fixed_rate_in_turns([good, bad], requests=10, rate=200, warm_up=0)
    assert (len(answering.latencies_ms), answering.errors) == (10, 0)
    assert (len(silent.latencies_ms), silent.errors) == (0, 10)


@pytest.mark.usefixtures("frozen")
def test_a_stall_shows_in_the_percentiles_of_a_fixed_rate(endpoint: Endpoint) -> None:
    """All that was due while the server stood still waited, and p99 says so."""
    call = post(endpoint.predict_url, BODY)
    arrivals = fixed_rate(call, requests=400, rate=200, warm_up=0)
    assert arrivals.errors == 0
    assert np.percentile(arrivals.latencies_ms, 99) > STALL_S * 1e3 / 2


@pytest.mark.usefixtures("frozen")
def test_a_closed_loop_would_hide_that_stall(endpoint: Endpoint) -> None:
    """The next request waits for the last one's answer, so hardly any meets the stall."""
    host, _, port = endpoint.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    latencies: list[float] = []
    ends = time.monotonic() + 3 * STALL_S
    # The stall must stay within one in a hundred on a slow machine too.
    while time.monotonic() < ends or len(latencies) < FEWEST:
        began = time.monotonic()
        connection.request("POST", "/predict", BODY)
        connection.getresponse().read()
        latencies.append((time.monotonic() - began) * 1e3)
    connection.close()
    assert max(latencies) > STALL_S * 1e3 / 2
    assert np.percentile(latencies, 99) < STALL_S * 1e3 / 2


@pytest.mark.parametrize("connections", [1, 4])
def test_back_to_back_counts_answers(endpoint: Endpoint, connections: int) -> None:
    """Answers of the measured time, and no error."""
    call = post(endpoint.predict_url, BODY)
    taken = back_to_back(call, connections=connections, seconds=0.2, warm_up_seconds=0.05)
    assert taken.answers > connections
    assert taken.errors == 0
    assert taken.per_second == taken.answers / taken.seconds


def test_without_uvloop_the_standard_loop_serves(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uvloop is an advantage, not a need."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    call = post(endpoint.predict_url, BODY)
    taken = back_to_back(call, connections=1, seconds=0.1, warm_up_seconds=0)
    assert taken.answers
    assert taken.errors == 0


def test_answers_other_than_200_are_errors_and_no_samples() -> None:
    """A third of the answers is 503: they are counted, and have no latency."""
    arrivals, taken = under_both_loads("fails every third", requests=60)
    assert (len(arrivals.latencies_ms), arrivals.errors) == (40, 20)
    assert taken.answers
    assert taken.errors


@pytest.mark.parametrize("mode", ["closes", "chunked"])
def test_both_loops_go_on_when_the_server_closes_or_chunks(mode: str) -> None:
    """An answer that ends its connection is no error; neither is one in chunks."""
    arrivals, taken = under_both_loads(mode, requests=40)
    assert (len(arrivals.latencies_ms), arrivals.errors) == (40, 0)
    assert taken.answers
    assert taken.errors == 0


@pytest.mark.parametrize(
    "reply",
    [b"SSH-2.0\r\n\r\n", b"", OK + OK],
    ids=["another protocol", "no answer", "two answers to one request"],
)
def test_a_connection_lost_without_an_answer_is_an_error(reply: bytes) -> None:
    """What cannot be understood, or never comes, counts as failed, and the loops end."""
    with raw_peer(reply) as port:
        call = post(f"http://127.0.0.1:{port}", BODY)
        arrivals = fixed_rate(call, requests=5, rate=100, warm_up=0)
        taken = back_to_back(call, connections=1, seconds=0.1, warm_up_seconds=0)
    assert (arrivals.latencies_ms, arrivals.errors) == ([], 5)
    assert taken.answers == 0
    assert taken.errors


def test_a_body_that_ends_with_its_connection_is_an_answer() -> None:
    """No length and no chunks: the close is the end of the body."""
    with raw_peer(b"HTTP/1.0 200 OK\r\n\r\nabc") as port:
        call = post(f"http://127.0.0.1:{port}", BODY)
        arrivals = fixed_rate(call, requests=5, rate=100, warm_up=0)
    assert (len(arrivals.latencies_ms), arrivals.errors) == (5, 0)


def test_nothing_listening_is_errors_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request fails, the reconnecting stops at its limit, nothing is raised."""
    monkeypatch.setattr(load, "MOST_ERRORS", 3)
    call = post(f"http://127.0.0.1:{unused_port()}", BODY)
    arrivals = fixed_rate(call, requests=5, rate=200, warm_up=0)
    taken = back_to_back(call, connections=1, seconds=0.2, warm_up_seconds=0)
    assert (arrivals.latencies_ms, arrivals.errors) == ([], 5)
    assert (taken.answers, taken.errors) == (0, 3)


def test_requests_that_are_never_answered_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit whatever is still open has failed."""
    monkeypatch.setattr(load, "GRACE_S", 0.1)
    with fake_target("hangs").start() as endpoint:
        call = post(endpoint.predict_url, BODY)
        wait_for_port(endpoint)
        arrivals = fixed_rate(call, requests=10, rate=100, warm_up=0)
    assert (arrivals.latencies_ms, arrivals.errors) == ([], 10)
