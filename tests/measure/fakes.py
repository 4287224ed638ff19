"""Targets that start ``fake_endpoint``, peers of plain sockets, and a made-up measurement."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from benchmarks.dialects import OURS
from benchmarks.variants import Variant
from tests.tools import wait_until
from twinserve.config.card import Card, Choice, Feature, GoldenCase, Parity
from twinserve.measure.cold.anatomy import Client
from twinserve.measure.cold.proof import Part
from twinserve.measure.cold.starts import ColdSample
from twinserve.measure.machine.conditions import Conditions
from twinserve.measure.machine.host import Clock, Library, Machine
from twinserve.measure.run.results import (
    COLD_MEDIAN,
    WARM_P99,
    Cold,
    Discarded,
    Plan,
    Results,
    Subject,
    TargetResult,
    Throughput,
    Verdict,
    Warm,
)
from twinserve.measure.statistics import Estimate, Outcome, estimate
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint

BODY = b'{"features": [1.0, 2.0]}'
LIMIT_S = 300.0
# In less a busy machine may give no answer.
LOAD_S = 0.5
SERVER = Path(__file__).parent / "fake_endpoint.py"


def fake_target(mode: str = "", name: str = "service") -> ProcessTarget:
    """A target that misbehaves as ``mode`` says; see ``fake_endpoint``."""
    return ProcessTarget(name, (sys.executable, str(SERVER)), Path.cwd(), {"MODE": mode})


def fake_variant(mode: str = "", name: str = "service", prediction: int = 0) -> Variant:
    """The same as something to compare; it answers class 0."""
    return Variant(fake_target(mode, name), OURS, (GoldenCase([1.0, 2.0], prediction),))


@contextmanager
def raw_peer(reply: bytes) -> Iterator[int]:
    """A port where whatever comes first is answered so, and the connection closed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                with suppress(OSError):
                    connection, _ = listening.accept()
                    threading.Thread(target=answer, args=[connection], daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.settimeout(LIMIT_S)
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stopped.set()
            with suppress(OSError), socket.create_connection(listening.getsockname()):
                pass
            thread.join(LIMIT_S)


def unused_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def machine() -> Machine:
    """Some machine."""
    clock = Clock("clock_gettime(CLOCK_MONOTONIC)", "tsc", 1.0)
    return Machine("Some CPU", 2, "Linux", "3.11", (Library("numpy", "2.0"),), clock)


def card(name: str = "flowers") -> Card:
    """The card of some model."""
    return Card(
        name=name,
        version="v1.0",
        runtime="onnx",
        choice=Choice("auto", {"compiled": "no trees"}, ""),
        served="model.onnx",
        artifacts={"model.onnx": "ab" * 32},
        features=[Feature("one", "cm", 0.0, 1.0), Feature("two", "", 0.0, 1.0)],
        classes=["no", "yes"],
        golden=[GoldenCase([1.0, 2.0], 0)],
        metrics={"accuracy": 0.95, "classes": {}},
        parity=Parity(10, 100, 0, 1e-5, 1e-7, 0, 0),
        estimator={"import_path": "some.Estimator", "arguments": {}},
        data={"path": "data/some.csv"},
        libraries={},
    )


def cold_sample(instance: str, total_ms: float, parts: tuple[Part, ...]) -> ColdSample:
    """A start that took so long."""
    return ColdSample(instance, total_ms, 290.0, 290.0, parts, Client(0.0, 0.1, 0.0, 9.0, 0.1))


@cache
def target_result(
    name: str, *, outcome: Outcome = Outcome.KEPT, memory: int | None = 50_000_000
) -> TargetResult:
    """A target that answers in 1 to 10 ms, and starts in about 300."""
    parts = (Part("interpreter", 100.0), Part("imports", 150.0), Part("rest", 50.0))
    samples = tuple(cold_sample(f"{name}{i}", 300.0 + i, parts) for i in range(10))
    latencies = tuple(1 + i % 10 * 1.0 for i in range(100))
    cold_ms = estimate([sample.total_ms for sample in samples])
    p99_ms = estimate(latencies, 99)
    return TargetResult(
        name=name,
        cold=Cold(cold_ms, parts, samples, (Discarded("seen <before>", 2),)),
        warm=Warm(estimate(latencies), estimate(latencies, 90), p99_ms, 0, 0.1, latencies),
        throughput=tuple(
            Throughput(connections, Estimate(1e3 * connections, 9e2 * connections, 2e4), 0)
            for connections in (1, 16)
        ),
        memory_bytes=memory,
        verdicts=(
            Verdict(COLD_MEDIAN, "ms", cold_ms, 1500.0, Outcome.KEPT),
            Verdict(WARM_P99, "ms", p99_ms, 50.0, outcome),
        ),
    )


def conditions(load: float | None = 0.5) -> Conditions:
    """A moment on a machine that is nowhere."""
    return Conditions("2024-02-29T12:34:56+00:00", machine(), load, load)


def results(*targets: TargetResult, load: float | None = 0.5) -> Results:
    """A whole measurement."""
    return Results(
        conditions=conditions(load),
        subject=Subject("flowers", "v1.0", (("service", "cd" * 32),)),
        plan=Plan(10, 100, 200, 50, 3, (1, 16), 0.5),
        targets=targets or (target_result("service"), target_result("function")),
    )


def wait_for_port(endpoint: Endpoint) -> None:
    """Until the endpoint takes connections; nothing is sent."""
    host, _, port = endpoint.url.removeprefix("http://").partition(":")

    def is_open() -> bool:
        with suppress(OSError), socket.create_connection((host, int(port))):
            return True
        return False

    wait_until(is_open)
