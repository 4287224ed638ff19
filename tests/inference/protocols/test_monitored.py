"""Figures of many rows: each is counted, and a sample of them looked at."""

from pathlib import Path

import pytest

from tests.callers import InProcessCaller
from tests.inference.protocols.asking import JSON, ask
from twinserve.inference.endpoint import PredictionHandler, open_endpoint
from twinserve.inference.monitor import Monitor

ROWS = [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.3, 2.5, 5.0, 1.9]]


@pytest.fixture
def endpoint(dist: Path) -> PredictionHandler:
    return open_endpoint(dist / "service", {"/predict"})[0]


def monitor_of(endpoint: PredictionHandler) -> Monitor:
    assert endpoint.responder.monitor is not None
    return endpoint.responder.monitor


def test_predictions_of_all_rows_are_counted(endpoint: PredictionHandler) -> None:
    """By class, and one answer; tensors too."""
    ask(endpoint, {"instances": ROWS * 2 + ROWS[:1]})
    tensor = {"name": "x", "shape": [3, 4], "datatype": "FP64", "data": ROWS}
    ask(endpoint, {"inputs": [tensor]}, "/v2/models/iris/infer")
    total = monitor_of(endpoint).tally().total()
    assert total.classes == [4, 3, 3]
    assert total.answers == {200: 2}


def test_some_of_the_rows_are_looked_at(endpoint: PredictionHandler) -> None:
    """As many as are let through after a rest, from all over the request."""
    ask(endpoint, {"instances": [ROWS[0]] * 500 + [ROWS[2]] * 500})
    tally = monitor_of(endpoint).tally()
    assert tally.window() == 500
    below_to_above = tally.total().values[2]
    assert sum(below_to_above) == 500
    assert sorted(counts for counts in below_to_above if counts) == [250, 250]
    # Nothing is due at once after that.
    ask(endpoint, {"instances": [ROWS[0]] * 10})
    assert monitor_of(endpoint).tally().window() < 510


def test_refused_rows_are_a_refusal(endpoint: PredictionHandler) -> None:
    """Counted by their status, no row of them as predicted."""
    ask(endpoint, {"instances": [*ROWS, "x"]})
    total = monitor_of(endpoint).tally().total()
    assert (total.classes, total.answers[422]) == ([0, 0, 0], 1)


def test_row_with_more_is_counted_as_any(endpoint: PredictionHandler) -> None:
    """``?include=`` changes what is answered, not what is told."""
    caller = InProcessCaller(endpoint)
    caller.call("POST", "/predict?include=label", [JSON], b'{"features": [5.1, 3.5, 1.4, 0.2]}')
    total = monitor_of(endpoint).tally().total()
    assert total.classes == [1, 0, 0]
    assert sum(total.values[0]) == 1
