"""The cost of a request in our code: from the ASGI call to the last message sent, no server."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.studies.batches import full_rows
from twinserve.config.card import Card
from twinserve.inference.asgi import Message
from twinserve.inference.endpoint import PredictionHandler, open_endpoint

PATH = "/predict"


@pytest.fixture(scope="session")
def endpoint(bundle: Path) -> PredictionHandler:
    """The handler as the service opens it."""
    return open_endpoint(bundle, {PATH})[0]


@pytest.fixture
def ask(endpoint: PredictionHandler, body: bytes) -> Callable[[], list[Message]]:
    """Sends one request for a row and gives the messages of its answer."""
    return asking(endpoint, body)


def asking(endpoint: PredictionHandler, body: bytes) -> Callable[[], list[Message]]:
    """What sends one request and gives the messages of its answer."""
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]

    def ask() -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": PATH, "headers": headers}
        # Nothing in the handler waits, so no event loop is needed, nor its cost counted.
        with contextlib.suppress(StopIteration):
            endpoint(scope, receive, send).__await__().__next__()
        return sent

    return ask


def test_predict(benchmark: BenchmarkFixture, ask: Callable[[], list[Message]], card: Card) -> None:
    """A whole prediction, its line of log included."""
    start, answer = benchmark(ask)
    assert start["status"] == 200  # noqa: PLR2004 - the status is the point
    assert json.loads(answer["body"])["prediction"] == card.golden[0].prediction


def test_predict_a_thousand_rows(
    benchmark: BenchmarkFixture, endpoint: PredictionHandler, card: Card
) -> None:
    """A whole request for many rows: decoded, checked, predicted in one call, encoded, logged."""
    asked = asking(endpoint, json.dumps({"instances": full_rows(card, 1000)}).encode())
    start, answer = benchmark(asked)
    assert start["status"] == 200  # noqa: PLR2004 - the status is the point
    assert len(json.loads(answer["body"])["predictions"]) == 1000  # noqa: PLR2004 - as many
