"""The cost of the model alone."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from twinserve.config.card import Card
from twinserve.inference.model import Model


def test_one_request(benchmark: BenchmarkFixture, model: Model, card: Card) -> None:
    """The call that a request makes."""
    case = card.golden[0]
    assert benchmark(model.predict, case.features) == case.prediction


@pytest.mark.parametrize("rows", [1, 32, 1000])
def test_rows(benchmark: BenchmarkFixture, model: Model, card: Card, rows: int) -> None:
    """Many rows at once, with probabilities."""
    case = card.golden[0]
    labels, _ = benchmark(model.scores, [case.features] * rows)
    assert labels == [case.prediction] * rows
