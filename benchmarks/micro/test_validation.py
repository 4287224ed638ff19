"""The cost of the contract before the model is asked."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from twinserve.config.card import Card
from twinserve.inference.contract import Problem, read_features


def test_valid(benchmark: BenchmarkFixture, body: bytes, card: Card) -> None:
    """A body that is as it should be."""
    assert benchmark(read_features, body, card) == card.golden[0].features


def test_refused(benchmark: BenchmarkFixture, card: Card) -> None:
    """A body whose every number is text: each position is named."""
    body = b'{"features": [' + b", ".join([b'"one"'] * len(card.features)) + b"]}"

    def refuse() -> Problem:
        with pytest.raises(Problem) as caught:
            read_features(body, card)
        return caught.value

    assert benchmark(refuse).status == 422  # noqa: PLR2004 - the status is the point
